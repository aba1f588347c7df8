# -*- test-case-name: tests.admin.test_portrait -*-
"""
From connections and listeners to the records that an operator is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from balws.admin.facts import ConnectionFacts, PathFacts
from balws.admin.operations import Query
from balws.hub.node import Node
from balws.server.listener import Listener
from balws.server.tally import Tally
from balws.session.traffic import Traffic

__all__ = ["SORT_KEYS", "codeLabel", "fits", "pathFacts", "portrait", "userOf"]

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


def codeLabel(code: int) -> str:
    """
    @return: a close code: one of few texts, whatever peers send.
    """
    if 1000 <= code <= 1015:
        return str(code)
    if 3000 <= code <= 4999:
        return f"{code // 1000}xxx"
    return "other"


def pathFacts(listeners: Iterable[Listener], tally: Tally) -> list[PathFacts]:
    """
    @param listeners: those that count.
    @param tally: their observer.
    @return: what is known of every path where a service is or was mounted, in the paths' order.
    """
    services: dict[str, str] = {}
    open: dict[str, list[Any]] = {}
    traffic: dict[str, Traffic] = {}
    for listener in listeners:
        for mount in listener.mounts:
            services.setdefault(mount.path, mount.owner)
        for path, ended in listener.traffic.items():
            _add(traffic.setdefault(path, Traffic()), [ended])
        for each in listener.conversations():
            open.setdefault(each.terms.audience.path, []).append(each)
    for path, found in open.items():
        _add(traffic.setdefault(path, Traffic()), found)
    closed: dict[str, Counter[str]] = {}
    for (path, code), count in tally.closed.items():
        closed.setdefault(path, Counter())[codeLabel(code)] += count
    facts = []
    for path in sorted({*services, *traffic, *tally.opened}):
        said = traffic.get(path, Traffic())
        here = open.get(path, [])
        facts.append(
            PathFacts(
                path=path,
                service=services.get(path, ""),
                connections=len(here),
                opened=tally.opened[path],
                closed=dict(sorted(closed.get(path, Counter()).items())),
                slow=tally.slowConsumers[path],
                received=said.received,
                sent=said.sent,
                receivedBytes=said.receivedBytes,
                sentBytes=said.sentBytes,
                queue=sum(each.wire.held() for each in here),
            )
        )
    return facts


def _add(total: Traffic, parts: list[Any]) -> None:
    # A sum for each: of ten thousand connections it is made each second, and everybody waits.
    total.received += sum([each.received for each in parts])
    total.sent += sum([each.sent for each in parts])
    total.receivedBytes += sum([each.receivedBytes for each in parts])
    total.sentBytes += sum([each.sentBytes for each in parts])
