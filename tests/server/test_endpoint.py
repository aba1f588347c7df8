"""
Tests of L{balws.server.endpoint}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import ConfigurationError
from balws.server.endpoint import BACKLOG, endpointFor


class EndpointTests(SynchronousTestCase):
    """
    L{endpointFor}.
    """

    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()

    def test_ports(self) -> None:
        """
        A port is one of the host, of IPv4 or IPv6, where a crowd may wait.
        """
        for host in ("127.0.0.1", "::1"):
            endpoint, name = endpointFor(80, self.reactor, host)
            self.assertEqual(name, f"{host}:80")
            self.successResultOf(endpoint.listen(Factory()))
            port, _, backlog, interface = self.reactor.tcpServers.pop()
            self.assertEqual((port, backlog, interface), (80, BACKLOG, host))

    def test_endpoints(self) -> None:
        """
        An endpoint is used as it is, and a string describes one; the host is of no interest.
        """
        own = TCP4ServerEndpoint(self.reactor, 80)
        self.assertEqual(endpointFor(own, self.reactor, "x"), (own, "TCP4ServerEndpoint"))
        endpoint, name = endpointFor("tcp:81:interface=127.0.0.1", self.reactor, "x")
        self.assertTrue(IStreamServerEndpoint.providedBy(endpoint))
        self.assertEqual(name, "tcp:81:interface=127.0.0.1")

    def test_refused(self) -> None:
        """
        What is none of them is refused by its key.
        """
        for given, key in ((-1, "port"), (65536, "port"), (True, "port"), (None, "port"), ("tcp", "endpoint")):
            error = self.assertRaises(ConfigurationError, endpointFor, given, self.reactor, "x")
            self.assertEqual(error.path, key)
