"""
A durable group as one node reads it, whatever is lost, doubled, late, trimmed or begun anew.
"""

from __future__ import annotations

from random import Random
from typing import Any

from balws.errors import HubUnavailableError
from balws.hub.redis.envelope import Envelope, Kind
from balws.hub.redis.reader import Reader
from balws.hub.redis.streams import FETCH
from tests.fuzz.watch import Found
from tests.hub.redis.stationed import OTHER, Asked, Placed

_TEXT = bytes([Kind.STORED_TEXT])

#: What a later version of balws, or somebody else, may have stored: kind and payload.
_ODD = ((b"\x63", b"?"), (b"", b""), (_TEXT, b"\xff"))


class Truth:
    """
    What lies in Redis.

    @ivar epoch: which life of the group; each has a number.
    @ivar first: the number of the oldest message that is kept.
    @ivar last: that of the newest.
    @ivar odd: one of so many is no message of ours; 0: none.
    """

    def __init__(self, last: int, odd: int) -> None:
        self.life = 0
        self.first = 1
        self.last = last
        self.odd = odd

    def isOdd(self, number: int) -> bool:
        return self.odd > 0 and number % self.odd == 2

    @property
    def epoch(self) -> str:
        return f"{self.life:016x}"

    def page(self, after: int, most: int) -> list[Any]:
        """
        @return: what L{FETCH} says.
        """
        found: list[Any] = [self.last, self.epoch.encode()]
        for number in range(max(self.first, after + 1), min(self.last, max(self.first - 1, after) + most) + 1):
            kind, payload = _ODD[number % 3] if self.isOdd(number) else (_TEXT, b"%d" % number)
            found += [number, number, kind, payload]
        return found


class Absences(Placed):
    """
    One reader, and what comes.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.truth = Truth(random.choice((0, 0, 3, 20)), random.choice((0, 0, 5)))
        self.reader = Reader("s", self.place())
        self.start = self.truth.last
        #: Messages on their way, each with its life.
        self.flying: list[tuple[str, int]] = []

    def run(self) -> None:
        """
        Everything in any order, and then peace.

        @raise Found: where what the hub got is not what there was, each once and in order, but
            for what is said to be lost.
        """
        random, truth = self.random, self.truth
        if random.random() < 0.3:
            self._store()
            self._fly()
        self.reader.begin(self.start, truth.epoch)
        for _ in range(random.randint(1, 25)):
            chance = random.random()
            if chance < 0.4:
                self._store()
            elif chance < 0.75:
                self._fly()
            elif chance < 0.9:
                self._answer(random.random() < 0.2)
            elif chance < 0.94:
                truth.first = random.randint(truth.first, truth.last + 1)
            elif chance < 0.97 and truth.life < 3:
                truth.life, truth.first, truth.last = truth.life + 1, 1, 0
            else:
                self._stray()
        self._calm()
        self._check()

    def _store(self) -> None:
        for _ in range(self.random.choice((1, 1, 2, 5, 300 if self.random.random() < 0.02 else 1))):
            self.truth.last += 1
            self.flying.append((self.truth.epoch, self.truth.last))

    def _fly(self) -> None:
        random = self.random
        if not self.flying:
            return
        at = 0 if random.random() < 0.7 else random.randrange(len(self.flying))
        chance = random.random()
        found = self.flying[at] if chance < 0.1 else self.flying.pop(at)
        if chance < 0.85:
            self._say(*found)

    def _say(self, epoch: str, number: int) -> None:
        if self.truth.isOdd(number):
            return  # no node says it
        content = epoch.encode() + number.to_bytes(8, "big") + b"%d" % number
        self.reader.received(Envelope(Kind.STORED_TEXT, OTHER, number, content))

    def _stray(self) -> None:
        content = self.random.randbytes(self.random.choice((0, 10, 23)))
        before = self.station.strange
        self.reader.received(Envelope(Kind.STORED_TEXT, OTHER, 5, content))
        if self.station.strange != before + 1:
            raise Found(f"{content!r} was taken")

    def _answer(self, fails: bool = False) -> None:
        if not self.link.asked:
            return
        asked: Asked = self.link.take(FETCH)
        if fails:
            asked.answer.errback(HubUnavailableError("gone"))
        else:
            asked.answer.callback(self.truth.page(asked.args[2], 4))

    def _calm(self) -> None:
        """
        The last word is heard, and every question answered.
        """
        self.truth.last += 1 + self.truth.isOdd(self.truth.last + 1)
        self.flying.clear()
        self._say(self.truth.epoch, self.truth.last)
        for _ in range(10_000):
            if self.link.asked:
                self._answer()
            elif self.reader.isBehind:
                self.reader.catchUp()
            else:
                return
        raise Found("it asks without end")

    def _check(self) -> None:
        lives: dict[int, list[int]] = {}
        lost: list[int | None] = []
        for told in self.node.take():
            if told[0] == "lost":
                lost.append(told[2])
            else:
                epoch, _, number = told[2].partition(".")
                if told[1] != number.encode():
                    raise Found(f"{told} has another's position")
                lives.setdefault(int(epoch, 16), []).append(int(number))
        for numbers in lives.values():
            if numbers != sorted(set(numbers)):
                raise Found(f"not each once and in order: {numbers}")
        if list(lives) != sorted(lives) or lost.count(None) > self.truth.life:
            raise Found(f"a life before comes after: {list(lives)}, {lost}")
        now = lives.get(self.truth.life, [])
        if not now or now[-1] != self.truth.last:
            raise Found(f"{now}, and not to {self.truth.last}")
        if not self.truth.life:
            count = sum(each or 0 for each in lost)
            odd = sum(map(self.truth.isOdd, range(self.start + 1, self.truth.last + 1)))
            # What is odd may be lost or given, which comes to the same.
            given = len(now) + count
            if not self.truth.last - self.start - odd <= given <= self.truth.last - self.start or (
                not count and given != self.truth.last - self.start - odd
            ):
                raise Found(f"{len(now)} and {count} that are lost, of {self.truth.last - self.start}: {now}")
