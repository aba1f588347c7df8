# -*- test-case-name: tests.cli.test_asked -*-
"""
What somebody types that nobody else may see.
"""

from __future__ import annotations

import sys
import warnings
from getpass import GetPassWarning, getpass

from balws.errors import ConfigurationError

__all__ = ["askSecret"]


def askSecret(prompt: str) -> str:
    """
    Ask at the terminal, without echo.

    @param prompt: of what a terminal may show.
    @raise ConfigurationError: when the terminal would show it, and at the end of the input.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)
            return getpass(prompt)
    except GetPassWarning:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConfigurationError("there is no terminal to ask at") from None
        raise ConfigurationError("this terminal would show what is secret; nothing was read") from None
    except EOFError:
        raise ConfigurationError("nothing was given") from None
