"""
Tests of L{balws.cli.connect.kills}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import kills as module
from balws.cli.connect.kills import Kills


class KillsTests(SynchronousTestCase):
    """
    The ring.
    """

    def test_ring(self) -> None:
        """
        It turns from the latest to the oldest, and begins again.
        """
        kills = Kills()
        self.assertEqual((kills.latest, kills.turn()), ("", ""))
        for text in ("one", "two", "three"):
            kills.add(text, False, True)
        self.assertEqual(kills.latest, "three")
        self.assertEqual([kills.turn() for _ in range(4)], ["two", "one", "three", "two"])

    def test_joined(self) -> None:
        """
        What is cut in a row is one text, in the order in which it stood there.
        """
        kills = Kills()
        kills.add("c", True, True)
        kills.add("b", True, True)
        kills.add("d", True, False)
        self.assertEqual((kills.latest, kills.turn()), ("bcd", "bcd"))

    def test_bounds(self) -> None:
        """
        Only the latest are kept.
        """
        self.patch(module, "MAX_KILLS", 2)
        kills = Kills()
        for text in ("one", "two", "three"):
            kills.add(text, False, False)
        self.assertEqual([kills.turn() for _ in range(2)], ["two", "three"])
