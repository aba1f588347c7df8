# -*- test-case-name: tests.client.test_reading -*-
"""
A client's conversation whose messages are read, and one whose messages are dispatched.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from balws.client.inbox import Inbox
from balws.client.link import Link, closure
from balws.interfaces import ISession, Service
from balws.session.connection import Connection
from balws.session.conversation import Conversation
from balws.session.methods import MethodTable
from balws.wire.protocol import Wire

#: Seconds that the server has to end TCP before reads are told of its close frame.
_PATIENCE = 0.1


@implementer(ISession)
class Reading(Conversation):
    """
    Puts messages into an inbox, and takes no more off the wire while that is full.
    """

    _error: Exception | None = None
    _patience: IDelayedCall | None = None

    def __init__(self, link: Link, inbox: Inbox, controls: Any, table: MethodTable) -> None:
        """
        @param controls: what pings and pongs go to.
        """
        super().__init__(controls, table, link.terms)
        self._link = link
        self._inbox = inbox

    def opened(self, wire: Wire) -> None:
        """
        See L{ISession}.  What an earlier connection brought may fill the inbox.
        """
        super().opened(wire)
        if self._inbox.full:
            wire.pauseReading()

    def textReceived(self, text: str) -> None:
        """
        See L{ISession}.
        """
        self._put(text)

    def binaryReceived(self, data: bytes) -> None:
        """
        See L{ISession}.
        """
        self._put(data)

    def _put(self, message: str | bytes) -> None:
        if not self.dropping:
            self._inbox.put(message)
            if self._inbox.full:
                self.wire.pauseReading()

    def closing(self, byPeer: bool) -> None:
        """
        See L{ISession}.  Reads that wait are told when TCP has ended, which the server's
        close frame foretells: whoever stops the program then has answered it.  TCP may
        take its time, and they do not.
        """
        super().closing(byPeer)
        wire = self.wire
        if byPeer:
            if not self._link.mayReturn(wire.closeCode or 0):
                self._patience = self.terms.clock.callLater(_PATIENCE, self._closedByPeer)
        elif not wire.failedByMe:
            self._inbox.clear()
            self._inbox.end(None)

    def _closedByPeer(self) -> None:
        self._patience = None
        self._inbox.end(closure(self.wire.closeCode or 0, self.wire.closeReason))

    def failed(self, error: Exception) -> None:
        """
        See L{ISession}.
        """
        self._error = error
        self._inbox.end(error)

    def ended(self, code: int, reason: str) -> None:
        """
        See L{ISession}.
        """
        super().ended(code, reason)
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._link.ended(self, code, reason, self._error)


class Calling(Connection):
    """
    Calls a service's methods.
    """

    _error: Exception | None = None

    def __init__(self, link: Link, service: Service) -> None:
        super().__init__(service, link.terms.table(type(service)), link.terms)
        self._link = link

    def failed(self, error: Exception) -> None:
        """
        See L{ISession}.
        """
        self._error = error
        super().failed(error)

    def ended(self, code: int, reason: str) -> None:
        """
        See L{ISession}.
        """
        super().ended(code, reason)
        self._link.ended(self, code, reason, self._error)
