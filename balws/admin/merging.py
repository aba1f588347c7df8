# -*- test-case-name: tests.admin.test_merging -*-
"""
What several processes say of themselves, as one answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nlargest
from operator import attrgetter
from typing import Any

from balws.admin.facts import ConnectionPage, GroupFacts, GroupPage, HubFacts, PathFacts, Summary
from balws.admin.metrics import NoMetrics
from balws.admin.operations import Query

__all__ = ["MetricsMerge", "mergeConnections", "mergeGroups", "mergeSummaries"]


def mergeConnections(pages: Sequence[ConnectionPage], query: Query) -> ConnectionPage:
    """
    @param pages: each the answer of one process to C{query}.
    """
    everybody = (each for page in pages for each in page.connections)
    return ConnectionPage(
        total=sum(page.total for page in pages),
        connections=nlargest(query.limit, everybody, key=attrgetter(query.sort)),
    )


def mergeGroups(pages: Sequence[GroupPage], query: Query) -> GroupPage:
    """
    @param pages: of each process, not only as many as C{query} wants: a group that is small in
        one may be large in all.
    """
    sizes: Counter[str] = Counter()
    for page in pages:
        for each in page.groups:
            sizes[each.name] += each.members
    largest = nlargest(query.limit, ((size, name) for name, size in sizes.items()))
    return GroupPage(
        total=max([len(sizes), *(page.total for page in pages)]),
        groups=[GroupFacts(name=name, members=size) for size, name in largest],
    )


def mergeSummaries(summaries: Sequence[Summary], state: str, uptime: float, adminRefusals: int = 0) -> Summary:
    """
    @param summaries: of the processes in the order of their numbers, one at least.
    @param state: of all together.
    @param uptime: likewise.
    @param adminRefusals: of the process that asks them, whose endpoint is the one which operators know.
    """
    paths: dict[str, list[PathFacts]] = {}
    refused: Counter[str] = Counter()
    for each in summaries:
        refused.update(each.refused)
        for path in each.paths:
            paths.setdefault(path.path, []).append(path)
    hubs = [each.hub for each in summaries]
    return Summary(
        version=summaries[0].version,
        pids=[pid for each in summaries for pid in each.pids],
        uptime=uptime,
        state=state,
        connections=sum(each.connections for each in summaries),
        paths=[_mergePaths(paths[path]) for path in sorted(paths)],
        refused=dict(refused),
        authFailures=sum(each.authFailures for each in summaries),
        adminRefusals=adminRefusals + sum(each.adminRefusals for each in summaries),
        stalls=sum(each.stalls for each in summaries),
        hub=HubFacts(
            names=sum(each.names for each in hubs),
            # A group may have members in many of them: there are so many at least.
            groups=max(each.groups for each in hubs),
            undelivered=sum(each.undelivered for each in hubs),
            lost=sum(each.lost for each in hubs),
            degraded=any(each.degraded for each in hubs),
            problem=next((each.problem for each in hubs if each.problem), ""),
        ),
    )


#: What of a path is added up.
_SUMS = ("connections", "opened", "slow", "received", "sent", "receivedBytes", "sentBytes", "queue")


def _mergePaths(facts: Iterable[PathFacts]) -> PathFacts:
    sums: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    path = service = ""
    for each in facts:
        path, service = each.path, service or each.service
        closed.update(each.closed)
        for name in _SUMS:
            sums[name] += getattr(each, name)
    return PathFacts(
        path=path, service=service, closed=dict(sorted(closed.items())), **{name: sums[name] for name in _SUMS}
    )


class MetricsMerge:
    """
    What processes have written, each series with a label C{worker} more.
    """

    def __init__(self) -> None:
        self._families: dict[str, Any] = {}

    def add(self, number: int, text: bytes) -> None:
        """
        @param number: of the process.
        @param text: what it has written.
        @raise NoMetrics: when prometheus-client is not installed.
        """
        try:
            from prometheus_client import Metric
            from prometheus_client.parser import text_string_to_metric_families
        except ImportError:
            raise NoMetrics from None
        for each in text_string_to_metric_families(text.decode()):
            family = self._families.setdefault(each.name, Metric(each.name, each.documentation, each.type))
            for sample in each.samples:
                family.add_sample(sample.name, {**sample.labels, "worker": str(number)}, sample.value)

    def text(self) -> bytes:
        """
        @return: all of it, in Prometheus' text format.
        """
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(self._families.values()))
        written: bytes = generate_latest(registry)
        return written


class _Families:
    """
    What a registry asks.
    """

    def __init__(self, families: Iterable[Any]) -> None:
        self._families = families

    def collect(self) -> Iterable[Any]:
        """
        See C{prometheus_client.registry.Collector}.
        """
        return self._families
