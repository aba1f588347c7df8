# -*- test-case-name: tests.testing.test_clock -*-
"""
Time that passes when a test says so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from twisted.internet import task
from twisted.internet.interfaces import IDelayedCall


class Clock(task.Clock):
    """
    The reactor of listeners and clients in memory: Twisted's own clock for tests, but that
    time goes on from one delayed call to the next.  During a call it is the time that the
    call is due, so that C{advance(3600)} is an hour as a running reactor sees it.

    A L{MemoryNetwork<balws.testing.MemoryNetwork>} has one; what a call writes is
    delivered before the next call, and calls without delay are made as soon as nothing
    is left to deliver.

    @ivar turn: gives what each delayed call is made in.
    """

    def __init__(self, turn: Callable[[], AbstractContextManager[Any]] = nullcontext) -> None:
        """
        @param turn: see the class.
        """
        super().__init__()
        self.turn = turn

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any) -> IDelayedCall:
        """
        Call something when so many seconds have passed.

        @param delay: 0 and above.
        """
        call: IDelayedCall = super().callLater(delay, self._call, callable, args, kw)
        return call

    def _call(self, what: Callable[..., Any], arguments: Any, named: Any) -> None:
        with self.turn():
            what(*arguments, **named)

    def callDue(self) -> bool:
        """
        Make the first of the calls whose time has come.

        @return: whether there was one.
        """
        self._sortCalls()
        if not self.calls or self.calls[0].getTime() > self.rightNow:
            return False
        call = self.calls.pop(0)
        call.called = 1
        call.func(*call.args, **call.kw)
        return True

    def advance(self, amount: float) -> None:
        """
        Let time pass.

        @param amount: seconds; 0 makes the calls that are due now.
        @raise ValueError: when it is negative.
        """
        if amount < 0:
            raise ValueError(f"time does not go back by {-amount} seconds")
        end = self.rightNow + amount
        while self.calls:
            self._sortCalls()
            due = self.calls[0].getTime()
            if due > end:
                break
            self.rightNow = max(self.rightNow, due)
            self.callDue()
        self.rightNow = end
