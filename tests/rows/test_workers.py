"""
Several processes that share the ports of one service: real ones, which are killed, stopped and
told to go.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand, environment
from tests.rows.raw import CLOSE, TEXT, Peer, frame, request
from tests.servers import Server, freePort
from tests.waiting import PATIENCE, until

SERVICES = Path(__file__).resolve().parent / "services"

CONFIGURATION = """
[server]
workers = 2
drainTimeout = {drain}
[hub]
scope = "worker"
[python]
path = ["{folder}"]
[[listeners]]
{listening}
[[listeners.services]]
path = "/who"
service = "{service}"
"""

#: What systemd does: opens a port as descriptor 3, and becomes a command.
ACTIVATION = """\
import os, socket, sys
port, *command = sys.argv[1:]
listening = socket.create_server(("127.0.0.1", int(port)))
if listening.fileno() != 3:
    os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="it")
os.execv(command[0], command)
"""

def lives(pid: int) -> bool:
    """
    @return: whether there is such a process; one that nobody has taken notice of is gone.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _connected(path: Path) -> socket.socket | None:
    """
    @return: a connection to a UNIX socket; L{None} where nobody listens, or not yet.
    """
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(PATIENCE)
    try:
        made.connect(str(path))
    except (ConnectionRefusedError, FileNotFoundError):
        made.close()
        return None
    return made


class WorkersTestCase(SynchronousTestCase):
    """
    Two workers and their supervisor.
    """

    def setUp(self) -> None:
        self.port = freePort()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.peers: list[Peer] = []

    def write(self, drain: float = 10, service: str = "several:TellingUpgrade", endpoint: str | None = None) -> None:
        """
        Write the configuration.
        """
        listening = f'port = {self.port}\nhost = "127.0.0.1"' if endpoint is None else f'endpoint = "{endpoint}"'
        text = CONFIGURATION.format(drain=drain, folder=SERVICES, listening=listening, service=service)
        (self.folder / "balws.toml").write_text(text, "utf-8")

    def serve(self, *before: str, **options: Any) -> None:
        """
        Start, and wait until both workers serve.

        @param before: a command that starts the one behind it.
        """
        self.write(**options)
        self.start(*before)

    def start(self, *before: str) -> None:
        """
        The same with the configuration as it is.
        """
        command = [*before, *asCommand("twistd -n balws --config balws.toml")]
        self.server = Server(self, command, self.port, self.folder)
        until(lambda: "All 2 workers serve" in self.server.output() or self.server.process.poll() is not None, "start")
        self.assertIsNone(self.server.process.poll(), self.server.output())

    def ends(self, **options: Any) -> tuple[int, str]:
        """
        @return: the status of a start that fails, and all that was said.
        """
        self.write(**options)
        done = subprocess.run(
            asCommand("twistd -n balws --config balws.toml"),
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
        )
        return done.returncode, done.stdout.decode()

    def open(self) -> tuple[int, Peer]:
        """
        @return: a new connection, and the process that serves it.
        """
        peer = Peer(self.port, patience=PATIENCE)
        self.peers.append(peer)
        # Before the server is stopped: it waits for those that do not answer.
        self.addCleanup(peer.close)
        self.assertEqual(peer.send(request("/who")).status(), 101)
        return self.ask(peer), peer

    def ask(self, peer: Peer, text: bytes = b"who") -> int:
        """
        @return: what this peer's process answers.
        """
        opcode, answer = peer.send(frame(TEXT, text)).receive()
        self.assertEqual(opcode, TEXT)
        return int(answer)

    def both(self, count: int = 4) -> dict[int, list[Peer]]:
        """
        @return: so many connections of each worker, by its process.
        """
        found: dict[int, list[Peer]] = {}

        def enough() -> bool:
            pid, peer = self.open()
            found.setdefault(pid, []).append(peer)
            return len(found) == 2 and all(len(peers) >= count for peers in found.values())

        until(enough, "connections at both workers")
        return found

    def assertAway(self, peer: Peer) -> None:
        """
        This peer is told 1001.
        """
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, (1001).to_bytes(2, "big")))

    def assertRefused(self) -> None:
        """
        Nobody listens any more.
        """

        def isRefused() -> bool:
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                pass  # whoever closes the port resets those that wait to be accepted
            return False

        until(isRefused, "the port is closed", 5)


class ServingTests(WorkersTestCase):
    """
    While nothing is wrong.
    """

    def test_both(self) -> None:
        """
        Two processes serve one port, neither is the supervisor, none has much more than its share of
        the connections, and a terminal's Ctrl-C reaches neither.
        """
        self.serve()
        found = self.both()
        self.assertNotIn(self.server.process.pid, found)


        def isShared() -> bool:
            pid, peer = self.open()
            found[pid].append(peer)
            few, many = sorted(len(peers) for peers in found.values())
            return few + many >= 28 and few * 3 > many

        until(isShared, "each has its share")
        for pid in found:
            self.assertEqual(os.getsid(pid), pid)

    def test_oneLog(self) -> None:
        """
        What workers log, print, write beside the log and fail with stands once in the supervisor's log;
        and only they import services.
        """
        self.serve()
        for peers in self.both(1).values():
            self.ask(peers[0], b"print")
            peers[0].send(frame(TEXT, b"fail")).receive()
        said = ("a service is imported", "printed by a service", "written beside the log", "ValueError: on purpose")
        for words in said:
            until(lambda words=words: self.server.output().count(words) == 2, words)
        for line in self.server.output().splitlines():
            self.assertNotIn('{"time"', line)

    def test_hangUp(self) -> None:
        """
        SIGHUP at the supervisor reaches every worker; connections go on.
        """
        self.serve()
        found = self.both(1)
        before = len(self.server.output().splitlines())
        self.server.process.send_signal(signal.SIGHUP)
        until(lambda: len(self.server.output().splitlines()) >= before + 2, "what the workers say to SIGHUP")
        for pid, (peer, *_) in found.items():
            self.assertEqual(self.ask(peer), pid)

    def test_unix(self) -> None:
        """
        A UNIX socket is shared, too; its file keeps its permissions, and stays when one of the workers
        goes.
        """
        short = tempfile.mkdtemp()  # sun_path has 108 bytes
        self.addCleanup(shutil.rmtree, short)
        path = Path(short, "socket")
        self.write(endpoint=f"unix:{path}:mode=600")
        process = subprocess.Popen(
            asCommand("twistd -n balws --config balws.toml"),
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        pids: list[int] = []
        for number in range(2):
            peer = Peer.__new__(Peer)
            peer.socket = until(lambda: _connected(path), "the socket's file")
            peer.data, peer.ended, peer.reset = b"", False, False
            self.addCleanup(peer.close)
            self.assertEqual(peer.send(request("/who")).status(), 101)
            pids.append(self.ask(peer))
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            if number == 0:
                peer.close()
                os.kill(pids[0], signal.SIGTERM)
                until(lambda: not lives(pids[0]), "the end of a worker")
        self.assertNotEqual(*pids)


    def test_socketActivation(self) -> None:
        """
        A socket that systemd has opened is shared like any other.
        """
        self.serve(sys.executable, "-c", ACTIVATION, str(self.port), endpoint="systemd:domain=INET:index=0")
        self.assertEqual(len(self.both(1)), 2)


class EndingTests(WorkersTestCase):
    """
    When a process ends, or shall end.
    """

    def test_killed(self) -> None:
        """
        A worker that is killed is replaced, and the other's connections do not notice (RL04).
        """
        self.serve()
        found = self.both()
        dead, alive = found
        os.kill(dead, signal.SIGKILL)
        for peer in found[dead]:
            peer.rest()
            self.assertTrue(peer.ended)

        def replaced() -> bool:
            self.assertEqual({self.ask(peer) for peer in found[alive]}, {alive})
            return self.open()[0] not in found

        until(replaced, "a new worker")
        line = f"(process {dead}) was ended by SIGKILL; another takes its place in 0.1 s"
        self.assertEqual(self.server.output().count(line), 1, self.server.output())
        self.assertEqual({self.ask(peer) for peer in found[alive]}, {alive})

    def test_otherOrder(self) -> None:
        """
        Listeners that have changed places in the file since the start: whoever replaces a worker
        serves each of them where it was opened (RL11).
        """
        table, other = "[[listeners]]\n", freePort()
        self.write()
        file = self.folder / "balws.toml"
        head, _, first = file.read_text("utf-8").partition(table)
        second = first.replace(str(self.port), str(other)).replace('"/who"', '"/other"')
        file.write_text(head + table + first + table + second, "utf-8")
        self.start()
        found = self.both(1)
        file.write_text(head + table + second + table + first, "utf-8")
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        serves = re.compile(r"Worker \d \(process \d+\) serves")
        until(lambda: len(serves.findall(self.server.output())) == 4, "new workers")
        self.assertTrue(set(self.both(1)).isdisjoint(found))
        for port, path, expected in ((self.port, "/other", 404), (other, "/who", 404), (other, "/other", 101)):
            peer = Peer(port, patience=PATIENCE)
            self.assertEqual(peer.send(request(path)).status(), expected, (port, path))
            peer.close()

    def test_supervisorKilled(self) -> None:
        """
        When the supervisor is killed its workers drain and end; nothing is left.
        """
        self.serve()
        found = self.both(1)
        self.server.process.kill()
        for peers in found.values():
            for peer in peers:
                self.assertAway(peer)
                peer.close()
        until(lambda: not any(lives(pid) for pid in found), "the workers' end")
        self.assertRefused()

    def test_stopped(self) -> None:
        """
        SIGTERM at the supervisor: the port is closed, every peer is told 1001, all processes end, and
        the status is 0 (RL01).
        """
        self.serve()
        found = self.both()
        self.server.process.terminate()
        for peers in found.values():
            for peer in peers:
                self.assertAway(peer)
        self.assertRefused()
        for peer in self.peers:
            peer.close()
        self.assertEqual(self.server.process.wait(PATIENCE), 0)
        self.assertFalse(any(lives(pid) for pid in found))
        self.assertNotIn("Traceback", self.server.output())

    def test_stoppedTwice(self) -> None:
        """
        A second SIGTERM ends at once what waits for peers that do not answer.
        """
        self.serve(drain=600)
        found = self.both(1)
        self.server.process.terminate()
        for peers in found.values():
            self.assertAway(peers[0])
        self.assertIsNone(self.server.process.poll())
        self.server.process.terminate()
        self.assertEqual(self.server.process.wait(PATIENCE), 0)
        self.assertFalse(any(lives(pid) for pid in found))


class StartTests(WorkersTestCase):
    """
    What cannot start.
    """

    def test_service(self) -> None:
        """
        A service that no worker can import is said once, in the words of a single process, and the
        status is 1.
        """
        status, output = self.ends(service="nowhere:Service")
        self.assertEqual(status, 1, output)
        words = 'balws.toml:14:11: listeners[0].services[0].service: no module named "nowhere"'
        self.assertEqual(output.count(words), 1, output)
        self.assertEqual(output.count("nowhere"), 1, output)
        self.assertNotIn("Traceback", output)

    def test_portInUse(self) -> None:
        """
        A port in use is one line, status 1, and no worker is started (RL12).
        """
        with socket.create_server(("127.0.0.1", self.port)):
            status, output = self.ends()
        self.assertEqual(status, 1, output)
        words = f"balws: failed to start the listener on '127.0.0.1:{self.port}': "
        self.assertEqual(output.count(words), 1, output)
        self.assertNotIn("Traceback", output)
        self.assertNotIn("Worker", output)

    def test_endpointWithTls(self) -> None:
        """
        An endpoint with TLS of its own cannot be shared, which is said with its place and what to do.
        """
        status, output = self.ends(endpoint=f"ssl:{self.port}:privateKey=key.pem")
        self.assertEqual(status, 1, output)
        self.assertIn("listeners[0].endpoint: several workers cannot share what ssl: opens; use tcp:", output)
        self.assertNotIn("Traceback", output)
