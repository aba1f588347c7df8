# -*- test-case-name: tests.session.test_counted -*-
"""
What a connection carries, counted: for the admin endpoint, where there is one.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from balws.hub.message import Message
from balws.session.connection import Connection
from balws.wire.protocol import Wire

__all__ = ["Counted"]

# By their names, for super() costs each message as much as the counting: L{balws.server.inbound.kindOf} puts
# what else takes messages in front of this class.
_textReceived, _binaryReceived = Connection.textReceived, Connection.binaryReceived
_sendText, _sendBinary = Connection.sendText, Connection.sendBinary


class Counted(Connection):
    """
    Counts on the connection itself; what it has counted is added to the service's traffic when it ends.
    Control frames do not count.

    @ivar since: when it was opened, by the reactor's clock.
    """

    since = 0.0
    received = 0
    sent = 0
    receivedBytes = 0
    sentBytes = 0

    def opened(self, wire: Wire) -> None:
        self.since = self.terms.clock.seconds()
        super().opened(wire)

    def ended(self, code: int, reason: str) -> None:
        traffic = self.terms.traffic
        if traffic is not None:
            traffic.add(self)
            # onClose may write no more; and nobody shall find these twice.
            self.received = self.sent = self.receivedBytes = self.sentBytes = 0
        super().ended(code, reason)

    def textReceived(self, text: str) -> None:
        self.received += 1
        self.receivedBytes += len(text) if text.isascii() else len(text.encode())
        _textReceived(self, text)

    def binaryReceived(self, data: bytes) -> None:
        self.received += 1
        self.receivedBytes += len(data)
        _binaryReceived(self, data)

    def sendText(self, text: str) -> Deferred[None]:
        if self.isOpen and isinstance(text, str):
            self.sent += 1
            self.sentBytes += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        return _sendText(self, text)

    def sendBinary(self, data: bytes) -> Deferred[None]:
        if self.isOpen and isinstance(data, (bytes, bytearray, memoryview)):
            self.sent += 1
            self.sentBytes += len(data)
        return _sendBinary(self, data)

    def deliver(self, message: Message) -> None:
        self.sent += 1
        self.sentBytes += len(message.payload)
        super().deliver(message)
