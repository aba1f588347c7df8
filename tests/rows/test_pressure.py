"""
Peers that do not read, and methods that are busy: rows SZ07 to SZ11 of the reliability
catalogue, figure G4.
"""

from __future__ import annotations

import os
import re
import time

from tests.rows.raw import BINARY, PING, PONG, TEXT, frame
from tests.rows.serving import ServedTestCase
from tests.waiting import PATIENCE

_MEGABYTE = 1048576


class DeafTests(ServedTestCase):
    """
    Peers that send and do not read.
    """

    alone = True

    def test_echoes(self) -> None:
        """
        A peer that sends 85 MiB and reads none of the echoes is no longer read; it costs less
        than 4 MiB, others are served, and what it sent is answered once it reads (SZ08)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open(room=65536)
        message = frame(BINARY, os.urandom(60000))
        sent = peer.flood(message, 85 * _MEGABYTE)
        self.assertLess(sent, 85 * _MEGABYTE)
        self.assertLess(self.grown(), 4)
        self.assertAlive()
        self.assertIdle()
        for _ in range(sent // len(message)):
            opcode, payload = peer.receive()
            self.assertEqual((opcode, len(payload)), (BINARY, 60000))

    def test_smallEchoes(self) -> None:
        """
        So is one that sends small messages (SZ08)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open(room=65536)
        self.assertLess(peer.flood(frame(TEXT, b"x" * 100) * 1000, 85 * _MEGABYTE), 85 * _MEGABYTE)
        self.assertLess(self.grown(), 4)
        self.assertAlive()

    def test_pings(self) -> None:
        """
        132,000 pings of a peer that reads no pong cost less than 2 MiB; what it then reads
        are pongs in order, the last of them for the last ping that was taken (SZ07)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open(room=65536)
        pings = b"".join(frame(PING, b"%0125d" % number) for number in range(132_000))
        sent = peer.flood(pings, len(pings), PATIENCE)
        self.assertLess(self.grown(), 2)
        self.assertAlive()
        last = b"%0125d" % (sent // len(frame(PING, bytes(125))) - 1)
        latest = b""
        while latest != last:
            opcode, payload = peer.receive()
            self.assertEqual(opcode, PONG)
            self.assertGreater(payload, latest)
            latest = payload
        self.assertEqual(sent, len(pings))


class SlowTests(ServedTestCase):
    """
    Services that send to peers that do not read.  A peer that keeps more than
    C{maxSendBuffer} waiting for 20 seconds is cut, for one second at C{/pushing/soon}.
    """

    alone = True

    def cut(self) -> list[int]:
        """
        @return: how many bytes waited for each connection that was cut, as the log says.
        """
        return [int(size) for size in re.findall(r"peer does not read: (\d+) bytes wait", self.logged())]

    def test_pushed(self) -> None:
        """
        Who does not read a thousand messages of 10 kB a second is cut with one line in the
        log, is told to the service once, and costs less than twice maxSendBuffer; all
        writes that wait fail (SZ09)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open("/pushing", room=65536).send(frame(TEXT, b"push"))
        (end, failed) = self.called(2)
        self.assertEqual(end, ["onClose", 1006, ""])
        self.assertEqual((failed[0], failed[2]), ("failed", "ConnectionClosureError"))
        self.assertGreater(failed[1] * 10_000, _MEGABYTE - 65536)
        (waited,) = self.cut()
        self.assertTrue(_MEGABYTE < waited <= 2 * _MEGABYTE + 20_000, waited)
        self.assertLess(self.grown(), 4)
        self.assertTrue(peer.rest().startswith(b"\x82\x7e\x27\x10aaa"))
        self.assertTrue(peer.reset)

    def test_waits(self) -> None:
        """
        A write waits while the peer has 64 KiB to take: who waits for each of his writes
        costs next to nothing, and nobody is cut (SZ09)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open("/pushing/soon", room=65536).send(frame(TEXT, b"fill"))
        time.sleep(1.3)
        self.assertEqual(self.calls(), [])
        self.assertLess(self.grown(), 1)
        for _ in range(2000):
            self.assertEqual(peer.receive(), (BINARY, b"a" * 10_000))
        self.assertEqual(self.called(), [["written", 0]])
        self.assertEqual(self.cut(), [])

    def test_large(self) -> None:
        """
        One message that is larger than maxSendBuffer has its time, and is taken by who
        reads; who does not is cut then (SZ09)
        """
        deaf, reading = (self.open(path, room=65536) for path in ("/pushing/soon", "/pushing"))
        began = time.monotonic()
        for peer in (deaf, reading):
            peer.send(frame(TEXT, b"%d" % (8 * _MEGABYTE)))
        opcode, payload = reading.message()
        self.assertEqual((opcode, len(payload)), (BINARY, 8 * _MEGABYTE))
        self.assertEqual(self.called(), [["onClose", 1006, ""]])
        self.assertTrue(0.9 < time.monotonic() - began < 10)
        (waited,) = self.cut()
        self.assertGreater(waited, _MEGABYTE)
        self.assertEqual(reading.send(frame(TEXT, b"5")).receive(), (BINARY, b"a" * 5))

    def test_broadcasts(self) -> None:
        """
        A broadcast waits for no receiver: twenty who do not read cost little over twice
        maxSendBuffer each at most, and are cut, while who reads gets every message (SZ10)
        """
        self.assertAlive()
        deaf = [self.open("/room/small", room=65536) for _ in range(20)]
        peer = self.open("/room/small")
        self.markMemory()
        text = b"a" * 60_000
        began = time.monotonic()
        for _ in range(120):
            self.assertEqual(peer.send(frame(TEXT, text)).receive(), (TEXT, text))
        self.assertLess(time.monotonic() - began, 15)  # or it has waited until they were cut
        self.assertEqual(self.called(20), [["onClose", 1006, ""]] * 20)
        waited = self.cut()
        self.assertEqual(len(waited), 20)
        self.assertLessEqual(max(waited), 2 * _MEGABYTE + 70_000)
        # All that was sent to them is 144 MB; pieces that the allocator keeps are a part of the rest.
        self.assertLess(self.grown(), 20 * 3.5)
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))
        self.assertEqual(len(deaf), 20)

    def test_stream(self) -> None:
        """
        A stream to a peer that does not read waits, and ends with the peer (SZ09)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open("/answers", room=65536).send(frame(TEXT, b"flood"))
        time.sleep(0.5)
        self.assertLess(self.grown(), 2)
        for _ in range(20):
            self.assertEqual(peer.receive(), (BINARY, b"a" * 10000))
        peer.abort()
        calls = self.called(2)
        self.assertEqual(sorted(call[0] for call in calls), ["onClose", "stream over"])
        self.assertLess(next(call for call in calls if call[0] == "stream over")[1], 3000)


class WaitingTests(ServedTestCase):
    """
    Methods that take their time: a twentieth of a second, or what the message says.
    """

    def test_order(self) -> None:
        """
        Messages wait for a busy method, one at a time, in order, whether few wait or many
        (SZ11)
        """
        for path in ("/slow", "/slow/three"):
            peer = self.open(path)
            peer.send(b"".join(frame(TEXT, b"%d" % number) for number in range(8)))
            self.assertEqual([peer.receive() for _ in range(8)], [(TEXT, b"%d" % number) for number in range(8)])
            self.assertEqual(self.calls(), [[what, str(number)] for number in range(8) for what in ("begins", "ends")])

    def test_many(self) -> None:
        """
        Ten thousand messages, sent at once to a method that lets each wait, are answered in
        order, and none begins before the one before it has ended (SZ11)
        """
        self.assertAlive()
        self.markMemory()
        messages = [b"~0 %d" % number for number in range(10_000)]
        peer = self.open("/slow").send(b"".join(frame(TEXT, message) for message in messages))
        self.assertEqual([peer.receive() for _ in messages], [(TEXT, message) for message in messages])
        calls = self.calls()
        self.assertEqual([call[0] for call in calls], ["begins", "ends"] * 10_000)
        self.assertEqual([call[1:] for call in calls[::2]], [call[1:] for call in calls[1::2]])

    def test_bounded(self) -> None:
        """
        Of ten thousand messages of 10 kB a bounded number waits for a busy method, then the
        transport is paused; memory does not grow, others are served (SZ11)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open("/slow", room=65536)
        payload = b" %05d" + b"a" * 9000
        stream = b"".join(frame(TEXT, (b"~0" if number else b"~~") + payload % number) for number in range(1500))
        sent = peer.flood(stream, len(stream))
        self.assertLess(sent, len(stream))
        self.assertLess(self.grown(), 2)
        self.assertAlive()
        self.release()
        for number in range(sent // len(frame(TEXT, b"~0" + payload % 0)) - 1):
            self.assertEqual(peer.receive(), (TEXT, (b"~0" if number else b"~~") + payload % number))

    def test_small(self) -> None:
        """
        The number of messages that wait is bounded, however small they are (SZ11)
        """
        self.assertAlive()
        peer = self.open("/slow/three", room=65536)
        self.markMemory()
        peer.flood(frame(TEXT, b"x") * 1000, 40_000_000)
        self.assertLess(self.grown(), 2)
        self.assertEqual([peer.receive() for _ in range(4)], [(TEXT, b"x")] * 4)

    def test_controls(self) -> None:
        """
        Pings are answered while messages wait (ruling 4)
        """
        peer = self.open("/slow").send(frame(TEXT, b"~~") + frame(TEXT, b"x") + frame(PING, b"p"))
        self.assertEqual(peer.receive(), (PONG, b"p"))
        self.release()
        self.assertEqual([peer.receive(), peer.receive()], [(TEXT, b"~~"), (TEXT, b"x")])
