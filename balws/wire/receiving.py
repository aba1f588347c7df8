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

from balws.errors import CorruptedFrameError, PayloadTooLargeError
from balws.interfaces import ISession
from balws.wire.frames import mask

OPEN: int = WebSocketProtocol.STATE_OPEN
CLOSING: int = WebSocketProtocol.STATE_CLOSING
CLOSED: int = WebSocketProtocol.STATE_CLOSED

#: What the peer is told; never more than this (the details are in the log).
PROTOCOL_ERROR = "Connection closed due to protocol error"
INVALID_PAYLOAD = "Payload does not match the expected format or encoding"
TOO_BIG = "The received message exceeds the allowed size limit"


class Receiving:
    """
    The reading half of a wire that expects masked frames: a server's.

    @ivar halted: nothing more is taken from C{data} for now, or ever.
    @ivar deaf: nothing more is taken ever.
    @ivar paused: whether it was halted since the keep-alive last looked.
    @ivar data: bytes read and not yet taken.
    @ivar readLimit: payloads up to this many bytes are taken in one piece.
    """

    transport: Any
    session: ISession
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
        end = len(data)
        offset = 0
        while end - offset >= 6 and not self.halted:
            length = data[offset + 1] - 0x80
            if length < 126:
                start = offset + 6
                if length < 0:
                    break
            elif length == 126:
                start = offset + 8
                length = data[offset + 2] << 8 | data[offset + 3]
                if length < 126:
                    break
            else:
                start = offset + 14
                length = int.from_bytes(data[offset + 2 : offset + 10], "big")
                if length < 65536:
                    break
            stop = start + length
            if stop > end or length > limit:
                break
            first = data[offset]
            if first == 0x81:
                try:
                    text = mask(data[start:stop], data[start - 4 : start]).decode()
                except UnicodeDecodeError:
                    self.fail(1007, INVALID_PAYLOAD, CorruptedFrameError("a text message is not UTF-8", 1007))
                    return end
                session.textReceived(text)
            elif first == 0x82:
                session.binaryReceived(mask(data[start:stop], data[start - 4 : start]))
            elif length < 126 and 0x88 <= first <= 0x8A:
                self._takeControl(first, mask(data[start:stop], data[start - 4 : start]))
            else:
                break
            offset = stop
        return offset

    def _takeRest(self) -> None:
        # An empty frame is complete with its header: there is a step left with no data.
        while not self.halted:
            if self.data and self.current_frame is None and not self.inside_message:
                taken = self._takeFrames(self.data)
                if taken:
                    self.data = self.data[taken:]
                    continue
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

    def pauseReading(self) -> None:
        """
        Take no more for now: the session's queue is full.
        """
        if not self.halted:
            self.halted = self.paused = True
            self.transport.pauseProducing()

    def resumeReading(self) -> None:
        """
        Go on where L{pauseReading} stopped, with what was already read first.
        """
        if self.halted and not self.deaf:
            self.halted = False
            self.transport.resumeProducing()
            if self.data and not self._receiving:
                self._receiving = True
                self._takeRest()
                self._receiving = False

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
