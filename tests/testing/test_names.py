"""
Tests of what L{balws.testing} exports.
"""

from __future__ import annotations

import pkgutil

from twisted.trial.unittest import SynchronousTestCase

from balws import testing


class NameTests(SynchronousTestCase):
    """
    C{from balws.testing import ...}
    """

    def test_complete(self) -> None:
        """
        Whatever the package binds, but for its modules, is listed, once and in order.
        """
        modules = {module.name for module in pkgutil.iter_modules(testing.__path__)}
        public = {name for name in vars(testing) if not name.startswith("_")} - modules
        self.assertEqual(public, set(testing.__all__))
        self.assertEqual(testing.__all__, sorted(set(testing.__all__)))

    def test_documented(self) -> None:
        """
        Each name says what it is for.
        """
        for name in testing.__all__:
            self.assertGreater(len(getattr(testing, name).__doc__ or ""), 20, name)
