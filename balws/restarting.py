# -*- test-case-name: tests.test_restarting -*-
"""
What a configuration that is read again cannot change: what is open, and who there is, was
settled at the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from balws.config import Configuration, HubConfiguration, ListenerEntry

__all__ = ["Succession", "succession"]

#: Fields of C{[server]} that count at the start only.
_SERVER = ("workers", "logFormat")


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
    Each listener is followed by the one with the same port or endpoint.  Those that are left on both
    sides follow in their order, where there are as many; otherwise they stay as they are.
    """
    hub = [each.name for each in attrs.fields(HubConfiguration)]
    restart = [f"server.{name}" for name in _changes(old.server, new.server, _SERVER)]
    restart += [f"hub.{name}" for name in _changes(old.hub, new.hub, hub)]
    followers = _followers(old.listeners, new.listeners)
    if len(old.listeners) != len(new.listeners):
        restart.append("listeners")
    listeners = []
    for entry, index in zip(old.listeners, followers, strict=True):
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
        listeners=tuple(listeners),
    )
    return Succession(configuration, tuple(restart))


def _changes(old: object, new: object, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(old, name) != getattr(new, name)]


def _following(old: ListenerEntry, new: ListenerEntry) -> ListenerEntry:
    configuration = attrs.evolve(new.configuration, host=old.configuration.host)
    return attrs.evolve(new, port=old.port, endpoint=old.endpoint, configuration=configuration)


def _followers(old: Sequence[ListenerEntry], new: Sequence[ListenerEntry]) -> list[int | None]:
    """
    @return: for each of the old ones the index of the new one.
    """
    left = dict(enumerate(new))
    found: list[int | None] = []
    for entry in old:
        where = (entry.port, entry.endpoint)
        index = next((each for each, other in left.items() if (other.port, other.endpoint) == where), None)
        found.append(index)
        if index is not None:
            del left[index]
    if len(old) == len(new):
        rest = iter(left)
        found = [next(rest) if index is None else index for index in found]
    return found
