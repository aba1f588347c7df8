# -*- test-case-name: tests.workers.test_child -*-
"""
A worker's process, as its supervisor sees it.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from balws.logs import children
from balws.workers.lines import Lines
from balws.workers.worker import LOG, NEWS, ORDERS, READY

__all__ = ["Child"]

#: So many of the lines that it writes before it is ready are kept for its supervisor.
_KEPT = 32

#: The most bytes of such a line.
_LONGEST = 4096

#: Seconds that what it has started itself may hold its pipes when it is gone.
_PATIENCE = 1.0


class Child(ProcessProtocol):
    """
    One process, from its start to its end.

    @ivar since: when it was started, by the reactor's clock.
    @ivar pid: the process's number; L{None} before it runs.
    @ivar isReady: whether it has told that it serves.
    @ivar words: the last lines that it wrote to stderr before it was ready, where they are
        kept back.
    """

    def __init__(
        self,
        clock: IReactorTime,
        say: Callable[[bytes], None],
        ready: Callable[[Child], None],
        over: Callable[[Child, str], None],
        keepsWords: bool = False,
    ) -> None:
        """
        @param say: takes each line that it writes.
        @param ready: called when it serves, at most once.
        @param over: called when it is gone, with how that came, in words.
        @param keepsWords: keep back what it writes to stderr until it is ready.
        """
        self._clock = clock
        self._say = say
        self._ready = ready
        self._over = over
        self._keepsWords = keepsWords
        self._lines = {LOG: Lines(say, children.MAX_LINE), 2: Lines(self._word, _LONGEST)}
        self.since = clock.seconds()
        self.pid: int | None = None
        self.isReady = False
        self.words: deque[bytes] = deque(maxlen=_KEPT)

    def order(self, what: bytes) -> None:
        """
        @param what: one of the orders of L{balws.workers.worker}.
        """
        transport: Any = self.transport
        try:
            transport.writeToChild(ORDERS, what)
        except (KeyError, OSError):
            # It has closed its end, as it does when it is about to be gone.
            pass

    def end(self, number: int) -> None:
        """
        Send a signal.
        """
        transport: Any = self.transport
        try:
            transport.signalProcess(number)
        except ProcessExitedAlready:
            pass

    # What the reactor tells

    def connectionMade(self) -> None:
        """
        It runs.
        """
        transport: Any = self.transport
        self.pid = transport.pid

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """
        It says something.
        """
        if childFD in self._lines:
            self._lines[childFD].feed(data)
        elif childFD == NEWS and READY in data and not self.isReady:
            self.isReady = True
            self.letGo()
            self._ready(self)

    def _word(self, line: bytes) -> None:
        if not self._keepsWords:
            self._say(line)
        elif line.strip():
            self.words.append(line)

    def letGo(self) -> None:
        """
        Say what was kept back, and keep back no more.
        """
        self._keepsWords = False
        while self.words:
            self._say(self.words.popleft())

    def processExited(self, reason: Failure) -> None:
        """
        It is gone; what it said may still be on the way.
        """
        self._closing = self._clock.callLater(_PATIENCE, self._close)

    def _close(self) -> None:
        transport: Any = self.transport
        for fd in (LOG, 2, ORDERS, NEWS):
            try:
                transport.closeChildFD(fd)
            except KeyError:
                pass

    def processEnded(self, reason: Failure) -> None:
        """
        Nothing is left of it.
        """
        if self._closing.active():
            self._closing.cancel()
        for lines in self._lines.values():
            lines.end()
        self._over(self, _cause(reason.value))


def _cause(value: Any) -> str:
    number: int | None = value.signal
    if number is None:
        return f"ended with status {value.exitCode}"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"was ended by {name}"
