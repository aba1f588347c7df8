"""
Tests of L{balws.cli.connect.outcome}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.body import MAX_BODY, MAX_LINES
from balws.cli.connect.outcome import Outcome, outcomeOf, tooLate, wordsOf
from balws.client.response import HttpResponse, refused
from balws.errors import (
    ConnectionClosureError,
    ConnectionError,
    HandshakeTimedOut,
    InvalidHandshakeError,
    PayloadTooLargeError,
    SslError,
)


class OutcomeTests(SynchronousTestCase):
    """
    Statuses and words.
    """

    def test_refused(self) -> None:
        """
        A refusal is 3, with its status, where it points to, and its body, safe and cut.
        """
        response = HttpResponse(302, "Fo\x1bund", {"location": ("/new\u202e",)}, b"not \x1b[31mhere\nbut there\n")
        self.assertEqual(
            outcomeOf(refused(response)),
            Outcome(3, ("refused: 302 Fo\\x1bund", "Location: /new\\u202e", "not \\x1b[31mhere", "but there")),
        )
        self.assertEqual(outcomeOf(refused(HttpResponse(401, "", {}))), Outcome(3, ("refused: 401",)))
        (_, body) = outcomeOf(refused(HttpResponse(500, "", {}, b"x" * 60000))).lines
        self.assertLessEqual(len(body), MAX_BODY)
        self.assertEqual(len(outcomeOf(refused(HttpResponse(500, "", {}, b"x\n" * MAX_LINES))).lines), MAX_LINES + 1)
        self.assertEqual(len(outcomeOf(refused(HttpResponse(500, "", {}, b"x\n" * 999))).lines), MAX_LINES + 1)

    def test_page(self) -> None:
        """
        Of a page for browsers the words are shown.
        """
        page = b"<!DOCTYPE html>\n<html><head><title>404</title></head><body><h1>No Such Resource</h1></body></html>"
        self.assertEqual(
            outcomeOf(refused(HttpResponse(404, "Not Found", {}, page))).lines,
            ("refused: 404 Not Found", "No Such Resource"),
        )

    def test_closed(self) -> None:
        """
        1000 and 1001 are 0, other codes 4, a loss 1.
        """
        for code, status, words in (
            (1000, 0, "the server closed: 1000, normal closure"),
            (1001, 0, "the server closed: 1001, going away"),
            (1002, 4, "the server closed: 1002, protocol error"),
            (1005, 4, "the server closed: 1005, without a code"),
            (1006, 1, "lost: 1006, the connection was lost"),
            (3999, 4, "the server closed: 3999, a registered code"),
            (4000, 4, "the server closed: 4000, a code of the application"),
        ):
            self.assertEqual(outcomeOf(ConnectionClosureError("", code)), Outcome(status, (words,)))
        self.assertEqual(wordsOf(1008, "a\x1bb"), "1008, policy violation: a\\x1bb")

    def test_others(self) -> None:
        """
        Time is 5, all else 1.
        """
        self.assertEqual(outcomeOf(HandshakeTimedOut("Handshake timed out")), Outcome(5, ("Handshake timed out",)))
        self.assertEqual(tooLate(2.5), Outcome(5, ("timed out after 2.5 seconds",)))
        for problem in (
            ConnectionError("no\x1b"),
            SslError("no\x1b"),
            ConnectionClosureError("no\x1b"),
            InvalidHandshakeError("no\x1b"),
            InvalidHandshakeError("no\x1b", HttpResponse(101, "", {})),
        ):
            self.assertEqual(outcomeOf(problem), Outcome(1, ("no\\x1b",)))
        self.assertEqual(outcomeOf(PayloadTooLargeError("too large")), Outcome(1, ("too large; see --max-frame",)))
