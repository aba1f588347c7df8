"""
Sizes and counts of messages: rows SZ01 to SZ03 of the reliability catalogue.
"""

from __future__ import annotations

from tests.rows.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Peer, frame
from tests.rows.serving import ServedTestCase

_MEGABYTE = 1048576


class LimitTests(ServedTestCase):
    """
    One message.
    """

    def refused(self, peer: Peer) -> None:
        """
        Check for 1009, the end of TCP, and one call of onError.
        """
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xf1"))
        self.assertEqual((peer.rest(), peer.reset), (b"", False))
        peer.close()
        self.assertEqual(self.called(), [["onError", "PayloadTooLargeError"]])

    def test_frames(self) -> None:
        """
        A frame of maxFrameSize is delivered, one byte more is 1009, for the header alone;
        65536 is the default, also where 0 or less is configured (SZ01)
        """
        for path in ("/ws", "/limited/zero", "/limited/not"):
            for opcode in (TEXT, BINARY):
                for size in (65535, 65536):
                    peer = self.open(path).send(frame(opcode, b"a" * size))
                    self.assertEqual(peer.receive(), (opcode, b"a" * size))
                self.refused(self.open(path).send(frame(opcode, b"a" * 65537)))
                self.refused(self.open(path).send(frame(opcode, length=65537)))
        self.refused(self.open().send(frame(BINARY, b"a", fin=False) + frame(CONTINUATION, length=65537)))

    def test_ownFrames(self) -> None:
        """
        A configured maxFrameSize is kept to the byte, in every frame of a message (SZ01)
        """
        self.assertEqual(self.open("/limited").send(frame(TEXT, b"a" * 10)).receive(), (TEXT, b"a" * 10))
        self.refused(self.open("/limited").send(frame(TEXT, b"a" * 11)))
        peer = self.open("/limited").send(frame(TEXT, b"a" * 10, fin=False) + frame(CONTINUATION, b"b" * 10))
        self.assertEqual(peer.message(), (TEXT, b"a" * 10 + b"b" * 10))
        self.refused(self.open("/limited").send(frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b" * 11)))

    def test_outbound(self) -> None:
        """
        What we send is cut into frames of at most maxFrameSize bytes, and joined again it
        is what was sent (0.5)
        """
        text = ("é" * 20).encode()
        peer = self.open("/limited").send(frame(TEXT, text[:7], fin=False))
        for start in (7, 17, 27):
            peer.send(frame(CONTINUATION, text[start : start + 10], fin=False))
        peer.send(frame(CONTINUATION, text[37:]))
        frames = [peer.frame() for _ in range(4)]
        self.assertEqual([each[0] for each in frames], [TEXT, CONTINUATION, CONTINUATION, CONTINUATION])
        self.assertEqual([each.fin for each in frames], [False, False, False, True])
        self.assertEqual([len(each.payload) for each in frames], [10, 10, 10, 10])
        self.assertEqual(b"".join(each.payload for each in frames), text)
        self.assertEqual({(each.rsv, each.masked) for each in frames}, {(0, False)})

    def test_messages(self) -> None:
        """
        A message of maxMessageSize is delivered; 1009 comes when it is crossed, not at the
        end, and costs no more than twice the memory (SZ02)
        """
        full = frame(BINARY, b"a" * 65536, fin=False) + frame(CONTINUATION, b"a" * 65536, fin=False) * 15
        peer = self.open().send(full + frame(CONTINUATION))
        opcode, payload = peer.message()
        self.assertEqual((opcode, len(payload)), (BINARY, _MEGABYTE))
        peer.close()
        self.called()
        before = self.markMemory()
        self.refused(self.open().send(full + frame(CONTINUATION, b"a", fin=False)))
        self.refused(self.open().send(full + frame(CONTINUATION, length=5, fin=False)))
        self.assertLess(self.memory() - before, 2 * _MEGABYTE)
        self.assertLess(self.grown(), 4)

    def test_ownMessages(self) -> None:
        """
        A configured maxMessageSize is kept to the byte (SZ02)
        """
        for size in (99, 100):
            peer = self.open("/limited/message").send(frame(BINARY, b"a" * size))
            self.assertEqual(peer.receive(), (BINARY, b"a" * size))
        self.refused(self.open("/limited/message").send(frame(BINARY, b"a" * 101)))
        self.refused(self.open("/limited/message").send(frame(BINARY, length=101)))
        half = frame(TEXT, b"a" * 50, fin=False)
        peer = self.open("/limited/message").send(half + frame(CONTINUATION, b"a" * 50))
        self.assertEqual(peer.receive(), (TEXT, b"a" * 100))
        self.refused(self.open("/limited/message").send(half + frame(CONTINUATION, b"a" * 51, fin=False)))

    def test_fragments(self) -> None:
        """
        1024 frames may be one message, empty ones counted; 1025 are 1009 (SZ03)
        """
        start, empty = frame(BINARY, fin=False), frame(CONTINUATION, fin=False)
        one = frame(CONTINUATION, b"x", fin=False)
        self.assertEqual(self.open().send(start + empty * 1022 + frame(CONTINUATION, b"x")).receive(), (BINARY, b"x"))
        self.assertEqual(self.open().send(start + one * 1022 + frame(CONTINUATION)).receive(), (BINARY, b"x" * 1022))
        self.refused(self.open().send(start + empty * 1024))
        self.refused(self.open().send(start + one * 1024))
        self.refused(self.open().send(start + empty * 100_000))

    def test_endless(self) -> None:
        """
        A message that never ends is 1009, with empty fragments or with some of a byte, and
        next to no memory or time for it (SZ03)
        """
        self.assertAlive()
        self.markMemory()
        for payload in (b"", b"x", b"x" * 1000):
            cpu = self.cpu()
            for _ in range(5):
                peer = self.open().send(frame(TEXT, fin=False))
                while not peer.ended:
                    peer.send(frame(CONTINUATION, payload, fin=False) * 500)
                    if peer.data or not peer.quiet(0.001):
                        break
                self.refused(peer)
            self.assertLess(self.cpu() - cpu, 5 * 0.1)
        self.assertLess(self.grown(), 6)

    def test_ownFragments(self) -> None:
        """
        A configured maxFragments is kept; control frames between do not count, nor do those
        of the message before (SZ03)
        """
        start, empty = frame(TEXT, b"a", fin=False), frame(CONTINUATION, fin=False)
        peer = self.open("/limited")
        for _ in range(3):
            peer.send(start + empty * 3 + frame(PING) * 10 + frame(CONTINUATION, b"b"))
            self.assertEqual([peer.receive() for _ in range(11)], [(PONG, b"")] * 10 + [(TEXT, b"ab")])
        self.refused(self.open("/limited").send(start + empty * 5))


class PriceTests(ServedTestCase):
    """
    What a connection costs that does nothing.
    """

    alone = True

    def test_requests(self) -> None:
        """
        A request is not kept with its connection: hundreds of connections take little, far
        below 25 KiB each (G1)
        """

        def connect(count: int) -> list[Peer]:
            return [self.open(more=b"X-Pad: " + b"a" * 4000 + b"\r\n") for _ in range(count)]

        peers = connect(100)
        before = self.memory()
        peers += connect(400)
        self.assertLess((self.memory() - before) / 400, 6000)
