# -*- test-case-name: tests.server.test_inbound -*-
"""
A connection that somebody made to us: it has a place, an age, and perhaps a pace.
"""

from __future__ import annotations

from balws.config.service import WSServiceConfig
from balws.interfaces import Service
from balws.server.admission import Admission
from balws.session.age import Age
from balws.session.connection import Connection
from balws.session.methods import MethodTable
from balws.session.rate import Paced
from balws.session.terms import Terms
from balws.wire.protocol import Wire


class Inbound(Age, Connection):
    """
    @ivar behindTls: whether a trusted proxy took TLS off.
    @ivar admission: gets its place back when it has ended; L{None} where nobody counts.
    @ivar address: for which it has the place.
    """

    behindTls = False
    admission: Admission | None = None
    address = ""

    @property
    def isSecure(self) -> bool:
        """
        Whether the peer speaks TLS, with us or with a proxy that is trusted.
        """
        return self.behindTls or super().isSecure

    def opened(self, wire: Wire) -> None:
        """
        See L{balws.interfaces.ISession}.
        """
        super().opened(wire)
        config = self.terms.config
        if isinstance(config, WSServiceConfig) and config.maxConnectionAge:
            self._watchAge(config.maxConnectionAge)

    def ended(self, code: int, reason: str) -> None:
        """
        See L{balws.interfaces.ISession}.
        """
        if self.admission is not None:
            self.admission.leave(self.address)
        super().ended(code, reason)


class PacedInbound(Paced, Inbound):
    """
    The same of a service with C{maxMessagesPerSecond}.
    """


def inbound(service: Service, table: MethodTable, terms: Terms, config: WSServiceConfig) -> Inbound:
    """
    @param config: of the upgrade service.
    @return: a conversation that is not yet open.
    """
    rate = config.maxMessagesPerSecond
    if not rate:
        return Inbound(service, table, terms)
    paced = PacedInbound(service, table, terms)
    paced.setRate(rate)
    return paced
