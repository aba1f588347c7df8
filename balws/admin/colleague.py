# -*- test-case-name: tests.admin.test_fleet -*-
"""
One of several processes, asked over the socket of its own admin endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.logger import Logger
from twisted.web.http_headers import Headers

from balws.admin.facts import MAX_ANSWER
from balws.http.answer import Answer
from balws.http.asking import ask
from balws.http.unreachable import Unreachable

__all__ = ["PATIENCE", "Colleague"]

#: Seconds that it has for an answer.
PATIENCE = 2.0

_log = Logger(namespace="balws.admin")


class Colleague:
    """
    @ivar number: of the worker.
    """

    def __init__(self, number: int, socket: Callable[[int], str | None], reactor: Any) -> None:
        """
        @param socket: gives the path of a worker's socket, or L{None} while there is none.
        """
        self.number = number
        self._socket = socket
        self._reactor = reactor
        self._isSilent = False

    async def ask(self, method: str, target: str, body: bytes | None = None) -> Answer | None:
        """
        @param target: path and query.
        @param body: JSON.
        @return: whatever it says; L{None} when it says nothing in time: that is in the log once, until it
            answers again.
        """
        path = self._socket(self.number)
        if path is None:
            return None
        headers = Headers() if body is None else Headers({b"Content-Type": [b"application/json"]})
        try:
            answer = await ask(
                self._reactor,
                UNIXClientEndpoint(self._reactor, path, timeout=PATIENCE),
                f"http://localhost{target}",
                name=f"worker {self.number}",
                timeout=PATIENCE,
                longest=MAX_ANSWER,
                method=method,
                headers=headers,
                body=body,
            )
        except Unreachable as problem:
            if not self._isSilent:
                self._isSilent = True
                _log.warn("The admin endpoint goes on without {problem}", problem=str(problem))
            return None
        self._isSilent = False
        return answer
