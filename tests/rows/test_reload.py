"""
Another configuration while the server runs: row RL11 of the reliability catalogue.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from base64 import b64encode

from tests.certificates import selfSigned
from tests.commands import asCommand, environment
from tests.rows.raw import CLOSE, TEXT, Peer, frame, request
from tests.rows.serving import ServedTestCase
from tests.waiting import PATIENCE, until

MODULE = """
from balws import Service, UpgradeService

class Number(Service):
    def __init__(self, number):
        self.number = number

    def onOpen(self, caller):
        return str(self.number)

    def onTextMessage(self, caller, text: str):
        return f"{self.number} {text}"

class Counting(UpgradeService):
    def __init__(self):
        self.count = 0

    def get(self):
        self.count += 1
        return Number(self.count)
"""

REFUSED = "The configuration stays as it was: "
TAKEN = "The configuration was read again and counts"


class ReloadTestCase(ServedTestCase):
    """
    A server whose file changes.
    """

    services = {"/ws": "echoing:EchoUpgrade, maxFrameSize = 100"}  # noqa: RUF012
    alone = True

    def setUp(self) -> None:
        """
        Serve.
        """
        super().setUp()
        self.file = self.server.folder / "balws.toml"
        (self.server.folder / "counted.py").write_text(MODULE, "utf-8")
        self.text = self.file.read_text("utf-8")

    def tearDown(self) -> None:
        """
        It is as it was.
        """
        self.change(self.text, TAKEN)
        super().tearDown()

    def change(self, text: str, *words: str) -> str:
        """
        Have another file read.

        @param words: what the log says thereafter.
        @return: what it says.
        """
        before = len(self.logged())
        self.file.write_text(text, "utf-8")
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while not all(each in (said := self.logged()[before:]) for each in words):
            self.assertLess(time.monotonic(), deadline, said)
        return said

    def added(self, path: str, service: str, *fields: str) -> str:
        """
        @return: the file with one more service.
        """
        lines = ("[[listeners.services]]", f'path = "{path}"', f'service = "{service}"', *fields)
        return self.text + "\n".join(lines) + "\n"

    def asked(self, path: str, user: str = "") -> Peer:
        """
        @return: a connection that has asked for an upgrade.
        """
        more = b"Authorization: Basic %s\r\n" % b64encode(user.encode()) if user else b""
        return self.ask(request(path, more=more))

    def assertEchoes(self, peer: Peer, size: int = 5) -> None:
        """
        Check that a connection works.
        """
        self.assertEqual(peer.send(frame(TEXT, b"x" * size)).receive(), (TEXT, b"x" * size))


    def assertTooLarge(self, peer: Peer) -> None:
        """
        Check that 11 bytes are too many for a frame.
        """
        opcode, payload = peer.send(frame(TEXT, b"x" * 11)).receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xf1"))


class BrokenTests(ReloadTestCase):
    """
    What cannot be used changes nothing.
    """

    def assertKept(self, text: str, where: str, file: str = "balws.toml") -> None:
        """
        Check that a file is refused as a whole, by SIGHUP and by C{--check}, in the same words.

        @param where: an expression for line, column, key and words.
        @param file: which file is wrong.
        """
        peer = self.open()
        # Something that would be seen, if half of the file were taken.
        said = self.change(text.replace("maxFrameSize = 100", "maxFrameSize = 3"), REFUSED)
        errors = [line for line in said.splitlines() if "#error]" in line]
        self.assertEqual(len(errors), 1, said)
        self.assertRegex(errors[0], rf"{REFUSED}{re.escape(str(self.server.folder / file))}:{where}")
        self.assertNotIn(TAKEN, said)
        self.assertEchoes(peer, 50)
        self.assertEchoes(self.open(), 50)
        done = subprocess.run(
            asCommand("twistd -n balws --config balws.toml --check"),
            cwd=self.server.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, rf"\A\S*\b{re.escape(file)}:{where}")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_syntax(self) -> None:
        """
        A file that is no TOML is refused with its line (RL11)
        """
        line = self.text.count("\n") + 1
        self.assertKept(self.text + 'port = "', rf"{line}:\d+: ")

    def test_values(self) -> None:
        """
        A key that is unknown and a value of the wrong type are refused with their line and key (RL11)
        """
        line = self.text.count("\n") + 4
        for field, words in (
            ("maxFrameSizes = 5", r"1: listeners\[0\]\.services\[1\]\.maxFrameSizes: unknown key"),
            ('maxFrameSize = "5"', r"16: listeners\[0\]\.services\[1\]\.maxFrameSize: expected an integer"),
        ):
            self.assertKept(self.added("/more", "echoing:EchoUpgrade", field), f"{line}:{words}")

    def test_files(self) -> None:
        """
        A certificate, a module, a folder, a file of users that are not there are refused with the
        key that names them; so are users that cannot be used (RL11)
        """
        line = self.text.count("\n")
        tls = '[listeners.secureSocket]\nkey = {certFile = "none.crt", keyFile = "none.key"}\n'
        users = '[[listeners.services.auth]]\nfileUserStoreConfig = {path = "none.toml"}'
        for text, where in (
            (self.text + tls, rf"{line + 2}:\d+: listeners\[0\]\.secureSocket\.key\.certFile: .*none\.crt"),
            (self.added("/more", "none:Upgrade"), rf'{line + 3}:11: listeners\[0\]\.services\[1\]\.service: no module'),
            (self.text + '[python]\npath = ["none"]\n', r"\d+:\d+: "),
        ):
            self.assertKept(text, where)
        self.assertKept(self.added("/more", "counted:Counting", users), " cannot be read", "none.toml")
        users = "[[listeners.services.auth]]\nfileUserStoreConfig = {}\n"
        users += '[[auth.users]]\nusername = "ada"\npassword = "x"'
        self.assertKept(self.added("/more", "counted:Counting", users), rf"{line + 8}:\d+: auth\.users\[0\]\.password")

    def test_gone(self) -> None:
        """
        A file that is gone changes nothing, and the next good one counts (RL11)
        """
        self.file.unlink()
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while f"{REFUSED}{self.file}: cannot be read" not in self.logged():
            self.assertLess(time.monotonic(), deadline, self.logged())
        self.assertEchoes(self.open())


class GoodTests(ReloadTestCase):
    """
    What counts from now on.
    """

    def test_limits(self) -> None:
        """
        A new limit of frames counts for who comes from now on; who is there goes on under his (RL11)
        """
        old = self.open()
        said = self.change(self.text.replace("maxFrameSize = 100", "maxFrameSize = 10"), TAKEN)
        self.assertIn("modules are not imported again", said)
        self.assertNotIn("#warn]", said)
        self.assertEchoes(old, 50)
        new = self.open()
        self.assertEchoes(new, 10)
        self.assertTooLarge(new)
        self.assertEchoes(old, 50)

    def test_services(self) -> None:
        """
        A service is added, moved with its state, and removed; its connections go on, those of the others
        hear nothing of it (RL11)
        """
        other = self.open()
        self.assertEqual(self.asked("/new").status(), 404)
        self.change(self.added("/new", "counted:Counting"), TAKEN)
        first = self.asked("/new")
        self.assertEqual(first.status(), 101)
        self.assertEqual(first.receive(), (TEXT, b"1"))
        self.change(self.added("/moved", "counted:Counting", "idleTimeout = 100"), TAKEN)
        self.assertEqual(self.asked("/new").status(), 404)
        second = self.asked("/moved")
        self.assertEqual(second.status(), 101)
        self.assertEqual(second.receive(), (TEXT, b"2"))
        self.change(self.text, TAKEN)
        self.assertEqual(self.asked("/moved").status(), 404)
        for number, peer in ((b"1", first), (b"2", second)):
            self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, number + b" still"))
        self.assertEchoes(other)

    def test_users(self) -> None:
        """
        Who is a user from now on may connect; who is none any more may not, and his connection goes
        on (RL11)
        """
        guarded = self.added("/guarded", "counted:Counting", "[[listeners.services.auth]]", "fileUserStoreConfig = {}")
        users = '[auth]\nallowPlaintextPasswords = true\n[[auth.users]]\nusername = "{}"\npassword = "secret"\n'
        self.change(guarded + users.format("ada"), TAKEN)
        peer = self.asked("/guarded", "ada:secret")
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.receive(), (TEXT, b"1"))
        self.assertEqual(self.asked("/guarded", "alan:secret").status(), 401)
        self.change(guarded + users.format("alan"), TAKEN)
        deadline = time.monotonic() + PATIENCE
        while self.asked("/guarded", "ada:secret").status() != 401:
            self.assertLess(time.monotonic(), deadline, "ada is still a user")
        late = self.asked("/guarded", "alan:secret")
        self.assertEqual(late.status(), 101)
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"1 still"))

    def test_server(self) -> None:
        """
        The limits of the process count at once, and nobody has to leave (RL11)
        """
        peers = [self.open(), self.open()]
        self.change(self.text + "[server]\nmaxConnections = 2\n", TAKEN)
        self.assertEqual(self.asked("/ws").status(), 503)
        self.change(self.text + "[server]\nmaxConnections = 3\n", TAKEN)
        peers.append(self.open())
        for peer in peers:
            self.assertEchoes(peer)

    def test_tls(self) -> None:
        """
        TLS comes and goes for who comes from then on; who is there without it, or with it, goes on
        so (RL11)
        """
        plain = self.open()
        selfSigned("localhost").write(self.server.folder, "own")
        pieces = self.text.partition("[listeners.requestLimits]")
        tls = '[listeners.secureSocket]\nkey = {certFile = "own.crt", keyFile = "own.key"}\n'
        self.take(pieces[0] + tls + "".join(pieces[1:]))
        self.secure = True
        secured = self.open()
        for peer in (plain, secured):
            self.assertEchoes(peer)
        self.take(self.text)
        self.secure = False
        for peer in (plain, secured, self.open()):
            self.assertEchoes(peer)

    def test_often(self) -> None:
        """
        However often it is read again, nothing is left of what was (RL11)
        """
        users = '[listeners.services.auth.fileUserStoreConfig]\nallowPlaintextPasswords = true\n'
        text = self.added("/guarded", "counted:Counting", "[[listeners.services.auth]]") + users
        texts = [text + f'users = [{{username = "ada", password = "{word}"}}]\n' for word in ("one", "two")]
        found = []
        for _ in range(4):
            for each in texts * 2:
                self.take(each)
            if not found:
                found.append(self.objects()[0])
            until(lambda: self.objects()[0] <= found[0], "nothing is left")

    def take(self, text: str) -> None:
        """
        Have another file taken, when nobody can ask the server in between.
        """
        count = self.server.output().count(TAKEN)
        self.file.write_text(text, "utf-8")
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while self.server.output().count(TAKEN) == count:
            self.assertLess(time.monotonic(), deadline, self.server.output())
            time.sleep(0.02)

    def test_restart(self) -> None:
        """
        What only a restart changes is named in one WARN, and the rest counts (RL11)
        """
        text = self.text.replace(f"port = {self.port}", "port = 1").replace("maxFrameSize = 100", "maxFrameSize = 10")
        said = self.change(text + '[server]\nlogFormat = "json"\n[hub]\nprefix = "other"\n', TAKEN, "#warn]")
        self.assertIn("Only a restart changes server.logFormat, hub.prefix, listeners[0].port.", said)
        self.assertEqual(said.count("#warn]"), 1, said)
        self.assertTooLarge(self.open())
