"""
Measurements and tests that a machine which stands still may spoil.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

_Case = TypeVar("_Case", bound="Repeatable")

#: Seconds for which a machine may have stood still without spoiling a test of times that are short on purpose.
STILL = 0.1


def best(measure: Callable[[], float], enough: float, attempts: int = 6) -> float:
    """
    @param enough: what needs no further attempt.
    @return: the least of several measurements: a machine that is busy otherwise may spoil some, but makes none
        better.
    """
    found = []
    while len(found) < attempts:
        found.append(measure())
        if found[-1] < enough:
            break
    return min(found)


class Repeatable:
    """
    A test case whose tests can be begun again.
    """

    def processes(self) -> Iterable[int]:
        """
        @return: whose time counts in these tests.
        """
        return (os.getpid(),)

    def anew(self) -> None:
        """
        Leave what the attempt that failed has begun.
        """


def patiently(test: Callable[[_Case], None]) -> Callable[[_Case], None]:
    """
    For tests of times that are short on purpose, which a machine that stands still for as long spoils: where it did,
    what failed may be shown in up to three further attempts; where it did not, what failed has failed.
    """

    @wraps(test)
    def run(case: _Case) -> None:
        for _ in range(3):
            with _Machine(case.processes) as machine:
                try:
                    return test(case)
                except (AssertionError, OSError):
                    if machine.still() < STILL:
                        raise
            case.anew()
        return test(case)

    return run


class _Machine:
    """
    Sees for how long processes that wanted to go on could not.
    """

    def __init__(self, processes: Callable[[], Iterable[int]]) -> None:
        self._processes = processes
        self._before = {process: _delay(process) for process in processes()}
        self._longest = 0.0
        self._ended = Event()
        self._watcher = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Machine:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()

    def still(self) -> float:
        """
        @return: seconds, of the process that waited longest for a core, or of the whole machine at a time.
        """
        return max(self._longest, *(_delay(each) - self._before.get(each, 0) for each in self._processes()))

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(0.01):
            now = time.monotonic()
            self._longest = max(self._longest, now - last - 0.01)
            last = now


def _delay(process: int) -> float:
    """
    @return: seconds for which the main thread of a process has waited for a core; 0 where there is none any more.
    """
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
