# -*- test-case-name: tests.config.test_admin -*-
"""
The admin endpoint: C{[admin]} (DESIGN 6.10).  Absent, there is none.
"""

from __future__ import annotations

import re

import attrs

from balws.config.loopback import isLoopback
from balws.config.paths import filePath
from balws.config.secret import Secret
from balws.config.values import Unfit, checked, hidden, text
from balws.errors import ConfigurationError

__all__ = ["MIN_TOKEN", "AdminConfiguration"]

#: A token of fewer characters can be guessed.
MIN_TOKEN = 16

_TCP = re.compile(r"tcp:(?P<port>\d{1,5})(?::interface=(?P<host>[^:]+|(?:[0-9A-Fa-f]*\\:){2,}[0-9A-Fa-f]*))?")

#: The console's token goes as a sub-protocol (decision 19), and so is a token of RFC 9110, section 5.6.2.
_CARRIED = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_EXPECTED = '"tcp:PORT:interface=127.0.0.1" or "unix:PATH"'


def _endpoint(value: object) -> str:
    found = text(value)
    if found.startswith("unix:") and found != "unix:":
        # Twisted's strings quote with backslashes; a path of a file needs none.
        return f"unix:{filePath(found.removeprefix('unix:'))}"
    match = _TCP.fullmatch(found)
    if match is None or int(match["port"]) > 65535:
        raise Unfit(_EXPECTED)
    if match["host"] is None or not isLoopback(match["host"].replace("\\", "")):
        raise Unfit(f"an endpoint that only this machine reaches: {_EXPECTED}")
    return found


@attrs.frozen(kw_only=True)
class AdminConfiguration:
    """
    @ivar endpoint: where it listens: C{"tcp:PORT:interface=HOST"} with an address of this machine alone, or
        C{"unix:PATH"}, a socket that only the process's own user can open.
    @ivar token: what who asks has to show: at least 16 letters, digits and some signs.  L{None} is for C{unix:}
        alone, where the system lets in whom the file lets in.
    """

    endpoint: str = checked("endpoint", _endpoint)
    token: Secret | None = hidden("token", None)

    def __attrs_post_init__(self) -> None:
        """
        What one field alone cannot tell.
        """
        if self.token is not None and len(self.token.reveal()) < MIN_TOKEN:
            raise ConfigurationError(f"at least {MIN_TOKEN} characters are needed", "token")
        if self.token is not None and _CARRIED.fullmatch(self.token.reveal()) is None:
            raise ConfigurationError(
                "letters, digits and !#$%&'*+-.^_`|~ alone: browsers can carry no others", "token"
            )
        if self.token is None and not self.isUnix:
            raise ConfigurationError("is missing: whoever has an account on this machine reaches a TCP port", "token")

    @property
    def isUnix(self) -> bool:
        """
        Whether it is a socket in the file system.
        """
        return self.endpoint.startswith("unix:")

    @property
    def path(self) -> str:
        """
        That of the socket.
        """
        return self.endpoint.removeprefix("unix:")
