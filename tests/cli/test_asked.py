"""
Tests of L{balws.cli.asked}.
"""

from __future__ import annotations

import sys
import warnings
from getpass import GetPassWarning
from io import StringIO

from twisted.trial.unittest import SynchronousTestCase

from balws.cli import asked
from balws.cli.asked import askSecret
from balws.errors import ConfigurationError

CANARY = "canary-in-the-mine"


class AskSecretTests(SynchronousTestCase):
    """
    What nobody else may see.
    """

    def test_said(self) -> None:
        """
        What is typed is what there is; the prompt says what is wanted.
        """
        self.patch(asked, "getpass", lambda prompt: f"{prompt}{CANARY}")
        self.assertEqual(askSecret("Token: "), f"Token: {CANARY}")

    def test_echo(self) -> None:
        """
        A terminal that would show it is not asked, and nobody where there is none.
        """

        def showing(prompt: str) -> str:
            warnings.warn("echo", GetPassWarning, stacklevel=1)
            return CANARY

        self.patch(asked, "getpass", showing)
        self.patch(sys, "stdin", StringIO())
        problem = self.assertRaises(ConfigurationError, askSecret, "Token: ")
        self.assertEqual(str(problem), "there is no terminal to ask at")
        self.patch(sys.stdin, "isatty", lambda: True)
        problem = self.assertRaises(ConfigurationError, askSecret, "Token: ")
        self.assertEqual(str(problem), "this terminal would show what is secret; nothing was read")

    def test_end(self) -> None:
        """
        The end of the input is no secret.
        """

        def ended(prompt: str) -> str:
            raise EOFError

        self.patch(asked, "getpass", ended)
        self.assertEqual(str(self.assertRaises(ConfigurationError, askSecret, "Token: ")), "nothing was given")
