# -*- test-case-name: tests.server.test_embedding -*-
"""
An upgrade service as a resource of somebody else's tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.web.resource import IResource

from balws.config.records import override
from balws.config.service import WSServiceConfig
from balws.hub.hub import Hub, sharedHub
from balws.interfaces import IConnectionObserver, UpgradeService
from balws.server.declare import configOf
from balws.server.mount import Mount
from balws.server.sharing import sharedAdmission
from balws.server.upgrade import UpgradeResource
from balws.wire.roster import Roster
from balws.wire.wheel import TimerWheel


def upgradeResource(
    service: UpgradeService | type[UpgradeService],
    *,
    path: str = "/",
    reactor: Any = None,
    hub: Hub | None = None,
    config: WSServiceConfig | Mapping[str, Any] | None = None,
    timeout: float = 120,
    observer: IConnectionObserver | None = None,
) -> IResource:
    """
    Make a resource for C{putChild}, klein or any other tree of Twisted Web.

    @param path: what the service is called in its hub; the tree decides where it is.
    @param config: a record replaces what the decorator says; a mapping of fields lies over
        it.  With C{auth} its checkers live as long as the process: what they read again by
        themselves is a file of users; for the rest take a L{balws.Listener}, which has
        C{reload}.
    @param timeout: seconds that its C{get} may take; 0 sets no limit.
    @param reactor: what tells time; L{None} is Twisted's.
    @param hub: L{None} is the one that all listeners of a process share.
    @param observer: is told of connections, such as a L{balws.Tally}.
    @raise balws.ServiceDefinitionError: when the service cannot work as written.
    @raise balws.ConfigurationError: for a value out of range, or C{auth} that cannot work.
    """
    if reactor is None:
        from twisted.internet import reactor
    hub = sharedHub() if hub is None else hub
    mount = Mount(
        service,
        path,
        reactor=reactor,
        wheel=TimerWheel(reactor),
        roster=Roster(),
        hub=hub,
        listener=hub.number(embedded=True),
        config=config if isinstance(config, WSServiceConfig) else override(configOf(service), config or {}),
        timeout=timeout,
        observer=observer,
        admission=sharedAdmission(reactor),
    )
    hub.serve(mount.terms.audience)
    return UpgradeResource(mount)
