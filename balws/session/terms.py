# -*- test-case-name: tests.session.test_terms -*-
"""
What holds for every conversation of one mounted service, or of one client.
"""

from __future__ import annotations

import attrs
from twisted.internet.interfaces import IReactorTime

from balws.config.connection import ConnectionConfiguration
from balws.hub.broker import Audience
from balws.hub.hub import Hub
from balws.interfaces import Service
from balws.session.methods import MethodTable
from balws.session.traffic import Traffic
from balws.wire.wheel import TimerWheel


@attrs.frozen(kw_only=True)
class Terms:
    """
    @ivar config: of the service or the client.
    @ivar audience: who else is connected to it.
    @ivar traffic: of the service's connections that have ended; L{None} where nobody counts.
    @ivar tables: the remote methods of the service classes seen so far; a service's
        C{get} may return objects of several.
    """

    config: ConnectionConfiguration
    hub: Hub
    audience: Audience
    clock: IReactorTime
    wheel: TimerWheel
    traffic: Traffic | None = None
    tables: dict[type[Service], MethodTable] = attrs.field(factory=dict, init=False)

    def table(self, kind: type[Service]) -> MethodTable:
        """
        @raise balws.ServiceDefinitionError: when the class cannot work as written.
        """
        table = self.tables.get(kind)
        if table is None:
            table = MethodTable(kind, self.config.dispatcherKey, self.config.validation)
            self.tables[kind] = table
        return table
