# -*- test-case-name: tests.cli.test_connect_printed -*-
"""
Messages as a script reads them.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable
from typing import TextIO

from balws.cli.records import jsonOf, timeOf
from balws.logs.escape import escaped

__all__ = ["FORMS", "Printed"]

#: What a message can be printed as.
FORMS = ("lines", "base64", "raw", "json")

_ALL = 1 << 40


class Printed:
    """
    One message a line, but for C{raw}: that is the bytes of all messages, one behind the other.
    """

    def __init__(self, stream: TextIO, form: str, now: Callable[[], float]) -> None:
        """
        @param form: one of L{FORMS}.
        @param now: seconds since the epoch.
        """
        self._stream = stream
        self._form = form
        self._now = now

    def put(self, message: str | bytes) -> None:
        """
        Print it, and do not keep it back.

        @raise BrokenPipeError: when nobody reads any more.
        """
        if self._form == "raw":
            self._stream.buffer.write(message.encode() if isinstance(message, str) else message)
        elif self._form == "json":
            self._stream.write(self._object(message) + "\n")
        elif isinstance(message, str):
            self._stream.write(escaped(message, _ALL) + "\n")
        else:
            shown = b64encode(message).decode() if self._form == "base64" else message.hex()
            self._stream.write(shown + "\n")
        self._stream.flush()

    def _object(self, message: str | bytes) -> str:
        isText = isinstance(message, str)
        data = message if isinstance(message, str) else b64encode(message).decode()
        return jsonOf({"type": "text" if isText else "binary", "data": data, "time": timeOf(self._now())})

    def abandon(self) -> None:
        """
        Nobody reads any more: what Python would still write at its end goes nowhere.
        """
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
