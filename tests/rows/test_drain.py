"""
Rows RL01 and RL03: a process that is told to end while it serves.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from OpenSSL.crypto import FILETYPE_PEM
from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand
from tests.rows.raw import CLOSE, TEXT, Peer, closing, frame, plain, request
from tests.rows.waiting import Repeatable, patiently
from tests.servers import Server, freePort
from tests.waiting import PATIENCE, until
from tests.wire.secured import certificate

SERVICES = Path(__file__).resolve().parent / "services"

CONFIGURATION = """
[python]
path = ["{services}"]
[server]
{server}
[[listeners]]
port = {port}
host = "127.0.0.1"
{listener}
[[listeners.services]]
path = "/work"
service = "draining:WorkingUpgrade"
pingInterval = 0
[[listeners.resources]]
path = "/http"
resource = "draining:Work"
"""

GOING_AWAY = (1001).to_bytes(2, "big")

#: Seconds that a loaded machine may add to anything.
SLACK = 10.0


class DrainTestCase(SynchronousTestCase, Repeatable):
    """
    One process for each test, for it ends.
    """

    secure = False

    def configured(self, server: str) -> Path:
        """
        @param server: lines of C{[server]}.
        @return: a folder with a configuration file.
        """
        self.port = freePort()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        self.folder = folder
        listener = ""
        if self.secure:
            listener = 'secureSocket = { key = { certFile = "server.pem", keyFile = "server.pem" } }'
            made = certificate()
            (folder / "server.pem").write_bytes(made.dump(FILETYPE_PEM) + made.privateKey.dump(FILETYPE_PEM))
        text = CONFIGURATION.format(services=SERVICES, server=server, port=self.port, listener=listener)
        (folder / "balws.toml").write_text(text, "utf-8")
        return folder

    def serve(self, server: str = "drainTimeout = 20\ndrainSpread = 0") -> None:
        """
        Have a process in the foreground.
        """
        folder = self.configured(server)
        self.server = Server(self, asCommand("twistd -n balws --config balws.toml"), self.port, folder)

    def processes(self) -> tuple[int, ...]:
        """
        Those of the test and of the server, where there is one.
        """
        return (os.getpid(), *(each.process.pid for each in [getattr(self, "server", None)] if each))

    def anew(self) -> None:
        """
        Have no process.
        """
        self.server.stop()
        self.assertNotIn("Traceback", self.server.output())

    def peer(self) -> Peer:
        """
        @return: a new connection.
        """
        peer = Peer(self.port, patience=PATIENCE, secure=self.secure)
        self.addCleanup(peer.close)
        return peer

    def open(self, query: str = "") -> Peer:
        """
        @return: a connection after its upgrade.
        """
        peer = self.peer().send(request(f"/work{query}"))
        self.assertEqual(peer.status(), 101)
        return peer

    def opened(self, count: int) -> list[Peer]:
        """
        @return: so many connections, whose upgrades were under way together.
        """
        peers = [self.peer().send(request("/work")) for _ in range(count)]
        self.assertEqual({peer.status() for peer in peers}, {101})
        return peers

    def work(self, end: str = "300", query: str = "") -> Peer:
        """
        @param end: when it ends: seconds; C{go} leaves it to L{go}.
        @return: a connection for which a method works.
        """
        peer = self.open(query)
        self.assertEqual(peer.send(frame(TEXT, b"ready")).receive(), (TEXT, b"ready"))
        # What waits behind it is dropped.
        peer.send(frame(TEXT, b"~" + end.encode()) + frame(TEXT, b"late"))
        self.assertEqual(peer.receive(), (TEXT, b"begun"))
        return peer

    def go(self) -> None:
        """
        Let methods end that work until then: when somebody was told that the process drains, for only then nothing
        that waits is begun.
        """
        (self.folder / "go").touch()

    def tell(self, number: int = signal.SIGTERM) -> None:
        """
        Send a signal.
        """
        self.told = time.monotonic()
        self.server.process.send_signal(number)

    def closedAfter(self) -> float:
        """
        @return: seconds from the signal until the port takes nobody any more.
        """
        while time.monotonic() - self.told < PATIENCE:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                return time.monotonic() - self.told
            time.sleep(0.01)
        self.fail("the port is open")

    def ends(self, within: float) -> float:
        """
        The process ends with status 0, so many seconds after the signal or earlier, and nothing
        went wrong.

        @return: the seconds.
        """
        try:
            status = self.server.process.wait(within + SLACK)
        except subprocess.TimeoutExpired:
            self.fail(f"does not end:\n{self.server.output()}")
        took = time.monotonic() - self.told
        self.server.stop()
        self.assertEqual(status, 0, self.server.output())
        self.assertTrue(took < within + SLACK, took)
        self.assertNotIn("Traceback", self.server.output())
        self.assertNotIn("Unhandled", self.server.output())
        return took

    def assertTold(self, peer: Peer, *before: bytes) -> None:
        """
        A peer hears these texts, then 1001; it answers, and then TCP ends.
        """
        for each in before:
            self.assertEqual(peer.receive(), (TEXT, each))
        self.assertEqual(peer.receive(), (CLOSE, GOING_AWAY))
        peer.send(closing(1001))
        self.assertEqual(peer.rest(), b"")


class DrainTests(DrainTestCase):
    """
    The first signal.
    """

    @patiently
    def test_crowd(self) -> None:
        """
        Of 500 peers a tenth is deaf: nobody new gets in, each of the others hears 1001, the
        answer of the method in hand and that of an HTTP request come, and the deaf are dropped
        in time (RL01, G7).
        """
        self.serve("drainTimeout = 4\ndrainSpread = 0")
        peers = self.opened(499)
        deaf, live = peers[::10], [peer for number, peer in enumerate(peers) if number % 10]
        worker = self.work("go")
        http = self.peer().send(plain("/http?seconds=1.5"))
        until((self.folder / "asked").exists, "the request in hand")
        self.tell()
        self.assertLess(self.closedAfter(), 3.5)
        self.assertTold(live.pop())
        self.go()
        self.assertTold(worker, b"worked")
        for peer in live:
            self.assertTold(peer)
        self.assertEqual(http.response()[0], 200)
        self.assertGreater(self.ends(4 + 1), 3.9, "the deaf were not waited for")
        for peer in deaf:
            self.assertEqual(peer.receive(), (CLOSE, GOING_AWAY))
            peer.rest()
            self.assertTrue(peer.ended)
        self.assertEqual(self.server.output().count("SIGTERM: draining"), 1)

    def test_allAnswer(self) -> None:
        """
        Where all answer the process ends long before its time; Ctrl-C is as good as SIGTERM.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            self.serve("drainTimeout = 60")
            peers = self.opened(20)
            self.tell(number)
            for peer in peers:
                self.assertTold(peer)
            self.ends(2)

    def test_nobody(self) -> None:
        """
        Where nobody is connected it ends at once.
        """
        self.serve("drainTimeout = 60")
        self.peer().send(plain("/http?seconds=0")).status()
        self.tell()
        self.ends(1)

    def test_methodTooLong(self) -> None:
        """
        A peer whose method does not end in time hears 1001 before it is dropped, and the process
        ends in time.
        """
        self.serve("drainTimeout = 2")
        peer = self.work()
        self.tell()
        self.assertTold(peer)
        self.ends(2 + 1)

    def test_methodOutlives(self) -> None:
        """
        What runs on when its peer has gone is finished: the method in hand, and C{onClose}
        after it.
        """
        self.serve()
        file = Path(self.mktemp()).absolute()
        file.parent.mkdir(parents=True, exist_ok=True)
        idle = self.open()
        self.work("go", f"?file={file}").close()
        self.tell()
        self.assertTold(idle)
        self.go()
        self.ends(2)
        self.assertTrue(file.read_text("ascii").startswith("closed 100"))

    def test_httpKeptAlive(self) -> None:
        """
        An HTTP connection on which nothing is asked is closed without a word.
        """
        self.serve()
        peer = self.peer().send(plain("/http?seconds=0"))
        self.assertEqual(peer.answer().split()[1], b"200")
        self.tell()
        self.ends(1)
        self.assertTrue(peer.rest().endswith(b"0\r\n\r\n"))

    def test_zero(self) -> None:
        """
        With C{drainTimeout = 0} nobody is waited for.
        """
        self.serve("drainTimeout = 0")
        peer = self.work()
        self.tell()
        self.ends(1)
        self.assertNotIn(b"worked", peer.rest())

    def test_background(self) -> None:
        """
        A process in the background ends the same way, and leaves no pid file.
        """
        folder = self.configured("drainTimeout = 20")
        command = asCommand("twistd --pidfile=balws.pid --logfile=balws.log balws --config balws.toml")
        self.assertEqual(subprocess.run(command, cwd=folder, timeout=60).returncode, 0)
        pid = int((folder / "balws.pid").read_text("ascii"))
        self.addCleanup(_kill, pid)
        until(self._answers, "the port answers")
        peer, idle = self.work("go"), self.open()
        os.kill(pid, signal.SIGTERM)
        self.assertTold(idle)
        self.go()
        self.assertTold(peer, b"worked")
        until(lambda: not (folder / "balws.pid").exists(), "the pid file is gone")
        until(lambda: not _lives(pid), "the process ends")
        log = (folder / "balws.log").read_text("utf-8")
        self.assertIn("Server Shut Down.", log)
        self.assertNotIn("Traceback", log)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
        except ConnectionRefusedError:
            return False
        return True


class SecureTests(DrainTestCase):
    """
    Over TLS.
    """

    secure = True

    def test_first(self) -> None:
        """
        The method in hand answers, peers hear 1001; who has not finished its TLS handshake
        keeps nobody waiting.
        """
        self.serve()
        silent = socket.create_connection(("127.0.0.1", self.port))
        self.addCleanup(silent.close)
        worker, idle = self.work("go"), self.open()
        self.tell()
        self.assertTold(idle)
        self.go()
        self.assertTold(worker, b"worked")
        self.ends(2)


class SecondTests(DrainTestCase):
    """
    The second signal.
    """

    def test_atOnce(self) -> None:
        """
        It ends everything at once, peers, methods and HTTP, with status 0 too (RL01).
        """
        self.serve("drainTimeout = 300")
        peers = [self.open(), self.work(), self.peer().send(plain("/http?seconds=300"))]
        self.tell()
        self.closedAfter()
        self.assertIsNone(self.server.process.poll())
        self.tell(signal.SIGINT)
        self.ends(1)
        for peer in peers:
            peer.rest()
            self.assertTrue(peer.ended)
        self.assertIn("SIGINT: stopping at once", self.server.output())

    def test_together(self) -> None:
        """
        It may come before the first was seen.
        """
        self.serve("drainTimeout = 300")
        peers = [self.open(), self.work(), self.peer().send(plain("/http?seconds=300"))]
        self.tell()
        self.tell(signal.SIGINT)
        self.ends(1)
        for peer in peers:
            peer.rest()
            self.assertTrue(peer.ended)

    def test_many(self) -> None:
        """
        One after the other, they do not give the process another status.
        """
        self.serve("drainTimeout = 300")
        self.open()
        for _ in range(100):
            self.tell()
            time.sleep(0.01)
            if self.server.process.poll() is not None:
                break
        self.ends(1)


class SpreadTests(DrainTestCase):
    """
    Peers are not told all at once.
    """

    def test_spread(self) -> None:
        """
        Of 1,000 peers that are told within 2 s no tenth of a second has more than a fifth
        (RL03), in one of several tries, for the machine may have other things to do.
        """
        shares: list[int] = []
        for _ in range(5):
            times = self.closes(1000, "drainTimeout = 20\ndrainSpread = 2")
            self.assertEqual(len(times), 1000)
            shares = [sum(start <= each < start + 0.1 for each in times) for start in times]
            if max(shares) <= 200:
                return
        self.fail(f"{max(shares)} peers within a tenth of a second")

    def test_atOnce(self) -> None:
        """
        With C{drainSpread = 0} they are.
        """
        times = self.closes(100, "drainTimeout = 20\ndrainSpread = 0")
        self.assertEqual(len(times), 100)
        self.assertTrue(times[-1] - times[0] < SLACK, times[-1] - times[0])

    def closes(self, count: int, server: str) -> list[float]:
        """
        @return: when each of so many peers heard 1001, the first first.
        """
        self.serve(server)
        peers = self.opened(count)
        times = []
        with selectors.DefaultSelector() as waiting:
            for peer in peers:
                waiting.register(peer.socket, selectors.EVENT_READ, peer)
            self.tell()
            while waiting.get_map():
                ready = waiting.select(PATIENCE)
                now = time.monotonic()
                if not ready:
                    break
                for key, _ in ready:
                    waiting.unregister(key.fileobj)
                    self.assertEqual(key.data.receive(), (CLOSE, GOING_AWAY))
                    key.data.send(closing(1001))
                    times.append(now)
        self.ends(3)
        return times


class NotifyTests(DrainTestCase):
    """
    What the service manager hears.
    """

    def test_life(self) -> None:
        """
        That the ports are open, that the process lives, and that it is about to end.
        """
        folder = TemporaryDirectory()  # the test's own has too long a name for a socket
        self.addCleanup(folder.cleanup)
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(folder.name + "/notify")
        manager.settimeout(PATIENCE)
        heard: list[str] = []

        def hear(words: str) -> None:
            while words not in heard:
                heard.extend(manager.recv(4096).decode().splitlines())

        for name, value in (("NOTIFY_SOCKET", folder.name + "/notify"), ("WATCHDOG_USEC", "200000")):
            self._set(name, value)
        self.serve()
        hear("READY=1")
        hear("WATCHDOG=1")
        self.assertNotIn("STOPPING=1", heard)
        peer, idle = self.work("go"), self.open()
        self.tell()
        hear("STOPPING=1")
        self.assertTold(idle)
        heard.clear()
        hear("WATCHDOG=1")
        self.go()
        self.assertTold(peer, b"worked")
        self.ends(2)

    def _set(self, name: str, value: str) -> None:
        before = os.environ.get(name)
        os.environ[name] = value
        if before is None:
            self.addCleanup(os.environ.pop, name, None)
        else:
            self.addCleanup(os.environ.__setitem__, name, before)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _kill(pid: int) -> None:
    if _lives(pid):
        os.kill(pid, signal.SIGKILL)
