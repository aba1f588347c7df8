"""
Tests of L{balws.wire.receiving}: whether frames are taken by the extension in C, by its twin in
Python or by Autobahn's state machine, all that can be seen is the same.

C{python -m tests.fuzz --target ways} does so without end.
"""

from __future__ import annotations

import tracemalloc
import zlib
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import tcp
from twisted.trial.unittest import SynchronousTestCase

from balws.wire import receiving, speed
from balws.wire.prompt import TcpTransport
from tests.fuzz.course import STYLES, WAYS, Case, Course, Gathering, Listener, Outcome
from tests.fuzz.material import BINARY, CLOSE, CODES, CONTINUATION, PING, PONG, TEXT, frame
from tests.fuzz.oracle import Limits
from tests.fuzz.ways import agreed, differences
from tests.wire.transports import AbruptTransport, Transport
from tests.wire.turning import Line, Loop

OFFERS = (
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
)

BROKEN = (b"\x80", b"\xc0", b"\xc3", b"\xe2\x82", b"\xed\xa0", b"\xed\xbf\xbf", b"\xf0\x80", b"\xf4\x90", b"\xff")

#: Texts in bytes, right and wrong.
texts = st.one_of(
    st.text(max_size=60).map(str.encode),
    st.lists(st.sampled_from(("a" * 20, "é", "€", "\U0001f600", *BROKEN)), max_size=8).map(
        lambda parts: b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    ),
)
payloads = st.one_of(texts, st.binary(max_size=20), st.sampled_from((bytes(125), bytes(126), bytes(200), bytes(201))))


def deflated(payload: bytes) -> bytes:
    """
    @return: the payload of a compressed message (RFC 7692 section 7.2.1).
    """
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -12, 5)
    return (squeezer.compress(payload) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@st.composite
def cases(draw: st.DrawFn, compressed: bool | None = None) -> Case:
    """
    @return: any connection.
    """
    isServer = draw(st.booleans())
    if compressed is None:
        compressed = draw(st.booleans())
    return Case(
        isServer,
        draw(st.sampled_from((Limits(200, 200, 3), Limits(126, 400, 3), Limits(300, 125, 9)))),
        OFFERS[not isServer] if compressed else None,
        draw(st.sampled_from(sorted(STYLES))),
        draw(st.sampled_from((Transport, Gathering, AbruptTransport))),
        draw(st.booleans()),
        draw(st.sampled_from((False, False, False, True))),
        draw(st.integers(0, 1 << 32)),
    )


@st.composite
def pieces(draw: st.DrawFn, case: Case) -> bytes:
    """
    @return: a frame, or fragments: nearly always as it should be.
    """
    chance, key = draw(st.integers(0, 99)), draw(st.binary(min_size=4, max_size=4)) if case.isServer else None
    if chance < 45:
        return frame(draw(st.sampled_from((TEXT, BINARY))), draw(payloads), key=key)
    if chance < 60:
        return frame(draw(st.sampled_from((PING, PONG))), draw(st.binary(max_size=20)), key=key)
    if chance < 75 and case.offer is not None:
        data = deflated(draw(payloads))
        if chance < 64:
            data = draw(st.sampled_from((data[:-1], data + b"\0", data + b"junk", data[1:], b"")))
        return frame(draw(st.sampled_from((TEXT, BINARY))), data, rsv=4, key=key)
    if chance < 88:
        payload = draw(payloads)
        cut = draw(st.integers(0, len(payload)))
        between = draw(st.sampled_from((b"", frame(PING, b"between", key=key))))
        first = frame(draw(st.sampled_from((TEXT, BINARY))), payload[:cut], fin=False, key=key)
        return first + between + frame(CONTINUATION, payload[cut:], fin=chance < 86, key=key)
    if chance < 92:
        body = draw(st.sampled_from(CODES)).to_bytes(2, "big") + draw(texts)[:123]
        return frame(CLOSE, draw(st.sampled_from((body, body, body[:1], b""))), key=key)
    return frame(
        draw(st.integers(0, 15)),
        draw(payloads),
        fin=draw(st.booleans()),
        rsv=draw(st.sampled_from((0, 0, 1, 2, 4))),
        key=draw(st.sampled_from((key, key, None, b"wxyz"))),
        form=draw(st.sampled_from((0, 0, 126, 127))),
        claim=draw(st.sampled_from((None, None, 65535, 65536, 1 << 32, 1 << 63, (1 << 64) - 1))),
    )


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """
    @return: C{data}, cut there.
    """
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]


places = st.lists(st.integers(0, 3000), max_size=8)


class WaysTests(SynchronousTestCase):
    """
    The same connection in each of the ways.
    """

    def outcome(self, portions: list[bytes], word: str = "python", **fields: Any) -> Outcome:
        """
        @return: what came of it, in every way.
        """
        case = Case(**{**EASY._asdict(), **fields})
        self.assertIsNone(differences(case, portions))
        return Course(case).run(portions, lambda: next(way for way in WAYS if way.word == word))

    def test_ways(self) -> None:
        """
        There are as many ways as there can be; what is chosen is one of them.
        """
        words = [way.word for way in WAYS]
        self.assertEqual(words[:2], ["autobahn", "python"])
        self.assertIn(speed.WAY, words)

    def test_everyCut(self) -> None:
        """
        Every kind of frame and of fault behind a message, cut at every place.
        """
        for isServer in (True, False):
            key = b"\xa1\x02\xf3\x84" if isServer else None
            wrong = None if isServer else b"wxyz"
            for last in (
                frame(TEXT, "é€".encode(), key=key),
                frame(TEXT, b"\xe2\x82", key=key),
                frame(TEXT, b"a\xffb", key=key),
                frame(BINARY, bytes(126), key=key),
                frame(BINARY, bytes(130), key=key),
                frame(BINARY, bytes(131), key=key),
                frame(PING, b"ping", key=key),
                frame(PING, bytes(126), key=key),
                frame(CLOSE, b"\x03\xe8bye", key=key),
                frame(CLOSE, b"\x03", key=key),
                frame(CLOSE, b"\x03\xed", key=key),
                frame(CLOSE, b"\x03\xe8\xff", key=key),
                frame(3, b"", key=key),
                frame(TEXT, b"abc", rsv=4, key=key),
                frame(TEXT, b"abc", key=wrong),
                frame(TEXT, b"abc", form=126, key=key),
                frame(TEXT, b"abc", form=127, key=key),
                frame(TEXT, b"abc", form=127, claim=1 << 63, key=key),
                frame(TEXT, b"ab", fin=False, key=key) + frame(PONG, key=key) + frame(0, b"c", key=key),
                frame(TEXT, b"ab", fin=False, key=key) + frame(TEXT, b"c", key=key),
                frame(0, b"c", key=key),
                frame(TEXT, fin=False, key=key) + frame(0, key=key),
            ):
                data = frame(BINARY, b"before", key=key) + last + frame(TEXT, b"behind", key=key)
                whole = self.outcome([data], isServer=isServer)
                for place in range(8, len(data)):
                    parts = self.outcome([data[:place], data[place:]], isServer=isServer)
                    self.assertEqual(parts[:3], whole[:3], (data, place))

    def test_singleBytes(self) -> None:
        """
        What is wrong is told with the byte that makes it so.
        """
        for text in (b"a\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
            data = frame(TEXT, b"some " + text + b"")
            self.outcome([data[at : at + 1] for at in range(len(data))])

    def test_turns(self) -> None:
        """
        Where a turn ends makes no difference: after 1, 2, 3 or 7 frames.
        """
        data = b"".join(
            frame(TEXT, b"a%d" % number)
            + frame(PING, b"b")
            + frame(BINARY, b"c", fin=False)
            + frame(0, fin=number % 3 == 0)
            + (frame(0) if number % 3 else b"")
            for number in range(8)
        )
        with patch.object(receiving, "FRAMES_A_TURN", 256):
            expected = self.outcome([data], style="answering")
        texts = [told[2] for told in expected.told if told[0] == "text"]
        self.assertEqual(texts, [f"a{number}" for number in range(8)])
        for turn in (1, 2, 3, 7):
            with patch.object(receiving, "FRAMES_A_TURN", turn):
                self.assertEqual(self.outcome([data], style="answering"), expected)
                self.assertEqual(self.outcome(cut(data, [30, 77, 78, 111]), style="answering")[:3], expected[:3])

    def test_large(self) -> None:
        """
        Frames of every form of length, around every limit, in portions as they come from the
        system.
        """
        random = Random(6455)
        limits = Limits(70000, 70000, 3)
        for size in (125, 126, 65535, 65536, 69999, 70000, 70001):
            data = frame(BINARY, random.randbytes(size), key=random.randbytes(4)) + frame(TEXT, b"next")
            for step in (1000, 65536, 65600, 1 << 20):
                portions = [data[at : at + step] for at in range(0, len(data), step)]
                told = self.outcome(portions, limits=limits).told
                self.assertEqual(("text", "str", "next") in told, size <= 70000)

    def test_announced(self) -> None:
        """
        A large frame takes no memory before it comes.
        """
        case = EASY._replace(limits=Limits(1 << 40, 1 << 40, 3))
        for way in WAYS:
            for opcode in (TEXT, BINARY):
                course = Course(case)
                with patch.object(receiving, "frames", way.frames), patch.object(receiving, "WAY", way.word):
                    course.wire.dataReceived(frame(opcode, b"begins", claim=1 << 39))
                    tracemalloc.start()
                    self.addCleanup(tracemalloc.stop)
                    for _ in range(100):
                        course.wire.dataReceived(b"\x11\x22\x33\x44" * 25)
                    self.assertLess(tracemalloc.get_traced_memory()[0], 40000)
                    tracemalloc.stop()
                self.assertEqual((course.session.told, course.wire.data, course.transport.calls), ([], b"", []))

    @settings(deadline=None, max_examples=150)
    @given(st.data(), cases(), places, st.sampled_from((1, 3, 256)))
    def test_anyStream(self, data: st.DataObject, case: Case, places: list[int], turn: int) -> None:
        """
        Any frames in any portions, and whatever the session does meanwhile, give the same in
        every way.
        """
        stream = b"".join(data.draw(st.lists(pieces(case), max_size=8)))
        with patch.object(receiving, "FRAMES_A_TURN", turn):
            self.assertIsNone(differences(case, cut(stream, places)))

    @settings(deadline=None, max_examples=150)
    @given(st.data(), cases(), places, places)
    def test_anyPortions(self, data: st.DataObject, case: Case, one: list[int], other: list[int]) -> None:
        """
        And in whatever other portions, to a peer that reads.
        """
        stream = b"".join(data.draw(st.lists(pieces(case), max_size=8)))
        case = case._replace(peerReads=True)
        random = Random(case.seed)
        outcomes = [Course(case).run(cut(stream, each), lambda: random.choice(WAYS)) for each in (one, other)]
        self.assertEqual(agreed(case, outcomes[0]), agreed(case, outcomes[1]))

    @settings(deadline=None, max_examples=150)
    @given(st.data(), cases(compressed=True), places)
    def test_anyCompressed(self, data: st.DataObject, case: Case, places: list[int]) -> None:
        """
        So do compressed messages, sound and corrupt, that refer to those before them.
        """
        squeezer = zlib.compressobj(9, zlib.DEFLATED, -12, 5)
        stream = b""
        for number, payload in enumerate(data.draw(st.lists(payloads, min_size=1, max_size=6))):
            flush = data.draw(st.sampled_from((zlib.Z_SYNC_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH)))
            squeezed = squeezer.compress(payload * (1 + number % 3)) + squeezer.flush(flush)
            squeezed = squeezed[:-4]
            at = data.draw(st.integers(0, 8 * len(squeezed)))
            if at < len(squeezed):
                squeezed = squeezed[:at] + bytes((squeezed[at] ^ 1 << number,)) + squeezed[at + 1 :]
            stream += frame(data.draw(st.sampled_from((TEXT, BINARY))), squeezed, rsv=4, key=KEYS[case.isServer])
            stream += data.draw(st.sampled_from((b"", b"", frame(PING, b"p", key=KEYS[case.isServer]))))
        self.assertIsNone(differences(case, cut(stream, places)))


KEYS = {True: b"\x11\x22\x33\x44", False: None}

#: A server's, whose session only listens.
EASY = Case(True, Limits(130, 130, 8), None, "silent", Transport, peerReads=True, attached=False, seed=7)


class SocketTests(SynchronousTestCase):
    """
    On real sockets.
    """

    def heard(self, kind: Any, way: Any, portions: list[bytes]) -> tuple[bytes, list[Any], bool]:
        """
        @return: what the peer has read, what the session was told, and whether the peer read the end.
        """
        line = Line(self.loop, kind, isPrompt=False)
        case = EASY._replace(style="answering", limits=Limits(70000, 70000, 9))
        try:
            wire = case.wire(line.clock)
            session = Listener(Random(3), "answering")
            session.wantsPing = False
            line.transport.protocol = wire
            wire.makeConnection(line.transport)
            wire.open(session)
            with patch.object(receiving, "frames", way.frames), patch.object(receiving, "WAY", way.word):
                for portion in portions:
                    while portion:
                        portion = portion[line.send(portion) :]
                        line.settle()
            line.settle()
            return line.heard, session.told, line.closed
        finally:
            line.close()

    def test_answers(self) -> None:
        """
        Small answers and large ones come in the order of what they answer, up to the end, the
        same over a transport that sends at once as over Twisted's own.
        """
        self.loop = Loop()
        self.addCleanup(self.loop.close)
        random = Random(1)
        data = b"".join(
            frame(random.choice((TEXT, BINARY, PING)), b"x" * random.choice((0, 3, 100)), key=random.randbytes(4))
            for _ in range(400)
        )
        data += frame(BINARY, bytes(70000)) + frame(PING, b"behind") + frame(CLOSE, b"\x03\xe8")
        for portions in ([data], cut(data, [random.randrange(len(data)) for _ in range(20)])):
            expected = self.heard(tcp.Server, WAYS[0], portions)
            self.assertEqual((len(expected[1]) > 100, expected[0][-4:], expected[2]), (True, b"\x88\x02\x03\xe8", True))
            for kind in (tcp.Server, TcpTransport):
                for way in WAYS:
                    self.assertTrue(self.heard(kind, way, portions) == expected, (kind, way.word))
