"""
Tests of L{balws.hub.redis.problem}.
"""

from __future__ import annotations

import errno

from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.error import (
    ConnectError,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
)
from twisted.internet.error import TimeoutError as ConnectTooLate
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import SslError
from balws.hub.redis.problem import wordsFor
from balws.hub.redis.refusal import RedisAway, RedisRefusal


class ProblemTests(SynchronousTestCase):
    """
    Words for the operator.
    """

    def test_words(self) -> None:
        """
        Every way to fail has words of its own; what others say is not repeated.
        """
        for problem, words in (
            (RedisAway("it sleeps"), "it sleeps"),
            (RedisRefusal("WRONGPASS hunter2"), "it does not know this username and password"),
            (RedisRefusal("DENIED x"), "it lets no other machine in (its protected-mode)"),
            (RedisRefusal("ERR max number of clients reached"), "it refuses the connection (ERR)"),
            (SslError("the certificate has expired"), "the certificate has expired"),
            (TooLate(), "it did not answer in time"),
            (ConnectTooLate(), "it did not answer in time"),
            (ConnectionRefusedError(), "the connection was refused"),
            (DNSLookupError(), "its name is not known"),
            (ConnectionLost(), "the connection was lost"),
            (ConnectError(errno.EACCES), "Permission denied"),
            (FileNotFoundError(errno.ENOENT, "hunter2"), "No such file or directory"),
            (ValueError("hunter2"), "it cannot be connected to (ValueError)"),
        ):
            self.assertEqual(wordsFor(problem), words)
