# -*- test-case-name: tests.wire.test_written -*-
"""
The answer of a write that did not have to wait.

Nearly every write goes straight to the transport, and a new Deferred for each
would cost as much as the write.  L{WRITTEN} is one Deferred for all of them: it
has always fired with L{None}, and whoever adds a callback gets a Deferred of
their own.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed


class Written(Deferred[None]):
    """
    A Deferred that fired with L{None} and cannot be changed by those who use it.
    """

    called = True
    result = None

    def addCallbacks(self, *args: Any, **kwargs: Any) -> Deferred[Any]:
        return succeed(None).addCallbacks(*args, **kwargs)

    def addCallback(self, *args: Any, **kwargs: Any) -> Deferred[Any]:
        return succeed(None).addCallback(*args, **kwargs)

    def addErrback(self, *args: Any, **kwargs: Any) -> Deferred[Any]:
        return succeed(None)

    def addBoth(self, *args: Any, **kwargs: Any) -> Deferred[Any]:
        return succeed(None).addBoth(*args, **kwargs)

    def __await__(self) -> Generator[Any, None, None]:
        return None
        yield  # a generator that returns at once

    __iter__ = __await__

    def cancel(self) -> None:
        """
        There is nothing left to cancel.
        """


WRITTEN = Written()


def quiet(deferred: Deferred[Any]) -> Deferred[Any]:
    """
    A peer that leaves is no event for the log.  Whoever waits for this failed
    Deferred gets the error; if nobody does, Twisted says nothing of it.
    """
    if deferred._debugInfo is not None:
        deferred._debugInfo.failResult = None
    return deferred


def refused(error: Exception) -> Deferred[Any]:
    """
    @return: a Deferred that has failed with this error, quietly.
    """
    return quiet(fail(error))
