# -*- test-case-name: tests.admin.test_orders -*-
"""
What can be asked of a running service, and done with it, whether that is one process or several.
"""

from __future__ import annotations

from msgspec import Struct
from twisted.internet.defer import Deferred
from zope.interface import Interface

from balws.admin.facts import ConnectionPage, GroupPage, Summary

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "IOperations", "Kick", "Query", "Send", "Target"]

#: So many connections or groups are told where nobody says how many; and the most in any case.
DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000


class Query(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Which connections, or groups.

    @ivar search: what is in the id, path, user, address, a name or a group of it, in capitals or not;
        for groups: in the group's name.  Empty fits all.
    @ivar path: of the service alone; L{None} is any.
    @ivar user: of this user alone; L{None} is any.
    @ivar group: in this group alone; L{None} is any.
    @ivar sort: a numeric field of L{balws.admin.facts.ConnectionFacts}: the largest come first.
    @ivar limit: how many are told, 0 to L{MAX_LIMIT}.
    """

    search: str = ""
    path: str | None = None
    user: str | None = None
    group: str | None = None
    sort: str = "age"
    limit: int = DEFAULT_LIMIT


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Whom something is for: just one of these is given.

    @ivar connection: the id of one connection.
    @ivar user: every connection of this user, on this machine.
    @ivar name: the connection stored under this name, on whatever node.
    @ivar group: the members of this group, on all nodes.
    @ivar path: every connection to the service mounted there.
    """

    connection: str | None = None
    user: str | None = None
    name: str | None = None
    group: str | None = None
    path: str | None = None


class Send(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A message for somebody: just one of C{text} and C{data} is given.

    @ivar target: who gets it.
    @ivar text: of a text message.
    @ivar data: of a binary message; base64 in JSON.
    """

    target: Target
    text: str | None = None
    data: bytes | None = None


class Kick(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Close connections.

    @ivar target: whose; of C{name} and C{group} those on whatever node, with 1000.
    @ivar code: 1000-1003, 1007-1011 or 3000-4999; L{None} is 1008, or 1000 for a name and a group.
    @ivar reason: words for the peer, at most 123 bytes of UTF-8; L{None} is C{"closed by the operator"}.
    """

    target: Target
    code: int | None = None
    reason: str | None = None


class IOperations(Interface):
    """
    A running service.  Every method but C{start} and C{stop} returns a Deferred, and fails with
    L{balws.errors.Error}, whose text may be shown to the operator, for what cannot be done.
    """

    def summary() -> Deferred[Summary]:
        """
        @return: how all of it does.
        """

    def connections(query: Query) -> Deferred[ConnectionPage]:
        """
        @return: those that C{query} fits.
        """

    def groups(query: Query) -> Deferred[GroupPage]:
        """
        @param query: its C{search} and C{limit} count.
        """

    def send(order: Send) -> Deferred[int]:
        """
        @return: how many connections of this machine got it; for a name or a group on other nodes,
            1 where somebody did.
        """

    def kick(order: Kick) -> Deferred[int]:
        """
        @return: as L{send}, how many are closed.
        """

    def state() -> Deferred[str]:
        """
        @return: as C{Summary.state} has it: C{"ready"}, C{"degraded"} or C{"draining"}.
        """

    def start() -> None:
        """
        Begin to watch; called when the admin endpoint opens.  Returns nothing.
        """

    def stop() -> None:
        """
        Watch no longer; called when it has closed.  Returns nothing.
        """

    def metrics() -> Deferred[bytes]:
        """
        @return: everything that is counted, in the text format of Prometheus, as bytes.
        """
