# -*- test-case-name: tests.workers.test_supervisor -*-
"""
The process that keeps the workers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from balws.config.entries import Configuration
from balws.logs.children import fromChild
from balws.starting import failStart
from balws.workers.board import Board, newBoard
from balws.workers.child import Child
from balws.workers.command import Command
from balws.workers.folder import AdminFolder
from balws.workers.seat import Seat
from balws.workers.sockets import OpenSocket, Sockets

__all__ = ["Supervisor"]

_log = Logger(namespace="balws")

#: Seconds that workers have beyond C{drainTimeout}, and after they were told to end at once.
GRACE = 2.0


class Supervisor(Service):
    """
    Opens the ports of a configuration and has C{[server] workers} processes serve them.

    It runs no code of a service, accepts no connection, and reads the configuration once: how
    many workers there are and what is listened to stays so until the next start.

    @ivar seats: the workers' places, in the order of their numbers.
    """

    def __init__(
        self,
        configuration: Configuration,
        file: str,
        reactor: Any = None,
        options: Sequence[str] = (),
        *,
        fail: Callable[[Any, str], None] = failStart,
        say: Callable[[bytes, int], None] = fromChild,
        folder: AdminFolder | None = None,
        companion: Any = None,
    ) -> None:
        """
        @param file: where the configuration was read from: the workers read it again.
        @param reactor: what listens and starts processes; L{None} is the global one.
        @param options: twistd's own for the workers, such as C{--reactor=asyncio}.
        @param fail: ends this process with a line, when a worker cannot start.
        @param say: takes each line that a worker writes, and its number.
        @param folder: where the workers have admin endpoints; L{None}: they have none.
        @param companion: the L{balws.application.ListenerService} of the admin endpoint for all of them, or
            L{None}: it is there from the time that the ports are open until no worker is left.
        @raise balws.ConfigurationError: with its place, for an endpoint that cannot be shared.
        """
        if reactor is None:
            from twisted.internet import reactor
        self._reactor: Any = reactor
        self._fail = fail
        self._folder = folder
        self._companion = companion
        server = configuration.server
        self._deadline = server.drainTimeout + GRACE
        self._command = Command(file, server.workers, options)
        self._sockets = Sockets(configuration.listeners, reactor)
        self._open: list[OpenSocket] = []
        self._unready = self._occupied = server.workers
        self._waiting: list[Deferred[None]] = []
        self._hasFailed = self._stops = self._atOnce = False
        self._gone: Deferred[None] = Deferred()
        self._killing: IDelayedCall | None = None
        self.seats = [
            Seat(number, reactor, self._start, say, self._left, self._ready, self._failed, self._empty)
            for number in range(1, server.workers + 1)
        ]

    # Life

    def privilegedStartService(self) -> None:
        """
        Open the ports.

        @raise balws.starting.CannotStart: when one cannot be opened.
        """
        Service.privilegedStartService(self)
        self._open = self._sockets.open()
        self._shared = newBoard(len(self.seats))
        self._board = Board(self._shared, len(self.seats))
        if self._companion is not None:
            self._companion.privilegedStartService()

    def startService(self) -> None:
        """
        Start the workers; L{whenReady} tells when they serve.  When one of them cannot
        start, the whole process ends with status 1 and what that worker said.
        """
        Service.startService(self)
        if self._companion is not None:
            self._companion.startService()
        if self._folder is not None:
            try:
                self._folder.make()
            except OSError as problem:
                self._failed(f"balws: the start failed: {problem}")
        for seat in self.seats:
            seat.fill()

    def whenReady(self) -> Deferred[None]:
        """
        @return: fires when every worker has served once.
        """
        serving: Deferred[None] = Deferred()
        if self._unready:
            self._waiting.append(serving)
        else:
            serving.callback(None)
        if self._companion is not None:
            serving.addCallback(lambda _: self._companion.whenReady())
        return serving

    def reload(self) -> None:
        """
        Have every worker read again what may have changed.
        """
        for seat in self.seats:
            seat.reload()

    def stopService(self) -> Deferred[Any]:
        """
        Have every worker drain.  Those that are left after C{drainTimeout} and two seconds
        more are killed.

        @return: fires when nobody is left.
        """
        Service.stopService(self)
        self._stops = True
        closed = self._sockets.close()
        self._killIn(self._deadline)
        for seat in self.seats:
            seat.drain()
        if self._atOnce:
            self.stopNow()
        return DeferredList([closed, self._gone]).addCallback(self._alone)

    def _alone(self, result: Any) -> Any:
        if self._folder is not None:
            self._folder.remove()
        return result if self._companion is None else self._companion.stopService()

    def stopNow(self) -> None:
        """
        Have every worker end at once; those that are left after two seconds are killed.  Before
        L{stopService} it says how that shall be done.
        """
        self._atOnce = True
        if not self._stops or not self._occupied:
            return
        self._killIn(GRACE)
        if self._companion is not None:
            self._companion.stopNow()
        for seat in self.seats:
            seat.stop()

    def _killIn(self, delay: float) -> None:
        if self._killing is not None:
            self._killing.cancel()
        self._killing = self._reactor.callLater(delay, self._kill)

    def _kill(self) -> None:
        self._killing = None
        for seat in self.seats:
            seat.kill()

    # What the seats tell

    def _start(self, child: Child, number: int) -> None:
        admin = None if self._folder is None else self._folder.socket(number)
        self._command.start(self._reactor, child, number, self._shared, self._open, admin)

    def _left(self, number: int) -> None:
        self._board.leave(number)

    def _ready(self) -> None:
        self._unready -= 1
        if not self._unready:
            _log.info("All {count} workers serve.", count=len(self.seats))
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                each.callback(None)

    def _failed(self, problem: str) -> None:
        # What hinders one hinders all: it is said once.
        if not self._hasFailed:
            self._hasFailed = True
            self._fail(self._reactor, problem)

    def _empty(self) -> None:
        self._occupied -= 1
        if not self._occupied:
            if self._killing is not None:
                self._killing.cancel()
                self._killing = None
            os.close(self._shared)
            self._gone.callback(None)
