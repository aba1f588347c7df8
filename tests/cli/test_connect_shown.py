"""
Tests of L{balws.cli.connect.shown}.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect.shown import MAX_BINARY, MAX_DEPTH, MAX_JSON, MAX_LINE, MAX_LINES, Shown, withColours

#: What a peer sends to do something to a terminal.
HOSTILE = "\x1b]0;title\x07\x1b[2J\r\b\x9b31m\u202etxt.\u2066\u200f\ud800\x00"


class ShownTests(SynchronousTestCase):
    """
    Messages on a terminal.
    """

    def test_text(self) -> None:
        """
        Text is shown as it is, the lines behind the first behind blanks.
        """
        self.assertEqual(Shown().message("grüße 世界"), ["< grüße 世界"])
        self.assertEqual(Shown().message("one\n> two\n"), ["< one", "  > two", "  "])
        self.assertEqual(Shown().message(""), ["< "])

    def test_hostile(self) -> None:
        """
        Nothing that a peer sends reaches the terminal but what can be printed.
        """
        for colours in (False, True):
            shown = Shown(colours=colours)
            for message in (HOSTILE, f'{{"{HOSTILE[:5]}": "\u202e\x9b"}}', f'["\u202e", "{HOSTILE[5:]}"]', '["\x7f"]'):
                for line in [*shown.message(message), shown.note(message)]:
                    self.assertTrue(re.sub(r"\x1b\[\d*m", "", line).isprintable(), line)
            self.assertNotIn("\x1b]", "".join(shown.message(HOSTILE)))
        self.assertEqual(Shown().message("\x1b[31m"), ["< \\x1b[31m"])

    def test_json(self) -> None:
        """
        JSON is spread over lines, unless nobody wants that; what is none stays as it is.
        """
        message = '{"a":[1,"ü"]}'
        self.assertEqual(
            Shown().message(message), ["< {", '    "a": [', "      1,", '      "ü"', "    ]", "  }"]
        )
        self.assertEqual(Shown(json=False).message(message), [f"< {message}"])
        for other in ('{"a":', "7", '"text"', "[" * 100000):
            self.assertEqual(len(Shown().message(other)), 1)

    def test_largeJson(self) -> None:
        """
        JSON that is very deep or very long is shown as it came: to spread it would take what a
        peer likes.
        """
        for count, lines in ((MAX_DEPTH, MAX_DEPTH * 2 - 1), (MAX_DEPTH + 1, 1)):
            self.assertEqual(len(Shown().message("[" * count + "]" * count)), lines)
        for size, lines in ((MAX_JSON, 3), (MAX_JSON + 1, 1)):
            self.assertEqual(len(Shown().message(f'["{"x" * (size - 4)}"]')), lines)

    def test_colours(self) -> None:
        """
        Keys, strings, numbers and words have colours of their own, in and out of order.
        """
        self.assertEqual(
            withColours('"a \\" b": ["c", -1.5e3, true]'),
            '\x1b[36m"a \\" b"\x1b[0m: [\x1b[32m"c"\x1b[0m, \x1b[33m-1.5e3\x1b[0m, \x1b[35mtrue\x1b[0m]',
        )
        self.assertEqual(Shown(colours=True).message("true"), ["\x1b[2m< \x1b[0mtrue"])
        self.assertEqual(Shown(colours=True).note("note"), "\x1b[2mnote\x1b[0m")

    def test_times(self) -> None:
        """
        The time stands in front, where it is wanted.
        """
        self.assertEqual(Shown(times=True).message("a", "12:00"), ["12:00 < a"])
        self.assertEqual(Shown().message("a", "12:00"), ["< a"])

    def test_binary(self) -> None:
        """
        Binary messages are digits, cut where they are long.
        """
        self.assertEqual(Shown().message(b"\x00\xff"), ["< binary, 2 bytes: 00 ff"])
        (whole,) = Shown().message(bytes(MAX_BINARY))
        self.assertNotIn("in all", whole)
        (long,) = Shown().message(bytes(MAX_BINARY + 1))
        self.assertTrue(long.endswith(f"00 ... {MAX_BINARY + 1} in all"))
        (full,) = Shown(full=True).message(bytes(MAX_BINARY + 1))
        self.assertTrue(full.endswith(" 00"))

    def test_cut(self) -> None:
        """
        Long lines and many lines are cut, and say how much there is; with C{full} they are not.
        """
        (line,) = Shown().message("x" * MAX_LINE * 2)
        self.assertLess(len(line), MAX_LINE + 10)
        self.assertTrue(line.endswith(f"... {MAX_LINE * 2} in all"))
        self.assertEqual(Shown(full=True).message("x" * MAX_LINE * 2), ["< " + "x" * MAX_LINE * 2])
        self.assertEqual(len(Shown().message("\n" * (MAX_LINES - 1))), MAX_LINES)
        lines = Shown().message("\n" * MAX_LINES)
        self.assertEqual(len(lines), MAX_LINES + 1)
        self.assertEqual(lines[-1], f"  ... {MAX_LINES + 1} lines in all")
        self.assertEqual(len(Shown(full=True).message("\n" * MAX_LINES)), MAX_LINES + 1)
