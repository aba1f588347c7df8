"""
Tests of L{balws.cli.asyncapi}.
"""

from __future__ import annotations

import json
import os
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

import yaml

from balws.cli.command import main
from tests.cli.test_command import CommandTestCase

MODULE = """\
from balws import Service, UpgradeService

class Chat(Service):
    def onTextMessage(self, text: str) -> str:
        return text

class ChatUpgrade(UpgradeService):
    def get(self) -> Chat:
        return Chat()

class HiddenUpgrade(UpgradeService):
    def get(self):
        return globals()["Cha" + "t"]()
"""

FILE = '[[listeners]]\nport = 9090\n\n[[listeners.services]]\npath = "/chat"\nservice = "NAME:ChatUpgrade"\n'


class AsyncApiTests(CommandTestCase):
    """
    The command.
    """

    def setUp(self) -> None:
        super().setUp()
        self.name = f"chat{id(self)}"
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / f"{self.name}.py").write_text(MODULE, "utf-8")
        (self.folder / "balws.toml").write_text(FILE.replace("NAME", self.name), "utf-8")
        self.addCleanup(sys.modules.pop, self.name, None)
        self.addCleanup(setattr, sys, "path", list(sys.path))
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def test_configuration(self) -> None:
        """
        The document of a configuration goes to the standard output, and nothing else does.
        """
        self.assertEqual(main(["asyncapi", "balws.toml"]), 0)
        document = json.loads(self.out.getvalue())
        self.assertEqual(document["info"], {"title": self.folder.name, "version": "1.0.0"})
        self.assertEqual(document["channels"]["chat"]["address"], "/chat")
        self.assertEqual(document["servers"]["listener1"]["host"], "localhost:9090")
        self.assertEqual(self.err.getvalue(), "")
        first = self.out.getvalue()
        self.assertEqual(main(["asyncapi"]), 0)
        self.assertEqual(self.out.getvalue(), first * 2)

    def test_title(self) -> None:
        """
        Another file than balws.toml gives its own name.
        """
        Path("balws.toml").rename("talk.toml")
        self.assertEqual(main(["asyncapi", "talk.toml"]), 0)
        self.assertEqual(json.loads(self.out.getvalue())["info"]["title"], "talk")

    def test_encoding(self) -> None:
        """
        What is printed is UTF-8 whatever the terminal is.
        """
        raw = BytesIO()
        self.patch(sys, "stdout", TextIOWrapper(raw, encoding="ascii"))
        self.assertEqual(main(["asyncapi", "--title", "na\u00efve \u6f22"]), 0)
        self.assertEqual(json.loads(raw.getvalue().decode())["info"]["title"], "na\u00efve \u6f22")
        self.assertIn("\u6f22".encode(), raw.getvalue())
        Path("a.json").write_bytes(raw.getvalue())
        raw.truncate(0)
        raw.seek(0)
        self.assertEqual(main(["client", "a.json"]), 0)
        self.assertIn("\u6f22".encode(), raw.getvalue())

    def test_target(self) -> None:
        """
        One upgrade service, at a path and at servers that are given.
        """
        arguments = ["--path", "/talk", "--title", "Talk", "--api-version", "2", "--server", "wss://a.example"]
        self.assertEqual(main(["asyncapi", *arguments, "--server", "ws://b", f"{self.name}:ChatUpgrade"]), 0)
        document = json.loads(self.out.getvalue())
        self.assertEqual(document["info"], {"title": "Talk", "version": "2"})
        self.assertEqual([each["host"] for each in document["servers"].values()], ["a.example", "b"])
        self.assertEqual(document["channels"]["talk"]["address"], "/talk")

    def test_files(self) -> None:
        """
        Document and page go into files; a page alone, too, and then nothing is printed.
        """
        self.assertEqual(main(["asyncapi", "balws.toml", "--output", "chat.json", "--html", "chat.html"]), 0)
        self.assertIn("chat", json.loads(Path("chat.json").read_text("utf-8"))["channels"])
        self.assertTrue(Path("chat.html").read_text("utf-8").startswith("<!DOCTYPE html>\n"))
        self.assertEqual(main(["asyncapi", "balws.toml", "--html", "alone.html"]), 0)
        self.assertTrue(Path("alone.html").is_file())
        self.assertEqual(self.out.getvalue(), "")
        self.assertEqual(sorted(path.name for path in self.folder.glob("*.new")), [])

    def test_yaml(self) -> None:
        """
        YAML goes into a file that is called so, or where --yaml says it; the client made of it is the same
        as that of JSON.
        """
        self.assertEqual(main(["asyncapi", "balws.toml", "--output", "a.json"]), 0)
        document = json.loads(Path("a.json").read_text("utf-8"))
        for name in ("a.yaml", "a.YML"):
            self.assertEqual(main(["asyncapi", "balws.toml", "--output", name]), 0)
        self.assertEqual(main(["asyncapi", "balws.toml", "--yaml", "--output", "a.txt"]), 0)
        text = Path("a.yaml").read_text("utf-8")
        self.assertEqual(json.dumps(yaml.safe_load(text)), json.dumps(document))
        self.assertEqual(Path("a.YML").read_text("utf-8"), text)
        self.assertEqual(Path("a.txt").read_text("utf-8"), text)
        self.assertEqual(self.out.getvalue(), "")
        self.assertEqual(main(["asyncapi", "-y"]), 0)
        self.assertEqual(self.out.getvalue(), text)
        for name in ("a.json", "a.yaml", "a.YML", "a.txt"):
            self.assertEqual(main(["client", name, "--output", f"{name}.py"]), 0)
            self.assertEqual(Path(f"{name}.py").read_text("utf-8"), Path("a.json.py").read_text("utf-8"))

    def test_absent(self) -> None:
        """
        Without PyYAML one line says what to install, and no file is written.
        """
        with patch.dict(sys.modules, {"yaml": None}):
            sys.modules.pop("balws.asyncapi.yamlwriting", None)
            line = self.refusal("asyncapi", "balws.toml", "--output", "a.yaml", "--html", "a.html", status=1)
        self.assertEqual(line, "YAML needs PyYAML: pip install 'balws[yaml]'")
        self.assertEqual(list(self.folder.glob("a.*")), [])

    def test_failures(self) -> None:
        """
        What cannot be described, read or written is said in one line, and no file is left.
        """
        self.assertIn("nobody can see", self.refusal("asyncapi", f"{self.name}:HiddenUpgrade", status=1))
        self.assertIn("absent.toml", self.refusal("asyncapi", "absent.toml", status=1))
        self.assertIn("no module named", self.refusal("asyncapi", "absent:Chat", status=1))
        line = self.refusal("asyncapi", "balws.toml", "--output", "absent/chat.json", status=1)
        self.assertIn("absent/chat.json: cannot be written: No such file or directory", line)
        Path("full").mkdir()
        self.assertIn("cannot be written", self.refusal("asyncapi", "balws.toml", "--output", "full", status=1))
        self.assertEqual(list(self.folder.glob("*.new")), [])

    def test_usage(self) -> None:
        """
        At most one source; a path goes with a service and begins with a slash.
        """
        self.assertIn("takes one", self.refusal("asyncapi", "a", "b"))
        self.assertIn("module:Class", self.refusal("asyncapi", "balws.toml", "--path", "/x"))
        self.assertIn("--server: a server is ws://", self.refusal("asyncapi", "balws.toml", "--server", "http://a"))
        self.assertIn("slash", self.refusal("asyncapi", "a:B", "--path", "x"))

    def test_help(self) -> None:
        """
        The help has an example.
        """
        words = " ".join(self.exits("asyncapi", "--help").split())
        self.assertIn("Example: balws asyncapi balws.toml", words)
        self.assertIn("--server=", words)
        self.assertIn("--api-version=", words)
        self.assertIn("-y, --yaml", words)
