"""
Tests of L{balws.cli.check}.
"""

from __future__ import annotations

import json
from pathlib import Path

from balws.cli.command import main
from tests.certificates import Authority
from tests.cli.configured import ConfiguredCase

FINE = """
    [[listeners]]
    port = 0
    host = "127.0.0.1"

    [[listeners.services]]
    path = "/talk"
    service = "MODULE:TalkUpgrade"
"""

DOUBTFUL = "[[listeners]]\nport = 0\ntimeout = 0\n"

WARNING = "listeners[0].timeout: 0 lets who connects take for ever to ask"


class CheckTests(ConfiguredCase):
    """
    The command.
    """

    def check(self, *arguments: str, status: int = 0) -> tuple[str, str]:
        """
        @return: what is printed, and what is said beside it.
        """
        for stream in (self.out, self.err):
            stream.truncate(0)
            stream.seek(0)
        self.assertEqual(main(["check", *arguments]), status, self.err.getvalue())
        return self.out.getvalue(), self.err.getvalue()

    def test_fine(self) -> None:
        """
        What would be served is told, and that all is well.
        """
        self.configure(FINE)
        Path("balws.toml").rename("other.toml")
        out, err = self.check("other.toml")
        self.assertTrue(out.startswith("listener 127.0.0.1:0\n  service /talk: "), out)
        self.assertTrue(out.endswith("\nother.toml: ok\n"), out)
        self.assertEqual(err, "")

    def test_warnings(self) -> None:
        """
        What should not stay so is told beside it; it is no error, but for who is strict.
        """
        self.configure(DOUBTFUL)
        out, err = self.check()
        self.assertTrue(out.endswith("\nbalws.toml: ok, 1 warning\n"), out)
        self.assertEqual(err, f"balws: warning: {WARNING}\n")
        self.assertEqual(self.check("--strict", status=1), (out, err))
        self.assertEqual(self.check("--quiet"), ("", err))
        self.assertEqual(self.check("-q", "--strict", status=1), ("", err))
        self.configure(FINE)
        self.assertEqual(self.check("-q", "--strict"), ("", ""))

    def test_log(self) -> None:
        """
        What the log would be warned of at the start is a warning here, said once.
        """
        Authority(days=2).issue("a.example", days=-1).write(self.folder)
        Path("own.key").chmod(0o600)
        secure = 'secureSocket.key = { certFile = "own.crt", keyFile = "own.key" }'
        self.configure(f"[[listeners]]\nport = 0\n{secure}\n")
        _, err = self.check()
        self.assertEqual(err, f"balws: warning: The certificate in {self.folder}/own.crt has expired.\n")

    def test_json(self) -> None:
        """
        Scripts get all of it as one object, warnings included.
        """
        self.configure(DOUBTFUL)
        out, err = self.check("--json")
        found = json.loads(out)
        self.assertEqual((found["file"], found["warnings"], found["admin"]), ("balws.toml", [WARNING], None))
        self.assertEqual(found["listeners"][0]["address"], "0.0.0.0:0")
        self.assertNotIn("tls", found["listeners"][0])
        self.assertEqual((out.count("\n"), err), (1, ""))
        self.check("--json", "--strict", status=1)

    def test_errors(self) -> None:
        """
        What cannot be served is one line with its place, and status 1.
        """
        self.assertEqual(self.refusal("check", status=1), "which file? Here is no balws.toml; balws init makes one")
        self.assertEqual(self.refusal("check", "a", status=1), "a: cannot be read: No such file or directory")
        for text, problem in (
            ("[[listeners]]\nport = 'x'\n", 'balws.toml:2:8: listeners[0].port: expected an integer, got "x"'),
            (
                '[[listeners]]\nport = 0\n[[listeners.services]]\npath = "/"\nservice = "MODULE:Nobody"\n',
                "balws.toml:5:11: listeners[0].services[0].service: ",
            ),
            (
                "[server]\nworkers = 2\n[hub]\nscope = 'worker'\n[[listeners]]\nendpoint = 'haproxy:tcp:0'\n",
                "balws.toml:6:12: listeners[0].endpoint: several workers cannot share what haproxy: opens",
            ),
        ):
            self.configure(text)
            found = self.refusal("check", status=1)
            self.assertTrue(found.startswith(problem), found)

    def test_workers(self) -> None:
        """
        A service of several processes is checked like one.
        """
        self.configure("[server]\nworkers = 3\n[hub]\nscope = 'worker'\n" + FINE)
        out, _ = self.check()
        self.assertIn("server:\n  workers: 3\n", out)

    def test_usage(self) -> None:
        """
        One file, and one form.
        """
        self.assertEqual(self.refusal("check", "a", "b"), "one file is checked")
        self.assertEqual(self.refusal("check", "--json", "-q"), "either --json or --quiet")
        self.assertEqual(self.refusal("check", ""), "the file has no name")
