# -*- test-case-name: tests.cli.test_command -*-
"""
C{balws COMMAND}: what an operator and a developer do by hand.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any, ClassVar, cast

from twisted.python.usage import UsageError

from balws.cli.options import CommandOptions
from balws.errors import Error
from balws.logs.escape import escaped

__all__ = ["COMMANDS", "Options", "main"]

#: The longest line of an error, in bytes.
MAX_LINE = 4096

#: Why something cannot be written, which is the output: commands know what to say of their files.
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))

#: Each command: its name, the module and class of its options, and what it does.
COMMANDS: Sequence[tuple[str, str, str]] = (
    ("asyncapi", "asyncapi:AsyncApi", "Write the AsyncAPI document of services, or a page of it."),
    ("bench", "bench:Bench", "Put a service under load for a while, and tell how it does."),
    ("check", "check:Check", "Check a configuration, and say what it would serve."),
    ("client", "client:ClientModule", "Write a typed client from an AsyncAPI document."),
    ("completion", "completion:Completion", "Print what makes a shell complete these commands."),
    ("connect", "connect:Connect", "Talk to a WebSocket service."),
    ("hash-password", "hashpassword:HashPassword", "Hash a password for the user store."),
    ("healthcheck", "healthcheck:HealthCheck", "Ask a running service whether it is ready."),
    ("init", "init:Init", "Begin a new service: its code, its configuration and its tests."),
    ("kick", "kick:Kick", "Close connections of a running service."),
    ("ps", "ps:Ps", "List the connections of a running service."),
    ("send", "send:Send", "Send a message to connections of a running service."),
    ("serve", "serve:Serve", "Serve what a configuration describes."),
    ("token", "token:Token", "Make a token (JWT) for tests, or show what one says."),
    ("top", "top:Top", "Watch a running service."),
)


def _later(where: str) -> Callable[[], CommandOptions]:
    """
    @return: makes the options of a command when they are wanted: a command waits for its own imports only.
    """

    def make() -> CommandOptions:
        module, _, name = where.partition(":")
        options: CommandOptions = getattr(import_module(f"balws.cli.{module}"), name)()
        return options

    return make


class Options(CommandOptions):
    """
    The options in front of the command.
    """

    synopsis = "Usage: balws COMMAND [options]"
    longdesc = "Example: balws serve balws.toml, and then balws connect ws://localhost:9090/. Each command has --help."
    subCommands: ClassVar[Any] = [[name, None, _later(where), words] for name, where, words in COMMANDS]

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        See L{CommandOptions}.  C{help}, which many type first, is C{--help}, of a command, too.
        """
        given = sys.argv[1:] if options is None else list(options)
        super().parseOptions([*given[1:], "--help"] if given[:1] == ["help"] else given)

    def postOptions(self) -> None:
        """
        @raise UsageError: without a command.
        """
        if self.subCommand is None:
            raise UsageError("which command? See balws --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command.

    @param arguments: without the program's name; L{None} takes the process's own.
    @return: the process's status: 0, 1 when the command failed, 2 when the command line is
        wrong; each of these two with one line to the standard error.
    """
    _open()
    if isinstance(sys.stdout, TextIOWrapper):
        # That it has no such characters is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except UsageError as error:
        _complain(error)
        return 2
    except Error as error:
        _complain(error)
        return 1
    except BrokenPipeError:
        # Who reads has had enough, as head(1) does.
        _abandon()
        return 1
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _abandon()
        _complain(Error(f"the output cannot be written: {error.strerror}"))
        return 1
    except KeyboardInterrupt:
        print("\nbalws: interrupted", file=sys.stderr)
        return 1


def _run(arguments: Sequence[str]) -> int:
    options = cast(Any, Options)()
    try:
        options.parseOptions(list(arguments))
        status: int = options.subOptions.run() or 0
    except SystemExit:  # as --help ends
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return status


def _open() -> None:
    """
    Whoever starts us may have closed the standard streams, which Python then has none of.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - to the end of the process


def _abandon() -> None:
    """
    What was not written yet goes nowhere: Python would meet the same again when it ends.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(error: Exception) -> None:
    """
    An error quotes files and arguments, in which anything may stand.
    """
    for line in f"balws: {error}".split("\n"):
        print(escaped(line, MAX_LINE), file=sys.stderr)
