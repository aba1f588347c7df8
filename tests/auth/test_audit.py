"""
Tests of L{balws.auth.audit}.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.auth import audit


class AuditTests(SynchronousTestCase):
    """
    The lines that say who came.
    """

    def setUp(self) -> None:
        self.events: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def line(self) -> str:
        """
        @return: the only line.
        """
        (event,) = self.events
        self.assertEqual(event["log_namespace"], "balws.audit")
        return formatEvent(event)

    def test_accepted(self) -> None:
        """
        Who was let in is said with name, address, kind and path.
        """
        audit.accepted("file", "ada", "192.0.2.7", "/chat")
        self.assertEqual(self.line(), 'accepted: "ada" from 192.0.2.7 by file at /chat')
        self.assertEqual((self.events[0]["log_level"], self.events[0]["result"]), (LogLevel.info, "accepted"))

    def test_refused(self) -> None:
        """
        Who was not let in is said with the reason, as a warning.
        """
        audit.refused("forbidden", "none of the scopes", "ada", "192.0.2.7", "/chat")
        self.assertEqual(self.line(), 'forbidden: "ada" from 192.0.2.7 at /chat: "none of the scopes"')
        self.assertEqual((self.events[0]["log_level"], self.events[0]["result"]), (LogLevel.warn, "forbidden"))

    def test_injection(self) -> None:
        """
        A name with line ends, colours or braces stays a name on its one line.
        """
        name = 'eve"\r\naccepted: "root" from 127.0.0.1\x1b[2J\x7f\u2028\x85{log_level}\ud800'
        audit.refused("unauthenticated", f"Username '{name}' is unknown", name, "192.0.2.7", "/")
        line = self.line()
        self.assertEqual(len(line.splitlines()), 1)
        self.assertTrue(line.isascii() and line.isprintable(), line)
        self.assertIn("{log_level}", line)
        self.assertEqual(line.count('\\r\\naccepted: \\"root\\"'), 2)

    def test_length(self) -> None:
        """
        Names are cut behind 64 characters, reasons behind 200.
        """
        self.assertEqual(audit.shown("x" * 64), f'"{"x" * 64}"')
        self.assertEqual(audit.shown("x" * 65), f'"{"x" * 64}..."')
        audit.refused("unauthenticated", "y" * 100_000, "x" * 100_000, "192.0.2.7", "/")
        self.assertLess(len(self.line()), 350)
        self.assertIn(f'"{"y" * 200}..."', self.line())
