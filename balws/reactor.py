# -*- test-case-name: tests.test_reactor -*-
"""
A reactor that spends less on each event: C{twistd --reactor balws}.

Twisted's epoll reactor gives every event a logging context of its own before it looks at it.
That a connection has something to read, which is nearly all that ever happens to a server, needs
none until something goes wrong.
"""

from __future__ import annotations

import sys
from select import poll
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionFdescWentAway
from twisted.python import log

try:
    from twisted.internet.epollreactor import EPOLLERR, EPOLLHUP, EPOLLIN, EPollReactor
except ImportError:
    raise ImportError("balws' reactor needs Linux' epoll; use Twisted's own reactor here") from None

__all__ = ["DirectReactor", "install"]

_GONE = ConnectionFdescWentAway("File descriptor lost")


class DirectReactor(EPollReactor):
    """
    Twisted's epoll reactor, with a shorter way from the system to C{doRead}.

    What differs:

      - While a selectable reads it has no logging context of its own: what C{log.msg} is told
        then has no C{system}.  Its failures and its end have one, as everything else does.
      - C{logPrefix} is asked for only then, which is after C{doRead}.
      - A hang-up of a descriptor that was closed in the meantime does not end whoever was
        given the same number since.
    """

    def doPoll(self, timeout: float | None) -> None:
        """
        Wait for events, and have each selectable read or write, in the system's order.

        @param timeout: seconds; 0 does not wait, L{None} waits without end.
        """
        selectables = self._selectables
        for fd, event in self._poller.poll(timeout, len(selectables)):
            # What an earlier event has closed is not there any more.
            selectable = selectables.get(fd)
            if selectable is None:
                continue
            if event != EPOLLIN:
                log.callWithLogger(selectable, self._doOther, selectable, fd, event)
                continue
            try:
                why = _GONE if selectable.fileno() == -1 else selectable.doRead()
            except BaseException:
                log.callWithLogger(selectable, self._readFailed, selectable)
            else:
                if why:
                    log.callWithLogger(selectable, self._disconnectSelectable, selectable, why, True)

    doIteration = doPoll

    def _doOther(self, selectable: Any, fd: int, event: int) -> None:
        # An event that has become untrue is one of a closed descriptor whose number was
        # given away since.  All others only lead to a call that finds nothing to do.
        if event & (EPOLLHUP | EPOLLERR) and not event & EPOLLIN and not _isHungUp(fd):
            return
        self._doReadOrWrite(selectable, fd, event)

    def _readFailed(self, selectable: Any) -> None:
        why = sys.exc_info()[1]
        log.err()
        # Not said to come from reading: it is the end of both ways, whatever was raised.
        self._disconnectSelectable(selectable, why, False)

    if TYPE_CHECKING:  # what Twisted provides

        def __init__(self) -> None: ...
        def _doReadOrWrite(self, selectable: Any, fd: int, event: int) -> None: ...
        def _disconnectSelectable(self, selectable: Any, why: Any, isRead: Any, faildict: Any = ...) -> None: ...


def _isHungUp(fd: int) -> bool:
    now = poll()
    now.register(fd, 0)  # for nothing but what is always told
    return bool(now.poll(0))


def install() -> None:
    """
    Make it the process's reactor; to be called before anything imports
    C{twisted.internet.reactor}.

    @raise twisted.internet.error.ReactorAlreadyInstalledError: when it is too late.
    """
    from twisted.internet.main import installReactor

    installReactor(DirectReactor())
