# -*- test-case-name: tests.admin.test_portrait -*-
"""
From connections to the records that an operator is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from balws.admin.facts import ConnectionFacts
from balws.admin.operations import Query
from balws.hub.node import Node

__all__ = ["SORT_KEYS", "fits", "portrait", "userOf"]

#: So many names and groups of a connection are shown.
SHOWN = 20

#: What is largest of those that come first, by C{Query.sort}.
SORT_KEYS: Mapping[str, Callable[[Any], float]] = {
    "age": lambda each: -each.since,
    "queue": lambda each: each.wire.held(),
    "pending": lambda each: each.waiting,
    "received": lambda each: each.received,
    "sent": lambda each: each.sent,
    "receivedBytes": lambda each: each.receivedBytes,
    "sentBytes": lambda each: each.sentBytes,
}


def userOf(conversation: Any) -> str | None:
    """
    @return: the name of who was authenticated, where a principal has one.
    """
    name = getattr(conversation.principal, "username", None)
    # An application's own principal may have half a character in it, which JSON could not say.
    return None if name is None else str(name).encode("utf-8", "replace").decode()


def fits(conversation: Any, query: Query, node: Node) -> bool:
    """
    @param node: knows names and groups.
    @return: whether a connection is among those asked for.
    """
    if not query.search and query.path is query.user is query.group is None:
        return True
    path, user = conversation.terms.audience.path, userOf(conversation)
    if query.path is not None and query.path != path:
        return False
    if query.user is not None and query.user != user:
        return False
    groups = node.groups.of(conversation) if query.group is not None or query.search else ()
    if query.group is not None and query.group not in groups:
        return False
    if not query.search:
        return True
    texts = (
        conversation.caller.getConnectionId(),
        path,
        user or "",
        conversation.address,
        *node.store.of(conversation),
        *groups,
    )
    wanted = query.search.lower()
    return any(wanted in text.lower() for text in texts)


def portrait(conversation: Any, node: Node, now: float, worker: int | None) -> ConnectionFacts:
    """
    @param conversation: a L{balws.server.inbound.Inbound} of a listener that counts.
    @param node: knows names and groups.
    @param now: by the reactor's clock.
    """
    return ConnectionFacts(
        id=conversation.caller.getConnectionId(),
        path=conversation.terms.audience.path,
        service=type(conversation.service).__qualname__,
        user=userOf(conversation),
        address=conversation.address,
        age=max(0.0, now - conversation.since),
        queue=conversation.wire.held(),
        pending=conversation.waiting,
        received=conversation.received,
        sent=conversation.sent,
        receivedBytes=conversation.receivedBytes,
        sentBytes=conversation.sentBytes,
        subProtocol=conversation.subProtocol,
        secure=conversation.isSecure,
        names=sorted(node.store.of(conversation))[:SHOWN],
        groups=sorted(node.groups.of(conversation))[:SHOWN],
        worker=worker,
    )
