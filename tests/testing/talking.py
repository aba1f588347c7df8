"""
Protocols that record, for both ends of a connection in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws.testing import MemoryConnection, MemoryNetwork


class Talker(Protocol):
    """
    @ivar seen: what was told: bytes as they are read, names of other calls, the class of the
        reason of the end.
    @ivar then: what to do when it was told something.
    """

    then: Callable[[Any], object] | None = None

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def told(self, what: Any) -> None:
        self.seen.append(what)
        if self.then is not None:
            self.then(what)

    def connectionMade(self) -> None:
        self.told("made")

    def dataReceived(self, data: bytes) -> None:
        self.told(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.told(reason.type)


@implementer(IHalfCloseableProtocol)
class HalfTalker(Talker):
    """
    Knows that a connection has two directions.
    """

    def readConnectionLost(self) -> None:
        self.told("read lost")

    def writeConnectionLost(self) -> None:
        self.told("write lost")


class Producer:
    """
    Records what it is asked.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        self.asked.append("resume")

    def stopProducing(self) -> None:
        self.asked.append("stop")


class ConnectedTestCase(SynchronousTestCase):
    """
    @ivar near: the protocol that has connected.
    @ivar far: the one it was connected to.
    """

    def join(self, near: Talker | None = None, far: Talker | None = None) -> MemoryConnection:
        """
        @return: a new connection of these two.
        """
        self.network = MemoryNetwork()
        self.near = Talker() if near is None else near
        self.far = Talker() if far is None else far
        endpoint = self.network.endpoint()
        self.successResultOf(endpoint.listen(Factory.forProtocol(lambda: self.far)))
        self.successResultOf(endpoint.connect(Factory.forProtocol(lambda: self.near)))
        (connection,) = self.network.connections
        self.assertEqual((self.near.seen, self.far.seen), (["made"], ["made"]))
        self.near.seen.clear()
        self.far.seen.clear()
        self.addCleanup(self.assertEqual, self.network.clock.getDelayedCalls(), [])
        return connection

    def assertSeen(self, near: list[Any], far: list[Any]) -> None:
        """
        This was told since the last time.
        """
        self.assertEqual((self.near.seen, self.far.seen), (near, far))
        self.near.seen.clear()
        self.far.seen.clear()
