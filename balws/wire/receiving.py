# -*- test-case-name: tests.wire.test_receiving -*-
"""
From bytes to messages.

Nearly every frame is a whole message, and nearly every read ends with one: a loop takes
those straight from what was read to the session.  A single frame that comes in several
reads, or compressed, has a short way of its own.  Everything else, fragments and what is
wrong, goes through Autobahn's state machine, whose callbacks end in the same session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from autobahn.websocket.protocol import WebSocketProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.interfaces import IDelayedCall

from balws.errors import CorruptedFrameError, PayloadTooLargeError
from balws.interfaces import ISession
from balws.wire.frames import BINARY, FIN, RSV1, TEXT, head
from balws.wire.partial import Partial
from balws.wire.prompt import READ, READ_LARGE, readBy
from balws.wire.settings import WireSettings
from balws.wire.speed import WAY, frames, mask

OPEN: int = WebSocketProtocol.STATE_OPEN
CLOSING: int = WebSocketProtocol.STATE_CLOSING
CLOSED: int = WebSocketProtocol.STATE_CLOSED

#: A connection takes no more frames than this before others have their turn.
FRAMES_A_TURN = 256

#: What the peer is told; never more than this (the details are in the log).
PROTOCOL_ERROR = "Connection closed due to protocol error"
INVALID_PAYLOAD = "Payload does not match the expected format or encoding"
TOO_BIG = "The received message exceeds the allowed size limit"

#: What the log is told.
_NOT_UTF8 = "a text message is not UTF-8"

#: The first bytes of frames that are messages.
_PLAIN = (FIN | TEXT, FIN | BINARY)
_COMPRESSED = (FIN | RSV1 | TEXT, FIN | RSV1 | BINARY)


class Receiving:
    """
    The reading half of a wire.

    @ivar isServer: whether frames must come masked; a client's must not.
    @ivar halted: nothing more is taken from C{data} for now, or ever.
    @ivar deaf: nothing more is taken ever.
    @ivar paused: whether it was halted since the keep-alive last looked.
    @ivar data: bytes read and not yet taken.
    @ivar readLimit: larger payloads are Autobahn's: it says why they are too large.
    @ivar isCorkable: whether the transport can gather what is written.
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
    isCorkable = False
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
    _readsMuch = False
    _left = 0
    _turn: IDelayedCall | None = None
    _partial: Partial | None = None
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
        taken = 0
        if self.current_frame is None and not self.inside_message and self._partial is None:
            taken = self._takeFrames(data)  # a frame begins, and no message is begun
        if taken == len(data):
            self.data = b""
        else:
            self.data = data[taken:] if taken else data
            self._takeRest()
        self._receiving = False

    def _takeFrames(self, data: bytes) -> int:
        """
        Hand over every whole, plain frame at the front of C{data}.  What is answered to
        several of them is sent together.

        @return: how many bytes were taken.
        """
        session = self.session
        left = self._left
        end = len(data)
        taken = 0
        payload: Any
        isLoose = self.isCorkable
        try:
            for first, payload, taken in frames(data, self.readLimit, self.isServer):
                if isLoose and taken != end:
                    isLoose = False
                    self.transport.cork()
                if first == 0x81:
                    if payload is None:
                        self._invalid_payload(_NOT_UTF8)
                        return end
                    session.textReceived(payload)
                elif first == 0x82:
                    session.binaryReceived(payload)
                else:
                    self._takeControl(first, payload)
                left -= 1
                if self.halted or not left:
                    break
        finally:
            self._left = left
            if self.isCorkable and not isLoose:
                self.transport.uncork()
        return taken

    def _takeRest(self) -> None:
        """
        Go on with what the loop left.
        """
        # An empty frame is complete with its header: there is a step left with no data.
        while not self.halted:
            if self._left <= 0:
                self._endTurn()
                break
            if self._partial is not None:
                if not self._takePart(self._partial):
                    break
            elif self.data and self.current_frame is None and not self.inside_message:
                taken = self._takeFrames(self.data)
                if taken:
                    self.data = self.data[taken:]
                elif not self._takeSingle() and not self._step():
                    break
            elif not self._step():
                break
        if self.deaf:
            self.data = b""

    def _step(self) -> bool:
        """
        Let Autobahn go on.

        @return: whether there is more to do.
        """
        more = self.processData()
        if self.current_frame is None:  # of most frames the head is one step, and the payload another
            self._left -= 1
        return more

    def _takeSingle(self) -> bool:
        """
        Take a frame that is a message, but not plain or not whole.

        @return: whether there is one.
        """
        data = self.data
        found = head(data, self.isServer) if WAY != "autobahn" else None
        if found is None:
            return False
        first, start, length = found
        if length > self.readLimit:
            return False
        key = data[start - 4 : start] if self.isServer else b""
        if first in _PLAIN:
            self._partial = Partial(first & 0x0F, length, key)
            self.data = data[start:]
            self._readBy(length)
        elif first in _COMPRESSED and self._perMessageCompress is not None and start + length <= len(data):
            self._left -= 1
            self.data = data[start + length :]
            payload = data[start : start + length]
            self._takeCompressed(first, mask(payload, key) if key else payload)
        else:
            return False
        return True

    def _takePart(self, partial: Partial) -> bool:
        """
        Take what has come of a frame.

        @return: whether there is more to do.
        """
        part, self.data = self.data[: partial.missing], self.data[partial.missing :]
        try:
            partial.take(part)
        except UnicodeDecodeError:
            self._invalid_payload(_NOT_UTF8)
            return False
        if partial.missing:
            return False
        self._partial = None
        self._readBy(0)
        self._left -= 1
        message = partial.message()
        if isinstance(message, str):
            self.session.textReceived(message)
        else:
            self.session.binaryReceived(message)
        return True

    def _readBy(self, length: int) -> None:
        """
        A large frame is read in larger portions.

        @param length: of the frame's payload; 0 where the next frame begins.
        """
        if length > READ:
            readBy(self.transport, READ_LARGE)
            self._readsMuch = True
        elif self._readsMuch:
            readBy(self.transport, READ)
            self._readsMuch = False

    def _takeCompressed(self, first: int, payload: bytes) -> None:
        """
        Take a message that was compressed into one frame.
        """
        try:
            message = self._perMessageCompress.inflated(payload, self.maxMessageSize)
            text = message.decode() if first & 0x0F == TEXT else None
        except PayloadExceededError:
            self._tooBig(f"a message of more than {self.maxMessageSize} bytes after inflation")
        except PayloadCorruptError as problem:
            self._invalid_payload(str(problem))
        except UnicodeDecodeError:
            self._invalid_payload(_NOT_UTF8)
        else:
            if text is None:
                self.session.binaryReceived(message)
            else:
                self.session.textReceived(text)

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
                return not self._invalid_payload(_NOT_UTF8)
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
