# -*- test-case-name: tests.server.test_guard -*-
"""
Who asks for this upgrade, and may they?  Stands between the gate and the service's C{get}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.server import Request

from balws.auth import audit
from balws.auth.authorization import bearer, read
from balws.auth.chain import Chain, MissingScope, Undecided
from balws.auth.credentials import BasicCredentials, BearerToken
from balws.auth.login import Login
from balws.auth.throttle import LONGEST_WAIT, Throttle
from balws.config.service import WSServiceConfig
from balws.errors import AuthnError, AuthzError
from balws.server.gate import Upgrade
from balws.server.provenance import addressOf
from balws.server.refusal import Refusal

#: Seconds after which somebody who is not at fault may try again.
RETRY_AFTER = 5


class Guard:
    """
    One service's.
    """

    def __init__(
        self, chain: Chain, config: WSServiceConfig, path: str, throttle: Throttle, clock: IReactorTime
    ) -> None:
        """
        @param path: where the service is mounted, for the log.
        @param throttle: the listener's, since an attacker tries all its services.
        """
        self._chain = chain
        self._config = config
        self._path = path
        self._throttle = throttle
        self._clock = clock

    @property
    def checkers(self) -> list[ICredentialsChecker]:
        """
        Who is asked.
        """
        return self._chain.checkers

    @property
    def challenge(self) -> str:
        """
        What C{WWW-Authenticate} says to whose token is not accepted.
        """
        return self._chain.tokenChallenge

    async def admit(self, request: Request, upgrade: Upgrade) -> Login | Refusal:
        """
        @return: who it is, or the answer that says no (decision 11).
        """
        address = addressOf(request)
        credentials = self._credentials(request, upgrade)
        if credentials is None:
            audit.asked(address, self._path)
            return _unauthenticated(self._chain.challenge)
        name = _name(credentials)
        wait = self._throttle.wait(address)
        if wait is None:
            audit.refused("throttled", "too many attempts of this address wait", name, address, self._path)
            return Refusal(429, "", {"Retry-After": str(int(LONGEST_WAIT))})
        if wait:
            try:
                await deferLater(self._clock, wait)
            finally:
                self._throttle.waited(address)
        try:
            return await self._login(credentials, name, address, request)
        finally:
            if not wait:
                self._throttle.ended(address)

    async def _login(self, credentials: Any, name: str, address: str, request: Request) -> Login | Refusal:
        try:
            login = await self._chain.login(credentials, request)
        except CancelledError:
            # Who leaves before the answer may not have liked it; the work was done all the same.
            self._throttle.failed(address, name)
            audit.refused("given up", "nobody waits for the answer", name, address, self._path)
            raise
        except AuthnError as problem:
            self._throttle.failed(address, name)
            audit.refused("unauthenticated", str(problem), name, address, self._path)
            isToken = isinstance(credentials, BearerToken)
            return _unauthenticated(self._chain.tokenChallenge if isToken else self._chain.challenge)
        except AuthzError as problem:
            self._throttle.succeeded(address, name)
            known = problem.username if isinstance(problem, MissingScope) else ""
            audit.refused("forbidden", str(problem), known or name, address, self._path)
            return Refusal(403)
        except Undecided as problem:
            if problem.wasRefused:  # else guesses were free while another entry is down
                self._throttle.failed(address, name)
            audit.refused("unavailable", str(problem), name, address, self._path)
            return Refusal(503, "", {"Retry-After": str(RETRY_AFTER)})
        self._throttle.succeeded(address, name)
        audit.accepted(login.kind, str(getattr(login.principal, "username", "") or name), address, self._path)
        return login

    def _credentials(self, request: Request, upgrade: Upgrade) -> BasicCredentials | BearerToken | None:
        """
        What the request shows, by the first of the ways that it uses (decision 19).
        """
        fields = request.requestHeaders.getRawHeaders(b"Authorization")
        if fields:
            return read(fields[0])
        if upgrade.token is not None:
            return bearer(upgrade.token)
        config = self._config
        if config.bearerQueryParameter is not None:
            values = request.args.get(config.bearerQueryParameter.encode(), ())
            if values:
                return _only(values)
        if config.bearerCookie is not None:
            return _only(_cookies(request, config.bearerCookie.encode()))
        return None


def _unauthenticated(challenge: str) -> Refusal:
    return Refusal(401, "", {"WWW-Authenticate": challenge})


def _cookies(request: Request, name: bytes) -> list[bytes]:
    """
    @return: the values of all cookies of a name: another site of the same domain may have
        set one, too.
    """
    lines = request.requestHeaders.getRawHeaders(b"Cookie", [])
    pairs = (each.partition(b"=") for line in lines for each in line.split(b";"))
    return [value.strip().strip(b'"') for found, _, value in pairs if found.strip() == name]


def _only(values: Sequence[bytes]) -> BearerToken | None:
    """
    @return: a token that is given once; of several nobody knows which one counts.
    """
    return bearer(values[0]) if len(set(values)) == 1 else None


def _name(credentials: BasicCredentials | BearerToken) -> str:
    return credentials.username.decode(errors="replace") if isinstance(credentials, BasicCredentials) else ""
