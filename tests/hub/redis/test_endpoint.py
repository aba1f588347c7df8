"""
Tests of L{balws.hub.redis.endpoint}; TLS itself is tested with real servers.
"""

from __future__ import annotations

from typing import Any, cast

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.config import HubConfiguration
from balws.errors import ConfigurationError, SslError
from balws.hub.redis.address import RedisAddress
from balws.hub.redis.endpoint import HostEndpoint, Threshold, endpointFor
from balws.hub.redis.problem import wordsFor
from balws.hub.redis.sentinel import SentinelEndpoint


class Tls:
    """
    A TLS side that says what a test wants.
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self.wrong: SslError | None = None
        self.checking: Deferred[None] | None = None

    def verify(self, connection: object) -> None:
        if self.wrong is not None:
            raise self.wrong

    def check(self, connection: object) -> Deferred[None] | None:
        return self.checking


class Line(StringTransport):
    """
    A transport with TLS, as Twisted's.
    """

    isAborted = False
    wrappedProtocol: Any = None
    protocol: Any = None

    def getHandle(self) -> None:
        pass

    def abortConnection(self) -> None:
        self.isAborted = True


class Redis(Protocol):
    """
    The real protocol.
    """

    def __init__(self) -> None:
        self.heard = b""

    def dataReceived(self, data: bytes) -> None:
        self.heard += data


class ThresholdTests(SynchronousTestCase):
    """
    Nothing is said before it is known who is there.
    """

    def threshold(self, tls: Tls | None) -> Threshold:
        """
        @return: one that is connected.
        """
        made = Threshold(Factory.forProtocol(Redis), cast(Any, tls))
        self.line = Line(peerAddress=IPv4Address("TCP", "127.0.0.1", 1))
        made.makeConnection(self.line)
        return made

    def test_plain(self) -> None:
        """
        Without TLS the protocol is connected at once.
        """
        threshold = self.threshold(None)
        protocol = self.successResultOf(threshold.ready)
        self.assertIs(self.line.protocol, protocol)
        self.assertIs(protocol.transport, self.line)

    def test_verified(self) -> None:
        """
        With TLS it is when the server is verified; what came before is not lost.
        """
        threshold = self.threshold(Tls())
        self.assertNoResult(threshold.ready)
        threshold.dataReceived(b"-DENIED\r\n")
        threshold.handshakeCompleted()
        protocol = self.successResultOf(threshold.ready)
        self.assertIs(self.line.wrappedProtocol, protocol)
        self.assertEqual(protocol.heard, b"-DENIED\r\n")

    def test_otherHost(self) -> None:
        """
        A server that is another is left.
        """
        tls = Tls()
        tls.wrong = SslError("another host")
        threshold = self.threshold(tls)
        threshold.handshakeCompleted()
        self.failureResultOf(threshold.ready, SslError)
        self.assertTrue(self.line.isAborted)

    def test_revocation(self) -> None:
        """
        Nothing is read while it is asked whether a certificate was revoked; the connection
        goes on, or ends, when that is known.
        """
        for isGood in True, False:
            tls = Tls()
            tls.checking = checking = Deferred()
            threshold = self.threshold(tls)
            threshold.handshakeCompleted()
            self.assertNoResult(threshold.ready)
            self.assertEqual(self.line.producerState, "paused")
            if isGood:
                checking.callback(None)
                self.successResultOf(threshold.ready)
                self.assertEqual(self.line.producerState, "producing")
            else:
                checking.errback(SslError("revoked"))
                self.failureResultOf(threshold.ready, SslError)
                self.assertTrue(self.line.isAborted)

    def test_lost(self) -> None:
        """
        A connection that is lost before says why: what is wrong with the certificate, what
        TLS says, or that it was lost.
        """
        for told, reason, words in (
            ("the certificate has expired", SSL.Error([]), "the certificate has expired"),
            (None, SSL.Error([("", "", "wrong version number")]), "what came is no TLS"),
        ):
            tls = Tls()
            tls.problem = told
            threshold = self.threshold(tls)
            threshold.connectionLost(Failure(reason))
            self.assertEqual(str(self.failureResultOf(threshold.ready, SslError).value), words)
        threshold = self.threshold(Tls())
        threshold.connectionLost(Failure(ConnectionLost()))
        self.failureResultOf(threshold.ready, ConnectionLost)

    def test_cancelled(self) -> None:
        """
        Who gives up leaves no connection and no question behind.
        """
        tls = Tls()
        asked: list[object] = []
        tls.checking = Deferred(asked.append)
        threshold = self.threshold(tls)
        threshold.handshakeCompleted()
        threshold.ready.cancel()
        self.failureResultOf(threshold.ready, CancelledError)
        self.assertTrue(self.line.isAborted)
        self.assertEqual(len(asked), 1)


class EndpointTests(SynchronousTestCase):
    """
    What an address is reached by.
    """

    def endpoint(self, url: str, **fields: Any) -> Any:
        """
        @return: the endpoint of a URL.
        """
        return endpointFor(RedisAddress.parse(url), HubConfiguration(url=url, **fields), Clock())

    def test_kinds(self) -> None:
        """
        A socket, a host, or sentinels.
        """
        self.assertIsInstance(self.endpoint("unix:///run/redis.sock"), UNIXClientEndpoint)
        self.assertIsInstance(self.endpoint("rediss+sentinel://h/m"), SentinelEndpoint)
        host = self.endpoint("rediss://h:1")
        self.assertIsInstance(host, HostEndpoint)
        self.assertEqual((host.host, host.port), ("h", 1))

    def test_connects(self) -> None:
        """
        It connects to its host by TCP, and gives up in time.
        """
        reactor = MemoryReactorClock()
        url = "redis://127.0.0.1:7"
        endpoint = endpointFor(RedisAddress.parse(url), HubConfiguration(url=url, timeout=5), reactor)
        connecting = endpoint.connect(Factory.forProtocol(Redis))
        reactor.advance(4.9)
        self.assertEqual(reactor.tcpClients[0][:2], ("127.0.0.1", 7))
        self.assertNoResult(connecting)
        reactor.advance(0.1)
        self.assertEqual(wordsFor(self.failureResultOf(connecting).value), "it did not answer in time")

    def test_silentTls(self) -> None:
        """
        Neither does it wait longer for a peer that accepts and never speaks TLS.
        """
        reactor = MemoryReactorClock()
        url = "rediss://127.0.0.1:7"
        endpoint = endpointFor(RedisAddress.parse(url), HubConfiguration(url=url, timeout=5), reactor)
        connecting = endpoint.connect(Factory.forProtocol(Redis))
        factory = reactor.tcpClients[0][2]
        line = Line()
        factory.buildProtocol(None).makeConnection(line)
        reactor.advance(4.9)
        self.assertNoResult(connecting)
        reactor.advance(0.1)
        self.assertEqual(wordsFor(self.failureResultOf(connecting).value), "it did not answer in time")
        self.assertTrue(line.isAborted)

    def test_files(self) -> None:
        """
        A file of certificates that cannot be used is an error at once, at its place.
        """
        for url in "rediss://h", "rediss+sentinel://h/m":
            error = self.assertRaises(ConfigurationError, self.endpoint, url, secureSocket={"cert": "/nowhere"})
            self.assertEqual(error.path, "secureSocket.cert")
