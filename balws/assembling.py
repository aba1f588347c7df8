# -*- test-case-name: tests.test_assembling -*-
"""
From the entries of a configuration to what a listener offers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from twisted.web.resource import IResource
from twisted.web.static import File

from balws.config import ListenerEntry, ResourceEntry, ServiceEntry, override
from balws.config.auth import AuthEntry, CheckerWithScopes, FileUserStoreConfigWithScopes
from balws.config.place import Place
from balws.config.userstore import FileUserStoreConfig
from balws.errors import ConfigurationError, Error
from balws.hub.hub import Hub
from balws.obtaining import CHECKER, REALM, RESOURCE, SERVICE, Kind, obtain, words
from balws.server.declare import configOf
from balws.server.listener import Listener
from balws.server.offer import Offer

__all__ = ["StaticFolder", "Stock", "furnish"]


class StaticFolder(File):
    """
    Files of a folder.  The names in a folder without an index are nobody's business.
    """

    def directoryListing(self) -> IResource:
        """
        @return: 404 in place of Twisted's listing.
        """
        notFound: IResource = self.childNotFound
        return notFound


@attrs.frozen
class _Use:
    """
    @ivar owner: where it is used: there is one use of a kind and a target for each.
    """

    kind: Kind
    target: str
    owner: object


class Stock:
    """
    The objects that the entries of one listener name.  What the entries before named as well is the
    same object: its state lives on.
    """

    def __init__(self, hub: Hub, entry: ListenerEntry, before: Stock | None = None) -> None:
        """
        @param hub: for factories that take it.
        @param entry: whose objects these are; who stays where he is keeps his own.
        @param before: those of the entry before.
        """
        self._hub = hub
        self._objects: dict[_Use, Any] = {}
        self._left: dict[_Use, Any] = {} if before is None else dict(before._objects)
        self._kept = {use: self._left.pop(use) for use in _uses(entry) if use in self._left}

    def get(self, kind: Kind, target: str, owner: object, place: Place) -> Any:
        """
        @raise ConfigurationError: see L{obtain}.
        """
        use = _Use(kind, target, owner)
        if use in self._kept:
            found = self._kept.pop(use)
        elif (moved := self._moved(use)) is not None:
            found = self._left.pop(moved)
        else:
            found = obtain(target, kind, self._hub, place)
        self._objects[use] = found
        return found

    def _moved(self, use: _Use) -> _Use | None:
        """
        @return: the use of an object that is at another path now; a checker goes with its service.
        """
        if use.kind in (CHECKER, REALM):
            return use if use in self._left else None
        return next((each for each in self._left if (each.kind, each.target) == (use.kind, use.target)), None)


def _uses(entry: ListenerEntry) -> Iterable[_Use]:
    yield from (_Use(SERVICE, each.service, _owner(each)) for each in entry.services)
    yield from (_Use(RESOURCE, each.resource, each.path) for each in entry.resources if each.resource is not None)


def _owner(entry: ServiceEntry) -> object:
    """
    @return: what the path is made of, as far as the file says it.
    """
    return entry.path, entry.overrides.get("basePath"), entry.overrides.get("webSocketUpgradePath")


def furnish(
    listener: Listener | Offer, entry: ListenerEntry, stock: Stock, userStore: FileUserStoreConfig | None
) -> None:
    """
    Attach the services and resources of an entry.

    @param userStore: the file's own users.
    @raise ConfigurationError: with the place in the file, for what cannot be obtained or
        attached.
    """
    for service in entry.services:
        _attachService(listener, service, stock, userStore)
    for resource in entry.resources:
        _attachResource(listener, resource, stock)


def _attachService(
    listener: Listener | Offer, entry: ServiceEntry, stock: Stock, userStore: FileUserStoreConfig | None
) -> None:
    service = stock.get(SERVICE, entry.service, _owner(entry), entry.place)
    try:
        config = override(configOf(service), entry.overrides)
    except ConfigurationError as error:
        raise entry.place.locate(error) from None
    if entry.path is None and config.basePath is None and config.webSocketUpgradePath is None:
        raise entry.place.error("is missing, and the service has no basePath", "path")
    if config.auth is not None:
        entries = tuple(
            _completed(each, entry.place.child("auth").child(index), (id(service), index), stock, userStore)
            for index, each in enumerate(config.auth)
        )
        config = attrs.evolve(config, auth=entries)
    try:
        listener.attach(service, entry.path, config=config)
    except ConfigurationError as error:
        raise entry.place.locate(error) from None
    except Error as error:
        raise entry.place.error(words(error), "service") from error


def _completed(
    entry: AuthEntry, place: Place, owner: object, stock: Stock, userStore: FileUserStoreConfig | None
) -> AuthEntry:
    """
    @param owner: the service and the place in its C{auth}.
    @return: an entry of C{auth} with what it names in its place, and the file's users where
        it has none of its own.
    """
    if isinstance(entry.realm, str):
        entry = attrs.evolve(entry, realm=stock.get(REALM, entry.realm, owner, place))
    if isinstance(entry, CheckerWithScopes) and isinstance(entry.checker, str):
        return attrs.evolve(entry, checker=stock.get(CHECKER, entry.checker, owner, place))
    if isinstance(entry, FileUserStoreConfigWithScopes) and userStore is not None:
        given = entry.fileUserStoreConfig
        if given.users is None and given.path is None:
            allow = given.allowPlaintextPasswords or userStore.allowPlaintextPasswords
            return attrs.evolve(entry, fileUserStoreConfig=attrs.evolve(userStore, allowPlaintextPasswords=allow))
    return entry


def _attachResource(listener: Listener | Offer, entry: ResourceEntry, stock: Stock) -> None:
    if entry.static is not None:
        resource: Any = StaticFolder(str(entry.static))
    else:
        resource = stock.get(RESOURCE, entry.resource or "", entry.path, entry.place)
    try:
        listener.attachResource(resource, entry.path)
    except Error as error:
        raise entry.place.error(words(error), "path") from error
