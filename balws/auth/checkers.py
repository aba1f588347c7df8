# -*- test-case-name: tests.auth.test_checkers -*-
"""
From the entries of a configuration to checkers; those of equal configuration are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any

from twisted.cred.credentials import IUsernamePassword
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.logger import Logger

from balws.auth.chain import Entry
from balws.config.auth import AuthEntry, CheckerWithScopes
from balws.config.values import convert
from balws.errors import ConfigurationError
from balws.interfaces import IBearerToken

__all__ = ["Checkers"]

#: For each entry's field the kind that the log calls it, and where its checker is.  They are imported when there is
#: use for them: nobody pays for a directory's client who has no directory.
_KINDS = {
    "fileUserStoreConfig": ("file", "balws.auth.users.store", "FileUserStore"),
    "ldapUserStoreConfig": ("ldap", "balws.auth.ldap.store", "LdapUserStore"),
    "jwtValidatorConfig": ("jwt", "balws.auth.jwt.validator", "JwtValidator"),
    "oauth2IntrospectionConfig": ("oauth2", "balws.auth.oauth2.introspection", "OAuth2Introspection"),
}

#: What a guard finds in a request.
_CREDENTIALS = (IUsernamePassword, IBearerToken)


#: Seconds that a checker has to let go of what it holds.
CLOSING_TIME = 10.0


class Checkers:
    """
    The checkers of one listener.
    """

    _log = Logger(namespace="balws.auth")

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._made: list[tuple[object, Any]] = []

    def entries(self, configured: Iterable[AuthEntry]) -> list[Entry]:
        """
        @return: what to try, in the same order.
        @raise balws.ConfigurationError: when one of them cannot work.
        """
        return [self._entry(index, each) for index, each in enumerate(configured)]

    def _entry(self, index: int, configured: AuthEntry) -> Entry:
        scopes, realm = frozenset(configured.scopes), configured.realm
        if isinstance(realm, str):
            raise ConfigurationError("a name is for a configuration file; give the realm itself", f"[{index}].realm")
        if isinstance(configured, CheckerWithScopes):
            checker = configured.checker
            if isinstance(checker, str):
                raise ConfigurationError(
                    "a name is for a configuration file; give the checker itself", f"[{index}].checker"
                )
            if not any(each.isOrExtends(kind) for each in checker.credentialInterfaces for kind in _CREDENTIALS):
                raise ConfigurationError(
                    "this checker takes neither IUsernamePassword nor IBearerToken", f"[{index}].checker"
                )
            if not any(known is checker for _, known in self._made):
                self._made.append((configured, checker))
            return Entry(kind=type(checker).__name__, checker=checker, scopes=scopes, realm=realm)
        for field, (kind, module, name) in _KINDS.items():
            config = getattr(configured, field, None)
            if config is not None:
                make = partial(self._checker, getattr(import_module(module), name))
                checker = convert(make, f"[{index}].{field}", config)
                return Entry(kind=kind, checker=checker, scopes=scopes, realm=realm)
        raise ConfigurationError(f"{type(configured).__name__} is no entry of auth", f"[{index}]")

    def _checker(self, kind: Callable[..., Any], config: object) -> Any:
        for known, checker in self._made:
            # To Python 1 is True; to whoever compares claims it is not.
            if known == config and repr(known) == repr(config):
                return checker
        checker = kind(config, self._reactor)
        self._made.append((config, checker))
        return checker

    def reload(self) -> None:
        """
        Read keys, certificates and users again; what is broken leaves the old in place.
        """
        for _, checker in self._made:
            reload = getattr(checker, "reload", None)
            if reload is not None:
                try:
                    reload()
                except Exception:
                    self._log.failure("{checker} could not be read again", checker=type(checker).__name__)

    def keepOnly(self, used: Iterable[Any]) -> None:
        """
        Let go of the checkers that nobody uses any more.
        """
        kept = {id(checker) for checker in used}
        gone = [checker for _, checker in self._made if id(checker) not in kept]
        self._made = [made for made in self._made if id(made[1]) in kept]
        self._close(gone)

    def close(self) -> Deferred[None]:
        """
        Release what they hold; they work again when they are asked again.

        @return: fires when all are done, have failed to, or have taken too long.
        """
        return self._close([checker for _, checker in self._made])

    def _close(self, checkers: Iterable[Any]) -> Deferred[None]:
        closing = [maybeDeferred(getattr(checker, "close", _nothing)) for checker in checkers]
        for each in closing:
            each.addTimeout(CLOSING_TIME, self._reactor)
            each.addErrback(lambda failure: self._log.failure("A checker could not be closed", failure))
        return gatherResults(closing).addCallback(lambda _: None)


def _nothing() -> None:
    """
    An application's own checker need not have anything to close.
    """
