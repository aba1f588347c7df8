"""
Clients that connect again: part of the target C{client}.
"""

from __future__ import annotations

from random import Random
from typing import Any
from unittest.mock import patch

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from balws import Client
from balws.client import connecting, retry
from balws.config import ClientConfiguration
from tests.fuzz.answering import accepting
from tests.fuzz.bench import KEY, LONG, takeTurns
from tests.fuzz.line import Line
from tests.fuzz.material import CLOSE, TEXT, frame
from tests.fuzz.outcome import Outcome
from tests.fuzz.watch import Found, Watch

_ANSWERS = (
    b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
    b"junk\r\n\r\n",
)


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """
    A server that is not always there.

    @ivar lines: the connections so far.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.lines: list[Line] = []

    def connect(self, factory: Any) -> Deferred[Any]:
        chance = self._random.random()
        if chance < 0.15:
            return fail(ConnectionRefusedError())
        if chance < 0.25:
            return Deferred()
        line = Line(300, abrupt=self._random.random() < 0.5)
        self.lines.append(line)
        protocol = factory.buildProtocol(None)
        line.connect(protocol)
        return succeed(protocol)


class Returning:
    """
    One client, and its connections one after the other.
    """

    CONFIG = ClientConfiguration(
        retryConfig={"maxCount": 3, "interval": 1, "backOffFactor": 2, "maxWaitInterval": 3},
        handShakeTimeout=4,
        connectionClosureTimeout=2,
        maxPendingMessages=2,
        maxSendBuffer=100,
        slowConsumerTimeout=1,
        pingInterval=3,
        pingTimeout=2,
    )

    def __init__(self, random: Random, clock: MemoryReactorClock, watch: Watch) -> None:
        self.random, self.clock, self.watch = random, clock, watch
        self.endpoint = _Endpoint(random)
        self.answered = 0
        self.client: Any = None
        self.outcomes: list[Outcome] = []

    def run(self) -> None:
        """
        @raise Found: when something is wrong.
        """
        longest = patch.object(retry, "_uniform", lambda low, high: high)
        with longest, patch.object(connecting, "newKey", lambda: KEY):
            connected = Outcome(
                Client.connect("ws://a/", config=self.CONFIG, endpoint=self.endpoint, reactor=self.clock)
            )
            self.outcomes.append(connected)
            for _ in range(self.random.randint(3, 25)):
                if connected.fired and not isinstance(connected.value, BaseException):
                    self.client = connected.value
                    self._use()
                self._serve()
                if self.random.random() < 0.5:
                    self.clock.advance(self.random.choice((0, 0, 0.5, 1, 2)))
            self._end(connected)

    def _serve(self) -> None:
        """
        The server does something on its latest connection.
        """
        random = self.random
        line = self.endpoint.lines[-1] if self.endpoint.lines else None
        if line is None or line.lost:
            return
        if self.answered < len(self.endpoint.lines):
            if random.random() < 0.7:
                self.answered = len(self.endpoint.lines)
                line.send(accepting() if random.random() < 0.8 else random.choice(_ANSWERS))
            elif random.random() < 0.3:
                line.lose(ConnectionDone())
        else:
            match random.randrange(8):
                case 0 | 1:
                    line.send(frame(TEXT, b"news", key=None))
                case 2:
                    line.send(frame(CLOSE, random.choice((1000, 1012, 1013, 4000)).to_bytes(2, "big"), key=None))
                case 3:
                    line.lose(random.choice((ConnectionDone, ConnectionLost))())
                case 4:
                    line.peerReads = not line.peerReads
                case 5:
                    line.send(b"\xff")
        takeTurns(self.clock, line)

    def _use(self) -> None:
        client, random, outcomes = self.client, self.random, self.outcomes
        match random.randrange(10):
            case 0 | 1 | 2:
                outcomes.append(Outcome(client.writeTextMessage("x" * random.choice((1, 10, 60)))))
            case 3 | 4:
                outcomes.append(Outcome(client.readTextMessage()))
            case 5:
                outcomes.append(Outcome(client.ping()))
            case 6:
                random.choice(outcomes).deferred.cancel()
            case 7 if random.random() < 0.3:
                outcomes.append(Outcome(client.close(timeout=random.choice((None, 0, 1)))))

    def _end(self, connected: Outcome) -> None:
        """
        The user has enough, and everything comes to its end.
        """
        if not connected.fired:
            connected.deferred.cancel()
        if self.client is None and not isinstance(connected.value, BaseException):
            self.client = connected.value
        for _ in range(8):
            # To close is refused while the server closes, and then a client may return.
            if self.client is not None and (self.client.isOpen() or self.client.isReconnecting()):
                self.outcomes.append(Outcome(self.client.close(timeout=1)))
            self.clock.advance(1)
            for line in self.endpoint.lines:
                line.settle()
        for line in self.endpoint.lines:
            line.lose(ConnectionDone())
        for outcome in self.outcomes:
            outcome.among(Exception)
        if self.clock.getDelayedCalls():
            raise Found(f"left on the clock: {self.clock.getDelayedCalls()}")
        faults = [fault for line in self.endpoint.lines for fault in line.faults]
        if faults:
            raise Found("; ".join(faults))
        if self.client is not None:
            if self.client.isOpen() or self.client.isReconnecting():
                raise Found("the client thinks that there is, or will be, a connection")
            for read in (self.client.readMessage, self.client.readMessage):
                Outcome(read()).among(Exception)
            self.watch.letGo(self.client)
        self.clock.advance(LONG)
        self.watch.check()
        self.watch.letGo(*self.endpoint.lines)
