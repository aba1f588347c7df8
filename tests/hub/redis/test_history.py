"""
Tests of L{balws.hub.redis.history}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HistoryLostError, HubUnavailableError
from balws.hub.redis.envelope import Kind
from balws.hub.redis.history import AT_ONCE, History
from balws.hub.redis.streams import FETCH, HEAD
from tests.hub.redis.stationed import Placed

EPOCH = "e" * 16


def entry(number: int, data: bytes = b"x", kind: Kind = Kind.STORED_TEXT) -> list[Any]:
    """
    @return: one message as Redis gives it.
    """
    return [number, 0, bytes([kind]), data]


class HistoryTests(Placed, SynchronousTestCase):
    """
    What a position leads to.
    """

    def setUp(self) -> None:
        """
        Redis is there.
        """
        self.history = History(self.place())

    def test_now(self) -> None:
        """
        Without a position: where the group is now.
        """
        asked = self.history.after("s", "")
        self.link.answer(HEAD, [7, EPOCH.encode()])
        self.assertEqual(self.successResultOf(asked), ((), f"{EPOCH}.7"))

    def test_page(self) -> None:
        """
        The messages behind the position, with theirs.
        """
        asked = self.history.after("s", f"{EPOCH}.5")
        found = [9, EPOCH.encode(), *entry(6, b"a"), *entry(7, b"\xff", Kind.STORED_BINARY)]
        self.assertEqual(self.link.answer(FETCH, found)[2], 5)
        entries, position = self.successResultOf(asked)
        kinds = [(each.message.payload, each.message.isBinary) for each in entries]
        self.assertEqual(kinds, [(b"a", False), (b"\xff", True)])
        self.assertEqual(([each.position for each in entries], position), ([f"{EPOCH}.6", f"{EPOCH}.7"], f"{EPOCH}.7"))
        asked = self.history.after("s", f"{EPOCH}.9")
        self.link.answer(FETCH, [9, EPOCH.encode()])
        self.assertEqual(self.successResultOf(asked), ((), f"{EPOCH}.9"))

    def test_many(self) -> None:
        """
        When many come back at once, a few are read for at a time, in their order; where Redis
        goes, all are told.
        """
        asked = [self.history.after("s", f"{EPOCH}.{number}") for number in range(AT_ONCE + 3)]
        self.assertEqual(len(self.link.asked), AT_ONCE)
        for _ in range(2):
            self.link.answer(FETCH, [])
        self.assertEqual([each.args[2] for each in self.link.asked], list(range(2, AT_ONCE + 2)))
        self.away()
        for each in asked[:2]:
            self.failureResultOf(each, HistoryLostError)
        for each in asked[2:]:
            self.failureResultOf(each, HubUnavailableError)

    def test_lost(self) -> None:
        """
        What is not there from the position on without a gap is lost.
        """
        new = b"f" * 16
        for found in (
            [],
            [9, new, *entry(6)],
            [4, EPOCH.encode()],
            [9, EPOCH.encode()],
            [9, EPOCH.encode(), *entry(7)],
            [9, EPOCH.encode(), *entry(6), *entry(8)],
            [9, EPOCH.encode(), *entry(6, b"\xff")],
        ):
            asked = self.history.after("s", f"{EPOCH}.5")
            self.link.answer(FETCH, found)
            self.failureResultOf(asked, HistoryLostError)

    def test_strange(self) -> None:
        """
        What is no position of ours is not asked for.
        """
        for number in ("", "05", "-1", "5\n", " 5", str(10**15)):
            self.failureResultOf(self.history.after("s", f"{EPOCH}.{number}"), HistoryLostError)
        for position in ("5", f"{EPOCH[1:]}.5", "é" * 16 + ".5"):
            self.failureResultOf(self.history.after("s", position), HistoryLostError)
        self.assertEqual(self.link.asked, [])

    def test_away(self) -> None:
        """
        While Redis is away nobody knows.
        """
        self.away()
        for position in ("", f"{EPOCH}.5"):
            self.failureResultOf(self.history.after("s", position), HubUnavailableError)
