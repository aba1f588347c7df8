# -*- test-case-name: tests.benchmarks.test_table -*-
"""
The figures as a table, beside the goals::

    python benchmarks/table.py RESULTS.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import latency

#: By case and by variant of ours: what a peer's figure is to be, divided by ours; of memory ours
#: divided by the peer's, at most.
GOALS: dict[str, dict[str, dict[str, float]]] = json.loads((Path(__file__).parent / "goals.json").read_text())


@attrs.frozen
class Cell:
    """
    One goal and what came of it.

    @ivar ours: the variant of ours.
    @ivar peer: whom it is compared with.
    @ivar ratio: peer by ours; of memory ours by peer.
    @ivar goal: at least, of memory at most.
    @ivar isReached: at the two digits that are printed.
    """

    ours: str
    peer: str
    ratio: float
    goal: float
    isReached: bool


def medians(servers: Mapping[str, Any]) -> dict[str, float]:
    """
    @return: by server, of those that did not fail.
    """
    return {name: each["median"] for name, each in servers.items() if "median" in each}


def cells(case: str, way: str, servers: Mapping[str, Any]) -> Iterator[Cell]:
    """
    @param way: of the case; of memory less is asked for, not more.
    @param servers: the case's results.
    @return: the goals of which both sides were measured.
    """
    figures = medians(servers)
    for ours, goals in GOALS.get(case, {}).items():
        for peer, goal in goals.items():
            if ours not in figures or peer not in figures:
                continue
            if way == "memory":
                ratio = round(figures[ours] / figures[peer], 2)
                yield Cell(ours, peer, ratio, goal, ratio <= goal)
            else:
                ratio = round(figures[peer] / figures[ours], 2)
                yield Cell(ours, peer, ratio, goal, ratio >= goal)


def lines(case: str, result: Mapping[str, Any]) -> Iterator[str]:
    """
    @param result: the case's C{title}, C{way}, C{unit} and C{servers}.
    @return: its table.
    """
    servers = result["servers"]
    figures = medians(servers)
    yield f"{result['title']} ({case}): {result['unit']}"
    ours = next((name for name in figures if name.startswith("balws")), None)
    for name, each in servers.items():
        if "error" in each:
            yield f"  {name:15} failed: {each['error']}"
            continue
        low, high = min(each["rounds"]), max(each["rounds"])
        ratio = f"   x {each['median'] / figures[ours]:6.2f}" if ours and figures[ours] > 0 else ""
        yield f"  {name:15} {each['median']:10.2f}   ({low:.2f} to {high:.2f}){ratio}"
    sign = "<=" if result["way"] == "memory" else ">="
    for cell in cells(case, result["way"], servers):
        pair = f"{cell.ours} / {cell.peer}" if sign == "<=" else f"{cell.peer} / {cell.ours}"
        yield f"  {pair:32} {cell.ratio:6.2f} {sign} {cell.goal:<5g} {'reached' if cell.isReached else 'NOT REACHED'}"


def tables(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """
    @param results: of all cases, by name.
    @return: the tables of all, and the summary.
    """
    for case, result in results.items():
        yield from lines(case, result)
        yield ""
    yield from summary(results)


def summary(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """
    @param results: of all cases, by name.
    @return: the cells that are not reached, and how many are.
    """
    reached, missed = 0, []
    for case, result in results.items():
        for cell in cells(case, result["way"], result["servers"]):
            if cell.isReached:
                reached += 1
            else:
                missed.append(f"  {case}: {cell.peer}, {cell.ours}: {cell.ratio:.2f} for {cell.goal:g}")
    yield f"{reached} goals reached, {len(missed)} not"
    yield from missed


if __name__ == "__main__":
    results = json.loads(Path(sys.argv[1]).read_text())
    print(*tables(results["cases"]), sep="\n")
    if results["latency"]:
        print("", *latency.lines(results["latency"]), sep="\n")
