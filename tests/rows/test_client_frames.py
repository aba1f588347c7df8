"""
What a server may send, and what a client sends itself (rows CL01, CL04, and CL13 of the
reliability catalogue).
"""

from __future__ import annotations

from typing import Any

from tests.rows.client_driving import ClientTestCase
from tests.rows.client_hostile import BINARY, CLOSE, DEFLATE, PING, PONG, TEXT, closing, deflated, frame

#: What a hostile server may cost the client's process, in MiB; messages of 1 MiB are
#: allowed, and may be there twice while they are put together.
BOUND = 2.0
MESSAGE_BOUND = 3.0

MIB = 1024 * 1024


class ReadTests(ClientTestCase):
    """
    Reads and writes in order.
    """

    def test_reads(self) -> None:
        """
        Texts, bytes, and whatever comes are read in the order in which they were sent (CL01)
        """
        name, accepted = self.open(self.server())
        accepted.send(frame(TEXT, "grün".encode()) + frame(BINARY, b"\x00\xff") + frame(TEXT, b"") + frame(BINARY))
        self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "grün")
        self.assertEqual(self.succeeds(self.calling(name, "readBinaryMessage")), {"bytes": "\x00\xff"})
        self.assertEqual(self.succeeds(self.calling(name, "readMessage")), "")
        self.assertEqual(self.succeeds(self.calling(name, "readMessage")), {"bytes": ""})

    def test_writes(self) -> None:
        """
        Text, bytes, and values arrive in the order of the calls, whatever their size (CL01)
        """
        name, accepted = self.open(self.server())
        writes = [
            self.calling(name, "writeTextMessage", "one"),
            self.calling(name, "writeBinaryMessage", size=70000),
            self.calling(name, "writeMessage", {"two": 2}),
            self.calling(name, "ping", "three"),
        ]
        received = [accepted.receive() for _ in range(5)]
        for write in writes:
            self.assertIsNone(self.succeeds(write))
        self.assertEqual([opcode for opcode, _ in received], [TEXT, BINARY, 0, TEXT, PING])
        self.assertEqual(b"".join(payload for _, payload in received[1:3]), bytes(70000))
        self.assertEqual([received[i][1] for i in (0, 3, 4)], [b"one", b'{"two":2}', b"three"])

    def test_pending(self) -> None:
        """
        Two reads that wait get one message each, the first the first; at the end the others all fail (CL01)
        """
        name, accepted = self.open(self.server())
        reads = [self.calling(name, "readTextMessage") for _ in range(4)]
        accepted.send(frame(TEXT, b"first") + frame(TEXT, b"second") + closing(1000, b"done"))
        self.assertEqual([self.succeeds(each) for each in reads[:2]], ["first", "second"])
        for each in reads[2:]:
            self.assertEqual(self.fails(each, "ConnectionClosureError", "done")["code"], 1000)
        self.fails(self.calling(name, "readTextMessage"), "ConnectionClosureError", "already closed")

    def test_wrongKind(self) -> None:
        """
        A read of the other kind fails, and the next message is read as ever (CL01)
        """
        name, accepted = self.open(self.server())
        accepted.send(frame(BINARY, b"bytes") + frame(TEXT, b"text"))
        self.fails(self.calling(name, "readTextMessage"), "PayloadBindingError", "text message was expected")
        self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "text")

    def test_afterClose(self) -> None:
        """
        What came before the server's close is read after it; then everything fails (CL01)
        """
        name, accepted = self.open(self.server())
        accepted.send(frame(TEXT, b"last words") + closing(1001))
        self.assertEqual(accepted.closed(), 1001)
        accepted.close()
        self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "last words")
        self.assertEqual(self.fails(self.calling(name, "readTextMessage"), "ConnectionClosureError")["code"], 1001)
        for method, args in (
            ("readMessage", ()),
            ("writeTextMessage", ("late",)),
            ("writeBinaryMessage", ("late",)),
            ("ping", ("late",)),
            ("pong", ("late",)),
            ("close", ()),
        ):
            self.fails(self.calling(name, method, *args), "ConnectionClosureError")

    def test_afterOwnClose(self) -> None:
        """
        Our own close ends the reads that wait, sends one close frame, and takes no more writes (CL01)
        """
        name, accepted = self.open(self.server())
        read = self.calling(name, "readTextMessage")
        closed = self.calling(name, "close", 1000, "bye")
        late = self.calling(name, "writeTextMessage", "late")
        self.fails(read, "ConnectionClosureError")
        self.fails(late, "ConnectionClosureError")
        self.assertEqual(accepted.receive(), (CLOSE, b"\x03\xe8bye"))
        accepted.send(closing(1000))
        self.assertEqual(accepted.rest(), b"")
        accepted.close()
        self.succeeds(closed)

    def test_lost(self) -> None:
        """
        A server that drops or resets TCP fails the reads and the close that wait with what happened (CL01)
        """
        for method in ("close", "reset"):
            name, accepted = self.open(self.server())
            reads = [self.calling(name, "readTextMessage") for _ in range(3)]
            getattr(accepted, method)()
            for each in reads:
                self.fails(each, "ConnectionClosureError")
            name, accepted = self.open(self.server())
            closed = self.calling(name, "close")
            self.assertEqual(accepted.closed(), 1000)
            getattr(accepted, method)()
            self.fails(closed, "ConnectionClosureError")


class WrongFrameTests(ClientTestCase):
    """
    Frames that no server may send.
    """

    def ends(self, code: int, error: str, data: bytes, more: bytes = b"", **fields: Any) -> None:
        """
        Check that this ends a connection: one close frame with the code, the end of what
        the client sends, and the error for the read that waits.
        """
        name, accepted = self.open(self.server(), more, **fields)
        read = self.calling(name, "readMessage")
        self.driver.ask("about", of=name)  # the read waits
        accepted.send(data)
        opcode, payload = accepted.receive()
        self.assertEqual((opcode, int.from_bytes(payload[:2], "big")), (CLOSE, code), data[:40])
        self.assertEqual(accepted.rest(), b"")
        accepted.close()
        self.fails(read, error)
        self.fails(self.calling(name, "readMessage"), "ConnectionClosureError", "already closed")
        self.fails(self.calling(name, "writeTextMessage", "late"), "ConnectionClosureError")

    def broken(self, data: bytes, more: bytes = b"", code: int = 1002, **fields: Any) -> None:
        """
        Check that this breaks the protocol.
        """
        self.ends(code, "CorruptedFrameError", data, more, **fields)

    def large(self, data: bytes, more: bytes = b"", **fields: Any) -> None:
        """
        Check that this is too big.
        """
        self.ends(1009, "PayloadTooLargeError", data, more, **fields)

    def test_masks(self) -> None:
        """
        A masked frame of a server is 1002, whatever its kind and size (CL04)
        """
        for opcode, payload in ((TEXT, b"x"), (BINARY, b""), (TEXT, b"x" * 200), (PING, b""), (BINARY, bytes(70000))):
            self.broken(frame(opcode, payload, masked=True), maxFrameSize=100000)

    def test_reserved(self) -> None:
        """
        Reserved bits, RSV1 without compression among them, and reserved opcodes are 1002 (CL04)
        """
        for rsv in (1, 2, 4):
            self.broken(frame(TEXT, b"x", rsv=rsv))
        self.broken(frame(TEXT, deflated(b"x" * 300), rsv=4), webSocketCompressionEnabled=False)
        self.broken(frame(PING, b"x", rsv=4), DEFLATE)
        self.broken(frame(TEXT, deflated(b"x"), rsv=4, fin=False) + frame(0, b"", rsv=4), DEFLATE)
        for opcode in (3, 7, 11, 15):
            self.broken(frame(opcode, length=2**62))

    def test_order(self) -> None:
        """
        A continuation of nothing, a new message within one, and fragmented control frames are 1002 (CL04)
        """
        self.broken(frame(0, b"x"))
        self.broken(frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"))
        self.broken(frame(PING, b"x", fin=False))
        self.broken(frame(PING, bytes(126)))
        self.broken(frame(CLOSE, b"x"))
        self.broken(closing(1005))

    def test_texts(self) -> None:
        """
        Text and reasons that are not UTF-8 are 1007, in one frame and in parts (CL04)
        """
        self.broken(frame(TEXT, b"\xff\xfe"), code=1007)
        self.broken(frame(TEXT, b"\xed\xa0\x80", fin=False), code=1007)
        self.broken(closing(1000, b"\xff"), code=1007)

    def test_lengths(self) -> None:
        """
        64-bit lengths are 1009 with their header, those over 2^63 and those in a long form 1002 (CL04)
        """
        for length in (MIB + 1, 2**32, 2**62, 2**63 - 1):
            self.large(frame(BINARY, length=length))
        for length in (2**63, 2**64 - 1):
            self.broken(frame(BINARY, length=length))
        self.broken(frame(TEXT, b"abc", form=126))
        self.broken(frame(TEXT, b"abc", form=127))

    def test_limits(self) -> None:
        """
        A frame, a message, and a number of frames at the limit are read, one more is 1009 (CL04)
        """
        name, accepted = self.open(self.server(), maxFrameSize=1000, maxMessageSize=2500, maxFragments=4)
        accepted.send(frame(BINARY, bytes(1000)))
        accepted.send(frame(BINARY, bytes(1000), fin=False) + frame(0, bytes(1000), fin=False) + frame(0, bytes(500)))
        accepted.send(frame(TEXT, b"a", fin=False) + frame(0, b"b", fin=False) * 2 + frame(0, b"c"))
        for length in ({"length": 1000}, {"length": 2500}, "abbc"):
            self.assertEqual(self.succeeds(self.calling(name, "readMessage")), length)
        accepted.close()
        self.large(frame(BINARY, bytes(1001)), maxFrameSize=1000)
        self.large(
            frame(BINARY, bytes(1000), fin=False) + frame(0, bytes(1000), fin=False) + frame(0, bytes(501)),
            maxFrameSize=1000,
            maxMessageSize=2500,
        )
        self.large(frame(TEXT, b"a", fin=False) + frame(0, b"b", fin=False) * 4, maxFragments=4)

    def test_streams(self) -> None:
        """
        What cannot be inflated is 1007 (CL04)
        """
        self.broken(frame(TEXT, b"\xff" * 20, rsv=4), DEFLATE, code=1007)
        self.broken(frame(TEXT, deflated(bytes(range(256)) * 4)[:-50], rsv=4), DEFLATE, code=1007)


class BoundTests(ClientTestCase):
    """
    What wants to fill the client's memory.
    """

    fresh = True

    def warm(self, more: bytes = b"", rest: bytes = b"", **fields: Any) -> None:
        """
        Have the client do once what is measured afterwards, within its limits.
        """
        self.assertAlive()
        name, accepted = self.open(self.server(), more, **fields)
        accepted.send(rest)
        if rest:
            self.succeeds(self.calling(name, "readMessage"))
        accepted.close()
        self.driver.markMemory()

    def test_bombInOneFrame(self) -> None:
        """
        60 kB that inflate to 60 MB in one frame are 1009, under 3 MiB, and take no second of the processor (CL04)
        """
        self.bombs(1)

    def test_bombInManyFrames(self) -> None:
        """
        So are they in a hundred frames: the limit holds for all of the message (CL04)
        """
        self.bombs(100)

    def bombs(self, parts: int) -> None:
        """
        Send 60 MB, deflated.
        """
        bomb = deflated(bytes(60 * MIB))
        self.assertLess(len(bomb), 65536)
        self.warm(DEFLATE, frame(BINARY, deflated(bytes(MIB // 2)), rsv=4))
        name, accepted = self.open(self.server(), DEFLATE)
        read = self.calling(name, "readMessage")
        began = self.driver.processorTime()
        size = -(-len(bomb) // parts)
        pieces = [bomb[start : start + size] for start in range(0, len(bomb), size)]
        for number, piece in enumerate(pieces):
            accepted.send(frame(0 if number else BINARY, piece, rsv=0 if number else 4, fin=number == len(pieces) - 1))
        self.assertEqual(accepted.closed(), 1009)
        accepted.close()
        self.fails(read, "PayloadTooLargeError", "after inflation")
        self.assertLess(self.driver.processorTime() - began, 0.5)
        self.assertLess(self.driver.grown(), MESSAGE_BOUND)

    def test_fragments(self) -> None:
        """
        Fragments without end, empty ones too, are 1009 after 1024, under 2 MiB (CL04)
        """
        for payload in (b"", b"x", b"x" * 1500):
            self.warm()
            name, accepted = self.open(self.server())
            read = self.calling(name, "readMessage")
            accepted.send(frame(BINARY, payload, fin=False))
            endless = frame(0, payload, fin=False)
            for _ in range(2 * MIB // (len(endless) * 64)):
                accepted.send(endless * 64)
            self.assertEqual(accepted.closed(), 1009)
            accepted.close()
            self.fails(read, "PayloadTooLargeError")
            self.assertLess(self.driver.grown(), MESSAGE_BOUND if len(payload) > 1 else BOUND)

    def test_fragmentsInDrops(self) -> None:
        """
        A frame that comes byte by byte, and one that never ends, hold no more than they have sent (CL04)
        """
        self.warm()
        name, accepted = self.open(self.server())
        read = self.calling(name, "readMessage")
        for byte in frame(BINARY, b"drop by drop" * 10):
            accepted.send(bytes((byte,)))
        self.assertEqual(self.succeeds(read), {"bytes": "drop by drop" * 10})
        accepted.send(frame(BINARY, length=65536) + bytes(65535))
        self.driver.ask("about", of=name)
        self.assertLess(self.driver.grown(), BOUND)
        accepted.close()
        self.fails(self.calling(name, "readMessage"), "ConnectionClosureError")


class MaskTests(ClientTestCase):
    """
    The keys of the client's frames.
    """

    def test_keys(self) -> None:
        """
        10,000 keys, of messages and of pongs, differ as far as chance lets them, in every bit (CL13)
        """
        name, accepted = self.open(self.server())
        for _ in range(20):
            accepted.send(frame(PING, b"?") * 500)
            for _ in range(500):
                self.assertEqual(accepted.receive(), (PONG, b"?"))
        for _ in range(100):
            self.calling(name, "writeTextMessage", "x")
        for _ in range(100):
            self.assertEqual(accepted.receive(), (TEXT, b"x"))
        accepted.close()
        keys = [int.from_bytes(key, "big") for key in accepted.keys]
        self.assertEqual(len(keys), 10100)
        # Two of 10,100 numbers of 32 bits are equal once in 84 runs, three pairs once in four million.
        self.assertGreater(len(set(keys)), 10100 - 3)
        for bit in range(32):
            ones = sum(key >> bit & 1 for key in keys)
            self.assertTrue(4550 < ones < 5550, (bit, ones))  # ten standard deviations
        self.assertNotIn(0, keys[:100])

    def test_handshakeKeys(self) -> None:
        """
        Nor does the key of a handshake come twice (CL13)
        """
        server = self.server()
        keys = set()
        for _ in range(20):
            name = self.connecting(server.url)
            accepted = server.accept()
            accepted.request()
            keys.add(accepted.key)
            accepted.close()
            self.fails(name, "ConnectionError")
        self.assertEqual(len(keys), 20)
