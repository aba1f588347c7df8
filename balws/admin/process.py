# -*- test-case-name: tests.admin.test_process -*-
"""
This process, as an operator sees it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import wraps
from heapq import nlargest
from itertools import chain
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from balws._version import __version__
from balws.admin.census import Census
from balws.admin.facts import ConnectionPage, GroupFacts, GroupPage, HubFacts, Summary
from balws.admin.failures import AdminRefusals, AuthFailures
from balws.admin.metrics import Readings, exposition, ofProcess
from balws.admin.operations import IOperations, Kick, Query, Send
from balws.admin.orders import NoSuchTarget, checkKick, checkQuery, checkSend, checkTarget
from balws.admin.portrait import SORT_KEYS, fits, portrait, userOf
from balws.closing import POLICY_VIOLATION
from balws.errors import Error
from balws.hub.hub import Hub
from balws.hub.message import Message
from balws.server.health import Readiness, readiness
from balws.server.inbound import Inbound
from balws.server.listener import Listener
from balws.server.tally import Tally
from balws.watchdog import Watchdog

__all__ = ["Process"]

T = TypeVar("T")

#: With so many connections something is done before others have their turn.
A_TURN = 200

#: So many are looked at, whether they are asked for.
LOOKS_A_TURN = 2_000

#: So many groups are looked at.
GROUPS_A_TURN = 2_000

#: So many connections are asked what they have carried.
COUNTED_A_TURN = 1_000

#: What is compared, for each field of a target that the hub does not know.
_VALUE: Mapping[str, Callable[[Any], str | None]] = {
    "connection": lambda each: each.caller.getConnectionId(),
    "user": userOf,
    "path": lambda each: each.terms.audience.path,
}


def _soon(method: Callable[..., Any]) -> Callable[..., Deferred[Any]]:
    """
    @return: the method; what it gives or raises comes by a Deferred.
    """

    @wraps(method)
    def called(self: Any, *arguments: Any) -> Deferred[Any]:
        return maybeDeferred(method, self, *arguments)

    return called


@implementer(IOperations)
class Process:
    """
    The connections of this process's listeners, and the hub that they share.

    @ivar authFailures: counts whom a service did not let in, between L{start} and L{stop}.
    @ivar adminRefusals: likewise whom the admin endpoint did not let in.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        hub: Hub,
        tally: Tally,
        watchdog: Watchdog | None,
        reactor: IReactorTime,
        worker: int | None = None,
        *,
        ready: Readiness | None = None,
    ) -> None:
        """
        @param listeners: made with C{countsTraffic=True}, and with C{tally} for an observer; who is added
            to them later counts, too.
        @param watchdog: L{None}: nobody watches the reactor.
        @param worker: the number of this process, where there are several.
        @param ready: L{None} is that of this process.
        """
        self._listeners = listeners
        self._hub = hub
        self._tally = tally
        self._watchdog = watchdog
        self._clock = reactor
        self._worker = worker
        self._ready = readiness() if ready is None else ready
        self._since: float | None = None
        self.authFailures = AuthFailures()
        self.adminRefusals = AdminRefusals()

    def start(self) -> None:
        """
        See L{IOperations}.
        """
        # Not before: what tells time may be another one by then.
        self._since = self._clock.seconds()
        self.authFailures.watch()
        self.adminRefusals.watch()

    def stop(self) -> None:
        """
        See L{IOperations}.
        """
        self.authFailures.end()
        self.adminRefusals.end()

    # Questions

    @_soon
    def state(self) -> str:
        """
        See L{IOperations}.
        """
        return self._state()

    def _state(self) -> str:
        if not self._ready.isReady:
            return "draining"
        return "degraded" if self._hub.isDegraded else "ready"

    @_soon
    async def summary(self) -> Summary:
        """
        See L{IOperations}.
        """
        census = Census(self._listeners, self._tally)
        # Sums without those who are just leaving would fall.
        async for some in self._inParts(self._all(closing=True), COUNTED_A_TURN):
            census.ask(some)
        hub = self._hub
        refused: Counter[str] = Counter()
        # Listeners of one process share theirs.
        for admission in {id(each.admission): each.admission for each in self._listeners}.values():
            refused.update(admission.refused)
        paths = census.facts()
        return Summary(
            version=__version__.public(),
            pids=[os.getpid()],
            uptime=0.0 if self._since is None else self._clock.seconds() - self._since,
            state=self._state(),
            connections=sum(each.connections for each in paths),
            paths=paths,
            refused=dict(refused),
            authFailures=self.authFailures.counts.total(),
            adminRefusals=self.adminRefusals.counts.total(),
            stalls=0 if self._watchdog is None else self._watchdog.stalls,
            hub=HubFacts(
                names=len(hub.node.store),
                groups=len(hub.node.groups),
                undelivered=hub.undelivered,
                lost=hub.lost,
                degraded=hub.isDegraded,
                problem=hub.problem,
            ),
        )

    @_soon
    async def connections(self, query: Query) -> ConnectionPage:
        """
        See L{IOperations}.
        """
        checkQuery(query)
        node = self._hub.node
        found = [each async for each in self._inTurns(self._all(), LOOKS_A_TURN) if fits(each, query, node)]
        now = self._clock.seconds()
        # Of those alone that are told is everything found out: there may be thousands of others.
        first = nlargest(query.limit, found, key=SORT_KEYS[query.sort])
        worker = self._worker
        shown = [portrait(each, node, now, worker) async for each in self._inTurns(first) if each.isOpen]
        return ConnectionPage(total=len(found), connections=shown)

    @_soon
    async def groups(self, query: Query) -> GroupPage:
        """
        See L{IOperations}.
        """
        checkQuery(query)
        wanted = query.search.lower()
        total = 0
        largest: list[tuple[int, str]] = []
        # Peers choose how many there are.
        async for part in self._inParts(list(self._hub.node.groups), GROUPS_A_TURN):
            found = [(each.size, each.name) for each in part if not wanted or wanted in each.name.lower()]
            total += len(found)
            largest = nlargest(query.limit, largest + found)
        return GroupPage(total=total, groups=[GroupFacts(name=name, members=size) for size, name in largest])

    @_soon
    async def metrics(self) -> bytes:
        """
        See L{IOperations}.

        @return: fails with L{balws.admin.metrics.NoMetrics} where prometheus-client is not installed.
        """
        summary = await self.summary()
        longest = 0.0 if self._watchdog is None else self._watchdog.longest
        written = exposition(Readings(summary, self.authFailures.counts, self.adminRefusals.counts, longest))
        if summary.connections < COUNTED_A_TURN:
            return written + ofProcess()
        # To count so many open files takes longer than a turn.
        reactor: Any = self._clock
        return written + await deferToThreadPool(reactor, reactor.getThreadPool(), ofProcess)

    # Orders

    @_soon
    async def send(self, order: Send) -> int:
        """
        See L{IOperations}.
        """
        given = checkSend(order)
        kind, value = checkTarget(order.target)
        if kind in ("name", "group"):
            return await self._push(kind, value, given)
        message = Message.of(given)
        return await self._do(self._meant(kind, value), lambda each: each.deliver(message))

    async def _push(self, kind: str, value: str, given: str | bytes) -> int:
        hub, here = self._hub, self._here(kind, value)
        if kind == "name":
            await (
                hub.pushTextToConnection(value, given)
                if isinstance(given, str)
                else hub.pushBinaryToConnection(value, given)
            )
        else:
            await (hub.pushTextToGroup(value, given) if isinstance(given, str) else hub.pushBinaryToGroup(value, given))
        return here

    @_soon
    async def kick(self, order: Kick) -> int:
        """
        See L{IOperations}.
        """
        checkKick(order)
        kind, value = checkTarget(order.target)
        if kind in ("name", "group"):
            here = self._here(kind, value)
            await (
                self._hub.closeStoredConnection(value) if kind == "name" else self._hub.closeConnectionGroup(value)
            )
            return here
        code = POLICY_VIOLATION.status if order.code is None else order.code
        reason = "closed by the operator" if order.reason is None else order.reason
        # Nobody waits for the peers' answers: closing is bounded by itself.
        return await self._do(
            self._meant(kind, value),
            lambda each: each.close(code, reason, None).addErrback(lambda failure: failure.trap(Error) and None),
        )

    async def _do(self, found: Sequence[Inbound], act: Callable[[Inbound], object]) -> int:
        """
        Do something with each that is still open, and let others have their turns meanwhile.

        @return: with how many it was done.
        """
        done = 0
        async for each in self._inTurns(found):
            if each.isOpen:
                act(each)
                done += 1
        return done

    async def _inTurns(self, found: Sequence[Inbound], most: int = A_TURN) -> AsyncIterator[Inbound]:
        for number, each in enumerate(found, 1):
            yield each
            if not number % most:
                await deferLater(self._clock, 0)

    async def _inParts(self, found: Sequence[T], most: int) -> AsyncIterator[Sequence[T]]:
        for start in range(0, len(found), most):
            # To find so many was a turn, too.
            if len(found) > most:
                await deferLater(self._clock, 0)
            yield found[start : start + most]

    def _here(self, kind: str, value: str) -> int:
        """
        @return: how many of this process a name or a group means, and 1 where it means others alone: that
            there are any is known when the hub has done what it should.
        """
        group = self._hub.node.groups.get(value) if kind == "group" else None
        return 1 if group is None else group.size

    def _all(self, closing: bool = False) -> list[Inbound]:
        return list(chain.from_iterable(each.conversations(closing) for each in self._listeners))

    def _meant(self, kind: str, value: str) -> list[Inbound]:
        """
        @return: the connections of an id, a user or a path.
        @raise NoSuchTarget: for an id that nobody has, and a path where nothing is.
        """
        found = [each for each in self._all() if _VALUE[kind](each) == value]
        if not found and kind == "connection":
            raise NoSuchTarget(f"no connection has the id {value!r}")
        if not found and kind == "path" and not self._isMounted(value):
            raise NoSuchTarget(f"no service is mounted at {value!r}")
        return found

    def _isMounted(self, path: str) -> bool:
        return any(mount.path == path for listener in self._listeners for mount in listener.mounts)
