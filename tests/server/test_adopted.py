"""
Tests of L{balws.server.adopted}, with real sockets.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint, connectProtocol
from twisted.internet.error import AlreadyListened
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from balws.server import adopted
from balws.server.adopted import AdoptedEndpoint


class Burden:
    """
    Counts, and is ahead as it is told to be.
    """

    def __init__(self) -> None:
        self.count = 0
        self.ahead = False
        self.asked = 0
        self.changed: Deferred[None] = Deferred()

    def add(self, count: int) -> None:
        self.count += count
        changed, self.changed = self.changed, Deferred()
        changed.callback(None)

    def isAhead(self) -> bool:
        self.asked += 1
        return self.ahead


class Server(Factory):
    """
    Hands out who has connected.
    """

    noisy = False
    protocol = Protocol


class AdoptedTests(TestCase):
    """
    A socket that two share.
    """

    def setUp(self) -> None:
        self.burden = Burden()

    def inherit(self, listening: socket.socket) -> AdoptedEndpoint:
        """
        @return: an endpoint with a descriptor of its own for this socket.
        """
        self.listening = listening
        self.addCleanup(listening.close)
        self.fd = os.dup(listening.fileno())
        return AdoptedEndpoint(reactor, self.fd, listening.family, self.burden)

    def tcp(self) -> AdoptedEndpoint:
        endpoint = self.inherit(socket.create_server(("127.0.0.1", 0)))
        self.client: Any = TCP4ClientEndpoint(reactor, *self.listening.getsockname())
        return endpoint

    def unix(self) -> AdoptedEndpoint:
        self.path = Path(self.mktemp())
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.path))
        self.path.chmod(0o600)
        listening.listen(50)
        endpoint = self.inherit(listening)
        self.client = UNIXClientEndpoint(reactor, str(self.path))
        return endpoint

    def listen(self, endpoint: AdoptedEndpoint) -> Any:
        """
        @return: the port.
        """
        port: Any = self.successResultOf(endpoint.listen(Server()))
        self.addCleanup(port.stopListening)
        return port

    def test_twice(self) -> None:
        """
        It listens once, and keeps no descriptor beside the port's own.
        """
        endpoint = self.tcp()
        verifyObject(IStreamServerEndpoint, endpoint)
        port = self.listen(endpoint)
        verifyObject(IListeningPort, port)
        self.assertEqual(port.getHost().port, self.listening.getsockname()[1])
        self.assertRaises(OSError, os.fstat, self.fd)
        self.failureResultOf(endpoint.listen(Server()), AlreadyListened)

    def test_noSocket(self) -> None:
        """
        What is no socket cannot be listened to.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        endpoint = AdoptedEndpoint(reactor, reading, socket.AF_INET, self.burden)
        self.failureResultOf(endpoint.listen(Server()), OSError)
        self.assertRaises(OSError, os.fstat, reading)

    @inlineCallbacks
    def connectAndStop(self, endpoint: AdoptedEndpoint) -> Any:
        """
        Connect, disconnect, stop; then the other that shares the socket accepts.
        """
        port = self.listen(endpoint)
        changed = self.burden.changed
        protocol = yield connectProtocol(self.client, Protocol())
        yield changed
        self.assertEqual(self.burden.count, 1)
        changed = self.burden.changed
        protocol.transport.loseConnection()
        yield changed
        self.assertEqual(self.burden.count, 0)
        yield port.stopListening()
        with socket.socket(self.listening.family) as other:
            other.connect(self.listening.getsockname())
            self.listening.setblocking(True)
            self.listening.settimeout(5)
            self.listening.accept()[0].close()

    def test_tcp(self) -> Any:
        """
        Connections count as long as they are open; to stop leaves the port to the others.
        """
        return self.connectAndStop(self.tcp())

    @inlineCallbacks
    def test_unix(self) -> Any:
        """
        The same with a UNIX socket: its file stays, and so do its permissions.
        """
        yield self.connectAndStop(self.unix())
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    @inlineCallbacks
    def test_ahead(self) -> Any:
        """
        Who has more than others lets them go first, and takes the connection that nobody took.
        """
        self.burden.ahead = True
        port = self.listen(self.tcp())
        changed = self.burden.changed
        protocol = yield connectProtocol(self.client, Protocol())
        yield changed
        self.assertGreaterEqual(self.burden.asked, 1)
        self.assertEqual(self.burden.count, 1)
        protocol.transport.loseConnection()
        yield self.burden.changed
        self.assertLessEqual(port.numberAccepts, adopted.AT_A_TIME)

    @inlineCallbacks
    def test_stoppedMeanwhile(self) -> Any:
        """
        One that stops while it lets others go first takes nothing more.
        """
        self.patch(adopted, "COURTESY", 600)
        self.burden.ahead = True
        asked: Deferred[None] = Deferred()
        port = self.listen(self.tcp())

        def isAhead() -> bool:
            asked.callback(None)
            return True

        self.burden.isAhead = isAhead  # type: ignore[method-assign]
        protocol = yield connectProtocol(self.client, Protocol())
        yield asked
        yield port.stopListening()
        self.assertEqual(self.burden.count, 0)
        protocol.transport.abortConnection()
