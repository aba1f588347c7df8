# -*- test-case-name: tests.server.test_offer -*-
"""
What a listener offers: services and resources at their paths, under one configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from twisted.web.resource import IResource

from balws.config.listener import ListenerConfiguration
from balws.config.records import override
from balws.config.server import ServerConfiguration
from balws.config.service import WSServiceConfig
from balws.errors import ListenerError
from balws.hub.broker import Audience
from balws.hub.hub import Hub
from balws.interfaces import IConnectionObserver, UpgradeService
from balws.server.admission import Admission
from balws.server.declare import configOf
from balws.server.doors import Doors
from balws.server.entrance import Way
from balws.server.mount import Mount
from balws.server.provenance import Provenance
from balws.server.tree import Paths
from balws.server.upgrade import UpgradeResource
from balws.session.traffic import Traffic
from balws.wire.roster import Roster
from balws.wire.wheel import TimerWheel


@attrs.frozen(kw_only=True)
class Premises:
    """
    What stays the same for a listener, whatever it offers.

    @ivar number: tells the listeners of a hub apart.
    @ivar roster: who is connected.
    @ivar admission: whether there is place for more.
    @ivar traffic: what was said at each path by connections that have ended; L{None} where nobody counts.
    """

    reactor: Any
    hub: Hub
    number: int
    observer: IConnectionObserver | None
    wheel: TimerWheel
    roster: Roster
    admission: Admission
    traffic: dict[str, Traffic] | None = None

    def trafficAt(self, path: str) -> Traffic | None:
        """
        @return: that of a path, the same each time.
        """
        return None if self.traffic is None else self.traffic.setdefault(path, Traffic())


class Offer:
    """
    @ivar configuration: of the listener.
    @ivar serverConfig: of the process.
    @ivar doors: what the services' guards share.
    @ivar way: how peers come to it; L{None}: somebody else's.
    @ivar provenance: tells from where they come.
    @ivar paths: what is where.
    @ivar mounts: the services, in the order in which they were attached.
    """

    def __init__(
        self,
        premises: Premises,
        configuration: ListenerConfiguration,
        serverConfig: ServerConfiguration,
        doors: Doors,
        way: Way | None,
    ) -> None:
        self._premises = premises
        self.configuration = configuration
        self.serverConfig = serverConfig
        self.doors = doors
        self.way = way
        self.provenance = Provenance(serverConfig.trustedProxies)
        self.paths = Paths()
        self.mounts: list[Mount] = []

    @property
    def hub(self) -> Hub:
        """
        Of the listener.
        """
        return self._premises.hub

    def attach(
        self,
        service: UpgradeService | type[UpgradeService],
        path: str | None = None,
        *,
        config: WSServiceConfig | Mapping[str, Any] | None = None,
    ) -> Mount:
        """
        As L{balws.Listener.attach}.
        """
        record = config if isinstance(config, WSServiceConfig) else override(configOf(service), config or {})
        premises = self._premises
        if path is None:
            path = _path(record)
        mount = Mount(
            service,
            path,
            reactor=premises.reactor,
            wheel=premises.wheel,
            roster=premises.roster,
            hub=premises.hub,
            listener=premises.number,
            config=record,
            timeout=self.configuration.timeout,
            compression=self.configuration.webSocketCompressionEnabled,
            observer=premises.observer,
            doors=self.doors,
            admission=premises.admission,
            provenance=self.provenance,
            traffic=premises.trafficAt(path),
            isLogged=self.serverConfig.logConnections,
        )
        self.paths.attach(mount.path, UpgradeResource(mount))
        self.mounts.append(mount)
        return mount

    def attachResource(self, resource: IResource, path: str = "/") -> None:
        """
        As L{balws.Listener.attachResource}.
        """
        self.paths.attach(path, resource)

    def detach(self, service: UpgradeService | type[UpgradeService]) -> list[Mount]:
        """
        As L{balws.Listener.detach}.

        @return: what was detached.
        """
        detached = [mount for mount in self.mounts if mount.given is service]
        if not detached:
            raise ListenerError("Cannot detach service. Service has not been registered")
        for mount in detached:
            mount.stopping = True
            self.paths.detach(mount.path)
            self.mounts.remove(mount)
        self.release()
        return detached

    def release(self) -> None:
        """
        Let go of the checkers that none of the services needs.
        """
        self.doors.keepOnly(mount.guard for mount in self.mounts)

    def follow(self, old: Offer, isStopping: bool) -> None:
        """
        Take the place of another, whose checkers that are not needed any more are let go of.

        @param isStopping: whether the listener accepts nobody any more.
        """
        for mount in self.mounts:
            mount.stopping = isStopping
        now, before = self._audiences(), old._audiences()
        for audience in now - before:
            self.hub.serve(audience)
        for audience in before - now:
            self.hub.unserve(audience)
        self.release()
        self.doors.reload()

    def _audiences(self) -> set[Audience]:
        return {mount.terms.audience for mount in self.mounts}

    def has(self, mount: Mount) -> bool:
        """
        @return: whether the service of C{mount} is at the same path here.
        """
        return any(each.service is mount.service and each.path == mount.path for each in self.mounts)


def _path(config: WSServiceConfig) -> str:
    """
    @return: the 2017 pair joined: base path and upgrade path (table A1.2).
    """
    base, upgrade = (config.basePath or "").rstrip("/"), (config.webSocketUpgradePath or "").strip("/")
    return f"{base}/{upgrade}".rstrip("/") or "/"
