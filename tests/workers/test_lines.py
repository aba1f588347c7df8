"""
Tests of L{balws.workers.lines}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.workers.lines import Lines


class LinesTests(SynchronousTestCase):
    """
    Lines out of pieces.
    """

    def setUp(self) -> None:
        self.found: list[bytes] = []
        self.lines = Lines(self.found.append, 4)

    def test_pieces(self) -> None:
        """
        However lines are cut, they come whole; an empty one is one, too.
        """
        for piece in (b"a", b"b\nc", b"\n", b"\n", b"de\nf\n", b""):
            self.lines.feed(piece)
        self.assertEqual(self.found, [b"ab", b"c", b"", b"de", b"f"])

    def test_limit(self) -> None:
        """
        Of a line that is too long the beginning is left, and the next one is whole again.
        """
        self.lines.feed(b"123\n1234\n12345\n12")
        self.lines.feed(b"345")
        self.lines.feed(b"6\nabc\n")
        self.assertEqual(self.found, [b"123", b"1234", b"1234", b"1234", b"abc"])

    def test_end(self) -> None:
        """
        What has no end is a line when nothing more comes.
        """
        self.lines.feed(b"a\nb")
        self.lines.end()
        self.lines.end()
        self.assertEqual(self.found, [b"a", b"b"])
