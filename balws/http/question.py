# -*- test-case-name: tests.http.test_question -*-
"""
One question by HTTP, and what becomes of it.
"""

from __future__ import annotations

from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as TooLate
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed, ResponseNeverReceived
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer
from zope.interface import implementer

from balws.errors import SslError
from balws.http.answer import Answer
from balws.http.route import TooLong
from balws.http.unreachable import Unreachable
from balws.tls.body import BoundedBody, WholeBody

__all__ = ["Question"]

#: What treq is told: it cannot write the URL of an IPv6 address, and changes others.
_SOMEWHERE = "https://back-end.invalid/"


class _Packed(Exception):
    """
    An answer that nobody has asked to be packed is.
    """


@implementer(IAgent)
class Question:
    """
    Asked on a connection that nobody else has meanwhile; what treq would add to it by itself
    is taken off again.

    @ivar done: fires with the L{Answer}; fails with L{Unreachable}, which says why there is none.
    """

    #: Agents ask their pool for this: whether a connection may be used again.
    persistent = True

    def __init__(self, name: str, pool: HTTPConnectionPool, routes: Any, reactor: Any) -> None:
        """
        @param name: who is asked, for errors.
        @param pool: where there may be a connection.
        @param routes: an L{twisted.web.iweb.IAgentEndpointFactory}, for a new one.
        """
        self._name = name
        self._pool = pool
        self._reactor = reactor
        self._agent = Agent.usingEndpointFactory(reactor, routes, self)
        self._connection: Any = None
        self._why: str | None = None
        self.done: Deferred[Answer] = Deferred(self._cancel)

    def ask(self, timeout: float, maxBody: int, method: str, url: str, headers: Headers, form: bytes | None) -> None:
        """
        Begin.

        @param timeout: seconds until the whole answer must be there.
        """
        self._url = url.encode("ascii")
        self._timer = self._reactor.callLater(timeout, self.stop, f"no answer within {timeout:g} seconds")
        self._asking = Deferred.fromCoroutine(self._exchange(maxBody, method, headers, form))
        self._asking.addBoth(self._end)

    async def _exchange(self, maxBody: int, method: str, headers: Headers, form: bytes | None) -> Answer:
        # A client of its own for each question: treq keeps cookies with the client.
        client = HTTPClient(self, data_to_body_producer=WholeBody)
        response = await client.request(
            method,
            _SOMEWHERE,
            headers=headers,
            data=form,
            allow_redirects=False,
            unbuffered=True,
            reactor=self._reactor,
        )
        body = BoundedBody(maxBody, TooLong())
        response.deliverBody(body)
        return Answer(status=response.code, headers=response.headers, body=await body.done)

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """
        Stand before the pool, to know the connection.
        """
        return self._pool.getConnection(key, endpoint).addCallback(self._borrow)

    def _borrow(self, connection: Any) -> Any:
        self._connection = connection
        return connection

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[Any]:
        """
        See L{IAgent}.  The answer is asked not to be packed: it might unpack to anything.

        @param uri: of no interest.
        """
        fields = Headers() if headers is None else headers.copy()
        fields.setRawHeaders(b"Accept-Encoding", [b"identity"])
        asked: Deferred[Any] = self._agent.request(method, self._url, fields, bodyProducer)
        return asked.addCallback(_refusePacked)

    def stop(self, why: str) -> None:
        """
        Give it up.
        """
        self._why = why
        self._asking.cancel()

    def _cancel(self, done: Deferred[Answer]) -> None:
        done.errback(CancelledError())
        self.stop("")

    def _end(self, result: Any) -> None:
        if self._timer.active():
            self._timer.cancel()
        if isinstance(result, Failure):
            if self._connection is not None:
                self._connection.abort()
            why = _reason(result.value) if self._why is None else self._why
            result = Failure(Unreachable(f"{self._name}: {why}"))
        if not self.done.called:
            self.done.callback(result)


def _refusePacked(response: Any) -> Any:
    codings = response.headers.getRawHeaders(b"Content-Encoding", [])
    if any(each.strip().lower() not in (b"", b"identity") for each in codings):
        raise _Packed
    return response


def _reason(problem: BaseException | None) -> str:
    """
    @return: what went wrong, with nothing of what was sent or came.
    """
    if isinstance(problem, ResponseFailed) and any(each.check(TooLong) for each in problem.reasons):
        problem = TooLong()
    match problem:
        case TooLong():
            why = "the answer is too long"
        case _Packed():
            why = "the answer is packed, which nobody asked for"
        case SslError():
            why = str(problem)
        case TooLate():
            why = "no connection in time"
        case DNSLookupError():
            why = "the name is not known"
        case ConnectError() | OSError():
            why = f"cannot be reached ({str(problem)[:100]})"
        case ConnectionClosed() | ResponseNeverReceived():
            why = "closed the connection and gave no answer"
        case _:
            why = f"no answer of HTTP that is whole ({type(problem).__name__})"
    return why
