# -*- test-case-name: tests.hub.redis.test_problem -*-
"""
What keeps us from Redis, in words for the operator.
"""

from __future__ import annotations

import os
from typing import NoReturn

from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.error import ConnectError, ConnectionClosed, ConnectionRefusedError, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTooLate

from balws.errors import Error
from balws.hub.redis.protocol import refused
from balws.hub.redis.refusal import RedisAway, RedisRefusal

__all__ = ["tooLate", "wordsFor"]


def tooLate(_: object, seconds: float) -> NoReturn:
    """
    Say what a time that has run out means: a look-up of a name that is cancelled says that
    there is no such name.

    @param seconds: how many there were.
    @raise TooLate: always.
    """
    raise TooLate(seconds, "it did not answer in time")


def wordsFor(problem: BaseException) -> str:
    """
    @return: fixed words where there are any, and never what somebody else has said.
    """
    match problem:
        case RedisRefusal():
            return refused(problem)
        case RedisAway():
            return problem.words
        case Error():
            return str(problem)
        case TooLate() | ConnectTooLate():
            return "it did not answer in time"
        case ConnectionRefusedError():
            return "the connection was refused"
        case DNSLookupError():
            return "its name is not known"
        case ConnectionClosed():
            return "the connection was lost"
        case ConnectError() if problem.osError:
            return os.strerror(problem.osError)
        case OSError() if problem.errno:
            return os.strerror(problem.errno)
    return f"it cannot be connected to ({type(problem).__name__})"
