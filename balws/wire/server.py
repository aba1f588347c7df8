# -*- test-case-name: tests.wire.test_protocol -*-
"""
The server's end of a connection.
"""

from __future__ import annotations

from autobahn.twisted.websocket import WebSocketServerProtocol

from balws.wire.protocol import Wire


class ServerWire(Wire, WebSocketServerProtocol):  # type: ignore[misc]
    """
    Reads masked frames and writes plain ones.  Subclassed once for each mounted
    service by L{balws.wire.factory.WireFactory}, so that numbers and options are
    attributes of the class: ten thousand connections do not each carry a copy.
    """

    isServer = True
