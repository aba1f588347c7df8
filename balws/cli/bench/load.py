# -*- test-case-name: tests.cli.test_bench_load -*-
"""
Connections that send, and count what comes back.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from balws.cli.bench.answers import Answers
from balws.cli.bench.histogram import Histogram
from balws.cli.bench.work import Work
from balws.client.asyncclient import AsyncClient
from balws.errors import ConnectionClosureError, Error, InvalidHandshakeError
from balws.interfaces import Service

__all__ = ["Load"]

#: So many connections are made at the same time.
MAX_CONNECTING = 50

#: Seconds between two looks at the time, where nothing else asks for one.
STEP = 0.1

#: The same while all connections wait for answers.
BUSY = 0.001

#: No reactor sleeps for less.
SHORTEST = 0.0001

#: So many messages are sent without a look at anything else, where nothing is answered.
BATCH = 64

#: Seconds that answers may take after the last message was sent, and a server for its close frame.
PATIENCE = 2

#: Seconds without a message after which no greeting is expected any more, and no further answer; and how long
#: that is waited for at most.
QUIET = 0.25
MAX_QUIET = 2

#: Kinds of errors that are counted each by itself.
MAX_KINDS = 20


class Load:
    """
    A run of it.  With a rate, the time of an answer counts from when its message should have
    been sent: who waits for a slow server before sending the next would not notice how slow it
    is (coordinated omission).

    @ivar latency: how long answers took.
    @ivar connecting: how long the opening handshakes took.
    @ivar errors: how often what went wrong, by a few words.
    @ivar problem: why the first connection that was not made was not; L{None}: all were.
    @ivar sent: how many messages were sent.
    @ivar greetings: how many messages came before the first was sent: they answer nothing.
    @ivar received: how many messages came since then.
    @ivar unasked: how many of those came to a connection that was owed none.
    @ivar open: how many connections there are.
    @ivar late: how many messages should have been sent and were not, for want of answers.
    @ivar elapsed: seconds from the first message to the last answer.
    """

    def __init__(
        self,
        work: Work,
        connect: Callable[[Service], Deferred[AsyncClient]],
        reactor: Any,
        now: Callable[[], float],
    ) -> None:
        """
        @param connect: makes a connection of this service.
        @param now: seconds, finer than the reactor's.
        """
        self._work = work
        self._connect = connect
        self._reactor = reactor
        self._now = now
        self._members: set[Answers] = set()
        self._free: deque[Answers] = deque()
        self._begun = math.inf
        self._isSending = False
        self._isStopped = False
        self._attempts: set[Deferred[AsyncClient]] = set()
        self._drained: Deferred[None] | None = None
        self.latency = Histogram()
        self.connecting = Histogram()
        self.errors: Counter[str] = Counter()
        self.problem: Error | None = None
        self.sent = self.received = self.late = self.greetings = self.unasked = 0
        self.elapsed = 0.0
        self._heard = 0.0

    @property
    def open(self) -> int:
        """
        How many connections there are.
        """
        return len(self._members)

    @property
    def since(self) -> float:
        """
        Seconds since the first message; 0 before.
        """
        return self._now() - self._begun if self._isSending else self.elapsed

    @property
    def isTold(self) -> bool:
        """
        Whether L{latency} says anything: where a service says more than it is asked, as one that tells
        everybody what anybody has said, nobody knows which message is the answer to which.
        """
        return self.latency.count > 0 and not self.unasked

    async def run(self) -> None:
        """
        Connect, send, wait for the last answers, close.
        """
        try:
            await self._connectAll()
            await self._quiet()
            if self._members and not self._isStopped:
                await self._sendAll()
        finally:
            self._isSending = False
            await self._closeAll()

    def stop(self) -> None:
        """
        End sooner, with what was found until now.
        """
        self._isStopped = True
        for each in tuple(self._attempts):
            each.cancel()

    # Connecting

    async def _connectAll(self) -> None:
        left = iter(range(self._work.connections))
        await DeferredList(
            [
                Deferred.fromCoroutine(self._connectSome(left))
                for _ in range(min(MAX_CONNECTING, self._work.connections))
            ]
        )

    async def _connectSome(self, left: Any) -> None:
        for _ in left:
            if self._isStopped:
                return
            member, begun = Answers(self), self._now()
            attempt = self._connect(member)
            self._attempts.add(attempt)
            try:
                member.client = await attempt
            except CancelledError:
                return
            except Error as problem:
                self._count(_wordsOf(problem))
                self.problem = self.problem or problem
                continue
            finally:
                self._attempts.discard(attempt)
            self.connecting.add(self._now() - begun)
            if not member.isGone:
                self._members.add(member)

    async def _quiet(self) -> None:
        """
        Wait until nothing more comes, for a while.
        """
        begun = self._heard = self._now()
        while self._work.isAnswered and self._members and not (self._isStopped or self.unasked):
            left = min(self._heard + QUIET, begun + MAX_QUIET) - self._now()
            if left <= 0:
                return
            await deferLater(self._reactor, max(left, SHORTEST))

    # Sending

    async def _sendAll(self) -> None:
        work = self._work
        self._begun = self._now()
        self._isSending = True
        for member in tuple(self._members):
            self._offer(member)
        while self._members and not self._isStopped and (left := work.seconds - (self._now() - self._begun)) > 0:
            if work.rate:
                self._sendDue()
            await deferLater(self._reactor, max(min(left, self._step()), SHORTEST))
        if work.rate:
            self._sendDue()
            self.late = self._due() - self.sent
        self._isSending = False
        if any(member.due for member in self._members):
            self._drained = Deferred()
            self._drained.addTimeout(PATIENCE, self._reactor, onTimeoutCancel=lambda result, timeout: None)
            await self._drained
        self.elapsed = self._now() - self._begun
        await self._quiet()
        unanswered = sum(len(member.due) for member in self._members)
        if unanswered:
            self._count("not answered", unanswered)

    def _due(self) -> int:
        """
        @return: how many messages should have been sent by now.
        """
        rate, passed = self._work.rate, self._now() - self._begun
        return min(int(passed * rate) + 1, math.ceil(self._work.seconds * rate))

    def _step(self) -> float:
        """
        @return: seconds until the next message is due; of a free connection nobody tells.
        """
        if not self._work.rate:
            return STEP
        if not self._free:
            return BUSY
        return min(max(self._begun + self.sent / self._work.rate - self._now(), 0), STEP)

    def _sendDue(self) -> None:
        due, rate = self._due(), self._work.rate
        while self.sent < due and self._free:
            member = self._free.popleft()
            member.isFree = False
            if member in self._members:
                self._send(member, self._begun + self.sent / rate)
                self._offer(member)

    def _offer(self, member: Answers) -> None:
        """
        Send with a connection that has room, or remember that it has.
        """
        work = self._work
        if work.rate:
            if not member.isFree and len(member.due) < work.pipeline:
                member.isFree = True
                self._free.append(member)
        elif not work.isAnswered:
            self._pour(member)
        else:
            while self._isSending and member in self._members and len(member.due) < work.pipeline:
                self._send(member, self._now())

    def _pour(self, member: Answers) -> None:
        """
        Send as fast as the connection takes it.
        """
        for _ in range(BATCH):
            if not self._isSending or member not in self._members:
                return
            written = self._send(member, 0.0)
            if not written.called:
                written.addCallback(lambda _: self._pour(member))
                return
        self._reactor.callLater(0, self._pour, member)

    def _send(self, member: Answers, since: float) -> Deferred[None]:
        client, payload = member.client, self._work.payload
        assert client is not None  # it is a member
        self.sent += 1
        if self._work.isAnswered:
            member.due.append(since)
        written = client.writeTextMessage(payload) if isinstance(payload, str) else client.writeBinaryMessage(payload)
        if not written.called or isinstance(getattr(written, "result", None), Failure):
            written.addErrback(self._notSent)
        return written

    def _notSent(self, failure: Failure) -> None:
        # That a connection is closed is counted once, with its end.
        failure.trap(Error, CancelledError)
        problem = failure.value
        if isinstance(problem, Exception) and not isinstance(problem, ConnectionClosureError):
            self._count(_wordsOf(problem))

    # What comes

    def answered(self, member: Answers) -> None:
        """
        A message came.
        """
        if not self._work.isAnswered:
            return
        self._heard = self._now()
        if self._heard < self._begun:
            self.greetings += 1
            return
        if member not in self._members:
            return  # whoever still listens while others leave may be told so
        self.received += 1
        if not member.due:
            self.unasked += 1
            self._count("not asked for")
            return
        self.latency.add(self._heard - member.due.popleft())
        if self._isSending:
            self._offer(member)
            if self._work.rate:
                self._sendDue()
        elif self._drained is not None and not any(each.due for each in self._members):
            self._isAllThere()

    def lost(self, member: Answers, words: str) -> None:
        """
        A connection has ended.
        """
        member.isGone = True
        if member in self._members:
            self._members.discard(member)
            self._count(words)
            if member.due:
                self._count("not answered", len(member.due))
            if self._drained is not None and not any(each.due for each in self._members):
                self._isAllThere()

    def _isAllThere(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.called:
            drained.callback(None)

    def _count(self, words: str, number: int = 1) -> None:
        self.errors[words if words in self.errors or len(self.errors) < MAX_KINDS else "others"] += number

    async def _closeAll(self) -> None:
        members, self._members = self._members, set()
        closing = [each.client.close(timeout=PATIENCE) for each in members if each.client is not None]
        await DeferredList(closing, consumeErrors=True)


def _wordsOf(problem: Exception) -> str:
    if isinstance(problem, InvalidHandshakeError) and problem.response is not None:
        return f"refused {problem.response.status}"
    return type(problem).__name__
