# -*- test-case-name: tests.hub.test_hub -*-
"""
Who is connected, by service, by name and by group; on this node and on all others.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from twisted.internet.defer import Deferred, succeed

from balws.config.hub import HubConfiguration
from balws.hub.broker import Audience, IBroker
from balws.hub.exchange import Exchange
from balws.hub.grouped import ConnectionGroups
from balws.hub.limits import Limits
from balws.hub.message import Message
from balws.hub.named import NamedConnections
from balws.hub.node import Node
from balws.hub.sent import sent, unlessAway
from balws.interfaces import IMember

__all__ = ["Hub", "makeHub", "shareHub", "sharedHub"]


class Hub(NamedConnections, ConnectionGroups):
    """
    Stores connections by name, keeps groups, and sends to them.  All listeners of a process
    share one unless they are given their own; with a C{url} in C{[hub]} the hubs of several
    processes and machines act as one.  What is guaranteed then is said in
    L{balws.hub.broker}.

    Every method that users call returns a Deferred and never raises (ruling 9).  None waits for a
    receiver: a slow one is cut by its own limits (decision 23).  A name, of a connection
    or a group, is any text of 1 to 256 bytes.

    @ivar node: the connections of this process.
    @ivar isBeginning: whether it was started and does not know yet if other nodes can be
        reached.
    """

    def __init__(self, configuration: HubConfiguration | None = None, broker: IBroker | None = None) -> None:
        """
        @param configuration: for its limits.
        @param broker: what reaches other nodes; L{None}: there are none.
        """
        limits = HubConfiguration() if configuration is None else configuration
        self._started = broker is None
        self._broker: IBroker = Exchange().broker() if broker is None else broker
        self.node = Node(self._broker)
        self._limits = Limits(limits, self.node)
        self._listeners, self._embedded = count(1), count(-1, -1)
        self._unsent = 0
        self.isBeginning = False
        if self._started:
            self._broker.start(self.node)

    # Life

    def start(self) -> None:
        """
        Reach for the other nodes, and go on trying.
        """
        if not self._started:
            self._started = True
            self._broker.start(self.node)
            self.isBeginning = True
            self.whenTried().addCallback(self._tried)

    def _tried(self, _: None) -> None:
        self.isBeginning = False

    def whenTried(self) -> Deferred[None]:
        """
        @return: fires when it is known whether other nodes can be reached: at once where there are
            none.
        """
        return self._broker.whenTried()

    def stop(self) -> Deferred[None]:
        """
        Leave the other nodes.

        @return: fires when they know, or could not be told in time.
        """
        self._started = False
        self.node.dismissals.stop()
        return self._broker.stop()

    @property
    def isDegraded(self) -> bool:
        """
        Whether other nodes cannot be reached now.
        """
        return not self._broker.isAvailable

    @property
    def problem(self) -> str:
        """
        Why not, for the operator; empty while they can be reached.
        """
        problem: str = self._broker.problem
        return problem

    @property
    def undelivered(self) -> int:
        """
        How much, since the beginning, did not leave this node or missed another.
        """
        missed: int = self._broker.undelivered
        return self._unsent + missed

    @property
    def lost(self) -> int:
        """
        How much of what other nodes sent did not get here, since the beginning.
        """
        return self.node.lostCount

    # Services

    def number(self, embedded: bool = False) -> int:
        """
        @param embedded: for a service in somebody else's resource tree.
        @return: the number of one more listener: 1 for the first; -1 for the first that is
            embedded.  The same on every node where they are made in the same order.
        """
        return next(self._embedded if embedded else self._listeners)

    def serve(self, audience: Audience) -> None:
        """
        A service is mounted.
        """
        self.node.served.add(audience)
        self._broker.serve(audience)

    def unserve(self, audience: Audience) -> None:
        """
        It is no longer; those who are connected still hear this node's broadcasts.
        """
        self.node.served.discard(audience)
        self._broker.unserve(audience)

    def join(self, audience: Audience, member: IMember) -> None:
        """
        A connection to the service of this audience is open.
        """
        self.node.join(audience, member)

    def leave(self, audience: Audience, member: IMember) -> None:
        """
        It is gone: from the service, from the store, and from all groups.
        """
        self.node.forget(audience, member)

    def size(self, audience: Audience) -> int:
        """
        @return: how many of this node are connected to this service.
        """
        return self.node.size(audience)

    def broadcast(self, audience: Audience, message: Message) -> Deferred[None]:
        """
        Send to everybody connected to one service, on all nodes.

        @return: fires with L{None}.  Where other nodes cannot be reached it is counted in
            L{undelivered}, and their connections do not get it.
        """
        self.node.audienceReceived(audience, message)
        if audience not in self.node.served:
            return succeed(None)
        return self._broker.broadcast(audience, message).addErrback(unlessAway)

    def broadcastText(self, path: str, text: str) -> Deferred[None]:
        """
        Send a text to everybody connected to the services mounted at C{path}, on
        every listener of this hub.  Usable from HTTP resources.

        @return: as L{broadcast}; fails with L{TypeError} or L{ValueError} when the text cannot
            be sent.
        """
        return sent(text, str, self._broadcastAt, path)

    def broadcastBinary(self, path: str, data: bytes) -> Deferred[None]:
        """
        As L{broadcastText}, a binary message.
        """
        return sent(data, bytes, self._broadcastAt, path)

    def broadcastMessage(self, path: str, value: Any) -> Deferred[None]:
        """
        As L{broadcastText}: text for str and XML, binary for bytes, JSON for the rest.
        """
        return sent(value, object, self._broadcastAt, path)

    def _broadcastAt(self, path: str, message: Message) -> Deferred[None]:
        if not path.startswith("/"):
            raise ValueError(f"a service is mounted at a path that begins with a slash, not at {path!r}")
        for audience in self.node.audiencesAt(path):
            self.broadcast(audience, message)
        return succeed(None)


def makeHub(configuration: HubConfiguration, reactor: Any) -> Hub:
    """
    @return: the hub of C{[hub]}, which has yet to be started.
    @raise balws.ConfigurationError: when its C{url} cannot be used.
    """
    broker = None
    if configuration.url is not None:
        from balws.hub.redis.broker import redisBroker

        broker = redisBroker(configuration, reactor)
    hub = Hub(configuration, broker)
    hub.node.dismissals.clock = reactor
    return hub


_shared: Hub | None = None


def sharedHub() -> Hub:
    """
    @return: the hub of this process, for every listener that is not given its own.
    """
    global _shared
    if _shared is None:
        _shared = Hub()
    return _shared


def shareHub(hub: Hub) -> None:
    """
    Let this hub be the one that L{sharedHub} gives from now on.
    """
    global _shared
    _shared = hub
