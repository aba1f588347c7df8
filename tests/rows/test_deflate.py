"""
Compressed messages (RFC 7692): rows FR03, FR06, SZ04 and SZ06 of the reliability catalogue.
"""

from __future__ import annotations

import json
import os
import random
import zlib

from tests.rows.deflating import RSV1, DeflateTestCase, Inflater, deflated
from tests.rows.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame


class CompressionTests(DeflateTestCase):
    """
    Messages, right and wrong.
    """

    def test_messages(self) -> None:
        """
        Compressed, plain and fragmented messages are all answered, in order; large ones
        compressed.
        """
        peer = self.compressing()
        text = b"abc" * 5000
        peer.send(frame(TEXT, deflated(b"small"), rsv=RSV1) + frame(TEXT, b"plain") + frame(PING, b"p"))
        self.assertEqual([peer.receive() for _ in range(3)], [(TEXT, b"small"), (TEXT, b"plain"), (PONG, b"p")])
        payload = deflated(text)
        peer.send(frame(TEXT, payload[:5], rsv=RSV1, fin=False) + frame(PING) + frame(CONTINUATION, payload[5:]))
        self.assertEqual(peer.receive(), (PONG, b""))
        found = peer.frame()
        self.assertEqual((found[0], found.rsv), (TEXT, RSV1))
        self.assertLess(len(found.payload), 1000)
        self.assertEqual(Inflater()(found.payload), text)

    def test_empty(self) -> None:
        """
        A compressed message of nothing is an empty message, however it is written, and does
        not disturb those after it (SZ06)
        """
        for payload in (b"\0", deflated(b""), b"\x03\0", b"\0\0\0\xff\xff\0"):
            peer = self.compressing().send(frame(TEXT, payload, rsv=RSV1))
            self.assertEqual(peer.receive(), (TEXT, b""), payload)
            peer.send(frame(TEXT, deflated(b"next"), rsv=RSV1))
            self.assertEqual(peer.receive(), (TEXT, b"next"), payload)
            peer.send(frame(TEXT, payload, rsv=RSV1, fin=False) + frame(CONTINUATION))
            self.assertEqual(peer.receive(), (TEXT, b""), payload)

    def test_text(self) -> None:
        """
        What is inflated is UTF-8, too, from its first frame on (FR06)
        """
        for fin in (True, False):
            wrong = frame(TEXT, deflated(b"ok\xff\xfe" + b"a" * 500), rsv=RSV1, fin=fin)
            self.ended(self.compressing().send(wrong), 1007)
        letters = "é☃𝄞".encode()
        self.assertEqual(self.compressing().send(frame(TEXT, deflated(letters), rsv=RSV1)).receive(), (TEXT, letters))

    def test_reserved(self) -> None:
        """
        RSV1 belongs to the first frame of a message, and to no control frame; RSV2 and RSV3
        to none (FR03)
        """
        data = deflated(b"x")
        for wrong in (
            frame(TEXT, data, rsv=RSV1, fin=False) + frame(CONTINUATION, data, rsv=RSV1),
            frame(TEXT, b"x", fin=False) + frame(CONTINUATION, data, rsv=RSV1),
            frame(PING, rsv=RSV1),
            frame(PONG, rsv=RSV1),
            frame(CLOSE, rsv=RSV1),
            frame(TEXT, data, rsv=2),
            frame(TEXT, data, rsv=1),
            frame(TEXT, data, rsv=RSV1 | 2),
        ):
            self.ended(self.compressing().send(wrong), 1002)
        self.ended(self.open().send(frame(TEXT, data, rsv=RSV1)), 1002)

    def test_corrupt(self) -> None:
        """
        What cannot be inflated is 1007 or 1002 (SZ06)
        """
        good = deflated(os.urandom(500))
        for wrong in (b"\xff" * 50, b"\x07", good[:1] + b"\xff" * 20 + good[21:]):
            self.ended(self.compressing().send(frame(BINARY, wrong, rsv=RSV1)), 1002, 1007)
            cut = len(wrong) // 2
            parts = frame(BINARY, wrong[:cut], rsv=RSV1, fin=False) + frame(CONTINUATION, wrong[cut:])
            self.ended(self.compressing().send(parts), 1002, 1007)

    def test_truncated(self) -> None:
        """
        So is a compressed text that was cut, wherever (SZ06)
        """
        chosen = random.Random(1)
        text = json.dumps([chosen.random() for _ in range(20)])
        whole = deflated(text.encode())
        for end in range(len(whole)):
            peer = self.compressing().send(frame(TEXT, whole[:end], rsv=RSV1))
            found = peer.frame()
            self.assertEqual((found.opcode, found.payload[:2]), (CLOSE, b"\x03\xef"), end)
            peer.close()
            self.assertEqual(len(self.called()), 1)

    def test_garbage(self) -> None:
        """
        So is what follows the last block (SZ06)
        """
        last = zlib.compressobj(9, zlib.DEFLATED, -15)
        final = last.compress(b"final") + last.flush()
        self.assertEqual(self.compressing().send(frame(TEXT, final + b"\0", rsv=RSV1)).receive(), (TEXT, b"final"))
        for garbage in (b"\xff", b"garbage", b"\0\0", os.urandom(1000), bytes(60000)):
            for good in (final, deflated(b"good")):
                if good is not final and garbage.count(0) == len(garbage):
                    continue  # more empty blocks
                self.ended(self.compressing().send(frame(TEXT, good + garbage, rsv=RSV1)), 1002, 1007)

class BombTests(DeflateTestCase):
    """
    Small frames that become large messages, and what compression takes.
    """

    alone = True

    def _largest(self) -> None:
        """
        Have the largest message that is allowed echoed.
        """
        peer = self.compressing().send(frame(BINARY, deflated(bytes(1048576)), rsv=RSV1))
        self.assertEqual(peer.message()[0], BINARY)

    def test_windows(self) -> None:
        """
        A connection that has read and written compressed messages takes less than 60 KiB,
        whatever the client's window (G2)
        """
        words = " ".join(str(number) for number in range(300)).encode()
        message = frame(TEXT, deflated(words), rsv=RSV1)

        def converse(count: int) -> None:
            for _ in range(count):
                self.assertEqual(self.compressing().send(message).frame().rsv, RSV1)

        converse(20)
        before = self.memory()
        converse(200)
        self.assertLess((self.memory() - before) / 200, 60 * 1024)

    def test_bombs(self) -> None:
        """
        60 kB that become 60 MB are 1009 in one frame or over a hundred, for less than 100 ms;
        memory for two messages stays at most, and for four meanwhile (SZ04)
        """
        bomb = deflated(bytes(60_000_000))
        self.assertLess(len(bomb), 65536)
        pieces = [bomb[start : start + 600] for start in range(0, len(bomb), 600)]
        self.assertGreater(len(pieces), 90)
        spread = frame(BINARY, pieces[0], rsv=RSV1, fin=False)
        spread += b"".join(frame(CONTINUATION, piece, fin=False) for piece in pieces[1:])
        one = [frame(kind, bomb, rsv=RSV1, fin=fin) for kind in (BINARY, TEXT) for fin in (True, False)]
        self._largest()
        for data in (*one, spread):
            before = self.markMemory()
            cpu = self.cpu()
            for _ in range(5):
                self.ended(self.compressing().send(data), 1009)
            self.assertLess(self.cpu() - cpu, 5 * 0.1)
            self.assertLess(self.memory() - before, 2 * 1048576)
            self.assertLess(self.grown(), 4)

    def test_slowly(self) -> None:
        """
        A bomb in frames of one byte each is 1009, too (SZ04)
        """
        bomb = deflated(bytes(3_000_000))
        self._largest()
        self.markMemory()
        peer = self.compressing().send(frame(BINARY, bomb[:1], rsv=RSV1, fin=False))
        peer.send(b"".join(frame(CONTINUATION, bomb[at : at + 1], fin=False) for at in range(1, len(bomb))))
        self.ended(peer, 1009)
        self.assertLess(self.grown(), 4)

    def test_limit(self) -> None:
        """
        The size of a message is what was inflated, to the byte (SZ04)
        """
        for size in (99, 100):
            peer = self.compressing("/limited/message").send(frame(BINARY, deflated(bytes(size)), rsv=RSV1))
            self.assertEqual(peer.receive(), (BINARY, bytes(size)))
        self.ended(self.compressing("/limited/message").send(frame(BINARY, deflated(bytes(101)), rsv=RSV1)), 1009)


class UncompressedTests(DeflateTestCase):
    """
    A listener without compression.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    listener = "timeout = 20\nwebSocketCompressionEnabled = false"

    def test_off(self) -> None:
        """
        Nothing is agreed, and RSV1 is 1002 (A2.17)
        """
        peer, answers = self.offering(b"permessage-deflate")
        self.assertEqual(answers, [])
        self.ended(peer.send(frame(TEXT, deflated(b"x"), rsv=RSV1)), 1002)
