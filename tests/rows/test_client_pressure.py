"""
Back-pressure, both ways, and floods of control frames (row CL04 of the reliability
catalogue, after SZ07, SZ08, and SZ09).
"""

from __future__ import annotations

import time

from tests.rows.client_driving import ClientTestCase
from tests.rows.client_hostile import BINARY, DEFLATE, PING, PONG, TEXT, closing, deflated, frame
from tests.rows.waiting import best, patiently
from tests.waiting import PATIENCE

KIB = 1024
MIB = 1024 * KIB


class PressureTestCase(ClientTestCase):
    """
    A server with small buffers in its kernel.
    """

    fresh = True

    def assertIdle(self) -> None:
        """
        The client's process waits without work.
        """
        self.assertLess(best(self._work, 0.2, attempts=30), 0.2)

    def _work(self) -> float:
        before = self.driver.processorTime()
        time.sleep(0.4)
        return self.driver.processorTime() - before


class ReadPressureTests(PressureTestCase):
    """
    More than the client takes.
    """

    def test_pings(self) -> None:
        """
        132,000 pings of a server that reads no pong cost under 2 MiB, and the latest is answered (CL04)
        """
        self.assertAlive()
        name, accepted = self.open(self.server(), pingInterval=0)
        self.driver.markMemory()
        flood = b"".join(frame(PING, b"%0125d" % number) for number in range(132000))
        sent = accepted.push(flood, PATIENCE)
        self.assertEqual(sent, len(flood))
        reading = self.calling(name, "readTextMessage")
        accepted.send(frame(TEXT, b"after the flood"))
        self.assertEqual(self.succeeds(reading), "after the flood")
        self.assertLess(self.driver.grown(), 2)
        latest = b""
        while latest != b"%0125d" % 131999:
            opcode, payload = accepted.receive()
            self.assertEqual(opcode, PONG)
            self.assertGreater(payload, latest)
            latest = payload

    def test_messages(self) -> None:
        """
        85 MiB that nobody reads stop the server's sending, under 4 MiB, and are all there when somebody does (CL04)
        """
        self.assertAlive()
        server = self.server()
        name, accepted = self.open(server)
        self.driver.markMemory()
        message = frame(BINARY, bytes(64 * KIB))
        flood = message * (85 * 16)
        sent = accepted.push(flood, 0.5)
        self.assertTrue(0 < sent < len(flood) // 2, sent)
        self.assertLess(self.driver.grown(), 4)
        self.assertIdle()
        self.assertTrue(self.driver.ask("about", of=name)["value"]["open"])
        reading = self.driver.tell("readAll", of=name)
        self.assertEqual(accepted.push(flood[sent:], PATIENCE), len(flood) - sent)
        accepted.close()
        self.assertEqual(self.succeeds(reading), 85 * 16)
        self.assertLess(self.driver.grown(), 4)

    def test_smallMessages(self) -> None:
        """
        So do a million messages of one byte: 32 wait, the others are not taken (CL04)
        """
        self.assertAlive()
        name, accepted = self.open(self.server())
        self.driver.markMemory()
        flood = frame(TEXT, b"x") * 4_000_000
        sent = accepted.push(flood, 0.5)
        self.assertTrue(0 < sent < len(flood), sent)
        self.assertLess(self.driver.grown(), 2)
        self.assertIdle()
        for _ in range(40):
            self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "x")
        self.succeeds(self.driver.tell("call", of=name, method="close", args=[1000, "", 0]))

    def test_compressed(self) -> None:
        """
        A thousand messages that inflate from 1 kB to 1 MiB: one waits, the others stay compressed (CL04)
        """
        message = frame(BINARY, deflated(bytes(MIB)), rsv=4)
        self.assertLess(len(message), 1500)
        server = self.server()
        name, accepted = self.open(server, DEFLATE)
        accepted.send(message)
        self.succeeds(self.calling(name, "readMessage"))
        self.driver.markMemory()
        accepted.push(message * 1000, 0.5)
        self.assertIdle()
        self.assertLess(self.driver.grown(), 4)
        for _ in range(20):
            self.assertEqual(self.succeeds(self.calling(name, "readMessage")), {"length": MIB})
        self.assertLess(self.driver.grown(), 4)
        self.driver.ask("call", of=name, method="close", args=[1000, "", 0])
        accepted.close()

    def test_close(self) -> None:
        """
        A close finds its answer behind 20 MiB that nobody has read, and throws them away (CL04)
        """
        self.assertAlive()
        name, accepted = self.open(self.server())
        flood = frame(BINARY, bytes(64 * KIB)) * (20 * 16)
        self.driver.markMemory()
        sent = accepted.push(flood, 0.5)
        closed = self.calling(name, "close")
        self.assertEqual(accepted.push(flood[sent:], PATIENCE), len(flood) - sent)
        self.assertEqual(accepted.closed(), 1000)
        accepted.send(closing(1000))
        self.assertEqual(accepted.rest(), b"")
        accepted.close()
        self.succeeds(closed)
        self.assertLess(self.driver.grown(), 4)

    @patiently
    def test_endless(self) -> None:
        """
        A server that sends on without end is left: at the close's timeout, and 5 s after what it did wrong (CL04)
        """
        self.assertAlive()
        for wrong in (False, True):
            name, accepted = self.open(self.server(), connectionClosureTimeout=0.5)
            self.driver.markMemory()
            began = time.monotonic()
            if wrong:
                accepted.send(frame(TEXT, rsv=1))
            else:
                closed = self.calling(name, "close")
            message = frame(BINARY, bytes(64 * KIB))
            while accepted.push(message, PATIENCE) > 0:
                self.assertLess(time.monotonic() - began, PATIENCE)
                time.sleep(0.01)
            seconds = time.monotonic() - began
            self.assertTrue((4 if wrong else 0.3) <= seconds <= (20 if wrong else 4.5), seconds)
            if not wrong:
                self.fails(closed, "ConnectionClosureError")
            self.assertLess(self.driver.grown(), 2)


class WritePressureTests(PressureTestCase):
    """
    A server that reads nothing.
    """

    def test_waiting(self) -> None:
        """
        Who waits for each of 85 MiB of writes waits until the server reads, under 3 MiB, and goes on then (CL04)
        """
        self.assertAlive()
        name, accepted = self.open(self.server(), slowConsumerTimeout=0.3)
        self.driver.markMemory()
        pump = self.driver.tell("pump", of=name, count=85 * 16, size=64 * KIB, waiting=True)
        time.sleep(0.6)
        self.assertTrue(self.driver.isPending(pump))
        self.assertLess(self.driver.grown(), 3)
        self.assertIdle()
        total = 0
        while total < 85 * 16 * (64 * KIB + 14):
            data = accepted.socket.recv(MIB)
            self.assertTrue(data)
            total += len(data)
        self.assertEqual(self.succeeds(pump), {"done": 85 * 16})
        self.assertLess(self.driver.grown(), 3)

    def test_flooding(self) -> None:
        """
        Who does not wait has the connection cut at twice maxSendBuffer; no write is left without an answer (CL04)
        """
        self.assertAlive()
        name, accepted = self.open(self.server())
        reading = self.calling(name, "readTextMessage")
        self.driver.markMemory()
        tally = self.succeeds(self.driver.tell("pump", of=name, count=85 * 16, size=64 * KIB, waiting=False))
        self.assertEqual(sum(tally.values()), 85 * 16)
        self.assertGreater(tally["ConnectionClosureError"], 85 * 8)
        self.assertLess(self.driver.grown(), 5)
        self.fails(reading, "ConnectionClosureError", "1006")
        self.assertLess(len(accepted.rest()), 85 * MIB)

    def test_floodingSmall(self) -> None:
        """
        So does who writes half a million messages of ten bytes: what each costs here counts too (CL04)
        """
        self.assertAlive()
        name, accepted = self.open(self.server(), pingInterval=0)
        self.driver.markMemory()
        self.assertLess(self.succeeds(self.driver.tell("flood", of=name, count=500_000, size=10)), 500_000)
        self.assertLess(self.driver.grown(), 5)
        accepted.rest()

    def test_slow(self) -> None:
        """
        A server that leaves more than maxSendBuffer unread for slowConsumerTimeout is cut then, not before (CL04)
        """
        server = self.server()
        name, accepted = self.open(server, slowConsumerTimeout=1, maxSendBuffer=8 * MIB)
        # The kernel takes up to 4 MiB to send and as much to receive; the rest is ours.
        pump = self.driver.tell("pump", of=name, count=15, size=MIB, waiting=False)
        reading = self.calling(name, "readTextMessage")
        self.assertTrue(self.driver.isPending(pump))
        failed = self.fails(reading, "ConnectionClosureError", "1006")
        self.assertTrue(0.8 <= failed["seconds"] <= 8, failed["seconds"])
        tally = self.succeeds(pump)
        self.assertGreater(tally["ConnectionClosureError"], 5)
        self.assertEqual(sum(tally.values()), 15)
        accepted.rest()

    def test_timeout(self) -> None:
        """
        A write that waits longer than writeTimeout fails, and the connection stays (CL06)
        """
        name, accepted = self.open(self.server(), writeTimeout=0.4, maxSendBuffer=16 * MIB)
        self.fails(self.calling(name, "writeBinaryMessage", size=15 * MIB), "Error", "Write timed out")
        self.assertTrue(self.driver.ask("about", of=name)["value"]["open"])
        accepted.close()

    def test_closing(self) -> None:
        """
        A close ends at its timeout though the server reads nothing; with 0 it does at once (CL06)
        """
        for timeout, least in ((0, 0.0), (0.5, 0.4)):
            name, accepted = self.open(self.server(), maxSendBuffer=16 * MIB)
            write = self.calling(name, "writeBinaryMessage", size=15 * MIB)
            answer = self.driver.ask("call", of=name, method="close", args=[1000, "", timeout])
            self.assertTrue(least <= answer["seconds"] <= least + 4, answer)
            self.fails(write, "ConnectionClosureError")
            accepted.close()
