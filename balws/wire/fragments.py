# -*- test-case-name: tests.wire.test_receiving -*-
"""
Messages that come in parts: what Autobahn's state machine calls, and a short way that leaves the
same behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from autobahn.websocket.utf8validator import Utf8Validator

from balws.errors import CorruptedFrameError, PayloadTooLargeError
from balws.interfaces import ISession
from balws.wire.frames import BINARY, FIN, TEXT

#: What the peer is told; never more than this (the details are in the log).
PROTOCOL_ERROR = "Connection closed due to protocol error"
INVALID_PAYLOAD = "Payload does not match the expected format or encoding"
TOO_BIG = "The received message exceeds the allowed size limit"

#: What the log is told.
NOT_UTF8 = "a text message is not UTF-8"


class Fragments:
    """
    Puts messages together from frames, within the limits, and refuses what is wrong.

    @ivar current_frame: Autobahn's: the frame whose head it has read; L{None} between frames.
    @ivar inside_message: Autobahn's: whether the message goes on in another frame.
    @ivar fragments: how many frames of a message have begun.
    """

    session: ISession
    maxFrameSize: int
    maxMessageSize: int
    maxFragments: int

    current_frame: Any = None
    inside_message = False
    halted = False
    _left = 0
    failedByMe = False
    fragments = 0
    message_data: bytearray
    message_is_binary = False
    _isMessageCompressed = False
    _perMessageCompress: Any = None
    _validator: Utf8Validator | None = None

    @property
    def utf8validator(self) -> Utf8Validator:
        """
        Autobahn's validator, made when the first text comes in parts.
        """
        if self._validator is None:
            self._validator = Utf8Validator()
        return self._validator

    def fragmentReceived(self, first: int, payload: bytes) -> None:
        """
        Do with a whole frame what Autobahn does in steps, and leave everything as it would: the
        next frame may be Autobahn's.

        @param first: of a frame that begins a message and does not end it, or that goes on with
            one; not compressed.
        @param payload: unmasked.
        """
        opcode = first & 0x0F
        if opcode:
            self.inside_message = True
            self._isMessageCompressed = False
            self.utf8validateIncomingCurrentMessage = opcode == TEXT
            self.utf8validateLast = (True, True, 0, 0)
            if self._validator is not None:
                self._validator.reset()
            self.onMessageBegin(opcode == BINARY)
        self.onMessageFrameBegin(len(payload))
        if self.halted or self._payloadReceived(payload) is False or not first & FIN:
            return
        if self.utf8validateIncomingCurrentMessage and not self.utf8validateLast[1]:
            self._invalid_payload(NOT_UTF8)
            return
        self.onMessageEnd()
        self.inside_message = False

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
                self._inflatesTooMuch()
                return False
            except PayloadCorruptError as problem:
                return not self._invalid_payload(str(problem))
            self._spend(payload)
        return self._payloadReceived(payload)

    def _spend(self, inflated: bytes) -> None:
        # A kilobyte may have been a megabyte, and a turn is no more than that.
        self._left -= len(inflated) >> 12

    def _payloadReceived(self, payload: bytes) -> bool | None:
        # Between two characters the validator need not see what is ASCII.
        if self.utf8validateIncomingCurrentMessage and not (self.utf8validateLast[1] and payload.isascii()):
            self.utf8validateLast = self.utf8validator.validate(payload)
            if not self.utf8validateLast[0]:
                return not self._invalid_payload(NOT_UTF8)
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

    def _inflatesTooMuch(self) -> None:
        self._tooBig(f"a message of more than {self.maxMessageSize} bytes after inflation")

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

        def fail(self, code: int, reason: str, error: Exception) -> None: ...
