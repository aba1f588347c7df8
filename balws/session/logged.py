# -*- test-case-name: tests.session.test_logged -*-
"""
A line in the log for each connection that opens, and for each that ends: C{[server] logConnections}.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger

from balws.auth.audit import shown
from balws.session.connection import Connection
from balws.wire.protocol import Wire

__all__ = ["Logged"]

_log = Logger(namespace="balws.connections")


class Logged(Connection):
    """
    Tells the log of its beginning and its end.
    """

    _since = 0.0

    def opened(self, wire: Wire) -> None:
        self._since = self.terms.clock.seconds()
        _log.info(
            "opened: {connection} at {path} from {address}{log_who}",
            event="opened",
            **self._whoFields,
            **self.logFields,
        )
        super().opened(wire)

    def ended(self, code: int, reason: str) -> None:
        _log.info(
            "closed: {connection} at {path} from {address}{log_who} after {seconds} s with {code}",
            event="closed",
            **self._whoFields,
            code=code,
            seconds=round(self.terms.clock.seconds() - self._since, 3),
            **self.logFields,
        )
        super().ended(code, reason)

    @property
    def _whoFields(self) -> dict[str, Any]:
        # A name that begins with log_ is for the words alone: JSON has the user.
        name = getattr(self.principal, "username", None)  # an application's own avatar may have none
        return {"log_who": "" if name is None else f", {shown(str(name))}", "user": name}
