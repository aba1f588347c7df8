"""
Tests of L{balws.asyncapi.source}.
"""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis.strategies import text
from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.source import call, docstring, literal


class SourceTests(SynchronousTestCase):
    """
    Text of Python.
    """

    @given(text())
    def test_literal(self, words: str) -> None:
        """
        A text in code is the text, in ASCII and on one line.
        """
        code = literal(words)
        self.assertEqual(ast.literal_eval(code), words)
        self.assertTrue(code.isascii() and code.isprintable())

    def test_literals(self) -> None:
        """
        Numbers and truth values are themselves, and nothing else is a literal.
        """
        self.assertEqual([literal(value) for value in (1, -2.5, True, None, "a", "'", '"')],
                         ["1", "-2.5", "True", "None", '"a"', '"\'"', "'\"'"])
        for value in ([], object(), b"", type("S", (str,), {})("x")):
            self.assertRaises(TypeError, literal, value)

    @given(text(), text())
    def test_docstring(self, words: str, more: str) -> None:
        """
        A docstring is nothing but one, whatever is in it.
        """
        for given_ in (words, f'{words}"""{more}', f"{words}\\", f"{words}\n\n{more}"):
            lines = docstring([given_], "    ", {"name": more})
            tree = ast.parse("class A:\n" + "\n".join([*lines, "    x: int"]))
            (kind,) = tree.body
            assert isinstance(kind, ast.ClassDef)
            self.assertEqual(len(kind.body), 2 if lines else 1)
            self.assertTrue(all(len(line) <= 120 and (not line or line.isprintable()) for line in lines))

    def test_wrapped(self) -> None:
        """
        Paragraphs stay apart, parameters follow, and where nothing is said there is no docstring.
        """
        self.assertEqual(
            docstring(["One.\nTwo.\n\nThree."], "", {"a": "b", "c": ""}),
            ['"""', "One. Two.", "", "Three.", "", "@param a: b", '"""'],
        )
        self.assertEqual(docstring([" ", ""], ""), [])

    def test_call(self) -> None:
        """
        A call is on one line where that is short enough.
        """
        self.assertEqual(call("f", ["a", "b"], "  "), ["  f(a, b)"])
        long = ["x" * 57, "y" * 58]
        self.assertEqual(call("f", long, ""), [f"f({', '.join(long)})"])
        long = ["x" * 58, "y" * 58]
        self.assertEqual(call("f", long, ""), ["f(", f"    {long[0]},", f"    {long[1]},", ")"])
