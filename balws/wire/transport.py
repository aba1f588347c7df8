# -*- test-case-name: tests.wire.test_transport -*-
"""
What we do with a transport that Twisted has no single call for: see what is
unsent, and end a connection so that the peer can still read our last words.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure


def unsent(transport: Any) -> int:
    """
    @return: how many bytes were written to the transport and not yet taken by the
        kernel.  0 for transports that do not tell, such as those of tests.
    """
    # TLS sits on another transport, and passes on what it has no attribute for.
    while (below := getattr(transport, "transport", None)) is not None:
        transport = below
    buffered = getattr(transport, "dataBuffer", b"")
    return len(buffered) - getattr(transport, "offset", 0) + getattr(transport, "_tempDataLen", 0)


def shutdownWriting(transport: Any) -> None:
    """
    Flush, then tell the peer that no more will come, and go on reading: closing at
    once would answer what the peer is still sending with a reset, and the reset
    would overtake our last words (RFC 6455 section 7.1.1).

    TLS ends by halves of its own: it says that no more comes, and reads on until the
    peer has said so too.  To half-close the TCP below would be faster than what TLS
    has not yet passed on.
    """
    transport.unregisterProducer()
    half = getattr(transport, "loseWriteConnection", None)
    if half is None:
        transport.loseConnection()
        return
    transport.resumeProducing()
    if ISSLTransport.providedBy(transport):
        transport.loseConnection()
    else:
        half()


def close(transport: Any) -> None:
    """
    Close as soon as what was written is flushed.  TLS says that no more comes, and does
    not wait for the peer to say so, too: it need not (RFC 8446 section 6.1).
    """
    transport.unregisterProducer()
    transport.loseConnection()
    below = getattr(transport, "transport", None)
    if below is not None:
        below.loseConnection()


class Lingering(Protocol):
    """
    Owns a transport after its last bytes were written: throws away what the peer
    still sends, and drops the connection when the peer does or when time is over.
    """

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        shutdownWriting(self.transport)
        self._deadline = self._clock.callLater(self._seconds, self._abort)

    def _abort(self) -> None:
        self._deadline = None
        transport: Any = self.transport
        transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """
        Thrown away.
        """

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def give(transport: Any, protocol: Protocol) -> None:
    """
    Make C{protocol} the owner of a transport that already has one.
    """
    transport.unregisterProducer()
    if hasattr(transport, "wrappedProtocol"):
        transport.wrappedProtocol = protocol
    else:
        transport.protocol = protocol
    protocol.makeConnection(transport)
