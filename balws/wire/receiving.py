# -*- test-case-name: tests.wire.test_receiving -*-
"""
From bytes to messages.

Nearly every frame is whole, final, uncompressed and small: one loop takes those
straight from what was read to the session.  Everything else, in parts, in
fragments, compressed or wrong, goes through Autobahn's state machine, whose
callbacks end in the same session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from autobahn.websocket.protocol import WebSocketProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.interfaces import IDelayedCall

from balws.errors import CorruptedFrameError, PayloadTooLargeError
from balws.interfaces import ISession
from balws.wire.frames import mask
from balws.wire.settings import WireSettings

OPEN: int = WebSocketProtocol.STATE_OPEN
CLOSING: int = WebSocketProtocol.STATE_CLOSING
CLOSED: int = WebSocketProtocol.STATE_CLOSED

#: A connection takes no more frames than this before others have their turn.
FRAMES_A_TURN = 256

#: What the peer is told; never more than this (the details are in the log).
PROTOCOL_ERROR = "Connection closed due to protocol error"
INVALID_PAYLOAD = "Payload does not match the expected format or encoding"
TOO_BIG = "The received message exceeds the allowed size limit"


class Receiving:
    """
    The reading half of a wire.

    @ivar isServer: whether frames must come masked; a client's must not.
    @ivar halted: nothing more is taken from C{data} for now, or ever.
    @ivar deaf: nothing more is taken ever.
    @ivar paused: whether it was halted since the keep-alive last looked.
    @ivar data: bytes read and not yet taken.
    @ivar readLimit: payloads up to this many bytes are taken in one piece.
    """

    transport: Any
    session: ISession
    settings: WireSettings
    isServer: bool
    maxFrameSize: int
    maxMessageSize: int
    maxFragments: int
    readLimit: int

    state = CLOSED
    halted = False
    deaf = False
    paused = False
    data = b""
    current_frame: Any = None
    inside_message = False
    failedByMe = False
    fragments = 0
    message_data: bytearray
    message_is_binary = False
    _isMessageCompressed = False
    _perMessageCompress: Any = None
    _receiving = False
    _full = False
    _left = 0
    _turn: IDelayedCall | None = None
    _validator: Utf8Validator | None = None

    @property
    def utf8validator(self) -> Utf8Validator:
        """
        Autobahn's validator, made when the first text comes in parts.
        """
        if self._validator is None:
            self._validator = Utf8Validator()
        return self._validator

    # The loop

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes from the transport, in any portion.
        """
        if self.data:
            data = self.data + data
        if self.halted:
            self.data = b"" if self.deaf else data
            return
        self._receiving = True
        self._left = FRAMES_A_TURN
        if self.current_frame is None and not self.inside_message:
            taken = self._takeFrames(data)
            if taken == len(data):
                self.data = b""
                self._receiving = False
                return
            self.data = data[taken:] if taken else data
        else:
            self.data = data
        self._takeRest()
        self._receiving = False

    def _takeFrames(self, data: bytes) -> int:
        """
        Hand over every whole, plain frame at the front of C{data}.

        @return: how many bytes were taken.
        """
        session = self.session
        limit = self.readLimit
        masked = self.isServer
        bit, short = (0x80, 6) if masked else (0, 2)
        end = len(data)
        left = self._left
        offset = 0
        while left and end - offset >= short and not self.halted:
            start = offset + short
            length = data[offset + 1] - bit
            if length < 126:
                if length < 0:
                    break
            elif length == 126:
                start += 2
                if start > end:
                    break
                length = data[offset + 2] << 8 | data[offset + 3]
                if length < 126:
                    break
            else:
                start += 8
                length = int.from_bytes(data[offset + 2 : offset + 10], "big") if data[offset + 1] == bit | 127 else 0
                if length < 65536 or start > end:
                    break
            stop = start + length
            if stop > end or length > limit:
                break
            first = data[offset]
            payload = mask(data[start:stop], data[start - 4 : start]) if masked else data[start:stop]
            if first == 0x81:
                try:
                    text = payload.decode()
                except UnicodeDecodeError:
                    self.fail(1007, INVALID_PAYLOAD, CorruptedFrameError("a text message is not UTF-8", 1007))
                    return end
                session.textReceived(text)
            elif first == 0x82:
                session.binaryReceived(payload)
            elif length < 126 and 0x88 <= first <= 0x8A:
                self._takeControl(first, payload)
            else:
                break
            left -= 1
            offset = stop
        self._left = left
        return offset

    def _takeRest(self) -> None:
        # An empty frame is complete with its header: there is a step left with no data.
        while not self.halted:
            if self._left <= 0:
                self._endTurn()
                break
            if self.data and self.current_frame is None and not self.inside_message:
                taken = self._takeFrames(self.data)
                if taken:
                    self.data = self.data[taken:]
                    continue
            self._left -= 1
            if not self.processData():
                break
        if self.deaf:
            self.data = b""

    def _takeControl(self, first: int, payload: bytes) -> None:
        if first == 0x89:
            self._onPing(payload)
        elif first == 0x8A:
            self._onPong(payload)
        elif len(payload) == 1:
            self._protocol_violation("a close frame of one byte")
        else:
            code = payload[0] << 8 | payload[1] if payload else None
            self.onCloseFrame(code, payload[2:] or None)

    # Pauses

    def pauseReading(self) -> None:
        """
        Take no more for now: the session's queue is full.
        """
        self._full = self.paused = True
        if not self.halted:
            self.halted = True
            self.transport.pauseProducing()

    def resumeReading(self) -> None:
        """
        Go on where L{pauseReading} stopped, with what was already read first.
        """
        if self._full:
            self._full = False
            if self._turn is None:
                self._goOn()

    def takeLater(self, data: bytes) -> None:
        """
        Take what came with the handshake in a turn of its own: whoever waits for the
        connection shall have it before the first message comes.
        """
        if not self.deaf:
            self.data = data
            self._endTurn()

    def _endTurn(self) -> None:
        """
        Let others have their turn: one read may hold ten thousand frames.
        """
        self.halted = True
        self.transport.pauseProducing()
        self._turn = self.settings.clock.callLater(0, self._nextTurn)

    def _nextTurn(self) -> None:
        self._turn = None
        if not self._full:
            self._goOn()

    def _forgetTurn(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _goOn(self) -> None:
        if self.halted and not self.deaf:
            self.halted = False
            # The header of an empty frame may have been the last that was taken.
            if (self.data or self.current_frame is not None) and not self._receiving:
                self._receiving = True
                self._left = FRAMES_A_TURN
                self._takeRest()
                self._receiving = False
            if not self.halted:
                self.transport.resumeProducing()

    # What Autobahn's state machine calls

    def onMessageBegin(self, isBinary: bool) -> None:
        """
        The first frame of a message that comes in parts.
        """
        self.message_is_binary = isBinary
        self.message_data = bytearray()  # a list of parts would take many times the message

    def onMessageFrameBegin(self, length: int) -> None:
        """
        A frame of a message begins: count it, empty or not, and the bytes it claims.
        """
        self.fragments += 1
        if self.fragments > self.maxFragments:
            self._tooBig(f"a message of more than {self.maxFragments} frames")
        elif length > self.maxFrameSize:
            self._tooBig(f"a frame of {length} bytes, more than {self.maxFrameSize}")
        elif not self._isMessageCompressed and len(self.message_data) + length > self.maxMessageSize:
            self._tooBig(f"a message of more than {self.maxMessageSize} bytes")

    def onFrameData(self, payload: bytes) -> bool | None:
        """
        A part of a frame, unmasked.

        @return: C{False} where it ends the connection.
        """
        if self.current_frame.opcode > 7:
            self.control_frame_data.append(payload)
            return None
        if self._isMessageCompressed:
            left = self.maxMessageSize - len(self.message_data)
            try:
                payload = self._perMessageCompress.decompress_message_data(payload, left)
            except PayloadExceededError:
                self._tooBig(f"a message of more than {self.maxMessageSize} bytes after inflation")
                return False
            except PayloadCorruptError as problem:
                return not self._invalid_payload(str(problem))
        if self.utf8validateIncomingCurrentMessage:
            self.utf8validateLast = self.utf8validator.validate(payload)
            if not self.utf8validateLast[0]:
                return not self._invalid_payload("a text message is not UTF-8")
        self.message_data += payload
        return None

    def onMessageFrameEnd(self) -> None:
        """
        A frame of a message is whole; nothing is to be done before the message is.
        """

    def onMessageEnd(self) -> None:
        """
        A message that came in parts is whole.
        """
        whole = self.message_data
        del self.message_data
        self.fragments = 0
        if self.message_is_binary:
            self.session.binaryReceived(bytes(whole))
        else:
            self.session.textReceived(whole.decode())

    def _tooBig(self, reason: str) -> None:
        self.fail(1009, TOO_BIG, PayloadTooLargeError(reason))

    def _protocol_violation(self, reason: str) -> bool:
        self.fail(1002, PROTOCOL_ERROR, CorruptedFrameError(reason))
        return True

    def _invalid_payload(self, reason: str) -> bool:
        self.fail(1007, INVALID_PAYLOAD, CorruptedFrameError(reason, 1007))
        return True

    if TYPE_CHECKING:  # what Autobahn and the rest of the wire provide

        control_frame_data: list[bytes]
        utf8validateIncomingCurrentMessage: bool
        utf8validateLast: tuple[bool, bool, int, int]

        def processData(self) -> bool: ...
        def _onPing(self, payload: bytes) -> None: ...
        def _onPong(self, payload: bytes) -> None: ...
        def onCloseFrame(self, code: int | None, reasonRaw: bytes | None) -> bool: ...
        def fail(self, code: int, reason: str, error: Exception) -> None: ...
