# -*- test-case-name: tests.admin.test_fleet -*-
"""
Several processes that serve the same, as an operator sees them: as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from balws.admin.colleague import Colleague
from balws.admin.facts import ConnectionPage, Count, GroupPage, Reason, Summary
from balws.admin.failures import AdminRefusals
from balws.admin.merging import MetricsMerge, mergeConnections, mergeGroups, mergeSummaries
from balws.admin.metrics import NoMetrics, ofAdmin
from balws.admin.operations import MAX_LIMIT, IOperations, Kick, Query, Send
from balws.admin.orders import NoSuchTarget, Unanswered, checkKick, checkQuery, checkSend, checkTarget
from balws.errors import Error
from balws.http.answer import Answer
from balws.server.health import Readiness, readiness
from balws.workers.folder import AdminFolder

__all__ = ["Fleet"]

T = TypeVar("T")

#: What a worker's answer means that says no.
_ERRORS: Mapping[int, type[Error]] = {404: NoSuchTarget, 503: Unanswered}


@implementer(IOperations)
class Fleet:
    """
    Asks all workers at a time.  Who does not answer within two seconds is left out.
    """

    def __init__(
        self, folder: AdminFolder, count: int, isShared: bool, reactor: IReactorTime, ready: Readiness | None = None
    ) -> None:
        """
        @param folder: where the workers are asked.
        @param count: how many there are.
        @param isShared: whether their hubs act as one: then one of them reaches a name or a group.
        @param ready: of this process, the supervisor; L{None} is the one that all of it shares.
        """
        self._colleagues = [Colleague(number, folder.socket, reactor) for number in range(1, count + 1)]
        self._isShared = isShared
        self._clock = reactor
        self._ready = readiness() if ready is None else ready
        self._since: float | None = None
        # Whom operators ask is this process; its workers ask for no token.
        self._refusals = AdminRefusals()

    def start(self) -> None:
        """
        See L{IOperations}.
        """
        self._since = self._clock.seconds()
        self._refusals.watch()

    def stop(self) -> None:
        """
        See L{IOperations}.
        """
        self._refusals.end()

    # Questions

    def state(self) -> Deferred[str]:
        """
        See L{IOperations}: degraded where one of them is, and draining when none takes peers.
        """
        return Deferred.fromCoroutine(self._state())

    async def _state(self) -> str:
        if not self._ready.isReady:
            return "draining"
        answers = await self._all("GET", "/readyz")
        return _together([each.body.decode().strip() for each in answers.values()])

    def summary(self) -> Deferred[Summary]:
        """
        See L{IOperations}.
        """
        return Deferred.fromCoroutine(self._summary())

    async def _summary(self) -> Summary:
        found = await self._read("/api/summary", Summary)
        state = _together([each.state for each in found]) if self._ready.isReady else "draining"
        uptime = 0.0 if self._since is None else self._clock.seconds() - self._since
        return mergeSummaries(found, state, uptime, self._refusals.counts.total())

    def connections(self, query: Query) -> Deferred[ConnectionPage]:
        """
        See L{IOperations}.
        """
        return Deferred.fromCoroutine(self._connections(query))

    async def _connections(self, query: Query) -> ConnectionPage:
        checkQuery(query)
        return mergeConnections(await self._read(_target("/api/connections", query), ConnectionPage), query)

    def groups(self, query: Query) -> Deferred[GroupPage]:
        """
        See L{IOperations}.
        """
        return Deferred.fromCoroutine(self._groups(query))

    async def _groups(self, query: Query) -> GroupPage:
        checkQuery(query)
        target = f"/api/groups?{urlencode({'search': query.search, 'limit': MAX_LIMIT})}"
        return mergeGroups(await self._read(target, GroupPage), query)

    def metrics(self) -> Deferred[bytes]:
        """
        See L{IOperations}: each series has a label C{worker}, which is 0 for what this process counts itself.
        """
        return Deferred.fromCoroutine(self._metrics())

    async def _metrics(self) -> bytes:
        answers = await self._all("GET", "/metrics")
        if any(each.status == 501 for each in answers.values()):
            raise NoMetrics
        texts = {number: each.body for number, each in answers.items() if each.isSuccess}
        _answered(texts)
        merge = MetricsMerge()
        merge.add(0, ofAdmin(self._refusals.counts))
        for number, text in texts.items():
            # Each of them may have very many paths.
            merge.add(number, text)
            await deferLater(self._clock, 0)
        return merge.text()

    # Orders

    def send(self, order: Send) -> Deferred[int]:
        """
        See L{IOperations}.
        """
        return Deferred.fromCoroutine(self._send(order))

    async def _send(self, order: Send) -> int:
        checkSend(order)
        return await self._order("/api/send", order)

    def kick(self, order: Kick) -> Deferred[int]:
        """
        See L{IOperations}.
        """
        return Deferred.fromCoroutine(self._kick(order))

    async def _kick(self, order: Kick) -> int:
        checkKick(order)
        return await self._order("/api/kick", order)

    async def _order(self, target: str, order: Send | Kick) -> int:
        """
        Have all of them do it, or one alone where its hub reaches all.
        """
        kind, value = checkTarget(order.target)
        chosen, members = self._colleagues, 0
        if self._isShared and kind in ("name", "group"):
            # Who is asked first and does not answer may have done it all the same: nobody else may do it again.
            present = await self._all("GET", "/readyz")
            chosen = [each for each in chosen if each.number in present][:1]
            if kind == "group":
                members = await self._members(value)
        answers = await self._all("POST", target, msgspec.json.encode(order), chosen)
        done = [_decoded(each, Count).count for each in answers.values() if each.isSuccess]
        if done:
            return max(sum(done), members)
        _answered(answers)
        silent = [str(each.number) for each in chosen if each.number not in answers]
        if silent:
            raise Unanswered(f"worker {' and '.join(silent)} does not answer, and no other knows whom it is for")
        refused = list(answers.values())
        told = next((each for each in refused if each.status != 404), refused[0])
        raise _ERRORS.get(told.status, Error)(_decoded(told, Reason).error)

    async def _members(self, group: str) -> int:
        """
        @return: how many of all workers are in a group: each knows of its own.
        """
        page = await self._groups(Query(search=group, limit=MAX_LIMIT))
        return next((each.members for each in page.groups if each.name == group), 0)

    # All of them

    async def _all(
        self, method: str, target: str, body: bytes | None = None, chosen: list[Colleague] | None = None
    ) -> Mapping[int, Answer]:
        """
        @return: the answers of those that gave one, by their numbers, in this order.
        """
        asked = self._colleagues if chosen is None else chosen
        asking = [Deferred.fromCoroutine(each.ask(method, target, body)) for each in asked]
        # Where nobody waits for the answer any more, that is one piece of news and not one of each worker.
        answers = await gatherResults(asking, consumeErrors=True)
        return {each.number: answer for each, answer in zip(asked, answers, strict=True) if answer is not None}

    async def _read(self, target: str, kind: type[T]) -> list[T]:
        """
        @return: what their answers say, one at least.
        @raise Unanswered: when nobody answers.
        """
        answers = await self._all("GET", target)
        found = [_decoded(each, kind) for each in answers.values() if each.isSuccess]
        _answered(found)
        return found


def _together(states: list[str]) -> str:
    """
    @return: the state of all: one that drains, or does not answer, is replaced or has others beside it.
    """
    for state in ("degraded", "ready"):
        if state in states:
            return state
    return "draining"


def _answered(answers: Sized) -> None:
    if not answers:
        raise Unanswered("no worker answers")


def _target(path: str, query: Query) -> str:
    given: dict[str, Any] = msgspec.structs.asdict(query)
    return f"{path}?{urlencode({name: value for name, value in given.items() if value is not None})}"


def _decoded(answer: Answer, kind: type[T]) -> T:
    return msgspec.json.decode(answer.body, type=kind)
