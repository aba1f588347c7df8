"""
Random input for the fast functions, most of it nearly right.
"""

from __future__ import annotations

from random import Random
from typing import Any

from balws.wire import plain
from tests.native.contract import BROKEN
from tests.native.oracle import head

PLAIN = (0x81, 0x81, 0x81, 0x82, 0x82, 0x88, 0x89, 0x8A)
LIMITS = (0, 1, 125, 126, 1000, 65535, 65536, 2**31, 2**63 - 1, 2**64)
CLAIMED = (130, 200, 2**16, 2**16 + 9, 2**31, 2**63 - 1, 2**63, 2**63 + 8, 2**64 - 20, 2**64 - 1)
SAMPLES = ("a", "\x00", "\x7f", "\x80", "é", "€", "\uffff", "😀", "\U0010ffff")


class Material:
    """
    @ivar random: where it all comes from.
    """

    def __init__(self, random: Random) -> None:
        self.random = random

    def size(self) -> int:
        """
        @return: mostly small, often near to where something changes.
        """
        kind = self.random.randrange(20)
        if kind < 10:
            return self.random.randrange(20)
        if kind < 15:
            return self.random.randrange(300)
        if kind < 18:
            return self.random.choice((125, 126, 127, 128, 1023, 1024, 1025))
        return self.random.choice((3000, 65535, 65536, 65537)) if kind == 19 else self.random.randrange(3000)

    def key(self) -> bytes:
        """
        @return: four bytes.
        """
        return self.random.choice((bytes(4), b"\x80\0\0\0", *[self.random.randbytes(4)] * 4))

    def text(self) -> str:
        """
        @return: of one kind of character or of several.
        """
        if self.random.random() < 0.4:
            return "a" * self.size()
        return "".join(self.random.choices(SAMPLES, k=self.size() // 3))

    def payload(self) -> bytes:
        """
        @return: a text, a text with a fault, or anything.
        """
        kind = self.random.randrange(4)
        if kind == 0:
            return self.random.randbytes(self.size())
        payload = self.text().encode()
        if kind == 1:
            place = self.random.randint(0, len(payload))
            payload = payload[:place] + self.random.choice(BROKEN) + payload[place:]
        return payload

    def read(self, masked: bool) -> bytes:
        """
        @return: frames behind each other, cut, spoilt or neither.
        """
        data = b"".join(self.frame(masked) for _ in range(self.random.randrange(8)))
        kind = self.random.randrange(6)
        if kind == 0:
            data = data[: self.random.randint(0, len(data))]
        elif kind == 1:
            data += self.random.randbytes(self.random.randrange(20))
        elif kind == 2 and data:
            spoilt = bytearray(data)
            for _ in range(self.random.randint(1, 3)):
                spoilt[self.random.randrange(min(len(spoilt), 200))] = self.random.randrange(256)
            data = bytes(spoilt)
        elif kind == 3:
            length = self.random.choice(CLAIMED) - self.random.randrange(9)
            begun = head(self.random.choice(PLAIN), length, self.key() if masked else None) + b"12345"
            data += begun[: self.random.randrange(20)]
        return data

    def frame(self, masked: bool) -> bytes:
        """
        @return: a frame that is nearly always plain.
        """
        payload = self.payload()
        first = self.random.choice(PLAIN)
        if first > 0x82 and self.random.randrange(30):
            payload = payload[:125]
        if not self.random.randrange(40):
            first = self.random.randrange(256)
        if not self.random.randrange(60):
            masked = not masked
        form = 0
        if not self.random.randrange(40):
            form = 64 if len(payload) > 65535 else self.random.choice((16, 64))
        key = self.key() if masked else None
        return head(first, len(payload), key, form) + (payload if key is None else plain.mask(payload, key))

    def buffer(self, data: bytes) -> Any:
        """
        @return: these bytes in any kind of buffer; a memoryview may begin and end within another.
        """
        kind = self.random.randrange(6)
        if kind == 0:
            return bytearray(data)
        if kind == 1:
            return memoryview(data)
        if kind == 2:
            start = self.random.randrange(9)
            return memoryview(bytearray(bytes(start) + data + b"\xff" * 9))[start : start + len(data)]
        return data
