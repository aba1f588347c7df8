# -*- test-case-name: tests.auth.test_backend -*-
"""
Questions to a back end by HTTP: to one host alone, verified, with a limit on everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from balws.config.backend import HttpClientConfig, backEndUrl
from balws.config.values import convert
from balws.errors import AuthUnavailableError, ConfigurationError
from balws.http.answer import Answer
from balws.http.question import Question
from balws.http.route import MAX_HEAD, Route
from balws.http.unreachable import Unreachable
from balws.tls.client import TlsClient

__all__ = ["MAX_BODY", "MAX_PENDING", "BackEnd"]

#: Bytes of the longest body, unless somebody asks for another limit.
MAX_BODY = 65536

#: So many questions to one back end may wait for their answers.
MAX_PENDING = 64

#: Connections that are kept for the next question, and the seconds after which they are not: many servers end
#: theirs after 5, and a question that crosses such an end is lost.
IDLE_CONNECTIONS = 4
IDLE_TIME = 3


@implementer(IAgentEndpointFactory)
class BackEnd:
    """
    One back end.

    Redirects are not followed, cookies not kept, proxies not used; nothing is sent before
    the host is verified, and nothing is sent to another.
    """

    _log = Logger(namespace="balws.auth")

    def __init__(self, url: str, clientConfig: HttpClientConfig, reactor: Any, maxBody: int = MAX_BODY) -> None:
        """
        @param url: https, or http to a loopback host.
        @param clientConfig: without C{auth}, which is not for HTTP to give.
        @param maxBody: bytes of the longest body.
        @raise ConfigurationError: for a URL or a file that cannot be used.
        """
        self._url = convert(backEndUrl, "url", url)
        if clientConfig.auth is not None:
            raise ConfigurationError("this endpoint is not asked with a token", "clientConfig.auth")
        parts = urlsplit(self._url)
        self._isSecure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._isSecure else 80)
        self._config = clientConfig
        self._reactor = reactor
        self._maxBody = maxBody
        self._pending: set[Question] = set()
        self._tls = self._newTls()
        self._pool = HTTPConnectionPool(reactor, persistent=True)
        self._pool.maxPersistentPerHost = IDLE_CONNECTIONS
        self._pool.cachedConnectionTimeout = IDLE_TIME
        self._pool.retryAutomatically = False

    def _newTls(self) -> TlsClient | None:
        if not self._isSecure:
            return None
        secure = self._config.secureSocket
        try:
            return TlsClient(self._host, None if secure is None else secure.asClient(), self._reactor)
        except ConfigurationError as error:
            raise type(error)(error.problem, f"clientConfig.{error.path}") from None

    @property
    def name(self) -> str:
        """
        Host and port, for errors and logs.
        """
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    def endpointForURI(self, uri: Any) -> Route:
        """
        See L{IAgentEndpointFactory}.

        @param uri: of no interest: there is one host.
        """
        limit = self._maxBody + MAX_HEAD
        return Route(self._reactor, self._host, self._port, self._tls, self._config.connectTimeout, limit)

    def fetch(
        self,
        method: str = "GET",
        form: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Deferred[Answer]:
        """
        Ask.

        @param form: what is sent as C{application/x-www-form-urlencoded}, with C{customPayload};
            L{None} sends no body.
        @param headers: they take the place of custom ones of the same names.
        @return: fires with the L{Answer}; fails with L{AuthUnavailableError} when there is none
            in time, none that is whole and within its limits, and at once when too many wait
            already.  It can be cancelled.
        """
        if len(self._pending) >= MAX_PENDING:
            return fail(AuthUnavailableError(f"{self.name}: {MAX_PENDING} requests wait for their answers already"))
        question = Question(self.name, self._pool, self, self._reactor)
        self._pending.add(question)
        question.done.addBoth(self._answered, question)
        body, fields = self._encode(form), self._headers(form is not None, headers)
        question.ask(self._config.reqTimeout, self._maxBody, method, self._url, fields, body)
        return question.done

    def _answered(self, result: Any, question: Question) -> Any:
        self._pending.discard(question)
        if isinstance(result, Failure) and result.check(Unreachable):
            raise AuthUnavailableError(str(result.value)) from None
        return result

    def _encode(self, form: Mapping[str, str] | Iterable[tuple[str, str]] | None) -> bytes | None:
        if form is None:
            return None
        pairs = [urlencode(form if isinstance(form, Mapping) else list(form))]
        if self._config.customPayload is not None:
            pairs.append(self._config.customPayload.reveal())
        return "&".join(filter(None, pairs)).encode("ascii")

    def _headers(self, hasForm: bool, given: Iterable[tuple[str, str]]) -> Headers:
        headers = Headers()
        headers.setRawHeaders("Accept", ["application/json"])
        headers.setRawHeaders("User-Agent", ["balws"])
        for name, secret in self._config.customHeaders.items():
            headers.setRawHeaders(name, [secret.reveal()])
        for name, value in given:
            headers.setRawHeaders(name, [value])
        if hasForm:
            headers.setRawHeaders("Content-Type", ["application/x-www-form-urlencoded"])
        return headers

    def reload(self) -> None:
        """
        Read certificates and keys again, for the connections to come.  Where they cannot be used,
        the old ones stay, and the log has an error.
        """
        try:
            self._tls = self._newTls()
        except ConfigurationError as problem:
            self._log.error("The old certificates stay for {name}: {problem}", name=self.name, problem=str(problem))
        self._pool.closeCachedConnections()

    def close(self) -> Deferred[None]:
        """
        End what is asked, with L{AuthUnavailableError}, and all connections.  It works again
        when it is asked again.
        """
        for question in list(self._pending):
            question.stop("closed")
        closed: Deferred[None] = self._pool.closeCachedConnections()
        return closed
