# -*- test-case-name: tests.admin.test_guard -*-
"""
Who may ask the admin endpoint, and by which name it may be called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.server import Request

from balws.admin.refusals import Refusals
from balws.admin.tokens import OPERATOR, Token
from balws.auth import audit
from balws.auth.authorization import bearer, read
from balws.auth.credentials import BearerToken
from balws.auth.throttle import LONGEST_WAIT, Throttle
from balws.config.listener import MAX_AUTH_FAILURES
from balws.config.loopback import isLoopback
from balws.server.gate import BEARER
from balws.server.provenance import addressOf
from balws.wire.headers import tokens

__all__ = ["MISDIRECTED", "Denied", "Guard", "isHere"]

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.]+))(?::\d{1,5})?")

#: To who calls this machine by another name.
MISDIRECTED = "call it localhost, 127.0.0.1 or [::1]"

_CHALLENGE = 'Bearer realm="balws admin"'


class Denied(Exception):
    """
    The answer is no.

    @ivar status: of HTTP.
    @ivar words: for who asked.
    @ivar headers: further ones.
    """

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, words)
        self.status = status
        self.words = words
        self.headers = dict(headers or {})


def isHere(host: str) -> bool:
    """
    A page of another place can have its name mean this machine, and its browser then believes that
    it talks to that place; but it tells by which name it came.

    @param host: the field C{Host}.
    @return: whether it is this machine's own name, with any port.
    """
    match = _HOST.fullmatch(host)
    return match is not None and isLoopback(match["six"] or match["name"])


class Guard:
    """
    Stands before what is not for everybody, and slows down who guesses.
    """

    def __init__(self, token: Token | None, clock: IReactorTime) -> None:
        """
        @param token: L{None}: whom the system lets in may do all.
        """
        self._token = token
        self._clock = clock
        self._throttle = Throttle(clock, MAX_AUTH_FAILURES)
        self._refusals = Refusals(clock)

    def end(self) -> None:
        """
        Nobody asks any more.
        """
        self._refusals.end()

    async def admit(self, request: Request) -> None:
        """
        @raise Denied: 401 without the right token; 429 when too many who guess wait already.
        """
        fields = request.requestHeaders.getRawHeaders(b"Authorization", [])
        await self._admit(request, read(fields[0]) if len(fields) == 1 else None)

    async def admitConsole(self, request: Request) -> None:
        """
        A page cannot set a field: it shows the token among its sub-protocols (decision 19).  Who is let in has a
        line in the audit.

        @param request: for an upgrade.
        @raise Denied: as L{admit}.
        """
        if request.requestHeaders.hasHeader(b"Authorization"):
            await self.admit(request)
        else:
            await self._admit(request, _offered(request))
        if self._token is not None:
            audit.accepted("token", OPERATOR, addressOf(request), _pathOf(request))

    async def _admit(self, request: Request, shown: object) -> None:
        if self._token is None:
            return
        if not isinstance(shown, BearerToken):
            raise _unauthenticated("show the token: Authorization: Bearer TOKEN")
        if self._token.fits(shown.token):
            # At once: all of this machine have one address, and who guesses must not make others wait.
            return
        address, path = addressOf(request), _pathOf(request)
        wait = self._throttle.wait(address)
        if wait is None:
            self._refusals.add("throttled", "too many attempts of this address wait", address, path)
            raise Denied(429, "too many wrong tokens were shown", {"Retry-After": str(int(LONGEST_WAIT))})
        # Before the wait, from which who guesses may run away.
        self._throttle.failed(address, "")
        self._refusals.add("unauthenticated", "it is not the token of [admin]", address, path)
        if wait:
            try:
                await deferLater(self._clock, wait)
            finally:
                self._throttle.waited(address)
        else:
            self._throttle.ended(address)
        raise _unauthenticated("it is not the right token", ', error="invalid_token"')


def _offered(request: Request) -> BearerToken | None:
    offered = tokens(request.requestHeaders.getRawHeaders(b"Sec-WebSocket-Protocol", []))
    # What stands behind it is there: the gate has looked.
    return bearer(offered[offered.index(BEARER) + 1]) if BEARER in offered else None


def _unauthenticated(words: str, more: str = "") -> Denied:
    return Denied(401, words, {"WWW-Authenticate": _CHALLENGE + more})


def _pathOf(request: Request) -> str:
    # Never the query, and never what a peer made up below /api.
    return "/" + b"/".join(request.prepath or ()).decode("utf-8", "replace")
