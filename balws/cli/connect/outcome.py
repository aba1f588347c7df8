# -*- test-case-name: tests.cli.test_connect_outcome -*-
"""
How it ended: the status of the process, and words.
"""

from __future__ import annotations

import attrs

from balws.cli.body import linesOf
from balws.closing import ABNORMAL, NO_STATUS
from balws.errors import (
    ConnectionClosureError,
    HandshakeTimedOut,
    InvalidHandshakeError,
    PayloadTooLargeError,
    ReadTimedOutError,
)
from balws.logs.escape import escaped

__all__ = [
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "REFUSED",
    "TIMED_OUT",
    "UNCLEAN",
    "Outcome",
    "outcomeOf",
    "tooLate",
    "wordsOf",
]

#: The statuses of the process; 2 is a command line that is wrong.
DONE, FAILED, REFUSED, UNCLEAN, TIMED_OUT = 0, 1, 3, 4, 5

#: The registry of RFC 6455 section 7.4.
_NAMES = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    NO_STATUS: "without a code",
    ABNORMAL: "the connection was lost",
    1007: "invalid payload",
    1008: "policy violation",
    1009: "message too big",
    1010: "an extension is missing",
    1011: "internal error",
    1012: "service restarts",
    1013: "try again later",
    1014: "bad gateway",
}

#: What is shown of an error (bytes).
MAX_WORDS = 4096


@attrs.frozen
class Outcome:
    """
    @ivar status: the process's.
    @ivar lines: what to say, of what a terminal may show.
    """

    status: int
    lines: tuple[str, ...]


#: A signal has ended the process, as Ctrl-C does in a script.
INTERRUPTED = Outcome(FAILED, ("interrupted",))


def wordsOf(code: int, reason: str = "") -> str:
    """
    @return: a close code and its reason for people, of what a terminal may show.
    """
    name = _NAMES.get(code) or ("a code of the application" if code >= 4000 else "a registered code")
    words = f"{code}, {name}"
    return f"{words}: {escaped(reason)}" if reason else words


def outcomeOf(problem: Exception) -> Outcome:
    """
    @param problem: why there is no connection, or no more.
    """
    if isinstance(problem, InvalidHandshakeError):
        response = problem.response
        if response is None or response.status == 101:
            return Outcome(FAILED, (escaped(str(problem)),))
        head = f"refused: {response.status} {escaped(response.reason)}".rstrip()
        lines = [head] if problem.location is None else [head, f"Location: {escaped(problem.location)}"]
        lines += linesOf(response.body)
        return Outcome(REFUSED, tuple(lines))
    if isinstance(problem, (HandshakeTimedOut, ReadTimedOutError)):
        return Outcome(TIMED_OUT, (str(problem),))
    if isinstance(problem, ConnectionClosureError) and problem.statusCode is not None:
        code = problem.statusCode
        status = FAILED if code == ABNORMAL else DONE if code in (1000, 1001) else UNCLEAN
        who = "lost" if code == ABNORMAL else "the server closed"
        return Outcome(status, (f"{who}: {wordsOf(code, problem.reason)}",))
    hint = "; see --max-frame" if isinstance(problem, PayloadTooLargeError) else ""
    return Outcome(FAILED, (escaped(str(problem), MAX_WORDS) + hint,))


def tooLate(seconds: float) -> Outcome:
    """
    @param seconds: the time that there was.
    """
    return Outcome(TIMED_OUT, (f"timed out after {seconds:g} seconds",))
