# -*- test-case-name: tests.wire.test_factory -*-
"""
Autobahn's factory with every option set on purpose (DESIGN, fact 5).
"""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory

from balws.wire.protocol import ServerWire
from balws.wire.roster import Roster
from balws.wire.settings import WireSettings


class WireFactory(WebSocketServerFactory):  # type: ignore[misc]
    """
    Builds the wires of one mounted service.

    @ivar roster: where the wires are registered while they are open.
    """

    def __init__(self, settings: WireSettings, reactor: Any, roster: Roster) -> None:
        super().__init__(server=None, reactor=reactor)
        self.setProtocolOptions(
            versions=[13],
            webStatus=False,
            utf8validateIncoming=True,
            requireMaskedClientFrames=True,
            maskServerFrames=False,
            maxFramePayloadSize=settings.maxFrameSize,
            maxMessagePayloadSize=settings.maxMessageSize,
            autoFragmentSize=settings.maxFrameSize,
            failByDrop=False,
            echoCloseCodeReason=True,
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            autoPingInterval=0,
            autoPingTimeout=0,
            serveFlashSocketPolicy=False,
            trustXForwardedFor=0,
        )
        self.settings = settings
        self.roster = roster
        shared = {name: getattr(self, name) for name in ServerWire.CONFIG_ATTRS}
        shared.update(
            settings=settings,
            maxFrameSize=settings.maxFrameSize,
            maxMessageSize=settings.maxMessageSize,
            maxFragments=settings.maxFragments,
            readLimit=min(settings.maxFrameSize, settings.maxMessageSize),
            shortLimit=min(settings.maxFrameSize, 125),
        )
        self.protocol = type("ServerWire", (ServerWire,), shared)
