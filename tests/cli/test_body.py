"""
Tests of L{balws.cli.body}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.body import MAX_BODY, MAX_LINES, MAX_PAGE, linesOf


class BodyTests(SynchronousTestCase):
    """
    What a server says.
    """

    def test_text(self) -> None:
        """
        Of a text the first lines are shown, safe for a terminal.
        """
        self.assertEqual(linesOf(b"\r\n no\x1b[2J\nway \xff\n"), ["no\\x1b[2J", "way \ufffd"])
        for count in (MAX_LINES - 1, MAX_LINES, MAX_LINES + 1):
            self.assertEqual(len(linesOf(b"x\n" * count)), min(count, MAX_LINES))
        self.assertEqual(linesOf(b" " * MAX_BODY + b"x"), [])
        self.assertEqual(linesOf(b""), [])

    def test_page(self) -> None:
        """
        Of a page headings and paragraphs are shown on one line, else its title, else all of its words; never the
        markup, and never what no browser shows.
        """
        for page, words in (
            ("<!DOCTYPE html>\n<head><title>4</title></head><body><h1>No</h1><p>Not  <br>here\n</p>", "No - Not here"),
            ("<p>a <b>&lt;b&gt;</b>\x1b[2J<p>&#8238;c", "a <b>\\x1b[2J - \\u202ec"),
            ("<TITLE>Gone</TITLE><h1> </h1>deep", "Gone"),
            ("<style>p {}</style><script>alert(1)</script><div>Not<br>here</div>", "Not here"),
            ("<?xml version='1.0'?><fault>late</fault>", "late"),
        ):
            self.assertEqual(linesOf(page.encode()), [words], page)
        self.assertTrue(linesOf(b"<p>before<![unknown[ behind")[0].startswith("before"))
        self.assertEqual(linesOf(b"<p>before<a href='"), ["before"])
        for page in ("<html></html>", "<script>alert(1)</script>", "<!--", "<![unknown["):
            self.assertEqual(linesOf(page.encode()), [], page)

    def test_limits(self) -> None:
        """
        A page fills no more than a line or two, however it is made.
        """
        for page in ("<p>" + "x" * 9999, "<p>x" * 9999, "<" * 9999, "<a " * 9999, "<!" * 9999):
            lines = linesOf(page.encode())
            self.assertLessEqual(len(lines), 1)
            self.assertLessEqual(len("".join(lines)), MAX_PAGE)
