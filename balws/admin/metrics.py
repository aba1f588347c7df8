# -*- test-case-name: tests.admin.test_metrics -*-
"""
What is counted, as Prometheus reads it: one table, from which the collector is made, and the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from balws.admin.facts import PathFacts, Summary
from balws.errors import Error

__all__ = ["CONTENT_TYPE", "METRICS", "Metric", "NoMetrics", "Readings", "exposition", "ofAdmin", "ofProcess"]

#: Of what L{exposition} gives.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: The limits that turn upgrades away: each is shown before it has done so for the first time.
LIMITS = ("maxConnections", "maxConnectionsPerAddress", "maxUpgradesPerSecond")


class NoMetrics(Error):
    """
    The library that writes metrics is not installed.  The operator's to mend.
    """

    def __init__(self) -> None:
        super().__init__('metrics need prometheus-client: pip install "balws[metrics]"')


@attrs.frozen
class Readings:
    """
    What metrics are made of.

    @ivar summary: of this process.
    @ivar authFailures: attempts of peers that failed, by what came of them.
    @ivar adminRefusals: likewise at the admin endpoint.
    @ivar longestStall: in seconds.
    """

    summary: Summary
    authFailures: Mapping[str, int]
    adminRefusals: Mapping[str, int]
    longestStall: float


#: The values of labels, and what is measured there.
Sample = tuple[tuple[str, ...], float]


@attrs.frozen
class Metric:
    """
    One row of the table.

    @ivar name: that of its samples.
    @ivar kind: C{"counter"}, which only grows while the process lives, or C{"gauge"}.
    @ivar labels: their names; each has a bounded number of values.
    @ivar meaning: one sentence.
    @ivar read: gives the samples.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    read: Callable[[Readings], Iterable[Sample]] = attrs.field(repr=False)


def _byPath(value: Callable[[PathFacts], float]) -> Callable[[Readings], Iterable[Sample]]:
    return lambda readings: [((each.path,), value(each)) for each in readings.summary.paths]


def _closed(readings: Readings) -> Iterator[Sample]:
    for each in readings.summary.paths:
        for code, count in each.closed.items():
            yield (each.path, code), count


def _refused(readings: Readings) -> Iterator[Sample]:
    refused = {**dict.fromkeys(LIMITS, 0), **readings.summary.refused}
    return (((limit,), count) for limit, count in sorted(refused.items()))


def _one(value: Callable[[Summary], float]) -> Callable[[Readings], Iterable[Sample]]:
    return lambda readings: [((), value(readings.summary))]


def _byResult(counts: Mapping[str, int]) -> Iterable[Sample]:
    return [((result,), count) for result, count in counts.items()]


_ADMIN_REFUSALS = Metric(
    "balws_admin_refusals_total", "counter", ("result",),
    "Wrong tokens that were shown to the admin endpoint, by what came of it.",
    lambda readings: _byResult(readings.adminRefusals),
)  # fmt: skip

#: All metrics of balws.  Beside them are those of prometheus-client: C{process_*}, C{python_gc_*} and
#: C{python_info}.
METRICS: tuple[Metric, ...] = (
    Metric(
        "balws_build_info", "gauge", ("version",), "1, and which version of balws runs.",
        lambda readings: [((readings.summary.version,), 1)],
    ),
    Metric(
        "balws_ready", "gauge", (), "1 while new peers are welcome, 0 while the process drains.",
        _one(lambda summary: summary.state != "draining"),
    ),
    Metric(
        "balws_connections", "gauge", ("path",), "Connections that are open.",
        _byPath(lambda each: each.connections),
    ),
    Metric(
        "balws_connections_opened_total", "counter", ("path",), "Connections that were opened.",
        _byPath(lambda each: each.opened),
    ),
    Metric(
        "balws_connections_closed_total", "counter", ("path", "code"),
        "Connections that have ended, by close code: 1000 to 1015 as they are, 3xxx and 4xxx for those of"
        " applications, other for the rest.",
        _closed,
    ),
    Metric(
        "balws_slow_consumers_total", "counter", ("path",),
        "Connections that were cut because their peers did not read.",
        _byPath(lambda each: each.slow),
    ),
    Metric(
        "balws_messages_received_total", "counter", ("path",), "Messages of peers.",
        _byPath(lambda each: each.received),
    ),
    Metric(
        "balws_messages_sent_total", "counter", ("path",), "Messages to peers.",
        _byPath(lambda each: each.sent),
    ),
    Metric(
        "balws_received_bytes_total", "counter", ("path",), "Bytes of the messages of peers, without frames.",
        _byPath(lambda each: each.receivedBytes),
    ),
    Metric(
        "balws_sent_bytes_total", "counter", ("path",), "Bytes of the messages to peers, without frames.",
        _byPath(lambda each: each.sentBytes),
    ),
    Metric(
        "balws_send_queue_bytes", "gauge", ("path",), "Bytes that peers have not taken yet.",
        _byPath(lambda each: each.queue),
    ),
    Metric(
        "balws_refused_total", "counter", ("limit",), "Peers that were turned away, by the limit of [server].",
        _refused,
    ),
    Metric(
        "balws_auth_failures_total", "counter", ("result",),
        "Attempts to get into a service that failed, by what the peer was told.",
        lambda readings: _byResult(readings.authFailures),
    ),
    _ADMIN_REFUSALS,
    Metric(
        "balws_hub_available", "gauge", (), "1 while other nodes can be reached, or there are none; else 0.",
        _one(lambda summary: not summary.hub.degraded),
    ),
    Metric(
        "balws_hub_names", "gauge", (), "Connections of this process that are stored under a name.",
        _one(lambda summary: summary.hub.names),
    ),
    Metric(
        "balws_hub_groups", "gauge", (), "Groups with members in this process.",
        _one(lambda summary: summary.hub.groups),
    ),
    Metric(
        "balws_hub_undelivered_total", "counter", (), "Messages that did not leave this node, or missed another.",
        _one(lambda summary: summary.hub.undelivered),
    ),
    Metric(
        "balws_hub_lost_total", "counter", (), "Messages of other nodes that did not get here.",
        _one(lambda summary: summary.hub.lost),
    ),
    Metric(
        "balws_reactor_stalls_total", "counter", (), "How often the reactor stood still for longer than stallWarn.",
        _one(lambda summary: summary.stalls),
    ),
    Metric(
        "balws_reactor_longest_stall_seconds", "gauge", (), "For how long the reactor stood still at most.",
        lambda readings: [((), readings.longestStall)],
    ),
)  # fmt: skip


def exposition(readings: Readings) -> bytes:
    """
    @param readings: what is to be written.
    @return: all metrics of balws, in Prometheus' text format.
    @raise NoMetrics: when prometheus-client is not installed.
    """
    return _written([(each, each.read(readings)) for each in METRICS])


def ofAdmin(refusals: Mapping[str, int]) -> bytes:
    """
    @param refusals: as in L{Readings.adminRefusals}.
    @return: the metric on them alone, for a process that serves nobody but operators.
    @raise NoMetrics: as L{exposition}.
    """
    return _written([(_ADMIN_REFUSALS, _byResult(refusals))])


def _written(rows: Sequence[tuple[Metric, Iterable[Sample]]]) -> bytes:
    client = _client()
    # Never the global registry: what the application has there is its own.
    registry = client.CollectorRegistry(auto_describe=False)
    registry.register(_Collector(rows))
    written: bytes = client.generate_latest(registry)
    return written


def ofProcess() -> bytes:
    """
    @return: the metrics of prometheus-client about the process, in the same format.  To count its open files takes
        longer than all the rest where there are very many.
    @raise NoMetrics: as L{exposition}.
    """
    client = _client()
    registry = client.CollectorRegistry(auto_describe=False)
    for collector in (client.ProcessCollector, client.GCCollector, client.PlatformCollector):
        collector(registry=registry)
    written: bytes = client.generate_latest(registry)
    return written


def _client() -> Any:
    try:
        import prometheus_client
    except ImportError:
        raise NoMetrics from None
    return prometheus_client


class _Collector:
    """
    Makes the library's objects of the table.
    """

    def __init__(self, rows: Sequence[tuple[Metric, Iterable[Sample]]]) -> None:
        self._rows = rows

    def collect(self) -> Iterator[Any]:
        """
        See C{prometheus_client.registry.Collector}.
        """
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for metric, samples in self._rows:
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = kind(metric.name, metric.meaning, labels=metric.labels)
            for labels, value in samples:
                family.add_metric(labels, value)
            yield family
