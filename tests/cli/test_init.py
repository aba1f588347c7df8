"""
Tests of L{balws.cli.init}.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from websockets.sync.client import connect

from balws.cli.command import main
from balws.cli.init import MAX_NAME
from balws.config import loadFile
from tests.cli.test_command import CommandTestCase
from tests.commands import asCommand, environment
from tests.servers import Server, freePort
from tests.waiting import PATIENCE

#: What is written for C{chat}.
FILES = [".gitignore", "README.md", "balws.toml", "chat.py", "pyproject.toml", "test_chat.py"]


class InitCase(CommandTestCase):
    """
    Each test stands in an empty folder.
    """

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.folder)

    def begin(self, *arguments: str) -> str:
        """
        @return: what the command printed.
        """
        for stream in (self.out, self.err):
            stream.truncate(0)
            stream.seek(0)
        self.assertEqual((main(["init", *arguments]), self.err.getvalue()), (0, ""))
        return self.out.getvalue()

    def names(self, folder: Path) -> list[str]:
        """
        @return: the files there.
        """
        return sorted(path.name for path in folder.iterdir())


class WritingTests(InitCase):
    """
    What is written, and where.
    """

    def test_folder(self) -> None:
        """
        A folder that is not there is made, and gives its name to the module.
        """
        shown = self.begin("deep/chat")
        self.assertEqual(self.names(self.folder / "deep" / "chat"), FILES)
        self.assertIn("  cd deep/chat\n", shown)
        for file in FILES:
            self.assertIn(file, shown)

    def test_here(self) -> None:
        """
        Without a folder it is the one where one is, whose other files stay as they are; nobody is told to
        go there.
        """
        here = self.folder / "My-Chat"
        here.mkdir()
        (here / "notes.txt").write_text("mine", "utf-8")
        os.chdir(here)
        shown = self.begin()
        self.assertEqual(len(self.names(here)), len(FILES) + 1)
        self.assertTrue((here / "test_my_chat.py").exists())
        self.assertEqual((here / "notes.txt").read_text("utf-8"), "mine")
        self.assertNotIn("cd ", shown)

    def test_name(self) -> None:
        """
        The name stands in the files and in what is printed, and nothing is left to be put in.
        """
        shown = self.begin("--name", "order_book", "a folder")
        self.assertIn("  cd 'a folder'\n", shown)
        self.assertIn("ws://127.0.0.1:9090/order_book/Ada", shown)
        folder = self.folder / "a folder"
        text = "".join(path.read_text("utf-8") for path in folder.iterdir())
        self.assertNotIn("$", text)
        self.assertNotIn("chat", text)
        (entry,) = loadFile(folder / "balws.toml").listeners
        self.assertEqual([service.path for service in entry.services], ["/order_book"])

    def test_control(self) -> None:
        """
        A folder whose name would do something to the terminal is made, and printed so that it does nothing.
        """
        folder = "\x1b[2J chat"
        (self.folder / folder).mkdir()
        (self.folder / folder / "chat.py").touch()
        self.assertIn(r" in \x1b[2J chat would be", self.refusal("init", "--name", "chat", folder, status=1))
        line = self.refusal("init", "--name", "room", f"{folder}/chat.py", status=1)
        self.assertTrue(line.startswith(r"\x1b[2J chat/chat.py is no folder"), line)
        (self.folder / folder / "chat.py").unlink()
        self.assertIn(r"  cd '\x1b[2J chat'" + "\n", self.begin("--name", "chat", folder))
        self.assertEqual(self.names(self.folder / folder), FILES)

    def test_quiet(self) -> None:
        """
        C{--quiet} prints nothing.
        """
        self.assertEqual(self.begin("chat", "--quiet"), "")
        self.assertEqual(self.begin("-q", "--name", "room", "other"), "")


class RefusalTests(InitCase):
    """
    What is not done.
    """

    def test_there(self) -> None:
        """
        Where a file of one of the names is, or a link that leads nowhere, nothing is written, and the names
        are said.
        """
        for there in (["chat.py"], ["README.md", ".gitignore"], FILES):
            folder = Path(self.mktemp()).absolute() / "chat"
            folder.mkdir(parents=True)
            for file in there:
                (folder / file).symlink_to("nowhere")
            line = self.refusal("init", str(folder), status=1)
            self.assertTrue(line.startswith("nothing was written, for "), line)
            self.assertTrue(line.endswith(f" in {folder} would be written over"), line)
            self.assertEqual(
                [file for file in FILES if re.search(rf"(?<![\w/]){re.escape(file)}\b", line)], sorted(there)
            )
            self.assertEqual(self.names(folder), sorted(there))

    def test_unwritable(self) -> None:
        """
        A folder that cannot be one is said in one line.
        """
        (self.folder / "chat").write_text("a file", "utf-8")
        for folder in ("chat", "chat/below"):
            line = self.refusal("init", "--name", "room", folder, status=1)
            self.assertRegex(line, "^(chat is no folder|cannot write chat.*: (File exists|Not a directory))$")

    def test_names(self) -> None:
        """
        A name that no module should have is refused before anything is written.
        """
        for name, problem in (
            ("", "expected a small letter, then small letters, digits and underlines"),
            ("Chat", "expected a small letter, then small letters, digits and underlines"),
            ("9chat", "expected a small letter, then small letters, digits and underlines"),
            ("a-b", "expected a small letter, then small letters, digits and underlines"),
            ("../a", "expected a small letter, then small letters, digits and underlines"),
            ("a\n", "expected a small letter, then small letters, digits and underlines"),
            ("é", "expected a small letter, then small letters, digits and underlines"),
            ("a" * (MAX_NAME + 1), "it has more than 40 characters"),
            ("class", "Python means something else by it"),
            ("test", "tests go by it"),
            ("test_chat", "tests go by it"),
            ("json", "a module of Python has it"),
            ("balws", "a module that is installed has it"),
            ("twisted", "a module that is installed has it"),
        ):
            self.assertEqual(
                self.refusal("init", "--name", name, "folder"), f"{name!a} cannot be the module's name: {problem}"
            )
        self.assertEqual(self.names(self.folder), [])
        self.begin("--name", "a" * MAX_NAME, "folder")

    def test_made(self) -> None:
        """
        A module that was made and not found counts as installed.
        """
        sys.modules["homemade"] = ModuleType("homemade")
        self.addCleanup(sys.modules.pop, "homemade")
        self.assertIn("a module that is installed has it", self.refusal("init", "homemade"))

    def test_folderName(self) -> None:
        """
        Where the folder's name cannot be the module's, another one is asked for.
        """
        self.assertEqual(
            self.refusal("init", "json"),
            "'json' cannot be the module's name: a module of Python has it; say another one by --name",
        )
        self.begin("--name", "room", "json")

    def test_usage(self) -> None:
        """
        More than one folder cannot be understood.
        """
        self.assertIn("wrong number of arguments", self.refusal("init", "one", "two"))


class ScaffoldTests(InitCase):
    """
    What was written works.
    """

    def setUp(self) -> None:
        super().setUp()
        self.begin("chat")
        os.chdir("chat")

    def run_(self, *command: str) -> str:
        """
        @return: what a command printed that ended well.
        """
        done = subprocess.run(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_tests(self) -> None:
        """
        Its tests pass.
        """
        self.assertIn("PASSED (successes=3)", self.run_(sys.executable, "-m", "twisted.trial", "test_chat"))

    def test_checked(self) -> None:
        """
        Nothing is wrong with its style, nor with its types as mypy looks at them strictly.
        """
        self.run_(sys.executable, "-m", "ruff", "check", "--isolated", ".")
        self.run_(sys.executable, "-m", "ruff", "format", "--isolated", "--check", ".")
        self.run_(sys.executable, "-m", "mypy", ".")

    def test_served(self) -> None:
        """
        It is found right, and two peers hear each other.
        """
        port = freePort()
        file = Path("balws.toml")
        file.write_text(file.read_text("utf-8").replace("9090", str(port)), "utf-8")
        self.run_(*asCommand("balws check"))
        Server(self, asCommand("balws serve"), port, Path.cwd())
        place = f"ws://127.0.0.1:{port}/chat"
        with connect(f"{place}/Ada", proxy=None) as ada, connect(f"{place}/Grace", proxy=None) as grace:
            grace.send('{"text": "Hello"}')
            heard = [ada.recv(PATIENCE) for _ in range(3)]
        self.assertEqual(heard[-1], '{"name":"Grace","text":"Hello"}')

    def test_described(self) -> None:
        """
        Its description has what everybody hears, so that a client that is made of it knows the type.
        """
        document = json.loads(self.run_(*asCommand("balws asyncapi balws.toml")))
        said = document["components"]["schemas"]["Said"]
        self.assertEqual(sorted(said["properties"]), ["name", "text"])

    def test_settings(self) -> None:
        """
        What stands in its configuration as a comment is right, too.
        """
        file = Path("balws.toml")
        text = re.sub(r"^# (?=[\[\w]+(\]| = ))", "", file.read_text("utf-8"), flags=re.MULTILINE)
        file.write_text(text, "utf-8")
        found = loadFile(file)
        assert found.admin is not None
        self.assertEqual(found.admin.path, str(file.absolute().parent / "admin.sock"))
        self.assertEqual(found.hub.url, "redis://127.0.0.1:6379/0")
        ((service,),) = [entry.services for entry in found.listeners]
        self.assertEqual(service.overrides["idleTimeout"], 300)
