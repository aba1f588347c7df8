# -*- test-case-name: tests.wire.test_partial -*-
"""
A data frame whose payload comes in several reads.
"""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder

from balws.wire.frames import TEXT
from balws.wire.speed import mask

_Decoder = getincrementaldecoder("utf-8")


class Partial:
    """
    Takes the payload of one frame, unmasked and checked as it comes: a text that is not UTF-8
    is refused with its first wrong byte.  It takes no more memory than has come.

    @ivar missing: how many bytes have not come.
    """

    __slots__ = ("_decoder", "_isText", "_key", "_payload", "missing")

    def __init__(self, opcode: int, length: int, key: bytes) -> None:
        """
        @param opcode: L{TEXT} or L{BINARY<balws.wire.frames.BINARY>}.
        @param length: of the payload, in bytes.
        @param key: four bytes; none where the frame is not masked.
        """
        self._isText = opcode == TEXT
        self._key = key
        self._payload = bytearray()
        self._decoder: IncrementalDecoder | None = None
        self.missing = length

    def take(self, data: bytes) -> None:
        """
        @param data: no more than is missing.
        @raise UnicodeDecodeError: when a text cannot be UTF-8 any more, or ends within a character.
        """
        if self._key:
            phase = len(self._payload) % 4
            data = mask(data, self._key[phase:] + self._key[:phase])
        self._payload += data
        self.missing -= len(data)
        if self._isText and (self._decoder is not None or not data.isascii()):
            if self._decoder is None:
                self._decoder = _Decoder()
            self._decoder.decode(data, final=not self.missing)

    def message(self) -> str | bytes:
        """
        @return: the payload, which is whole.
        """
        return self._payload.decode() if self._isText else bytes(self._payload)
