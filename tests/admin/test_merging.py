"""
Tests of L{balws.admin.merging}.
"""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase

from balws.admin.facts import ConnectionFacts, ConnectionPage, GroupFacts, GroupPage, HubFacts, PathFacts, Summary
from balws.admin.merging import MetricsMerge, mergeConnections, mergeGroups, mergeSummaries
from balws.admin.metrics import METRICS, NoMetrics, Readings, exposition, ofProcess
from balws.admin.operations import Query

EMPTY: Any = dict.fromkeys([name for name, kind in PathFacts.__annotations__.items() if kind == "int"], 0)


def connection(id: str, **fields: Any) -> ConnectionFacts:
    """
    @return: one that has said nothing, but for C{fields}.
    """
    numbers = dict.fromkeys(("age", "queue", "pending", "received", "sent", "receivedBytes", "sentBytes"), 0)
    return ConnectionFacts(
        id=id, path="/", service="S", user=None, address="", subProtocol=None, secure=False, names=[], groups=[],
        **{**numbers, **fields},
    )  # fmt: skip


def summary(pid: int, *paths: PathFacts, **fields: Any) -> Summary:
    """
    @param fields: of its hub.
    @return: that of one process.
    """
    hub: Any = {"names": 1, "groups": pid, "undelivered": 2, "lost": 3, "degraded": False, "problem": ""}
    hub.update(fields)
    return Summary(
        version="1", pids=[pid], uptime=9, state="ready", connections=5, paths=list(paths),
        refused={"maxConnections": 1}, authFailures=2, adminRefusals=1, stalls=1, hub=HubFacts(**hub),
    )  # fmt: skip


class MergeTests(SynchronousTestCase):
    """
    Several answers are one.
    """

    def test_connections(self) -> None:
        """
        The largest of all come first, and no more than were asked for.
        """
        pages = [
            ConnectionPage(total=20, connections=[connection("a", sent=5), connection("b", sent=1)]),
            ConnectionPage(total=1, connections=[connection("c", sent=3, worker=2)]),
        ]
        found = mergeConnections(pages, Query(sort="sent", limit=2))
        self.assertEqual((found.total, [each.id for each in found.connections]), (21, ["a", "c"]))
        self.assertEqual(found.connections[1].worker, 2)

    def test_groups(self) -> None:
        """
        A group's members are added up, also where it is small in each process.
        """
        pages = [
            GroupPage(total=2, groups=[GroupFacts(name="a", members=3), GroupFacts(name="b", members=2)]),
            GroupPage(total=2, groups=[GroupFacts(name="c", members=3), GroupFacts(name="b", members=2)]),
        ]
        found = mergeGroups(pages, Query(limit=1))
        self.assertEqual((found.total, found.groups), (3, [GroupFacts(name="b", members=4)]))
        self.assertEqual(mergeGroups([GroupPage(total=12_000, groups=[])], Query()).total, 12_000)

    def test_summaries(self) -> None:
        """
        Counts are added up; a problem of one is one of all.
        """
        one = PathFacts(path="/a", service="A", closed={"1000": 1, "4xxx": 2}, **{**EMPTY, "sent": 3})
        two = PathFacts(path="/a", service="A", closed={"1000": 4}, **{**EMPTY, "sent": 5, "queue": 7})
        other = PathFacts(path="/0", service="", closed={}, **EMPTY)
        found = mergeSummaries(
            [summary(7, one), summary(8, two, other, degraded=True, problem="away")], "degraded", 4.5, 5
        )
        self.assertEqual((found.pids, found.uptime, found.state, found.connections), ([7, 8], 4.5, "degraded", 10))
        self.assertEqual((found.refused, found.authFailures, found.stalls), ({"maxConnections": 2}, 4, 2))
        self.assertEqual(found.adminRefusals, 7)
        self.assertEqual([each.path for each in found.paths], ["/0", "/a"])
        merged = PathFacts(path="/a", service="A", closed={"1000": 5, "4xxx": 2}, **{**EMPTY, "sent": 8, "queue": 7})
        self.assertEqual(found.paths[1], merged)
        hub = HubFacts(names=2, groups=8, undelivered=4, lost=6, degraded=True, problem="away")
        self.assertEqual(found.hub, hub)

    def test_allFields(self) -> None:
        """
        No number of a path is forgotten.
        """
        numbers = [name for name, kind in PathFacts.__annotations__.items() if kind == "int"]
        one = PathFacts(path="/a", service="A", closed={}, **dict.fromkeys(numbers, 1))
        merged = mergeSummaries([summary(1, one), summary(2, one)], "ready", 0).paths[0]
        self.assertEqual([getattr(merged, name) for name in numbers], [2] * len(numbers))

    def test_metrics(self) -> None:
        """
        Each series is there for each process, and each family once.
        """
        path = PathFacts(path='/"a"', service="A", closed={"1000": 5}, **EMPTY)
        text = exposition(Readings(summary(7, path), {"forbidden": 1}, {"throttled": 1}, 0.5)) + ofProcess()
        merge = MetricsMerge()
        for number in (1, 2):
            merge.add(number, text)
        merged = merge.text().decode()
        families = {each.name: each for each in text_string_to_metric_families(merged)}
        self.assertEqual(merged.count("# TYPE balws_ready "), 1)
        for each in METRICS:
            family = families[each.name.removesuffix("_total")]
            self.assertEqual((family.type, family.documentation), (each.kind, each.meaning))
            self.assertEqual({(sample.name, sample.labels["worker"]) for sample in family.samples},
                             {(each.name, "1"), (each.name, "2")})  # fmt: skip
        sample = families["balws_connections_closed"].samples[0]
        self.assertEqual((sample.labels, sample.value), ({"path": '/"a"', "code": "1000", "worker": "1"}, 5))
        self.assertIn("process_open_fds", families)

    def test_noMetrics(self) -> None:
        """
        Without prometheus-client there are none.
        """
        with patch.dict(sys.modules, {"prometheus_client": None}):
            self.assertRaises(NoMetrics, MetricsMerge().add, 1, b"")
