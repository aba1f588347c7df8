# -*- test-case-name: tests.cli.test_admin -*-
"""
The admin endpoint of a running service, as a command asks it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

import attrs
import msgspec

from balws.admin.facts import MAX_ANSWER, Count, Reason
from balws.admin.operations import Kick, Send
from balws.config.loopback import isLoopback
from balws.config.secret import Secret
from balws.errors import ConfigurationError, Error
from balws.http.asking import ask
from balws.http.unreachable import Unreachable
from balws.logs.escape import escaped

if TYPE_CHECKING:
    from balws.http.answer import Answer

__all__ = ["FORMS", "TIMEOUT", "TOKEN", "Admin", "AdminAddress", "Denied"]

#: The variable of the environment that may hold the token.
TOKEN = "BALWS_ADMIN_TOKEN"  # noqa: S105 - its name alone

#: Seconds for a whole answer.
TIMEOUT = 5.0

#: How the place of an endpoint is written.
FORMS = "http://127.0.0.1:9091, tcp:9091 or unix:PATH"

#: What Python makes of such an argument cannot be sent.
_NO_TEXT = "what is asked for is not UTF-8"

#: What is no JSON, or far too deep.
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_TCP = re.compile(r"tcp:(?P<port>\d{1,5})(?::interface=(?P<host>.+))?")

T = TypeVar("T")


class Denied(Error):
    """
    The admin endpoint will not do what it was asked.

    @ivar status: its HTTP status.
    """

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


@attrs.frozen
class AdminAddress:
    """
    @ivar name: as errors show it.
    @ivar host: an address or a name of this machine; empty for a socket in the file system.
    @ivar port: of TCP.
    @ivar path: of the socket.
    """

    name: str
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, given: str) -> AdminAddress:
        """
        @param given: C{http://HOST:PORT}, C{tcp:PORT}, C{tcp:PORT:interface=HOST} or C{unix:PATH}.
        @raise ConfigurationError: for anything else, and for another machine, to which the token
            would go in the clear.
        """
        if given.startswith("unix:") and given != "unix:":
            return cls(given, path=given.removeprefix("unix:"))
        match = _TCP.fullmatch(given)
        try:
            if match is not None:
                host, port = (match["host"] or "127.0.0.1").replace("\\", ""), int(match["port"])
            else:
                parts = urlsplit(given)
                host, port = parts.hostname or "", 80 if parts.port is None else parts.port
                if parts.scheme != "http" or parts.path not in ("", "/") or "@" in parts.netloc or parts.query:
                    raise ValueError
        except ValueError:
            raise ConfigurationError(f"expected {FORMS}") from None
        if not host or not 0 < port <= 65535:
            raise ConfigurationError(f"expected {FORMS}")
        if not isLoopback(host):
            raise ConfigurationError(
                "it is reached on its own machine alone; from another take a tunnel, "
                "such as ssh -L 9091:127.0.0.1:9091 HOST"
            )
        shown = f"[{host}]" if ":" in host else host
        return cls(f"http://{shown}:{port}", host=host, port=port)

    @property
    def origin(self) -> str:
        """
        What URLs begin with.
        """
        return "http://localhost" if self.path else self.name


class Admin:
    """
    The admin endpoint of one service.
    """

    def __init__(
        self, address: AdminAddress, token: Secret | None, reactor: Any, timeout: float = TIMEOUT
    ) -> None:
        """
        @param token: what it wants to be shown; L{None} shows nothing.
        @param timeout: seconds for each whole answer.
        """
        self.address = address
        self._token = token
        self._reactor = reactor
        self._timeout = timeout

    async def get(self, path: str, kind: type[T], query: Mapping[str, Any] | None = None) -> T:
        """
        @param kind: a record of the answer.
        @param query: what stands in the URL; L{None} values do not.
        @raise Unreachable: see there.
        @raise Denied: see there.
        """
        fields = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            target = f"{path}?{urlencode(fields)}" if fields else path
        except UnicodeEncodeError:
            raise ConfigurationError(_NO_TEXT) from None
        return self._read(await self.ask("GET", target), kind)

    async def post(self, path: str, order: Send | Kick) -> int:
        """
        @param order: a record.
        @return: how many connections it was done for.
        @raise Unreachable: see there.
        @raise Denied: see there.
        """
        try:
            body = msgspec.json.encode(order)
        except UnicodeEncodeError:
            raise ConfigurationError(_NO_TEXT) from None
        return self._read(await self.ask("POST", path, body), Count).count

    async def ask(self, method: str, target: str, body: bytes | None = None) -> Answer:
        """
        @return: whatever it says.
        @raise Unreachable: see there.
        """
        from twisted.internet.endpoints import UNIXClientEndpoint
        from twisted.web.http_headers import Headers

        from balws.http.route import MAX_HEAD, Route

        headers = Headers({b"Accept": [b"application/json"]})
        if body is not None:
            headers.setRawHeaders(b"Content-Type", [b"application/json"])
        if self._token is not None:
            headers.setRawHeaders(b"Authorization", [b"Bearer " + self._token.reveal().encode()])
        address, reactor, timeout = self.address, self._reactor, self._timeout
        endpoint: Any
        if address.path:
            endpoint = UNIXClientEndpoint(reactor, address.path, timeout=timeout)
        else:
            endpoint = Route(reactor, address.host, address.port, None, timeout, MAX_ANSWER + MAX_HEAD)
        url = address.origin + target
        try:
            return await ask(
                reactor,
                endpoint,
                url,
                name=address.name,
                timeout=timeout,
                longest=MAX_ANSWER,
                method=method,
                headers=headers,
                body=body,
            )
        except Unreachable as error:
            raise Unreachable(f"{error}; does a service run that has its [admin] there?") from None

    def _read(self, answer: Answer, kind: type[T]) -> T:
        name = self.address.name
        if answer.status == 401:
            raise Denied(
                f"{name} wants a token: give --token-file FILE, or {TOKEN} in the environment"
                if self._token is None
                else f"{name} does not accept this token",
                401,
            )
        if not answer.isSuccess:
            try:
                problem = msgspec.json.decode(answer.body, type=Reason).error
            except _NO_JSON:
                raise Unreachable(f"{name} answers {answer.status}, as no admin endpoint of balws does") from None
            raise Denied(escaped(problem), answer.status)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.ValidationError as error:
            raise Unreachable(
                f"{name} answers like another version of balws than this one: {escaped(str(error))}"
            ) from None
        except _NO_JSON:
            raise Unreachable(f"what answers at {name} is no admin endpoint of balws") from None
