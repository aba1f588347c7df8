"""
Servers that are there no more and do not say so (row CL12 of the reliability catalogue).
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any, ClassVar

from tests.rows.client_driving import ClientTestCase, spawn
from tests.rows.client_hostile import TEXT, closing, frame
from tests.rows.waiting import patiently


class VanishedTests(ClientTestCase):
    """
    Servers that are there no more and do not say so.
    """

    KEEP: ClassVar[dict[str, Any]] = {"pingInterval": 0.6, "pingTimeout": 0.4}

    def overdue(self, began: float) -> None:
        """
        Check that not much more than the time for interval and timeout has gone by.
        """
        self.assertLess(time.monotonic() - began, 10)

    def test_deaf(self) -> None:
        """
        A server that answers no ping ends reads and a full buffer within pingInterval and pingTimeout (CL12)
        """
        for size in (0, 12 * 1024 * 1024):
            began = time.monotonic()
            name, accepted = self.open(self.server(), maxSendBuffer=1 << 25, **self.KEEP)
            reading = self.calling(name, "readTextMessage")
            pump = self.driver.tell("pump", of=name, count=1 if size else 0, size=size, waiting=True)
            self.assertEqual(self.fails(reading, "ConnectionClosureError")["code"], 1006)
            self.assertGreater(time.monotonic() - began, 0.9)
            self.overdue(began)
            self.assertEqual(self.succeeds(pump), {"ConnectionClosureError": 1} if size else {})
            self.fails(self.calling(name, "ping", "late"), "ConnectionClosureError")

    @patiently
    def test_answering(self) -> None:
        """
        One that answers late but in time is kept, and so is one whose messages fill our queue (CL12)
        """
        name, accepted = self.open(self.server(), **self.KEEP)
        for _ in range(2):
            opcode, payload = accepted.receive()
            self.assertEqual((opcode, len(payload)), (9, 4))
            time.sleep(0.2)
            accepted.send(frame(10, payload))
        accepted.send(frame(TEXT, b"x") * 40)
        time.sleep(1.3)
        self.assertTrue(self.driver.ask("about", of=name)["value"]["open"])
        for _ in range(40):
            self.succeeds(self.calling(name, "readTextMessage"))
        accepted.close()

    def test_wrongPongs(self) -> None:
        """
        Pongs that answer no ping of ours do not count (CL12)
        """
        name, accepted = self.open(self.server(), **self.KEEP)
        reading = self.calling(name, "readTextMessage")
        began = time.monotonic()
        while self.driver.isPending(reading) and time.monotonic() < began + 15:
            accepted.send(frame(10, b"pong"))
            time.sleep(0.05)
        self.fails(reading, "ConnectionClosureError")
        self.overdue(began)

    def process(self) -> tuple[int, str]:
        """
        @return: the id of a server in a process of its own, and where it serves.
        """
        server = spawn("tests.rows.client_hostile", {})
        assert server.stdin is not None and server.stdout is not None
        for clean in (server.stdin.close, server.stdout.close, server.wait, server.kill):
            self.addCleanup(clean)
        return server.pid, f"ws://127.0.0.1:{int(server.stdout.readline())}/"

    def test_stopped(self) -> None:
        """
        A server whose process is stopped: reads, writes, and a close end in time, and so does a handshake (CL12)
        """
        process, url = self.process()
        name = self.connecting(url, connectionClosureTimeout=1, **self.KEEP)
        self.succeeds(name)
        self.succeeds(self.calling(name, "writeTextMessage", "there"))
        self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "there")
        os.kill(process, signal.SIGSTOP)
        began = time.monotonic()
        late = self.connecting(url, handShakeTimeout=1)
        reading = self.calling(name, "readTextMessage")
        self.assertEqual(self.fails(reading, "ConnectionClosureError")["code"], 1006)
        self.overdue(began)
        self.fails(late, "HandshakeTimedOut")
        os.kill(process, signal.SIGCONT)

    def test_stoppedAtTheClose(self) -> None:
        """
        A close of such a connection ends with its own timeout (CL12)
        """
        process, url = self.process()
        name = self.connecting(url, connectionClosureTimeout=0.5)
        self.succeeds(name)
        os.kill(process, signal.SIGSTOP)
        failed = self.fails(self.calling(name, "close"), "ConnectionClosureError")
        self.assertTrue(0.4 <= failed["seconds"] <= 10, failed["seconds"])
        os.kill(process, signal.SIGCONT)

    def test_return(self) -> None:
        """
        With a retryConfig the client leaves the silent connection and takes a new one (CL12)
        """
        server = self.server()
        name = self.driver.tell(
            "connect", url=server.url, fields={"retryConfig": {"interval": 0.05}, **self.KEEP}, telling=True
        )
        server.accept().upgrade()
        self.succeeds(name)
        reading = self.calling(name, "readTextMessage")
        self.driver.told(name, "reconnecting")
        accepted = server.accept().upgrade()
        self.driver.told(name, "reconnected")
        accepted.send(frame(TEXT, b"back"))
        self.assertEqual(self.succeeds(reading), "back")
        accepted.send(closing(1000)).close()
