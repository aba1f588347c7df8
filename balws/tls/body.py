# -*- test-case-name: tests.tls.test_body -*-
"""
Bodies of HTTP to and from those who are asked about trust: small ones.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

__all__ = ["BoundedBody", "WholeBody"]


@implementer(IBodyProducer)
class WholeBody:
    """
    Written at once.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        Write all.
        """
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """
        All was written.
        """

    resumeProducing = stopProducing = pauseProducing


class BoundedBody(Protocol):
    """
    Taken up to a limit.

    @ivar done: fires with it.
    """

    def __init__(self, limit: int, tooLong: Exception) -> None:
        """
        @param limit: bytes.
        @param tooLong: what C{done} fails with when more come.
        """
        self._left = limit
        self._tooLong = tooLong
        self._parts: list[bytes] = []
        self.done: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """
        A part of it.
        """
        self._left -= len(data)
        if self._left < 0:
            self._parts.clear()
            self._end(Failure(self._tooLong))
        else:
            self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The end of it.  Where only the end of the connection tells, it may be a part: such a
        part is no object of JSON, and no signature fits it.
        """
        self._end(b"".join(self._parts) if reason.check(ResponseDone, PotentialDataLoss) else reason)

    def _end(self, result: Any) -> None:
        if not self.done.called:
            self.done.callback(result)
