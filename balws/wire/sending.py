# -*- test-case-name: tests.wire.test_sending -*-
"""
From messages to bytes, with back-pressure.

A write costs no Deferred while the peer reads.  Above 64 KiB unsent the transport
says so, and from then on each write answers with a Deferred that waits until the
peer has caught up (decision 23).
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail

from balws.errors import ConnectionClosureError, CorruptedFrameError
from balws.hub.message import Message
from balws.wire.frames import BINARY, CONTINUATION, FIN, PING, PONG, RSV1, TEXT, header
from balws.wire.pressure import Pressure
from balws.wire.receiving import OPEN
from balws.wire.settings import MIN_COMPRESSED
from balws.wire.speed import framed
from balws.wire.written import WRITTEN, refused

_TEXT = FIN | TEXT
_BINARY = FIN | BINARY

_MAX_CONTROL = 125

#: Larger payloads, in bytes, are not copied behind their header: both go into one call of the system.
LARGE = 16384


class Sending(Pressure):
    """
    The writing half of a wire; as it stands here, a server's, which does not mask.

    @ivar plainLimit: payloads up to this many bytes go out in one frame, neither masked nor
        compressed; below 0 where none does.
    """

    maxFrameSize: int
    plainLimit: int
    state: int

    _perMessageCompress: Any = None

    def sendText(self, text: str) -> Deferred[None]:
        """
        @return: see the module; fails with L{ConnectionClosureError} after closure,
            with L{ValueError} when the text has a lone surrogate.
        """
        if self.state != OPEN:
            return refused(closed("text data"))
        if not isinstance(text, str):
            return fail(unsendable(text))
        try:
            if len(text) * 4 <= self.plainLimit:  # no character has more than four bytes
                data = framed(_TEXT, text)
                self.transport.write(data)
            else:
                data = text.encode()
                self._sendLong(TEXT, data)
        except UnicodeEncodeError:
            return fail(unsendable(text))
        return self._whenDrained(len(data)) if self.congested else WRITTEN

    def sendBinary(self, data: bytes) -> Deferred[None]:
        """
        @return: as L{sendText}.
        """
        if self.state != OPEN:
            return refused(closed("binary data"))
        if type(data) is not bytes:
            try:
                data = fixed(data)
            except TypeError:
                return fail()
        length = len(data)
        if length <= self.plainLimit:
            self.transport.write(framed(_BINARY, data))
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
        self._writeControl(opcode, payload)
        return self._whenDrained(len(payload)) if self.congested else WRITTEN

    def deliver(self, message: Message) -> None:
        """
        Send what goes to many connections: framed once for all that do not compress,
        compressed once for all others.
        """
        if self.state != OPEN:
            return
        opcode = BINARY if message.isBinary else TEXT
        payload = message.payload
        size = len(payload)
        compressor = self._perMessageCompress
        if compressor is not None and size >= MIN_COMPRESSED:
            payload = compressor.compressedAlone(message)
            if payload is not message.payload:
                opcode |= RSV1
        if payload is message.payload and size <= self.maxFrameSize:
            if message.frame is None:
                message.frame = header(FIN | opcode, size) + payload
            self.transport.write(message.frame)
        else:
            self._writeFrames(opcode, payload)
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
            self._writeControl(PONG, payload)

    def _writeControl(self, opcode: int, payload: bytes) -> None:
        self.transport.write(b"".join(self._pieces(FIN | opcode, payload)))

    def _pieces(self, first: int, payload: bytes) -> tuple[bytes, ...]:
        """
        @return: the pieces of a frame.
        """
        return header(first, len(payload)), payload

    def _sendLong(self, opcode: int, payload: bytes) -> None:
        first = opcode
        compressor = self._perMessageCompress
        if compressor is not None and len(payload) >= MIN_COMPRESSED:
            payload = compressor.compressed(payload)
            first |= RSV1
        self._writeFrames(first, payload)

    def _writeFrames(self, first: int, payload: bytes) -> None:
        """
        @param first: of the first frame, without FIN.
        """
        size, limit = len(payload), self.maxFrameSize
        if size <= limit:
            frame = self._pieces(FIN | first, payload)
            if size <= LARGE:
                self.transport.write(b"".join(frame))
            else:
                self.transport.writeSequence(frame)
            return
        pieces: list[bytes] = []
        for start in range(0, size, limit):
            piece = payload[start : start + limit]
            last = FIN if start + limit >= size else 0
            pieces += self._pieces(last | first, piece)
            first = CONTINUATION
        self.transport.writeSequence(pieces)


def closed(what: str) -> ConnectionClosureError:
    """
    @return: why nothing can be written any more.
    """
    return ConnectionClosureError(f"Close frame already sent. Cannot push {what}!")


def fixed(data: object) -> bytes:
    """
    @return: what a binary message carries, whatever becomes of the object.
    @raise TypeError: when it is not bytes.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"a binary message is bytes, not {type(data).__name__}")
    return bytes(data)


def encoded(text: Any) -> bytes:
    """
    @return: what a text message carries.
    @raise TypeError: when it is not a str.
    @raise ValueError: when it has a lone surrogate.
    """
    try:
        payload: bytes = text.encode()
    except (AttributeError, UnicodeEncodeError):
        raise unsendable(text) from None
    return payload


def unsendable(text: object) -> Exception:
    """
    @return: why this cannot be a text message.
    """
    if isinstance(text, str):
        return ValueError("a text message holds a lone surrogate, which is no Unicode character")
    return TypeError(f"a text message is a str, not {type(text).__name__}")
