# -*- test-case-name: tests.wire.test_partial -*-
"""
A data frame whose payload comes in several reads.
"""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder

from balws.wire.frames import TEXT
from balws.wire.speed import mask

_Decoder = getincrementaldecoder("utf-8")

#: Shorter pieces are joined as they come: a list of single bytes would take many times the message.
_SHORT = 4096


class Partial:
    """
    Takes the payload of one frame, unmasked and checked as it comes: a text that is not UTF-8
    is refused with its first wrong byte.  It takes no more memory than has come.

    @ivar missing: how many bytes have not come.
    """

    __slots__ = ("_decoder", "_isText", "_key", "_pieces", "_taken", "missing")

    def __init__(self, opcode: int, length: int, key: bytes) -> None:
        """
        @param opcode: L{TEXT} or L{BINARY<balws.wire.frames.BINARY>}.
        @param length: of the payload, in bytes.
        @param key: four bytes; none where the frame is not masked.
        """
        self._isText = opcode == TEXT
        self._decoder: IncrementalDecoder | None = None
        self._key = key
        self._pieces: list[bytes] = []
        self._taken = 0
        self.missing = length

    def take(self, data: bytes) -> None:
        """
        @param data: no more than is missing.
        @raise UnicodeDecodeError: when a text cannot be UTF-8 any more, or ends within a character.
        """
        length = len(data)
        if self._key:
            phase = self._taken % 4
            data = mask(data, self._key[phase:] + self._key[:phase])
        self._taken += length
        self.missing -= length
        if self._isText:
            self._check(data)
        if self._pieces and len(self._pieces[-1]) < _SHORT:
            self._pieces[-1] += data
        else:
            self._pieces.append(data)

    def _check(self, data: bytes) -> None:
        if self._decoder is None:
            if data.isascii():
                return
            self._decoder = _Decoder()
        # What it decodes may be four times as large, and is not kept.
        self._decoder.decode(data, final=not self.missing)
        begun = self._decoder.getstate()[0]
        # Half of a surrogate: Python waits for its third byte.
        if begun[:1] == b"\xed" and begun[1:] > b"\x9f":
            raise UnicodeDecodeError("utf-8", begun, 0, 2, "invalid continuation byte")

    def message(self) -> str | bytes:
        """
        @return: the payload, which is whole.
        """
        whole = b"".join(self._pieces)
        return whole.decode() if self._isText else whole
