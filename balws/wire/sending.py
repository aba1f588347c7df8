# -*- test-case-name: tests.wire.test_sending -*-
"""
From messages to bytes, with back-pressure.

A write costs no Deferred while the peer reads.  Above 64 KiB unsent the transport
says so, and from then on each write answers with a Deferred that waits until the
peer has caught up (decision 23).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from balws.errors import ConnectionClosureError, CorruptedFrameError
from balws.hub.message import Message
from balws.wire.frames import BINARY, CONTINUATION, FIN, PING, PONG, RSV1, SHORT, TEXT, header
from balws.wire.receiving import OPEN
from balws.wire.settings import MIN_COMPRESSED, WireSettings
from balws.wire.transport import unsent
from balws.wire.written import WRITTEN, quiet, refused

_TEXT = SHORT[FIN | TEXT]
_BINARY = SHORT[FIN | BINARY]

_MAX_CONTROL = 125


class Sending:
    """
    The writing half of a wire that does not mask: a server's.

    @ivar congested: the transport holds more than it wants to.
    @ivar shortLimit: payloads up to this many bytes go out in one plain frame.
    """

    _log = Logger(namespace="balws.wire")

    transport: Any
    settings: WireSettings
    maxFrameSize: int
    shortLimit: int
    state: int

    congested = False
    _perMessageCompress: Any = None
    _waiting: list[Deferred[None]] | None = None
    _latestPing: bytes | None = None
    _slow: IDelayedCall | None = None
    _largest = 0

    def sendText(self, text: str) -> Deferred[None]:
        """
        @return: see the module; fails with L{ConnectionClosureError} after closure,
            with L{ValueError} when the text has a lone surrogate.
        """
        if self.state != OPEN:
            return refused(closed("text data"))
        try:
            payload = text.encode()
        except (AttributeError, UnicodeEncodeError):
            return fail(unsendable(text))
        length = len(payload)
        if length <= self.shortLimit:
            self.transport.write(_TEXT[length] + payload)
        else:
            self._sendLong(TEXT, payload)
        return self._whenDrained(length) if self.congested else WRITTEN

    def sendBinary(self, data: bytes) -> Deferred[None]:
        """
        @return: as L{sendText}.
        """
        if self.state != OPEN:
            return refused(closed("binary data"))
        if type(data) is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                return fail(TypeError(f"a binary message is bytes, not {type(data).__name__}"))
            data = bytes(data)
        length = len(data)
        if length <= self.shortLimit:
            self.transport.write(_BINARY[length] + data)
        else:
            self._sendLong(BINARY, data)
        return self._whenDrained(length) if self.congested else WRITTEN

    def sendControl(self, opcode: int, payload: bytes) -> Deferred[None]:
        """
        Send a ping or a pong.

        @return: as L{sendText}; fails with L{CorruptedFrameError} when the payload
            is over 125 bytes, and nothing is sent.
        """
        if len(payload) > _MAX_CONTROL:
            name = "PING" if opcode == PING else "PONG"
            return fail(
                CorruptedFrameError(
                    f"invalid payload for {name} (payload length must be <= {_MAX_CONTROL}, was {len(payload)})"
                )
            )
        if self.state != OPEN:
            return refused(closed("control frame"))
        self.transport.write(SHORT[FIN | opcode][len(payload)] + payload)
        return self._whenDrained(len(payload)) if self.congested else WRITTEN

    def deliver(self, message: Message) -> None:
        """
        Send what goes to many connections; framed once for all that do not compress.
        """
        if self.state != OPEN:
            return
        opcode = BINARY if message.isBinary else TEXT
        size = len(message.payload)
        if size > self.maxFrameSize or (self._perMessageCompress is not None and size >= MIN_COMPRESSED):
            self._sendLong(opcode, message.payload)
        else:
            if message.frame is None:
                message.frame = header(FIN | opcode, size) + message.payload
            self.transport.write(message.frame)
        if self.congested:
            self._watchBuffer(size)

    def answerPing(self, payload: bytes) -> None:
        """
        Send the automatic pong.  While the peer does not read only the latest ping
        is answered, as RFC 6455 section 5.5.3 allows: pings must not fill memory.
        """
        if self.state != OPEN:
            return
        if self.congested:
            self._latestPing = payload
        else:
            self.transport.write(SHORT[FIN | PONG][len(payload)] + payload)

    def _sendLong(self, opcode: int, payload: bytes) -> None:
        first = opcode
        compressor = self._perMessageCompress
        if compressor is not None and len(payload) >= MIN_COMPRESSED:
            compressor.start_compress_message()
            payload = compressor.compress_message_data(payload) + compressor.end_compress_message()
            first |= RSV1
        size, limit = len(payload), self.maxFrameSize
        if size <= limit:
            self.transport.writeSequence((header(FIN | first, size), payload))
            return
        pieces: list[bytes] = []
        for start in range(0, size, limit):
            piece = payload[start : start + limit]
            last = FIN if start + limit >= size else 0
            pieces += (header(last | first, len(piece)), piece)
            first = CONTINUATION
        self.transport.writeSequence(pieces)

    # Back-pressure

    def pauseProducing(self) -> None:
        """
        The transport holds more than 64 KiB that the peer has not taken.
        """
        self.congested = True

    def resumeProducing(self) -> None:
        """
        The peer has taken everything.
        """
        self.congested = False
        self._largest = 0
        self._forgetSlow()
        ping, self._latestPing = self._latestPing, None
        if ping is not None:
            self.answerPing(ping)
        waiting, self._waiting = self._waiting, None
        for waiter in waiting or ():
            if not waiter.called:  # one may cancel another
                waiter.callback(None)

    def stopProducing(self) -> None:
        """
        The transport is gone; C{connectionLost} follows.
        """

    def _whenDrained(self, length: int) -> Deferred[None]:
        waiter: Deferred[None] = Deferred(self._forgetWaiter)
        if self._waiting is None:
            self._waiting = [waiter]
        else:
            self._waiting.append(waiter)
        self._watchBuffer(length)
        return waiter

    def _forgetWaiter(self, waiter: Deferred[None]) -> None:
        if self._waiting is not None and waiter in self._waiting:
            self._waiting.remove(waiter)

    def _watchBuffer(self, length: int) -> None:
        """
        Cut a peer that has not taken C{maxSendBuffer} for too long, and at once one
        that has twice as much to take: or twice the largest message that it has to take,
        for one alone may be as large as the service likes.

        @param length: of the message that was just written, in bytes.
        """
        self._largest = max(self._largest, length)
        size, limit = unsent(self.transport), self.settings.maxSendBuffer
        if size > 2 * max(limit, self._largest):
            self._cutSlow()
        elif size <= limit:
            self._forgetSlow()
        elif self._slow is None:
            self._slow = self.settings.clock.callLater(self.settings.slowConsumerTimeout, self._slowTooLong)

    def _slowTooLong(self) -> None:
        self._slow = None
        if unsent(self.transport) > self.settings.maxSendBuffer:
            self._cutSlow()

    def _cutSlow(self) -> None:
        self._log.warn(
            "Aborting a connection whose peer does not read: {unsent} bytes wait", unsent=unsent(self.transport)
        )
        self.abort()

    def _forgetSlow(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _failWaiting(self) -> None:
        self._forgetSlow()
        waiting, self._waiting = self._waiting, None
        for waiter in waiting or ():
            if not waiter.called:
                waiter.errback(ConnectionClosureError("Connection closed before the message was sent"))
                quiet(waiter)

    if TYPE_CHECKING:  # what the rest of the wire provides

        def abort(self) -> None: ...


def closed(what: str) -> ConnectionClosureError:
    """
    @return: why nothing can be written any more.
    """
    return ConnectionClosureError(f"Close frame already sent. Cannot push {what}!")


def unsendable(text: object) -> Exception:
    """
    @return: why this cannot be a text message.
    """
    if isinstance(text, str):
        return ValueError("a text message holds a lone surrogate, which is no Unicode character")
    return TypeError(f"a text message is a str, not {type(text).__name__}")
