# -*- test-case-name: tests.tls.test_vestibule -*-
"""
Where accepted connections wait until TLS is there: nothing behind it sees a peer before
its handshake is complete and its certificate is checked, and none may take long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IHandshakeListener, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.errors import SslError
from balws.tls.context import reasonOf
from balws.tls.server import TlsServer
from balws.tls.transport import Transport

__all__ = ["secured"]

_log = Logger()

#: Is asked for each peer; what it returns is called when the peer waits no longer, and L{None}
#: turns him away.
Admit = Callable[[IAddress | None], Callable[[], object] | None]


def _everybody(address: IAddress | None) -> Callable[[], object]:
    return lambda: None


def secured(
    factory: IProtocolFactory, tlsServer: TlsServer, reactor: Any, admit: Admit = _everybody
) -> IProtocolFactory:
    """
    Put TLS in front of a factory: its protocols are made when the TLS of their connection
    is complete, on a transport that is encrypted.

    @param tlsServer: makes the TLS side, and checks peers.
    @param admit: says who may wait for TLS at all.
    """
    return InFront(tlsServer, Vestibules(factory, tlsServer, reactor, admit), reactor)


class InFront(TLSMemoryBIOFactory):
    """
    Twisted's, but that a peer may be turned away.

    @ivar clock: the reactor.
    """

    protocol: Any = Transport

    def __init__(self, creator: Any, behind: IProtocolFactory, clock: Any) -> None:
        """
        @param creator: see L{twisted.internet.interfaces.IOpenSSLServerConnectionCreator}.
        """
        super().__init__(creator, False, behind, clock)
        self.clock = clock

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """
        @return: L{None} for who is.
        """
        waiting = self.wrappedFactory.buildProtocol(addr)
        return None if waiting is None else self.protocol(self, waiting)


class Vestibules(Factory):
    """
    Makes L{Vestibule}s, and empties them when the port is closed.
    """

    noisy = False

    def __init__(self, factory: IProtocolFactory, tlsServer: TlsServer, reactor: Any, admit: Admit) -> None:
        self.factory = factory
        self._admit = admit
        self.tlsServer = tlsServer
        self.reactor = reactor
        self.inside: set[Vestibule] = set()

    def buildProtocol(self, addr: IAddress | None) -> Vestibule | None:
        """
        A peer was accepted.
        """
        departed = self._admit(addr)
        return None if departed is None else Vestibule(self, addr, departed)

    def doStart(self) -> None:
        """
        A port is open.
        """
        self.factory.doStart()
        super().doStart()  # type: ignore[no-untyped-call]

    def startFactory(self) -> None:
        """
        The first one is.
        """
        self.tlsServer.start()

    def doStop(self) -> None:
        """
        A port is closed.
        """
        super().doStop()  # type: ignore[no-untyped-call]
        self.factory.doStop()

    def stopFactory(self) -> None:
        """
        The last one is.
        """
        self.tlsServer.stop()
        for vestibule in list(self.inside):
            vestibule.leave("the listener stops")


@implementer(IHandshakeListener)
class Vestibule(Protocol):
    """
    One peer whose TLS is not there yet.

    @ivar problem: what is wrong with its certificate.
    """

    problem: str | None = None

    def __init__(self, vestibules: Vestibules, address: Any, departed: Callable[[], object]) -> None:
        self._vestibules = vestibules
        self._address = address
        self._departed = departed
        self._deadline: IDelayedCall | None = None
        self._checking: Deferred[None] | None = None
        self._early: list[bytes] = []
        self._left = False

    def connectionMade(self) -> None:
        """
        TCP is there; the TLS handshake begins.
        """
        self._vestibules.inside.add(self)
        timeout = self._vestibules.tlsServer.handshakeTimeout
        self._deadline = self._vestibules.reactor.callLater(timeout, self._tooLate, timeout)

    def _tooLate(self, timeout: float) -> None:
        self._deadline = None
        self.leave(f"it took longer than {timeout} s")

    def handshakeCompleted(self) -> None:
        """
        TLS is there.
        """
        transport: Any = self.transport
        checking = self._vestibules.tlsServer.check(transport.getHandle())
        if checking is None:
            self._enter()
        else:
            transport.pauseProducing()
            self._checking = checking
            checking.addCallbacks(self._checked, self._refused)

    def dataReceived(self, data: bytes) -> None:
        """
        What came along with the end of the handshake: no more than one read of the socket,
        for nothing is read while the certificate is checked.
        """
        self._early.append(data)

    def _checked(self, _: None) -> None:
        self._checking = None
        if not self._left:
            # First, for what this brings at once comes behind what is here.
            transport: Any = self.transport
            transport.resumeProducing()
            self._enter()

    def _refused(self, failure: Failure) -> None:
        self._checking = None
        if self._left:
            return
        if failure.check(SslError):
            self.leave(failure.getErrorMessage())
        else:
            _log.failure("The certificate of a peer could not be checked", failure)
            self.leave("its certificate could not be checked")

    def _enter(self) -> None:
        """
        The connection gets its real protocol, and this one goes.
        """
        if self._left:
            return
        transport: Any = self.transport
        # First, for it is one peer and not two.
        self._gone()
        protocol = self._vestibules.factory.buildProtocol(self._address)
        if protocol is None:
            self._drop("nobody is there for it")
            return
        transport.wrappedProtocol = protocol
        protocol.makeConnection(transport)
        if self._early:
            protocol.dataReceived(b"".join(self._early))
            self._early.clear()

    def leave(self, reason: str) -> None:
        """
        Drop the connection.

        @param reason: for the log.
        """
        self._gone()
        self._drop(reason)

    def _drop(self, reason: str) -> None:
        self._say(reason)
        transport: Any = self.transport
        transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The peer has left, or TLS could not be agreed on.
        """
        if self._left:
            return
        self._gone()
        if self.problem is not None:
            self._say(self.problem)
        elif isinstance(reason.value, SSL.Error):
            self._say(reasonOf(reason.value))
        else:
            self._say("it left")

    def _say(self, reason: str) -> None:
        # Debug: anybody can make as many of these lines as he likes.
        peer = getattr(self._address, "host", self._address)
        _log.debug("No TLS with {peer}: {reason}", peer=peer, reason=reason)

    def _gone(self) -> None:
        self._left = True
        self._vestibules.inside.discard(self)
        self._departed()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        checking, self._checking = self._checking, None
        if checking is not None:
            checking.cancel()
