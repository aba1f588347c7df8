"""
Tests of L{balws.config.values}.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws.config.client import Cookie
from balws.config.records import nested
from balws.config.secret import Secret
from balws.config.values import (
    MAX_NUMBER,
    atLeast,
    checked,
    confidential,
    convert,
    finite,
    flag,
    headerText,
    hidden,
    integer,
    items,
    matching,
    number,
    optional,
    seconds,
    show,
    showKind,
    text,
    token,
    urlPath,
    word,
)
from balws.errors import ConfigurationError


class ValueTests(SynchronousTestCase):
    """
    What fits, and what is said of what does not.
    """

    def refusal(self, check: Any, value: object) -> str:
        """
        @return: the text of the error for a value.
        """
        return str(self.assertRaises(ConfigurationError, convert, check, "key", value))

    def assertFits(self, check: Any, *values: object) -> None:
        """
        Fail unless the check leaves all values as they are.
        """
        for value in values:
            found = convert(check, "key", value)
            self.assertEqual((type(found), found), (type(value), value))

    def assertRefuses(self, check: Any, *values: object) -> None:
        """
        Fail unless the check lets none of the values pass.
        """
        for value in values:
            self.refusal(check, value)

    def test_show(self) -> None:
        """
        Errors show values on one line, as TOML writes them, and nothing of what is secret or long.
        """
        for value, shown in (
            ("90a", '"90a"'),
            ('say "\n"', '"say \\"\\n\\""'),
            ("x" * 60, f'"{"x" * 60}"'),
            ("x" * 61, f'"{"x" * 60}..."'),
            (True, "true"),
            (False, "false"),
            (-3, "-3"),
            (10**59, "1" + "0" * 59),
            (10**5000, "an enormous number"),
            (1.5, "1.5"),
            (date(2024, 1, 2), "2024-01-02"),
            (time(7, 32), "07:32:00"),
            (datetime(2024, 1, 2, 7, 32), "2024-01-02T07:32:00"),
            ({"a": 1}, "a table"),
            ([1], "a list"),
            ((1,), "a list"),
            (None, "nothing"),
            (Secret("canary"), "a secret"),
            (b"x", "an object of type bytes"),
        ):
            self.assertEqual(show(value), shown)

    def test_integer(self) -> None:
        """
        An integer has limits, and is neither a boolean nor a float nor a string.
        """
        check = integer(1, 10)
        self.assertFits(check, 1, 2, 9, 10)
        for value in (0, 11):
            self.assertEqual(
                self.refusal(check, value), f"key: expected an integer from 1 to 10, got {value}"
            )
        self.assertEqual(self.refusal(check, "90a"), 'key: expected an integer, got "90a"')
        self.assertEqual(self.refusal(check, True), "key: expected an integer, got true")
        self.assertEqual(self.refusal(check, 2.0), "key: expected an integer, got 2.0")

    def test_largestInteger(self) -> None:
        """
        Where nothing else is said, an integer ends at 2147483647.
        """
        self.assertFits(integer(0), MAX_NUMBER - 1, MAX_NUMBER)
        self.assertRefuses(integer(0), MAX_NUMBER + 1)

    def test_seconds(self) -> None:
        """
        A duration is an int or a float from 0 to 2147483647.
        """
        self.assertFits(seconds, 0, 0.0, 0.25, 30, MAX_NUMBER)
        for value in (-1, -0.5, MAX_NUMBER + 1):
            self.assertEqual(
                self.refusal(seconds, value),
                f"key: expected a number of seconds from 0 to 2147483647, got {value}",
            )
        for value, shown in ((True, "true"), ("1s", '"1s"'), (None, "nothing")):
            self.assertEqual(self.refusal(seconds, value), f"key: expected a number of seconds, got {shown}")

    def test_number(self) -> None:
        """
        Some durations may be negative, but none may be infinite or no number.
        """
        self.assertFits(number, -1, -0.5, 0, 60)
        self.assertRefuses(number, float("nan"), float("inf"), float("-inf"), 10**400, False, "1", None)

    def test_finite(self) -> None:
        """
        What a number stands for is said where something else was given.
        """
        self.assertFits(finite("a factor"), -1.5, 0, 10**20)
        self.assertEqual(self.refusal(finite("a factor"), "2"), 'key: expected a factor, got "2"')

    def test_atLeast(self) -> None:
        """
        What is too small is replaced, what is too large is refused.
        """
        check = atLeast(1, 7, "a factor")
        self.assertFits(check, 1, 1.5, MAX_NUMBER)
        for value in (-MAX_NUMBER, 0, 0.999):
            self.assertEqual(convert(check, "key", value), 7)
        self.assertEqual(
            self.refusal(check, MAX_NUMBER + 1), "key: expected a factor up to 2147483647, got 2147483648"
        )
        self.assertEqual(self.refusal(atLeast(0, 0), "1"), 'key: expected a number of seconds, got "1"')
        self.assertRefuses(check, float("nan"), float("inf"), float("-inf"), True, None)

    def test_flag(self) -> None:
        """
        Only true and false are booleans.
        """
        self.assertFits(flag, True, False)
        self.assertEqual(self.refusal(flag, "true"), 'key: expected true or false, got "true"')
        self.assertRefuses(flag, 0, 1, None)

    def test_text(self) -> None:
        """
        A string must not be empty.
        """
        self.assertFits(text, "x", " ")
        self.assertEqual(self.refusal(text, 5), "key: expected a string, got 5")
        self.assertEqual(self.refusal(text, ""), 'key: expected a string that is not empty, got ""')

    def test_patterns(self) -> None:
        """
        Tokens, header values, words and paths keep out what would break the protocol.
        """
        self.assertFits(token, "v1.chat+json", "a!#$%&'*+-.^_`|~9")
        self.assertRefuses(token, "a b", "a,b", "a\n", "\u00e9", "", "a/b", '"a"')
        self.assertFits(headerText, "balws", "balws (test) 1.0", "x")
        self.assertRefuses(headerText, "a\r\nb: c", "a\n", " a", "a ", "a\tb", "\u00e9", "")
        self.assertFits(word, "0.0.0.0", "::1", "localhost")
        self.assertRefuses(word, "a b", "a\n", "", "\0")
        self.assertFits(urlPath, "/", "/chat", "/a/b.c", "/caf\u00e9")
        self.assertRefuses(urlPath, "chat", "", "/chat/", "//", "/a//b", "/a?b", "/a#b", "/a b", "/a\n")

    def test_matching(self) -> None:
        """
        A pattern fits all of a string that is not empty, or it does not fit.
        """
        check = matching(re.compile("a*"), "some a")
        self.assertFits(check, "a", "aa")
        self.assertEqual(self.refusal(check, "ab"), 'key: expected some a, got "ab"')
        self.assertRefuses(check, "", "a\n", 5)

    def test_required(self) -> None:
        """
        A field is required when its record names no default.
        """
        two = attrs.make_class("Two", {"a": checked("a", text), "b": checked("b", text, "x")}, kw_only=True)
        self.assertEqual(two(a="y").b, "x")
        self.assertRaises(TypeError, two)
        self.assertEqual(str(self.assertRaises(ConfigurationError, two, a="")).partition(":")[0], "a")

    def test_hidden(self) -> None:
        """
        What is hidden is kept as a secret, and no error says what was given.
        """
        one = attrs.make_class("One", {"a": hidden("a"), "b": hidden("b", None)}, kw_only=True)
        for given in ("canary", Secret("canary")):
            record = one(a=given, b=given)
            self.assertEqual((record.a.reveal(), record.b.reveal()), ("canary", "canary"))
            self.assertNotIn("canary", repr(record))
            self.assertEqual(attrs.evolve(record), record)
        self.assertIsNone(one(a="canary").b)
        self.assertIsNone(one(a="canary", b=None).b)
        for given in ("", None, 5, ["canary"], b"canary"):
            text_ = str(self.assertRaises(ConfigurationError, one, a=given))
            self.assertTrue(text_.startswith("a: expected a string"), text_)
            self.assertNotIn("canary", text_)

    def test_anotherFile(self) -> None:
        """
        What is wrong in a file that a value names is said of that file.
        """

        def check(value: object) -> object:
            raise ConfigurationError("is missing", "users[0].password", "users.toml", 3, 1)

        error = self.assertRaises(ConfigurationError, convert, check, "auth", "x")
        self.assertEqual(str(error), "users.toml:3:1: users[0].password: is missing")

    def test_confidential(self) -> None:
        """
        The refusal of a confidential value does not show it.
        """
        check = confidential(integer(1, 10))
        self.assertFits(check, 5)
        self.assertEqual(self.refusal(check, 4711), "key: expected an integer from 1 to 10")

    def test_optional(self) -> None:
        """
        An optional value may be none at all.
        """
        self.assertFits(optional(text), None, "a")
        self.assertRefuses(optional(text), 1)

    def test_items(self) -> None:
        """
        Lists of any kind become tuples; the item at fault is named.
        """
        check = items("words", word)
        for value in (["a", "b"], ("a", "b"), iter(["a", "b"]), {"a": 1, "b": 2}.keys()):
            self.assertEqual(convert(check, "key", value), ("a", "b"))
        self.assertEqual(convert(check, "key", []), ())
        self.assertEqual(self.refusal(check, ["a", 1]), "key[1]: expected a string, got 1")
        self.assertEqual(self.refusal(check, ["a", "b", "a"]), 'key[2]: "a" is given twice')

    def test_noList(self) -> None:
        """
        A string is not taken for the list of its letters.
        """
        check = items("words", word)
        self.assertEqual(self.refusal(check, "ab"), 'key: expected a list of words, got a string')
        self.assertRefuses(check, b"ab", {"a": "b"}, 1, None)

    def test_unlike(self) -> None:
        """
        Where a table or a list is expected a string is not shown, since it may be a secret;
        everything else is.
        """
        cases: tuple[tuple[object, str], ...] = (
            ("canary", "a string"),
            (b"canary", "a string"),
            (Secret("canary"), "a secret"),
            (5, "5"),
            (True, "true"),
            (None, "nothing"),
        )
        for value, shown in cases:
            checks: tuple[Any, ...] = (items("words", word), "a list of words"), (nested(Cookie), "a table or a Cookie")
            for check, noun in checks:
                self.assertEqual(self.refusal(check, value), f"key: expected {noun}, got {shown}")
        self.assertEqual(self.refusal(integer(0), "canary"), 'key: expected an integer, got "canary"')
        self.assertEqual((showKind("canary"), showKind([]), showKind({})), ("a string", "a list", "a table"))

    def test_secretRevealed(self) -> None:
        """
        A secret passes where its text does, and does not show in the error where it does not.
        """
        self.assertEqual(convert(word, "key", Secret("canary")), "canary")
        self.assertEqual(convert(items("words", word), "key", [Secret("a")]), ("a",))
        self.assertEqual(self.refusal(integer(0), Secret("canary")), "key: expected an integer, got a secret")
