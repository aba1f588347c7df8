# -*- test-case-name: tests.auth.users.test_file -*-
"""
A file of users (seed 4, section 5.2; DESIGN 2.4).
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from balws.auth.users.passwords import HashedPassword, Scrypt, StoredPassword, parsePassword
from balws.config.place import Place
from balws.config.positions import extend, scan
from balws.config.records import build
from balws.config.secret import isReference, resolveSecret
from balws.config.toml import decode, parse
from balws.config.userstore import User
from balws.config.values import convert, show, showKind
from balws.errors import ConfigurationError

__all__ = ["NO_USERS", "Account", "Accounts", "Reading", "UserFile"]

#: The reference's words.
NO_USERS = "File user store values are not provided or not properly configured."

#: Some thousands of users; for more there are directories.
MAX_FILE = 2**20

_TABLES = (("users",), ("auth", "users"), ("ballerina", "auth", "users"))


@attrs.frozen
class Account:
    """
    @ivar password: what the user's password is checked with.
    @ivar scopes: what the user may do.
    """

    password: StoredPassword
    scopes: tuple[str, ...]

    @classmethod
    def of(cls, user: User, allowPlaintext: bool) -> Account:
        """
        @raise ConfigurationError: for a password that cannot be used.
        """
        try:
            return cls(parsePassword(user.password.reveal(), allowPlaintext), user.scopes)
        except ConfigurationError as error:
            raise ConfigurationError(f"user {show(user.username)}: {error.problem}", "password") from None


@attrs.frozen(eq=False)
class Accounts:
    """
    @ivar known: by name, in UTF-8.
    @ivar decoy: fits no password, and takes the time that most users' passwords take.
    """

    known: Mapping[bytes, Account]
    decoy: StoredPassword

    @classmethod
    def of(cls, accounts: Iterable[tuple[str, Account]]) -> Accounts:
        """
        @param accounts: with their names.
        """
        known = {name.encode(): account for name, account in accounts}
        stored = [account.password for account in known.values()]
        usual = Counter(each.recipe for each in stored).most_common(1)
        likely = [each for each in stored if each.recipe == usual[0][0]]
        return cls(known, (likely or [HashedPassword(Scrypt(), bytes(16), bytes(32))])[0].decoy())


@attrs.frozen(eq=False)
class Reading:
    """
    What became of reading the file.

    @ivar accounts: the users, or L{None} where there is a problem.
    @ivar problem: why they could not be had.
    @ivar concern: who else may read or change the file, for a warning.
    """

    accounts: Accounts | None = None
    problem: ConfigurationError | None = None
    concern: str | None = None


class UserFile:
    """
    Reads the file when it is new.  For one thread at a time.
    """

    def __init__(self, path: str, allowPlaintext: bool) -> None:
        """
        @param path: a relative one starts at the working directory.
        @param allowPlaintext: whether passwords may stand there as they are.
        """
        self._path = path
        # The process may change its folder, as twistd does.
        self._absolute = Path(path).absolute()
        self._allowPlaintext = allowPlaintext
        self._seen: object = None
        self._reading = Reading()

    def look(self, again: bool = False) -> Reading:
        """
        Blocks.

        @param again: whether to read the file though it did not change: a password may stand
            in a file of its own.
        @return: the same object for as long as the file stays as it is.
        """
        concern = None
        try:
            with open(self._absolute, "rb", opener=_patient) as stream:
                status = os.fstat(stream.fileno())
                seen: object = _signature(status)
                if seen == self._seen and not again:
                    return self._reading
                concern = _concern(os.lstat(self._absolute), status)
                data = stream.read(MAX_FILE + 1) if stat.S_ISREG(status.st_mode) else None
        except (OSError, ValueError) as error:
            seen = getattr(error, "strerror", None) or "this is no path"
            if seen == self._seen and not again:
                return self._reading
            mend = f"; make it with: balws hash-password --user NAME >> {Path(self._path).name}"
            problem = f"cannot be read: {seen}{mend if isinstance(error, FileNotFoundError) else ''}"
            self._reading = Reading(problem=ConfigurationError(problem, file=self._path))
        else:
            self._reading = self._read(data, concern)
        self._seen = seen
        return self._reading

    def _read(self, data: bytes | None, concern: str | None) -> Reading:
        try:
            return Reading(self._accounts(data), None, concern)
        except ConfigurationError as error:
            return Reading(None, error, concern)

    def _accounts(self, data: bytes | None) -> Accounts:
        if data is None:
            raise ConfigurationError("is no file", file=self._path)
        if len(data) > MAX_FILE:
            raise ConfigurationError(f"is over {MAX_FILE} bytes, too long for a file of users", file=self._path)
        text = decode(data, self._path)
        document = parse(text, self._path)
        try:
            return Accounts.of(self._each(document))
        except _Unusable as found:
            raise found.located(Place(file=self._path, path=found.path, positions=scan(text))) from None

    def _each(self, document: Mapping[str, Any]) -> Iterator[tuple[str, Account]]:
        found: dict[str, str] = {}
        tables = [(names, table) for names in _TABLES if (table := _at(document, names)) is not None]
        if not tables:
            raise _Unusable("", ConfigurationError(NO_USERS))
        for names, table in tables:
            parent = ".".join(names)
            if not isinstance(table, list):
                problem = f"expected tables in double brackets, got {showKind(table)}"
                raise _Unusable(parent, ConfigurationError(problem))
            for index, each in enumerate(table):
                path = extend(parent, index)
                try:
                    user = self._user(each)
                    account = Account.of(user, self._allowPlaintext)
                except ConfigurationError as error:
                    raise _Unusable(path, error) from None
                name = user.username
                if name in found:
                    twice = ConfigurationError(f"{show(name)} is given twice", "username")
                    raise _Unusable(path, twice, f"{found[name]}.username")
                found[name] = path
                yield name, account

    def _user(self, table: object) -> User:
        if not isinstance(table, Mapping):
            raise ConfigurationError(f"expected a table, got {showKind(table)}")
        if isReference(table.get("password")):
            secret = convert(lambda given: resolveSecret(given, self._absolute.parent), "password", table["password"])
            table = {**table, "password": secret}
        return build(User, table)


class _Unusable(Exception):
    """
    What is wrong, before it is looked up where it stands: that takes longer than reading, and
    without errors nobody asks.
    """

    def __init__(self, path: str, error: ConfigurationError, first: str = "") -> None:
        """
        @param path: the key path of the table.
        @param error: its path starts at the table.
        @param first: the key path of what stands there already.
        """
        super().__init__(path)
        self.path = path
        self._error = error
        self._first = first

    def located(self, place: Place) -> ConfigurationError:
        """
        @param place: the table's.
        """
        if not self._first:
            return place.locate(self._error)
        line = attrs.evolve(place, path=self._first).error("").line
        return place.error(f"{self._error.problem}, first in line {line}", self._error.path)


def _at(document: Mapping[str, Any], names: Iterable[str]) -> object:
    found: object = document
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _patient(path: str, flags: int) -> int:
    # A pipe that nobody writes to would keep us here.
    return os.open(path, flags | os.O_NONBLOCK)


def _signature(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _concern(link: os.stat_result, status: os.stat_result) -> str | None:
    """
    @param link: of the name itself.
    @param status: of the file that it leads to.
    """
    found = []
    if status.st_mode & stat.S_IROTH:
        found.append("every user of this machine can read it")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        found.append("others than its owner can change it")
    if status.st_uid not in (0, os.geteuid()) or link.st_uid not in (0, os.geteuid()):
        found.append("it belongs to another user than this process")
    if stat.S_ISLNK(link.st_mode):
        found.append("it is a symbolic link")
    return "; ".join(found) or None
