# -*- test-case-name: tests.cli.test_admin -*-
"""
Questions by HTTP: asked once, to one place, each with a deadline and a limit.  Commands ask a service so,
and a supervisor its workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

if TYPE_CHECKING:
    from balws.http.answer import Answer

__all__ = ["ask"]


@implementer(IAgentEndpointFactory, IStreamClientEndpoint)
@attrs.frozen
class _Way:
    """
    To one place, whatever the URL says.
    """

    endpoint: Any

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


async def ask(
    reactor: Any,
    endpoint: Any,
    url: str,
    *,
    name: str,
    timeout: float,
    longest: int,
    method: str = "GET",
    headers: Headers | None = None,
    body: bytes | None = None,
) -> Answer:
    """
    @param endpoint: a client endpoint of Twisted.
    @param name: who is asked, for errors.
    @param timeout: seconds for the whole answer.
    @param longest: bytes of the longest body.
    @return: whatever is answered; redirects are not followed.
    @raise Unreachable: when there is no answer in time, or none that is whole and within its limit.
    """
    # A command that only shows its help does not wait for them.
    from twisted.web.client import HTTPConnectionPool

    from balws.http.question import Question

    pool = HTTPConnectionPool(reactor)
    question = Question(name, pool, _Way(endpoint), reactor)
    question.ask(timeout, longest, method, url, Headers() if headers is None else headers, body)
    try:
        return await question.done
    finally:
        await pool.closeCachedConnections()
