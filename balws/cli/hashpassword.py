# -*- test-case-name: tests.cli.test_hashpassword -*-
"""
C{balws hash-password}: what the file user store keeps of a password (decision 16).
"""

from __future__ import annotations

import json
import sys
from typing import ClassVar

from twisted.python.usage import UsageError

from balws.auth.users.passwords import KINDS, MAX_PASSWORD, hashPassword
from balws.cli.asked import askSecret
from balws.cli.options import CommandOptions
from balws.config.secret import Secret
from balws.config.userstore import User
from balws.errors import ConfigurationError
from balws.logs.escape import escaped

__all__ = ["HashPassword"]


class HashPassword(CommandOptions):
    """
    Takes the password from the terminal, without echo and twice, or else one line from the
    standard input.  Never as an argument: everybody on the machine can read those.
    """

    synopsis = "Usage: balws hash-password [--kind scrypt|argon2] [--user NAME [--scope SCOPE]...]"
    longdesc = (
        "Prints the hash of a password, for the key password of a user. Asks for the password, or reads "
        "one line of the standard input when that is no terminal. "
        "Example: balws hash-password --user alice --scope write >> users.toml"
    )
    optParameters: ClassVar = [
        ["kind", "k", "scrypt", f"The kind of hash: {' or '.join(KINDS)}."],
        ["user", "u", None, "Print a whole [[auth.users]] for this user."],
    ]

    choices: ClassVar = {"kind": tuple(KINDS)}

    def opt_scope(self, scope: str) -> None:
        """
        A scope of the user; may be given several times.
        """
        self.setdefault("scopes", []).append(scope)

    opt_s = opt_scope

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for any; its text does not repeat them.
        """
        if arguments:
            raise UsageError("hash-password takes no arguments; it asks for the password")

    def postOptions(self) -> None:
        """
        @raise UsageError: for an unknown kind, a name that no user can have, or scopes
            without a user.
        """
        if self["kind"] not in KINDS:
            raise UsageError(f"--kind is one of {', '.join(KINDS)}")
        scopes = self.get("scopes", [])
        if self["user"] is None:
            if scopes:
                raise UsageError("--scope goes with --user")
            return
        try:
            User(username=self["user"], password=Secret("unknown yet"), scopes=scopes)
        except ConfigurationError as error:
            raise UsageError(f"--{'user' if error.path == 'username' else 'scope'}: {error.problem}") from None

    def run(self) -> None:
        """
        Ask, hash, print.

        @raise ConfigurationError: for a password that cannot be one.
        """
        line = hashPassword(_asked(self["user"]) if sys.stdin.isatty() else _read(), self["kind"])
        if self["user"] is None:
            print(line)
            return
        print(f"[[auth.users]]\nusername = {_toml(self['user'])}\npassword = {_toml(line)}")
        if "scopes" in self:
            print(f"scopes = [{', '.join(map(_toml, self['scopes']))}]")


def _toml(text: str) -> str:
    # What JSON escapes TOML escapes alike, but for DEL, which no name has.
    return json.dumps(text, ensure_ascii=False)


def _asked(user: str | None) -> str:
    whose = "" if user is None else f" for {escaped(user)}"
    password = askSecret(f"Password{whose}: ")
    if password != askSecret(f"Once more{whose}: "):
        raise ConfigurationError("the two passwords differ")
    return password


def _read() -> str:
    data = sys.stdin.buffer.readline(MAX_PASSWORD + 3)
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigurationError("the password is not UTF-8") from None
