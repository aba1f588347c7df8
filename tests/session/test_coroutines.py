"""
Tests for L{balws.session.coroutines}.
"""

from __future__ import annotations

import gc
from contextvars import ContextVar
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from balws.session.coroutines import begin
from balws.wire.written import WRITTEN

_variable: ContextVar[str] = ContextVar("_variable", default="outside")


class BeginTests(SynchronousTestCase):
    """
    A coroutine that does not wait costs no Deferred; one that waits behaves as with Twisted's.
    """

    def test_atOnce(self) -> None:
        """
        What does not wait gives its result, also after awaiting what has happened already.
        """

        async def method() -> str:
            await WRITTEN
            return "a" + await succeed("b")

        self.assertEqual(begin(method()), "ab")

    def test_fails(self) -> None:
        """
        What fails at once is a failed Deferred.
        """

        async def method() -> None:
            raise KeyError("a")

        self.failureResultOf(begin(method()), KeyError)

    def test_waits(self) -> None:
        """
        What waits fires when it is done, however often it waits.
        """
        first, second = Deferred[str](), Deferred[str]()

        async def method() -> str:
            return await first + await second

        waiting = begin(method())
        self.assertNoResult(waiting)
        first.callback("a")
        self.assertNoResult(waiting)
        second.callback("b")
        self.assertEqual(self.successResultOf(waiting), "ab")

    def test_awaitedFails(self) -> None:
        """
        The failure of what is awaited is raised there, and may be caught.
        """
        first, second = Deferred[None](), Deferred[None]()

        async def method() -> None:
            try:
                await first
            except KeyError:
                await second

        waiting = begin(method())
        first.errback(KeyError())
        self.assertNoResult(waiting)
        second.errback(ValueError())
        self.failureResultOf(waiting, ValueError)

    def test_cancelled(self) -> None:
        """
        Who cancels the result cancels what is awaited.
        """
        cancelled: list[Any] = []
        first: Deferred[None] = Deferred(cancelled.append)

        async def method() -> None:
            await first

        waiting = begin(method())
        waiting.cancel()
        self.assertEqual(cancelled, [first])
        self.failureResultOf(waiting, CancelledError)

    def test_forgotten(self) -> None:
        """
        One that nobody waits for any more is closed: its finally is reached.
        """
        ended = []

        async def method() -> None:
            try:
                await Deferred[None]()
            finally:
                ended.append(True)

        begin(method())
        gc.collect()
        self.assertEqual(ended, [True])

    def test_context(self) -> None:
        """
        What it sets in its context stays set after it has waited, and is nobody else's.
        """
        first: Deferred[None] = Deferred()
        seen = []

        async def method() -> None:
            _variable.set("inside")
            await first
            seen.append(_variable.get())

        begin(method())
        self.assertEqual(_variable.get(), "outside")
        first.callback(None)
        self.assertEqual((seen, _variable.get()), (["inside"], "outside"))
