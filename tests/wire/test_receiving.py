"""
Tests of L{balws.wire.receiving}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.rows.raw import BINARY, CLOSE, PING, PONG, TEXT, closing, frame
from tests.wire.transports import Rig

PROTOCOL = [("closing", False), "CorruptedFrameError"]
SIZE = [("closing", False), "PayloadTooLargeError"]


class MessageTests(SynchronousTestCase):
    """
    From bytes to messages, in whatever portion they come.
    """

    def test_everySplit(self) -> None:
        """
        A stream cut anywhere gives the same messages; so does one byte at a time.
        """
        stream = (
            frame(TEXT, b"one")
            + frame(BINARY, b"2" * 130, fin=False)
            + frame(PING, b"p")
            + frame(0)
            + frame(TEXT, "é".encode()[:1], fin=False)
            + frame(0, "é".encode()[1:], fin=False)
            + frame(0)
        )
        expected = ["one", b"2" * 130, "é"]
        for cut in range(len(stream) + 1):
            rig = Rig()
            rig.wire.dataReceived(stream[:cut])
            rig.wire.dataReceived(stream[cut:])
            self.assertEqual(rig.session.seen, expected, cut)
            self.assertEqual(rig.transport.take(), b"\x8a\x01p")
        rig = Rig()
        for byte in stream:
            rig.wire.dataReceived(bytes((byte,)))
        self.assertEqual(rig.session.seen, expected)

    @settings(deadline=None, max_examples=60)
    @given(st.data())
    def test_anyFragments(self, data: st.DataObject) -> None:
        """
        Any messages, in any fragments, in any portions.
        """
        messages = data.draw(st.lists(st.one_of(st.text(max_size=200), st.binary(max_size=200)), max_size=6))
        stream = b""
        for message in messages:
            opcode, payload = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
            cuts = sorted(data.draw(st.lists(st.integers(0, len(payload)), max_size=3)))
            edges = [0, *cuts, len(payload)]
            for index, (start, stop) in enumerate(zip(edges, edges[1:], strict=False)):
                stream += frame(0 if index else opcode, payload[start:stop], fin=index == len(edges) - 2)
        rig = Rig()
        while stream:
            size = data.draw(st.integers(1, 100))
            rig.wire.dataReceived(stream[:size])
            stream = stream[size:]
        self.assertEqual(rig.session.seen, messages)

    def test_pause(self) -> None:
        """
        A pause in the midst of a read keeps what is left, and the order.
        """
        rig = Rig()
        rig.session.onText = lambda text: rig.wire.pauseReading() if text in ("b", "d") else None
        rig.wire.dataReceived(b"".join(frame(TEXT, letter.encode()) for letter in "abcde"))
        self.assertEqual((rig.session.seen, rig.transport.reading), (["a", "b"], False))
        rig.wire.pauseReading()
        rig.wire.dataReceived(frame(TEXT, b"f"))
        self.assertEqual(rig.session.seen, ["a", "b"])
        rig.wire.resumeReading()
        self.assertEqual((rig.session.seen, rig.transport.reading), (["a", "b", "c", "d"], False))
        rig.wire.resumeReading()
        self.assertEqual((rig.session.seen, rig.transport.reading), (list("abcdef"), True))
        rig.wire.resumeReading()

    def test_resumeWithin(self) -> None:
        """
        A pause that ends while its message is handled changes nothing.
        """
        rig = Rig()

        def onText(text: str) -> None:
            rig.wire.pauseReading()
            rig.wire.resumeReading()

        rig.session.onText = onText
        rig.wire.dataReceived(b"".join(frame(TEXT, letter.encode()) for letter in "abc"))
        self.assertEqual((rig.session.seen, rig.transport.reading), (["a", "b", "c"], True))


class ViolationTests(SynchronousTestCase):
    """
    RFC 6455 section 7.1.7: the peer broke the rules.
    """

    def fails(self, data: bytes, code: int, seen: list[object], **options: int) -> None:
        """
        Check for what came before, one close frame, and silence.
        """
        rig = Rig(**options)
        rig.wire.dataReceived(frame(TEXT, b"before") + data + frame(TEXT, b"after"))
        rig.wire.dataReceived(frame(TEXT, b"later"))
        self.assertEqual(rig.session.seen, ["before", *seen])
        written = rig.transport.take()
        self.assertEqual(written[:1] + written[2:4], b"\x88" + code.to_bytes(2, "big"))
        self.assertEqual(len(written), 2 + written[1])
        self.assertEqual(rig.transport.calls, ["half"])
        rig.clock.advance(6)
        self.assertEqual(rig.transport.calls, ["half", "abort"])
        rig.lose()
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_frames(self) -> None:
        """
        Frames that may not be.
        """
        for data in (
            frame(TEXT, b"x", masked=False),
            frame(TEXT, b"x", rsv=4),
            frame(3, length=2**62),
            frame(11, length=2**62),
            frame(BINARY, length=2**63),
            frame(TEXT, b"x", form=126),
            frame(TEXT, b"x", form=127),
            frame(0, b"x"),
            frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
            frame(PING, fin=False),
            frame(PING, b"a" * 126),
            frame(CLOSE, b"\x03"),
            closing(1005),
        ):
            self.fails(data, 1002, PROTOCOL)

    def test_text(self) -> None:
        """
        Text that is not UTF-8: in one frame, at its end, in the first part of many.
        """
        for data in (
            frame(TEXT, b"\xff"),
            frame(TEXT, b"\xc3"),
            frame(TEXT, b"\xc3(", fin=False),
            closing(1000, b"\xff"),
        ):
            self.fails(data, 1007, PROTOCOL)
        self.fails(frame(TEXT, b"\xc3", fin=False) + frame(0), 1007, PROTOCOL)

    def test_sizes(self) -> None:
        """
        Frame, message and fragments: each at its limit, and one over it.
        """
        rig = Rig(maxFrameSize=200, maxMessageSize=300, maxFragments=3)
        rig.wire.dataReceived(frame(BINARY, b"a" * 200))
        rig.wire.dataReceived(frame(BINARY, b"a" * 150, fin=False) + frame(0, b"a" * 150))
        rig.wire.dataReceived(frame(BINARY, fin=False) + frame(0, fin=False) + frame(0, b"x"))
        self.assertEqual([len(message) for message in rig.session.seen], [200, 300, 1])
        limits = {"maxFrameSize": 200, "maxMessageSize": 300, "maxFragments": 3}
        self.fails(frame(BINARY, b"a" * 201), 1009, SIZE, **limits)
        self.fails(frame(BINARY, length=2**62), 1009, SIZE, **limits)
        self.fails(frame(BINARY, b"a" * 150, fin=False) + frame(0, b"a" * 151, fin=False), 1009, SIZE, **limits)
        self.fails(frame(BINARY, fin=False) + frame(0, fin=False) * 3, 1009, SIZE, **limits)
        rig = Rig(maxFrameSize=70000)
        rig.wire.dataReceived(frame(BINARY, b"a" * 70000))
        self.assertEqual([len(message) for message in rig.session.seen], [70000])

    def test_wanted(self) -> None:
        """
        Control frames reach a session that wants them.
        """
        rig = Rig()
        rig.session.wantsPing = rig.session.wantsPong = True
        rig.wire.dataReceived(frame(PING, b"a") + frame(PONG, b"b"))
        self.assertEqual((rig.session.seen, rig.transport.take()), ([("ping", b"a"), ("pong", b"b")], b""))
