"""
Frames: rows FR02 to FR05, FR07, FR12 and FR15 of the reliability catalogue.
"""

from __future__ import annotations

import os
import random

from tests.rows.ending import PROTOCOL, SIZE, EndingTestCase
from tests.rows.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame


class FrameTests(EndingTestCase):
    """
    What a peer may send, and what ends its connection.
    """

    def test_masks(self) -> None:
        """
        A frame without a mask is 1002, of whatever kind and length (FR02)
        """
        for opcode in (TEXT, BINARY, CLOSE, PING, PONG):
            self.ends(frame(opcode, b"\x03\xe8", masked=False), PROTOCOL)
        for size in (126, 65536):
            self.ends(frame(BINARY, b"a" * size, masked=False), PROTOCOL)
        self.ends(frame(TEXT, b"x", fin=False) + frame(CONTINUATION, b"y", masked=False), PROTOCOL)

    def test_keys(self) -> None:
        """
        A mask may be anything, nothing among it.
        """
        peer = self.open()
        for key in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x01"):
            for size in (0, 1, 3, 4, 5, 125, 126, 127, 65535, 65536):
                payload = os.urandom(size)
                peer.send(frame(BINARY, payload, key=key))
                self.assertEqual(peer.receive(), (BINARY, payload))

    def test_reservedBits(self) -> None:
        """
        Reserved bits that no extension uses are 1002, also in a continuation and a control
        frame (FR03)
        """
        for rsv in range(1, 8):
            self.ends(frame(TEXT, b"x", rsv=rsv), PROTOCOL)
        for rsv in (1, 2, 4):
            self.ends(frame(BINARY, rsv=rsv, fin=False), PROTOCOL)
            self.ends(frame(TEXT, b"x", fin=False) + frame(CONTINUATION, b"y", rsv=rsv), PROTOCOL)
            for opcode in (CLOSE, PING, PONG):
                self.ends(frame(opcode, rsv=rsv), PROTOCOL)

    def test_reservedOpcodes(self) -> None:
        """
        Reserved opcodes are 1002, before any payload, whatever length they claim (FR04)
        """
        self.assertAlive()
        self.markMemory()
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            self.ends(frame(opcode, b"x"), PROTOCOL)
            self.ends(frame(opcode, length=2**62), PROTOCOL)
            self.ended(self.open().send(frame(opcode, b"\0" * 70000, length=2**62)), PROTOCOL)
        self.assertLess(self.grown(), 1)

    def test_lengths(self) -> None:
        """
        Lengths over 2^63 are 1002, others that are too much 1009, with nothing read behind
        the header and less than 50 ms for each (FR05)
        """
        cpu = self.cpu()
        for length in (2**63, 2**63 + 5, 2**64 - 1):
            for opcode in (TEXT, BINARY):
                self.ends(frame(opcode, length=length), PROTOCOL, SIZE)
        for length in (65537, 2**31, 2**32, 2**32 + 5, 2**62, 2**63 - 1):
            self.ends(frame(BINARY, length=length), SIZE)
        self.assertLess(self.cpu() - cpu, 36 * 0.05)
        self.assertIdle()

    def test_forms(self) -> None:
        """
        A length that is not in its shortest form is 1002 (FR05)
        """
        for size, form in ((0, 126), (3, 126), (125, 126), (0, 127), (3, 127), (126, 127), (65535, 127)):
            for opcode in (TEXT, BINARY):
                self.ends(frame(opcode, b"a" * size, form=form), PROTOCOL)
        self.ends(frame(PING, b"abc", form=126), PROTOCOL)
        self.ends(frame(TEXT, fin=False) + frame(CONTINUATION, b"abc", form=127), PROTOCOL)

    def test_fragments(self) -> None:
        """
        Continuations continue something, a message is over before the next, and control
        frames are whole and short (FR07)
        """
        for wrong in (
            frame(CONTINUATION, b"x"),
            frame(CONTINUATION),
            frame(CONTINUATION, b"x", fin=False),
            frame(TEXT, b"x", fin=False) + frame(CONTINUATION) + frame(CONTINUATION),
            frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
            frame(TEXT, b"x", fin=False) + frame(BINARY, b"y", fin=False),
            frame(BINARY, fin=False) + frame(BINARY),
            frame(PING, fin=False),
            frame(PONG, b"x", fin=False),
            frame(CLOSE, b"\x03\xe8", fin=False),
            frame(PING, b"a" * 126),
            frame(PONG, b"a" * 126),
            frame(CLOSE, b"\x03\xe8" + b"a" * 124),
            frame(PING, length=65536),
            frame(PING, length=2**62),
        ):
            if wrong.startswith(frame(TEXT, b"x", fin=False) + frame(CONTINUATION)):
                peer = self.open().send(wrong)
                self.assertEqual(peer.receive(), (TEXT, b"x"))
                self.ended(peer, PROTOCOL)
            else:
                self.ends(wrong, PROTOCOL)

    def test_pings(self) -> None:
        """
        Each ping has its pong, in order, in the midst of a message, too, and of its bytes
        (FR12)
        """
        peer = self.open()
        payloads = [os.urandom(size) for size in range(126)]
        pings = b"".join(frame(PING, data) for data in payloads)
        peer.send(pings)
        self.assertEqual([peer.receive() for _ in payloads], [(PONG, data) for data in payloads])
        peer.send(frame(TEXT, b"a", fin=False) + pings + frame(CONTINUATION, b"b"))
        self.assertEqual([peer.receive() for _ in payloads], [(PONG, data) for data in payloads])
        self.assertEqual(peer.receive(), (TEXT, b"ab"))
        peer.trickle(frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(CONTINUATION, b"b"))
        self.assertEqual([peer.receive(), peer.receive()], [(PONG, b"p"), (TEXT, b"ab")])

    def test_empty(self) -> None:
        """
        Empty messages are messages; so are those in empty frames.
        """
        peer = self.open().send(frame(TEXT) + frame(BINARY) + frame(TEXT, fin=False) + frame(CONTINUATION))
        self.assertEqual([peer.receive() for _ in range(3)], [(TEXT, b""), (BINARY, b""), (TEXT, b"")])
        peer.send(frame(BINARY, fin=False) + frame(CONTINUATION, b"x", fin=False) + frame(CONTINUATION))
        self.assertEqual(peer.receive(), (BINARY, b"x"))

    def test_portions(self) -> None:
        """
        A stream in single bytes, in random pieces and at once gives the same messages
        (FR15)
        """
        letters = "é☃𝄞".encode()
        stream = frame(TEXT, b"one") + frame(BINARY, b"two" * 50, fin=False) + frame(PING, b"p")
        stream += frame(CONTINUATION, b"three") + frame(TEXT, letters) + frame(BINARY, b"a" * 70) + frame(TEXT)
        expected = [(TEXT, b"one"), (PONG, b"p"), (BINARY, b"two" * 50 + b"three")]
        expected += [(TEXT, letters), (BINARY, b"a" * 70), (TEXT, b"")]
        chosen = random.Random(1)
        for turn in range(12):
            peer = self.open()
            rest = stream
            while rest:
                size = 1 if turn == 0 else len(rest) if turn == 1 else chosen.randint(1, 40)
                peer.send(rest[:size])
                rest = rest[size:]
            self.assertEqual([peer.receive() for _ in expected], expected)
