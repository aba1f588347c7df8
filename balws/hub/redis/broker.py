# -*- test-case-name: tests.hub.redis.test_broker -*-
"""
The broker over Redis (decision 26).
"""

from __future__ import annotations

from functools import partial
from secrets import token_bytes
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from zope.interface import implementer

from balws.config.hub import HubConfiguration
from balws.errors import ConfigurationError, HistoryLostError, HubUnavailableError
from balws.hub.broker import Audience, Entry, IBroker, INode, Presence, Verb
from balws.hub.message import Message
from balws.hub.redis.audiences import Audiences
from balws.hub.redis.envelope import Envelope, Kind
from balws.hub.redis.groups import Groups
from balws.hub.redis.history import History
from balws.hub.redis.keys import Keys
from balws.hub.redis.lease import Lease
from balws.hub.redis.names import Names
from balws.hub.redis.presences import Presences
from balws.hub.redis.pushes import Pushes
from balws.hub.redis.restoration import Restoration
from balws.hub.redis.station import Station

__all__ = ["RedisBroker", "redisBroker"]

_STOPPED = "the hub was stopped"


def redisBroker(config: HubConfiguration, reactor: Any) -> IBroker:
    """
    @param config: with a C{url}.
    @return: a broker that reaches the other nodes that have the same C{url} and C{prefix}.
    @raise ConfigurationError: when the extra C{redis} is not installed, or the C{url} or a
        file of C{secureSocket} cannot be used.
    """
    try:
        from balws.hub.redis.link import RedisLink
        from balws.hub.redis.listening import RedisEar
    except ImportError as problem:
        if problem.name != "txredisapi":
            raise
        raise ConfigurationError('needs the extra "redis": pip install balws[redis]', "url") from None
    broker = RedisBroker(config, reactor)
    broker.connect(
        RedisLink(config, reactor, broker.lineUp, broker.lineDown),
        RedisEar(config, reactor, broker.messageReceived, broker.lineUp, broker.lineDown),
    )
    return broker


@implementer(IBroker)
class RedisBroker:
    """
    One node's way to the others.

    It has two connections: one asks, the other listens.  When both are up, it makes Redis know
    what this node has, and only then it is available.
    """

    _log = Logger()

    def __init__(self, config: HubConfiguration, reactor: Any) -> None:
        """
        @param config: what it says of the connections is not read here.
        """
        self._config = config
        self._reactor = reactor

    def connect(self, link: Any, ear: Any) -> None:
        """
        Before all else.

        @param link: a L{balws.hub.redis.link.RedisLink}.
        @param ear: a L{balws.hub.redis.listening.RedisEar}.
        """
        self._link = link
        self._ear = ear
        keys = Keys(self._config.prefix, token_bytes(16))
        station = self._station = Station(self._config, self._reactor, keys, link, ear)
        self._names = Names(station)
        self._audiences = Audiences(station)
        self._presences = Presences(station)
        self._groups = Groups(station, self._presences.dissolved)
        self._pushes = Pushes(station)
        self._history = History(station)
        restoration = self._restoration = Restoration(
            station, link, ear, self._bring, lambda: self._lease.pause(), self._pushes.flush
        )
        deaf = partial(ear.drop, "what was published did not come back")
        self._lease = Lease(station, self._lapsed, deaf, restoration.refused, self._presences.reaped)

    @property
    def isAvailable(self) -> bool:
        """
        See L{IBroker}.
        """
        return self._station.isRestored

    @property
    def problem(self) -> str:
        """
        See L{IBroker}.
        """
        return self._restoration.problem

    @property
    def undelivered(self) -> int:
        """
        See L{IBroker}.
        """
        return self._station.undelivered

    def start(self, node: INode) -> None:
        """
        See L{IBroker}.
        """
        self._station.node = node
        self._link.start()
        self._ear.start()

    def messageReceived(self, channel: bytes, data: bytes) -> None:
        """
        Something was published.
        """
        try:
            self._station.channels.received(channel, data)
        except Exception:
            self._log.failure("Something that another node sent could not be handled")

    def lineUp(self) -> None:
        """
        One of the connections is up.
        """
        self._restoration.lineChanged()

    def lineDown(self) -> None:
        """
        One of the connections is down, or could not be had.
        """
        self._restoration.lineChanged()
        self._restoration.tried()

    def whenTried(self) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return self._restoration.whenTried()

    async def _bring(self) -> None:
        station = self._station
        held = station.node.holdings()
        self._names.expect(held.names)
        self._presences.expect(held.presences)
        wanted = self._groups.expect(held.groups, held.watched) | self._audiences.expect(held.audiences)
        station.channels.expect(station.keys.own, self._ownReceived)
        station.channels.retain(wanted | {station.keys.own})
        await station.channels.restore()
        self._groups.remembered(await self._lease.begin())
        await self._names.restore()
        await self._groups.restore()
        await self._presences.restore()

    def _lapsed(self) -> None:
        self._groups.remembered(0)
        self._restoration.again()

    def _ownReceived(self, envelope: Envelope) -> None:
        if envelope.kind is Kind.BEAT:
            if envelope.sender != self._station.keys.id:
                self._station.strangeReceived()
                return
            self._lease.heard()
            self._groups.look()
        self._names.received(envelope)

    def stop(self) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        isUp = self._restoration.stop(_STOPPED)
        self._pushes.stop(_STOPPED)
        if isUp:
            leaving = Deferred.fromCoroutine(self._lease.reap(self._station.keys.hexId))
            leaving.addTimeout(self._config.timeout, self._reactor)
            try:
                await leaving
            except Exception as problem:
                self._log.warn("Redis still knows this node for a while: {problem}", problem=type(problem).__name__)
        for each in [self._ear.stop(), self._link.stop()]:
            await each

    def claim(self, name: str) -> Deferred[int]:
        """
        See L{IBroker}.
        """
        return self._names.claim(name)

    def release(self, name: str, fence: int) -> None:
        """
        See L{IBroker}.
        """
        self._names.release(name, fence)

    def toConnection(self, name: str, verb: Verb, message: Message | None) -> Deferred[int | None]:
        """
        See L{IBroker}.
        """
        return self._names.send(name, verb, message)

    def isDurable(self, group: str) -> bool:
        """
        See L{IBroker}.
        """
        return self._config.isDurable(group)

    def enter(self, group: str) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return self._groups.enter(group)

    def exit(self, group: str) -> None:
        """
        See L{IBroker}.
        """
        self._groups.exit(group)

    def publish(self, group: str, message: Message) -> Deferred[str]:
        """
        See L{IBroker}.
        """
        if not self._config.isDurable(group):
            return self._groups.publish(group, message)
        if self._restoration.isOver:
            return fail(HubUnavailableError(_STOPPED))
        return self._pushes.add(group, message)

    def dissolve(self, group: str, verb: Verb) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return self._presences.dissolving(group, self._groups.dissolve(group, verb))

    def history(self, group: str, position: str) -> Deferred[tuple[tuple[Entry, ...], str]]:
        """
        See L{IBroker}.
        """
        if not self._config.isDurable(group):
            return fail(HistoryLostError(f"the group {group!r} is not durable: [hub] durable does not name it"))
        return self._history.after(group, position)

    def serve(self, audience: Audience) -> None:
        """
        See L{IBroker}.
        """
        self._audiences.serve(audience)

    def unserve(self, audience: Audience) -> None:
        """
        See L{IBroker}.
        """
        self._audiences.unserve(audience)

    def broadcast(self, audience: Audience, message: Message) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return self._audiences.broadcast(audience, message)

    def appear(self, group: str, presence: Presence) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return self._presences.appear(group, presence)

    def disappear(self, group: str, connectionId: str) -> None:
        """
        See L{IBroker}.
        """
        self._presences.disappear(group, connectionId)

    def presence(self, group: str) -> Deferred[tuple[Presence, ...]]:
        """
        See L{IBroker}.
        """
        return self._presences.presence(group)

    def watch(self, group: str) -> Deferred[None]:
        """
        See L{IBroker}.
        """
        return self._groups.watch(group)

    def unwatch(self, group: str) -> None:
        """
        See L{IBroker}.
        """
        self._groups.unwatch(group)
