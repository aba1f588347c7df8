"""
Bytes for a peer to send: frames that are right, nearly right, and wrong.
"""

from __future__ import annotations

import zlib
from random import Random
from typing import Any

from tests.fuzz.oracle import Inflation, Limits, mask

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

#: Close codes on both sides of every border.
CODES = (
    *(0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
    *(1015, 1016, 1100, 2000, 2999, 3000, 3001, 3999, 4000, 4999, 5000, 32768, 65535),
)

#: Text in pieces that a frame's border, or a limit, may cut.
_WORDS = ("a", "hello ", "é", "ß", "€", "中文", "\U0001f600", "\U0010ffff", "\x00", "߿", "\ud7ff", "\ue000")

_BROKEN = tuple(
    map(
        bytes.fromhex,
        ("80", "bf", "c080", "c1bf", "c3", "c328", "e08080", "e282", "eda080", "edbfbf", "f0808080", "f09f98")
        + ("f4908080", "f5808080", "fe", "ff"),
    )
)


def frame(
    opcode: int,
    payload: bytes = b"",
    fin: bool = True,
    rsv: int = 0,
    key: bytes | None = b"\x11\x22\x33\x44",
    form: int = 0,
    claim: int | None = None,
) -> bytes:
    """
    @param key: of the mask; L{None} does not mask.
    @param form: 126 or 127 forces that form of the length; 0 takes the shortest.
    @param claim: the length that the header states in place of the true one.
    """
    size = len(payload) if claim is None else claim
    first, masked = fin << 7 | rsv << 4 | opcode, 0 if key is None else 128
    if not form:
        form = size if size < 126 else 126 if size < 65536 else 127
    head = bytes((first, masked | form))
    if form == 126:
        head += (size & 0xFFFF).to_bytes(2, "big")
    elif form == 127:
        head += (size & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")
    return head + payload if key is None else head + key + mask(payload, key)


class Material:
    """
    One peer's frames, made from one sequence of random numbers.

    @ivar masked: whether the peer is a client.
    """

    def __init__(self, random: Random, limits: Limits, inflation: Inflation | None, masked: bool = True) -> None:
        self.random = random
        self.limits = limits
        self.inflation = inflation
        self.masked = masked
        self._deflater: Any = None

    def stream(self, most: int, closing: float = 0.3, mutated: float = 0.3) -> bytes:
        """
        @param most: frames or messages.
        @param closing: how probable a close frame at the end is.
        @param mutated: how probable it is that bytes of the whole are changed.
        """
        random = self.random
        pieces = [self.piece() for _ in range(random.randint(1, most))]
        if random.random() < closing:
            pieces.append(self.closing())
            if random.random() < 0.2:
                pieces.append(self.piece())
        data = b"".join(pieces)
        return self.mutated(data) if random.random() < mutated else data

    def piece(self) -> bytes:
        """
        @return: a message, a control frame, or a mistake.
        """
        chance = self.random.random()
        if chance < 0.40:
            return self.message()
        if chance < 0.60:
            return self.fragmented()
        if chance < 0.78:
            return self.control()
        if chance < 0.94:
            return self.frame(self.random.choice((TEXT, BINARY)), self.small())
        if chance < 0.985:
            return self.wrong()
        return self.closing()

    # Content

    def size(self) -> int:
        """
        @return: at a limit, or near it, or small.
        """
        random, limits = self.random, self.limits
        if random.random() < 0.6:
            return random.randrange(0, 24)
        border = random.choice((125, 126, limits.frame, limits.frame, limits.message))
        return max(0, border + random.randint(-2, 1))

    def small(self) -> bytes:
        return b"%d" % self.random.getrandbits(16)

    def text(self, size: int) -> bytes:
        """
        @return: UTF-8 of exactly this many bytes, at times broken.
        """
        random = self.random
        if random.random() < 0.5:
            data = b"x" * size
        else:
            data = "".join(random.choices(_WORDS, k=min(size, 12))).encode()
            data = data[:size].decode(errors="ignore").encode()
            data += b"y" * (size - len(data))
        if size and random.random() < 0.04:
            at = random.randrange(size)
            data = (data[:at] + random.choice(_BROKEN) + data[at:])[:size]
        return data

    def content(self, opcode: int, size: int) -> bytes:
        return self.text(size) if opcode == TEXT else self.random.randbytes(size)

    # Frames

    def frame(self, opcode: int, payload: bytes = b"", **fields: Any) -> bytes:
        return frame(opcode, payload, key=self.random.randbytes(4) if self.masked else None, **fields)

    def message(self) -> bytes:
        """
        One frame; compressed where that was agreed, at times.
        """
        random = self.random
        opcode = random.choice((TEXT, BINARY))
        payload = self.content(opcode, self.size())
        if self.inflation is not None and random.random() < 0.6:
            return self.frame(opcode, self.deflated(payload), rsv=4)
        return self.frame(opcode, payload)

    def fragmented(self) -> bytes:
        """
        A message in parts, with control frames between them.
        """
        random, limits = self.random, self.limits
        opcode = random.choice((TEXT, BINARY))
        payload = self.content(opcode, random.choice((self.size(), limits.message + random.randint(-3, 1))))
        rsv = 0
        if self.inflation is not None and random.random() < 0.6:
            payload, rsv = self.deflated(payload), 4
        parts = random.choice((1, 2, 2, 3, 3, 4, limits.fragments - 1, limits.fragments, limits.fragments + 1))
        cuts = sorted(random.randint(0, len(payload)) for _ in range(parts - 1))
        pieces = []
        for number, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(payload)], strict=True)):
            if number and random.random() < 0.25:
                pieces.append(self.control())
            last = number == len(cuts)
            if random.random() < 0.02:
                last = not last
            pieces.append(self.frame(CONTINUATION if number else opcode, payload[start:stop], fin=last, rsv=rsv))
            rsv = 0 if random.random() < 0.98 else 4
        return b"".join(pieces)

    def control(self) -> bytes:
        random = self.random
        size = random.choice((0, 1, 4, 12, 124, 125)) if random.random() < 0.97 else 126
        return self.frame(random.choice((PING, PING, PONG)), random.randbytes(size))

    def closing(self) -> bytes:
        """
        A close frame: any code, any reason.
        """
        random = self.random
        chance = random.random()
        if chance < 0.1:
            return self.frame(CLOSE, b"" if chance < 0.07 else b"\x03")
        code = random.choice(CODES) if chance < 0.7 else 1000
        reason = self.text(random.choice((0, 0, 3, 20, 122, 123)))
        if random.random() < 0.03:
            reason += b"z" * 100
        return self.frame(CLOSE, code.to_bytes(2, "big") + reason)

    def wrong(self) -> bytes:
        """
        What RFC 6455 forbids, or a limit.
        """
        random = self.random
        payload = random.randbytes(random.randrange(0, 12))
        key = random.randbytes(4) if self.masked else None
        match random.randrange(9):
            case 0:
                return frame(random.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), payload, key=key)
            case 1:
                return frame(random.randrange(3), payload, rsv=random.randrange(1, 8), key=key)
            case 2:
                return frame(random.randrange(11), payload, key=None if self.masked else b"abcd")
            case 3:
                return frame(random.choice((TEXT, BINARY)), payload, form=random.choice((126, 127)), key=key)
            case 4:
                claim = random.choice((65536, 1 << 31, (1 << 32) - 1, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1))
                return frame(random.choice((TEXT, BINARY, 3, PING)), payload, form=127, claim=claim, key=key)
            case 5:
                return frame(CONTINUATION, payload, key=key)
            case 6:
                return frame(random.choice((CLOSE, PING, PONG)), payload, fin=False, key=key)
            case 7:
                return frame(random.choice((TEXT, BINARY)), payload, fin=False, key=key) + self.message()
            case _:
                return random.randbytes(random.randrange(1, 40))

    # Compression

    def deflated(self, payload: bytes) -> bytes:
        """
        @return: the compressed form, at times spoiled (RFC 7692 section 7.2.1).
        """
        random, inflation = self.random, self.inflation
        assert inflation is not None
        chance = random.random()
        if chance < 0.04:
            payload = bytes(random.choice((self.limits.message + 1, 5000, 60000)))
        if self._deflater is None or inflation.fresh:
            self._deflater = zlib.compressobj(random.choice((0, 1, 6, 9)), zlib.DEFLATED, -inflation.bits, 5)
        if 0.04 <= chance < 0.10:
            # The sender ends its stream: a last block, and perhaps an empty one behind it.
            data: bytes = self._deflater.compress(payload) + self._deflater.flush()
            self._deflater = None
            return data + random.choice((b"", b"\0", b"\0", b"\0\0", b"junk"))
        if 0.10 <= chance < 0.14:
            payload = payload * 3
        flush = zlib.Z_FULL_FLUSH if chance > 0.9 else zlib.Z_SYNC_FLUSH
        data = self._deflater.compress(payload) + self._deflater.flush(flush)
        data = data[:-4] if data.endswith(b"\0\0\xff\xff") else data
        if 0.14 <= chance < 0.22:
            data = self.mutated(data)
        elif chance < 0.23:
            data = b""
        return data

    # Mutation

    def mutated(self, data: bytes) -> bytes:
        """
        @return: C{data} with a few bytes changed, added, gone or doubled.
        """
        random = self.random
        result = bytearray(data)
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            at = random.randint(0, len(result))
            match random.randrange(6):
                case 0 | 1:
                    if at < len(result):
                        result[at] ^= 1 << random.randrange(8)
                case 2:
                    if at < len(result):
                        result[at] = random.choice((0, 1, 127, 128, 254, 255))
                case 3:
                    result[at:at] = random.randbytes(random.randint(1, 4))
                case 4:
                    del result[at : at + random.randint(1, 6)]
                case _:
                    result[at:at] = result[at : at + random.randint(1, 20)]
        return bytes(result)


def pieces(random: Random, data: bytes, mode: int | None = None) -> list[bytes]:
    """
    @param mode: 0 is one piece, 1 single bytes, anything else random pieces.
    @return: the same bytes as they may arrive.
    """
    if mode is None:
        mode = random.choice((0, 0, 1, 2, 2, 2)) if len(data) < 600 else random.choice((0, 2))
    if mode == 0:
        return [data] if data else []
    if mode == 1:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(random.randint(0, len(data)) for _ in range(random.randint(1, 8)))
    return [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True) if stop > start]
