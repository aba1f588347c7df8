# -*- test-case-name: tests.wire.test_client -*-
"""
The client's end of a connection.
"""

from __future__ import annotations

from os import urandom

from autobahn.twisted.websocket import WebSocketClientProtocol

from balws.hub.message import Message
from balws.wire.frames import BINARY, MASKED, TEXT, header
from balws.wire.protocol import Wire
from balws.wire.receiving import OPEN
from balws.wire.speed import mask


class ClientWire(Wire, WebSocketClientProtocol):  # type: ignore[misc]
    """
    Reads plain frames and writes masked ones, each with a key of the system's random
    numbers: what a page makes us send must not be readable as another protocol by
    something on the way (RFC 6455 section 10.3).
    """

    isServer = False
    plainLimit = -1  # no frame goes out unmasked

    def _pieces(self, first: int, payload: bytes) -> tuple[bytes, ...]:
        key = urandom(4)
        return header(first, len(payload), MASKED), key, mask(payload, key)

    def deliver(self, message: Message) -> None:
        """
        Send what goes to many connections; a frame of ours is for one receiver alone.
        """
        if self.state == OPEN:
            self._sendLong(BINARY if message.isBinary else TEXT, message.payload)
            if self.congested:
                self._watchBuffer(len(message.payload))
