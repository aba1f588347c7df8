# -*- test-case-name: tests.server.test_channel -*-
"""
HTTP/1.1 with limits that answer (tables A2.3, A2.4, A2.15 to A2.20).

Twisted Web closes the connection on a request that is too large, or says 400, and
its timer starts anew with each byte.  This channel says 414, 431, 413 or 408, gives
the peer time to read it, counts a request's time from its beginning, and gives no peer
for ever to take an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.server import Request

from balws.config.listener import KeepAlive, ListenerConfiguration
from balws.server.refusal import phrase
from balws.server.shortcut import MAX_HEADERS, shorten
from balws.wire.headers import isValue, tokens
from balws.wire.settings import LINGER
from balws.wire.transport import Lingering, close, give

#: A request line's bytes beside the target: the longest method, the version, blanks.
_AROUND_URI = 64

#: A path, a URL or the asterisk (RFC 9112 section 3.2), in visible ASCII.
_isTarget = re.compile(rb"/[\x21-\x7e]*|https?://[\x21-\x7e]+|\*", re.IGNORECASE).fullmatch

#: Twisted Web's own reading of a longer number fails; no body has 2**63 bytes.
_MAX_LENGTH_DIGITS = 19


class Channel(HTTPChannel):
    """
    @ivar configuration: of the listener.
    @ivar clock: for deadlines.
    @ivar begun: when the time of the request at hand began, in seconds of C{clock}.
    @ivar departed: for its site: what to call when it is gone or was upgraded.
    @ivar isGone: whether the connection has ended.
    @ivar isServed: whether its request is served the short way: where Twisted Web reads it after
        all, it looks for nobody who serves it.
    @cvar hasShortcut: whether plain upgrades go the short way.
    """

    configuration: ListenerConfiguration
    clock: IReactorTime
    departed: Callable[[], object]
    site: Any
    factory: Any
    hasShortcut = True
    isGone = False
    isServed = False

    timeOut = None  # Twisted's idle timer; ours is a deadline
    totalHeadersSize = maxHeaders = 2**31
    _headerBytes = 0
    _headerCount = 0
    _inRequest = False
    _deadline: IDelayedCall | None = None
    _refused = False
    _leaving = False
    _isNew = True
    begun = 0.0

    def connectionMade(self) -> None:
        """
        The clock of the first request runs from here.
        """
        transport: Any = self.transport
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        self._beginRequest()

    def _begin(self) -> None:
        """
        Get ready for what does not go the short way.
        """
        self._isNew = False
        limits = self.configuration.requestLimits
        self.MAX_LENGTH = max(limits.maxUriLength + _AROUND_URI, limits.maxHeaderSize)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes; what comes after a refusal goes to the L{Closer}.
        """
        if self._isNew:
            if self.hasShortcut and shorten(self, data):
                return
            self._begin()
        super().dataReceived(data)
        if self.line_mode and not (self._busyReceiving or self.paused) and b"\n" in self._buffer:
            # What is left has no CR LF: this line would never end.
            self._respondToBadRequestAndDisconnect()

    # The short way

    def keep(self, data: bytes) -> None:
        """
        Hold the bytes of a request that is served the short way; what comes meanwhile is held
        behind them.

        @param data: all that has come.
        """
        self._isNew = False
        self.isServed = self._busyReceiving = self._handlingRequest = True
        self._buffer = data

    def takeLongWay(self) -> Request:
        """
        Let Twisted Web read what is kept.

        @return: its request.
        """
        self._begin()
        self._busyReceiving = self._handlingRequest = False
        self.persistent = 1  # a listener that stops has taken it away, and then nothing is read
        super().dataReceived(b"")
        request: Request = self.requests[-1]
        return request

    def release(self, end: int) -> tuple[Any, bytes]:
        """
        Let go of the transport of a request that is served the short way.

        @param end: of the request, among the bytes that are kept.
        @return: the transport, and what is behind the end.
        """
        transport, rest = self.transport, self._buffer[end:]
        self.released()
        self._buffer = b""
        self.transport = None
        return transport, rest

    # The deadline

    def _beginRequest(self) -> None:
        self.begun = self.clock.seconds()
        self._startDeadline()

    def _startDeadline(self) -> None:
        self._stopDeadline()
        if self.configuration.timeout:
            self._deadline = self.clock.callLater(self.configuration.timeout, self._tooLate)

    def _stopDeadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _tooLate(self) -> None:
        self._deadline = None
        if self._handlingRequest or self._leaving:
            # The peer does not take what we write.
            self.abort()
        elif self._inRequest or self._buffer or not self.line_mode:
            self.refuse(408, b"HTTP/1.1")
        else:
            # Nobody has asked for anything: there is nothing to answer.
            self.loseConnection()

    # Lines

    def lineReceived(self, line: bytes) -> None:
        """
        A line of a request's head, measured before Twisted Web sees it.
        """
        if not self._inRequest:
            self._requestLine(line)
        elif line == b"":
            self._inRequest = False
            self._headerBytes = self._headerCount = 0
            super().lineReceived(line)
        else:
            self._headerLine(line)

    def _headerLine(self, line: bytes) -> None:
        self._headerBytes += len(line) + 2
        self._headerCount += 1
        name, _, value = line.partition(b":")
        if self._headerBytes > self.configuration.requestLimits.maxHeaderSize or self._headerCount > MAX_HEADERS:
            self.refuse(431)
        elif line[0] in b" \t" or not self._isSound(name.lower(), value.strip(b" \t")):
            # A folded line (RFC 9112 section 5.2) is how one header becomes two.
            self._respondToBadRequestAndDisconnect()
        else:
            super().lineReceived(line)

    def _isSound(self, name: bytes, value: bytes) -> bool:
        """
        @return: whether nobody, a proxy before us or Twisted Web behind, can read another
            request out of this field (RFC 9112 sections 6.1 and 6.2) or fail on it.
        """
        if name == b"transfer-encoding":
            return value.lower() == b"chunked" and self._version == b"HTTP/1.1"
        if name == b"content-length":
            return len(value) <= _MAX_LENGTH_DIGITS
        return isValue(value) and (name != b"range" or value.isascii())

    def _requestLine(self, line: bytes) -> None:
        target = [*line.split(b" "), line][1]
        if len(target) > self.configuration.requestLimits.maxUriLength:
            self.refuse(414)
        elif line and not _isTarget(target):
            self._respondToBadRequestAndDisconnect()
        else:
            self._inRequest = line != b""
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """
        A line that does not end.
        """
        self.refuse(431 if self._inRequest else 414)

    def allHeadersReceived(self) -> None:
        """
        The head is complete: refuse a body that is too large before it is read.
        """
        request: Request = self.requests[-1]
        limit = self.configuration.requestLimits.maxEntityBodySize
        if self.length != 0 and _has(request, b"Upgrade", b"websocket"):
            # An upgrade has no body; what follows it must never be read as frames.
            self._respondToBadRequestAndDisconnect()
        elif self.length is not None and 0 <= limit < self.length:
            self.refuse(413, self._version)
        else:
            super().allHeadersReceived()

    def allContentReceived(self) -> None:
        """
        The request is whole; how long its answer takes is the resource's own affair.
        """
        if self._refused:
            return
        self._stopDeadline()
        super().allContentReceived()

    def requestDone(self, request: Request) -> None:
        """
        One request is answered; the next one's time begins.
        """
        if self.persistent:
            self._beginRequest()
            if self._waitingForTransport:
                # Many requests may have come in one segment, and the peer does not take
                # the answers: the next one waits.
                self.paused = True
                self._networkProducer.pauseProducing()
        super().requestDone(request)

    def pauseProducing(self) -> None:
        """
        The peer does not take what we write: it has as long as a request may take.
        """
        super().pauseProducing()
        if self._handlingRequest and self._deadline is None:
            self._startDeadline()

    def resumeProducing(self) -> None:
        """
        The peer has taken it.
        """
        if self._handlingRequest:
            self._stopDeadline()
        super().resumeProducing()
        if self.paused:
            self.paused = False
            if self._buffer:
                self.dataReceived(b"")

    def rawDataReceived(self, data: bytes) -> None:
        """
        A body, or what comes while a request is handled: read ahead up to
        C{maxPipelinedRequests} requests, then stop reading.
        """
        super().rawDataReceived(data)
        ahead = b"".join(self._dataBuffer)
        limit = self.configuration.http1Settings.maxPipelinedRequests
        if ahead and ahead.count(b"\r\n\r\n") + 1 >= limit and not self._refused:
            self._networkProducer.pauseProducing()

    def checkPersistence(self, request: Request, version: bytes) -> bool:
        """
        What C{keepAlive} says; HTTP/1.0 is never kept, nor is who asked for an upgrade: if
        he does not wait for the answer, then what follows is no HTTP.
        """
        mode = self.configuration.http1Settings.keepAlive
        asked = mode is KeepAlive.NEVER or (mode is KeepAlive.AUTO and _has(request, b"Connection", b"close"))
        if version == b"HTTP/1.1" and not asked and not _has(request, b"Upgrade", b"websocket"):
            return True
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False

    # Ends

    def refuse(self, status: int, version: bytes = b"HTTP/1.0") -> None:
        """
        Answer with an empty body and close, with time for the peer to read it: it may
        still be sending, and a reset would overtake the answer.
        """
        if self._refused:
            return
        self._refused = True
        self._stopDeadline()
        name = (self.configuration.server or "websocket").encode()
        head = b"%s %d %s\r\nContent-Length: 0\r\nConnection: close\r\nServer: %s\r\n\r\n"
        transport: Any = self.transport
        transport.write(head % (version, status, phrase(status), name))
        self.clearLineBuffer()
        give(transport, Closer(self, self.clock, LINGER))

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400, b"HTTP/1.1")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The peer is gone.
        """
        self.isGone = True
        self._stopDeadline()
        self.factory.left(self)
        super().connectionLost(reason)

    def loseConnection(self) -> None:
        """
        Close when everything is written, or when the peer has not taken it in time.
        """
        if self._isNew:
            self._begin()
        self._leaving = True
        self._startDeadline()
        super().loseConnection()

    def finish(self) -> None:
        """
        The listener stops: close after the answer at hand, or now.
        """
        if self._handlingRequest:
            self.persistent = False
        else:
            self.loseConnection()
            close(self.transport)

    def abort(self) -> None:
        """
        Drop the connection now.
        """
        transport: Any = self.transport
        transport.abortConnection()

    def released(self) -> None:
        """
        A wire has taken the transport.
        """
        self._stopDeadline()
        self.factory.left(self)


def _has(request: Request, field: bytes, token: bytes) -> bool:
    """
    @return: whether a list field has this element.
    """
    return token in [each.lower() for each in tokens(request.requestHeaders.getRawHeaders(field, []))]


class Closer(Lingering):
    """
    Lingers for a channel, and tells it the end.
    """

    def __init__(self, channel: Channel, clock: IReactorTime, seconds: float) -> None:
        super().__init__(clock, seconds)
        self._channel = channel

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The channel's requests end with the connection.
        """
        super().connectionLost(reason)
        self._channel.connectionLost(reason)
