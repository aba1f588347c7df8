"""
Many sessions of every target.
"""

from __future__ import annotations

import argparse
import gc
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest.mock import patch

from twisted.logger import globalLogBeginner

from balws.wire import receiving
from tests.fuzz.between import Between
from tests.fuzz.clients import Clients
from tests.fuzz.closings import Closings
from tests.fuzz.credentials import Credentials
from tests.fuzz.heads import Heads
from tests.fuzz.seeds import SEEDS
from tests.fuzz.serving import Serving
from tests.fuzz.watch import Found, Watch
from tests.fuzz.ways import Ways

TARGETS: dict[str, Callable[[Watch], Any]] = {
    "frames": Serving,
    "deflate": lambda watch: Serving(watch, compressing=True),
    "head": Heads,
    "close": Closings,
    "client": Clients,
    "credentials": Credentials,
    "between": Between,
    "ways": Ways,
}

#: After so many sessions the garbage is collected, and what is still there is a leak.
BATCH = 100
#: So many frames are taken in one turn of the reactor.
FRAMES_A_TURN = 6
#: CPU seconds that no session may take.
SLOW = 1.0


class Fault(NamedTuple):
    """
    A session that failed.
    """

    target: str
    seed: int
    text: str


class Run:
    """
    @ivar faults: the sessions that failed so far.
    @ivar forget: called before the garbage is collected: whoever else sees the log forgets it.
    """

    def __init__(self, forget: Callable[[], object] = lambda: None) -> None:
        self.watch = Watch()
        self.faults: list[Fault] = []
        self.forget = forget
        self._targets: dict[str, Any] = {}

    def sessions(self, name: str, seeds: Any) -> int:
        """
        Run these.

        @return: how many it were.
        """
        count = 0
        batch: list[int] = []
        self.watch.start()
        self._target(name)
        enabled = gc.isenabled()
        gc.disable()
        gc.collect()
        gc.freeze()  # what there is now need not be looked at after each batch
        small = patch.object(receiving, "FRAMES_A_TURN", FRAMES_A_TURN)
        small.start()
        try:
            for seed in seeds:
                self._session(name, seed)
                batch.append(seed)
                count += 1
                if len(batch) == BATCH:
                    self._collect(name, batch)
                    batch = []
            self._collect(name, batch)
        finally:
            gc.unfreeze()
            small.stop()
            self.watch.stop()
            if enabled:
                gc.enable()
        return count

    def _target(self, name: str) -> Any:
        if name not in self._targets:
            self._targets[name] = TARGETS[name](self.watch)
        return self._targets[name]

    def _session(self, name: str, seed: int) -> bool:
        target = self._target(name)
        start = time.thread_time()
        try:
            target.run(seed)
            spent = time.thread_time() - start
            if spent > SLOW:
                raise Found(f"it took {spent:.1f} s")
        except Found as found:
            self._failed(name, seed, str(found))
        except Exception:
            self._failed(name, seed, traceback.format_exc())
        else:
            return True
        return False

    def _failed(self, name: str, seed: int, text: str) -> None:
        """
        Note it, and forget what it left behind: the others begin on new benches.
        """
        self.faults.append(Fault(name, seed, text))
        self._targets.pop(name, None)
        self.watch.forget()

    def _collect(self, name: str, batch: list[int]) -> None:
        self.forget()
        try:
            self.watch.collect()
        except Found as found:
            self._targets.pop(name, None)
            self._blame(name, batch, str(found))

    def _blame(self, name: str, batch: list[int], text: str) -> None:
        """
        Find the session of a batch after which something was left.
        """
        before = len(self.faults)
        for seed in batch:
            if self._session(name, seed):
                self.forget()
                try:
                    self.watch.collect()
                except Found as found:
                    self._failed(name, seed, str(found))
        if len(self.faults) == before:
            self.faults.append(Fault(name, batch[0], f"one of the {len(batch)} from here on: {text}"))


def main() -> int:
    """
    @return: 1 when a session failed.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="default: all; may be repeated")
    parser.add_argument(
        "--sessions",
        type=int,
        default=1000,
        help="of each target; more than 1 come after the kept seeds (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the first session; each further one is one more")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell all of each failure")
    options = parser.parse_args()
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)
    run = Run()
    for name in options.target or TARGETS:
        before, start = len(run.faults), time.perf_counter()
        kept = [seed for target, seed in SEEDS if target == name and options.sessions > 1]
        count = run.sessions(name, [*kept, *range(options.seed, options.seed + options.sessions)])
        seconds = time.perf_counter() - start
        failed = run.faults[before:]
        print(f"{name:11} {count:8} sessions {count / seconds:8.0f}/s {len(failed):4} failed", flush=True)
        for fault in failed if options.verbose else failed[:20]:
            text = fault.text if options.verbose else fault.text[:300]
            print(f"  --target {name} --seed {fault.seed} --sessions 1 -v: {text}", flush=True)
    return 1 if run.faults else 0
