"""
Tests of L{balws.session.declare}.
"""

from __future__ import annotations

import functools
from collections.abc import Generator
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.trial.unittest import SynchronousTestCase

from balws.session.declare import VALUE, dispatcherConfig


class DispatcherConfigTests(SynchronousTestCase):
    """
    The decorator of custom dispatch.
    """

    def test_same(self) -> None:
        """
        The method stays what it is, and knows its value.
        """

        def onLeave(self: Any, data: Any) -> str:
            return "left"

        decorated = dispatcherConfig("un subscribe")(onLeave)
        self.assertIs(decorated, onLeave)
        self.assertEqual(getattr(onLeave, VALUE), "un subscribe")
        self.assertEqual(decorated(None, None), "left")

    def test_empty(self) -> None:
        """
        An empty text is a value, too.
        """
        self.assertEqual(getattr(dispatcherConfig("")(lambda self, data: None), VALUE), "")

    def test_aroundOthers(self) -> None:
        """
        Above or below another decorator it means the same.
        """

        @inlineCallbacks
        @dispatcherConfig("below")
        def below(self: Any, data: Any) -> Generator[Deferred[Any], Any, None]:
            yield

        @dispatcherConfig("above")
        @inlineCallbacks
        def above(self: Any, data: Any) -> Generator[Deferred[Any], Any, None]:
            yield

        @functools.wraps(below)
        def around(*args: Any) -> Any: ...

        self.assertEqual([getattr(f, VALUE) for f in (below, above, around)], ["below", "above", "below"])

    def test_withoutValue(self) -> None:
        """
        Without a value it says at once how it is written.
        """

        def onLeave(self: Any, data: Any) -> None: ...

        for wrong in (onLeave, None, 5, b"leave"):
            error = self.assertRaises(TypeError, dispatcherConfig, wrong)
            self.assertEqual(str(error), 'write @dispatcherConfig("value"): the message type is missing')
