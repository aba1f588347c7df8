"""
Tests of L{balws.asyncapi.docstring}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws import Service
from balws.asyncapi.docstring import Docstring


class DocstringTests(SynchronousTestCase):
    """
    What is made of a docstring.
    """

    def test_sentence(self) -> None:
        """
        The first sentence is the summary, whatever lines it is on; the rest is the description.
        """
        said = Docstring.parse("\n    Say something\n    short.  Or long.\n\n    Or nothing.\n    ")
        self.assertEqual((said.summary, said.description), ("Say something short.", "Or long.\n\nOr nothing."))
        self.assertEqual(Docstring.parse("No stop"), Docstring("No stop", ""))
        self.assertEqual(Docstring.parse("Version 1.5 it is"), Docstring("Version 1.5 it is", ""))

    def test_fields(self) -> None:
        """
        Parameters are told apart; what is returned and raised does not belong to the description.
        """
        fields = "@param one: the\n    first.\n@return: nothing.\n@param two: L{C{x}}.\n@raise E: no."
        said = Docstring.parse(f"Do it.\n\n{fields}")
        self.assertEqual((said.summary, said.description), ("Do it.", ""))
        self.assertEqual(dict(said.parameters), {"one": "the first.", "two": "`x`."})

    def test_markup(self) -> None:
        """
        Epytext becomes CommonMark.
        """
        said = Docstring.parse("Takes C{a} or L{b}, I{not} E{lb}c.")
        self.assertEqual(said.summary, "Takes `a` or `b`, not {c.")

    def test_nothing(self) -> None:
        """
        What has no docstring says nothing, and what its base class says is not its own.
        """

        class Silent(Service):
            pass

        self.assertEqual(Docstring.of(Silent), Docstring())
        self.assertEqual(Docstring.of(lambda: None), Docstring())
        self.assertEqual(Docstring.parse("@param a: b").summary, "")
