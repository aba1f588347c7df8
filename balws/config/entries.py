# -*- test-case-name: tests.config.test_load -*-
"""
What a configuration file says, as records.  They can be made in code, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from balws.config.admin import AdminConfiguration
from balws.config.hub import HubConfiguration
from balws.config.listener import ListenerConfiguration
from balws.config.place import Place
from balws.config.server import ServerConfiguration
from balws.config.userstore import FileUserStoreConfig

__all__ = ["Configuration", "ListenerEntry", "ResourceEntry", "ServiceEntry"]


@attrs.frozen(kw_only=True)
class ServiceEntry:
    """
    One C{[[listeners.services]]}.

    @ivar path: where it is mounted; L{None} takes C{basePath} and C{webSocketUpgradePath}.
    @ivar service: C{module:attribute} of a class, a factory or an instance.
    @ivar overrides: fields of L{balws.config.WSServiceConfig} that stand over the decorator's.
    @ivar place: where it stands, for errors.
    """

    path: str | None = None
    service: str
    overrides: Mapping[str, object] = attrs.field(factory=dict)
    place: Place = attrs.field(factory=Place, repr=False, eq=False)


@attrs.frozen(kw_only=True)
class ResourceEntry:
    """
    One C{[[listeners.resources]]}; just one of C{static} and C{resource} is there.

    @ivar path: where it is mounted.
    @ivar static: a folder of files to serve.
    @ivar resource: C{module:attribute} of an L{twisted.web.resource.IResource}, or
        of a class or factory that makes one.
    @ivar place: where it stands, for errors.
    """

    path: str
    static: Path | None = None
    resource: str | None = None
    place: Place = attrs.field(factory=Place, repr=False, eq=False)


@attrs.frozen(kw_only=True)
class ListenerEntry:
    """
    One C{[[listeners]]}; just one of C{port} and C{endpoint} is there.

    @ivar port: the TCP port, 0 to 65535; 0 is one that the system chooses.
    @ivar endpoint: a string for L{twisted.internet.endpoints.serverFromString}.
    @ivar configuration: everything else.
    @ivar services: what upgrades.
    @ivar resources: plain HTTP beside it.
    @ivar place: where it stands, for errors.
    """

    port: int | None = None
    endpoint: str | None = None
    configuration: ListenerConfiguration = attrs.field(factory=ListenerConfiguration)
    services: tuple[ServiceEntry, ...] = ()
    resources: tuple[ResourceEntry, ...] = ()
    place: Place = attrs.field(factory=Place, repr=False, eq=False)


@attrs.frozen(kw_only=True)
class Configuration:
    """
    A whole file.

    @ivar listeners: at least one.
    @ivar pythonPath: folders to import from, the file's own first.
    @ivar observer: C{module:attribute} of an L{balws.interfaces.IConnectionObserver} for all listeners.
    @ivar folder: the file's folder, where relative paths start.
    @ivar userStore: C{[auth]}: what an empty C{fileUserStoreConfig} of a service means;
        L{None} where there are no users.
    @ivar server: C{[server]}: what is the same for all listeners.
    @ivar hub: C{[hub]}: how connections reach each other.
    @ivar admin: C{[admin]}: where an operator asks; L{None}: nowhere.
    @ivar place: the place of the whole file, for errors.
    """

    listeners: tuple[ListenerEntry, ...]
    pythonPath: tuple[Path, ...]
    folder: Path
    observer: str | None = None
    userStore: FileUserStoreConfig | None = None
    server: ServerConfiguration = attrs.field(factory=ServerConfiguration)
    hub: HubConfiguration = attrs.field(factory=HubConfiguration)
    admin: AdminConfiguration | None = None
    place: Place = attrs.field(factory=Place, repr=False, eq=False)
