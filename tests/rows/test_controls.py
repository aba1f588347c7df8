"""
Control frames: rows FR12 and FR14 of the reliability catalogue.
"""

from __future__ import annotations

import os
import time

from tests.rows.raw import BINARY, CONTINUATION, PING, PONG, TEXT, frame
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import patiently


class PingTests(ServedTestCase):
    """
    Pings of the peer.
    """

    def test_midst(self) -> None:
        """
        Pings of every size have their pongs between the frames of a message, and between
        the bytes of one (FR12)
        """
        peer = self.open()
        payloads = [os.urandom(size) for size in range(126)]
        parts = [os.urandom(300) for _ in payloads]
        peer.send(frame(BINARY, fin=False))
        for payload, part in zip(payloads, parts, strict=True):
            data = frame(PING, payload) + frame(CONTINUATION, part, fin=False)
            peer.send(data[: len(data) - 150])
            self.assertEqual(peer.receive(), (PONG, payload))
            peer.send(data[len(data) - 150 :])
        peer.send(frame(CONTINUATION))
        self.assertEqual(peer.receive(), (BINARY, b"".join(parts)))

    def test_endless(self) -> None:
        """
        A message that never ends, with pings in it, has no price: each ping is answered,
        and nothing is kept (FR12)
        """
        self.assertAlive()
        peer = self.open().send(frame(TEXT, b"never", fin=False))
        self.markMemory()
        for turn in range(100):
            pings = [b"%d %d" % (turn, number) for number in range(200)]
            peer.send(b"".join(frame(PING, ping) for ping in pings))
            self.assertEqual([peer.receive() for _ in pings], [(PONG, ping) for ping in pings])
        self.assertLess(self.grown(), 1)


class PongTests(ServedTestCase):
    """
    Pongs of the peer.  At C{/kept} a pong has 0.8 s; at C{/kept/soon} a ping goes out each
    0.4 s, and its pong has as long.
    """

    def test_unsolicited(self) -> None:
        """
        A million pongs that nobody asked for, and some of every size, change nothing and
        log nothing (FR14)
        """
        self.assertAlive()
        peer = self.open()
        self.markMemory()
        for _ in range(1000):
            peer.send(frame(PONG) * 1000)
        peer.send(b"".join(frame(PONG, os.urandom(size)) for size in range(126)))
        peer.send(frame(TEXT, b"a", fin=False) + frame(PONG, b"x") + frame(CONTINUATION, b"b"))
        peer.socket.settimeout(60)
        self.assertEqual(peer.receive(), (TEXT, b"ab"))
        self.assertLess(self.grown(), 1)
        self.assertEqual(self.calls(), [])
        self.assertEqual([line for line in self.logged().splitlines() if "#" in line and "HTTP" not in line][:-1], [])

    @patiently
    def test_right(self) -> None:
        """
        Who answers the keep-alive with its own payload stays (FR14)
        """
        peer = self.open("/kept")
        for _ in range(3):
            opcode, payload = peer.receive()
            self.assertEqual(opcode, PING)
            peer.send(frame(PONG, payload))
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))

    def test_wrong(self) -> None:
        """
        A pong with another payload is none: the connection is dropped when the right one is
        due, with one line in the log (FR14)
        """
        peers = {}
        for before, after, cut in ((b"", b"", 0), (b"", b"x", 4), (b"", b"", 3), (b"x" * 121, b"", 4)):
            began = time.monotonic()
            peer = self.open("/kept/soon")
            opcode, payload = peer.receive()
            self.assertEqual((opcode, len(payload)), (PING, 4))
            peers[peer] = frame(PONG, before + payload[:cut] + after), began
        while peers:
            for peer, (wrong, began) in list(peers.items()):
                took = time.monotonic() - began
                self.assertLess(took, 10)
                if peer.send(wrong).ended:
                    self.assertGreater(took, 0.7)
                    del peers[peer]
            time.sleep(0.05)
        self.assertEqual(self.called(4), [["onClose", 1006, ""]] * 4)
        self.assertEqual(self.logged().count("No pong within"), 4)

    def test_silent(self) -> None:
        """
        Messages and pings are no pong either, and silence is none (FR14, G8)
        """
        began = time.monotonic()
        silent, peer = self.open("/kept/soon"), self.open("/kept/soon")
        self.assertEqual(peer.receive()[0], PING)
        while not peer.ended and time.monotonic() - began < 10:
            peer.send(frame(TEXT, b"x") + frame(PING, b"y"))
            time.sleep(0.05)
        self.assertTrue(0.7 < time.monotonic() - began < 10)
        self.assertEqual(silent.rest()[:2], b"\x89\x04")
        self.assertEqual(self.called(2), [["onClose", 1006, ""]] * 2)
