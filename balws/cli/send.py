# -*- test-case-name: tests.cli.test_send -*-
"""
C{balws send}: a message to connections of a running service.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from twisted.python.usage import UsageError

from balws.admin.operations import Send as Order
from balws.admin.orders import MAX_MESSAGE
from balws.cli.targets import TargetOptions, sayNobody
from balws.errors import ConfigurationError

__all__ = ["Send"]


class Send(TargetOptions):
    """
    The message is an argument, the standard input, or a file of bytes.
    """

    synopsis = "Usage: balws send --to-user NAME [TEXT]\n       balws send --to-group NAME --binary FILE"
    longdesc = (
        "Sends a message to connections of a running service, whatever their service says meanwhile. Without a text, "
        "and with - in its place, the standard input is read; the end of its last line is not sent. "
        "Ends with status 1 when nobody was there to get it. "
        'Example: balws send --to-path /chat "We are back in five minutes." '
        'and date | balws send --to-group clocks'
    )
    optParameters: ClassVar[Any] = [
        ["binary", "b", None, "Send the bytes of this file as a binary message; - is the standard input."],
    ]

    text: str | None = None

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for several texts.
        """
        if len(arguments) > 1:
            raise UsageError("one text is sent; put it in quotes")
        if arguments:
            self.text = arguments[0]

    def postOptions(self) -> None:
        """
        @raise UsageError: for two messages, or for none.
        """
        super().postOptions()
        if self["binary"] is not None:
            if self.text is not None:
                raise UsageError("either a text or --binary, not both")
        elif self.text is None and sys.stdin.isatty():
            raise UsageError("what? Give a text, or - and then type it, up to the end of the input (Ctrl-D)")

    async def main(self, reactor: Any) -> int | None:
        """
        Read, send, and say how many got it.
        """
        admin = self.reach(reactor)
        target = self.target
        assert target is not None
        if self["binary"] is not None:
            order = Order(target=target, data=_bytesOf(self["binary"]))
        else:
            order = Order(target=target, text=self._words())
        count = await admin.post("/api/send", order)
        if not count:
            sayNobody(target)
        return self.told("sent to", count)

    def _words(self) -> str:
        try:
            if self.text in (None, "-"):
                data = sys.stdin.buffer.read(MAX_MESSAGE + 3)
                return _limited(data.removesuffix(b"\n").removesuffix(b"\r")).decode()
            text = self.text or ""
            text.encode()  # of an argument, what is no UTF-8 is here by now as surrogates
        except UnicodeError:
            raise ConfigurationError("the text is not UTF-8; bytes are sent with --binary FILE") from None
        return text


def _bytesOf(file: str) -> bytes:
    if file == "-":
        return _limited(sys.stdin.buffer.read(MAX_MESSAGE + 1))
    try:
        with open(file, "rb") as stream:
            return _limited(stream.read(MAX_MESSAGE + 1))
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", file=file) from None


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_MESSAGE:
        raise ConfigurationError(f"the message has more than {MAX_MESSAGE} bytes")
    return data
