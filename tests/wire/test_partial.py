"""
Tests of L{balws.wire.partial}.
"""

from __future__ import annotations

import tracemalloc
from random import Random

from autobahn.websocket.utf8validator import Utf8Validator
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.frames import BINARY, TEXT
from balws.wire.partial import Partial

KEY = b"\xa1\x02\xf3\x84"

#: What a text may be cut in, and what cannot be UTF-8 any more.
PIECES = (
    *("a", "é", "߿", "ࠀ", "€", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"),
    *(b"\x80", b"\xbf", b"\xc0", b"\xc2", b"\xc3", b"\xe0", b"\xe0\x9f", b"\xe2\x82", b"\xed", b"\xed\xa0", b"\xef"),
    *(b"\xf0", b"\xf0\x8f", b"\xf0\x9f\x98", b"\xf4", b"\xf4\x90", b"\xf5", b"\xfe", b"\xff"),
)


def combined(data: bytes, key: bytes = KEY) -> bytes:
    """
    @return: C{data} masked, by definition (RFC 6455 section 5.3).
    """
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(data))


def cut(data: bytes, *places: int) -> list[bytes]:
    """
    @return: C{data}, cut there.
    """
    edges = [0, *sorted(places), len(data)]
    return [data[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]


def refused(opcode: int, portions: list[bytes], key: bytes = KEY) -> int | None:
    """
    @param portions: of one payload, as the peer means them.
    @return: which of them is refused, counted from 0, or L{None} where all are taken.
    """
    partial = Partial(opcode, sum(map(len, portions)), key)
    masked = combined(b"".join(portions), key) if key else b"".join(portions)
    at = 0
    for number, portion in enumerate(portions):
        try:
            partial.take(masked[at : at + len(portion)])
        except UnicodeDecodeError:
            return number
        at += len(portion)
    return None


def expected(portions: list[bytes]) -> int | None:
    """
    @return: as L{refused}, but which of them Autobahn refuses.
    """
    validator = Utf8Validator()
    validator.reset()
    missing = sum(map(len, portions))
    for number, portion in enumerate(portions):
        sound, complete, _, _ = validator.validate(portion)
        missing -= len(portion)
        if not sound or not (missing or complete):
            return number
    return None


class PartialTests(SynchronousTestCase):
    """
    A payload that comes in portions.
    """

    def taken(self, opcode: int, portions: list[bytes], key: bytes = KEY) -> str | bytes:
        """
        @return: the message, of which every portion was taken and counted.
        """
        whole = b"".join(portions)
        masked = combined(whole, key) if key else whole
        partial = Partial(opcode, len(whole), key)
        at = 0
        for portion in portions:
            self.assertEqual(partial.missing, len(whole) - at)
            partial.take(masked[at : at + len(portion)])
            at += len(portion)
        self.assertEqual(partial.missing, 0)
        return partial.message()

    def test_everyCut(self) -> None:
        """
        A payload cut at any two places, empty portions included, is the same message: whatever
        byte of the key each portion begins with.
        """
        for opcode, message in ((TEXT, "aé€\U0001f600 balws"), (BINARY, bytes(range(250, 256)) + b"balws\0\0")):
            data = message.encode() if isinstance(message, str) else message
            for first in range(len(data) + 1):
                for second in range(first, len(data) + 1):
                    for key in (KEY, b""):
                        found = self.taken(opcode, cut(data, first, second), key)
                        self.assertEqual((type(found), found), (type(message), message), (first, second))

    def test_singleBytes(self) -> None:
        """
        So is one that comes byte by byte, in every length around the places where the way of
        unmasking changes.
        """
        random = Random(6455)
        for length in (1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1023, 1024, 1025, 4097):
            data = random.randbytes(length)
            self.assertEqual(self.taken(BINARY, [data[at : at + 1] for at in range(length)]), data)
            self.assertEqual(self.taken(BINARY, [data]), data)
            text = "é" * length
            self.assertEqual(self.taken(TEXT, [bytes((byte,)) for byte in text.encode()]), text)

    @settings(deadline=None, max_examples=150)
    @given(st.binary(max_size=3000), st.binary(min_size=4, max_size=4), st.lists(st.integers(0, 3000), max_size=8))
    def test_anyBytes(self, data: bytes, key: bytes, places: list[int]) -> None:
        """
        Any bytes with any key in any portions.
        """
        portions = cut(data, *(min(place, len(data)) for place in places))
        self.assertEqual(self.taken(BINARY, portions, key), data)

    def test_firstWrongByte(self) -> None:
        """
        A text that comes byte by byte is refused with the byte that Autobahn refuses it with:
        for all that begins like a character and goes on like none.
        """
        edges = (0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xED, 0xF4, 0xFF)
        for first in range(256):
            for second in edges:
                for rest in (b"\x80\x80", b"\xbf\x41", b"\x41\x41", b"\xc3\xa9"):
                    portions = [bytes((byte,)) for byte in b"a" + bytes((first, second)) + rest]
                    self.assertEqual(refused(TEXT, portions), expected(portions), portions)

    def test_endsWithin(self) -> None:
        """
        A text may not end within a character, though its portions may.
        """
        for text in ("é", "€", "\U0001f600"):
            data = text.encode()
            for end in range(1, len(data)):
                for before in (b"", b"a"):
                    self.assertEqual(refused(TEXT, [before, data[:end]]), 1, (text, end))
                    self.assertEqual(refused(TEXT, [before + data[:end], b""]), 0, (text, end))
                    self.assertEqual(refused(TEXT, [before + data[:end], b"a"]), 1, (text, end))
                    self.assertIsNone(refused(TEXT, [before + data[:end], data[end:]]), (text, end))

    @settings(deadline=None, max_examples=200)
    @given(st.lists(st.sampled_from(PIECES), max_size=6), st.lists(st.integers(0, 30), max_size=5), st.booleans())
    def test_anyText(self, pieces: list[str | bytes], places: list[int], masked: bool) -> None:
        """
        Any text, right or wrong, in any portions: what Autobahn takes is taken, and what it
        refuses is refused with the same portion.
        """
        data = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
        portions = cut(data, *(min(place, len(data)) for place in places))
        key = KEY if masked else b""
        self.assertEqual(refused(TEXT, portions, key), expected(portions))
        self.assertIsNone(refused(BINARY, portions, key))
        if expected(portions) is None:
            self.assertEqual(self.taken(TEXT, portions, key), data.decode())

    def test_memory(self) -> None:
        """
        It takes the memory of what came, not of what was announced, nor of the number of
        portions.
        """
        for opcode in (TEXT, BINARY):
            for announced in (100_000, 1 << 40):
                tracemalloc.start()
                self.addCleanup(tracemalloc.stop)
                partial = Partial(opcode, announced, KEY)
                self.assertLess(tracemalloc.get_traced_memory()[0], 2000)
                for _ in range(5000):
                    partial.take(combined(b"ab", KEY[partial.missing % 4 :] + KEY[: partial.missing % 4]))
                self.assertLess(tracemalloc.get_traced_memory()[0], 20000)
                self.assertEqual(partial.missing, announced - 10000)
                tracemalloc.stop()

    def test_wideText(self) -> None:
        """
        A text with a single character of another script takes no more than its bytes until it is whole.
        """
        text = ("a" * 4000 + "\U0001f600").encode() * 50
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        partial = Partial(TEXT, len(text), b"")
        for start in range(0, len(text) - 1, 16384):
            partial.take(text[start : min(start + 16384, len(text) - 1)])
        self.assertLess(tracemalloc.get_traced_memory()[0], len(text) * 1.2)
        partial.take(text[-1:])
        self.assertEqual(partial.message(), text.decode())
