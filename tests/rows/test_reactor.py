"""
balws' reactor in real processes: C{twistd --reactor balws}.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand, environment
from tests.rows.raw import BINARY, CLOSE, TEXT, Peer, frame, request
from tests.servers import STOPPED, Server, freePort
from tests.waiting import PATIENCE, until

SERVICE = """\
from pathlib import Path
from time import monotonic

from twisted.python import log

from balws import Service, UpgradeService


class Telling(Service):
    def onTextMessage(self, text: str) -> str:
        from twisted.internet import reactor

        log.msg(f"heard {text}")
        return f"{type(reactor).__name__} {reactor.seconds is monotonic}"

    def onBinaryMessage(self, data: bytes) -> bytes:
        return data


class TellingUpgrade(UpgradeService):
    def get(self) -> Telling:
        return Telling()


def observer():
    file = Path("observed.txt").open("a", buffering=1)
    return lambda event: file.write(f"{event.get('message')}\\n")
"""

CONFIGURATION = """
[server]
workers = {workers}
[hub]
scope = "worker"
[python]
path = ["."]
[[listeners]]
port = {port}
host = "127.0.0.1"
[[listeners.services]]
path = "/"
service = "telling:TellingUpgrade"
"""


class ReactorTests(SynchronousTestCase):
    """
    A server that was started with it.
    """

    def serve(self, words: str = "", workers: int = 1) -> Server:
        """
        @param words: more of twistd's options.
        """
        self.port = freePort()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "telling.py").write_text(SERVICE, "utf-8")
        (folder / "balws.toml").write_text(CONFIGURATION.format(port=self.port, workers=workers), "utf-8")
        command = asCommand(f"twistd --reactor balws {words} -n balws --config balws.toml")
        return Server(self, command, self.port, folder)

    def open(self) -> Peer:
        """
        @return: a new connection.
        """
        peer = Peer(self.port, patience=PATIENCE)
        self.addCleanup(peer.close)
        self.assertEqual(peer.send(request("/")).status(), 101)
        return peer

    def test_echo(self) -> None:
        """
        Messages of every size come back, by the steady clock (RL09), and it stops as with any other;
        what C{log.msg} is told has no name of a connection before it.
        """
        server = self.serve()
        peers = [self.open() for _ in range(5)]
        for size in (0, 1, 125, 126, 65535, 65536):
            for peer in peers:
                self.assertEqual(peer.send(frame(BINARY, b"x" * size)).receive(), (BINARY, b"x" * size))
        self.assertEqual(peers[0].send(frame(TEXT, b"this")).receive(), (TEXT, b"DirectReactor True"))
        until(lambda: "heard this" in server.output(), "the log")
        self.assertRegex(server.output(), r"(?m)\[-\] heard this$")
        peers[1].socket.close()  # without a word
        server.process.terminate()
        for peer in (*peers[:1], *peers[2:]):
            opcode, payload = peer.receive()
            self.assertEqual((opcode, payload[:2]), (CLOSE, (1001).to_bytes(2, "big")))
            peer.close()
        self.assertIn(server.process.wait(PATIENCE), STOPPED)
        self.assertNotIn("Traceback", server.output())

    def test_logger(self) -> None:
        """
        C{--logger} chooses who writes the log, as ever.
        """
        server = self.serve("--logger telling.observer")
        self.assertEqual(self.open().send(frame(TEXT, b"that")).receive(), (TEXT, b"DirectReactor True"))
        self.assertIn("('heard that',)\n", (server.folder / "observed.txt").read_text("utf-8"))

    def test_workers(self) -> None:
        """
        Workers have the reactor of their supervisor.
        """
        server = self.serve(workers=2)
        self.assertEqual(self.open().send(frame(TEXT, b"")).receive(), (TEXT, b"DirectReactor True"))
        line = re.compile(r"reactor class: balws\.reactor\.DirectReactor")
        until(lambda: len(line.findall(server.output())) == 3, "all three processes")

    def test_listed(self) -> None:
        """
        C{twistd --help-reactors} tells of it.
        """
        done = subprocess.run(
            asCommand("twistd --help-reactors"), env=environment(), capture_output=True, text=True, timeout=PATIENCE
        )
        self.assertIn("    balws\tepoll(7) with less work for each event (Linux only)\n", done.stdout)
