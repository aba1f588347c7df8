"""
The extension, where it was built.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.needed import missing

native: Any
try:
    from balws.wire import _speed as native
except ImportError:
    native = None


class Built(SynchronousTestCase):
    """
    Tests that need the extension.
    """

    speed = native

    def setUp(self) -> None:
        """
        No extension, no test.
        """
        if native is None:
            missing("the extension")
