# -*- test-case-name: tests.cli.test_bench -*-
"""
The options of C{balws bench}.
"""

from __future__ import annotations

import sys
from functools import partial
from time import perf_counter
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.usage import UsageError

from balws.cli.bench.load import Load
from balws.cli.bench.report import asJson, asText, progress
from balws.cli.bench.work import Work
from balws.cli.clientauth import ClientOptions, tellingWarnings
from balws.cli.connect.outcome import outcomeOf
from balws.cli.hint import hinted
from balws.cli.numbers import amount, whole
from balws.client.asyncclient import AsyncClient
from balws.config.loopback import isLoopback
from balws.errors import Error

__all__ = ["Bench"]

#: Seconds between two pictures of the progress.
PACE = 0.2

_ERASE = "\r\x1b[K"

#: The most that can be asked for: of connections, of messages of one that wait, of bytes.
MAX_CONNECTIONS = 60000
MAX_PIPELINE = 10000
MAX_SIZE = 64 * 1024 * 1024

_SHARED = (
    "the service is on this machine: it shares the processors with this command, and the network is none. "
    "The figures are good to compare, not to promise."
)


class Bench(ClientOptions):
    """
    Expects one answer to each message, as from a service that echoes.
    """

    synopsis = "Usage: balws bench URL [options]"
    longdesc = (
        "Connects, sends messages for a while, and tells throughput, errors and how long answers took. "
        "A service is expected to answer each message with one; how long answers took cannot be told of one that says "
        "more. With --rate the time of an answer counts from "
        "when its message should have been sent. Ctrl-C ends it sooner, and tells what was found until then. "
        "Example: balws bench ws://localhost:9090/basic/ws --connections 100 --duration 10. "
        "Exit status: 0 done; 1 when nothing was answered, or there were more errors than --max-errors; "
        "2 the command line is wrong."
    )
    optParameters: ClassVar[Any] = [
        ["connections", "c", "10", "How many connections."],
        ["rate", "r", "0", "Messages a second, of all connections together; 0 is as many as are answered."],
        ["duration", "d", "10", "For how many seconds it sends."],
        ["size", "b", None, "Send binary messages of so many bytes."],
        ["message", "m", None, "Send this text."],
        ["pipeline", "p", "1", "How many messages of a connection may wait for their answers."],
        ["max-errors", "e", "0", "The status is 0 up to so many errors."],
        ["timeout", "t", "30", "Seconds to connect."],
    ]
    optFlags: ClassVar[Any] = [
        ["no-answer", "n", "Nothing is answered: count what is sent."],
        ["json", "j", "Print the figures as an object of JSON."],
        ["quiet", "q", "Show no progress and no warnings."],
    ]

    def postOptions(self) -> None:
        """
        @raise UsageError: for what cannot be, or not together.
        """
        super().postOptions()
        if self["size"] is not None and self["message"] is not None:
            raise UsageError("take one of --size, --message")
        payload: str | bytes = "The quick brown fox jumps over the lazy dog."
        if self["message"] is not None:
            payload = self["message"]
        elif self["size"] is not None:
            payload = bytes(whole(self, "size", 0, MAX_SIZE))
        self._maxErrors = whole(self, "max-errors")
        self._timeout = amount(self, "timeout", 0.001)
        self.work = Work(
            connections=whole(self, "connections", 1, MAX_CONNECTIONS),
            rate=amount(self, "rate"),
            seconds=amount(self, "duration", 0.001),
            payload=payload,
            pipeline=whole(self, "pipeline", 1, MAX_PIPELINE),
            isAnswered=not self["no-answer"],
        )

    async def main(self, reactor: Any) -> int:
        """
        See L{ClientOptions}.

        @raise Error: when nobody could be connected, with the reason of the first.
        """
        stop = tellingWarnings(lambda line: self._say(f"balws: warning: {line}"))
        connect = partial(
            AsyncClient.connect,
            self.url,
            reactor=reactor,
            handShakeTimeout=self._timeout,
            maxMessageSize=max(len(self.work.payload) * 8, 1024 * 1024),
            **self.given,
        )
        load, ended = Load(self.work, connect, reactor, perf_counter), Deferred[None]()
        reactor.addSystemEventTrigger("before", "shutdown", _interrupted, load, ended)
        shown = LoopingCall(self._show, load)
        shown.clock = reactor
        if sys.stderr.isatty() and not self["quiet"]:
            shown.start(PACE)
        try:
            await load.run()
            return self._tell(load)
        finally:
            if shown.running:
                shown.stop()
            stop()
            ended.callback(None)

    def _tell(self, load: Load) -> int:
        if sys.stderr.isatty() and not self["quiet"]:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
        if load.problem is not None and not load.connecting.count:
            raise Error(outcomeOf(hinted(load.problem, self.url)).lines[0])
        if isLoopback(self.address.host):
            self._say(f"balws: warning: {_SHARED}")
        if self["json"]:
            print(asJson(self.work, load))
        else:
            isUnicode = (sys.stdout.encoding or "").lower().startswith("utf")
            print("\n".join(asText(self.work, load, isUnicode)))
        isDone = (load.received if self.work.isAnswered else load.sent) > 0
        return 0 if isDone and load.errors.total() <= self._maxErrors else 1

    def _show(self, load: Load) -> None:
        sys.stderr.write(_ERASE + progress(self.work, load))
        sys.stderr.flush()

    def _say(self, line: str) -> None:
        if not self["quiet"]:
            print(line, file=sys.stderr)


def _interrupted(load: Load, ended: Deferred[None]) -> Deferred[None]:
    """
    Ctrl-C: what was found until now is told, and then the reactor may go.
    """
    load.stop()
    return ended
