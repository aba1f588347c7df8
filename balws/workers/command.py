# -*- test-case-name: tests.workers.test_command -*-
"""
How a worker is started.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.interfaces import IProcessProtocol, IProcessTransport

from balws.workers.sockets import OpenSocket
from balws.workers.worker import BOARD, FIRST_SOCKET, LOG, NEWS, ORDERS, inEnvironment

__all__ = ["Command"]

#: A session of its own keeps a terminal's Ctrl-C away, which its supervisor has, too.  It finds
#: modules where its supervisor finds them, and not in whatever folder it happens to be (-P), and
#: what it prints before its log begins is seen at once (-u).
_BEGIN = (
    "import os, sys; os.setsid(); sys.path[:] = os.environ.pop('BALWS_WORKER_PATH').split(os.pathsep); "
    "from twisted.scripts.twistd import run; run()"
)

#: What speaks to the process that a service manager started, and to no other.
_NOT_FOR_WORKERS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


@attrs.frozen
class Command:
    """
    Starts workers that serve one file.

    @ivar file: the configuration, as it was given.
    @ivar count: how many workers there are.
    @ivar options: twistd's own, such as C{--reactor=asyncio}.
    @ivar folder: where C{file} is looked for.
    """

    file: str
    count: int
    options: Sequence[str] = ()
    folder: str = attrs.field(factory=os.getcwd)

    def start(
        self,
        reactor: Any,
        protocol: IProcessProtocol,
        number: int,
        board: int,
        sockets: Sequence[OpenSocket],
        admin: str | None = None,
    ) -> IProcessTransport:
        """
        @param number: the worker's, from 1.
        @param board: the descriptor of what L{balws.workers.board} has made.
        @param admin: see L{inEnvironment}.
        @raise OSError: when the system gives no further process.
        """
        devices: dict[int, Any] = {LOG: "r", 2: "r", ORDERS: "w", NEWS: "r", BOARD: board}
        inherited = {FIRST_SOCKET + index: each.fd for index, each in enumerate(sockets)}
        described = inEnvironment(number, self.count, [(each.family, each.where) for each in sockets], admin)
        environment = {key: value for key, value in os.environ.items() if key not in _NOT_FOR_WORKERS}
        environment.update(described, BALWS_WORKER_PATH=os.pathsep.join(sys.path))
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            transport: IProcessTransport = reactor.spawnProcess(
                protocol,
                sys.executable,
                [sys.executable, "-Pu", "-c", _BEGIN, *self._arguments()],
                env=environment,
                path=self.folder,
                childFDs={0: nothing, **devices, **inherited},
            )
        finally:
            os.close(nothing)
        return transport

    def _arguments(self) -> list[str]:
        # Where twistd went by --rundir, or as it went into the background.
        here = os.getcwd()
        moved = [] if here == self.folder else [f"--rundir={here}"]
        return [*self.options, *moved, "--nodaemon", "--pidfile=", "balws", "--config", self.file]
