"""
Tests of L{balws.wire.receiving}.
"""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.receiving import FRAMES_A_TURN
from tests.rows.raw import BINARY, CLOSE, PING, PONG, TEXT, closing, frame
from tests.wire.transports import AbruptTransport, Rig, WireTestCase, compressing

PROTOCOL = "CorruptedFrameError"
SIZE = "PayloadTooLargeError"


def deflated(data: bytes, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """
    @return: the payload of a compressed message (RFC 7692 section 7.2.1).
    """
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -12, 5, strategy)
    return (squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def pieces(stream: bytes, size: int) -> Iterator[bytes]:
    """
    @return: the stream in portions of this size.
    """
    return (stream[start : start + size] for start in range(0, len(stream), size))


class MessageTests(SynchronousTestCase):
    """
    From bytes to messages, in whatever portion they come.
    """

    def test_everyLength(self) -> None:
        """
        Every form of a frame's length, in one read, in two cut around every part of the
        header, and in many.
        """
        for size in (0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 65535, 65536, 65537):
            payload = (b"balws " * (size // 6 + 1))[:size]
            for opcode, message in ((TEXT, payload.decode()), (BINARY, payload)):
                data = frame(opcode, payload)
                for cut in (*range(min(len(data), 20)), len(data) - 1, len(data)):
                    rig = Rig(maxFrameSize=70000)
                    rig.read(data[:cut])
                    self.assertEqual(rig.session.seen, [message] * (cut == len(data)), (size, cut))
                    rig.read(data[cut:], frame(TEXT, b"next"))
                    self.assertEqual(rig.session.seen, [message, "next"], (size, cut))
                rig = Rig(maxFrameSize=70000)
                rig.read(*pieces(data, 1 if size < 1000 else 999))
                self.assertEqual(rig.session.seen, [message], size)
                self.assertEqual(rig.wire.data, b"")

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
            + frame(PONG)
            + frame(0)
            + frame(BINARY)
        )
        expected = ["one", b"2" * 130, "é", b""]
        for cut in range(len(stream) + 1):
            rig = Rig()
            rig.read(stream[:cut], stream[cut:])
            self.assertEqual(rig.session.seen, expected, cut)
            self.assertEqual(rig.transport.take(), b"\x8a\x01p")
        rig = Rig()
        rig.read(*pieces(stream, 1))
        self.assertEqual(rig.session.seen, expected)

    def test_manyInARead(self) -> None:
        """
        Ten thousand frames in one read, whole, and the last of them in part.
        """
        texts = [str(number) for number in range(10000)]
        stream = b"".join(frame(TEXT, text.encode()) for text in texts)
        rig = Rig()
        rig.read(stream[:-1])
        self.assertEqual(rig.session.seen, texts[:-1])
        rig.read(stream[-1:])
        self.assertEqual(rig.session.seen, texts)

    def test_turns(self) -> None:
        """
        After 256 frames of one read the others have their turn: nothing is taken and
        nothing read until the next; fragments count as whole frames do.
        """
        for count, left in ((FRAMES_A_TURN, 0), (FRAMES_A_TURN + 1, 1), (2 * FRAMES_A_TURN + 1, FRAMES_A_TURN + 1)):
            rig = Rig()
            rig.wire.dataReceived(frame(BINARY, b"x") * count)
            self.assertEqual(len(rig.session.seen), count - left)
            self.assertEqual((rig.transport.reading, len(rig.clock.getDelayedCalls())), (not left, left > 0))
            rig.wire.dataReceived(frame(BINARY, b"later"))
            rig.clock.advance(0)
            self.assertEqual((len(rig.session.seen), rig.session.seen[-1]), (count + 1, b"later"))
            self.assertEqual((rig.clock.getDelayedCalls(), rig.transport.reading), ([], True))
        rig = Rig(maxFragments=2000)
        rig.wire.dataReceived(frame(TEXT, b"a", fin=False) + frame(0, b"b", fin=False) * 1000 + frame(0, b"c"))
        self.assertEqual((rig.session.seen, rig.transport.reading), ([], False))
        while rig.clock.getDelayedCalls():
            rig.clock.advance(0)
        self.assertEqual(rig.session.seen, ["a" + "b" * 1000 + "c"])

    def test_turnOfInflated(self) -> None:
        """
        What was a kilobyte and is a megabyte is a whole turn: others do not wait for many of them.
        """
        rig = compressing(maxMessageSize=1 << 20)
        large = b"\0" * (1 << 20)
        rig.wire.dataReceived(frame(BINARY, deflated(large), rsv=4) * 3)
        self.assertEqual((len(rig.session.seen), rig.transport.reading), (1, False))
        rig.clock.advance(0)
        self.assertEqual((rig.session.seen, rig.transport.reading), ([large] * 3, True))

    def test_turnThatFails(self) -> None:
        """
        What is no Exception and comes out of a later turn ends the connection, as the reactor does
        with one that comes out of its own: it would never be read again.
        """

        class Stop(BaseException):
            pass

        rig = Rig()
        rig.wire.dataReceived(frame(BINARY, b"x") * (FRAMES_A_TURN + 1))

        def stop(data: bytes) -> None:
            raise Stop

        rig.session.binaryReceived = stop  # type: ignore[method-assign]
        self.assertRaises(Stop, rig.clock.advance, 0)
        self.assertEqual(rig.transport.calls, ["abort"])

    def test_turnAndQueue(self) -> None:
        """
        A turn that comes while the session's queue is full waits for the queue, and the
        other way round.
        """
        stream = frame(BINARY, b"x") * (FRAMES_A_TURN + 1)
        rig = Rig()
        rig.wire.dataReceived(stream)
        rig.wire.pauseReading()
        rig.clock.advance(0)
        self.assertEqual((len(rig.session.seen), rig.transport.reading), (FRAMES_A_TURN, False))
        rig.wire.resumeReading()
        self.assertEqual((len(rig.session.seen), rig.transport.reading), (FRAMES_A_TURN + 1, True))
        rig = Rig()
        rig.wire.dataReceived(stream)
        rig.wire.pauseReading()
        rig.wire.resumeReading()
        self.assertEqual((len(rig.session.seen), rig.transport.reading), (FRAMES_A_TURN, False))
        rig.clock.advance(0)
        self.assertEqual((len(rig.session.seen), rig.transport.reading), (FRAMES_A_TURN + 1, True))

    def test_turnAndEnd(self) -> None:
        """
        What was left for a turn is forgotten with the connection.
        """
        for end in (Rig.lose, lambda rig: rig.wire.abort()):
            rig = Rig()
            rig.wire.dataReceived(frame(BINARY, b"x") * (FRAMES_A_TURN + 1))
            end(rig)
            rig.clock.advance(0)
            self.assertEqual(rig.session.seen.count(b"x"), FRAMES_A_TURN)
            self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_turnAfterHeader(self) -> None:
        """
        A turn that ends behind the header of an empty frame, with nothing after it, is
        followed by one that ends the message.
        """
        for middle in range(FRAMES_A_TURN):
            rig = Rig()
            rig.wire.dataReceived(
                frame(TEXT, b"first") + frame(TEXT, b"a", fin=False) + frame(0, b"a", fin=False) * middle + frame(0)
            )
            rig.clock.advance(0)
            self.assertEqual(rig.session.seen, ["first", "a" * (middle + 1)], middle)

    def test_takeLater(self) -> None:
        """
        What came with a handshake has a turn of its own.
        """
        rig = Rig()
        rig.wire.takeLater(frame(TEXT, b"a"))
        self.assertEqual(rig.session.seen, [])
        rig.clock.advance(0)
        self.assertEqual((rig.session.seen, rig.transport.reading), (["a"], True))

    def test_controlBetween(self) -> None:
        """
        Control frames between the fragments of a message are answered or told at once.
        """
        rig = Rig()
        rig.session.wantsPong = True
        rig.read(
            frame(TEXT, b"a", fin=False)
            + frame(PING, b"one")
            + frame(0, b"b", fin=False)
            + frame(PONG, b"two")
        )
        self.assertEqual((rig.session.seen, rig.sent()), ([("pong", b"two")], [(0x8A, b"one")]))
        rig.read(frame(0, b"c"))
        self.assertEqual(rig.session.seen[1:], ["abc"])

    def test_closeBetween(self) -> None:
        """
        A close frame between the fragments of a message ends it: it is not delivered.
        """
        rig = Rig()
        rig.read(frame(TEXT, b"a", fin=False) + closing(1000) + frame(0, b"b"))
        self.assertEqual(rig.session.seen, [("closing", True)])
        self.assertEqual((rig.sent(), rig.wire.data), ([(0x88, b"\x03\xe8")], b""))

    def test_wanted(self) -> None:
        """
        Control frames reach a session that wants them.
        """
        rig = Rig()
        rig.session.wantsPing = rig.session.wantsPong = True
        rig.read(frame(PING, b"a") + frame(PONG, b"b"), *pieces(frame(PING, b"c" * 125), 7))
        self.assertEqual(rig.session.seen, [("ping", b"a"), ("pong", b"b"), ("ping", b"c" * 125)])
        self.assertEqual(rig.transport.take(), b"")

    def test_unwanted(self) -> None:
        """
        Else pings are answered with what they carry, and pongs are nobody's.
        """
        rig = Rig()
        rig.read(frame(PING) + frame(PONG, b"b"), *pieces(frame(PING, b"c" * 125), 7))
        self.assertEqual((rig.session.seen, rig.sent()), ([], [(0x8A, b""), (0x8A, b"c" * 125)]))

    def test_tinyParts(self) -> None:
        """
        A message that comes in tiny parts takes the memory of its bytes, not of its parts.
        """
        rig = Rig()
        rig.read(frame(BINARY, length=20000))
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for _ in range(9999):
            rig.read(b"ab")
        taken = tracemalloc.get_traced_memory()[0]
        self.assertLess(taken, 60000)
        rig.read(b"cd")
        self.assertEqual(len(rig.session.seen[0]), 20000)

    @settings(deadline=None, max_examples=60)
    @given(st.data())
    def test_anyFragments(self, data: st.DataObject) -> None:
        """
        Any messages, compressed or not, in any fragments with any control frames between
        them, in any portions.
        """
        rig = compressing()
        rig.session.wantsPing = rig.session.wantsPong = True
        messages = data.draw(st.lists(st.one_of(st.text(max_size=200), st.binary(max_size=200)), max_size=6))
        stream, expected = b"", []
        for message in messages:
            opcode, payload = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
            rsv = data.draw(st.sampled_from([0, 4]))
            if rsv:
                payload = deflated(payload)
            cuts = sorted(data.draw(st.lists(st.integers(0, len(payload)), max_size=3)))
            edges = [0, *cuts, len(payload)]
            for index, (start, stop) in enumerate(zip(edges, edges[1:], strict=False)):
                for control in data.draw(st.lists(st.sampled_from([PING, PONG]), max_size=1)):
                    stream += frame(control, payload[:100])
                    expected.append(({PING: "ping", PONG: "pong"}[control], payload[:100]))
                last = index == len(edges) - 2
                stream += frame(
                    0 if index else opcode, payload[start:stop], fin=last, rsv=0 if index else rsv
                )
            expected.append(message)
        while stream:
            size = data.draw(st.integers(1, 100))
            rig.read(stream[:size])
            stream = stream[size:]
        self.assertEqual(rig.session.seen, expected)

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.binary(max_size=40), max_size=8), st.booleans())
    def test_anyBytes(self, portions: list[bytes], squeezed: bool) -> None:
        """
        Whatever bytes come, they give messages or one failure, and nothing after it.
        """
        rig = compressing() if squeezed else Rig()
        rig.read(frame(TEXT, b"first"), *portions)
        seen = rig.session.seen
        self.assertEqual(seen[0], "first")
        if rig.transport.calls == ["half"]:
            self.assertEqual(seen[-2], ("closing", False))
            self.assertIn(seen[-1], (PROTOCOL, SIZE))
        elif rig.transport.calls:
            self.assertEqual((rig.transport.calls, seen[-1]), (["lose"], ("closing", True)))
        self.assertEqual(len([each for each in seen if each in (PROTOCOL, SIZE)]), len(rig.session.errors))


class PauseTests(SynchronousTestCase):
    """
    The session's queue is full.
    """

    def pausing(self, *texts: str, **settings: Any) -> Rig:
        """
        @return: a rig that pauses after each of these texts.
        """
        rig = Rig(**settings)
        rig.session.then["message"] = lambda text: rig.wire.pauseReading() if text in texts else None
        return rig

    def test_pause(self) -> None:
        """
        A pause in the midst of a read keeps what is left, and the order.
        """
        rig = self.pausing("b", "d")
        rig.read(b"".join(frame(TEXT, letter.encode()) for letter in "abcde"))
        self.assertEqual((rig.session.seen, rig.transport.reading), (["a", "b"], False))
        rig.wire.pauseReading()
        rig.read(frame(TEXT, b"f"))
        self.assertEqual(rig.session.seen, ["a", "b"])
        rig.wire.resumeReading()
        self.assertEqual((rig.session.seen, rig.transport.reading), (["a", "b", "c", "d"], False))
        rig.wire.resumeReading()
        self.assertEqual((rig.session.seen, rig.transport.reading), (list("abcdef"), True))
        rig.wire.resumeReading()

    def test_everySplit(self) -> None:
        """
        Wherever a stream is cut, and whatever of it comes while nothing is taken, nothing is
        lost and nothing told meanwhile.
        """
        stream = (
            frame(TEXT, b"stop")
            + frame(TEXT, b"a", fin=False)
            + frame(PING, b"p")
            + frame(0)
            + frame(TEXT, b"st", fin=False)
            + frame(0, b"op", fin=False)
            + frame(0)
            + frame(PING, b"q")
            + frame(BINARY, b"b")
        )
        for cut in range(len(stream) + 1):
            for again in (cut, len(stream)):
                rig = self.pausing("stop")
                rig.session.wantsPing = True
                told = [["stop"], [("ping", b"p"), "a", "stop"], [("ping", b"q"), b"b"]]
                rig.read(stream[:cut])
                while not rig.transport.reading:
                    part = told.pop(0)
                    self.assertEqual(rig.session.seen[-len(part) :], part, cut)
                    rig.wire.resumeReading()
                rig.read(stream[cut:again], stream[again:])
                for _ in range(2):
                    rig.wire.resumeReading()
                self.assertEqual(
                    rig.session.seen, ["stop", ("ping", b"p"), "a", "stop", ("ping", b"q"), b"b"], cut
                )

    def test_resumeWithin(self) -> None:
        """
        A pause that ends while its message is handled changes nothing.
        """
        for whole in (True, False):
            rig = Rig()

            def onText(text: str, rig: Rig = rig) -> None:
                rig.wire.pauseReading()
                rig.wire.resumeReading()

            rig.session.then["message"] = onText
            parts = (
                frame(TEXT, letter.encode(), fin=whole) + (b"" if whole else frame(0)) for letter in "abc"
            )
            rig.read(b"".join(parts))
            self.assertEqual((rig.session.seen, rig.transport.reading), (["a", "b", "c"], True))

    def test_resumedByMessage(self) -> None:
        """
        What was left by one pause may be paused and resumed in turn.
        """
        rig = self.pausing("a")
        rig.read(b"".join(frame(TEXT, letter.encode()) for letter in "abcd"))

        def onText(text: str) -> None:
            rig.wire.pauseReading()
            rig.wire.resumeReading()

        rig.session.then["message"] = onText
        rig.wire.resumeReading()
        self.assertEqual((rig.session.seen, rig.transport.reading, rig.wire.data), (list("abcd"), True, b""))

    def test_endedMeanwhile(self) -> None:
        """
        What waits when the connection fails or ends is thrown away, and reading does not
        begin anew.
        """
        for end in ("fail", "abort", "lose"):
            rig = self.pausing("a")
            rig.read(frame(TEXT, b"a") + frame(TEXT, b"b"))
            if end == "fail":
                rig.wire.fail(1011, "words", ValueError())
            elif end == "abort":
                rig.wire.abort()
            else:
                rig.lose()
            rig.wire.resumeReading()
            rig.wire.pauseReading()
            rig.read(frame(TEXT, b"c"))
            self.assertNotIn("b", rig.session.seen)
            self.assertEqual(rig.wire.data, b"")
            # After a failure the peer's own end must be seen.
            self.assertEqual(rig.transport.reading, end == "fail")

    def test_abortedByMessage(self) -> None:
        """
        Nothing is told after the end, also where the end comes in the midst of a read.
        """
        streams = (
            frame(TEXT, b"a") + frame(TEXT, b"b"),
            frame(TEXT, fin=False) + frame(0, b"a") + frame(TEXT, b"b"),
            frame(PING, b"a") + frame(TEXT, b"b"),
            frame(TEXT, fin=False) + frame(PING, b"a") + frame(0, b"b"),
        )
        for stream in streams:
            rig = Rig(transport=AbruptTransport())
            rig.session.wantsPing = True
            rig.session.then["message"] = rig.session.then["ping"] = lambda _, rig=rig: rig.wire.abort()
            rig.read(stream)
            self.assertEqual(rig.session.seen[1:], [("ended", 1006, "")])
            self.assertEqual(rig.wire.data, b"")


class LimitTests(WireTestCase):
    """
    Sizes (decision 21): at a limit a message is delivered, above it the answer is 1009.
    """

    def tooBig(self, rig: Rig, *portions: bytes) -> None:
        """
        A message is delivered, then this is refused.
        """
        rig.read(frame(TEXT), *portions)
        self.assertEqual(rig.session.seen[0], "")
        self.assertEqual(len(rig.session.seen), 3)
        self.hasFailed(rig, 1009, SIZE)

    def test_frame(self) -> None:
        """
        The size of a frame, whole or in parts, alone or as a fragment.
        """
        for limit in (1, 2, 125, 126, 127, 65534, 65535, 65536):
            for size in (limit - 1, limit):
                data = frame(BINARY, bytes(size))
                rig = Rig(maxFrameSize=limit)
                rig.read(data, data[:9], data[9:], frame(BINARY, fin=False) + frame(0, bytes(size)))
                self.assertEqual(rig.session.seen, [bytes(size)] * 3)
            data = frame(BINARY, bytes(limit + 1))
            self.tooBig(Rig(maxFrameSize=limit), data)
            self.tooBig(Rig(maxFrameSize=limit), data[:14])
            self.tooBig(Rig(maxFrameSize=limit), frame(BINARY, fin=False) + frame(0, bytes(limit + 1)))

    def test_message(self) -> None:
        """
        The size of a message, in one frame, in one frame in parts, or in fragments; also
        where a frame might be larger.
        """
        for limit in (1, 100, 1000):
            for size in (limit - 1, limit):
                data = frame(BINARY, bytes(size))
                fragments = frame(BINARY, bytes(size // 2), fin=False) + frame(0, bytes(size - size // 2))
                rig = Rig(maxMessageSize=limit)
                rig.read(data, data[:7], data[7:], fragments, *pieces(fragments, 1))
                self.assertEqual(rig.session.seen, [bytes(size)] * 4)
            size = limit + 1
            self.tooBig(Rig(maxMessageSize=limit), frame(BINARY, bytes(size)))
            self.tooBig(Rig(maxMessageSize=limit), frame(TEXT, bytes(size))[:9])
            fragments = frame(BINARY, bytes(limit), fin=False) + frame(0, b"x", fin=False)
            self.tooBig(Rig(maxMessageSize=limit), fragments)
            self.tooBig(Rig(maxMessageSize=limit), *pieces(fragments, 1))

    def test_claims(self) -> None:
        """
        What is too large is refused when its header is there, before a byte of it.
        """
        for claim in (65537, 2**31, 2**32, 2**62, 2**63 - 1):
            self.tooBig(Rig(), frame(BINARY, length=claim))
            self.tooBig(Rig(), *pieces(frame(TEXT, length=claim), 1))
            self.tooBig(Rig(), frame(BINARY, fin=False) + frame(0, length=claim))
            self.tooBig(compressing(), frame(TEXT, length=claim, rsv=4))

    def test_fragments(self) -> None:
        """
        The number of frames of a message, empty ones and control frames between them; the
        next message begins to count anew.
        """
        for limit in (1, 2, 3, 1024):
            rig = Rig(maxFragments=limit)
            middle = frame(0, fin=False) * (limit - 2) + frame(PING)
            message = frame(BINARY, fin=False) + middle + frame(0, b"x") if limit > 1 else frame(BINARY, b"x")
            rig.read(message, message, *pieces(message, 5))
            self.assertEqual(rig.session.seen, [b"x"] * 3)
            self.tooBig(Rig(maxFragments=limit), frame(TEXT, fin=False) + frame(0, fin=False) * limit)
            self.tooBig(
                Rig(maxFragments=limit), frame(TEXT, fin=False) + frame(0, fin=False) * (limit - 1) + frame(0)
            )

    def test_inflated(self) -> None:
        """
        What counts of a compressed message is its size after inflation, whatever way it
        comes, however little was compressed, and however much in the last of its bytes.
        """
        random = Random(7692)
        strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
        limit = 1000
        for kind in (b"a" * 3000, random.randbytes(3000), b"ab" * 1500):
            for strategy in strategies:
                for size in (limit - 1, limit, limit + 1, limit + 2, limit + 200):
                    payload = deflated(kind[:size], strategy)
                    whole = frame(BINARY, payload, rsv=4)
                    half = len(payload) // 2
                    fragments = frame(BINARY, payload[:half], rsv=4, fin=False) + frame(0, payload[half:])
                    for portions in ([whole], [whole[:5], whole[5:]], pieces(whole, 1), [fragments]):
                        rig = compressing(maxMessageSize=limit)
                        if size <= limit:
                            rig.read(*portions)
                            self.assertEqual(rig.session.seen, [kind[:size]], (size, strategy))
                        else:
                            self.tooBig(rig, *portions)

    def test_bomb(self) -> None:
        """
        A few bytes that inflate to very many are refused before they have.
        """
        payload = deflated(bytes(60_000_000))
        self.assertLess(len(payload), 65536)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.tooBig(compressing(), frame(BINARY, payload, rsv=4))
        fragments = [frame(0, part, fin=False) for part in pieces(payload[100:], 600)]
        self.tooBig(compressing(), frame(BINARY, payload[:100], rsv=4, fin=False), *fragments)
        self.assertLess(tracemalloc.get_traced_memory()[1], 6_000_000)


class ViolationTests(WireTestCase):
    """
    RFC 6455 section 7.1.7: the peer broke the rules.
    """

    def fails(self, data: bytes, code: int, squeezed: bool = False) -> None:
        """
        Once in one read, once byte by byte: what came before is told, one close frame and
        one error, and silence.
        """
        before = frame(TEXT, b"before")
        for portions in ([before + data + frame(TEXT, b"after")], pieces(before + data, 1)):
            rig = compressing() if squeezed else Rig()
            rig.read(*portions)
            self.assertEqual(rig.session.seen, ["before", ("closing", False), PROTOCOL], data)
            self.assertEqual(rig.session.errors[0].statusCode, code)
            self.hasFailed(rig, code, PROTOCOL)

    def test_frames(self) -> None:
        """
        Frames that may not be.
        """
        for data in (
            frame(TEXT, b"x", masked=False),
            frame(PING, masked=False),
            frame(TEXT, b"x", rsv=4),
            frame(PING, rsv=1),
            frame(BINARY, length=2**63),
            frame(BINARY, length=2**64 - 1),
            frame(TEXT, b"x", form=126),
            frame(TEXT, b"x" * 125, form=126),
            frame(TEXT, b"x", form=127),
            frame(BINARY, length=126, form=127),
            frame(BINARY, length=65535, form=127),
            frame(0, b"x"),
            frame(0, fin=False),
            frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
            frame(TEXT, b"x", fin=False) + frame(BINARY, b"y", fin=False),
            frame(PING, fin=False),
            frame(TEXT, fin=False) + frame(PONG, fin=False),
            frame(PING, b"a" * 126),
            frame(CLOSE, b"a" * 126),
            frame(TEXT, fin=False) + frame(PING, length=65536),
            *(frame(opcode, length=2**62) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
        ):
            self.fails(data, 1002)

    def test_everyHeader(self) -> None:
        """
        Of all first bytes, with all kinds of second bytes, exactly those of RFC 6455 section
        5.2 begin a frame; with the second byte it is known.
        """
        for first in range(256):
            for second in (0, 1, 2, 125, 126, 127):
                for masked in (0, 0x80):
                    opcode, size = first & 15, second
                    control = (
                        opcode in (8, 9, 10) and first & 0x80 and size < 126 and (opcode, size) != (8, 1)
                    )
                    good = masked and not first & 0x70 and (control or opcode in (1, 2))
                    rig = Rig()
                    rig.read(bytes([first, masked | second]))
                    self.assertEqual(
                        rig.session.seen, [] if good else [("closing", False), PROTOCOL], (first, second)
                    )

    def test_compressed(self) -> None:
        """
        Where compression was agreed its bit is for the first frame of a message alone, and
        nobody else's (RFC 7692 section 6).
        """
        for data in (
            frame(PING, rsv=4),
            frame(CLOSE, rsv=4),
            frame(TEXT, b"x", rsv=1),
            frame(TEXT, b"x", rsv=2),
            frame(TEXT, b"x", rsv=6),
            frame(TEXT, deflated(b"x"), rsv=4, fin=False) + frame(0, rsv=4),
            frame(TEXT, b"x", fin=False) + frame(0, rsv=4),
        ):
            self.fails(data, 1002, squeezed=True)

    def test_inflation(self) -> None:
        """
        What cannot be inflated is 1007, also where that shows in the last frame only.
        """
        good = deflated(b"balws" * 100)
        for data in (
            frame(TEXT, b"\xff\xff\xff", rsv=4),
            frame(BINARY, b"\x07", rsv=4),
            frame(BINARY, good, rsv=4, fin=False) + frame(0, b"\xff\xff\xff"),
            # Cut off in the middle of a stored block: the end is missing.
            frame(BINARY, b"\x00\x04\x00\xfb\xff", rsv=4),
        ):
            self.fails(data, 1007, squeezed=True)

    def test_text(self) -> None:
        """
        Text that is not UTF-8: in one frame, at its end, in parts, in the first of many
        fragments, inflated.
        """
        bad = (
            b"\xff",
            b"a\xc3",
            b"\xc0\xaf",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xe0\x80\x80",
            b"\xf8\x88\x80\x80\x80",
            b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        )
        for payload in bad:
            self.fails(frame(TEXT, payload), 1007)
            self.fails(frame(TEXT, b"a", fin=False) + frame(0, payload), 1007)
            self.fails(frame(TEXT, deflated(payload), rsv=4), 1007, squeezed=True)
        for split in range(3):
            self.fails(frame(TEXT, "€".encode()[:split], fin=False) + frame(0, b"\xff"), 1007)
        self.fails(frame(TEXT, b"\xe2\x82", fin=False) + frame(0), 1007)
        self.fails(frame(CLOSE, b"\x03\xe8\xff"), 1007)

    def test_textFailsFast(self) -> None:
        """
        Text that comes in parts fails with its first wrong byte, not at its end.
        """
        for start in (
            frame(TEXT, b"\xf4\x90", length=4),
            frame(TEXT, b"abc\xff", length=60000),
            frame(TEXT, b"\xc3", fin=False) + frame(0, b"(", length=1000),
            frame(TEXT, b"\xed\xa0", fin=False),
        ):
            rig = Rig()
            rig.read(start)
            self.hasFailed(rig, 1007, PROTOCOL)

    def test_textOverParts(self) -> None:
        """
        A character may be cut by fragments and reads alike.
        """
        words = "κόσμε €𐍈\U0010ffff\ufeff"
        raw = words.encode()
        for cut in range(len(raw) + 1):
            rig = Rig()
            rig.read(frame(TEXT, raw[:cut], fin=False) + frame(0, raw[cut:]))
            whole = frame(TEXT, raw)
            rig.read(whole[:cut], whole[cut:])
            self.assertEqual(rig.session.seen, [words, words])

    def test_binaryIsNoText(self) -> None:
        """
        Binary messages may hold anything, after texts in parts too.
        """
        rig = Rig()
        rig.read(
            frame(TEXT, b"a", fin=False)
            + frame(0, b"b")
            + frame(BINARY, b"\xff", fin=False)
            + frame(0, b"\xc3")
        )
        self.assertEqual(rig.session.seen, ["ab", b"\xff\xc3"])

    def test_words(self) -> None:
        """
        The peer is told fixed words; what was wrong is in the error.
        """
        for data, words, told in (
            (frame(0), b"Connection closed due to protocol error", "continuation"),
            (frame(TEXT, b"\xff"), b"Payload does not match the expected format or encoding", "not UTF-8"),
            (
                frame(TEXT, length=2**40),
                b"The received message exceeds the allowed size limit",
                "1099511627776",
            ),
        ):
            rig = Rig()
            rig.read(data)
            self.assertEqual(rig.transport.take()[4:], words)
            self.assertIn(told, str(rig.session.errors[0]))
