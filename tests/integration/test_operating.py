"""
A service is started, watched and steered by the commands, as its operator does it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import termios
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.cli.fakeadmin import GOOD
from tests.cli.terminals import Terminal
from tests.commands import asCommand, environment
from tests.servers import STOPPED, Server, freePort
from tests.waiting import PATIENCE

CHAT = """\
from balws import Service, UpgradeService


class Chat(Service):
    def onTextMessage(self, text: str) -> str:
        return text


class ChatUpgrade(UpgradeService):
    def get(self) -> Chat:
        return Chat()
"""

CONFIGURATION = """\
[admin]
endpoint = "{endpoint}"

[server]
drainTimeout = 2

[[listeners]]
port = {port}
host = "127.0.0.1"

[[listeners.services]]
path = "/chat"
service = "chat:ChatUpgrade"
"""

#: What leaves the alternate screen, and shows the cursor again.
RESTORED = b"\x1b[?25h\x1b[?1049l"


class OperatingCase(SynchronousTestCase):
    """
    A service in a folder of its own.
    """

    endpoint = "unix:admin.sock"

    def setUp(self) -> None:
        # The path of a socket has 107 bytes at most.
        folder = tempfile.TemporaryDirectory(prefix="balws")  # noqa: SIM115
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.port = freePort()
        (self.folder / "chat.py").write_text(CHAT)
        (self.folder / "balws.toml").write_text(CONFIGURATION.format(port=self.port, endpoint=self.endpoint))

    def start(self) -> Server:
        """
        @return: C{balws serve}, which serves.
        """
        return Server(self, asCommand("balws serve"), self.port, self.folder)

    def peer(self) -> ClientConnection:
        """
        @return: somebody who is connected until the end of the test.
        """
        peer = connect(f"ws://127.0.0.1:{self.port}/chat", open_timeout=PATIENCE, proxy=None)
        self.addCleanup(peer.close)
        # Who was answered is counted.
        peer.send("here")
        self.assertEqual(peer.recv(PATIENCE), "here")
        return peer

    def balws(
        self, line: str, *, status: int = 0, given: bytes = b"", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """
        Run a command, whose input is no terminal.

        @param given: its input.
        @param variables: of the environment.
        """
        done = subprocess.run(
            asCommand(f"balws {line}"),
            cwd=self.folder,
            env={**environment(), **variables},
            input=given.decode(),
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done

    def closed(self, peer: ClientConnection) -> tuple[int, str]:
        """
        @return: code and reason with which a peer was closed.
        """
        with self.assertRaises(ConnectionClosed):
            peer.recv(PATIENCE)
        assert peer.close_code is not None
        return peer.close_code, peer.close_reason or ""


class ServiceTests(OperatingCase):
    """
    Commands of scripts.
    """

    def test_day(self) -> None:
        """
        A service is checked, started, asked whether it is ready, listed, spoken to, freed of somebody, and
        stopped.
        """
        self.assertIn("balws.toml: ok\n", self.balws("check --strict").stdout)
        self.assertIn("cannot be reached", self.balws("healthcheck", status=1).stderr)
        server = self.start()
        self.assertEqual(self.balws("healthcheck").stdout, "ready\n")
        self.assertEqual(self.balws(f"healthcheck ws://127.0.0.1:{self.port}/chat").stdout, "accepts connections\n")
        first, second = self.peer(), self.peer()
        page = json.loads(self.balws("ps --json").stdout)
        self.assertEqual(page["total"], 2)
        self.assertEqual([(each["path"], each["received"]) for each in page["connections"]], [("/chat", 1)] * 2)
        table = self.balws("ps --path /chat").stdout.splitlines()
        self.assertEqual(table[0].split(), ["ID", "USER", "PATH", "ADDRESS", "AGE", "QUEUE", "IN", "OUT"])
        self.assertEqual(table[1].split()[1:4], ["-", "/chat", "127.0.0.1"])
        self.assertEqual(self.balws("send --to-path /chat", given=b"to all\n").stdout, "sent to 2 connections\n")
        self.assertEqual([each.recv(PATIENCE) for each in (first, second)], ["to all"] * 2)
        ids = self.balws("ps -q").stdout.split()
        self.balws(f"send --quiet --to-connection {ids[0]} --binary -", given=b"bytes")
        self.assertEqual(first.recv(PATIENCE), b"bytes")
        kicked = subprocess.run(
            f"{shlex.join(asCommand('balws ps -q'))} | xargs {shlex.join(asCommand('balws kick --code 4001'))}",
            shell=True,
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
        )
        self.assertEqual((kicked.stdout, kicked.stderr), ("closed 2 connections\n", ""))
        self.assertEqual(self.closed(first), (4001, "closed by the operator"))
        self.assertEqual(self.closed(second)[0], 4001)
        sent = self.balws("send --to-user ada hello", status=1)
        self.assertEqual((sent.stdout, sent.stderr), ("", 'balws: nobody is there: user "ada"\n'))
        self.assertFalse((self.folder / "twistd.pid").exists())
        self.assertIn(server.stop(), STOPPED)
        self.assertNotIn("Traceback", server.output())

    def test_top(self) -> None:
        """
        Where the output is no terminal, figures come line by line; Ctrl-C ends that without many words.
        """
        self.start()
        peers = [self.peer(), self.peer()]
        figures = json.loads(self.balws("top --once --json --interval 0.2").stdout)
        self.assertEqual((figures["connections"], figures["opened"], figures["state"]), (len(peers), 2, "ready"))
        top = subprocess.Popen(
            asCommand("balws top --interval 0.1"),
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert top.stdout is not None
        for _ in range(2):
            self.assertRegex(top.stdout.readline(), r"^\d\d:\d\d:\d\d ready  connections 2  in 0/s  out 0/s")
        top.send_signal(signal.SIGINT)
        self.assertEqual(top.communicate(timeout=PATIENCE)[1], "")
        self.assertEqual(top.returncode, 1)

    def test_serve(self) -> None:
        """
        C{balws serve} ends like twistd: one line and status 1 for what cannot be served.
        """
        words = "balws: none.toml: cannot be read: No such file or directory\n"
        self.assertEqual(self.balws("serve none.toml", status=1).stderr, words)
        self.start()
        done = self.balws("serve", status=1)
        self.assertIn("failed to start the listener", done.stdout + done.stderr)

    def test_reactor(self) -> None:
        """
        Another reactor, and a log in a file.
        """
        server = Server(
            self, asCommand("balws serve --reactor asyncio --logfile a.log balws.toml"), self.port, self.folder
        )
        self.assertIn(server.stop(), STOPPED)
        self.assertIn("AsyncioSelectorReactor", (self.folder / "a.log").read_text())
        self.assertEqual(server.output(), "")


class TokenTests(OperatingCase):
    """
    An endpoint that wants a token.
    """

    def setUp(self) -> None:
        self.admin = freePort()
        self.endpoint = f'tcp:{self.admin}:interface=127.0.0.1"\ntoken = {{ env = "TOKEN" }}  #'
        super().setUp()
        self.patch(os, "environ", {**os.environ, "TOKEN": GOOD})

    def test_token(self) -> None:
        """
        It is taken from the configuration, the environment, or a file; without it and with another the
        error says what is wrong, and not the token.
        """
        self.start()
        where = f"--admin http://127.0.0.1:{self.admin}"
        (self.folder / "token").write_text(GOOD + "\n")
        head = self.balws("ps").stdout
        self.assertEqual(self.balws(f"ps {where} --token-file token").stdout, head)
        self.assertEqual(self.balws("ps", BALWS_ADMIN=f"tcp:{self.admin}", BALWS_ADMIN_TOKEN=GOOD).stdout, head)
        self.assertIn("wants a token: give --token-file FILE", self.balws(f"ps {where}", status=1).stderr)
        wrong = self.balws(f"ps {where}", status=1, BALWS_ADMIN_TOKEN="another-canary-token")
        self.assertEqual(wrong.stderr, f"balws: http://127.0.0.1:{self.admin} does not accept this token\n")


class TerminalTests(OperatingCase):
    """
    Commands at a terminal.
    """

    def top(self) -> Terminal:
        """
        @return: C{balws top}, which shows figures.
        """
        terminal = Terminal(self, "top", "--interval", "0.2", folder=self.folder)
        shown = terminal.until(b"s sorts by in/s")
        self.assertTrue(shown.startswith(b"\x1b[?1049h\x1b[?25l\x1b[H"), shown)
        self.assertFalse(termios.tcgetattr(terminal.fd)[3] & termios.ECHO)
        return terminal

    def test_top(self) -> None:
        """
        The whole screen: connections and rates come, s sorts, q leaves and gives the terminal back.
        """
        self.start()
        peer = self.peer()
        terminal = self.top()
        text = re.sub(rb"\x1b\[\??\d*[A-Za-z]", b"", terminal.shown).decode()
        self.assertIn(f"at unix:{self.folder}/admin.sock: ready, up ", text)
        self.assertRegex(text, r"/chat +ChatUpgrade +1 +1 ")
        self.assertRegex(text, r"[0-9a-f]{32} +- +/chat +127\.0\.0\.1 +\d+s +0 B +- +-")
        terminal.until(b"0 B     0      0")
        terminal.type(b"s")
        terminal.until(b"s sorts by out/s")
        peer.close()
        terminal.until(b"1 with 1000")
        terminal.type(b"q")
        self.assertEqual(terminal.status(), 0)
        self.assertTrue(terminal.shown.endswith(RESTORED), terminal.shown[-50:])

    def test_end(self) -> None:
        """
        However it ends, the terminal is given back: by Ctrl-C, by a signal.
        """
        self.start()
        for end, status in ((b"\x03", 0), (signal.SIGTERM, 1), (signal.SIGHUP, 0)):
            terminal = self.top()
            if isinstance(end, bytes):
                terminal.type(end)
            else:
                os.kill(terminal.pid, end)
            terminal.until(RESTORED)
            self.assertEqual(terminal.status(), status)
            self.assertTrue(terminal.shown.endswith(RESTORED), terminal.shown[-200:])

    def test_nobody(self) -> None:
        """
        Where no service runs the screen is left before the error is told.
        """
        terminal = Terminal(self, "top", folder=self.folder)
        self.assertEqual(terminal.status(), 1)
        _, _, words = terminal.shown.partition(RESTORED)
        self.assertTrue(words.startswith(b"balws: unix:"), terminal.shown)
        self.assertIn(b"cannot be reached", words)

    def test_kick(self) -> None:
        """
        It asks before it closes more than one, and closes them for a yes alone.
        """
        self.start()
        peers = [self.peer(), self.peer()]
        for answer, status in ((b"n\n", 1), (b"y\n", 0)):
            terminal = Terminal(self, "kick", "--to-path", "/chat", folder=self.folder)
            terminal.until(b'Close 2 connections of path "/chat"? [y/N] ')
            terminal.type(answer)
            words = b"closed 2 connections" if status == 0 else b"nothing was closed"
            self.assertIn(words, terminal.until(words))
            self.assertEqual(terminal.status(), status)
        self.assertEqual([self.closed(each)[0] for each in peers], [1008, 1008])

    def test_interrupted(self) -> None:
        """
        Ctrl-C at the question closes nobody.
        """
        self.start()
        peers = [self.peer(), self.peer()]
        terminal = Terminal(self, "kick", "--to-path", "/chat", folder=self.folder)
        terminal.until(b"[y/N] ")
        terminal.type(b"\x03")
        self.assertEqual(terminal.status(), 1)
        self.assertTrue(terminal.shown.endswith(b"^C\r\nbalws: nothing was closed\r\n"), terminal.shown)
        peers[0].send("still here")
        self.assertEqual(peers[0].recv(PATIENCE), "still here")

    def test_ps(self) -> None:
        """
        A table is as wide as its terminal.
        """
        self.start()
        self.peer()
        terminal = Terminal(self, "ps", folder=self.folder, columns=60)
        self.assertEqual(terminal.status(), 0)
        lines = terminal.shown.decode().replace("\r", "").splitlines()
        self.assertEqual(len(lines), 2)
        self.assertLessEqual(max(map(len, lines)), 60)


class CompletionTests(SynchronousTestCase):
    """
    The command line itself.
    """

    def test_bash(self) -> None:
        """
        After the line of C{~/.bashrc}, C{balws p} and the tabulator give ps.
        """
        script = (
            f'eval "$({shlex.join(asCommand("balws completion bash"))})"\n'
            "COMP_WORDS=(balws p); COMP_CWORD=1; _balws; echo ${COMPREPLY[*]}\n"
        )
        done = subprocess.run(["bash", "--norc"], input=script, env=environment(), capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("ps\n", ""))
