"""
Tests of L{balws.hub.history}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.hub.history import PAGE, GroupHistory
from balws.hub.message import Message


class HistoryTests(SynchronousTestCase):
    """
    What comes after a position.
    """

    def history(self, size: int, pushed: int) -> GroupHistory:
        """
        @return: one that keeps so many, of so many.
        """
        history = GroupHistory(size)
        for number in range(pushed):
            history.add(Message.of(str(number + 1)))
        return history

    def numbers(self, history: GroupHistory, number: int) -> list[int] | None:
        """
        @return: the numbers of what comes after a number.
        """
        page = history.after(f"{history.epoch}.{number}")
        return None if page is None else [entry.number for entry in page]

    def test_all(self) -> None:
        """
        Everything after a position comes in order, and nothing after the last.
        """
        history = self.history(10, 5)
        self.assertEqual(self.numbers(history, 0), [1, 2, 3, 4, 5])
        self.assertEqual(self.numbers(history, 3), [4, 5])
        self.assertEqual(self.numbers(history, 5), [])
        self.assertEqual(history.position, f"{history.epoch}.5")

    def test_trimmed(self) -> None:
        """
        A position is good as long as what came right after it is kept.
        """
        history = self.history(3, 5)
        self.assertEqual(self.numbers(history, 2), [3, 4, 5])
        self.assertIsNone(self.numbers(history, 1))

    def test_pages(self) -> None:
        """
        Much of it comes in pages.
        """
        history = self.history(1000, PAGE + 1)
        self.assertEqual(self.numbers(history, 0), list(range(1, PAGE + 1)))
        self.assertEqual(self.numbers(history, PAGE), [PAGE + 1])

    def test_foreign(self) -> None:
        """
        A position that is none of this history is not taken.
        """
        history = self.history(10, 5)
        for position in ("", "5", ".5", f"{history.epoch}.6", f"{history.epoch}.-1", f"{history.epoch}.05", "x.5"):
            self.assertIsNone(history.after(position), position)
