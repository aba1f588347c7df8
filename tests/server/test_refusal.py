"""
Tests of L{balws.server.refusal}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from balws.server.refusal import Refusal, answer, phrase
from tests.server.peers import Peer, body, fields, head


class Refusing(Resource):
    """
    Says no.
    """

    isLeaf = True

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal

    def render(self, request: Any) -> Any:
        answer(request, self.refusal)
        return NOT_DONE_YET


class AnswerTests(SynchronousTestCase):
    """
    L{answer} on a connection of Twisted's own.
    """

    def ask(self, refusal: Refusal, line: str = "GET / HTTP/1.1") -> bytes:
        peer = Peer(Site(Refusing(refusal), reactor=MemoryReactorClock()))
        peer.send(head(line) + head("GET / HTTP/1.1"))
        self.assertTrue(peer.isClosed)
        self.assertEqual(peer.answer.count(b"HTTP/1."), 1)
        return peer.answer

    def test_text(self) -> None:
        """
        A refusal with a text is plain UTF-8 that no browser takes for a page; the
        connection is closed, and what else came with the request is not read.
        """
        answered = self.ask(Refusal(404, "kein Schlüssel\n"))
        self.assertTrue(answered.startswith(b"HTTP/1.1 404 Not Found\r\n"))
        self.assertEqual(body(answered).decode(), "kein Schlüssel\n")
        found = fields(answered)
        self.assertEqual(found["content-type"], ["text/plain; charset=utf-8"])
        self.assertEqual(found["x-content-type-options"], ["nosniff"])
        self.assertEqual(found["content-length"], ["16"])
        self.assertEqual(found["connection"], ["close"])

    def test_empty(self) -> None:
        """
        A refusal without a text has no type.
        """
        answered = self.ask(Refusal(403))
        self.assertEqual(fields(answered)["content-length"], ["0"])
        self.assertNotIn("content-type", fields(answered))
        self.assertEqual(body(answered), b"")

    def test_headers(self) -> None:
        """
        Further fields go out as text; a C{Connection} field of the refusal stays.
        """
        headers: Any = {"Retry-After": 5, "Connection": "Upgrade, close"}
        found = fields(self.ask(Refusal(503, "", headers)))
        self.assertEqual(found["retry-after"], ["5"])
        self.assertEqual(found["connection"], ["Upgrade, close"])

    def test_head(self) -> None:
        """
        The answer to HEAD says how long its text would be, and does not send it.
        """
        answered = self.ask(Refusal(404, "nothing\n"), "HEAD / HTTP/1.1")
        self.assertEqual(fields(answered)["content-length"], ["8"])
        self.assertEqual(body(answered), b"")

    def test_textThatIsNone(self) -> None:
        """
        What cannot be written in UTF-8 does not keep the answer from going out.
        """
        self.assertEqual(body(self.ask(Refusal(400, "a\ud800b"))), b"a?b")

    def test_phrases(self) -> None:
        """
        Every status has words beside it, those that Twisted Web does not know, too.
        """
        self.assertEqual(phrase(403), b"Forbidden")
        self.assertEqual(phrase(426), b"Upgrade Required")
        self.assertEqual(phrase(431), b"Request Header Fields Too Large")
        self.assertEqual(phrase(499), b"Refused")
