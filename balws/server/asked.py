# -*- test-case-name: tests.server.test_asked -*-
"""
A request for an upgrade, as the gate, the arguments and the attempt see it, whoever has read
its head: Twisted Web, or L{balws.server.shortcut}.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from twisted.web.server import Request

from balws.wire.takeover import release


class Asked(ABC):
    """
    What one request asks for, and who asks.

    @ivar method: such as C{b"GET"}.
    @ivar version: such as C{b"HTTP/1.1"}.
    @ivar client: the L{address<twisted.internet.interfaces.IAddress>} of the transport's peer.
    @ivar begun: when the time of the request began, in seconds of the listener's clock; L{None}:
        nobody knows.
    @ivar address: the client's, as L{balws.server.provenance} tells it; empty until it was asked.
    """

    method: bytes
    version: bytes
    client: Any
    begun: float | None
    address = ""

    @property
    @abstractmethod
    def fields(self) -> dict[bytes, list[bytes]]:
        """
        The header fields' values, in their order, by lower-case name.
        """

    @property
    @abstractmethod
    def path(self) -> bytes:
        """
        The path, percent-encoded as it came.
        """

    @property
    @abstractmethod
    def args(self) -> dict[bytes, list[bytes]]:
        """
        The query's values by name.
        """

    @property
    @abstractmethod
    def request(self) -> Request:
        """
        Twisted Web's request, which can wait and be answered.
        """

    @property
    @abstractmethod
    def isGone(self) -> bool:
        """
        Whether the connection has ended.
        """

    @property
    @abstractmethod
    def isAnswered(self) -> bool:
        """
        Whether somebody has begun to write an answer.
        """

    @property
    @abstractmethod
    def principal(self) -> Any:
        """
        Who was authenticated; L{None} where nobody asked.
        """

    @abstractmethod
    def isSecure(self) -> bool:
        """
        @return: whether the transport's peer speaks TLS.
        """

    @abstractmethod
    def prepared(self) -> list[tuple[bytes, bytes]]:
        """
        @return: header fields that are in the answer already, such as C{Server} and cookies.
        """

    @abstractmethod
    def release(self) -> tuple[Any, bytes]:
        """
        Take the transport from whoever has read the request.

        @return: the transport, with no owner that reads, and what came after the request.
        """


class Rendered(Asked):
    """
    What Twisted Web has read, in anybody's site.  Shows the request as it is: others may
    change it.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.method = request.method
        self.version = request.clientproto
        self.client = request.getClientAddress()
        self.begun = getattr(request.channel, "begun", None)

    @property
    def fields(self) -> dict[bytes, list[bytes]]:
        """
        See L{Asked}.
        """
        return {name.lower(): list(values) for name, values in self._request.requestHeaders.getAllRawHeaders()}

    @property
    def path(self) -> bytes:
        """
        See L{Asked}.
        """
        path: bytes = self._request.path
        return path

    @property
    def args(self) -> dict[bytes, list[bytes]]:
        """
        See L{Asked}.
        """
        args: dict[bytes, list[bytes]] = self._request.args
        return args

    @property
    def request(self) -> Request:
        """
        See L{Asked}.
        """
        return self._request

    @property
    def isGone(self) -> bool:
        """
        See L{Asked}.
        """
        # One that is answered has none at all.
        return getattr(self._request, "channel", self) is None

    @property
    def isAnswered(self) -> bool:
        """
        See L{Asked}.
        """
        return bool(self._request.startedWriting)

    @property
    def principal(self) -> Any:
        """
        See L{Asked}.
        """
        return getattr(self._request, "principal", None)

    def isSecure(self) -> bool:
        """
        See L{Asked}.
        """
        return bool(self._request.isSecure())

    def prepared(self) -> list[tuple[bytes, bytes]]:
        """
        See L{Asked}.
        """
        request = self._request
        fields = [(name, value) for name, values in request.responseHeaders.getAllRawHeaders() for value in values]
        return fields + [(b"Set-Cookie", cookie) for cookie in request.cookies]

    def release(self) -> tuple[Any, bytes]:
        """
        See L{Asked}.
        """
        return release(self._request)
