# -*- test-case-name: tests.session.test_caller -*-
"""
The peer, as a service's methods see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred, fail

from balws.errors import ConnectionClosureError
from balws.hub.broker import Presence
from balws.hub.hub import Hub
from balws.hub.message import outgoing
from balws.wire.frames import PING, PONG
from balws.wire.written import refused

if TYPE_CHECKING:
    from balws.session.conversation import Conversation


def _fixed(fields: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(dict(fields))


def _closed() -> ConnectionClosureError:
    return ConnectionClosureError("Connection already closed")


@attrs.frozen
class RequestSnapshot:
    """
    The upgrade request as it was, without the objects that served it (ruling 11).

    @ivar method: such as C{"GET"}.
    @ivar path: the path, percent-encoded as it came.
    @ivar arguments: the query's values by name.
    @ivar headers: the header values by lower-case name.
    """

    method: str
    path: str
    arguments: Mapping[str, tuple[str, ...]] = attrs.field(converter=_fixed)
    headers: Mapping[str, tuple[str, ...]] = attrs.field(converter=_fixed)


class Caller:
    """
    Writes to one peer, closes its connection, and tells about it.

    Every write returns a Deferred that fires with L{None} when the message is on its
    way: at once while the peer reads, after a wait when it does not keep up (decision
    23).  After closure writes fail with L{balws.ConnectionClosureError}.
    """

    __slots__ = ("__weakref__", "_attributes", "_connection", "_id")

    #: How the matching of parameters knows this class without importing it.
    __balwsCaller__ = True

    def __init__(self, connection: Conversation) -> None:
        self._connection = connection
        self._attributes: dict[str, Any] | None = None
        self._id: str | None = None

    # Messages

    def writeTextMessage(self, text: str) -> Deferred[None]:
        """
        Send a text message.

        @return: see the class; fails with L{TypeError} for what is no str.
        """
        return self._connection.sendText(text)

    pushText = sendText = writeTextMessage

    def writeBinaryMessage(self, data: bytes) -> Deferred[None]:
        """
        Send a binary message.

        @return: see the class; fails with L{TypeError} for what is not bytes.
        """
        return self._connection.sendBinary(data)

    def writeMessage(self, value: Any) -> Deferred[None]:
        """
        Send any value: str and XML elements as text, bytes as binary, everything else
        as JSON text (table A5.14).

        @return: see the class; fails with L{TypeError} or L{ValueError} where there is
            no JSON for the value.
        """
        try:
            return self._connection.sendValue(value)
        except Exception:
            return fail()

    def ping(self, data: bytes = b"") -> Deferred[None]:
        """
        Send a ping.

        @param data: at most 125 bytes; more fails with L{balws.CorruptedFrameError},
            what is no bytes with L{TypeError}.
        """
        return self._connection.sendControl(PING, data)

    def pong(self, data: bytes = b"") -> Deferred[None]:
        """
        Send a pong; as L{ping}.
        """
        return self._connection.sendControl(PONG, data)

    def close(
        self, statusCode: int | None = 1000, reason: str | None = None, timeout: float | None = None
    ) -> Deferred[None]:
        """
        Close the connection: send a close frame, wait for the peer's, drop TCP.

        @param statusCode: 1000-1003, 1007-1011 or 3000-4999; L{None} is 1000.
        @param reason: words for the peer, cut to 123 bytes of UTF-8.
        @param timeout: seconds to wait for the peer's close frame; L{None} takes the
            service's C{connectionClosureTimeout}; 0 waits for nobody and succeeds; any
            negative value waits without limit (decision 1).
        @return: fires with L{None} when the peer has answered; fails with
            L{balws.ConnectionClosureError} when it did not, or answered another code,
            or the connection was closed before; with L{balws.Error} or L{TypeError}
            for a code, reason or timeout that cannot be, and then nothing is sent.
        """
        return self._connection.close(statusCode, reason, timeout)

    # Everybody connected to this service

    def broadcastText(self, text: str) -> Deferred[None]:
        """
        Send a text to everybody connected to this service, this peer included.  Waits
        for no receiver.

        @return: see L{Hub.broadcast}; fails with L{TypeError} or L{ValueError} when the text
            cannot be sent.
        """
        return self._broadcast(text, str)

    def broadcastBinary(self, data: bytes) -> Deferred[None]:
        """
        As L{broadcastText}, a binary message.
        """
        return self._broadcast(data, bytes)

    def broadcastMessage(self, value: Any) -> Deferred[None]:
        """
        As L{broadcastText}, any value as L{writeMessage} sends it.
        """
        return self._broadcast(value, object)

    def _broadcast(self, value: Any, kind: type) -> Deferred[None]:
        try:
            message = outgoing(value, kind)
        except Exception:
            return fail()
        terms = self._connection.terms
        return terms.hub.broadcast(terms.audience, message)

    # The store and groups

    def storeConnection(self, name: str) -> Deferred[None]:
        """
        Store this connection under a name, for every service and resource of the hub to push
        to.  A name that is in use means this connection from now on; the one that had it
        stays open (decision 9).

        @param name: any text of 1 to 256 bytes of UTF-8.
        @return: fires when other nodes know; fails with L{balws.HubLimitError}, with L{TypeError} or
            L{ValueError} for what is no name, with L{balws.ConnectionClosureError} when the
            connection is closed.
        """
        if not self._connection.isOpen:
            return refused(_closed())
        return self.hub.storeConnection(self._connection, name)

    def addConnectionToGroup(
        self, group: str, *, presence: Any = None, since: str | None = None
    ) -> Deferred[str | None]:
        """
        Add this connection to a group, which is made where it is not there.  It may be in many.

        @param group: any text of 1 to 256 bytes of UTF-8.
        @param presence: shows this connection in the group's presence, and says this of it: a
            value of JSON, of 1 KiB at the most; L{None} does not show it.
        @param since: for durable groups: this connection gets each message with its position,
            as JSON with C{group}, C{position}, and C{text} or C{data} (base64); first
            those that came after this position.  Empty: from now on.
        @return: fires when what is pushed reaches it: with L{None}, or with the position that it
            has with C{since}.  Fails as L{storeConnection}; with C{since} also with
            L{balws.HistoryLostError} when what it missed is not kept any more, or with
            L{balws.HubUnavailableError}; it is not in the group then.
        """
        if not self._connection.isOpen:
            return refused(_closed())
        shown = None if presence is None else Presence(self.getConnectionId(), presence)
        return self.hub.addConnectionToGroup(self._connection, group, shown, since)

    def removeConnectionFromGroup(self, group: str) -> Deferred[None]:
        """
        Take this connection out of a group, if it is in it (table A1.13).
        """
        return self.hub.removeConnectionFromGroup(self._connection, group)

    @property
    def hub(self) -> Hub:
        """
        Reaches the connections of other services, and those of other nodes.
        """
        return self._connection.terms.hub

    # The connection

    def getConnectionId(self) -> str:
        """
        @return: a name that no other connection has, and that cannot be guessed.
        """
        if self._id is None:
            self._id = token_hex(16)
        return self._id

    def isOpen(self) -> bool:
        """
        @return: whether messages can still be written.
        """
        return self._connection.isOpen

    def isSecure(self) -> bool:
        """
        @return: whether TLS protects the connection as far as this process.
        """
        return self._connection.isSecure

    def getNegotiatedSubProtocol(self) -> str | None:
        """
        @return: the sub-protocol agreed on in the upgrade, or L{None}.
        """
        return self._connection.subProtocol

    def getHttpRequest(self) -> RequestSnapshot | None:
        """
        @return: the upgrade request, for services with C{keepRequest = True}; else L{None}.
        """
        return self._connection.request

    def getPrincipal(self) -> Any:
        """
        @return: who was authenticated in the upgrade (C{request.principal}), or L{None}.
        """
        return self._connection.principal

    # The application's own notes

    def setAttribute(self, key: str, value: Any) -> None:
        """
        Keep something with this connection until it ends.
        """
        if self._attributes is None:
            self._attributes = {}
        self._attributes[key] = value

    def getAttribute(self, key: str) -> Any:
        """
        @return: what was kept under this key, or L{None}.
        """
        return None if self._attributes is None else self._attributes.get(key)

    def removeAttribute(self, key: str) -> Any:
        """
        @return: what was kept under this key, now forgotten, or L{None}.
        """
        return None if self._attributes is None else self._attributes.pop(key, None)
