"""
Tests of L{balws.admin.portrait}; see L{tests.admin.test_process}, too.
"""

from __future__ import annotations

from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from balws.admin.orders import SORTS
from balws.admin.portrait import SORT_KEYS, userOf


class UserTests(SynchronousTestCase):
    """
    Who it is.
    """

    def test_user(self) -> None:
        """
        The name of a principal, as text that can be written; nobody, where there is none.
        """
        for principal, name in (
            (None, None),
            (SimpleNamespace(), None),
            (SimpleNamespace(username="ada"), "ada"),
            (SimpleNamespace(username=7), "7"),
            (SimpleNamespace(username="a\udc00"), "a?"),
        ):
            self.assertEqual(userOf(SimpleNamespace(principal=principal)), name)


class SortTests(SynchronousTestCase):
    """
    In which order connections are shown.
    """

    def test_sorts(self) -> None:
        """
        There is a way to sort by whatever may be asked.
        """
        self.assertEqual(tuple(SORT_KEYS), SORTS)
