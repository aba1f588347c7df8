"""
Checkers and realms that do what a test says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from balws.auth.principal import Identity, Principal
from balws.interfaces import IBearerToken, IPrincipal

#: What must never be seen.
CANARY = "p4ssw0rd-canary"

NO = UnauthorizedLogin("nobody knows that one")


@implementer(ICredentialsChecker)
class Answering:
    """
    Gives each who asks the same answer.

    @ivar asked: the credentials that it was given, in order.
    """

    credentialInterfaces: tuple[Any, ...] = (IUsernamePassword,)

    def __init__(self, answer: Any) -> None:
        """
        @param answer: an avatar's id, or an exception.
        """
        self.answer = answer
        self.asked: list[Any] = []

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        self.asked.append(credentials)
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


class AnsweringTokens(Answering):
    """
    The same for bearer tokens.
    """

    credentialInterfaces = (IBearerToken,)


class Raising(Answering):
    """
    Is broken.
    """

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        raise self.answer


@implementer(ICredentialsChecker)
class Waiting:
    """
    Answers when the test does.

    @ivar waiting: the Deferreds given out, in order.
    @ivar cancelled: how many of them were given up.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []
        self.cancelled = 0

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        self.waiting.append(Deferred(self._cancelled))
        return self.waiting[-1]

    def _cancelled(self, _: Any) -> None:
        self.cancelled += 1


@implementer(IRealm)
class CountingRealm:
    """
    Counts who comes and who goes.

    @ivar came: the avatars' ids, in order.
    @ivar gone: those whose avatar was logged out.
    @ivar minds: the requests.
    """

    def __init__(self, **more: Any) -> None:
        """
        @param more: fields of the principal that is made.
        """
        self._more = more
        self.came: list[bytes] = []
        self.gone: list[bytes] = []
        self.minds: list[Any] = []

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        self.came.append(avatarId)
        self.minds.append(mind)
        fields = {"username": avatarId.decode(), "scopes": frozenset(getattr(avatarId, "scopes", ())), **self._more}
        logout: Callable[[], None] = lambda: self.gone.append(avatarId)  # noqa: E731
        return IPrincipal, Principal(**fields), logout


ADA = Identity("ada", ("read", "write"))
