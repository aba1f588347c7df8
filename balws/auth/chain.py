# -*- test-case-name: tests.auth.test_chain -*-
"""
The entries of a service's C{auth}, tried in turn (decisions 11 to 13).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import LoginFailed, Unauthorized
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.auth.login import Login, letGo
from balws.auth.principal import Identity, Realm
from balws.errors import AuthnError, AuthUnavailableError, AuthzError
from balws.interfaces import IBearerToken, IPrincipal

__all__ = ["Chain", "Entry", "MissingScope", "Undecided"]


@attrs.frozen(kw_only=True)
class Entry:
    """
    @ivar kind: for the log.
    @ivar checker: asked for credentials of its interfaces alone.
    @ivar scopes: who is known needs one of these; empty: none.
    @ivar realm: makes the avatar; L{None} is balws' own.
    """

    kind: str
    checker: ICredentialsChecker
    scopes: frozenset[str] = frozenset()
    realm: IRealm | None = None


class MissingScope(AuthzError):
    """
    Somebody is known, and has none of the scopes that are wanted.

    @ivar username: who it is.
    """

    def __init__(self, kind: str, username: object, wanted: Iterable[str]) -> None:
        super().__init__(f"{kind}: none of the scopes that are wanted ({', '.join(sorted(wanted))})")
        self.username = username if isinstance(username, str) else ""


class Undecided(AuthUnavailableError):
    """
    Nobody knows who that is, and one that was asked could not tell.

    @ivar wasRefused: whether another one said no.
    """

    def __init__(self, why: str, wasRefused: bool) -> None:
        super().__init__(why)
        self.wasRefused = wasRefused


@implementer(IRealm)
class _Remembering:
    """
    The entry's realm; keeps with the avatar what the checker knows of its end.
    """

    def __init__(self, realm: Any) -> None:
        self._realm = realm

    def requestAvatar(self, avatarId: Any, mind: object, *interfaces: Any) -> Deferred[Any]:
        # None and False are what a checker gives that forgot to say no.
        if not isinstance(avatarId, (bytes, str)) or not (avatarId or isinstance(avatarId, Identity)):
            raise TypeError(f"a checker gave {type(avatarId).__name__} in place of an avatar's id")
        expires = getattr(avatarId, "expires", None)
        outcome: Deferred[Any] = Deferred()

        def made(result: tuple[Any, Any, Any]) -> None:
            interface, avatar, logout = result
            if outcome.called:  # whoever waited has gone: so does the avatar
                letGo(logout)
            else:
                outcome.callback((interface, (avatar, expires), logout))

        def failed(failure: Failure) -> None:
            if not outcome.called:
                outcome.errback(failure)

        # Not cancelled with the outcome: an avatar that is made then would never be let go.
        maybeDeferred(self._realm.requestAvatar, avatarId, mind, *interfaces).addCallback(made).addErrback(failed)
        return outcome


class Chain:
    """
    Lets somebody in, or says why not.

    @ivar challenge: what C{WWW-Authenticate} says to who showed nothing (RFC 9110 section
        11.6.1).
    @ivar tokenChallenge: what it says to whose token is not accepted (RFC 6750 section 3).
    """

    _log = Logger(namespace="balws.auth")

    def __init__(
        self,
        entries: Iterable[Entry],
        clock: IReactorTime,
        expire: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        """
        @param expire: whether logins end with their credentials (C{closeOnExpiry}).
        @param now: seconds since the epoch, as credentials count them.
        """
        self._entries: list[tuple[Entry, Portal]] = []
        for entry in entries:
            realm = _Remembering(Realm() if entry.realm is None else entry.realm)
            self._entries.append((entry, Portal(realm, [entry.checker])))
        self._clock = clock
        self._expire = expire
        self._now = now
        schemes = []
        if self._takes(IUsernamePassword):
            schemes.append('Basic realm="balws", charset="UTF-8"')
        if self._takes(IBearerToken):
            schemes.append('Bearer realm="balws"')
        self.challenge = ", ".join(schemes)
        # Bearer stands last, so that this belongs to it.
        self.tokenChallenge = self.challenge + (', error="invalid_token"' if self._takes(IBearerToken) else "")

    @property
    def checkers(self) -> list[ICredentialsChecker]:
        """
        Who is asked.
        """
        return [entry.checker for entry, _ in self._entries]

    def _takes(self, interface: Any) -> bool:
        return any(
            each.isOrExtends(interface) for entry, _ in self._entries for each in entry.checker.credentialInterfaces
        )

    async def login(self, credentials: Any, mind: object) -> Login:
        """
        @param mind: for the realm.
        @raise AuthnError: when nobody knows who that is; the text is for the log.
        @raise AuthzError: when somebody does, and the scope is missing.
        @raise Undecided: when nobody does, and one that was asked could not tell.
        """
        unavailable: str | None = None
        refusals: list[str] = []
        for entry, portal in self._entries:
            if not any(each.providedBy(credentials) for each in entry.checker.credentialInterfaces):
                continue
            try:
                entered: Any = await portal.login(credentials, mind, IPrincipal)
                _, (avatar, expires), logout = entered
                return self._enter(entry, avatar, expires, logout)
            except (LoginFailed, Unauthorized) as problem:
                refusals.append(str(problem) or "not authenticated")
            except (AuthzError, CancelledError):
                raise
            except AuthUnavailableError as problem:
                unavailable = str(problem)
            except Exception:
                self._log.failure("The {kind} entry of auth failed", kind=entry.kind)
                unavailable = f"the {entry.kind} entry failed"
        if unavailable is not None:
            raise Undecided(unavailable, bool(refusals))
        raise AuthnError("; ".join(refusals) or "there is no entry for credentials of this kind")

    def _enter(self, entry: Entry, avatar: Any, expires: float | None, logout: Any) -> Login:
        try:
            if entry.scopes and entry.scopes.isdisjoint(_scopes(avatar)):
                raise MissingScope(entry.kind, getattr(avatar, "username", ""), entry.scopes)
            left = expires - self._now() if expires is not None and self._expire else None
            return Login(avatar, entry.kind, logout, self._clock, left)
        except Exception:
            letGo(logout)
            raise


def _scopes(avatar: Any) -> Iterable[str]:
    """
    @return: what an avatar may do; a string is one scope, not its letters.
    """
    scopes: Iterable[str] = getattr(avatar, "scopes", None) or ()
    return (scopes,) if isinstance(scopes, str) else scopes
