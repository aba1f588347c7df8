"""
Tests of what the reference makes of docstrings and of programs' words.
"""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT

# The extension of Sphinx, of which this part does without Sphinx.
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

from docstrings import Docstring, escaped, listTable, notesOf, paragraph, plain  # noqa: E402


class WordTests(SynchronousTestCase):
    """
    From docstrings to pages.
    """

    def test_paragraph(self) -> None:
        """
        Code becomes literals, records become links, and places in papers are left out.
        """
        for given, made in (
            ("C{x} and I{y}", "``x`` and *y*"),
            ("C{{ env = 1 }}", "``{ env = 1 }``"),
            ("L{None} of L{balws.errors.Error}s", "``None`` of ``Error``\\ s"),
            ("L{WSServiceConfig}", ":ref:`WSServiceConfig <record-WSServiceConfig>`"),
            ("so it is (decision 3); and (seed 4, 2.1; table 5) so", "so it is; and so"),
            ("asked (RFC 7662; feature table 5.5). New here: so. Yes (new here)", "asked (RFC 7662). Yes"),
            ("waits\n    (RFC 6455 section 7.1)", "waits (RFC 6455 section 7.1)"),
            ("a*b a_ `c` |d| \\", "a\\*b a\\_ \\`c\\` \\|d\\| \\\\"),
        ):
            self.assertEqual(paragraph(given), made)

    def test_plain(self) -> None:
        """
        What a program prints is no markup, and what is typed is a literal.
        """
        for given, made in (
            ('say "yes" or --no', 'say ``"yes"`` or ``--no``'),
            ("a state-of-the-art --kind", "a state-of-the-art ``--kind``"),
            ("at http://127.0.0.1:9090/, or tcp:9091", "at ``http://127.0.0.1:9090/``, or tcp\\:9091"),
            ("in BALWS_TOKEN of [admin]", "in ``BALWS_TOKEN`` of ``[admin]``"),
            ("the user's name", "the user's name"),
        ):
            self.assertEqual(plain(given), made)
        self.assertEqual(escaped("a_b: c"), "a\\_b: c")

    def test_docstring(self) -> None:
        """
        Fields of bases count, those of the class itself more; the lead is the first sentence.
        """

        class First:
            """
            Stands in front. It has more
            to say.

            And more.

            @ivar one: of the first.
            @ivar two: likewise.
            @param three: not meant.
            """

        class Second(First):
            """
            @ivar two: of the second,
                and longer.
            """

        told = Docstring.of(First)
        self.assertEqual(told.lead, "Stands in front.")
        self.assertEqual(told.words, ("Stands in front. It has more to say.", "And more."))
        self.assertEqual(Docstring.of(Second).fields, {"one": "of the first.", "two": "of the second, and longer."})
        self.assertEqual(Docstring.of(Second).lead, "")

    def test_table(self) -> None:
        """
        A cell of several paragraphs stays in its cell.
        """
        lines = listTable(("A", "B"), (1, 2), [("a", "b\n\nmore"), ("c", "")])
        self.assertEqual(
            lines[lines.index("") + 1 :],
            ["   * - A", "     - B", "   * - a", "     - b", "", "       more", "   * - c", "     -", ""],
        )

    def test_notes(self) -> None:
        """
        What a page adds may go on in the next line; what is whose must be clear.
        """
        self.assertEqual(notesOf([":one: of", "  two", "", ":three-four: x"]), {"one": "of two", "three-four": "x"})
        self.assertEqual(notesOf([]), {})
        self.assertRaises(ValueError, notesOf, ["stray"])
        self.assertRaises(ValueError, notesOf, [":first: a", ":first: b"])
