# -*- test-case-name: tests.hub.test_nodes -*-
"""
The hub's functions on stored connections (tables A1.9 to A1.11).
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from balws.errors import HubUnavailableError
from balws.hub.broker import IBroker, Verb
from balws.hub.limits import Limits, unfit
from balws.hub.message import Message
from balws.hub.node import Node
from balws.hub.sent import sent
from balws.interfaces import IMember

__all__ = ["NamedConnections"]


class NamedConnections:
    """
    Connections by name.

    @ivar _unsent: how much for connections of other nodes did not leave this one.
    """

    node: Node
    _broker: IBroker
    _limits: Limits
    _unsent: int

    def storeConnection(self, member: IMember, name: str) -> Deferred[None]:
        """
        Store a connection under a name, in place of the one that had it (decision 9), on
        whichever node that is.  See C{Caller.storeConnection}.
        """
        problem = self._limits.storing(name)
        if problem is not None:
            return fail(problem)
        stored = self.node.store.put(name, member)

        def claimed(fence: int) -> None:
            stored.fence = max(stored.fence, fence)
            if self.node.store.get(name) is stored:
                if stored.isVoid:
                    self.node.store.drop(stored)
            elif name not in self.node.store:  # it is gone already
                self._broker.release(name, fence)

        def away(failure: Failure) -> None:
            # Other nodes learn of it when they can be reached again.
            failure.trap(HubUnavailableError)

        return self._broker.claim(name).addCallbacks(claimed, away)

    def pushTextToConnection(self, name: str, text: str) -> Deferred[None]:
        """
        Send a text to the connection that is stored under a name.

        @return: fires when it is handed over; fails with L{balws.NoSuchConnection},
            with L{balws.HubUnavailableError} where the node that has it cannot be reached,
            with L{TypeError} or L{ValueError} when the text cannot be sent.
        """
        return sent(text, str, self._toConnection, name)

    def pushBinaryToConnection(self, name: str, data: bytes) -> Deferred[None]:
        """
        As L{pushTextToConnection}, a binary message.
        """
        return sent(data, bytes, self._toConnection, name)

    def pushMessageToConnection(self, name: str, value: Any) -> Deferred[None]:
        """
        As L{pushTextToConnection}: text for str and XML, binary for bytes, JSON for the rest.
        """
        return sent(value, object, self._toConnection, name)

    def removeStoredConnection(self, name: str) -> Deferred[None]:
        """
        Forget a name; the connection stays open.

        @return: as L{pushTextToConnection}.
        """
        return self._toConnection(name, None, Verb.REMOVE)

    def closeStoredConnection(self, name: str) -> Deferred[None]:
        """
        Forget a name and close the connection with 1000 (table A1.16).

        @return: as L{pushTextToConnection}; nobody waits for the peer.
        """
        return self._toConnection(name, None, Verb.CLOSE)

    def _toConnection(self, name: str, message: Message | None, verb: Verb = Verb.DELIVER) -> Deferred[None]:
        problem = unfit(name)
        if problem is not None:
            return fail(problem)

        def found(fence: int | None) -> None:
            if fence is not None:
                self.node.connectionReceived(name, fence, verb, message)

        def away(failure: Failure) -> Failure | None:
            # This node goes on with its own connections.
            if failure.check(HubUnavailableError):
                if self.node.act(name, verb, message):
                    return None
                self._unsent += 1
            return failure

        return self._broker.toConnection(name, verb, message).addCallbacks(found, away)
