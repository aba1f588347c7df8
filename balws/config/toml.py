# -*- test-case-name: tests.config.test_load -*-
"""
TOML, with errors that say where.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from balws.errors import ConfigurationError

__all__ = ["decode", "normal", "parse"]

_PROBLEM = re.compile(r"(?P<problem>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


def decode(data: bytes, file: str) -> str:
    """
    @param file: the file's name, for errors.
    @return: the text, with line ends as tomllib counts them, so that positions agree.
    @raise ConfigurationError: when it is not UTF-8.
    """
    try:
        return normal(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        raise ConfigurationError("not UTF-8", "", file, *_endOf(before)) from None


def normal(text: str) -> str:
    """
    @return: a text with line ends as tomllib counts them.
    """
    return text.replace("\r\n", "\n")


def parse(text: str, file: str) -> dict[str, Any]:
    """
    @param file: the file's name, for errors.
    @raise ConfigurationError: when it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigurationError("nested too deeply", file=file) from None
    except tomllib.TOMLDecodeError as error:
        raise _syntaxError(str(error), text, file) from None
    except ValueError:
        # Python refuses to read integers of more than 4300 digits; tomllib lets that pass.
        raise ConfigurationError("a number has too many digits", file=file) from None


def _syntaxError(problem: str, text: str, file: str) -> ConfigurationError:
    match = _PROBLEM.fullmatch(problem)
    if match is None:
        return ConfigurationError(problem, file=file)
    line, column = (int(match["line"]), int(match["column"])) if match["line"] else _endOf(text)
    return ConfigurationError(match["problem"], "", file, line, column)


def _endOf(text: str) -> tuple[int, int]:
    """
    @return: the line and column just behind C{text}.
    """
    return text.count("\n") + 1, len(text) - text.rfind("\n")
