"""
Tests of L{balws.cli.screen}.
"""

from __future__ import annotations

import io
import os
import pty
import sys
import termios
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.cli.screen import Keys, Screen, canDraw
from tests.cli.terminals import resize


class ScreenTests(SynchronousTestCase):
    """
    A terminal that is taken and given back.
    """

    def setUp(self) -> None:
        self.master, slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        resize(slave, 20, 3)
        kept = os.dup(0)
        self.addCleanup(os.close, kept)
        self.addCleanup(os.dup2, kept, 0)
        os.dup2(slave, 0)
        self.patch(sys, "stdin", open(0, closefd=False))  # noqa: SIM115
        self.terminal = open(slave, "w", encoding="utf-8")  # noqa: SIM115
        self.addCleanup(self.terminal.close)
        self.patch(sys, "stdout", self.terminal)

    def read(self) -> str:
        return os.read(self.master, 65536).decode()

    def test_borrowed(self) -> None:
        """
        The alternate screen without a cursor is taken, and single keys that are not shown; all is given
        back when an exception ends it, too.
        """
        before = termios.tcgetattr(0)
        try:
            with Screen() as screen:
                self.assertTrue(screen.hasKeys)
                self.assertEqual(self.read(), "\x1b[?1049h\x1b[?25l")
                self.assertFalse(termios.tcgetattr(0)[3] & (termios.ICANON | termios.ECHO | termios.ISIG))
                raise RuntimeError
        except RuntimeError:
            pass
        self.assertEqual(self.read(), "\x1b[?25h\x1b[?1049l")
        self.assertEqual(termios.tcgetattr(0), before)

    def test_draw(self) -> None:
        """
        Lines are cut to the size that the terminal has now, and what was there before is wiped.
        """
        with Screen() as screen:
            self.read()
            self.assertEqual(screen.size, (20, 3))
            screen.draw(["a" * 21, "b", "c", "d"])
            self.assertEqual(self.read(), f"\x1b[H{'a' * 19}…\x1b[K\r\nb\x1b[K\r\nc\x1b[K\x1b[J")
            resize(0, 5, 1)
            screen.draw(["abcdef", "b"])
            self.assertEqual(self.read(), "\x1b[Habcd…\x1b[K\x1b[J")
            resize(0, 0, 0)
            self.assertEqual(screen.size, (80, 24))

    def test_noKeys(self) -> None:
        """
        Where nobody can type the input is left alone.
        """
        self.patch(sys, "stdin", io.StringIO())
        before = termios.tcgetattr(0)
        with Screen() as screen:
            self.assertFalse(screen.hasKeys)
            self.assertEqual(termios.tcgetattr(0), before)

    def test_broken(self) -> None:
        """
        A terminal that cannot be written to is given back at once.
        """

        class Broken(io.StringIO):
            def write(self, text: str) -> int:
                raise BrokenPipeError

        self.patch(sys, "stdout", Broken())
        before = termios.tcgetattr(0)
        self.assertRaises(BrokenPipeError, Screen().__enter__)
        self.assertEqual(termios.tcgetattr(0), before)

    def test_canDraw(self) -> None:
        """
        A terminal that can move its cursor is one to draw on.
        """
        for term, expected in (("xterm", True), ("dumb", False), ("", False)):
            self.patch(os, "environ", {"TERM": term})
            self.assertEqual(canDraw(), expected)
        self.patch(os, "environ", {})
        self.assertFalse(canDraw())
        self.patch(os, "environ", {"TERM": "xterm"})
        self.patch(sys, "stdout", io.StringIO())
        self.assertFalse(canDraw())


class KeysTests(SynchronousTestCase):
    """
    Single keys.
    """

    def test_pressed(self) -> None:
        """
        Each character is told; what is none of ASCII is not, and the end of the input ends it.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        pressed: list[str] = []
        keys: Any = Keys(pressed.append, reading)
        verifyObject(IReadDescriptor, keys)
        self.assertEqual((keys.fileno(), keys.logPrefix()), (reading, "keys"))
        os.write(writing, "sü\x03".encode())
        self.assertIsNone(keys.doRead())
        self.assertEqual(pressed, ["s", "\x03"])
        os.close(writing)
        self.assertIsInstance(keys.doRead(), ConnectionDone)
        keys.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(pressed, ["s", "\x03"])
