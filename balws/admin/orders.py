# -*- test-case-name: tests.admin.test_orders -*-
"""
Questions and orders are looked at before anything is done about them, and in the same way for one
process and for several.
"""

from __future__ import annotations

from balws.admin.operations import MAX_LIMIT, Kick, Query, Send, Target
from balws.closing import MAX_REASON, NORMAL_CLOSURE, isSendable
from balws.errors import Error, HubUnavailableError, NoSuchConnection, NoSuchGroup

__all__ = [
    "AWAY",
    "MAX_MESSAGE",
    "NOBODY",
    "SORTS",
    "NoSuchTarget",
    "Unanswered",
    "checkKick",
    "checkQuery",
    "checkSend",
    "checkTarget",
]

#: The most bytes of a message that an operator sends.
MAX_MESSAGE = 1 << 20

#: The most characters of what is searched for, and of who is meant.
MAX_TEXT = 1024

#: By what connections are sorted: the numeric fields of L{balws.admin.facts.ConnectionFacts}.
SORTS = ("age", "queue", "pending", "received", "sent", "receivedBytes", "sentBytes")


class NoSuchTarget(Error):
    """
    No connection has this id, or no service is mounted at this path.  The operator's to mend.
    """


class Unanswered(Error):
    """
    No worker has said what it was asked.  The operator's to mend: they start, end, or stand still.
    """


#: Whoever is meant is not here; another process may have him.
NOBODY = (NoSuchTarget, NoSuchConnection, NoSuchGroup)

#: It cannot be done now, but another time.
AWAY = (HubUnavailableError, Unanswered)


def checkQuery(query: Query) -> None:
    """
    @raise Error: naming the field that cannot be answered.
    """
    if query.sort not in SORTS:
        raise Error(f"sort: expected one of {', '.join(SORTS)}")
    if not 0 <= query.limit <= MAX_LIMIT:
        raise Error(f"limit: expected a number from 0 to {MAX_LIMIT}")
    for name in ("search", "path", "user", "group"):
        _checkLength(name, getattr(query, name))


def checkTarget(target: Target) -> tuple[str, str]:
    """
    @return: the one field that is given, and its value.
    @raise Error: when none is, or several are.
    """
    given = [(name, getattr(target, name)) for name in target.__struct_fields__ if getattr(target, name) is not None]
    if len(given) != 1:
        raise Error(f"target: expected just one of {', '.join(target.__struct_fields__)}")
    name, value = given[0]
    _checkLength(f"target.{name}", value)
    return name, value


def checkSend(order: Send) -> str | bytes:
    """
    @return: the message.
    @raise Error: naming the field that cannot be used.
    """
    checkTarget(order.target)
    if (order.text is None) == (order.data is None):
        raise Error("expected just one of text and data")
    message: str | bytes = order.data or b"" if order.text is None else order.text
    try:
        size = len(message.encode() if isinstance(message, str) else message)
    except UnicodeEncodeError:
        raise Error("text: half of a character cannot be sent") from None
    if size > MAX_MESSAGE:
        raise Error(f"{'text' if isinstance(message, str) else 'data'}: at most {MAX_MESSAGE} bytes can be sent")
    return message


def checkKick(order: Kick) -> None:
    """
    @raise Error: naming the field that cannot be used.
    """
    kind, _ = checkTarget(order.target)
    if kind in ("name", "group"):
        if order.code not in (None, NORMAL_CLOSURE.status) or order.reason is not None:
            raise Error(f"code: a {kind} is closed with 1000, and without a reason")
        return
    if order.code is not None and not isSendable(order.code):
        raise Error("code: expected 1000-1003, 1007-1011 or 3000-4999")
    try:
        size = len((order.reason or "").encode())
    except UnicodeEncodeError:
        raise Error("reason: half of a character cannot be sent") from None
    if size > MAX_REASON:
        raise Error(f"reason: expected at most {MAX_REASON} bytes of UTF-8")


def _checkLength(name: str, value: str | None) -> None:
    if value is not None and len(value) > MAX_TEXT:
        raise Error(f"{name}: expected at most {MAX_TEXT} characters")
