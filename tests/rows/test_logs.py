# -*- test-case-name: tests.rows.test_logs -*-
"""
What peers say, in the log of a real process: row RL16 of the reliability catalogue; and what
it says of its health: RL18.
"""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand
from tests.rows.guarding import USERS, basic, guarded
from tests.rows.raw import TEXT, closing, frame, plain, request
from tests.rows.serving import ServedTestCase
from tests.servers import Server, freePort
from tests.waiting import PATIENCE

#: What is made for whoever reads the log: ends of lines, a terminal's commands, turned writing,
#: fields of an event, and a line that somebody else might have written.
_FORGED = "x\n2026-11-21T12:00:00+0000 [balws.audit#info] accepted: forged"
_WORDS = (
    _FORGED,
    "x\r\ny",
    "\x1b[2J\x1b]0;title\x07",
    "\u2028\u2029\x85\x0b\x0c",
    "\u202eturned\u2066",
    "{log_source} {} {0} {room.__class__} {",
    "%s %(message)s",
    '"}\n{"level": "info", "message": "forged"}',
)

_HEALTH = """
[[listeners.resources]]
path = "/health"
resource = "balws.server.health:HealthResource"
[[listeners.resources]]
path = "/ready"
resource = "balws.server.health:ReadyResource"
"""


class TextTests(ServedTestCase):
    """
    C{logFormat = "text"}, which is the default.
    """

    services: ClassVar = {"/note": "noting:NotingUpgrade"}
    listener = "timeout = 20\nmaxAuthFailures = 0"
    more = USERS + guarded("/known", {"fileUserStoreConfig": {}})

    def lines(self) -> list[str]:
        """
        @return: what was logged since the test began, without what each test itself causes.
        """
        return [line for line in self.logged().split("\n") if line and " mark t" not in line]

    def message(self, line: str) -> str:
        """
        Check that a line is an event as it should be.

        @return: its words.
        """
        self.assertTrue(line.isprintable(), line)
        found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} \[(\S+)#(\w+)\] (.*)", line)
        assert found is not None, line
        return found[3]

    def messages(self, start: str) -> list[str]:
        """
        @return: the words of all events that begin so.
        """
        return [words for words in map(self.message, self.lines()) if words.startswith(start)]

    def assertWhole(self) -> None:
        """
        Every line is an event, and none is somebody else's or could not be written, but for the
        one whose field is missing.
        """
        for words in map(self.message, self.lines()):
            self.assertLess(len(words.encode()), 8192)
            self.assertFalse(words.startswith("accepted: forged"), words)
            self.assertNotIn("Unable to format", words)

    def test_pathAndHeader(self) -> None:
        """
        A path and a header field stay on their lines (RL16)
        """
        for words in _WORDS:
            field = words.replace("\r", "").replace("\n", "").replace("\x07", "").encode("latin-1", "replace")
            peer = self.ask(request(self.tagged("/note/" + quote(words, safe="")), more=b"X-Name: " + field + b"\r\n"))
            self.assertIn(peer.status(), (101, 400))
            peer.close()
        self.called(len(_WORDS) - 2)
        self.assertWhole()
        came = self.messages("came: ")
        self.assertTrue(any("x\\n2026-11-21T12:00:00+0000 [balws.audit#info] acc" in each for each in came), came)
        self.assertTrue(any("{log_source} {} {0} {room.__class__} {" in each for each in came), came)
        self.assertTrue(any("\\u202eturned\\u2066" in each for each in came), came)
        self.assertIn("An event that cannot be written (KeyError): came: {room}", self.messages("An event"))

    def test_protocol(self) -> None:
        """
        So does a sub-protocol (RL16)
        """
        for words in (b"chat%s", b"chat%s, a\x1b[2J", b"chat%s, a\x0bb", b"chat%s, {}", b"chat%s, " + b"a" * 5000):
            peer = self.ask(request(self.tagged("/note/a"), more=b"Sec-WebSocket-Protocol: " + words + b"\r\n"))
            self.assertIn(peer.status(), (101, 400))
            peer.close()
        self.called()
        self.assertWhole()
        self.assertIn("speaks chat%s", self.messages("speaks "))

    def test_said(self) -> None:
        """
        So do a message, also of a mebibyte, and the reason of a close frame (RL16)
        """
        peer = self.open("/note/a")
        for words in (*_WORDS, "y" * 1048576):
            peer.send(frame(TEXT, words.encode()))
        peer.send(closing(1000, _FORGED.encode()))
        self.called()
        self.assertWhole()
        says = self.messages("says ")
        self.assertEqual(len(says), len(_WORDS) + 1)
        self.assertTrue(says[-1].endswith("... 1048576 in all"), says[-1][-40:])
        self.assertLessEqual(len(says[-1]), 1024 + len("says "))
        self.assertEqual(self.messages("left: "), [f"left: {_FORGED}".replace("\n", "\\n")])

    def test_user(self) -> None:
        """
        So does the name of a user, whoever that is (RL16)
        """
        for words in (*_WORDS, "z" * 1000):
            name = words.replace(":", ";")
            self.assertEqual(self.ask(request("/known", more=basic(name, "x"))).status(), 401)
        self.assertWhole()
        self.assertEqual(len(self.messages("unauthenticated: ")), len(_WORDS) + 1)

    def test_failure(self) -> None:
        """
        What a method fails with stands in its traceback, no line of which looks like an event
        (RL16)
        """
        self.faults = True
        for words in _WORDS:
            self.open("/note/a").send(frame(TEXT, b"!" + words.encode()))
        self.called(len(_WORDS))
        events = [line for line in self.lines() if not line.startswith("\t")]
        for line in events:
            self.assertNotIn("forged", line if "says" not in line else "")
            self.message(line)
        self.assertEqual(len([line for line in events if "A method of " in line]), len(_WORDS))
        for line in self.lines():
            self.assertTrue(line.lstrip("\t").isprintable(), line)
        self.assertIn("\t2026-11-21T12:00:00+0000 [balws.audit#info] accepted: forged", self.lines())


class JsonTests(TextTests):
    """
    C{logFormat = "json"}: the same, an object a line.
    """

    more = TextTests.more + '[server]\nlogFormat = "json"\n'

    def message(self, line: str) -> str:
        """
        See L{TextTests.message}.
        """
        self.assertTrue(line.isascii() and line.isprintable(), line)
        found: dict[str, Any] = json.loads(line)
        self.assertRegex(found["time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
        self.assertIn(found["level"], ("info", "warn", "error", "critical"))
        self.assertIsInstance(found["logger"], str)
        for name, value in found.items():
            if isinstance(value, str) and name != "traceback":
                self.assertTrue(value.isprintable(), value)
                self.assertLessEqual(len(value.encode()), 8192 if name == "message" else 1024)
        message: str = found["message"]
        return message

    def test_fields(self) -> None:
        """
        What an event carries are fields of the object (RL16)
        """
        peer = self.open("/note/a")
        peer.send(frame(TEXT, _FORGED.encode())).send(closing(1000))
        self.called()
        (said,) = (json.loads(line) for line in self.lines() if '"message": "says ' in line)
        self.assertEqual(said["text"], _FORGED.replace("\n", "\\n"))
        self.assertEqual((said["logger"], said["level"]), ("noting", "info"))

    def test_failure(self) -> None:
        """
        A traceback is one field of its event (RL16)
        """
        self.faults = True
        for words in _WORDS:
            self.open("/note/a").send(frame(TEXT, b"!" + words.encode()))
        self.called(len(_WORDS))
        failed = [line for line in self.lines() if "A method of " in self.message(line)]
        self.assertEqual(len(failed), len(_WORDS))
        for line in failed:
            traceback = json.loads(line)["traceback"]
            self.assertTrue(traceback.startswith("Traceback (most recent call last):\n"))
            self.assertTrue(traceback.replace("\n", "").isprintable(), traceback)


class FileTests(SynchronousTestCase):
    """
    Where a process writes its log.
    """

    def serve(self, arguments: str, form: str) -> tuple[Server, Path]:
        """
        @return: a server that was started so, and its folder.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        port = freePort()
        text = f'[server]\nlogFormat = "{form}"\n[[listeners]]\nport = {port}\nhost = "127.0.0.1"\n'
        (folder / "balws.toml").write_text(text, "utf-8")
        return Server(self, asCommand(f"twistd -n {arguments} balws --config balws.toml"), port, folder), folder

    def test_rotated(self) -> None:
        """
        C{--logfile} is written to, and SIGUSR1 begins a new one (RL16)
        """
        server, folder = self.serve("--logfile=log.txt", "json")
        server.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + PATIENCE
        while not (folder / "log.txt.1").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        server.stop()
        for name in ("log.txt", "log.txt.1"):
            lines = [json.loads(line) for line in (folder / name).read_text("ascii").splitlines()]
            self.assertTrue(lines, name)
        self.assertEqual(server.output(), "")

    def test_own(self) -> None:
        """
        The user's own C{--logger} is left alone (RL16)
        """
        server, _ = self.serve("--logger=twisted.logger.STDLibLogObserver", "json")
        server.stop()
        self.assertNotIn('"logger"', server.output())


class HealthTests(ServedTestCase):
    """
    What a load balancer asks.
    """

    services: ClassVar = {"/ws": "echoing:EchoUpgrade"}
    more = _HEALTH

    def test_answers(self) -> None:
        """
        A process that lives says so, and one that takes peers (RL18)
        """
        for path, words in (("/health", b"ok\n"), ("/ready", b"ready\n")):
            for method in (b"GET", b"HEAD"):
                status, fields, body = self.ask(plain(path, b"Connection: close\r\n", method)).response()
                self.assertEqual((status, fields[b"cache-control"]), (200, b"no-store"))
                self.assertEqual(body, words if method == b"GET" else b"")
            self.assertEqual(self.ask(plain(f"{path}/more")).response()[0], 404)
