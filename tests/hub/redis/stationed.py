"""
A broker's parts without a Redis: a test answers what they ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from balws.config.hub import HubConfiguration
from balws.errors import HubUnavailableError
from balws.hub.broker import Entry, Holdings, PresenceEvent, Verb
from balws.hub.redis.broker import RedisBroker
from balws.hub.redis.keys import Keys
from balws.hub.redis.scripts import BEAT
from balws.hub.redis.station import Station

#: The id of the node under test, and of another.
MINE, OTHER = b"\x11" * 16, b"\x22" * 16


@attrs.define(eq=False)
class Asked:
    """
    A script that was sent.

    @ivar args: what comes behind the two that all have.
    """

    script: str
    args: tuple[Any, ...]
    answer: Deferred[Any]


class Link:
    """
    Keeps what is asked until a test answers.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.name = "there:1"
        self.isUp = True
        self.problem = ""
        self.calls: list[str] = []

    def script(self, script: str, keys: Sequence[Any], args: Sequence[Any]) -> Deferred[Any]:
        """
        See L{balws.hub.redis.link.RedisLink}.
        """
        if not self.isUp:
            return fail(HubUnavailableError(self.problem))
        answer: Deferred[Any] = Deferred()
        self.asked.append(Asked(script, tuple(args[2:]), answer))
        return answer

    def take(self, script: str) -> Asked:
        """
        @return: the first that was asked and not taken, which has to be this script.
        """
        found = self.asked.pop(0)
        assert found.script == script, found.script
        return found

    def answer(self, script: str, value: Any) -> tuple[Any, ...]:
        """
        Answer the first.

        @return: its arguments.
        """
        found = self.take(script)
        found.answer.callback(value)
        return found.args

    def lose(self, problem: str = "gone") -> None:
        """
        The connection is lost.
        """
        self.isUp, self.problem = False, problem
        while self.asked:
            self.asked.pop(0).answer.errback(HubUnavailableError(problem))

    def start(self) -> None:
        """
        See L{balws.hub.redis.link.RedisLink}.
        """
        self.calls.append("start")

    def stop(self) -> Deferred[None]:
        """
        See L{balws.hub.redis.link.RedisLink}.
        """
        self.calls.append("stop")
        self.lose("stopped")
        return succeed(None)


class Ear(Link):
    """
    Confirms each subscription at once.

    @ivar channels: what is subscribed to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.channels: set[bytes] = set()

    def subscribe(self, channels: Iterable[bytes]) -> Deferred[None]:
        """
        See L{balws.hub.redis.listening.RedisEar}.
        """
        if not self.isUp:
            return fail(HubUnavailableError(self.problem))
        self.channels.update(channels)
        return succeed(None)

    def unsubscribe(self, channels: Iterable[bytes]) -> Deferred[None]:
        """
        See L{balws.hub.redis.listening.RedisEar}.
        """
        if not self.isUp:
            return fail(HubUnavailableError(self.problem))
        self.channels.difference_update(channels)
        return succeed(None)

    def drop(self, problem: str) -> None:
        """
        See L{balws.hub.redis.listening.RedisEar}.
        """
        self.calls.append(problem)


class Told:
    """
    A hub that writes down what it is told.
    """

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.held = Holdings({}, set(), {}, set(), set())

    def groupReceived(self, group: str, verb: Verb, entry: Entry | None) -> None:
        """
        See L{INode}.
        """
        if entry is None:
            self.told.append((group, verb))
        else:
            self.told.append((group, entry.message.payload, entry.position))

    def presenceChanged(self, event: PresenceEvent) -> None:
        """
        See L{INode}.
        """
        self.told.append((event.group, event.presence.connectionId, event.isJoin, event.isHere))

    def holdings(self) -> Holdings:
        """
        See L{INode}.
        """
        return self.held

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.told.append((name, *args))

    def take(self) -> list[tuple[Any, ...]]:
        """
        @return: what was told since this was called last.
        """
        told, self.told = self.told, []
        return told


class Placed:
    """
    A station, for tests to inherit.
    """

    def place(self, **options: Any) -> Station:
        """
        @param options: of C{[hub]}.
        @return: a station that is up and restored.
        """
        self.link, self.ear, self.clock, self.node = Link(), Ear(), Clock(), Told()
        config = HubConfiguration(**{"url": "redis://127.0.0.1", "durable": ("s",), "prefix": "p", **options})
        station = self.station = Station(config, self.clock, Keys("p", MINE), self.link, self.ear)
        station.node = self.node  # type: ignore[assignment]
        station.isUp = station.isRestored = True
        return station

    def away(self) -> None:
        """
        Redis goes.
        """
        self.station.isUp = self.station.isRestored = False
        self.station.problem = "gone"
        self.link.lose()

    def back(self) -> None:
        """
        Redis comes.
        """
        self.station.isUp = self.station.isRestored = True
        self.link.isUp = True


class Brokered:
    """
    A broker and what it stands on, for tests to inherit.
    """

    def setUp(self) -> None:
        """
        A broker whose connections are not up yet.
        """
        self.clock, self.link, self.ear, self.node = Clock(), Link(), Ear(), Told()
        for line in (self.link, self.ear):
            line.isUp, line.problem = False, "it was not tried yet"
        config = HubConfiguration(url="redis://127.0.0.1", durable=("s",), heartbeat=10, timeout=3)
        self.broker = RedisBroker(config, self.clock)
        self.broker.connect(self.link, self.ear)
        self.broker.start(self.node)  # type: ignore[arg-type]

    def up(self, *lines: Link) -> None:
        """
        A connection is there.
        """
        for line in lines:
            line.isUp, line.problem = True, ""
            self.broker.lineUp()

    def down(self, line: Link, problem: str) -> None:
        """
        A connection is gone.
        """
        line.isUp, line.problem = False, problem
        self.broker.lineDown()
        line.lose(problem)

    def beat(self, before: bytes = b"") -> None:
        """
        The beat that is asked is answered.
        """
        self.link.answer(BEAT, [before, [], []])
