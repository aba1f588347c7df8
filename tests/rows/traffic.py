"""
Messages to a group, one after the other and at a steady pace, and who hears them; each in threads of
its own, so that what happens meanwhile does not disturb it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from tests.rows.nodes import Commander
from tests.rows.raw import TEXT, frame
from tests.waiting import PATIENCE

#: The last thing that is pushed.
END = "end"


class Publisher:
    """
    Pushes C{"NAME 0"}, C{"NAME 1"}, and so on to a group, and waits for no answer.

    @ivar acknowledged: the numbers of those that the hub took, in the order of its answers.
    @ivar failed: the error of each that it did not take.
    @ivar times: when each answer in C{acknowledged} came, by the monotonic clock.
    @ivar sent: how many were pushed.
    """

    def __init__(self, peer: Commander, name: str, group: str, rate: float) -> None:
        """
        @param rate: how many each second.
        """
        self.name = name
        self._peer, self._group, self._rate = peer, group, rate
        self._count: int | None = None
        self.acknowledged: list[int] = []
        self.failed: dict[int, str] = {}
        self.times: list[float] = []
        self.sent = 0
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._push, self._read)]
        for thread in self._threads:
            thread.start()

    def _push(self) -> None:
        began = time.monotonic()
        while self._count is None or self.sent < self._count:
            due = int((time.monotonic() - began) * self._rate) + 1
            due = due if self._count is None else min(due, self._count)
            commands = (
                json.dumps([number, "pushTextToGroup", [self._group, f"{self.name} {number}"], {}])
                for number in range(self.sent, due)
            )
            self._peer.send(b"".join(frame(TEXT, command.encode()) for command in commands))
            self.sent = max(self.sent, due)
            time.sleep(0.01)

    def _read(self) -> None:
        self._peer.socket.settimeout(None)
        while self._count is None or len(self.acknowledged) + len(self.failed) < max(self._count, self.sent):
            opcode, payload = self._peer.message()
            if opcode != TEXT:
                return
            number, _, *problem = json.loads(payload)
            if problem:
                self.failed[number] = problem[0]
            else:
                self.acknowledged.append(number)
                self.times.append(time.monotonic())

    def finish(self, count: int, seconds: float = PATIENCE) -> None:
        """
        Wait until so many were pushed, at least, and each was answered.

        @param seconds: how long at the most.
        """
        # One more, at least, whose answer tells the thread that reads.
        self._count = max(count, self.sent + round(self._rate / 10) + 1)
        for thread in self._threads:
            thread.join(seconds)
        answered = len(self.acknowledged) + len(self.failed)
        if answered != self.sent:
            raise AssertionError(f"{self.name}: of {self.sent} only {answered} were answered")


class Listener:
    """
    Hears all that is pushed to a connection, until L{END}.

    @ivar heard: the texts.
    @ivar times: when each came, by the monotonic clock.
    @ivar positions: of each, for one that follows the group.
    """

    def __init__(self, peer: Commander) -> None:
        self.peer = peer
        self.heard: list[str] = []
        self.times: list[float] = []
        self.positions: list[str] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        self.peer.socket.settimeout(None)
        while True:
            opcode, payload = self.peer.message()
            if opcode != TEXT:
                return
            text = payload.decode()
            if text.startswith("{"):
                content = json.loads(text)
                text = content["text"]
                self.positions.append(content["position"])
            if text == END:
                return
            self.heard.append(text)
            self.times.append(time.monotonic())

    def wait(self, seconds: float = PATIENCE) -> None:
        """
        Wait for L{END}.

        @param seconds: from now.
        """
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise AssertionError(f"only {len(self.heard)} came")


def faults(publishers: Iterable[Publisher], listeners: Iterable[Listener]) -> dict[str, int]:
    """
    @return: how many that were acknowledged did not come to a listener, came twice, or came after a
        later one of the same publisher: all 0 where the promise is kept.
    """
    found = {"lost": 0, "twice": 0, "out of order": 0}
    for listener in listeners:
        heard: dict[str, list[int]] = {}
        for text in listener.heard:
            name, _, number = text.partition(" ")
            heard.setdefault(name, []).append(int(number))
        for publisher in publishers:
            numbers = heard.get(publisher.name, [])
            found["lost"] += len(set(publisher.acknowledged).difference(numbers))
            found["twice"] += len(numbers) - len(set(numbers))
            found["out of order"] += sum(a > b for a, b in zip(numbers, numbers[1:], strict=False))
    return found


class Return:
    """
    The moment when Redis answers again.
    """

    def __init__(self, publishers: Iterable[Publisher]) -> None:
        """
        That is now.
        """
        self._since = time.monotonic()
        self._last = {publisher: publisher.sent - 1 for publisher in publishers}

    def recovery(self, listeners: Iterable[Listener]) -> tuple[float, float]:
        """
        @return: seconds from then until each publisher was acknowledged something and each
            listener heard something; and until that was all that had been pushed before.
        """
        firsts, lasts = [], []
        for publisher, number in self._last.items():
            firsts.append(self._next(publisher.times))
            lasts.append(_when(number, publisher.acknowledged, publisher.times))
        for listener in listeners:
            firsts.append(self._next(listener.times))
            lasts += [_when(f"{each.name} {last}", listener.heard, listener.times) for each, last in self._last.items()]
        return max(firsts) - self._since, max(lasts) - self._since

    def _next(self, times: list[float]) -> float:
        return next((when for when in times if when > self._since), inf)


def _when(what: Any, those: Sequence[Any], times: Sequence[float]) -> float:
    return times[those.index(what)] if what in those else inf
