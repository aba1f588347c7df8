"""
Tests of L{balws.admin.metrics}, by the parser of prometheus-client and Prometheus' own rules for names.
"""

from __future__ import annotations

import re
import sys
from typing import Any
from unittest.mock import patch

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase

from balws.admin.metrics import LIMITS, METRICS, NoMetrics
from tests import ROOT
from tests.admin.observed import ObservedTestCase

#: Prometheus' base units, and what else may stand at the end of a counter's or gauge's name.
UNITS = ("seconds", "bytes", "ratio")
NOT_UNITS = re.compile(r"_(milliseconds|ms|minutes|hours|kilobytes|kb|bits|percent|us)(_|$)")


class TableTests(SynchronousTestCase):
    """
    The table of metrics, as C{promtool check metrics} would look at it.
    """

    def test_names(self) -> None:
        """
        All begin with C{balws_}, are lower case, and no two are the same.
        """
        names = [each.name for each in METRICS]
        self.assertEqual(sorted(set(names)), sorted(names))
        for name in names:
            self.assertTrue(re.fullmatch(r"balws_[a-z]+(_[a-z]+)*", name), name)
            self.assertIsNone(NOT_UNITS.search(name), name)

    def test_kinds(self) -> None:
        """
        Counters, and they alone, end in C{_total}, behind the unit where there is one.
        """
        for each in METRICS:
            self.assertIn(each.kind, ("counter", "gauge"))
            self.assertEqual(each.name.endswith("_total"), each.kind == "counter", each.name)
            for unit in UNITS:
                if unit in each.name:
                    self.assertTrue(each.name.removesuffix("_total").endswith(unit), each.name)
            for suffix in ("_count", "_sum", "_bucket"):
                self.assertFalse(each.name.endswith(suffix), each.name)

    def test_words(self) -> None:
        """
        Each says in a sentence what it means; labels have names that Prometheus takes.
        """
        for each in METRICS:
            self.assertTrue(each.meaning.endswith("."), each.name)
            self.assertNotIn("\n", each.meaning)
            for label in each.labels:
                self.assertIn(label, ("path", "code", "limit", "result", "version"), each.name)


class ExpositionTests(ObservedTestCase):
    """
    What Prometheus reads.
    """

    def families(self) -> dict[str, Any]:
        """
        @return: what the parser makes of the text, by name.
        """
        text = self.successResultOf(self.process.metrics()).decode()
        self.assertTrue(text.endswith("\n"))
        found = {each.name: each for each in text_string_to_metric_families(text)}
        lines = re.findall(r"^# (HELP|TYPE) (\S+)", text, re.MULTILINE)
        self.assertEqual(len(lines), len(set(lines)))
        series = re.findall(r"^([^#\s].*) \S+$", text, re.MULTILINE)
        self.assertEqual(len(series), len(set(series)))
        return found

    def sample(self, name: str, **labels: str) -> float:
        """
        @return: the value of one series.
        """
        family = self.families()[name.removesuffix("_total")]
        (value,) = [each.value for each in family.samples if each.name == name and each.labels == labels]
        return float(value)

    def test_all(self) -> None:
        """
        Every row of the table is there, with its kind, help and labels, and nothing else by that name.
        """
        self.client("/echo", "x")
        self.successResultOf(self.client().close(4000))
        families = self.families()
        for each in METRICS:
            family = families.pop(each.name.removesuffix("_total"))
            self.assertEqual((family.type, family.documentation), (each.kind, each.meaning))
            self.assertTrue(family.samples, each.name)
            for sample in family.samples:
                self.assertEqual((sample.name, set(sample.labels)), (each.name, set(each.labels)))
        self.assertEqual([name for name in families if name.startswith("balws")], [])
        self.assertIn("process_open_fds", families)
        self.assertIn("python_gc_collections", families)
        self.assertIn("python_info", families)

    def test_connections(self) -> None:
        """
        Who is there, who came, and how those ended who left (RL18).
        """
        self.client("/echo", "hä")
        self.successResultOf(self.client().close(4000))
        self.tally.closed["/echo", 1006] += 2
        self.tally.slowConsumers["/echo"] += 1
        self.assertEqual(self.sample("balws_connections", path="/echo"), 1)
        self.assertEqual(self.sample("balws_connections_opened_total", path="/echo"), 2)
        self.assertEqual(self.sample("balws_connections_closed_total", path="/echo", code="4xxx"), 1)
        self.assertEqual(self.sample("balws_connections_closed_total", path="/echo", code="1006"), 2)
        self.assertEqual(self.sample("balws_slow_consumers_total", path="/echo"), 1)
        self.assertEqual(self.sample("balws_messages_received_total", path="/echo"), 1)
        self.assertEqual(self.sample("balws_messages_sent_total", path="/echo"), 1)
        self.assertEqual(self.sample("balws_received_bytes_total", path="/echo"), 3)
        self.assertEqual(self.sample("balws_sent_bytes_total", path="/echo"), 3)
        self.assertEqual(self.sample("balws_send_queue_bytes", path="/echo"), 0)
        self.assertEqual(self.sample("balws_connections", path="/other"), 0)

    def test_health(self) -> None:
        """
        Whether it takes peers, reaches other nodes and lets in whom it should (RL18).
        """
        self.assertEqual(self.sample("balws_ready"), 1)
        self.assertEqual(self.sample("balws_hub_available"), 1)
        self.readiness.drain()
        self.patch(type(self.listener.hub), "isDegraded", True)
        self.process.authFailures.counts["unauthenticated"] = 3
        self.assertEqual(self.sample("balws_ready"), 0)
        self.assertEqual(self.sample("balws_hub_available"), 0)
        self.assertEqual(self.sample("balws_auth_failures_total", result="unauthenticated"), 3)
        self.assertEqual(self.sample("balws_auth_failures_total", result="throttled"), 0)
        self.process.adminRefusals.counts["throttled"] = 4
        self.assertEqual(self.sample("balws_admin_refusals_total", result="throttled"), 4)
        self.assertEqual(self.sample("balws_admin_refusals_total", result="unauthenticated"), 0)
        self.assertEqual(self.sample("balws_reactor_stalls_total"), 2)
        self.assertEqual(self.sample("balws_reactor_longest_stall_seconds"), 1.5)

    def test_limits(self) -> None:
        """
        Each limit is there before it has turned anybody away.
        """
        self.listener.admission.refused["maxUpgradesPerSecond"] = 2
        for limit in LIMITS:
            self.assertEqual(self.sample("balws_refused_total", limit=limit), 2 * (limit == "maxUpgradesPerSecond"))

    def test_escaped(self) -> None:
        """
        A path is a label whatever is in it.
        """
        self.tally.opened['/a"b\\c\nd'] = 1
        self.assertEqual(self.sample("balws_connections_opened_total", path='/a"b\\c\nd'), 1)

    def test_ownRegistry(self) -> None:
        """
        What applications have in the library's global registry stays theirs, and has none of ours.
        """
        before = set(REGISTRY._names_to_collectors)
        self.families()
        self.assertEqual(set(REGISTRY._names_to_collectors), before)
        self.assertNotIn("balws_ready", before)

    def test_notInstalled(self) -> None:
        """
        Without prometheus-client there are no metrics, and one line says how to get them.
        """
        with patch.dict(sys.modules, {"prometheus_client": None}):
            failure = self.failureResultOf(self.process.metrics(), NoMetrics)
        self.assertEqual(failure.getErrorMessage(), 'metrics need prometheus-client: pip install "balws[metrics]"')
        self.assertEqual(self.successResultOf(self.process.summary()).connections, 0)


class PageTests(SynchronousTestCase):
    """
    The page on monitoring.
    """

    def test_names(self) -> None:
        """
        Its words and its alerts name metrics that there are.
        """
        page = (ROOT / "docs" / "howto" / "monitor.rst").read_text("utf-8")
        asked = set(re.findall(r"\bbalws_[a-z_]+(?=[{\[ `])", page))
        self.assertGreater(len(asked), 5)
        self.assertLessEqual(asked, {each.name for each in METRICS})
