# -*- test-case-name: tests.wire.test_protocol -*-
"""
The server's end of a connection.
"""

from __future__ import annotations

from autobahn.twisted.websocket import WebSocketServerProtocol

from balws.closing import GOING_AWAY
from balws.interfaces import IServedSession
from balws.wire.protocol import Wire
from balws.wire.receiving import OPEN


class ServerWire(Wire, WebSocketServerProtocol):  # type: ignore[misc]
    """
    Reads masked frames and writes plain ones.  Subclassed once for each mounted
    service by L{balws.wire.factory.WireFactory}, so that numbers and options are
    attributes of the class: ten thousand connections do not each carry a copy.
    """

    isServer = True
    session: IServedSession

    def leave(self) -> None:
        """
        The listener stops: say 1001 as soon as the method in hand has answered.  What the
        peer sends from now on is dropped.
        """
        if self.state == OPEN:
            self.session.drain(self.goAway)
            # Whatever the session's queue waited for, the peer's close frame must be seen.
            self.resumeReading()

    def goAway(self) -> None:
        """
        Say 1001 now.
        """
        self.sendClose(GOING_AWAY.status)

    def _sessionEnded(self, session: IServedSession) -> None:
        unfinished = session.unfinished()
        if unfinished is not None:
            self.factory.roster.hold(unfinished)
