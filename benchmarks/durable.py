"""
What durable groups promise, counted: two nodes under load, and a Redis that is killed and frozen.
See README.rst.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

sys.path.append(str(Path(__file__).resolve().parent.parent))

from tests.integration.redisserver import RedisServer
from tests.rows.nodes import Node
from tests.rows.traffic import END, Listener, Publisher, Return, faults

#: Seconds that Redis may be there again until messages pass.
RECOVERY = 3.0


class Fault(NamedTuple):
    """
    @ivar isKill: whether Redis is killed, or frozen.
    @ivar seconds: how long it is away.
    """

    isKill: bool
    seconds: float


#: One freeze is shorter than the nodes wait for an answer, the other is longer.
FAULTS = (
    Fault(True, 5),
    Fault(True, 1),
    Fault(False, 3),
    Fault(True, 5),
    Fault(True, 0),
    Fault(False, 6),
    Fault(True, 5),
)


class Rig:
    """
    Starts processes, and ends them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stops: list[Callable[[], Any]] = []

    def folder(self) -> Path:
        """
        @return: an empty one.
        """
        return Path(tempfile.mkdtemp(dir=self._folder))

    def addCleanup(self, stop: Callable[[], Any]) -> None:
        """
        @param stop: called in the end, the last one first.
        """
        self._stops.append(stop)

    def fail(self, problem: str) -> NoReturn:
        """
        Give up.
        """
        raise SystemExit(problem)

    def end(self) -> None:
        """
        End them.
        """
        while self._stops:
            self._stops.pop()()


class Run:
    """
    One run.

    @ivar returns: each fault, how many messages were pushed meanwhile, and when Redis was back.
    """

    def __init__(self, reactor: Any, rig: Rig, redis: RedisServer, options: argparse.Namespace) -> None:
        self._reactor = reactor
        self._redis = redis
        self._options = options
        self.nodes = [Node(rig, redis.url, "durable = true") for _ in range(2)]
        self.listeners: list[Listener] = []
        for node in self.nodes:
            node.wait()
            for keywords in ({}, {"since": ""}):
                peer = node.open()
                peer.ask("addConnectionToGroup", "kept", **keywords)
                self.listeners.append(Listener(peer))
        self.publishers: list[Publisher] = []
        self.returns: list[tuple[Fault, int, Return]] = []

    def _pause(self, seconds: float) -> Deferred[None]:
        return deferLater(self._reactor, seconds, lambda: None)

    def _pushed(self) -> int:
        return sum(publisher.sent for publisher in self.publishers)

    async def go(self) -> float:
        """
        @return: for how many seconds messages were pushed.
        """
        share = self._options.messages // len(self.nodes)
        rate = self._options.rate / len(self.nodes)
        began = time.monotonic()
        for node, name in zip(self.nodes, "AB", strict=True):
            self.publishers.append(Publisher(node.open(), name, "kept", rate))
        peace = self._options.messages / self._options.rate - sum(fault.seconds for fault in FAULTS)
        for fault in FAULTS:
            await self._pause(max(2, peace / (len(FAULTS) + 1)))
            await self._disturb(fault)
        while self._pushed() < self._options.messages:
            await self._pause(0.05)
        seconds = time.monotonic() - began
        for publisher in self.publishers:
            publisher.finish(share)
        self.nodes[0].open().ask("pushTextToGroup", "kept", END)
        for listener in self.listeners:
            listener.wait()
        return seconds

    async def _disturb(self, fault: Fault) -> None:
        before = self._pushed()
        if fault.isKill:
            await self._redis.kill()
            await self._pause(fault.seconds)
            await self._redis.start()
        else:
            self._redis.freeze()
            await self._pause(fault.seconds)
            self._redis.thaw()
        self.returns.append((fault, self._pushed() - before, Return(self.publishers)))

    def report(self, seconds: float) -> bool:
        """
        Print what happened.

        @return: whether every promise was kept.
        """
        found = faults(self.publishers, self.listeners)
        failed = sum(len(publisher.failed) for publisher in self.publishers)
        acknowledged = sum(len(publisher.acknowledged) for publisher in self.publishers)
        orders = len({tuple(listener.heard) for listener in self.listeners})
        print(f"{self._pushed()} pushed by 2 nodes, {self._pushed() / seconds:.0f}/s; {acknowledged} acknowledged")
        heard = " ".join(str(len(listener.heard)) for listener in self.listeners)
        print(f"{failed} failed; {heard} heard by {len(self.listeners)} members, in {orders} order(s)")
        print(", ".join(f"{name}: {count}" for name, count in found.items()))
        print(f"\n{'Redis':8}{'away s':>8}{'pushed':>8}{'recovery s':>12}{'caught up s':>13}")
        isKept = not any(found.values()) and orders == 1 and not failed
        for fault, pushed, back in self.returns:
            recovery, caughtUp = back.recovery(self.listeners)
            isKept = isKept and recovery <= RECOVERY
            how = "killed" if fault.isKill else "frozen"
            print(f"{how:8}{fault.seconds:8.1f}{pushed:8}{recovery:12.2f}{caughtUp:13.2f}")
        return isKept


async def main(reactor: Any, options: argparse.Namespace) -> None:
    """
    @raise SystemExit: with status 1 where a promise was broken.
    """
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        redis = RedisServer(reactor, rig.folder(), durable=True)
        await redis.start()
        try:
            run = Run(reactor, rig, redis, options)
            isKept = run.report(await run.go())
            for node in run.nodes:
                if not isKept or "Traceback" in node.server.output():
                    print(node.server.output()[-5000:])
                    isKept = False
        finally:
            rig.end()
            await redis.kill()
    if not isKept:
        raise SystemExit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=1200, help="messages a second, of both nodes together")
    react(lambda reactor: Deferred.fromCoroutine(main(reactor, parser.parse_args())))
