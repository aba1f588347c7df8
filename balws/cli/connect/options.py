# -*- test-case-name: tests.cli.test_connect -*-
"""
The options of C{balws connect}.
"""

from __future__ import annotations

import os
import sys
from typing import Any, ClassVar

from twisted.internet.defer import Deferred, TimeoutError
from twisted.python.usage import UsageError

from balws.cli.clientauth import ClientOptions, tellingWarnings
from balws.cli.connect.commands import ARGUMENTS, COMMANDS
from balws.cli.connect.dialogue import Dialogue, greeting
from balws.cli.connect.history import History, historyPath
from balws.cli.connect.outcome import INTERRUPTED, Outcome, outcomeOf, tooLate
from balws.cli.connect.printed import Printed
from balws.cli.connect.prompt import Prompt
from balws.cli.connect.script import Plan, Script, given
from balws.cli.connect.shown import Shown
from balws.cli.connect.source import Lines
from balws.cli.connect.terminal import Terminal
from balws.cli.connect.words import Words
from balws.cli.hint import hinted
from balws.cli.numbers import amount, whole
from balws.client.client import Client
from balws.config.client import WebSocketRetryConfig
from balws.errors import Error

__all__ = ["Connect"]

#: Seconds for the opening handshake, unless C{--timeout} says another number.
HANDSHAKE = 30

#: The largest message that is taken, in bytes.
MAX_MESSAGE = 64 * 1024 * 1024

#: As long as somebody sits in front of it.
_RETRY = WebSocketRetryConfig(interval=1, backOffFactor=2, maxWaitInterval=30)

#: What makes it a script, whatever it is run in.
_SCRIPT = ("expect", "until-close", "wait", "null", "binary", "base64", "raw", "json", "quiet")


class Connect(ClientOptions):
    """
    By hand in a terminal, with a prompt; else as a script.
    """

    synopsis = "Usage: balws connect URL [options]"
    longdesc = (
        "In a terminal each line that is typed is a text message, and /help lists the commands. With --send, "
        "or when the standard input is no terminal, it is a script: each --send, or else each line of the "
        "standard input, is a message, what comes is printed one message a line, and the end is when as many "
        "came as were sent. "
        "Example: balws connect wss://example.org/chat --user ada. "
        "Example: balws connect ws://localhost:9090/basic/ws --send hello --timeout 5. "
        "Exit status: 0 done; 1 cannot connect, or another failure; 2 the command line is wrong; "
        "3 the server refused the upgrade; 4 it closed with another code than 1000 and 1001; 5 timed out."
    )
    optParameters: ClassVar[Any] = [
        ["expect", "n", None, "End after so many messages."],
        ["wait", "w", None, "End so many seconds after the last message was sent."],
        ["timeout", "t", None, f"Seconds to connect, {HANDSHAKE} without it; in a script for all of it."],
    ]
    optFlags: ClassVar[Any] = [
        ["until-close", "c", "End when the server closes."],
        ["binary", "b", "Send binary messages."],
        ["null", "0", "Messages on the standard input end with NUL, not with the line."],
        ["base64", None, "Print binary messages in base64, not in hexadecimal digits."],
        ["raw", None, "Print the bytes of messages as they are, and nothing between them."],
        ["json", "j", "Print an object of JSON for each message: type, data (base64 of a binary one), time."],
        ["quiet", "q", "Print nothing but messages."],
        ["full", None, "Show long messages to their end, in a terminal."],
        ["verbose", "v", "Show the headers of the server's answer."],
        ["reconnect", "r", "Connect again when the connection is lost, or cannot be made."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sends: list[str] = []

    def opt_send(self, text: str) -> None:
        """
        A message to send; may be given several times.
        """
        self._sends.append(text)

    opt_m = opt_send

    def postOptions(self) -> None:
        """
        @raise UsageError: for what cannot be, or not together.
        """
        super().postOptions()
        for names in (("expect", "until-close", "wait"), ("base64", "raw", "json")):
            if sum(1 for name in names if self[name]) > 1:
                raise UsageError(f"take one of {', '.join(f'--{name}' for name in names)}")
        if self._sends and self["null"]:
            raise UsageError("--null is for messages on the standard input, which --send leaves alone")
        if self["raw"] and sys.stdout.isatty():
            raise UsageError("--raw is for a pipe or a file: what a peer sends could do anything to a terminal")
        self._timeout = 0.0 if self["timeout"] is None else amount(self, "timeout", 0.001)
        self._plan = Plan(
            expect=None if self["expect"] is None else whole(self, "expect"),
            untilClose=bool(self["until-close"]),
            wait=None if self["wait"] is None else amount(self, "wait"),
            isBinary=bool(self["binary"]),
            timeout=self._timeout,
        )

    @property
    def isScript(self) -> bool:
        """
        Whether there is nobody to talk to.
        """
        if self._sends or any(self[name] for name in _SCRIPT):
            return True
        return not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb"

    async def main(self, reactor: Any) -> int:
        """
        See L{ClientOptions}.
        """
        isStopped: list[bool] = []
        reactor.addSystemEventTrigger("before", "shutdown", isStopped.append, True)
        try:
            outcome = await (self._script(reactor) if self.isScript else self._dialogue(reactor))
        except Error as problem:
            outcome = outcomeOf(hinted(problem, self.url))
        if isStopped:
            # What became of the connection then says nothing of the server.
            outcome = INTERRUPTED
        for line in outcome.lines:
            self._say(f"balws: {line}")
        return outcome.status

    def _say(self, line: str) -> None:
        if not self["quiet"]:
            print(line, file=sys.stderr)

    def _connecting(self, reactor: Any, **fields: Any) -> Deferred[Client]:
        return Client.connect(
            self.url,
            reactor=reactor,
            handShakeTimeout=self._timeout or HANDSHAKE,
            retryConfig=_RETRY if self["reconnect"] else None,
            maxMessageSize=MAX_MESSAGE,
            **self.given,
            **fields,
        )

    async def _script(self, reactor: Any) -> Outcome:
        stop = tellingWarnings(lambda line: self._say(f"balws: warning: {line}"))
        try:
            script = Script(self._plan, self._source(reactor), self._printed(reactor), reactor)
            connecting = self._connecting(reactor)
            if self._timeout:
                connecting.addTimeout(self._timeout, reactor)
            client = await connecting
            if self["verbose"]:
                for line in greeting(client, self.url, True):
                    self._say(line)
            return await script.hold(client)
        except TimeoutError:
            return tooLate(self._timeout)
        finally:
            stop()

    def _source(self, reactor: Any) -> Any:
        if self._sends or sys.stdin.isatty():
            return given(self._sends)
        return aiter(Lines(reactor, sys.stdin.fileno(), b"\0" if self["null"] else b"\n", MAX_MESSAGE))

    def _printed(self, reactor: Any) -> Printed:
        form = next((name for name in ("base64", "raw", "json") if self[name]), "lines")
        return Printed(sys.stdout, form, reactor.seconds)

    async def _dialogue(self, reactor: Any) -> Outcome:
        history = History(historyPath())
        words = Words(COMMANDS, ARGUMENTS)
        terminal = Terminal(reactor, Prompt(history, words), sys.stdin.fileno(), sys.stdout.fileno())
        # Whatever ends the reactor, the terminal is left as it was found.
        reactor.addSystemEventTrigger("after", "shutdown", terminal.stop)
        shown = Shown(colours=not os.environ.get("NO_COLOR"), full=bool(self["full"]))
        dialogue = Dialogue(terminal, shown, words, reactor)
        stop = tellingWarnings(lambda line: terminal.tell(f"warning: {line}"))
        try:
            client = await self._connecting(reactor, **dialogue.fields())
            return await dialogue.hold(client, self.url, bool(self["verbose"]))
        finally:
            stop()
            try:
                history.save()
            except OSError as problem:
                self._say(f"balws: what was typed cannot be kept: {problem.strerror}")
