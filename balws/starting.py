# -*- test-case-name: tests.test_starting -*-
"""
How a process ends that cannot start.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

__all__ = ["CannotStart", "failStart"]

_log = Logger(namespace="balws")


class CannotStart(SystemExit, Exception):
    """
    A port cannot be opened.  Ends the process with its one line and status 1.

    An L{Exception} too, since it is those of which a twistd in the background tells
    the waiting foreground, and removes its PID file; it would wait for ever otherwise.
    """


def failStart(reactor: Any, problem: str) -> None:
    """
    Do the same where the reactor may run already: log the problem, stop in order, and let the
    status of the process be 1.

    @param problem: one line.
    """
    _log.critical("{problem}", problem=problem)
    atexit.register(_leave)
    reactor.callWhenRunning(_stop, reactor)


def _stop(reactor: Any) -> None:
    try:
        reactor.stop()
    except ReactorNotRunning:
        # It is stopping already.
        pass


def _leave() -> None:
    # What runs a reactor tells nobody that it failed: the last moment is the only one to do so.
    atexit.unregister(_leave)
    atexit._run_exitfuncs()
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(1)
