# -*- test-case-name: tests.workers.test_worker -*-
"""
A worker, as it sees itself: what it has from its supervisor.

Its descriptors: 1 takes its log, from L{ORDERS} it reads what it shall do, to L{NEWS} it tells
that it serves, L{BOARD} is the memory that all workers share, and from L{FIRST_SOCKET} on there
are the sockets of the listeners.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote

import attrs
from twisted.internet.fdesc import setNonBlocking
from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.config.admin import AdminConfiguration
from balws.config.entries import Configuration
from balws.config.following import followers, whereOf
from balws.config.place import Place
from balws.errors import ConfigurationError
from balws.server.adopted import AdoptedEndpoint
from balws.workers.board import Board
from balws.workers.pipe import LogPipe

__all__ = ["DRAIN", "READY", "RELOAD", "STOP", "Worker", "currentWorker", "inEnvironment"]

LOG, ORDERS, NEWS, BOARD, FIRST_SOCKET = 1, 3, 4, 5, 6

_log = Logger(namespace="balws.workers")

#: What a worker is told: a byte each.  The end of the pipe means L{DRAIN}, too: the
#: supervisor is gone, however it ended.
RELOAD, DRAIN, STOP = b"r", b"d", b"s"

#: What it tells.
READY = b"y"

#: C{number/count}; of each socket C{descriptor:family:where}, the last quoted; and a path.
_WHO = "BALWS_WORKER"
_SOCKETS = "BALWS_WORKER_SOCKETS"
_ADMIN = "BALWS_WORKER_ADMIN"


@attrs.frozen
class _Inherited:
    fd: int
    family: int
    where: str


class Worker:
    """
    This process, which is one of several.

    @ivar number: from 1 to C{count}.
    @ivar count: how many there are.
    @ivar log: where the observer of its log writes.
    @ivar admin: the path of the socket where its supervisor asks how it does; L{None}: nobody does.
    """

    def __init__(self, number: int, count: int, sockets: Iterable[_Inherited], admin: str | None = None) -> None:
        self.number = number
        self.count = count
        self.admin = admin
        self.log = LogPipe(LOG)
        self._sockets = dict(enumerate(sockets))
        self._board = Board(BOARD, count, number)

    def share(self, limit: int) -> int:
        """
        @param limit: of all workers together; 0 is none.
        @return: that of this one, rounded up.
        """
        return -(-limit // self.count)

    def served(self, configuration: Configuration) -> Configuration:
        """
        Find out which listener has which socket: they were opened for the file as it was when the
        supervisor started, and it may have changed.

        @return: the configuration without the listeners that have no socket, but for the case
            that none has, and L{administered}.
        """
        configuration = self.administered(configuration)
        entries = configuration.listeners
        sockets = list(self._sockets.values())
        found = followers([each.where for each in sockets], [whereOf(each) for each in entries])
        kept = sorted(index for index in found if index is not None)
        # What is negative is no listener's.
        self._sockets = {
            -1 - number if index is None else kept.index(index): sockets[number] for number, index in enumerate(found)
        }
        new = [f"listeners[{index}]" for index in range(len(entries)) if index not in kept]
        if not kept or not new:
            return configuration
        _log.warn("Only a restart opens {keys}.", keys=", ".join(new))
        return attrs.evolve(configuration, listeners=tuple(entries[index] for index in kept))

    def administered(self, configuration: Configuration) -> Configuration:
        """
        @return: the configuration with the admin endpoint of this process, where its supervisor asks: that of
            the file is the supervisor's.
        """
        admin = None if self.admin is None else AdminConfiguration(endpoint=f"unix:{self.admin}")
        return attrs.evolve(configuration, admin=admin)

    def endpoint(self, index: int, reactor: Any, place: Place | None = None) -> AdoptedEndpoint:
        """
        @param index: of the listener, counted from 0, in what is L{served}.
        @param place: where the listener stands in its file, for the error.
        @raise ConfigurationError: when the supervisor has no socket for it.
        """
        found = self._sockets.pop(index, None)
        if found is None:
            words = "this listener is new: restart all, since the ports are opened then"
            raise ConfigurationError(words) if place is None else place.error(words)
        return AdoptedEndpoint(reactor, found.fd, found.family, self._board)

    def ready(self) -> None:
        """
        Tell the supervisor that the listeners listen.  Sockets that none of them wanted are closed.
        """
        self._board.appear()
        while self._sockets:
            os.close(self._sockets.popitem()[1].fd)
        try:
            os.write(NEWS, READY)
        except OSError:
            # It is gone: the pipe of orders says so, too.
            pass

    def watch(
        self,
        reactor: Any,
        *,
        reload: Callable[[], object],
        drain: Callable[[], object],
        stop: Callable[[], object],
    ) -> None:
        """
        Do from now on what the supervisor says.

        @param reload: read again what may have changed.
        @param drain: end in order; called once, also when the supervisor is gone.
        @param stop: end at once.
        """
        setNonBlocking(ORDERS)
        reactor.addReader(_Orders(reactor, {RELOAD: reload, DRAIN: drain, STOP: stop}))
        self.log.attach(reactor)


@implementer(IReadDescriptor)
class _Orders:
    """
    The pipe of orders.
    """

    def __init__(self, reactor: Any, meanings: Mapping[bytes, Callable[[], object]]) -> None:
        self._reactor = reactor
        self._meanings = meanings
        self._drains = False

    def fileno(self) -> int:
        """
        @return: the pipe.
        """
        return ORDERS

    def logPrefix(self) -> str:
        """
        @return: a name for the reactor's own log.
        """
        return "orders"

    def doRead(self) -> None:
        """
        There are some, or it is the end.
        """
        try:
            data = os.read(ORDERS, 64)
        except BlockingIOError:
            return
        if not data:
            self._reactor.removeReader(self)
            data = DRAIN
        for number in data:
            self._do(bytes((number,)))

    def _do(self, order: bytes) -> None:
        if order == DRAIN:
            if self._drains:
                return
            self._drains = True
        meaning = self._meanings.get(order)
        if meaning is not None:
            meaning()

    def connectionLost(self, reason: Failure) -> None:
        """
        The end of the pipe, as some reactors tell it; or this one stops, and all drains already.
        """
        self._do(DRAIN)


_current: Worker | None = None


def currentWorker(environment: MutableMapping[str, str] | None = None) -> Worker | None:
    """
    @param environment: read, and rid of what is for us alone, so that what this process starts is
        no worker; L{None}: the process's own.
    @return: this process as a worker, the same each time; L{None} when it is none.
    @raise ConfigurationError: when the environment names sockets that are not there.
    """
    global _current
    environment = os.environ if environment is None else environment
    who, sockets = environment.pop(_WHO, None), environment.pop(_SOCKETS, "")
    admin = environment.pop(_ADMIN, None)
    if who is not None:
        try:
            _current = _read(who, sockets, admin)
        except (ValueError, OSError):
            raise ConfigurationError(f"{_WHO} is for processes that balws starts itself") from None
        atexit.register(_current.log.finish)
    return _current


def _read(who: str, sockets: str, admin: str | None) -> Worker:
    number, count = map(int, who.split("/"))
    if not 1 <= number <= count:
        raise ValueError(who)
    pairs = [each.split(":") for each in sockets.split(",")]
    inherited = [_Inherited(int(fd), int(family), unquote(where)) for fd, family, where in pairs]
    # What a service starts shall not keep a port open, nor the supervisor waiting.
    for fd in (ORDERS, NEWS, BOARD, *(each.fd for each in inherited)):
        os.set_inheritable(fd, False)
    return Worker(number, count, inherited, admin)


def inEnvironment(
    number: int, count: int, sockets: Iterable[tuple[int, str]], admin: str | None = None
) -> dict[str, str]:
    """
    @param sockets: those of the listeners, each with its family and where it listens; their
        descriptors begin with L{FIRST_SOCKET}.
    @param admin: the path of the socket for its admin endpoint; L{None}: it has none.
    @return: what makes a process a worker.
    """
    described = [
        f"{FIRST_SOCKET + index}:{family}:{quote(where, safe='')}" for index, (family, where) in enumerate(sockets)
    ]
    found = {_WHO: f"{number}/{count}", _SOCKETS: ",".join(described)}
    return found if admin is None else {**found, _ADMIN: admin}
