"""
The target C{client}: a client of ours, a server that answers as it likes, and frames of every kind.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from balws import AsyncClient, Client
from balws.client import connecting
from balws.config import ClientConfiguration
from balws.errors import (
    ConnectionClosureError,
    ConnectionError,
    CorruptedFrameError,
    HandshakeTimedOut,
    InvalidHandshakeError,
    PayloadBindingError,
    PayloadTooLargeError,
    ReadTimedOutError,
)
from balws.hub.hub import sharedHub
from tests.fuzz.answering import Answer, answer
from tests.fuzz.bench import KEY, LONG, takeTurns
from tests.fuzz.foreseen import Foreseen, checkError
from tests.fuzz.line import Line
from tests.fuzz.material import Material, pieces
from tests.fuzz.oracle import Inflation, Limits, Verdict, decode
from tests.fuzz.outcome import Outcome
from tests.fuzz.returning import Returning
from tests.fuzz.story import LATE_STYLES, STYLES, Full, Plain, Story
from tests.fuzz.watch import Found, Watch

_SHAKING = (InvalidHandshakeError, ConnectionError, HandshakeTimedOut, CancelledError)
_READING = (
    ConnectionClosureError,
    CorruptedFrameError,
    PayloadTooLargeError,
    ReadTimedOutError,
    PayloadBindingError,
    CancelledError,
)


class Setting(NamedTuple):
    """
    A configuration and what follows from it.
    """

    limits: Limits
    config: ClientConfiguration


def _settings() -> list[Setting]:
    made = []
    for limits, fields in (
        (Limits(64, 300, 4), {"pingInterval": 3, "pingTimeout": 2, "maxPendingMessages": 3, "idleTimeout": 4}),
        (Limits(130, 130, 8), {"pingInterval": 0, "maxPendingMessages": 1, "subProtocols": ("xml", "json")}),
        (Limits(512, 1000, 6), {"pingInterval": 2, "pingTimeout": 0, "webSocketCompressionEnabled": False}),
        (Limits(200, 400, 5), {"pingInterval": 0, "readTimeout": 3, "writeTimeout": 1, "maxSendBuffer": 64}),
    ):
        config = ClientConfiguration(
            maxFrameSize=limits.frame,
            maxMessageSize=limits.message,
            maxFragments=limits.fragments,
            slowConsumerTimeout=1,
            connectionClosureTimeout=2,
            handShakeTimeout=5,
            **{"maxSendBuffer": 512, **fields},
        )
        made.append(Setting(limits, config))
    return made


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """
    Leads to a line.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    def connect(self, factory: Any) -> Deferred[Any]:
        protocol = factory.buildProtocol(None)
        self._line.connect(protocol)
        return succeed(protocol)


class Talk(NamedTuple):
    """
    One connection of a client.
    """

    line: Line
    client: Any
    story: Story | None
    limits: Limits
    inflation: Inflation | None

    def heard(self) -> Verdict | None:
        """
        @return: what the server has said after its answer; L{None} where the answer is too
            odd to tell where it ends.
        """
        data = b"".join(self.line.handed)
        end = re.compile(rb"\r\n\r\n").search(data, data.index(b" 101"))
        if end is None or re.search(rb"[^\r]\n", data[: end.start()]):
            return None  # h11 takes a lone LF for the end of a line, and so perhaps of the head
        return decode(data[end.end() :], False, self.limits, self.inflation)

    def said(self) -> Verdict:
        """
        @return: what the client has said after its request.
        """
        rest = self.line.written.partition(b"\r\n\r\n")[2]
        inflation = None if self.inflation is None else Inflation(12)
        said = decode(rest, True, Limits(frame=self.limits.frame), inflation)
        if not said.whole or (said.end and said.end[0] == "fail"):
            raise Found(f"the client wrote what is no sequence of frames: {said} of {rest!r}")
        return said


class Clients:
    """
    The target.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.settings = _settings()
        self.clock = MemoryReactorClock()
        sharedHub().node._audiences.clear()  # what a session that failed has left

    def run(self, seed: int) -> None:
        """
        One session.

        @raise Found: when something is wrong.
        """
        random = Random(seed)
        if random.random() < 0.2:
            Returning(random, self.clock, self.watch).run()
            if sharedHub().node._audiences:
                raise Found("left in the hub")
            return
        limits, config = random.choice(self.settings)
        strict = random.random() < 0.5
        line = Line(1 << 30 if strict else 300, abrupt=random.random() < 0.5)
        story = None
        if random.random() < 0.5:
            style = random.choice(list(STYLES if strict else LATE_STYLES))
            story = Story(Random(seed), style, random.random() < 0.4, limits.frame + 100)
        connected = self._connect(line, config, story)
        reply = answer(random, KEY, config)
        data = Material(random, limits, reply.inflation, masked=False).stream(8)
        attached = random.random() < 0.3
        for portion in pieces(random, reply.data + (data if attached else b"")):
            line.send(portion)
        client = self._connected(random, line, connected, reply)
        if client is not None:
            compressed = client.getHttpResponse().header("sec-websocket-extensions") is not None
            talk = Talk(line, client, story, limits, reply.inflation if compressed else None)
            portions = [] if attached else pieces(random, data, random.choice((0, 1, 2)) if strict else 2)
            if story is None:
                self._read(random, talk, portions, strict)
            else:
                self._call(random, talk, portions, strict)
            del talk
        self._finish(line, story, client)

    def _connect(self, line: Line, config: ClientConfiguration, story: Story | None) -> Outcome:
        endpoint = _Endpoint(line)
        with patch.object(connecting, "newKey", lambda: KEY):
            if story is None:
                return Outcome(Client.connect("ws://a/", config=config, endpoint=endpoint, reactor=self.clock))
            service = Full(story) if story.full else Plain(story)
            connect = AsyncClient.connect
            return Outcome(connect("ws://a/", service, config=config, endpoint=endpoint, reactor=self.clock))

    def _connected(self, random: Random, line: Line, connected: Outcome, reply: Answer) -> Any:
        """
        @return: the client, or L{None} where there is none; then everything is over.
        """
        takeTurns(self.clock, line)
        if not connected.fired:
            if reply.good:
                raise Found(f"not connected after {reply.data!r}")
            match random.randrange(4):
                case 0:
                    line.lose(ConnectionDone())
                case 1:
                    line.lose(ConnectionLost())
                case 2:
                    connected.deferred.cancel()
                case _:
                    self.clock.advance(6)
            line.settle()
        connected.among(*_SHAKING)
        failed = isinstance(connected.value, BaseException)
        if reply.good is not None and failed is reply.good:
            raise Found(f"{connected.value!r} after {reply.data!r}")
        if failed:
            if not line.lost and not line.disconnecting:
                raise Found("the connection is still there")
            return None
        return connected.value

    def _finish(self, line: Line, story: Story | None, client: Any) -> None:
        """
        Look at what is left.
        """
        line.lose(ConnectionDone())
        takeTurns(self.clock, line)
        if self.clock.getDelayedCalls():
            raise Found(f"left on the clock: {self.clock.getDelayedCalls()}")
        if sharedHub().node._audiences:
            raise Found("left in the hub")
        if line.producer is not None:
            raise Found("a producer stays registered after the end")
        if b"secret" in line.written:
            raise Found("the peer was told what an exception says")
        faults = line.faults + (story.faults if story else [])
        if faults:
            raise Found("; ".join(faults))
        if client is not None and (client.isOpen() or client.isReconnecting()):
            raise Found("the client thinks that it is open")
        self.watch.check(story.raised if story else 0)
        self.watch.letGo(*(each for each in (line, story, client) if each is not None))

    # A service of ours takes the messages

    def _call(self, random: Random, talk: Talk, portions: list[bytes], strict: bool) -> None:
        line, story = talk.line, talk.story
        assert story is not None
        for portion in portions:
            if not strict:
                self._meanwhile(random, talk)
            line.send(portion)
        if strict:
            takeTurns(self.clock, line)
        line.lose(ConnectionDone() if random.random() < 0.5 else ConnectionLost())
        while story.waiting:
            story.fire()
        takeTurns(self.clock, line)
        if not story.over:
            raise Found("neither onClose nor onError was called")
        if not all(len(entry) == 1 for entry in story.closes):
            raise Found(f"what caller.close gave has fired {[len(entry) for entry in story.closes]} times")
        heard, said = talk.heard(), talk.said()
        if heard is None:
            return
        if strict:
            Foreseen(heard, story).compare(story, heard, said, "abort" in line.ended)
            return
        sent = [event for event in heard.events if event[0] in ("text", "binary")]
        seen = [event for event in story.seen if event[0] in ("text", "binary")]
        if seen[: len(sent)] != sent[: len(seen)] or len(seen) > len(sent):
            raise Found(f"the service saw {seen}, and the server sent {heard}")

    def _meanwhile(self, random: Random, talk: Talk) -> None:
        """
        Time passes, methods end, the server does not always read.
        """
        chance = random.random()
        if chance < 0.3:
            talk.line.peerReads = not talk.line.peerReads
        elif chance < 0.6:
            self.clock.advance(random.choice((0, 0.1, 0.5, 1, 2, 3)))
        elif chance < 0.8 and talk.story is not None and talk.story.waiting:
            talk.story.fire()
        talk.line.settle()

    # Messages are read

    def _read(self, random: Random, talk: Talk, portions: list[bytes], strict: bool) -> None:
        line, client = talk.line, talk.client
        reads: list[Outcome] = []
        others: list[Outcome] = []

        def read() -> None:
            match 0 if strict else random.randrange(5):
                case 1:
                    reads.append(Outcome(client.readTextMessage()))
                case 2:
                    reads.append(Outcome(client.readBinaryMessage()))
                case 3:
                    reads.append(Outcome(client.readMessage(dict[str, int])))
                case _:
                    reads.append(Outcome(client.readMessage()))

        for portion in portions:
            for _ in range(random.choice((0, 0, 1, 2))):
                read()
            if not strict:
                self._meanwhile(random, talk)
                self._use(random, client, reads, others)
            line.send(portion)
            if len(client._inbox._messages) > client.configuration.maxPendingMessages:
                raise Found(f"{len(client._inbox._messages)} messages wait for a read")
        for _ in range(40 if strict else 5):
            if not reads or reads[-1].fired:
                read()
            takeTurns(self.clock, line)
        for outcome in reads:
            if strict and not outcome.fired and outcome is not reads[-1] and reads[-1].fired:
                raise Found("a later read was served before an earlier one")
        line.lose(ConnectionDone() if random.random() < 0.5 else ConnectionLost())
        if not strict and random.random() < 0.5:
            others.append(Outcome(client.close()))
        for _ in range(6):
            read()
        for outcome in reads:
            outcome.among(*_READING)
        self.clock.advance(LONG)
        for outcome in others:
            outcome.among(Exception)
        heard = talk.heard()
        talk.said()
        if heard is not None:
            self._compare(heard, [outcome.value for outcome in reads], strict)

    def _use(self, random: Random, client: Any, reads: list[Outcome], others: list[Outcome]) -> None:
        """
        The user does something beside reading.
        """
        match random.randrange(12):
            case 0 | 1:
                others.append(Outcome(client.writeTextMessage("to the server " * random.randrange(20))))
            case 2:
                others.append(Outcome(client.writeMessage({"number": 1})))
            case 3:
                others.append(Outcome(client.ping(b"user")))
            case 4 if reads:
                random.choice(reads).deferred.cancel()
            case 5:
                timeout = random.choice((None, 0, 1, -1))
                others.append(Outcome(client.close(random.choice((1000, 3001, 1005)), "bye", timeout)))
            case 6 if others:
                random.choice(others).deferred.cancel()

    def _compare(self, heard: Verdict, results: list[Any], strict: bool) -> None:
        sent = [payload for kind, payload in heard.events if kind in ("text", "binary")]
        got = [result for result in results if not isinstance(result, BaseException)]
        if not strict:
            # Reads of another type, and cancelled ones, may have used messages up.
            rest = iter(sent)
            if not all(any(each == other for other in rest) for each in got):
                raise Found(f"{got} were read, and the server sent {heard}")
            return
        if got != sent:
            raise Found(f"{got} were read, and the server sent {heard}")
        error = results[len(got)]
        if heard.end is not None and heard.end[0] == "fail":
            checkError(error, heard)
            return
        code = 1006 if heard.end is None else 1005 if heard.end[1] is None else heard.end[1]
        if type(error) is not ConnectionClosureError or error.statusCode != code:
            raise Found(f"a read failed with {error!r}, and the server sent {heard}")
