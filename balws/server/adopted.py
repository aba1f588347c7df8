# -*- test-case-name: tests.server.test_adopted -*-
"""
A listening socket that somebody else has opened, and that several processes share.
"""

from __future__ import annotations

import os
import socket
from typing import Any, Protocol

from twisted.internet import tcp, unix
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import AlreadyListened
from twisted.internet.fdesc import setNonBlocking
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.python import log
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.wire.prompt import TcpTransport, UnixTransport

__all__ = ["AdoptedEndpoint", "Burden"]

#: Seconds for which a process leaves new connections to the others when it has more than its share.
COURTESY = 0.005

#: So many connections are accepted at a time: who takes all that wait leaves nothing to the others.
AT_A_TIME = 16


class Burden(Protocol):
    """
    How many connections this process has, beside the others that share its sockets.
    """

    def add(self, count: int) -> None:
        """
        There are so many more, or for a negative number less.
        """

    def isAhead(self) -> bool:
        """
        @return: whether it has more than others, and they had better take the next.
        """


@implementer(IStreamServerEndpoint)
class AdoptedEndpoint:
    """
    Listens with a socket that was inherited.  To stop listening leaves it open for the others
    that have it, and leaves a UNIX socket's file alone.

    The system wakes all who wait for a connection, and one and the same of them would be the
    first nearly always: so who has more connections than another waits for a moment.
    """

    def __init__(self, reactor: Any, fd: int, family: int, burden: Burden) -> None:
        """
        @param fd: the socket, which listens already.
        @param family: such as L{socket.AF_INET}.
        """
        self._reactor = reactor
        self._fd = fd
        self._family = family
        self._burden = burden
        self._used = False

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        Accept connections, once.

        @return: fires with the port at once; fails with
            L{AlreadyListened<twisted.internet.error.AlreadyListened>} the second time.
        """
        if self._used:
            return fail(AlreadyListened())
        self._used = True
        try:
            setNonBlocking(self._fd)
            port: Any
            if self._family == socket.AF_UNIX:
                port = _UnixPort._fromListeningDescriptor(self._reactor, self._fd, protocolFactory)
            else:
                port = _TcpPort._fromListeningDescriptor(self._reactor, self._fd, self._family, protocolFactory)
            port.burden = self._burden
            port.startListening()
        except Exception:
            return fail()
        finally:
            # The port has a duplicate of its own.
            os.close(self._fd)
        return succeed(port)


class _Counted:
    """
    A connection that counts as long as it is open.
    """

    _counts = False

    def __init__(self, sock: Any, protocol: Any, client: Any, server: Any, number: int, reactor: Any) -> None:
        super().__init__(sock, protocol, client, server, number, reactor)  # type: ignore[call-arg]
        self._counts = True
        self._burden: Burden = server.burden
        self._burden.add(1)

    def connectionLost(self, reason: Failure) -> None:
        """
        It is gone.
        """
        super().connectionLost(reason)  # type: ignore[misc]
        if self._counts:
            self._counts = False
            self._burden.add(-1)


class _TcpConnection(_Counted, TcpTransport):
    """
    Over TCP.
    """


class _UnixConnection(_Counted, UnixTransport):
    """
    Over a UNIX socket.
    """


class _TcpPort(tcp.Port):
    """
    A port that lets others go first.

    @ivar burden: how many connections it has.
    """

    transport: Any = _TcpConnection
    reactor: Any
    burden: Burden
    _later: IDelayedCall | None = None

    def doRead(self) -> None:
        """
        Somebody connects.
        """
        if self.burden.isAhead():
            self.stopReading()
            self._later = self.reactor.callLater(COURTESY, self._goOn)
        else:
            self._accept()

    def _goOn(self) -> None:
        # The others had their chance: they may be busy.
        self._later = None
        if not self.disconnecting:
            self.startReading()
            self._accept()

    def _accept(self) -> None:
        self.numberAccepts = min(self.numberAccepts, AT_A_TIME)
        super().doRead()

    def connectionLost(self, reason: Failure) -> None:
        """
        It listens no more.
        """
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._closed(reason)

    def _closed(self, reason: Failure) -> None:
        super().connectionLost(reason)


class _UnixPort(_TcpPort, unix.Port):
    """
    Twisted takes a UNIX socket for its own even where it was adopted: it would change the
    file's permissions, shut it down for all who share it, and remove it.
    """

    transport = _UnixConnection

    def startListening(self) -> None:
        """
        Accept connections.
        """
        listening, self._preexistingSocket = self._preexistingSocket, None
        assert listening is not None
        self._shouldShutdown = False
        log.msg(f"{self._getLogPrefix(self.factory)} starting on {os.fsdecode(listening.getsockname())!r}")
        factory: Any = self.factory
        factory.doStart()
        self.connected = True
        self.socket = listening
        self.fileno = listening.fileno  # type: ignore[method-assign]
        self.numberAccepts = AT_A_TIME
        self.startReading()

    def _closed(self, reason: Failure) -> None:
        tcp.Port.connectionLost(self, reason)
