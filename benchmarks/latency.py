# -*- test-case-name: tests.benchmarks.test_latency -*-
"""
How long a hundred connections wait for their answers, alone and while others disturb.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

import attrs
import frames
from loader import Load, Loader
from measure import Effort, cores
from server import Server

#: Ours, and those that they are compared with.
SERVERS = ("balws", "balws-reactor", "aiohttp", "picows")

_TALKERS = 100


@attrs.frozen
class Situation:
    """
    What the others do meanwhile.

    @ivar name: in the file of results.
    @ivar title: what people read.
    @ivar roles: fields of L{Load}.
    """

    name: str
    title: str
    roles: dict[str, float]


SITUATIONS = (
    Situation("alone", "nobody else", {}),
    Situation("flood", "one more sends without a pause", {"flooders": 1}),
    Situation("idle", "5,000 others are idle", {"idlers": 5000}),
    Situation("upgrades", "500 others a second connect and close", {"callers": 100, "rate": 500}),
)


def measured(names: Sequence[str], effort: Effort) -> dict[str, dict[str, Any]]:
    """
    @return: by situation its C{title} and C{servers}; by server C{p50} and C{p99}, the medians of all
        rounds, and C{max}, the worst of all, in microseconds.
    """
    return {each.name: {"title": each.title, "servers": _situation(each, names, effort)} for each in SITUATIONS}


def _situation(situation: Situation, names: Sequence[str], effort: Effort) -> dict[str, dict[str, float]]:
    roles: dict[str, Any] = dict(situation.roles)
    if "idlers" in roles:
        roles["idlers"] = max(100, int(roles["idlers"] * effort.share))
    request = frames.request("/echo")
    load = Load(request=request, volleys=[frames.Volley(frames.message("l" * 64))], talkers=_TALKERS, **roles)
    told: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with ExitStack() as exits:
        where = cores()
        servers = {name: exits.enter_context(Server(name, where.server)) for name in names}
        for number in range(effort.rounds + 1):
            for name in names:
                # Each has its load generator only while it is measured: a flood does not pause.
                with Loader(load, servers[name].port, where.loader) as loader:
                    few = loader.tell("echo", 10 * _TALKERS)
                    many = max(_TALKERS, int(few["messages"] * effort.seconds / few["seconds"]))
                    if number:
                        told[name].append(loader.tell("echo", many))
    return {
        name: {
            "p50": median(each["p50"] for each in rounds),
            "p99": median(each["p99"] for each in rounds),
            "max": max(each["max"] for each in rounds),
        }
        for name, rounds in told.items()
    }


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """
    @return: a table of what L{measured} returned.
    """
    yield f"Waiting for an answer of 64 B, {_TALKERS} connections: ms"
    for situation in result.values():
        yield f"  {situation['title']}"
        for name, each in situation["servers"].items():
            yield f"    {name:15}" + "".join(f"  {key} {each[key] / 1e3:8.2f}" for key in ("p50", "p99", "max"))
