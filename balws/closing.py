# -*- test-case-name: tests.test_closing -*-
"""
Close frames: the records that a method returns to close its connection, which
codes may cross the wire, and reasons that fit.
"""

from __future__ import annotations

import attrs

__all__ = [
    "GOING_AWAY",
    "INTERNAL_SERVER_ERROR",
    "INVALID_PAYLOAD",
    "MESSAGE_TOO_BIG",
    "NORMAL_CLOSURE",
    "POLICY_VIOLATION",
    "PROTOCOL_ERROR",
    "UNSUPPORTED_DATA",
    "CloseFrame",
    "CustomCloseFrame",
    "GoingAway",
    "InternalServerError",
    "InvalidPayload",
    "MessageTooBig",
    "NormalClosure",
    "PolicyViolation",
    "ProtocolError",
    "UnsupportedData",
    "fitReason",
    "isReceivable",
    "isSendable",
]

#: The peer sent a close frame with no code (RFC 6455 section 7.1.5); never on the wire.
NO_STATUS = 1005
#: The connection ended with no close frame (RFC 6455 section 7.1.5); never on the wire.
ABNORMAL = 1006

#: A control frame holds 125 bytes, of which the code takes two (RFC 6455 section 5.5).
MAX_REASON = 123


def isReceivable(code: int) -> bool:
    """
    @return: whether a peer may send this code: 1000-1003, 1007-1014 and 3000-4999
        (RFC 6455 section 7.4 and the registry that it founds).
    """
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def isSendable(code: int) -> bool:
    """
    @return: whether an application may send this code: 1000-1003, 1007-1011 and
        3000-4999.  1012-1014 are the operation's own (seed 4, 4.3 close).
    """
    return 1000 <= code <= 1003 or 1007 <= code <= 1011 or 3000 <= code <= 4999


def fitReason(reason: str) -> bytes:
    """
    @return: the reason as UTF-8, cut to 123 bytes at the edge of a character.
    """
    raw = reason.encode("utf-8", "replace")
    if len(raw) <= MAX_REASON:
        return raw
    return raw[:MAX_REASON].decode("utf-8", "ignore").encode("utf-8")


@attrs.frozen
class CloseFrame:
    """
    What closes a connection when a method returns it.  Use one of the subclasses.

    @ivar status: the close code.
    @ivar reason: words for the peer; cut to 123 bytes of UTF-8 when sent.
    """

    status: int
    reason: str = ""


@attrs.frozen
class NormalClosure(CloseFrame):
    """
    The work is done.
    """

    status: int = attrs.field(default=1000, init=False)
    reason: str = ""


@attrs.frozen
class GoingAway(CloseFrame):
    """
    The endpoint goes away: a server stops, a page is left.
    """

    status: int = attrs.field(default=1001, init=False)
    reason: str = ""


@attrs.frozen
class ProtocolError(CloseFrame):
    """
    The peer broke the protocol.
    """

    status: int = attrs.field(default=1002, init=False)
    reason: str = "Connection closed due to protocol error"


@attrs.frozen
class UnsupportedData(CloseFrame):
    """
    A message of a kind that this endpoint cannot take.
    """

    status: int = attrs.field(default=1003, init=False)
    reason: str = "Endpoint received unsupported frame"


@attrs.frozen
class InvalidPayload(CloseFrame):
    """
    A message that is not consistent with its type.
    """

    status: int = attrs.field(default=1007, init=False)
    reason: str = "Payload does not match the expected format or encoding"


@attrs.frozen
class PolicyViolation(CloseFrame):
    """
    A message, or a peer, against the rules of the service.
    """

    status: int = attrs.field(default=1008, init=False)
    reason: str = "Received message violates its policy"


@attrs.frozen
class MessageTooBig(CloseFrame):
    """
    A message over a size limit.
    """

    status: int = attrs.field(default=1009, init=False)
    reason: str = "The received message exceeds the allowed size limit"


@attrs.frozen
class InternalServerError(CloseFrame):
    """
    The service met an unexpected condition.
    """

    status: int = attrs.field(default=1011, init=False)
    reason: str = "Internal server error occurred"


@attrs.frozen
class CustomCloseFrame(CloseFrame):
    """
    Any other code, meant for 3000-4999.  A code that may not be sent drops the
    connection with a log line instead.
    """


NORMAL_CLOSURE = NormalClosure()
GOING_AWAY = GoingAway()
PROTOCOL_ERROR = ProtocolError()
UNSUPPORTED_DATA = UnsupportedData()
INVALID_PAYLOAD = InvalidPayload()
POLICY_VIOLATION = PolicyViolation()
MESSAGE_TOO_BIG = MessageTooBig()
INTERNAL_SERVER_ERROR = InternalServerError()
