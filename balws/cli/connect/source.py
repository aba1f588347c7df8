# -*- test-case-name: tests.cli.test_connect_source -*-
"""
Messages that come through a pipe.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.errors import Error

__all__ = ["Lines"]

#: Bytes of one read.
_READ = 65536


@implementer(IReadDescriptor)
class Lines:
    """
    What a descriptor brings, a message for each separator.  No more is read than was asked
    for: who does not go on keeps the writer waiting.
    """

    def __init__(self, reactor: Any, descriptor: int, separator: bytes = b"\n", longest: int = 64 * 1024 * 1024):
        """
        @param separator: what stands behind each message; the last may be without.
        @param longest: the most bytes of one.
        """
        self._reactor = reactor
        self._descriptor = descriptor
        self._separator = separator
        self._longest = longest
        self._asked: Deferred[bytes] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """
        @raise Error: for a message that is too long.
        """
        rest = bytearray()
        while chunk := await self._chunk():
            rest += chunk
            if self._separator in chunk:
                *whole, last = rest.split(self._separator)
                for each in whole:
                    yield bytes(each)
                rest = last
            if len(rest) > self._longest:
                raise Error(f"a message on the standard input is over {self._longest} bytes")
        if rest:
            yield bytes(rest)

    def _chunk(self) -> Deferred[bytes]:
        self._asked = Deferred(lambda _: self._reactor.removeReader(self))
        self._reactor.addReader(self)
        return self._asked

    def fileno(self) -> int:
        """
        See L{IReadDescriptor}.
        """
        return self._descriptor

    def logPrefix(self) -> str:
        """
        See L{IReadDescriptor}.
        """
        return "standard input"

    def doRead(self) -> None:
        """
        See L{IReadDescriptor}.
        """
        try:
            data = os.read(self._descriptor, _READ)
        except OSError:  # as a terminal ends that is gone
            data = b""
        self._answer(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        See L{IReadDescriptor}.
        """
        self._answer(b"")

    def _answer(self, data: bytes) -> None:
        self._reactor.removeReader(self)
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.callback(data)
