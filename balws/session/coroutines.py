# -*- test-case-name: tests.session.test_coroutines -*-
"""
Coroutines that mostly do not wait.

C{await caller.writeTextMessage(...)} nearly always goes on at once, and so does most of what
an C{async def} awaits.  A Deferred, and Twisted's way to drive it, cost more than the message
that is answered: they are made when the coroutine waits for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from types import coroutine
from typing import Any

from twisted.internet.defer import Deferred, fail


def begin(source: Coroutine[Any, Any, Any]) -> Any:
    """
    Run a coroutine until it waits.

    @return: what it returned, where it did not wait; else a Deferred that fires with that, or
        fails, as L{Deferred.fromCoroutine} has it.
    """
    context = copy_context()  # what it sets there is its own
    try:
        awaited = context.run(source.send, None)
    except StopIteration as end:
        return end.value
    except BaseException:
        return fail()
    return context.run(Deferred.fromCoroutine, _rest(source, awaited))


@coroutine
def _rest(source: Coroutine[Any, Any, Any], awaited: Any) -> Generator[Any, Any, Any]:
    """
    What is left of a coroutine that waits, as one that has not begun.
    """
    while True:
        given: Any
        step: Callable[[Any], Any]
        try:
            given = yield awaited
        except GeneratorExit:
            source.close()
            raise
        except BaseException as error:
            step, given = source.throw, error
        else:
            step = source.send
        try:
            awaited = step(given)
        except StopIteration as end:
            return end.value
