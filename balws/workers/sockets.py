# -*- test-case-name: tests.workers.test_sockets -*-
"""
The ports of all listeners, opened by a process that never accepts a connection.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.endpoints import (
    AdoptedStreamServerEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    UNIXServerEndpoint,
    serverFromString,
)
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from balws.config.entries import ListenerEntry
from balws.config.following import whereOf
from balws.server.endpoint import BACKLOG
from balws.starting import CannotStart

__all__ = ["OpenSocket", "Sockets"]

#: What opens a socket and does nothing else: others speak TLS or another protocol on it, and
#: that part would be missing in the workers.
_PLAIN = (TCP4ServerEndpoint, TCP6ServerEndpoint, UNIXServerEndpoint, AdoptedStreamServerEndpoint)


@attrs.frozen
class OpenSocket:
    """
    A listening socket.

    @ivar fd: its file descriptor.
    @ivar family: such as L{socket.AF_INET}.
    @ivar where: the port or the endpoint, as L{balws.config.following} tells it.
    """

    fd: int
    family: int
    where: str


class _Nobody(Factory):
    """
    What would serve a connection if one were accepted.
    """

    noisy = False

    def logPrefix(self) -> str:
        """
        @return: the name in the log.
        """
        return "balws"


class Sockets:
    """
    One for each listener, in their order.
    """

    def __init__(self, entries: Iterable[ListenerEntry], reactor: Any) -> None:
        """
        @raise balws.ConfigurationError: with its place, for an endpoint that does more than
            to open a socket.
        """
        listeners = list(entries)
        self._endpoints = [_endpointOf(entry, reactor) for entry in listeners]
        self._wheres = [whereOf(entry) for entry in listeners]
        self._ports: list[Any] = []

    def open(self) -> list[OpenSocket]:
        """
        Open all; nobody accepts.

        @raise CannotStart: with one line, when one cannot be opened; then none is open.
        """
        for name, endpoint in self._endpoints:
            self._ports.append(self._listen(name, endpoint))
        return [
            OpenSocket(port.fileno(), _familyOf(port.fileno()), where)
            for port, where in zip(self._ports, self._wheres, strict=True)
        ]

    def _listen(self, name: str, endpoint: IStreamServerEndpoint) -> IListeningPort:
        found: list[Any] = []
        # Every endpoint that is left is here by now.
        maybeDeferred(endpoint.listen, _Nobody()).addBoth(found.append)
        (port,) = found
        if isinstance(port, Failure):
            self.close()
            raise CannotStart(f"balws: failed to start the listener on '{name}': {port.getErrorMessage()}")
        port.stopReading()
        # To close it here is to leave it to the workers, each of which closes its own.
        port._shouldShutdown = False
        return cast(IListeningPort, port)

    def close(self) -> Deferred[Any]:
        """
        Close all, here: who has inherited one still has it.  The file of a UNIX socket is
        removed.

        @return: fires when it is done.
        """
        ports, self._ports = self._ports, []
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])


def _endpointOf(entry: ListenerEntry, reactor: Any) -> tuple[str, IStreamServerEndpoint]:
    """
    @return: it, and its name for errors.
    """
    if entry.endpoint is None:
        host, port = entry.configuration.host, entry.port
        kind = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
        return f"{host}:{port}", kind(reactor, port, BACKLOG, host)
    name = entry.endpoint.partition(":")[0]
    if name == "ssl":
        words = "several workers cannot share what ssl: opens; use tcp: and give the listener a secureSocket"
        raise entry.place.error(words, "endpoint")
    try:
        endpoint = serverFromString(reactor, entry.endpoint)
    except Exception as error:
        # Each kind of endpoint has errors of its own for a string that it cannot use.
        words = f"no endpoint is described by {entry.endpoint!r} ({error})"
        raise entry.place.error(words, "endpoint") from None
    if type(endpoint) not in _PLAIN:
        raise entry.place.error(f"several workers cannot share what {name}: opens", "endpoint")
    return entry.endpoint, endpoint


def _familyOf(fd: int) -> int:
    with socket.socket(fileno=os.dup(fd)) as duplicate:
        return int(duplicate.family)
