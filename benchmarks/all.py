# -*- test-case-name: tests.benchmarks.test_all -*-
"""
Measure everything, or some of it: see README.rst.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import latency
import picture
import table
from cases import CASES
from machine import described
from measure import QUICK, Effort, measured
from server import CONTENDERS

_LATENCY = "latency"


def _chosen(given: str | None, known: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """
    @return: the names in a list with commas; without one all.
    """
    names = list(known) if given is None else given.split(",")
    for name in names:
        if name not in known:
            parser.error(f"{name}: choose from {', '.join(known)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure CPU time a message, side by side.")
    parser.add_argument("--cases", help=f"such as echo-64,tls; all: {', '.join([*CASES, _LATENCY])}")
    parser.add_argument("--servers", help=f"such as balws,aiohttp; all: {', '.join(CONTENDERS)}")
    parser.add_argument("--quick", action="store_true", help="short rounds and small crowds: to try it, not to publish")
    parser.add_argument("--rounds", type=int, help="how many rounds count")
    parser.add_argument("--seconds", type=float, help="how long a round of one server is, about")
    parser.add_argument("--share", type=float, help="of the connections where there are hundreds and more")
    parser.add_argument("--ping", type=float, help="seconds between two pings to idle connections")
    parser.add_argument("--json", type=Path, help="write what was measured into this file")
    parser.add_argument("--picture", type=Path, help="draw it into this file (SVG)")
    return parser


def _allowDescriptors() -> None:
    """
    As many as this process may have: ten thousand connections want them.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(cases: Sequence[str], servers: Sequence[str], effort: Effort) -> dict[str, Any]:
    """
    Measure, and print each table when it is there.

    @return: what goes into the file.
    """
    present = []
    for name in servers:
        if missing := CONTENDERS[name].missing:
            print(f"{name} is skipped: {missing} is not installed", flush=True)
        else:
            present.append(name)
    result: dict[str, Any] = {"machine": described(present), "effort": attrs.asdict(effort), "cases": {}, "latency": {}}
    for name in cases:
        if name == _LATENCY:
            result["latency"] = latency.measured([each for each in present if each in latency.SERVERS], effort)
            print(*latency.lines(result["latency"]), "", sep="\n", flush=True)
            continue
        case = CASES[name]
        able = case.contenders()
        figures = measured(case, [each for each in present if each in able], effort)
        title = case.title.format(ping=effort.ping)
        result["cases"][name] = {"title": title, "way": case.way, "unit": case.unit, "servers": figures}
        print(*table.lines(name, result["cases"][name]), "", sep="\n", flush=True)
    print(*table.summary(result["cases"]), sep="\n")
    return result


def main() -> None:
    """
    What the command line asks for; ends with 1 where a server failed.
    """
    parser = _parser()
    options = parser.parse_args()
    given = {name: getattr(options, name) for name in ("rounds", "seconds", "share", "ping")}
    chosen = {name: value for name, value in given.items() if value is not None}
    effort = attrs.evolve(QUICK if options.quick else Effort(), **chosen)
    cases = _chosen(options.cases, [*CASES, _LATENCY], parser)
    servers = _chosen(options.servers, list(CONTENDERS), parser)
    _allowDescriptors()
    result = run(cases, servers, effort)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.picture:
        options.picture.write_text(picture.drawn(result))
    if any("error" in each for case in result["cases"].values() for each in case["servers"].values()):
        raise SystemExit("some servers failed")


if __name__ == "__main__":
    main()
