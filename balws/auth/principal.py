# -*- test-case-name: tests.auth.test_principal -*-
"""
Who it is: the avatar's id that checkers give, and the avatar that the realm makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
from twisted.cred.portal import IRealm
from zope.interface import implementer

from balws.interfaces import IPrincipal

__all__ = ["MAX_TIME", "Identity", "Principal", "Realm", "scopesOf"]

#: The latest time at which credentials may expire, in seconds since the epoch: what JSON's numbers hold exactly.
MAX_TIME = 2**53

_NONE: Mapping[str, Any] = MappingProxyType({})


class Identity(bytes):
    """
    An avatar's id: the user's name in UTF-8, for any realm, and what the checker learned
    beside it.

    @ivar scopes: what the user may do.
    @ivar claims: what a token says, or nothing.
    @ivar expires: when the credentials expire, in seconds since the epoch; L{None} never.
    """

    scopes: tuple[str, ...]
    claims: Mapping[str, Any]
    expires: float | None

    def __new__(
        cls,
        username: str,
        scopes: Iterable[str] = (),
        claims: Mapping[str, Any] = _NONE,
        expires: float | None = None,
    ) -> Identity:
        """
        @param username: the user's name; a token need not have one, and then it is empty.
        """
        identity = super().__new__(cls, username.encode(errors="replace"))
        identity.scopes = tuple(scopes)
        identity.claims = MappingProxyType(dict(claims))
        identity.expires = expires
        return identity


@implementer(IPrincipal)
@attrs.frozen(kw_only=True)
class Principal:
    """
    See L{IPrincipal}; C{request.principal} and C{caller.getPrincipal()}.

    @ivar claims: not in the repr: they may say more of a person than a log should.
    """

    username: str
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = attrs.field(default=_NONE, repr=False)


@implementer(IRealm)
class Realm:
    """
    Makes a L{Principal} of whatever id a checker gives.
    """

    def requestAvatar(
        self, avatarId: Any, mind: object, *interfaces: Any
    ) -> tuple[Any, Principal, Callable[[], None]]:
        """
        See L{IRealm}.

        @param avatarId: an L{Identity}, or what another checker gives: bytes or str.
        @raise NotImplementedError: when something else than an L{IPrincipal} is wanted.
        """
        if IPrincipal not in interfaces:
            raise NotImplementedError("only for IPrincipal")
        name = avatarId.decode(errors="replace") if isinstance(avatarId, bytes) else str(avatarId)
        principal = Principal(
            username=name,
            scopes=frozenset(getattr(avatarId, "scopes", ())),
            claims=getattr(avatarId, "claims", _NONE),
        )
        return IPrincipal, principal, _nothing


def _nothing() -> None:
    """
    Nobody has to be told that a principal leaves.
    """


def scopesOf(claim: object) -> tuple[str, ...]:
    """
    @param claim: the claim that a configuration calls C{scopeKey}: words in a string, or
        a list of strings (decision 13).
    @return: the scopes; of anything else none.
    """
    if isinstance(claim, str):
        return tuple(claim.split())
    if isinstance(claim, list) and all(isinstance(each, str) for each in claim):
        return tuple(claim)
    return ()
