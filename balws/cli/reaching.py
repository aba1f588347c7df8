# -*- test-case-name: tests.cli.test_reaching -*-
"""
How commands find the admin endpoint of a running service, and ask it.

The token never stands on a command line: everybody on the machine can read those.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from balws.cli.admin import FORMS, TIMEOUT, TOKEN, Admin, AdminAddress
from balws.cli.options import ReactingOptions
from balws.config.admin import AdminConfiguration
from balws.config.paths import relativeTo
from balws.config.place import Place
from balws.config.positions import scan
from balws.config.records import build
from balws.config.secret import Secret, isReference, resolveSecret
from balws.config.toml import decode, normal, parse
from balws.errors import ConfigurationError

__all__ = ["ADDRESS", "CONFIGURATION", "ReachingOptions"]

#: The variable of the environment that may say where the endpoint is.
ADDRESS = "BALWS_ADMIN"

#: The file that is read where nobody names one.
CONFIGURATION = "balws.toml"


class ReachingOptions(ReactingOptions):
    """
    A command that asks the admin endpoint.  Where that is: C{--admin}, C{[admin]} of the file that C{--config}
    names, C{BALWS_ADMIN} of the environment, or C{balws.toml} here, the first of them.  The token:
    C{--token-file}, what that file says, or C{BALWS_ADMIN_TOKEN}.
    """

    optParameters: ClassVar[Any] = [
        ["admin", None, None, f"Where the admin endpoint is: {FORMS}. [default: ${ADDRESS}]"],
        ["config", "c", None, f"Take it from [admin] of this file. [default: ./{CONFIGURATION}]"],
        ["token-file", None, None, f"The file with its token, if not that of [admin]. [default: ${TOKEN}]"],
    ]

    def postOptions(self) -> None:
        """
        @raise usage.UsageError: for an C{--admin} that cannot be.
        """
        if self["admin"] is not None:
            try:
                AdminAddress.parse(self["admin"])
            except ConfigurationError as error:
                raise usage.UsageError(f"--admin: {error}") from None

    def reach(self, reactor: Any, timeout: float = TIMEOUT) -> Admin:
        """
        @return: the endpoint that the options mean; nothing was asked yet.
        @raise Error: when they mean none.
        """
        configured = self._configured()
        if self["admin"] is not None:
            address = AdminAddress.parse(self["admin"])
        elif configured is not None:
            address = AdminAddress.parse(configured.endpoint)
        elif given := os.environ.get(ADDRESS):
            try:
                address = AdminAddress.parse(given)
            except ConfigurationError as error:
                raise ConfigurationError(f"{ADDRESS} of the environment: {error}") from None
        else:
            raise ConfigurationError(
                "which service? Give --admin ENDPOINT, or --config FILE whose [admin] says it; "
                f"here is no {CONFIGURATION}"
            )
        return Admin(address, self._token(configured), reactor, timeout)

    def _configured(self) -> AdminConfiguration | None:
        if (file := self["config"]) is not None:
            return _adminOf(file)
        if self["admin"] is None and not os.environ.get(ADDRESS) and os.path.exists(CONFIGURATION):
            return _adminOf(CONFIGURATION)
        return None

    def _token(self, configured: AdminConfiguration | None) -> Secret | None:
        if (file := self["token-file"]) is not None:
            try:
                return _sendable(resolveSecret({"file": file}, Path()))
            except ConfigurationError as error:
                raise ConfigurationError(f"--token-file: {error}") from None
        if configured is not None and configured.token is not None:
            return configured.token
        given = os.environ.get(TOKEN)
        try:
            return _sendable(Secret(given)) if given else None
        except ConfigurationError as error:
            raise ConfigurationError(f"{TOKEN} of the environment: {error}") from None


def _sendable(token: Secret) -> Secret:
    """
    @raise ConfigurationError: for what no header can carry; its text does not show it.
    """
    if not all("\x21" <= each <= "\x7e" for each in token.reveal()):
        raise ConfigurationError("a token is one line of visible ASCII without blanks")
    return token


def _adminOf(file: str) -> AdminConfiguration:
    """
    Read C{[admin]}, and nothing else: who operates a service need not have all its secrets.

    @raise ConfigurationError: with the place in the file; also where it has no C{[admin]}.
    """
    path = Path(file)
    try:
        text = normal(decode(path.read_bytes(), file))
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", file=file) from None
    table = parse(text, file).get("admin")
    # Only what is TOML has places.
    place = Place(file=file, positions=scan(text))
    if table is None:
        raise ConfigurationError(
            'it has no [admin], so that nobody can ask its service; such as endpoint = "unix:admin.sock"', file=file
        )
    place = place.child("admin")
    if not isinstance(table, Mapping):
        raise place.error("expected a table")
    return _record(table, place, path.absolute().parent)


def _record(table: Mapping[str, Any], place: Place, folder: Path) -> AdminConfiguration:
    found: dict[str, Any] = {}
    try:
        for key, value in table.items():
            found[key] = resolveSecret(value, folder) if isReference(value) else value
        with relativeTo(folder):
            return build(AdminConfiguration, found)
    except ConfigurationError as error:
        raise place.locate(error) from None
