# -*- test-case-name: tests.test_restarting -*-
"""
What a configuration that is read again cannot change: what is open, and who there is, was
settled at the start.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from balws.config import Configuration, HubConfiguration, ListenerEntry
from balws.config.following import followers, whereOf

__all__ = ["Succession", "succession"]

#: Fields of C{[server]} that count at the start only.
_SERVER = ("workers", "logFormat", "stallWarn")


@attrs.frozen
class Succession:
    """
    How one configuration follows another.

    @ivar configuration: the new one, as far as it can be had without a restart.
    @ivar restart: the keys of what cannot.
    """

    configuration: Configuration
    restart: tuple[str, ...]


def succession(old: Configuration, new: Configuration) -> Succession:
    """
    Each listener is followed as L{balws.config.following} has it; without a follower it stays as it is.
    """
    hub = [each.name for each in attrs.fields(HubConfiguration)]
    restart = [f"server.{name}" for name in _changes(old.server, new.server, _SERVER)]
    restart += [f"hub.{name}" for name in _changes(old.hub, new.hub, hub)]
    if new.admin != old.admin:
        restart.append("admin")
    if new.observer != old.observer:
        restart.append("python.observer")
    found = followers([whereOf(each) for each in old.listeners], [whereOf(each) for each in new.listeners])
    if len(old.listeners) != len(new.listeners):
        restart.append("listeners")
    listeners = []
    for entry, index in zip(old.listeners, found, strict=True):
        if index is None:
            listeners.append(entry)
            continue
        follower = new.listeners[index]
        restart += [f"listeners[{index}].{name}" for name in _changes(entry, follower, ("port", "endpoint"))]
        if follower.configuration.host != entry.configuration.host:
            restart.append(f"listeners[{index}].host")
        listeners.append(_following(entry, follower))
    configuration = attrs.evolve(
        new,
        server=attrs.evolve(new.server, **{name: getattr(old.server, name) for name in _SERVER}),
        hub=old.hub,
        admin=old.admin,
        observer=old.observer,
        listeners=tuple(listeners),
    )
    return Succession(configuration, tuple(restart))


def _changes(old: object, new: object, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(old, name) != getattr(new, name)]


def _following(old: ListenerEntry, new: ListenerEntry) -> ListenerEntry:
    configuration = attrs.evolve(new.configuration, host=old.configuration.host)
    return attrs.evolve(new, port=old.port, endpoint=old.endpoint, configuration=configuration)
