"""
Tests of L{balws.asyncapi.names}.
"""

from __future__ import annotations

import keyword

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.names import Names, className, memberName

NASTY = ("", "1", "a b", "名前", "é", "x\ny", "__init__", "_a", "-", "a" * 500, '"', "ﬁeld", "a\u200bb")


class NameTests(SynchronousTestCase):
    """
    Names of Python.
    """

    def test_classes(self) -> None:
        """
        Words are capitalised and joined.
        """
        self.assertEqual(className("chat.message-v2"), "ChatMessageV2")
        self.assertEqual(className("unSubscribe"), "UnSubscribe")
        self.assertEqual((className("2nd"), className("名前")), ("Message2nd", "Message"))

    def test_members(self) -> None:
        """
        What is a name stays as it is.
        """
        for name in ("a", "camelCase", "snake_case", "HTTP"):
            self.assertEqual(memberName(name), name)
        made = [memberName(name) for name in ("x-count", "2nd", "_id", "")]
        self.assertEqual(made, ["xCount", "field2nd", "id", "field"])

    def test_nasty(self) -> None:
        """
        Whatever comes in, a name of ASCII that Python knows goes out.
        """
        names = Names()
        for text in (*NASTY, *keyword.kwlist):
            for name in (names.take(memberName(text)), names.take(className(text))):
                self.assertTrue(name.isidentifier() and name.isascii() and not keyword.iskeyword(name), name)
                self.assertFalse(name.startswith("_"))
                self.assertLess(len(name), 70)

    def test_once(self) -> None:
        """
        Each name is given once.
        """
        names = Names(["a_", "B2"])
        self.assertEqual([names.take("a") for _ in range(4)], ["a", "a3", "a4", "a5"])
        self.assertEqual([names.take("B") for _ in range(3)], ["B", "B3", "B4"])
        self.assertEqual([names.take("class") for _ in range(2)], ["class_", "class3"])
