"""
Tests of C{balws connect}, as a person runs it: a process in a pseudo-terminal, and a server.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import ssl
import struct
import subprocess
import sys
import termios
import threading
import time
from base64 import b64decode
from pathlib import Path
from queue import Queue
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Headers, Request
from websockets.sync.server import Server, ServerConnection, serve

from tests.certificates import Authority
from tests.cli.test_connect_terminal import Emulated
from tests.commands import environment
from tests.servers import freePort

#: No step of a process takes as many seconds, on whatever machine.
PATIENCE = 30

UP = b"\x1b[A"


class Echo:
    """
    A server on a thread of its own: it echoes, and does some things when it is told to.

    @ivar connections: those that there were.
    @ivar headers: those of the requests.
    @ivar heard: what was said to it.
    """

    def __init__(self, test: SynchronousTestCase, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.headers: Queue[Headers] = Queue()
        self.connections: Queue[ServerConnection] = Queue()
        self.heard: Queue[str | bytes] = Queue()
        self._server: Server = serve(
            self._hold, "127.0.0.1", port or freePort(), process_request=self._ask, ssl=tls
        )
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        test.addCleanup(self.stop)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/room?token=canary"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE)

    def _ask(self, connection: ServerConnection, request: Request) -> None:
        self.headers.put(request.headers)

    def _hold(self, connection: ServerConnection) -> None:
        self.connections.put(connection)
        try:
            for message in connection:
                self.heard.put(message)
                connection.send(message)
        except ConnectionClosed:
            pass


class Person:
    """
    A terminal with the command in it.

    @ivar screen: what it shows.
    """

    def __init__(self, test: SynchronousTestCase, state: Path, *arguments: str) -> None:
        self._test = test
        self.screen = Emulated()
        self.written = ""
        self.master, slave = pty.openpty()
        self.slave = slave
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.found = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "balws", "connect", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment(), "XDG_STATE_HOME": str(state), "TERM": "xterm", "NO_COLOR": "1"},
            start_new_session=True,
        )
        test.addCleanup(self.end)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def type(self, text: str | bytes) -> None:
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def rows(self) -> list[str]:
        """
        @return: the rows that are not empty.
        """
        return [row.rstrip() for row in self.screen.rows if row.strip()]

    def sees(self, *rows: str) -> None:
        """
        Wait until these are the last rows.
        """
        end = time.monotonic() + PATIENCE
        while self.rows()[-len(rows) :] != list(rows):
            self._test.assertTrue(self._read(end - time.monotonic()), f"{rows} in place of {self.rows()}")

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return False
        text = os.read(self.master, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        self.written += text
        self.screen.feed(text)
        return True

    def leaves(self) -> int:
        """
        @return: the status of the command, when it has ended.
        """
        status = self.process.wait(PATIENCE)
        while self._read(0):
            pass
        self._test.assertEqual(termios.tcgetattr(self.slave), self.found)
        self._test.assertNotIn("Traceback", self.written)
        return status


class ByHandTests(SynchronousTestCase):
    """
    With a prompt.
    """

    def setUp(self) -> None:
        self.state = Path(self.mktemp()).absolute()
        self.server = Echo(self)

    def connect(self, *arguments: str) -> Person:
        person = Person(self, self.state, self.server.url, *arguments)
        person.sees(f"connected to ws://127.0.0.1:{self.server.port}/room, compressed", ">")
        return person

    def test_conversation(self) -> None:
        """
        Lines are sent and answers shown; Ctrl-D closes with 1000 and leaves, and the terminal
        is as it was.
        """
        person = self.connect()
        person.type("grüße 世界\r")
        person.sees("> grüße 世界", "< grüße 世界", ">")
        person.type('{"a": [1, true]}\r')
        person.sees("< {", '    "a": [', "      1,", "      true", "    ]", "  }", ">")
        person.type("/binary 00ff\r")
        person.sees("< binary, 2 bytes: 00 ff", ">")
        person.type("/ping you\r")
        end = time.monotonic() + PATIENCE
        while not any(row.startswith("pong after") and row.endswith("ms: you") for row in person.rows()):
            self.assertTrue(person._read(end - time.monotonic()), person.rows())
        person.type(b"\x04")
        self.assertEqual(person.leaves(), 0)
        self.assertEqual(person.rows()[-1], "balws: closed: 1000, normal closure")
        self.assertNotIn("canary", person.written)
        connection = self.server.connections.get(timeout=PATIENCE)
        self.assertEqual(connection.close_code, 1000)

    def test_whileTyping(self) -> None:
        """
        What comes stands above the line that is being typed, which goes on.
        """
        person = self.connect()
        person.type("half")
        person.sees("> half")
        self.server.connections.get(timeout=PATIENCE).send("look \x1b[31m\u202e")
        person.sees("< look \\x1b[31m\\u202e", "> half")
        person.type(" done\r")
        person.sees("> half done", "< half done", ">")
        person.type(b"\x04")
        self.assertEqual(person.leaves(), 0)

    def test_history(self) -> None:
        """
        Lines of an earlier session come back with the arrow key, from a file that only its
        owner can read.
        """
        person = self.connect()
        person.type("first\rsecond\r")
        person.sees("< second", ">")
        person.type(b"\x04")
        self.assertEqual(person.leaves(), 0)
        file = self.state / "balws" / "history"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        person = self.connect()
        person.type(UP)
        person.sees("> second")
        person.type(UP)
        person.sees("> first")
        person.type(b"\r")
        person.sees("> first", "< first", ">")
        person.type("/quit\r")
        self.assertEqual(person.leaves(), 0)

    def test_completion(self) -> None:
        """
        Tab completes commands, and words that were seen.
        """
        person = self.connect()
        person.type("/hel\t")
        person.sees("> /help")
        person.type(b"\x15")
        self.server.connections.get(timeout=PATIENCE).send('{"temperature": 1}')
        person.sees("< {", '    "temperature": 1', "  }", ">")
        person.type("temp\t\r")
        person.sees("> temperature", "< temperature", ">")
        person.type(b"\x04")
        self.assertEqual(person.leaves(), 0)

    def test_password(self) -> None:
        """
        A user's password is asked for, before there is a connection, and is shown nowhere.
        """
        person = Person(self, self.state, self.server.url, "--user", "ada")
        person.sees("Password for ada:")
        person.type("analytical engine\r")
        person.sees(f"connected to ws://127.0.0.1:{self.server.port}/room, compressed", ">")
        shown = self.server.headers.get(timeout=PATIENCE)["Authorization"]
        self.assertEqual(b64decode(shown.removeprefix("Basic ")), b"ada:analytical engine")
        person.type(UP + b"\x04")
        self.assertEqual(person.leaves(), 0)
        self.assertNotIn("analytical", person.written)

    def test_interrupt(self) -> None:
        """
        Ctrl-C gives up what was typed; twice on an empty line leaves.
        """
        person = self.connect()
        person.type(b"never mind\x03")
        person.sees("> never mind^C", ">")
        person.type(b"\x03")
        person.sees("Ctrl-C once more leaves, and so does Ctrl-D.", ">")
        person.type(b"\x03")
        self.assertEqual(person.leaves(), 0)
        self.assertTrue(self.server.heard.empty())

    def test_serverCloses(self) -> None:
        """
        The server's code is told in words, and its kind is the status.
        """
        for code, status, words in (
            (1000, 0, "1000, normal closure: bye"),
            (1001, 0, "1001, going away: bye"),
            (1011, 4, "1011, internal error: bye"),
            (4321, 4, "4321, a code of the application: bye"),
        ):
            person = self.connect()
            person.type("unfinished")
            person.sees("> unfinished")
            self.server.connections.get(timeout=PATIENCE).close(code, "bye")
            self.assertEqual(person.leaves(), status)
            self.assertEqual(person.rows()[-1], f"balws: the server closed: {words}")

    def test_reconnect(self) -> None:
        """
        With --reconnect it connects again, and what was typed in the meantime is sent then.
        """
        person = self.connect("--reconnect")
        port = self.server.port
        self.server.stop()
        person.sees("the server closed: 1001, going away", "connecting again; what is typed waits", ">")
        person.type("still here\r")
        person.sees("> still here", ">")
        self.server = Echo(self, port)
        person.sees("connected again", "< still here", ">")
        person.type(b"\x04")
        self.assertEqual(person.leaves(), 0)

    def test_terminated(self) -> None:
        """
        Who ends the process from elsewhere gets the terminal back as it was.
        """
        for number in (signal.SIGTERM, signal.SIGHUP):
            person = self.connect()
            self.assertNotEqual(termios.tcgetattr(person.slave), person.found)
            person.process.send_signal(number)
            self.assertNotEqual(person.leaves(), 0)

    def test_resize(self) -> None:
        """
        A narrow terminal shows the part of the line around the cursor.
        """
        person = self.connect()
        person.type("0123456789" * 4)
        person.sees("> " + "0123456789" * 4)
        fcntl.ioctl(person.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 24, 0, 0))
        person.process.send_signal(signal.SIGWINCH)
        end = time.monotonic() + PATIENCE
        while len(person.rows()[-1]) >= 24:
            self.assertTrue(person._read(end - time.monotonic()), person.rows())
        person.type(b"\r")
        self.assertEqual(self.server.heard.get(timeout=PATIENCE), "0123456789" * 4)
        person.sees("< " + "0123456789" * 4, ">")
        person.type(b"\x04")
        self.assertEqual(person.leaves(), 0)


class PipeTests(SynchronousTestCase):
    """
    In a script.
    """

    def connect(self, *arguments: str, given: bytes = b"") -> Any:
        return subprocess.run(
            [sys.executable, "-m", "balws", "connect", *arguments],
            input=given,
            capture_output=True,
            env=environment(),
            timeout=PATIENCE,
        )

    def test_lines(self) -> None:
        """
        Lines are messages, and answers are lines.
        """
        server = Echo(self)
        done = self.connect(server.url, given="eins\nzwölf\n".encode())
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "eins\nzwölf\n".encode(), b""))

    def test_secured(self) -> None:
        """
        With TLS both show who they are, and nobody is trusted without a reason.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        authority = Authority()
        own, client = (authority.issue(host).write(folder, name) for host, name in (("localhost", "s"), ("ada", "c")))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*own)
        tls.load_verify_locations(authority.write(folder))
        tls.verify_mode = ssl.CERT_REQUIRED
        server = Echo(self, tls=tls)
        url = f"wss://localhost:{server.port}/"
        shown = ("--cert", client[0], "--key", client[1])
        done = self.connect(url, "--send", "a", "--ca-file", authority.write(folder), *shown)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"a\n", b""))
        done = self.connect(url, "--send", "a", *shown)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"TLS handshake failed", done.stderr)
        done = self.connect(url, "--send", "a", "--insecure", *shown)
        self.assertEqual((done.returncode, done.stdout), (0, b"a\n"))
        self.assertIn(b"balws: warning: TLS without verification", done.stderr)

    def test_readerLeaves(self) -> None:
        """
        Who needs no more of it, as C{head} does, ends it, without a word.
        """
        server = Echo(self)
        command = [sys.executable, "-m", "balws", "connect", server.url, "--send", "a", "--until-close"]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
        )
        self.addCleanup(process.wait)
        assert process.stdout is not None and process.stderr is not None
        self.assertEqual(process.stdout.readline(), b"a\n")
        process.stdout.close()
        server.connections.get(timeout=PATIENCE).send("b")
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def test_nobody(self) -> None:
        """
        Where nobody is there, one line says so.
        """
        server = Echo(self)
        server.stop()
        done = self.connect(server.url, "--send", "a")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"the connection was refused", done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1)


class EditingTests(SynchronousTestCase):
    """
    The keys that shells have taught.
    """

    def test_searched(self) -> None:
        """
        What was typed before is searched, left, taken into the line, edited, and undone.
        """
        server = Echo(self)
        person = Person(self, Path(self.mktemp()).absolute(), server.url)
        person.sees(f"connected to ws://127.0.0.1:{server.port}/room, compressed", ">")
        person.type("join red\rjoin blue\r")
        person.sees("< join blue", ">")
        person.type(b"draft\x12red")
        person.sees("(reverse-i-search)`red': join red")
        person.type(b"\x07")
        person.sees("> draft")
        person.type(b"\x12red\x1b")
        person.sees("> join red")
        person.type(b"\x0b\x1f\x05!\r")
        person.sees("> join red!", "< join red!", ">")
        person.type(b"\x04")
        self.assertEqual(person.leaves(), 0)
