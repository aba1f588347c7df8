# -*- test-case-name: tests.server.test_inbound -*-
"""
A connection that somebody made to us: it has a place, an age, and perhaps a pace.
"""

from __future__ import annotations

from functools import cache

from balws.config.service import WSServiceConfig
from balws.interfaces import Service
from balws.server.admission import Admission
from balws.session.age import Age
from balws.session.connection import Connection
from balws.session.counted import Counted
from balws.session.logged import Logged
from balws.session.methods import MethodTable
from balws.session.rate import Paced
from balws.session.terms import Terms
from balws.wire.protocol import Wire


class Inbound(Age, Connection):
    """
    @ivar behindTls: whether a trusted proxy took TLS off.
    @ivar admission: gets its place back when it has ended; L{None} where nobody counts.
    @ivar address: of the peer, as far as proxies are trusted; for which it has the place.
    """

    behindTls = False
    admission: Admission | None = None

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


@cache
def kindOf(isPaced: bool, isCounted: bool, isLogged: bool) -> type[Inbound]:
    """
    @param isPaced: for C{maxMessagesPerSecond}.
    @param isCounted: for an admin endpoint.
    @param isLogged: for C{logConnections}.
    @return: the class that does no more for each message than it has to.
    """
    wanted = ((Logged, isLogged), (Paced, isPaced), (Counted, isCounted))
    kinds = [kind for kind, isWanted in wanted if isWanted]
    return type("Inbound", (*kinds, Inbound), {"__doc__": Inbound.__doc__}) if kinds else Inbound


def inbound(
    service: Service, table: MethodTable, terms: Terms, config: WSServiceConfig, isLogged: bool = False
) -> Inbound:
    """
    @param config: of the upgrade service.
    @param isLogged: whether its beginning and its end are events of the log.
    @return: a conversation that is not yet open.
    """
    rate = config.maxMessagesPerSecond
    connection = kindOf(bool(rate), terms.traffic is not None, isLogged)(service, table, terms)
    if isinstance(connection, Paced):
        connection.setRate(rate)
    return connection
