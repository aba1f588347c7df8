# -*- test-case-name: tests.asyncapi.test_catalogue -*-
"""
The services that a description is made of: found as a listener finds them, with no port
opened, and no certificate, key or user read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import attrs
from twisted.internet.task import Clock

from balws.assembling import Stock, furnish
from balws.config import Configuration, ListenerEntry
from balws.config.listener import ListenerConfiguration
from balws.config.place import Place
from balws.config.records import override
from balws.config.server import ServerConfiguration
from balws.config.service import WSServiceConfig
from balws.errors import ServiceDefinitionError
from balws.hub.hub import Hub
from balws.interfaces import UpgradeService
from balws.obtaining import SERVICE, makeImportable, obtain
from balws.server.admission import Admission
from balws.server.declare import configOf
from balws.server.doors import Doors
from balws.server.mount import Mount
from balws.server.offer import Offer, Premises
from balws.wire.roster import Roster
from balws.wire.wheel import TimerWheel

__all__ = ["Catalogue", "Found", "ofConfiguration", "ofTarget"]


@attrs.frozen(eq=False)
class Found:
    """
    One service at its place.

    @ivar mount: what a listener would make of it, without its guard.
    @ivar config: the service's, C{auth} included.
    @ivar entry: the listener of the configuration; L{None} where there is none.
    """

    mount: Mount
    config: WSServiceConfig
    entry: ListenerEntry | None


class Catalogue:
    """
    The services of one listener; L{furnish} attaches them.

    @ivar found: them, in their order.
    """

    def __init__(self, hub: Hub, entry: ListenerEntry | None = None) -> None:
        """
        @param hub: for factories that take it.
        """
        self.found: list[Found] = []
        self._entry = entry
        clock = cast(Any, Clock())
        server = ServerConfiguration()
        premises = Premises(
            reactor=clock,
            hub=hub,
            number=1,
            observer=None,
            wheel=TimerWheel(clock),
            roster=Roster(),
            admission=Admission(clock, server),
        )
        self._offer = Offer(premises, ListenerConfiguration(), server, Doors(clock), None)

    def attach(
        self,
        service: UpgradeService | type[UpgradeService],
        path: str | None = None,
        *,
        config: WSServiceConfig | Mapping[str, Any] | None = None,
    ) -> None:
        """
        As L{balws.Listener.attach}.

        @raise ServiceDefinitionError: when the service cannot work as written, or when it is not
            to be seen which services its C{get} returns.
        """
        record = config if isinstance(config, WSServiceConfig) else override(configOf(service), config or {})
        mount = self._offer.attach(service, path, config=attrs.evolve(record, auth=None))
        if not mount.terms.tables:
            raise ServiceDefinitionError(
                mount.owner,
                mount.arguments.name,
                "nobody can see which services it returns",
                "say so in its annotation, such as -> ChatService",
            )
        self.found.append(Found(mount, record, self._entry))


def ofConfiguration(configuration: Configuration) -> list[Found]:
    """
    @return: the services of a configuration.
    @raise balws.ConfigurationError: with the place in the file, for what cannot be imported,
        made or attached.
    """
    makeImportable(configuration.pythonPath)
    hub = Hub()
    found = []
    for entry in configuration.listeners:
        catalogue = Catalogue(hub, entry)
        services = attrs.evolve(entry, resources=())
        # It asks of a listener no more than attach().
        furnish(cast(Any, catalogue), services, Stock(hub, services), configuration.userStore)
        found += catalogue.found
    return found


def ofTarget(target: str, path: str | None = None) -> list[Found]:
    """
    @param target: C{module:attribute} of an upgrade service, its class or a factory; modules of
        the present folder are found, too.
    @param path: where it is; L{None} takes the C{basePath} and C{webSocketUpgradePath} that it has,
        and C{"/"} where there are none.
    @return: this one service.
    @raise balws.ConfigurationError: when there is none.
    @raise ServiceDefinitionError: see L{Catalogue.attach}.
    """
    makeImportable([Path.cwd()])
    hub = Hub()
    catalogue = Catalogue(hub)
    catalogue.attach(obtain(target, SERVICE, hub, Place()), path)
    return catalogue.found
