# -*- test-case-name: tests.hub.test_message -*-
"""
A message on its way to many connections.
"""

from __future__ import annotations

from typing import Any

from balws.binding.payload import encode


class Message:
    """
    @ivar payload: UTF-8 for text, else the bytes.
    @ivar isBinary: which of the two it is.
    @ivar frame: the frame as the first connection built it, for the others to use.
    @ivar compressed: the payload as the first connection with a window of so many bits
        compressed it.
    """

    __slots__ = ("compressed", "frame", "isBinary", "payload")

    def __init__(self, payload: bytes, isBinary: bool) -> None:
        self.payload = payload
        self.isBinary = isBinary
        self.frame: bytes | None = None
        self.compressed: dict[int, bytes] = {}

    @classmethod
    def of(cls, value: str | bytes) -> Message:
        """
        @raise ValueError: when the text has a lone surrogate.
        """
        if isinstance(value, str):
            return cls(value.encode(), False)
        return cls(value, True)


def outgoing(value: Any, kind: type = object) -> Message:
    """
    @param kind: str for a text, bytes for a binary message, object for any value.
    @raise TypeError: for another kind of value, or one without JSON.
    @raise ValueError: for a text or a number that cannot be sent.
    """
    if kind is str and not isinstance(value, str):
        raise TypeError(f"a text message is a str, not {type(value).__name__}")
    if kind is bytes and not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"a binary message is bytes, not {type(value).__name__}")
    return Message.of(encode(value))
