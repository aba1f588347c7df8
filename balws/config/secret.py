# -*- test-case-name: tests.config.test_secret -*-
"""
Values that no log, repr or error may show, and where a file takes them from:
C{{ env = "NAME" }} or C{{ file = "path" }} (DESIGN 2.4).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import TypeGuard, final

from twisted.logger import Logger

from balws.errors import ConfigurationError

__all__ = ["Secret", "isReference", "resolveSecret"]

_log = Logger()

#: A file with a secret is read up to this many bytes; more is no password and no key.
MAX_SECRET = 65536

_REDACTED = "<secret>"


@final
class Secret:
    """
    Holds a text and shows it to nobody who does not call L{reveal}.

    Two secrets are equal when their texts are.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """
        @return: the text itself; keep it out of logs and errors.
        """
        return self._text

    def __repr__(self) -> str:
        return _REDACTED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass"))

    def __hash__(self) -> int:
        return hash((Secret, self._text))


def isReference(value: object) -> TypeGuard[Mapping[str, object]]:
    """
    @return: whether C{value} is a table that names where a text is to be found.
    """
    return isinstance(value, Mapping) and bool(value) and value.keys() <= {"env", "file"}


def resolveSecret(value: Mapping[str, object], folder: Path) -> Secret:
    """
    Fetch what a reference names.

    @param value: C{{"env": name}} or C{{"file": path}}, see L{isReference}.
    @param folder: where a relative path starts.
    @return: the text.  Of a file, without the line end that editors put last.
    @raise ConfigurationError: when both or no string is given, the variable is
        missing or empty, or the file cannot be read, is not UTF-8, is empty or is
        over 64 KiB.  The text names the variable or the file, never the content.
    """
    if len(value) != 1:
        raise ConfigurationError("a secret comes from env or from file, not from both")
    ((source, name),) = value.items()
    if not isinstance(name, str) or not name:
        expected = "the name of an environment variable" if source == "env" else "the path of a file"
        raise ConfigurationError(f"expected {expected}", source)
    return _fromEnvironment(name) if source == "env" else _fromFile(name, folder)


def _fromEnvironment(name: str) -> Secret:
    text = os.environ.get(name)
    if not text:
        state = "not set" if text is None else "empty"
        raise ConfigurationError(f"the environment variable {name!r} is {state}")
    return Secret(text)


def _fromFile(name: str, folder: Path) -> Secret:
    try:
        with (folder / name).open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            data = stream.read(MAX_SECRET + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise ConfigurationError(f"the file {name!r} cannot be read: {error.strerror}") from None
    except ValueError:
        # UnicodeDecodeError would carry the bytes; a NUL in the path ends here too.
        raise ConfigurationError(f"the file {name!r} cannot be read: it is not UTF-8 text") from None
    if len(data) > MAX_SECRET:
        raise ConfigurationError(f"the file {name!r} is over {MAX_SECRET} bytes, which is no secret")
    if mode & stat.S_IROTH:
        _log.warn("The secret in {file} can be read by every user of this machine.", file=name)
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ConfigurationError(f"the file {name!r} is empty")
    return Secret(text)
