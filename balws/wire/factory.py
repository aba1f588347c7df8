# -*- test-case-name: tests.wire.test_factory -*-
"""
Autobahn's factories with every option set on purpose (DESIGN, fact 5).
"""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketServerFactory

from balws.wire.allocation import expect
from balws.wire.client import ClientWire
from balws.wire.roster import Roster
from balws.wire.sending import LARGE
from balws.wire.server import ServerWire
from balws.wire.settings import WireSettings
from balws.wire.watch import UNWATCHED, Watch


def _common(settings: WireSettings) -> dict[str, Any]:
    return {
        "utf8validateIncoming": True,
        "maxFramePayloadSize": settings.maxFrameSize,
        "maxMessagePayloadSize": settings.maxMessageSize,
        "autoFragmentSize": settings.maxFrameSize,
        "failByDrop": False,
        "echoCloseCodeReason": True,
        "openHandshakeTimeout": 0,
        "closeHandshakeTimeout": 0,
        "autoPingInterval": 0,
        "autoPingTimeout": 0,
    }


def _limits(settings: WireSettings) -> dict[str, Any]:
    return {
        "settings": settings,
        "maxFrameSize": settings.maxFrameSize,
        "maxMessageSize": settings.maxMessageSize,
        "maxFragments": settings.maxFragments,
        "readLimit": min(settings.maxFrameSize, settings.maxMessageSize),
    }


class WireFactory(WebSocketServerFactory):  # type: ignore[misc]
    """
    Builds the wires of one mounted service.

    @ivar roster: where the wires are registered while they are open.
    @ivar watch: tells of their beginnings and ends.
    """

    def __init__(self, settings: WireSettings, reactor: Any, roster: Roster, watch: Watch = UNWATCHED) -> None:
        super().__init__(server=None, reactor=reactor)
        self.watch = watch
        self.setProtocolOptions(
            versions=[13],
            webStatus=False,
            requireMaskedClientFrames=True,
            maskServerFrames=False,
            serveFlashSocketPolicy=False,
            trustXForwardedFor=0,
            **_common(settings),
        )
        self.settings = settings
        self.roster = roster
        expect(settings.maxMessageSize)
        shared = {name: getattr(self, name) for name in ServerWire.CONFIG_ATTRS}
        shared.update(_limits(settings), factory=self, plainLimit=min(settings.maxFrameSize, LARGE))
        self.protocol = type("ServerWire", (ServerWire,), shared)

    def buildProtocol(self, address: Any) -> ServerWire:
        """
        @param address: of no interest.
        @return: a wire without a transport.
        """
        wire: ServerWire = self.protocol()
        return wire


class ClientWireFactory(WebSocketClientFactory):  # type: ignore[misc]
    """
    Builds the wires of one client: one after the other, where it connects again.

    @ivar roster: where the wire is registered while it is open.
    """

    def __init__(self, settings: WireSettings, reactor: Any, roster: Roster) -> None:
        super().__init__(url=None, reactor=reactor)
        self.setProtocolOptions(
            version=18,  # Autobahn's number for RFC 6455
            acceptMaskedServerFrames=False,
            maskClientFrames=True,
            applyMask=True,
            serverConnectionDropTimeout=0,
            **_common(settings),
        )
        self.roster = roster
        self.watch = UNWATCHED
        # On the instance and not in a class for each client: a program makes many clients
        # and one connection with each.
        self._options = {name: getattr(self, name) for name in ClientWire.CONFIG_ATTRS} | _limits(settings)

    def buildProtocol(self, address: Any) -> ClientWire:
        """
        @param address: of no interest.
        @return: a wire without a transport.
        """
        wire = ClientWire()
        wire.__dict__.update(self._options)
        wire.factory = self
        return wire
