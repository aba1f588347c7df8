# -*- test-case-name: tests.hub.test_message -*-
"""
A message on its way to many connections.
"""

from __future__ import annotations


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
