# -*- test-case-name: tests.admin.test_fleet -*-
"""
One of several processes, asked over the socket of its own admin endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.logger import Logger
from twisted.web.client import HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from balws.auth.http.answer import Answer
from balws.auth.http.question import Question
from balws.errors import AuthUnavailableError

__all__ = ["PATIENCE", "Colleague"]

#: Seconds that it has for an answer.
PATIENCE = 2.0

#: Bytes of the longest: 10,000 connections with all their names and groups.
MAX_ANSWER = 1 << 26

_log = Logger(namespace="balws.admin")


@implementer(IAgentEndpointFactory, IStreamClientEndpoint)
@attrs.frozen
class _Way:
    """
    To one socket, whatever the URL says.
    """

    endpoint: UNIXClientEndpoint

    def endpointForURI(self, uri: Any) -> Any:
        """
        See L{IAgentEndpointFactory}.
        """
        return self

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """
        See L{IStreamClientEndpoint}: without two lines in the log, for a console asks every second.
        """
        protocolFactory.noisy = False
        connected: Deferred[Any] = self.endpoint.connect(protocolFactory)
        return connected


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
        endpoint = UNIXClientEndpoint(self._reactor, path, timeout=PATIENCE)
        pool = HTTPConnectionPool(self._reactor)
        question = Question(f"worker {self.number}", pool, _Way(endpoint), self._reactor)
        question.ask(PATIENCE, MAX_ANSWER, method, f"http://localhost{target}", headers, body)
        try:
            answer = await question.done
        except AuthUnavailableError as problem:
            if not self._isSilent:
                self._isSilent = True
                _log.warn("The admin endpoint goes on without {problem}", problem=str(problem))
            return None
        finally:
            await pool.closeCachedConnections()
        self._isSilent = False
        return answer
