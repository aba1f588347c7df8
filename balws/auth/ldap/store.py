# -*- test-case-name: tests.auth.ldap.test_store -*-
"""
The LDAP user store: who a directory knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from time import monotonic
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.auth.ldap.directory import Directory, Outcome
from balws.auth.ldap.pool import IDLE
from balws.auth.principal import Identity
from balws.auth.threads import Workers
from balws.config.ldap import LdapUserStoreConfig
from balws.errors import AuthUnavailableError, Error

__all__ = ["LdapUserStore"]

_log = Logger(namespace="balws.auth")

#: Bytes of a name, and of a password, that are still looked at.
MAX_NAME = 256
MAX_PASSWORD = 1024

#: Seconds between two lines in the log of a directory that cannot be asked.
QUIET = 10.0


@implementer(ICredentialsChecker)
class LdapUserStore:
    """
    Asks a directory, in threads of its own.  It is connected to when somebody logs in.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, config: LdapUserStoreConfig, reactor: Any, now: Callable[[], float] = time.time) -> None:
        """
        @param reactor: see L{Workers}; its clock is that of the pool and the cache, too.
        @param now: not used: a directory says nothing of when a login ends.
        @raise balws.ConfigurationError: for a filter that is none, and for certificates that
            cannot be read.
        """
        self._config = config
        self._reactor = reactor
        self._directory = Directory(config, reactor.seconds)
        self._workers = Workers(reactor, "LDAP")
        self._tidying: Any = None
        self._quietUntil = float("-inf")
        self._unsaid = 0
        if not config.address.isSecure and config.secureSocket is None and not config.address.isLoopback:
            _log.warn("Passwords go to {url} in plain text; take ldaps or startTls.", url=config.connectionUrl)

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        """
        @return: fires with who it is and, as scopes, the groups; fails with
            L{UnauthorizedLogin} when that is nobody, with L{AuthUnavailableError} when the
            directory cannot tell.
        """
        name = _readable(credentials.username)
        if not name or not _readable(credentials.password, MAX_PASSWORD):
            return fail(_refusal(name))
        deadline = monotonic() + self._config.loginTimeout
        asked = self._workers.call(
            self._config.loginTimeout, self._directory.login, name, credentials.password, deadline
        )
        return asked.addCallbacks(self._answered, self._unanswered, callbackArgs=(name,))

    def reload(self) -> None:
        """
        Read the trusted certificates again; when they cannot be read, the old ones stay.
        """
        try:
            self._directory.reload()
        except Error as problem:
            _log.error(
                "LDAP user store {url}: the old certificates stay: {problem}",
                url=self._config.connectionUrl,
                problem=str(problem),
            )

    def close(self) -> Deferred[None]:
        """
        Drop the connections.  The next login makes new ones.

        @return: fires when the logins that run are over.
        """
        return self._workers.close().addCallback(lambda _: self._clear())

    def _answered(self, outcome: Outcome, name: str) -> Identity:
        if len(self._directory.pool) and self._tidying is None:
            self._tidying = self._reactor.callLater(IDLE, self._tidy)
        if outcome.note:
            self._complain(outcome.note)
        if outcome.unavailable:
            self._complain(outcome.unavailable)
            raise AuthUnavailableError(f"LDAP: {outcome.unavailable}")
        if outcome.identity is None:
            raise _refusal(name)
        return outcome.identity

    def _unanswered(self, failure: Failure) -> Failure:
        if failure.check(AuthUnavailableError):
            self._complain(str(failure.value).removeprefix("LDAP: "))
        return failure

    def _complain(self, words: str) -> None:
        now = self._reactor.seconds()
        if now < self._quietUntil:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more like this)" if self._unsaid else ""
        self._quietUntil, self._unsaid = now + QUIET, 0
        _log.error("LDAP user store {url}: {words}{more}", url=self._config.connectionUrl, words=words, more=more)

    def _tidy(self) -> None:
        self._tidying = None
        pool = self._directory.pool
        pool.tidy()
        if len(pool):
            self._tidying = self._reactor.callLater(IDLE, self._tidy)

    def _clear(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            self._tidying = None
        self._directory.pool.clear()
        self._directory.roles.clear()


def _readable(data: bytes, longest: int = MAX_NAME) -> str:
    """
    @return: the text; empty for what is no UTF-8 or too long.
    """
    try:
        return data.decode() if len(data) <= longest else ""
    except UnicodeDecodeError:
        return ""


def _refusal(name: str) -> UnauthorizedLogin:
    # Whoever writes it down sees to what is not printable.
    return UnauthorizedLogin(f"Failed to authenticate username '{name}' with LDAP user store.")
