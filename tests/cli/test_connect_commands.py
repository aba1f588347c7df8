"""
Tests of L{balws.cli.connect.commands}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import commands
from balws.cli.connect.commands import ARGUMENTS, COMMANDS, HELP, Command, Say, codeAndReason, onOrOff, parse, payloadOf
from balws.errors import Error


class CommandsTests(SynchronousTestCase):
    """
    What lines mean.
    """

    def fails(self, function: object, argument: object) -> str:
        """
        @return: the words of the error.
        """
        assert callable(function)
        return str(self.assertRaises(Error, function, argument))

    def test_parse(self) -> None:
        """
        A slash makes a command, two make a message with one, and all else is a message.
        """
        self.assertEqual(parse("hello"), Say("hello"))
        self.assertEqual(parse(" /ping"), Say(" /ping"))
        self.assertEqual(parse("//etc"), Say("/etc"))
        self.assertEqual(parse("/ping  a b "), Command("ping", "a b"))
        self.assertEqual(parse("/quit"), Command("quit"))
        self.assertIsNone(parse(""))
        self.assertEqual(
            self.fails(parse, "/nothing x"), "there is no command /nothing; /help lists them, and // sends a slash"
        )

    def test_help(self) -> None:
        """
        Each command is explained, but for C{/help} itself.
        """
        for each in set(COMMANDS) - {"/help"}:
            self.assertTrue(any(line.startswith(each) for line in HELP), each)

    def test_arguments(self) -> None:
        """
        What a command takes can be completed, and is taken then.
        """
        for name in ("json", "times"):
            self.assertEqual(ARGUMENTS[f"/{name}"]("o"), ["on", "off"])
        codes = ARGUMENTS["/close"]("10")
        self.assertEqual([codeAndReason(each)[0] for each in codes], list(map(int, codes)))
        self.assertEqual((codes[0], codes[-1], len(codes)), ("1000", "1011", 9))
        path = Path(self.mktemp())
        path.write_bytes(b"1234")
        (found,) = ARGUMENTS["/binary"](f"@{path}")
        self.assertEqual(payloadOf(found), b"1234")
        self.assertEqual(ARGUMENTS["/binary"](str(path)), [])

    def test_payload(self) -> None:
        """
        A binary message is given in digits, or is in a file.
        """
        self.assertEqual(payloadOf("00 fF"), b"\x00\xff")
        self.assertEqual(payloadOf(""), b"")
        path = Path(self.mktemp())
        path.write_bytes(b"1234")
        self.patch(commands, "MAX_FILE", 4)
        self.assertEqual(payloadOf(f"@{path}"), b"1234")
        path.write_bytes(b"12345")
        self.assertEqual(self.fails(payloadOf, f"@{path}"), f"'{path}' is over 4 bytes")
        self.assertIn("No such file", self.fails(payloadOf, f"@{path}x"))
        self.assertIn("no name of a file", self.fails(payloadOf, "@a\0b"))
        self.assertIn("pairs of hexadecimal digits", self.fails(payloadOf, "0"))

    def test_close(self) -> None:
        """
        A code that may be sent, or none, and a reason.
        """
        self.assertEqual(codeAndReason(""), (1000, ""))
        self.assertEqual(codeAndReason("4999 see you "), (4999, "see you"))
        for wrong in ("bye", "1004", "1012", "999", "5000", "+1000", "١٠٠٠"):
            self.assertIn("/close takes a code", self.fails(codeAndReason, wrong))

    def test_switch(self) -> None:
        """
        On or off, and nothing else.
        """
        self.assertTrue(onOrOff(Command("json", "on")))
        self.assertFalse(onOrOff(Command("json", "off")))
        self.assertEqual(self.fails(onOrOff, Command("times", "")), "/times takes on or off")
