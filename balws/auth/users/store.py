# -*- test-case-name: tests.auth.users.test_store -*-
"""
The user store of balws' own: users with hashed passwords, from a file or from code
(seed 4, section 5.2; decision 16).
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, gatherResults, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from balws.auth.errands import Errands
from balws.auth.principal import Identity
from balws.auth.threads import Workers
from balws.auth.users.file import NO_USERS, Account, Accounts, Reading, UserFile
from balws.auth.users.passwords import MAX_PASSWORD, StoredPassword
from balws.config.userstore import FileUserStoreConfig, User
from balws.config.values import convert
from balws.errors import AuthUnavailableError, ConfigurationError

__all__ = ["FileUserStore"]

#: A file is looked at again after so many seconds, when somebody logs in.
LOOK_INTERVAL = 1.0

#: Seconds for a look at the file, and for checking a password with what stands in front of it in
#: the queue: five together.
LOOK_TIMEOUT = 1.5
HASH_TIMEOUT = 3.5

#: For so many seconds, and for the last so many logins, a password that was right is not
#: hashed again.
REMEMBERED = 60.0
MAX_REMEMBERED = 1024


class _Remembered:
    """
    Which passwords were right a moment ago, so that a thousand clients that come back do not wait
    for a thousand hashes.  Who reads our memory finds no password here.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._secret = os.urandom(32)
        self._since: dict[bytes, float] = {}

    def key(self, username: bytes, password: bytes) -> bytes:
        """
        @return: what stands for both.
        """
        return hmac.digest(self._secret, b"%d:%b%b" % (len(username), username, password), "sha256")

    def add(self, key: bytes) -> None:
        """
        This was right.
        """
        self._since.pop(key, None)
        self._since[key] = self._now()
        if len(self._since) > MAX_REMEMBERED:
            del self._since[next(iter(self._since))]

    def has(self, key: bytes) -> bool:
        """
        @return: whether it was right, not long ago.
        """
        # A clock that was set back makes nothing last longer.
        return key in self._since and 0 <= self._now() - self._since[key] < REMEMBERED

    def clear(self) -> None:
        """
        Other users, other passwords.
        """
        self._since.clear()


@implementer(ICredentialsChecker)
class FileUserStore:
    """
    Checks user names and passwords.

    A file is read when this is made and when it has changed: who was taken out of it cannot log
    in any more a second later.  A file that cannot be used, or is gone, leaves the last users and
    one ERROR line.  Passwords that stand in files of their own are read with it, and on
    L{reload}.

    @cvar credentialInterfaces: what is checked.
    """

    credentialInterfaces = (IUsernamePassword,)

    _log = Logger(namespace="balws.auth")

    def __init__(self, config: FileUserStoreConfig, reactor: Any, now: Callable[[], float] = time.time) -> None:
        """
        @param reactor: for threads and time limits.
        @param now: seconds since the epoch.
        @raise ConfigurationError: for users, or a file of them, that cannot be used.
        """
        self._now = now
        self._remembered = _Remembered(now)
        self._checks: Errands[bool] = Errands()
        self._looks: Errands[Reading] = Errands()
        cores = os.cpu_count() or 1
        self._hashing = Workers(reactor, "file user store", size=max(2, min(4, cores)))
        self._reading = Workers(reactor, "file of users", size=1)
        self._concern: str | None = None
        self._path = config.path
        self._file: UserFile | None = None
        if config.path is not None:
            self._file = UserFile(config.path, config.allowPlaintextPasswords)
            self._last = self._file.look()
            if self._last.accounts is None:
                raise self._last.problem or ConfigurationError(NO_USERS)
            self._accounts = self._last.accounts
            self._lookedAt = now()
            self._voice(self._last.concern)
        else:
            self._accounts = _given(config.users or (), config.allowPlaintextPasswords)

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        """
        See L{ICredentialsChecker}.

        @return: fires with an L{Identity}; fails with L{UnauthorizedLogin}, or with
            L{balws.errors.AuthUnavailableError} when too many passwords are being checked.
        """
        username, password = credentials.username, credentials.password
        if not username or not password:
            return fail(UnauthorizedLogin("Incorrect credential format. Format should be username:password"))
        if len(password) > MAX_PASSWORD:
            return fail(UnauthorizedLogin(f"the password is longer than {MAX_PASSWORD} bytes"))
        return self._refreshed().addCallback(lambda _: self._check(username, password))

    def reload(self) -> None:
        """
        Read the file again, and the files of passwords that it names.
        """
        if self._file is not None:
            read = self._reading.call(LOOK_TIMEOUT, self._file.look, True)
            read.addCallbacks(self._take, self._complain)

    def close(self) -> Deferred[None]:
        """
        End the threads.  The store works again when it is asked again.
        """
        return gatherResults([self._hashing.close(), self._reading.close()]).addCallback(lambda _: None)

    def _refreshed(self) -> Deferred[None]:
        """
        @return: fires when the users are those of the file, not long ago.
        """
        if self._file is None or 0 <= self._now() - self._lookedAt < LOOK_INTERVAL:
            return succeed(None)
        look = self._file.look
        return self._looks.share(None, lambda: self._reading.call(LOOK_TIMEOUT, look)).addCallback(self._take)

    def _take(self, reading: Reading) -> None:
        self._lookedAt = self._now()
        if reading is self._last:
            return
        self._last = reading
        if reading.accounts is None:
            self._complain(reading.problem)
            return
        self._accounts = reading.accounts
        self._remembered.clear()
        self._voice(reading.concern)

    def _complain(self, problem: object) -> None:
        why = problem.value if isinstance(problem, Failure) else problem
        self._log.error("The users were not read again, the last ones stay: {problem}", problem=str(why))

    def _voice(self, concern: str | None) -> None:
        if concern is not None and concern != self._concern:
            self._log.warn("The file of users {file} needs attention: {concern}", file=self._path, concern=concern)
        self._concern = concern

    def _check(self, username: bytes, password: bytes) -> Deferred[Identity]:
        accounts = self._accounts
        account = accounts.known.get(username)
        key = self._remembered.key(username, password)
        if account is not None and self._remembered.has(key):
            return succeed(Identity(username.decode(), account.scopes))
        stored = accounts.decoy if account is None else account.password
        checked = self._checks.share(
            (accounts, key), lambda: self._hashing.call(HASH_TIMEOUT, _verify, stored, password)
        )
        return checked.addCallback(self._judge, username, accounts, account, key)

    def _judge(
        self, isRight: bool, username: bytes, accounts: Accounts, account: Account | None, key: bytes
    ) -> Identity:
        name = username.decode(errors="replace")
        if account is None:
            raise UnauthorizedLogin(f"Username '{name}' does not exists in file user store.")
        if not isRight:
            raise UnauthorizedLogin(f"Failed to authenticate username '{name}' from file user store.")
        if accounts is self._accounts:
            self._remembered.add(key)
        return Identity(name, account.scopes)


def _verify(stored: StoredPassword, password: bytes) -> bool:
    try:
        return stored.verify(password)
    except Exception as error:  # no memory, or a library that refuses
        why = type(error).__name__
    raise AuthUnavailableError(f"file user store: a password cannot be checked ({why})")


def _given(users: tuple[User, ...], allowPlaintext: bool) -> Accounts:
    if not users:
        raise ConfigurationError(NO_USERS)
    return Accounts.of(
        (user.username, convert(lambda each: Account.of(each, allowPlaintext), f"users[{index}]", user))
        for index, user in enumerate(users)
    )
