"""
A reactor that starts no process and has all the time, and what its processes are told.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from balws.workers.worker import NEWS, ORDERS, READY


class Transport:
    """
    One process that there is not.

    @ivar orders: what was written to it.
    @ivar signals: what it was sent.
    @ivar closed: its pipes that were closed here.
    """

    def __init__(self, protocol: Any, pid: int) -> None:
        self.protocol = protocol
        self.pid: int | None = pid
        self.orders: list[bytes] = []
        self.signals: list[int] = []
        self.closed: list[int] = []
        protocol.makeConnection(self)

    def writeToChild(self, fd: int, data: bytes) -> None:
        if fd != ORDERS or ORDERS in self.closed:
            raise KeyError(fd)
        self.orders.append(data)

    def closeChildFD(self, fd: int) -> None:
        if fd in self.closed:
            raise KeyError(fd)
        self.closed.append(fd)

    def signalProcess(self, number: int) -> None:
        if self.pid is None:
            raise ProcessExitedAlready
        self.signals.append(number)

    # What it does

    def ready(self) -> None:
        self.protocol.childDataReceived(NEWS, READY)

    def say(self, text: bytes, fd: int = 1) -> None:
        self.protocol.childDataReceived(fd, text)

    def exit(self, code: int | None = None, number: int | None = None) -> None:
        """
        End: by itself with a status, or by a signal.
        """
        self.pid = None
        reason = Failure(ProcessTerminated(code, number) if code or number else ProcessDone(0))
        self.protocol.processExited(reason)
        self.protocol.processEnded(reason)

    def kill(self) -> None:
        self.exit(number=signal.SIGKILL)


class Reactor(MemoryReactorClock):
    """
    @ivar started: the processes, and with what each was started.
    @ivar full: whether the system has no room for another.
    @ivar stops: how often it was told to stop.
    """

    def __init__(self) -> None:
        super().__init__()
        self.started: list[Transport] = []
        self.arguments: list[dict[str, Any]] = []
        self.full = False
        self.stops = 0

    def spawnProcess(self, protocol: Any, executable: str, args: Any, **more: Any) -> Transport:
        if self.full:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        for fd in more["childFDs"].values():
            if isinstance(fd, int):
                os.fstat(fd)
        self.arguments.append({"executable": executable, "args": list(args), **more})
        self.started.append(Transport(protocol, 100 + len(self.started)))
        return self.started[-1]

    def stop(self) -> None:
        self.stops += 1
