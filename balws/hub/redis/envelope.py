# -*- test-case-name: tests.hub.redis.test_envelope -*-
"""
How what nodes tell each other lies in Redis: a fixed head, then what the kind needs::

    version 1 byte, kind 1 byte, sender 16 bytes, number 8 bytes, body

Others may write to the same Redis: whatever is not exactly so is no envelope.
"""

from __future__ import annotations

import json
from enum import IntEnum
from struct import Struct

import attrs

from balws.hub.broker import Verb
from balws.hub.message import Message
from balws.hub.redis.keys import decoded, encoded

__all__ = ["EPOCH", "HEAD", "MAX_SIZE", "TOO_LONG", "VERSION", "Envelope", "Kind"]
__all__ += ["body", "head", "message", "presence", "read", "storedMessage"]

VERSION = 1

#: No envelope is longer, in bytes.
MAX_SIZE = 64 * 1024 * 1024

#: How many bytes tell one life of a durable group from another.
EPOCH = 16

#: How many bytes there are beside a payload, at the most.
HEAD = 64

#: What is said of a longer one.
TOO_LONG = f"a message of more than {MAX_SIZE - HEAD} bytes"

_HEAD = Struct(">BB16sQ")
_SIZE = Struct(">I")


class Kind(IntEnum):
    """
    What an envelope says.

    @cvar TEXT: a message of text; on a node's own channel: for a connection.
    @cvar BINARY: a binary one.
    @cvar REMOVE: see L{Verb}.
    @cvar CLOSE: see L{Verb}.
    @cvar STORED_TEXT: a message of a durable group; the number is its place in history, and the
        epoch comes before it.
    @cvar STORED_BINARY: a binary one.
    @cvar JOIN: somebody came.
    @cvar LEAVE: somebody left.
    @cvar REPLACED: the number is the fence of another's claim; the body is the name.
    @cvar BEAT: from a node to itself; the number is how many were sent to it.
    @cvar NOTHING: only uses a number up.
    """

    TEXT = 1
    BINARY = 2
    REMOVE = 3
    CLOSE = 4
    STORED_TEXT = 5
    STORED_BINARY = 6
    JOIN = 7
    LEAVE = 8
    REPLACED = 9
    BEAT = 10
    NOTHING = 11

    @property
    def verb(self) -> Verb | None:
        """
        What is to be done, where that is what it says.
        """
        return _VERBS.get(self)


_VERBS = {
    Kind.TEXT: Verb.DELIVER,
    Kind.BINARY: Verb.DELIVER,
    Kind.STORED_TEXT: Verb.DELIVER,
    Kind.STORED_BINARY: Verb.DELIVER,
    Kind.REMOVE: Verb.REMOVE,
    Kind.CLOSE: Verb.CLOSE,
}

_KINDS = {int(kind): kind for kind in Kind}


@attrs.frozen
class Envelope:
    """
    @ivar kind: what it says.
    @ivar sender: the id of the node that sent it, 16 bytes.
    @ivar number: what it counts depends on the kind; 0 to 2**64 - 1.
    @ivar body: the rest.
    """

    kind: Kind
    sender: bytes
    number: int
    body: bytes

    def data(self) -> bytes:
        """
        @return: as it is published.
        """
        return head(self.kind, self.sender, self.number) + self.body

    def message(self) -> Message | None:
        """
        @return: the message in its body.
        """
        return message(self.kind, self.body)

    def presence(self) -> tuple[str, object] | None:
        """
        @return: of L{Kind.JOIN} and L{Kind.LEAVE}: whose and what; L{None} where it is nothing such.
        """
        return presence(self.body)

    def addressed(self) -> tuple[str, int, bytes] | None:
        """
        @return: of what is for a connection: its name, the fence, and the payload.
        """
        if len(self.body) < 12:
            return None
        end = 12 + _SIZE.unpack_from(self.body, 8)[0]
        name = _text(self.body[12:end])
        if name is None or len(self.body) < end:
            return None
        return name, int.from_bytes(self.body[:8], "big"), self.body[end:]

    def stored(self) -> tuple[str, int, bytes] | None:
        """
        @return: of a durable group's: the epoch, when it was stored by Redis' clock in
            milliseconds, and the payload.
        """
        epoch, time, payload = self.body[:EPOCH], self.body[EPOCH : EPOCH + 8], self.body[EPOCH + 8 :]
        if len(time) < 8 or not epoch.isalnum():
            return None
        return epoch.decode("ascii"), int.from_bytes(time, "big"), payload


def head(kind: Kind, sender: bytes, number: int) -> bytes:
    """
    @return: what comes before the body.
    """
    return _HEAD.pack(VERSION, kind, sender, number)


def read(data: bytes) -> Envelope | None:
    """
    @return: what it says, or L{None} when it is no envelope.
    """
    if not _HEAD.size <= len(data) <= MAX_SIZE:
        return None
    version, kind, sender, number = _HEAD.unpack_from(data)
    found = _KINDS.get(kind)
    if version != VERSION or found is None:
        return None
    return Envelope(found, sender, number, data[_HEAD.size :])


def message(kind: Kind, payload: bytes) -> Message | None:
    """
    @return: a message of text or a binary one; L{None} where the kind has none, or the text is
        no UTF-8.
    """
    if kind in (Kind.BINARY, Kind.STORED_BINARY):
        return Message(payload, True)
    if kind not in (Kind.TEXT, Kind.STORED_TEXT):
        return None
    try:
        payload.decode()
    except UnicodeDecodeError:
        return None
    return Message(payload, False)


def storedMessage(kind: bytes, payload: bytes) -> Message | None:
    """
    @param kind: as it stands in a stream.
    @return: as L{message}.
    """
    found = _KINDS.get(kind[0]) if kind else None
    return None if found is None else message(found, payload)


def body(name: str) -> bytes:
    """
    @return: a name as it lies before the payload in what is for a connection.
    """
    found = encoded(name)
    return _SIZE.pack(len(found)) + found


def presence(data: bytes) -> tuple[str, object] | None:
    """
    @return: a connection's id, and what is said of it.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or len(found) != 2 or not isinstance(found[0], str):
        return None
    return found[0], found[1]


def _text(data: bytes) -> str | None:
    try:
        return decoded(data)
    except ValueError:
        return None
