# -*- test-case-name: tests.cli.test_connect_commands -*-
"""
What a line means: a message, or a command when a slash is in front.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from balws.cli.connect.files import filesLike
from balws.closing import isSendable
from balws.errors import Error

__all__ = ["ARGUMENTS", "COMMANDS", "HELP", "Command", "Say", "codeAndReason", "onOrOff", "parse", "payloadOf"]

#: The largest file that is sent as one message (bytes).
MAX_FILE = 64 * 1024 * 1024

COMMANDS = ("/binary", "/close", "/help", "/json", "/ping", "/pong", "/quit", "/times")

HELP = (
    "A line is a text message; // in front is a message that begins with one slash.",
    "/binary HEX      a binary message, such as /binary 00ff",
    "/binary @FILE    a binary message with what is in a file",
    "/ping [TEXT]     a ping; tells how long the pong took",
    "/pong [TEXT]     a pong that nobody asked for",
    "/close [CODE [REASON]]   close the connection, and leave",
    "/json on|off     spread JSON over lines",
    "/times on|off    tell when a message came, and how long after the last one was sent",
    "/quit            close with 1000 and leave, as Ctrl-D does",
    "Up and Down walk through what was typed before, in earlier sessions, too; Ctrl-R searches in it.",
    "Tab completes commands and words. Ctrl-_ undoes. Ctrl-V takes the next key as text, such as Tab or Enter.",
)


def _files(begun: str) -> list[str]:
    return [f"@{each}" for each in filesLike(begun[1:])] if begun.startswith("@") else []


def _oneOf(*words: str) -> Callable[[str], list[str]]:
    return lambda _: list(words)


#: What the argument of a command can be, as far as it was begun.
ARGUMENTS: Mapping[str, Callable[[str], list[str]]] = {
    "/binary": _files,
    "/close": _oneOf(*map(str, filter(isSendable, range(1000, 1012)))),
    "/json": _oneOf("on", "off"),
    "/times": _oneOf("on", "off"),
}


@attrs.frozen
class Say:
    """
    @ivar text: a message.
    """

    text: str


@attrs.frozen
class Command:
    """
    @ivar name: one of L{COMMANDS}, without its slash.
    @ivar argument: the rest of the line; may be empty.
    """

    name: str
    argument: str = ""


def parse(line: str) -> Say | Command | None:
    """
    @return: what to do; L{None} for an empty line.
    @raise Error: for a command that there is not.
    """
    if not line:
        return None
    if not line.startswith("/"):
        return Say(line)
    if line.startswith("//"):
        return Say(line[1:])
    name, _, argument = line.partition(" ")
    if name not in COMMANDS:
        raise Error(f"there is no command {name}; /help lists them, and // sends a slash")
    return Command(name[1:], argument.strip())


def payloadOf(argument: str) -> bytes:
    """
    @param argument: of C{/binary}.
    @return: what to send.
    @raise Error: when it is no payload, or the file cannot be read.
    """
    if not argument.startswith("@"):
        try:
            return bytes.fromhex(argument)
        except ValueError:
            raise Error("/binary takes pairs of hexadecimal digits, or @ and the name of a file") from None
    name = argument[1:]
    try:
        with Path(name).expanduser().open("rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except (OSError, RuntimeError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "that is no name of a file"
        raise Error(f"{name!r} cannot be read: {why}") from None
    if len(data) > MAX_FILE:
        raise Error(f"{name!r} is over {MAX_FILE} bytes")
    return data


def codeAndReason(argument: str) -> tuple[int, str]:
    """
    @param argument: of C{/close}.
    @return: the code, 1000 without one, and the reason.
    @raise Error: for a code that nobody may send.
    """
    code, _, reason = argument.partition(" ")
    if not code:
        return 1000, ""
    if not (code.isascii() and code.isdigit() and len(code) == 4 and isSendable(int(code))):
        raise Error("/close takes a code: 1000 to 1003, 1007 to 1011, or 3000 to 4999")
    return int(code), reason.strip()


def onOrOff(command: Command) -> bool:
    """
    @raise Error: for anything else.
    """
    if command.argument not in ("on", "off"):
        raise Error(f"/{command.name} takes on or off")
    return command.argument == "on"
