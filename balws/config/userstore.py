# -*- test-case-name: tests.config.test_userstore -*-
"""
The users that balws knows by itself (seed 4, section 5.2; DESIGN 6.10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import attrs

from balws.config.paths import filePath
from balws.config.positions import extend
from balws.config.records import build, nested
from balws.config.secret import Secret
from balws.config.values import Unlike, checked, convert, flag, hidden, items, matching, optional, show
from balws.errors import ConfigurationError

__all__ = ["FileUserStoreConfig", "User", "scopes"]

_USERNAME = re.compile(r"[^:\x00-\x1f\x7f-\x9f\ud800-\udfff]+")

#: Groups of a directory are scopes, too: not only what RFC 6749 section 3.3 allows.
_scope = matching(re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+"), "a scope: text without control characters")
_single = matching(
    re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+"), "one scope; several, or one with blanks, make a list"
)


def scopes(value: object) -> tuple[str, ...]:
    """
    A check for one scope or a list of them.
    """
    return (_single(value),) if isinstance(value, str) else items("scopes", _scope)(value)


@attrs.frozen(kw_only=True)
class User:
    """
    @ivar username: not empty; without colon and control characters, which HTTP's Basic
        scheme cannot carry (RFC 7617 section 2).
    @ivar password: the line that C{balws hash-password} prints; plain text only where that
        is allowed.
    @ivar scopes: what the user may do: one scope or a list; empty: nothing that asks for
        a scope.
    """

    username: str = checked("username", matching(_USERNAME, 'a name without ":" and control characters'))
    password: Secret = hidden("password")
    scopes: tuple[str, ...] = checked("scopes", scopes, ())


def _named(name: object, value: object) -> User:
    if isinstance(value, User):
        raise Unlike("a password, or a table of password and scopes")
    if not isinstance(value, Mapping):
        value = {"password": value}
    if "username" in value:
        raise ConfigurationError("the name stands before the table already", "username")
    return build(User, {"username": name, **value})


def _checkUsers(value: object) -> tuple[User, ...]:
    if isinstance(value, Mapping):
        named = value.items()
        return tuple(convert(partial(_named, name), extend("", str(name)), each) for name, each in named)
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
        raise Unlike("a list or a table of users")
    found: dict[str, User] = {}
    for index, each in enumerate(value):
        user = convert(nested(User), f"[{index}]", each)
        if user.username in found:
            raise ConfigurationError(f"{show(user.username)} is given twice", f"[{index}].username")
        found[user.username] = user
    return tuple(found.values())


def _users(value: Iterable[User | Mapping[str, Any]] | Mapping[str, Any] | None) -> tuple[User, ...] | None:
    return convert(optional(_checkUsers), "users", value)


@attrs.frozen(kw_only=True)
class FileUserStoreConfig:
    """
    Where the users stand: in code or in a file, not both.  Neither means the C{[auth]} of the
    configuration file that this stands in.

    @ivar users: L{User}s or mappings of their fields, no name twice; or one mapping of names to
        passwords, or to mappings of the other fields.
    @ivar path: a TOML file with C{[[users]]}, C{[[auth.users]]} or C{[[ballerina.auth.users]]}.  It is
        read again when it has changed.
    @ivar allowPlaintextPasswords: whether passwords may stand there as they are.
    """

    users: tuple[User, ...] | None = attrs.field(default=None, converter=_users)
    path: str | None = checked("path", optional(filePath), None)
    allowPlaintextPasswords: bool = checked("allowPlaintextPasswords", flag, False)

    def __attrs_post_init__(self) -> None:
        if self.users is not None and self.path is not None:
            raise ConfigurationError("either users or path, not both", "path")
