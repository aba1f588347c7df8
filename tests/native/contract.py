"""
What every set of fast functions promises, for each of them to be tested with.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.binding.samples import steady
from tests.native.oracle import LENGTHS, combined, frame, head, taken, text

KEY = bytes.fromhex("37fa213d")

#: Texts that are no UTF-8: overlong, surrogates, too large, cut, and bytes that never stand there.
BROKEN = (
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xe0\x80\x80",
    b"\xf0\x80\x80\x80",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\x80",
    b"\xfe",
    b"\xff",
)

keys = st.one_of(st.binary(min_size=4, max_size=4), st.just(bytes(4)), st.just(b"\xff\0\0\0"))
payloads = st.one_of(st.binary(max_size=300), st.text(max_size=80).map(str.encode), st.sampled_from(BROKEN))
firsts = st.one_of(st.sampled_from([0x81, 0x82, 0x88, 0x89, 0x8A]), st.integers(0, 255))


@st.composite
def reads(draw: Any) -> tuple[bytes, bool]:
    """
    Frames behind each other, most of them plain, with something spoilt or cut off now and then.
    """
    masked = draw(st.booleans())
    data = b""
    for _ in range(draw(st.integers(0, 6))):
        key = draw(keys) if masked != (draw(st.integers(0, 19)) == 0) else None
        payload = draw(payloads)
        shortest = 7 if len(payload) < 126 else 16
        form = draw(st.sampled_from([0] * 12 + [shortest, 16, 64]))
        data += frame(draw(firsts), payload, key, form)
    change = draw(st.sampled_from(["none", "none", "cut", "cut", "spoil", "garbage"]))
    if data and change == "cut":
        data = data[: draw(st.integers(0, len(data)))]
    elif data and change == "spoil":
        place = draw(st.integers(0, len(data) - 1))
        data = data[:place] + bytes((draw(st.integers(0, 255)),)) + data[place + 1 :]
    elif change == "garbage":
        data += draw(st.binary(max_size=20))
    return data, masked


class MaskContract:
    """
    Masking (RFC 6455 section 5.3).
    """

    speed: Any
    assertEqual: Any
    assertIs: Any
    assertRaises: Any

    def test_sample(self) -> None:
        """
        The sample of RFC 6455 section 5.7.
        """
        self.assertEqual(self.speed.mask(bytes.fromhex("7f9f4d5158"), KEY), b"Hello")

    def test_definition(self) -> None:
        """
        Every byte is combined with the byte of the key at its place modulo four, in every
        length around the places where the way of doing it changes.
        """
        random = Random(6455)
        for length in (*range(70), 127, 128, 1023, 1024, 1025, 1026, 1027, 1028, 4096, 65537):
            data, key = random.randbytes(length), random.randbytes(4)
            masked = self.speed.mask(data, key)
            self.assertEqual(masked, combined(data, key), length)
            self.assertIs(type(masked), bytes)
            self.assertEqual(self.speed.mask(masked, key), data, length)

    def test_zeroes(self) -> None:
        """
        Zeroes at either end of key or payload are kept.
        """
        for key in (bytes(4), b"\x00\x00\x00\x01", b"\x01\x00\x00\x00"):
            for length in (1, 4, 5, 8, 9, 1024, 1025):
                self.assertEqual(self.speed.mask(self.speed.mask(bytes(length), key), key), bytes(length))

    def test_kinds(self) -> None:
        """
        A bytearray and a memoryview, even one that begins anywhere, are masked like bytes, and stay as they are.
        """
        data = Random(1).randbytes(2000)
        for length in (0, 5, 900, 1900):
            for start in range(9):
                part = data[start : start + length]
                expected = combined(part, KEY)
                array = bytearray(part)
                for kind in (array, memoryview(array), memoryview(data)[start : start + length]):
                    masked = self.speed.mask(kind, KEY)
                    self.assertEqual(masked, expected)
                    self.assertIs(type(masked), bytes)
                self.assertEqual(array, part)

    def test_refused(self) -> None:
        """
        A key has four bytes, and data is bytes.
        """
        for key in (b"", b"abc", b"abcde"):
            for data in (b"", b"data", bytes(2000)):
                self.assertRaises(ValueError, self.speed.mask, data, key)
        for data in ("text", None, 5):
            self.assertRaises(TypeError, self.speed.mask, data, KEY)
        self.assertRaises(TypeError, self.speed.mask, b"data")


class FramesContract:
    """
    Frames that were read.
    """

    speed: Any
    assertEqual: Any
    assertIs: Any
    assertRaises: Any

    def same(self, data: bytes, limit: int, masked: bool) -> None:
        """
        They are what the plain reading finds.
        """
        found = list(self.speed.frames(data, limit, masked))
        self.assertEqual(found, list(taken(data, limit, masked)), (data[:200], limit, masked))
        for first, payload, _ in found:
            self.assertEqual(type(payload) in ((str, type(None)) if first == 0x81 else (bytes,)), True)

    @steady
    @given(reads(), st.integers(0, 400))
    def test_reads(self, read: tuple[bytes, bool], limit: int) -> None:
        """
        Of any read the same frames are taken as by a plain reading of RFC 6455, whatever stands behind them.
        """
        data, masked = read
        self.same(data, limit, masked)
        self.same(data, 2**62, masked)
        self.same(data, 2**62, not masked)

    @steady
    @given(st.binary(max_size=40), st.booleans())
    def test_garbage(self, data: bytes, masked: bool) -> None:
        """
        Nor does it matter what was read.
        """
        self.same(data, 100, masked)

    def test_lengths(self) -> None:
        """
        Every length is taken up to the limit and not above, and in its shortest form alone;
        of a control frame up to 125.
        """
        for length in LENGTHS:
            payload = b"\x2a" * length
            for masked in (False, True):
                for first in (0x81, 0x82, 0x88, 0x89, 0x8A):
                    data = frame(first, payload, KEY if masked else None)
                    wanted = text(payload) if first == 0x81 else payload
                    whole = [(first, wanted, len(data))] if length < 126 or first < 0x88 else []
                    for limit, expected in ((length - 1, []), (length, whole), (length + 1, whole)):
                        found = list(self.speed.frames(data, limit, masked))
                        self.assertEqual(found == expected, True, (first, length, limit, masked))
                    self.assertEqual(list(self.speed.frames(data, 2**70, masked)) == whole, True)
                    self.assertEqual(list(self.speed.frames(data[:-1], 2**62, masked)), [])
                for form in (16, 64):
                    if (length < 126 and form == 16) or (length < 65536 and form == 64):
                        data = frame(0x82, payload, KEY if masked else None, form)
                        self.assertEqual(list(self.speed.frames(data, 2**62, masked)), [])

    def test_hugeLengths(self) -> None:
        """
        What claims more than any memory holds is not taken: nor is a length with the highest bit set.
        """
        for length in (2**31, 2**32 + 5, 2**62, 2**63 - 1, 2**63, 2**63 + 5, 2**64 - 14, 2**64 - 1):
            for key in (None, KEY):
                data = head(0x82, length, key, 64) + b"12345"
                for limit in (5, 2**62, 2**63 - 1, 2**63, 2**70):
                    self.assertEqual(list(self.speed.frames(data, limit, key is not None)), [], (length, limit))

    def test_cut(self) -> None:
        """
        Wherever a read ends, what is whole is taken.
        """
        for key in (None, KEY):
            data = b"".join(frame(0x82, b"x" * length, key) for length in (0, 3, 126, 0, 125, 70000))
            for end in (*range(300), len(data) - 1, len(data)):
                self.same(data[:end], 2**62, key is not None)

    def test_firstBytes(self) -> None:
        """
        Of all first bytes five are plain: no fragment, no reserved bit, no reserved opcode.
        """
        for first in range(256):
            for key in (None, KEY):
                data = frame(first, b"ok", key)
                found = [number for number, _, _ in self.speed.frames(data, 125, key is not None)]
                self.assertEqual(found, [first] if first in (0x81, 0x82, 0x88, 0x89, 0x8A) else [])
                self.assertEqual(list(self.speed.frames(data, 125, key is None)), [])

    def test_texts(self) -> None:
        """
        Texts of every kind of character are the texts that were sent, whatever their length.
        """
        for sample in ("", "a", "\x00", "\x7f", "\x80", "é", "€", "😀", "ab", "a" * 9, "é" * 9, "a€" * 50, "😀" * 70):
            for many in (1, 2, 17, 300):
                content = sample * many
                for key in (None, KEY, b"\x80\x80\x80\x80"):
                    data = frame(0x81, content.encode(), key)
                    [(_, payload, _)] = self.speed.frames(data, 2**30, key is not None)
                    self.assertEqual(payload, content)
                    self.assertIs(type(payload), str)
                    self.assertEqual(hash(payload), hash(content))

    def test_broken(self) -> None:
        """
        A text that is not UTF-8 is None, wherever the fault is, and what comes behind it is there.
        """
        for fault in BROKEN:
            for before in (0, 1, 7, 8, 9, 1500):
                for after in (0, 1, 8):
                    for key in (None, KEY):
                        payload = b"a" * before + fault + b"b" * after
                        data = frame(0x81, payload, key) + frame(0x81, b"next", key)
                        (_, none, _), (_, behind, end) = self.speed.frames(data, 2**30, key is not None)
                        self.assertEqual((none, behind, end), (None, "next", len(data)))

    def test_lazily(self) -> None:
        """
        A frame is taken when it is asked for; after the last there is none, however often one asks.
        """
        data = frame(0x81, b"one", KEY) + frame(0x89, b"two", KEY) + b"\x01"
        iterator = self.speed.frames(data, 125, True)
        self.assertIs(iter(iterator), iterator)
        self.assertEqual(next(iterator), (0x81, "one", 9))
        self.assertEqual(next(iterator), (0x89, b"two", 18))
        for _ in range(3):
            self.assertEqual(list(iterator), [])

    def test_kept(self) -> None:
        """
        Who keeps what a step gave finds it as it was.
        """
        data = b"".join(frame(0x82, bytes((number,)) * 3) for number in range(100))
        kept = list(self.speed.frames(data, 125, False))
        self.assertEqual(len({id(one) for one in kept}), 100)
        self.assertEqual([payload[0] for _, payload, _ in kept], list(range(100)))
        iterator = self.speed.frames(data, 125, False)
        first = next(iterator)
        for _, payload, _ in iterator:
            last = payload
        self.assertEqual((first, last), ((0x82, b"\0\0\0", 5), b"ccc"))

    def test_kinds(self) -> None:
        """
        Any buffer of bytes can be read.
        """
        data = frame(0x81, "é€".encode(), KEY) + frame(0x82, b"bytes", KEY)
        expected = list(taken(data, 125, True))
        array = bytearray(b"\x81" + data)
        for kind in (bytearray(data), memoryview(data), memoryview(array)[1:], type("Own", (bytes,), {})(data)):
            found = list(self.speed.frames(kind, 125, True))
            self.assertEqual(found, expected)
            self.assertIs(type(found[1][1]), bytes)
        for kind in ("text", None, 5, [129, 0]):
            self.assertRaises(TypeError, lambda kind=kind: list(self.speed.frames(kind, 125, True)))


class FramedContract:
    """
    Frames to be written.
    """

    speed: Any
    assertEqual: Any
    assertIs: Any
    assertRaises: Any

    def test_lengths(self) -> None:
        """
        A length takes its shortest form (RFC 6455 section 5.2), with any first byte.
        """
        for length in LENGTHS:
            payload = b"\x2a" * length
            for first in (0, 0x81, 0x82, 0x89, 0xC1, 0xFF):
                for kind in (payload, payload.decode()):
                    made = self.speed.framed(first, kind)
                    self.assertEqual(made == frame(first, payload), True, (first, length))
                    self.assertIs(type(made), bytes)

    @steady
    @given(st.one_of(st.text(), st.text(min_size=60, max_size=300)))
    def test_texts(self, content: str) -> None:
        """
        A text is sent as UTF-8, and is read again as it was.
        """
        made = self.speed.framed(0x81, content)
        self.assertEqual(made, frame(0x81, content.encode()))
        self.assertEqual([payload for _, payload, _ in self.speed.frames(made, 2**30, False)], [content])

    def test_surrogates(self) -> None:
        """
        A lone surrogate is no text that could be sent.
        """
        for content in ("\ud800", "a\udfff", "\udc80" * 200, "😀\ud83d"):
            self.assertRaises(UnicodeEncodeError, self.speed.framed, 0x81, content)

    def test_subclasses(self) -> None:
        """
        What derives from str or bytes is sent as what it is.
        """
        for base, content in ((str, "text"), (str, "t€xt"), (bytes, b"data")):
            own = type("Own", (base,), {})(content)
            self.assertEqual(self.speed.framed(0x81, own), self.speed.framed(0x81, content))

    def test_refused(self) -> None:
        """
        Nothing else is a payload, and only a byte begins a frame.
        """
        for payload in (None, 5, bytearray(b"x"), memoryview(b"x"), ["x"]):
            self.assertRaises(TypeError, self.speed.framed, 0x81, payload)
        for first in (-1, 256, 2**40, -(2**70), 2**70):
            for size in (5, 500, 70000):
                self.assertRaises(ValueError, self.speed.framed, first, b"x" * size)
        self.assertRaises(TypeError, self.speed.framed, "first", b"x")
        self.assertRaises(TypeError, self.speed.framed, 0x81)
