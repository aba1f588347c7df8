# -*- test-case-name: tests.cli.test_connect_dialogue -*-
"""
A conversation by hand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from balws.cli.connect.commands import HELP, Command, Say, codeAndReason, onOrOff, parse, payloadOf
from balws.cli.connect.outcome import DONE, Outcome, outcomeOf, wordsOf
from balws.cli.connect.shown import Shown
from balws.cli.connect.words import Words
from balws.client.client import Client
from balws.errors import Error
from balws.interfaces import PingPongService
from balws.logs.escape import escaped

__all__ = ["Dialogue", "greeting"]

#: Seconds that the server has for its close frame when the user leaves.
PATIENCE = 5

#: So many pings are remembered until their pongs come.
MAX_PINGS = 64


class Screen(Protocol):
    """
    What a dialogue wants of a L{Terminal<balws.cli.connect.terminal.Terminal>}.
    """

    def start(self, talk: Any) -> None:
        """
        Show the prompt, and hand on what is typed.
        """

    def stop(self) -> None:
        """
        Take it away.
        """

    def tell(self, *lines: str) -> None:
        """
        Write lines.
        """


class _Pongs(PingPongService):
    """
    Tells of pongs.
    """

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def onPong(self, data: bytes) -> None:
        """
        One came.
        """
        self._dialogue.ponged(data)


def greeting(client: Client, url: str, isVerbose: bool) -> list[str]:
    """
    @param url: as it was given; its query, which may hold a token, is not shown.
    @param isVerbose: whether to show the headers of the answer, too.
    @return: what there is to say of a new connection, of what a terminal may show.
    """
    response = client.getHttpResponse()
    words = f"connected to {escaped(url.partition('?')[0])}"
    protocol = client.getNegotiatedSubProtocol()
    if protocol is not None:
        words += f", sub-protocol {escaped(protocol)}"
    if response is not None and response.header("sec-websocket-extensions"):
        words += ", compressed"
    lines = [words]
    if isVerbose and response is not None:
        lines.append(f"HTTP/1.1 {response.status} {escaped(response.reason)}")
        lines += (f"{escaped(name)}: {escaped(value)}" for name, of in response.headers.items() for value in of)
    return lines


class Dialogue:
    """
    Does what is typed, and shows what comes.
    """

    def __init__(self, screen: Screen, shown: Shown, words: Words, reactor: Any) -> None:
        """
        @param words: learns what was seen.
        @param reactor: tells the time.
        """
        self._screen = screen
        self._shown = shown
        self._words = words
        self._reactor = reactor
        self._client: Client | None = None
        self._closing: Deferred[Any] | None = None
        self._code = 1000
        self._sentAt: float | None = None
        self._pings: dict[bytes, float] = {}

    def fields(self) -> dict[str, Any]:
        """
        @return: fields of the configuration with which to connect.
        """
        return {
            "pingPongHandler": _Pongs(self),
            "onReconnecting": self._reconnecting,
            "onReconnected": lambda client: self._note("connected again"),
        }

    async def hold(self, client: Client, url: str, isVerbose: bool = False) -> Outcome:
        """
        @param client: who is connected.
        @return: how it ended.
        """
        self._client = client
        for line in greeting(client, url, isVerbose):
            self._note(line)
        self._screen.start(self)
        try:
            while True:
                self._received(await client.readMessage())
        except Error as problem:
            return await self._ended(problem)
        finally:
            self._screen.stop()

    async def _ended(self, problem: Error) -> Outcome:
        if self._closing is None:
            return outcomeOf(problem)
        late = await self._closing
        if late is None:
            return Outcome(DONE, (f"closed: {wordsOf(self._code)}",))
        return Outcome(DONE, (escaped(str(late)),))

    # What comes

    def _received(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._words.see(message)
        self._screen.tell(*self._shown.message(message, self._stamp()))

    def _stamp(self) -> str:
        if not self._shown.times:
            return ""
        now, sentAt = self._reactor.seconds(), self._sentAt
        self._sentAt = None
        time = f"{datetime.fromtimestamp(now):%H:%M:%S.%f}"[:-3]
        return time if sentAt is None else f"{time} +{_milliseconds(now - sentAt)}"

    def ponged(self, data: bytes) -> None:
        """
        A pong came.
        """
        since = self._pings.pop(data, None)
        took = "" if since is None else f" after {_milliseconds(self._reactor.seconds() - since)}"
        words = f": {data.decode('utf-8', 'replace')}" if data else ""
        self._note(f"pong{took}{words}")

    def _reconnecting(self, client: Client, problem: Exception) -> None:
        for line in outcomeOf(problem).lines:
            self._note(line)
        self._note("connecting again; what is typed waits")

    def _note(self, text: str) -> None:
        self._screen.tell(self._shown.note(text))

    # What is typed

    def entered(self, line: str) -> None:
        """
        A line was entered.
        """
        try:
            meant = parse(line)
            if isinstance(meant, Say):
                self._send(meant.text)
            elif meant is not None:
                getattr(self, f"_do_{meant.name}")(meant)
        except Error as problem:
            self._note(str(problem))

    def left(self) -> None:
        """
        The user wants to leave; who wants it twice does not wait for the server.
        """
        if self._closing is None:
            self._close(1000, "")
        else:
            self._closing.cancel()

    def _send(self, payload: str | bytes) -> None:
        self._sentAt = self._reactor.seconds()
        client = self._connected
        sent = client.writeTextMessage(payload) if isinstance(payload, str) else client.writeBinaryMessage(payload)
        sent.addErrback(self._notSent)

    def _notSent(self, failure: Failure) -> None:
        failure.trap(Error)
        self._note(f"not sent: {failure.getErrorMessage()}")

    @property
    def _connected(self) -> Client:
        assert self._client is not None  # nothing is typed before
        return self._client

    def _close(self, code: int, reason: str) -> None:
        # There before it is asked for: the read that waits fails while the connection is being closed.
        self._code, self._closing = code, Deferred(lambda _: closing.cancel())
        closing = self._connected.close(code, reason, PATIENCE)
        closing.addCallbacks(lambda _: None, lambda failure: failure.value).chainDeferred(self._closing)

    def _do_binary(self, command: Command) -> None:
        self._send(payloadOf(command.argument))

    def _do_ping(self, command: Command) -> None:
        data = command.argument.encode("utf-8", "replace")
        self._pings[data] = self._reactor.seconds()
        for oldest in list(self._pings)[:-MAX_PINGS]:
            del self._pings[oldest]
        self._connected.ping(data).addErrback(self._notSent)

    def _do_pong(self, command: Command) -> None:
        self._connected.pong(command.argument.encode("utf-8", "replace")).addErrback(self._notSent)

    def _do_close(self, command: Command) -> None:
        self._close(*codeAndReason(command.argument))

    def _do_quit(self, command: Command) -> None:
        self.left()

    def _do_json(self, command: Command) -> None:
        self._shown.json = onOrOff(command)

    def _do_times(self, command: Command) -> None:
        self._shown.times = onOrOff(command)

    def _do_help(self, command: Command) -> None:
        self._screen.tell(*HELP)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
