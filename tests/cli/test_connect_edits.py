"""
Tests of L{balws.cli.connect.edits}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import edits as module
from balws.cli.connect.edits import Edit, Edits


class EditsTests(SynchronousTestCase):
    """
    Steps that can be undone.
    """

    def setUp(self) -> None:
        self.edits = Edits()

    def test_order(self) -> None:
        """
        The latest step is the first to be undone, and when there is none nothing is.
        """
        one, two = Edit(0, "", "a", 0), Edit(0, "a", "", 1)
        self.edits.note(one)
        self.edits.note(two)
        self.assertEqual([self.edits.take() for _ in range(3)], [two, one, None])

    def test_joined(self) -> None:
        """
        What only adds to the step before is undone with it; what is elsewhere, or removes something, is not.
        """
        self.edits.note(Edit(2, "", "a", 2), True)
        self.edits.note(Edit(3, "", "b", 3), True)
        self.edits.note(Edit(3, "", "x", 3), True)
        self.edits.note(Edit(4, "c", "y", 4), True)
        self.assertEqual(self.edits.take(), Edit(4, "c", "y", 4))
        self.assertEqual(self.edits.take(), Edit(3, "", "x", 3))
        self.assertEqual(self.edits.take(), Edit(2, "", "ab", 2))

    def test_bounds(self) -> None:
        """
        Only the latest are kept, and none of a line that is over.
        """
        self.patch(module, "MAX_EDITS", 2)
        for place in range(3):
            self.edits.note(Edit(place, "", "a", place))
        self.assertEqual([self.edits.take() for _ in range(3)], [Edit(2, "", "a", 2), Edit(1, "", "a", 1), None])
        self.edits.note(Edit(0, "", "a", 0))
        self.edits.clear()
        self.assertIsNone(self.edits.take())
