"""
What a stream of frames means, said as plainly as possible: RFC 6455 sections 5 and 7,
RFC 7692 sections 6 and 7.

Shares no code with balws nor Autobahn.  Slow and whole: it is given all bytes at once.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, NamedTuple

#: Well-formed UTF-8 (Unicode, table 3-7), and what it may break off in.
_isBeginning = re.compile(
    rb"(?:[\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2})*+"
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|\xed[\x80-\x9f]?|[\xe1-\xec\xee\xef][\x80-\xbf]?"
    rb"|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?)?"
).fullmatch

_TAIL = b"\x00\x00\xff\xff"
#: A last block with nothing in it: ends a stream that stands between two blocks.
_LAST_BLOCK = b"\x03\x00"

VIOLATION, INVALID, TOO_BIG = frozenset((1002,)), frozenset((1007,)), frozenset((1009,))

#: The codes that may stand in a close frame (RFC 6455 section 7.4, and the registry).
CODES = frozenset((*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)))


class Verdict(NamedTuple):
    """
    @ivar events: C{("text", str)}, C{("binary", bytes)}, C{("ping", bytes)} and
        C{("pong", bytes)} in their order.
    @ivar end: C{("close", code, reason)} with code L{None} for an empty close frame;
        C{("fail", codes)} for what must be answered with one of these close codes; L{None}
        when the bytes end before either.
    @ivar whole: whether the last frame was complete.
    """

    events: list[tuple[str, Any]]
    end: tuple[Any, ...] | None
    whole: bool


class Limits(NamedTuple):
    """
    As the fields of C{WSServiceConfig}.
    """

    frame: int = 1 << 62
    message: int = 1 << 62
    fragments: int = 1 << 62


class Inflation(NamedTuple):
    """
    @ivar bits: of the sender's window.
    @ivar fresh: whether the sender said that each message begins anew.
    """

    bits: int = 15
    fresh: bool = False


class _Failed(Exception):
    pass


def mask(data: bytes, key: bytes) -> bytes:
    """
    RFC 6455 section 5.3, by one large number.
    """
    repeated = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")


def decode(data: bytes, masked: bool, limits: Limits, inflation: Inflation | None = None) -> Verdict:
    """
    @param masked: whether the sender is a client.
    @param inflation: what was agreed on for the sender's messages, or L{None}.
    """
    return _Reader(data, masked, limits, inflation).read()


class _Reader:
    def __init__(self, data: bytes, masked: bool, limits: Limits, inflation: Inflation | None) -> None:
        self.data = data
        self.masked = masked
        self.limits = limits
        self.inflation = inflation
        self.at = 0
        self.events: list[tuple[str, Any]] = []
        self.inside = False
        self.stream: Any = None

    def read(self) -> Verdict:
        end = None
        try:
            while end is None and self.at < len(self.data):
                before = self.at
                end = self.frame()
                if self.at == before:
                    break
        except _Failed as failed:
            end = ("fail", failed.args[0])
        return Verdict(self.events, end, self.at == len(self.data))

    def frame(self) -> tuple[Any, ...] | None:
        """
        One frame; C{at} stays where it is when it is not complete.
        """
        data, at = self.data, self.at
        if len(data) - at < 2:
            return None
        first, second = data[at], data[at + 1]
        final, reserved, opcode = first >= 128, first >> 4 & 7, first & 15
        short = second & 127
        self.checkHeader(final, reserved, opcode, second >= 128, short)
        extended = {126: 2, 127: 8}.get(short, 0)
        start = at + 2 + extended + (4 if self.masked else 0)
        if len(data) < start:
            return None
        length = int.from_bytes(data[at + 2 : at + 2 + extended], "big") if extended else short
        if (extended == 2 and length < 126) or (extended == 8 and not 65536 <= length < 1 << 63):
            raise _Failed(VIOLATION)
        payload = data[start : start + length]
        if self.masked:
            payload = mask(payload, data[start - 4 : start])
        complete = len(payload) == length
        if complete:
            self.at = start + length
        if opcode >= 8:
            return self.control(opcode, payload) if complete else None
        self.part(final, reserved, opcode, length, payload, complete)
        return None

    def checkHeader(self, final: bool, reserved: int, opcode: int, masked: bool, short: int) -> None:
        """
        What the first two bytes alone forbid.
        """
        compressed = reserved == 4 and self.inflation is not None and opcode in (1, 2)
        wrong = (
            (reserved and not compressed)
            or masked != self.masked
            or opcode not in (0, 1, 2, 8, 9, 10)
            or (opcode >= 8 and (not final or short > 125 or (opcode == 8 and short == 1)))
            or (opcode == 0 and not self.inside)
            or (opcode in (1, 2) and self.inside)
        )
        if wrong:
            raise _Failed(VIOLATION)

    def control(self, opcode: int, payload: bytes) -> tuple[Any, ...] | None:
        if opcode != 8:
            self.events.append(("ping" if opcode == 9 else "pong", payload))
            return None
        if not payload:
            return ("close", None, "")
        code = int.from_bytes(payload[:2], "big")
        if code not in CODES:
            raise _Failed(VIOLATION)
        try:
            return ("close", code, payload[2:].decode())
        except UnicodeDecodeError:
            raise _Failed(INVALID) from None

    # Messages

    def part(self, final: bool, reserved: int, opcode: int, length: int, payload: bytes, complete: bool) -> None:
        """
        A frame of a message, or the beginning of one.
        """
        if opcode:
            self.inside = True
            self.text = opcode == 1
            self.compressed = reserved == 4
            self.content = b""
            self.frames = 0
            if self.compressed and (self.stream is None or (self.inflation and self.inflation.fresh)):
                assert self.inflation is not None
                self.stream = zlib.decompressobj(-self.inflation.bits)
        self.frames += 1
        limits = self.limits
        if (
            self.frames > limits.fragments
            or length > limits.frame
            or (not self.compressed and len(self.content) + length > limits.message)
        ):
            raise _Failed(TOO_BIG)
        self.add(self.inflate(payload) if self.compressed else payload)
        if final and complete:
            self.finish()

    def inflate(self, payload: bytes) -> bytes:
        left = self.limits.message - len(self.content)
        before = self.stream.copy()
        try:
            out: bytes = self.stream.decompress(payload, left + 1)
        except zlib.error:
            # Too long by one byte, and broken behind it: in smaller portions the first is seen first.
            raise _Failed(TOO_BIG | INVALID if _isLonger(before, payload, left) else INVALID) from None
        if len(out) > left:
            # In smaller portions the broken text would be seen first.
            raise _Failed(TOO_BIG if self.isSound(out) else TOO_BIG | INVALID)
        if self.stream.unused_data not in (b"", b"\0"):
            raise _Failed(INVALID)
        return out

    def isSound(self, more: bytes) -> bool:
        """
        @return: whether the message may begin so.
        """
        return not self.text or _isBeginning(self.content + more) is not None

    def add(self, content: bytes) -> None:
        if not self.isSound(content):
            raise _Failed(INVALID)
        self.content += content

    def finish(self) -> None:
        if self.compressed:
            self.endStream()
        try:
            event = ("text", self.content.decode()) if self.text else ("binary", self.content)
        except UnicodeDecodeError:
            raise _Failed(INVALID) from None
        self.inside = False
        self.events.append(event)

    def endStream(self) -> None:
        if self.stream.eof:
            self.stream = None
            return
        try:
            more = self.stream.decompress(_TAIL, 1)
        except zlib.error:
            raise _Failed(INVALID) from None
        probe = self.stream.copy()
        try:
            more += probe.decompress(_LAST_BLOCK)
        except zlib.error:
            raise _Failed(INVALID) from None
        if more or not probe.eof or probe.unused_data:
            raise _Failed(INVALID)


def _isLonger(stream: Any, payload: bytes, limit: int) -> bool:
    """
    @return: whether more than C{limit} bytes come out before the stream breaks.
    """
    size = 0
    try:
        for at in range(len(payload)):
            size += len(stream.decompress(payload[at : at + 1]))
    except zlib.error:
        pass
    return size > limit
