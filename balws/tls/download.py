# -*- test-case-name: tests.tls.test_download -*-
"""
Reads a file of an authority by HTTP, with a limit on everything.

Whoever is on the way to an authority can answer in its place: the URLs in certificates are
mostly C{http}.  What comes is believed for its signature, but it may also be endless, slow,
or point elsewhere.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from balws.tls.body import BoundedBody, WholeBody
from balws.tls.verdict import CannotTell

__all__ = ["Download", "Fetch", "isUsable"]

#: So many bytes of an answer may be something else than its body: the head, the sizes of chunks.
MAX_HEAD = 65536

#: Longer URLs are not asked.
MAX_URL = 2048

#: Longer URLs are cut in an error's text.
MAX_SHOWN = 100


class Fetch(Protocol):
    """
    How something is read: what L{Download} does, or a test instead.
    """

    def __call__(self, url: str, limit: int, seconds: float, question: bytes = b"") -> Deferred[bytes]:
        """
        @param url: one that L{isUsable}.
        @param limit: bytes of the longest body.
        @param seconds: for all of it.
        @param question: an OCSP request that is posted; empty gets the URL.
        @return: fires with the body; fails with L{CannotTell} where there is none, whatever
            the reason.
        """


def isUsable(url: str) -> bool:
    """
    @return: whether it is a URL of C{http} or C{https} with a host, and nothing strange: no
        password, no blanks, nothing beyond ASCII, not too long.
    """
    if not 0 < len(url) <= MAX_URL or not all("\x21" <= letter <= "\x7e" for letter in url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and port != 0


class _Bounded(ProtocolWrapper):
    """
    Counts all that comes, the head as well.
    """

    def dataReceived(self, data: bytes) -> None:
        """
        See L{BaseProtocol}.
        """
        self.factory.left -= len(data)
        if self.factory.left < 0:
            transport: Any = self.transport
            transport.abortConnection()
        else:
            self.wrappedProtocol.dataReceived(data)


class _BoundedFactory(WrappingFactory):
    protocol = _Bounded
    noisy = False

    def __init__(self, factory: IProtocolFactory, left: int) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self.left = left


@implementer(IAgentEndpointFactory, IStreamClientEndpoint)
class _Way:
    """
    The way to one authority, for one download.
    """

    def __init__(self, reactor: Any, limit: int, seconds: float) -> None:
        self._reactor = reactor
        self._limit = limit
        self._seconds = seconds
        self._endpoint: Any = None
        self._connection: Any = None

    def endpointForURI(self, uri: Any) -> _Way:
        """
        See L{IAgentEndpointFactory}.
        """
        endpoint: Any = HostnameEndpoint(self._reactor, uri.host.decode("ascii"), uri.port, timeout=self._seconds)
        if uri.scheme == b"https":
            endpoint = wrapClientTLS(BrowserLikePolicyForHTTPS().creatorForNetloc(uri.host, uri.port), endpoint)
        self._endpoint = endpoint
        return self

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        """
        See L{IStreamClientEndpoint}.
        """
        connected: Deferred[Any] = self._endpoint.connect(_BoundedFactory(factory, self._limit + MAX_HEAD))
        return connected.addCallback(self._unwrap)

    def _unwrap(self, wrapper: Any) -> Any:
        self._connection = wrapper.transport
        return wrapper.wrappedProtocol

    def end(self) -> None:
        """
        Whatever is still to come is of no interest.
        """
        if self._connection is not None:
            self._connection.abortConnection()


class Download:
    """
    Reads by HTTP: no redirect is followed, no proxy asked, no cookie kept, and no
    connection used twice.  A host of C{https} must have a certificate that the system
    trusts; whether that one was revoked is not asked: there would be no end of it.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def __call__(self, url: str, limit: int, seconds: float, question: bytes = b"") -> Deferred[bytes]:
        """
        See L{Fetch}.
        """
        way = _Way(self._reactor, limit, seconds)
        body = Deferred.fromCoroutine(self._read(way, url, limit, question))

        def cancel(outcome: Deferred[bytes]) -> None:
            # First: what becomes of the body then is no answer of the authority's.
            outcome.errback(CancelledError())
            body.cancel()

        outcome: Deferred[bytes] = Deferred(cancel)
        body.addTimeout(seconds, self._reactor, _tooLate)
        body.addBoth(_ended, way, url).addBoth(_pass, outcome)
        return outcome

    async def _read(self, way: _Way, url: str, limit: int, question: bytes) -> bytes:
        agent = Agent.usingEndpointFactory(self._reactor, way)
        headers = Headers({"User-Agent": ["balws"]})
        if question:
            headers.setRawHeaders("Content-Type", ["application/ocsp-request"])
        producer = WholeBody(question) if question else None
        response = await agent.request(b"POST" if question else b"GET", url.encode("ascii"), headers, producer)
        if response.code != 200:
            raise CannotTell(f"answered {response.code}")
        body = BoundedBody(limit, CannotTell("too large"))
        response.deliverBody(body)
        return await body.done


def _tooLate(_: object, seconds: float) -> NoReturn:
    raise CannotTell(f"no answer within {seconds:g} s")


def _pass(result: Any, outcome: Deferred[bytes]) -> None:
    if not outcome.called:
        outcome.callback(result)


def _ended(result: Any, way: _Way, url: str) -> Any:
    way.end()
    if not isinstance(result, Failure):
        return result
    problem: Any = result.value
    if not isinstance(problem, CannotTell):
        reasons = getattr(problem, "reasons", None)
        problem = reasons[0].value if reasons else problem
        problem = f"no answer ({type(problem).__name__})"
    shown = url if len(url) <= MAX_SHOWN else url[:MAX_SHOWN] + "..."
    raise CannotTell(f"{shown}: {problem}") from None
