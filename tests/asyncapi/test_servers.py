"""
Tests of L{balws.asyncapi.servers}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.servers import serverAt, serverOf
from balws.config import ListenerConfiguration, ListenerEntry
from balws.errors import ConfigurationError


class ServerTests(SynchronousTestCase):
    """
    Where services are.
    """

    def at(self, **fields: Any) -> tuple[str, str]:
        server = serverOf(ListenerEntry(**fields))
        return server["protocol"], server["host"]

    def test_ports(self) -> None:
        """
        A port at its host; what listens everywhere is at localhost, and a usual port, or one that
        nobody knows, is not named.
        """
        here = ListenerConfiguration(host="127.0.0.1")
        self.assertEqual(self.at(port=9090, configuration=here), ("ws", "127.0.0.1:9090"))
        self.assertEqual(self.at(port=9090), ("ws", "localhost:9090"))
        self.assertEqual(self.at(port=80), ("ws", "localhost"))
        self.assertEqual(self.at(port=0), ("ws", "localhost"))
        self.assertEqual(self.at(port=81, configuration=ListenerConfiguration(host="::1")), ("ws", "[::1]:81"))
        socket = {"key": {"certFile": "a", "keyFile": "b"}}
        secure = ListenerConfiguration(secureSocket=socket)  # type: ignore[arg-type]
        self.assertEqual(self.at(port=443, configuration=secure), ("wss", "localhost"))

    def test_endpoints(self) -> None:
        """
        An endpoint's string says the same.
        """
        self.assertEqual(self.at(endpoint="tcp:9090:interface=127.0.0.1"), ("ws", "127.0.0.1:9090"))
        self.assertEqual(self.at(endpoint="tcp6:port=9090:interface=\\:\\:1"), ("ws", "[::1]:9090"))
        self.assertEqual(self.at(endpoint="ssl:8443:privateKey=k"), ("wss", "localhost:8443"))
        self.assertEqual(self.at(endpoint="unix:/run/chat.sock"), ("ws", "localhost"))
        self.assertIn("unix", serverOf(ListenerEntry(endpoint="unix:/run/chat.sock"))["description"])

    def test_given(self) -> None:
        """
        A URL names scheme, host and port, and perhaps a path in front.
        """
        self.assertEqual(serverAt("wss://chat.example"), {"host": "chat.example", "protocol": "wss"})
        self.assertEqual(
            serverAt("ws://[::1]:9090/v1/"), {"host": "[::1]:9090", "protocol": "ws", "pathname": "/v1"}
        )

    def test_wrong(self) -> None:
        """
        What is no server's URL is refused, without being repeated: it may hold a password.
        """
        for url in ("http://a", "ws://", "ws://a:b@c", "ws://a?x", "ws://a#x", "ws://a:99999", "ws://a b", "a"):
            words = str(self.assertRaises(ConfigurationError, serverAt, url))
            self.assertEqual(words, "a server is ws://HOST[:PORT][/PATH], or wss")
