# -*- test-case-name: tests.admin.test_census -*-
"""
How many connections there are at each path, and what all of them have carried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from balws.admin.facts import PathFacts
from balws.server.inbound import Inbound
from balws.server.listener import Listener
from balws.server.tally import Tally
from balws.session.traffic import Traffic

__all__ = ["Census", "codeLabel"]


def codeLabel(code: int) -> str:
    """
    @return: a close code: one of few texts, whatever peers send.
    """
    if 1000 <= code <= 1015:
        return str(code)
    if 3000 <= code <= 4999:
        return f"{code // 1000}xxx"
    return "other"


def _queue(conversation: Any) -> int:
    held: int = conversation.wire.held() if conversation.isOpen else 0
    return held


#: What each connection is asked.
_QUESTIONS: tuple[tuple[str, Callable[[Any], int]], ...] = (
    *((name, attrgetter(name)) for name in ("received", "sent", "receivedBytes", "sentBytes")),
    ("queue", _queue),
)


class _Crowd:
    """
    The connections at one path, as far as they were asked.
    """

    def __init__(self) -> None:
        self._everybody: list[Inbound] = []
        # A list for each question: numbers in lists are nothing that garbage collection looks at.
        self._said: dict[str, list[int]] = {name: [] for name, _ in _QUESTIONS}

    def ask(self, some: list[Inbound]) -> None:
        self._everybody += some
        for name, question in _QUESTIONS:
            self._said[name] += map(question, some)

    def count(self) -> tuple[int, dict[str, int]]:
        """
        @return: how many are open, and what all have said together.
        """
        gone = [number for number, each in enumerate(self._everybody) if not each.isOpen]
        for number in gone:
            # What those that have ended had carried is in their listener's traffic: they say 0 now.
            for name, question in _QUESTIONS:
                self._said[name][number] = question(self._everybody[number])
        return len(self._everybody) - len(gone), {name: sum(said) for name, said in self._said.items()}


class Census:
    """
    Asks connections some at a time, for there may be very many, and adds up at the end.  What ends in between is
    counted once; what begins in between has carried nothing yet.
    """

    def __init__(self, listeners: Iterable[Listener], tally: Tally) -> None:
        """
        @param listeners: those that count.
        @param tally: their observer.
        """
        self._listeners = listeners
        self._tally = tally
        self._crowds: dict[str, _Crowd] = {}

    def ask(self, some: Iterable[Inbound]) -> None:
        """
        @param some: connections of the listeners, each once in all calls.
        """
        there: dict[str, list[Inbound]] = {}
        for each in some:
            there.setdefault(each.terms.audience.path, []).append(each)
        for path, found in there.items():
            self._crowds.setdefault(path, _Crowd()).ask(found)

    def facts(self) -> list[PathFacts]:
        """
        @return: what is known of every path where a service is or was mounted, in the paths' order.
        """
        tally = self._tally
        services: dict[str, str] = {}
        ended: dict[str, Traffic] = {}
        for listener in self._listeners:
            for mount in listener.mounts:
                services.setdefault(mount.path, mount.owner)
            for path, traffic in listener.traffic.items():
                ended.setdefault(path, Traffic()).add(traffic)
        closed: dict[str, Counter[str]] = {}
        for (path, code), count in tally.closed.items():
            closed.setdefault(path, Counter())[codeLabel(code)] += count
        facts = []
        for path in sorted({*services, *ended, *self._crowds, *tally.opened}):
            connections, said = self._crowds.get(path, _Crowd()).count()
            before = ended.get(path, Traffic())
            facts.append(
                PathFacts(
                    path=path,
                    service=services.get(path, ""),
                    connections=connections,
                    opened=tally.opened[path],
                    closed=dict(sorted(closed.get(path, Counter()).items())),
                    slow=tally.slowConsumers[path],
                    received=before.received + said["received"],
                    sent=before.sent + said["sent"],
                    receivedBytes=before.receivedBytes + said["receivedBytes"],
                    sentBytes=before.sentBytes + said["sentBytes"],
                    queue=said["queue"],
                )
            )
        return facts
