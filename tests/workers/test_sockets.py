"""
Tests of L{balws.workers.sockets}.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import TestCase

from balws.config import ListenerEntry
from balws.config.listener import ListenerConfiguration
from balws.config.place import Place
from balws.errors import ConfigurationError
from balws.starting import CannotStart
from balws.workers.sockets import Sockets


def onPort(port: int, host: str = "127.0.0.1") -> ListenerEntry:
    return ListenerEntry(port=port, configuration=ListenerConfiguration(host=host))


class SocketsTests(TestCase):
    """
    Real sockets.
    """

    def test_open(self) -> Any:
        """
        Ports and endpoints are opened, with their families; nobody accepts.
        """
        path = Path(self.mktemp())
        sockets = Sockets([onPort(0), onPort(0, "::1"), ListenerEntry(endpoint=f"unix:{path}:mode=600")], reactor)
        found = sockets.open()
        self.assertEqual([each.family for each in found], [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        with socket.socket(fileno=os.dup(found[0].fd)) as port:
            socket.create_connection(port.getsockname(), 5).close()
            # It is still there for a worker.
            port.settimeout(5)
            port.accept()[0].close()
        for reader in reactor.getReaders():  # type: ignore[attr-defined]
            self.assertNotIn(reader.fileno(), [each.fd for each in found])
        return sockets.close().addCallback(lambda _: self.assertFalse(path.exists()))

    @inlineCallbacks
    def test_close(self) -> Any:
        """
        To close them leaves them to those who have inherited them.
        """
        sockets = Sockets([onPort(0)], reactor)
        (found,) = sockets.open()
        with socket.socket(fileno=os.dup(found.fd)) as inherited:
            yield sockets.close()
            socket.create_connection(inherited.getsockname(), 5).close()
            inherited.settimeout(5)
            inherited.accept()[0].close()

    def test_inUse(self) -> None:
        """
        When one cannot be opened, none is; the error is that of a single process.
        """
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            sockets = Sockets([onPort(0), onPort(port)], reactor)
            error = self.assertRaises(CannotStart, sockets.open)
        self.assertEqual(
            str(error).partition(": Couldn't")[0], f"balws: failed to start the listener on '127.0.0.1:{port}'"
        )
        self.assertEqual(sockets._ports, [])

    def test_refused(self) -> None:
        """
        An endpoint that does more than to open a socket is refused, and one that is none.
        """
        place = Place(file="balws.toml").child("listeners").child(0)
        for endpoint, words in (
            ("haproxy:tcp:9090", "several workers cannot share what haproxy: opens"),
            (
                "ssl:9090:privateKey=key.pem",
                "several workers cannot share what ssl: opens; use tcp: and give the listener a secureSocket",
            ),
            ("nothing:9090", "no endpoint is described by 'nothing:9090' (Unknown endpoint type: 'nothing')"),
        ):
            entry = ListenerEntry(endpoint=endpoint, place=place)
            error = self.assertRaises(ConfigurationError, Sockets, [entry], reactor)
            self.assertEqual(str(error), f"balws.toml: listeners[0].endpoint: {words}")
