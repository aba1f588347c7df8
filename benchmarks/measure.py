# -*- test-case-name: tests.benchmarks.test_measure -*-
"""
Measuring one case: all servers in turns, so that a noisy minute hits them all.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import attrs
import frames
from cases import Case
from loader import Load, Loader, folder
from server import Server


@attrs.frozen(kw_only=True)
class Effort:
    """
    How much is done.

    @ivar rounds: how many count; one more warms up.
    @ivar seconds: how long a round of one server takes, about.
    @ivar share: of the connections that a case has where it has many.
    @ivar ping: seconds between two pings to idle connections, which are watched for two of them.
    """

    rounds: int = 5
    seconds: float = 0.5
    share: float = 1
    ping: float = 30


QUICK = Effort(rounds=3, seconds=0.1, share=0.1, ping=1)


@attrs.frozen
class Cores:
    """
    Where things run.
    """

    server: int
    loader: int


def cores() -> Cores:
    """
    @return: the first and the last core that this process may have.
    """
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1])


@cache
def certificate() -> tuple[Path, Path]:
    """
    @return: the files of a certificate for this machine and its key, as long as this process runs.
    """
    public, private = folder() / "public.crt", folder() / "private.key"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        ["openssl", *words.split(), "-keyout", str(private), "-out", str(public)], check=True, capture_output=True
    )
    return public, private


class Stand:
    """
    One server in one case, with its load generator: a context manager.
    """

    def __init__(self, case: Case, name: str, effort: Effort) -> None:
        self.name = name
        self._case = case
        self._effort = effort
        self._cores = cores()
        self._exits = ExitStack()
        few = min(case.connections, 100)  # only large crowds shrink
        self._connections = max(few, int(case.connections * effort.share))
        self._request = frames.request(f"/{case.service}", deflate=case.deflate)
        self._server = self._exits.enter_context(
            Server(
                name,
                self._cores.server,
                maxSize=case.maxSize,
                ping=effort.ping if case.way == "idle" else None,
                certificate=certificate() if case.secure else None,
            )
        )

    def __enter__(self) -> Stand:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._exits.close()

    def prove(self) -> None:
        """
        @raise RuntimeError: when the server does not answer as it should.
        """
        first, payload = self._server.ask(self._case.volleys[0].data, self._request)
        isCompressed = bool(first & 0x40)
        if isCompressed != self._case.deflate or not self._case.isAnswer(payload):
            raise RuntimeError(f"{self.name} answers wrongly: {first:#x} {payload[:80]!r}")

    def _loader(self, **roles: int) -> Loader:
        load = Load(volleys=self._case.volleys, request=self._request, secure=self._case.secure, **roles)
        return self._exits.enter_context(Loader(load, self._server.port, self._cores.loader))

    def connect(self) -> None:
        """
        Open the connections, and find out how much a round is.
        """
        way = self._case.way
        role = "callers" if way == "call" else "talkers"
        self._loaded = self._loader(**{role: self._connections, "mutes": self._case.mutes})
        few = 2 if way == "broadcast" else 2 * self._connections
        self._loaded.tell(way, few)
        seconds = self._loaded.tell(way, few)["seconds"]
        self._count = max(1, int(few * self._effort.seconds / seconds))

    def round(self) -> float:
        """
        @return: microseconds of CPU for each message, delivery or connection.
        """
        before = self._server.cpuSeconds()
        told = self._loaded.tell(self._case.way, self._count)
        spent = self._server.cpuSeconds() - before
        return spent / (told["messages"] or told["calls"]) * 1e6

    def memory(self) -> float:
        """
        @return: KB (1,000 bytes) that an idle connection adds, which has echoed one message.
        """
        self.prove()
        empty = self._server.residentBytes()
        self._loader(talkers=self._connections).tell("echo", self._connections)
        return (self._server.residentBytes() - empty) / self._connections / 1000

    def idle(self) -> float:
        """
        @return: milliseconds of CPU in a second.
        @raise RuntimeError: when connections were lost, or not pinged.
        """
        loader = self._loader(idlers=self._connections)
        before = self._server.cpuSeconds()
        told = loader.tell("hold", int(self._effort.ping * 2000))
        spent = self._server.cpuSeconds() - before
        if told["lost"]:
            raise RuntimeError(f"{self.name} lost {told['lost']} connections")
        if told["pings"] < self._connections / 2:
            raise RuntimeError(f"{self.name} sent {told['pings']} pings")
        return spent / told["seconds"] * 1e3


def measured(case: Case, names: Sequence[str], effort: Effort) -> dict[str, dict[str, Any]]:
    """
    @return: by server, the C{median} of its figures, in the case's unit, and all C{rounds}; or the
        C{error} that it ended with.
    """
    if case.way in ("memory", "idle"):
        return _oneByOne(case, names, effort)
    figures: dict[str, list[float]] = {name: [] for name in names}
    errors: dict[str, str] = {}
    with ExitStack() as exits:
        stands = []
        for name in names:
            try:
                stand = exits.enter_context(Stand(case, name, effort))
                stand.prove()
                stand.connect()
                stands.append(stand)
            except (RuntimeError, OSError) as error:
                errors[name] = str(error)
        for number in range(effort.rounds + 1):
            for stand in [each for each in stands if each.name not in errors]:
                try:
                    figure = stand.round()
                except RuntimeError as error:
                    errors[stand.name] = str(error)
                    continue
                if number:  # the first warms up
                    figures[stand.name].append(figure)
    return _results(figures, errors)


def _oneByOne(case: Case, names: Sequence[str], effort: Effort) -> dict[str, dict[str, Any]]:
    """
    What a process keeps shows in a new one alone.
    """
    figures: dict[str, list[float]] = {name: [] for name in names}
    errors: dict[str, str] = {}
    for _ in range(1 if case.way == "idle" else effort.rounds):
        for name in names:
            try:
                with Stand(case, name, effort) as stand:
                    figures[name].append(stand.memory() if case.way == "memory" else stand.idle())
            except (RuntimeError, OSError) as error:
                errors[name] = str(error)
    return _results(figures, errors)


def _results(figures: dict[str, list[float]], errors: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {
        name: {"error": errors[name]} if name in errors else {"median": median(rounds), "rounds": rounds}
        for name, rounds in figures.items()
    }
