"""
The target C{head}: upgrade requests, right and wrong, through the real listener.
"""

from __future__ import annotations

import re
from base64 import b64decode
from random import Random
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.web.resource import Resource

from balws import Listener, UpgradeError, UpgradeService, get
from balws.config import WSServiceConfig
from balws.hub.hub import Hub
from tests.fuzz.bench import LONG, takeTurns
from tests.fuzz.foreseen import Foreseen
from tests.fuzz.line import Line
from tests.fuzz.material import Material, pieces
from tests.fuzz.oracle import Limits, decode
from tests.fuzz.requests import MAX_HEADERS, MAX_URI, TARGETS, head, page
from tests.fuzz.story import Door, Plain, Provoked, Story
from tests.fuzz.watch import Found, Watch

_LIMITS = Limits(200, 400, 5)

#: What a head may be answered with.
STATUSES = frozenset((101, 200, 400, 403, 404, 405, 408, 413, 414, 426, 431, 500, 501, 503, 418))

_isToken = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_isLine = re.compile(rb"GET (/[\x21-\x7e]*|(?i:https?)://[\x21-\x7e]+) HTTP/1\.1").fullmatch
_isField = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)").fullmatch
_isHost = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?").fullmatch
_answer = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]+\r\n((?:[^\r\n:]+:[^\r\n]*\r\n)*)\r\n").match


class LateDoor(UpgradeService):
    """
    Takes its time.
    """

    waiting: Deferred[Any] | None = None

    def get(self):
        self.waiting = Deferred()
        return self.waiting


class ParametersDoor(UpgradeService):
    """
    Wants parameters.
    """

    story: Story

    @get("rooms/{room}")
    def get(self, request, room: str, limit: int = 50, flag: bool = False) -> Plain:
        return Plain(self.story)


class Page(Resource):
    """
    A page beside the services.
    """

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"page"

    def render_POST(self, request: Any) -> bytes:
        return b"%d bytes" % len(request.content.read())


class Answer(NamedTuple):
    """
    What came back.

    @ivar statuses: of each answer.
    @ivar rest: what follows the last one: frames, behind a 101.
    """

    statuses: list[int]
    rest: bytes


def answers(data: bytes) -> Answer:
    """
    @raise Found: for what is no sequence of HTTP answers.
    """
    statuses = []
    while data:
        found = _answer(data)
        if found is None:
            raise Found(f"no HTTP answer: {data[:200]!r}")
        data = data[found.end() :]
        if found[1] == b"100":
            continue
        statuses.append(int(found[1]))
        if statuses[-1] == 101:
            break
        data = _withoutBody(found[2].lower(), data)
    return Answer(statuses, data)


def _withoutBody(fields: bytes, data: bytes) -> bytes:
    """
    @return: what follows the body; the answer to a HEAD has none.
    """
    if not data or data.startswith(b"HTTP/1."):
        return data
    if b"transfer-encoding: chunked\r\n" in fields:
        while (chunk := re.match(rb"([0-9a-f]+)\r\n", data)) is not None:
            size = int(chunk[1], 16)
            data = data[chunk.end() + size :]
            if not data.startswith(b"\r\n"):
                break
            data = data[2:]
            if not size:
                return data
        raise Found(f"a chunked body that is none: {data!r}")
    length = re.search(rb"(?m)^content-length: (\d+)\r$", fields)
    if length is None and b"connection: close\r\n" in fields:
        return b""
    if length is None or len(data) < int(length[1]):
        raise Found(f"a body that is not as long as {fields!r} says: {data!r}")
    return data[int(length[1]) :]


def accepted(data: bytes) -> tuple[bool, bytes]:
    """
    A second opinion on the first request in C{data}: RFC 6455 section 4.2.1, RFC 9112.

    @return: whether it is an upgrade that must be accepted, else it must be refused; and
        what follows it.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    found = _isLine(line)
    fields = [_isField(each) for each in lines]
    size = sum(len(each) + 2 for each in lines)
    if not end or found is None or None in fields or size > MAX_HEADERS or len(found[1]) > MAX_URI:
        return False, rest
    headers: dict[bytes, list[bytes]] = {}
    for field in fields:
        assert field is not None
        headers.setdefault(field[1].lower(), []).append(field[2].strip(b" \t"))
    hosts, keys = headers.get(b"host", []), headers.get(b"sec-websocket-key", [])
    protocols = _listed(headers, b"sec-websocket-protocol")
    sound = (
        _isPath(found[1])
        and len(hosts) == 1
        and _isHost(hosts[0])
        and b"websocket" in map(bytes.lower, _listed(headers, b"upgrade"))
        and b"upgrade" in map(bytes.lower, _listed(headers, b"connection"))
        and headers.get(b"sec-websocket-version") == [b"13"]
        and len(keys) == 1
        and re.fullmatch(rb"[A-Za-z0-9+/]{21}[AQgw]==", keys[0])
        and len(b64decode(keys[0])) == 16
        and b"transfer-encoding" not in headers
        and headers.get(b"content-length", [b"0"]) == [b"0"]
        and len(set(protocols)) == len(protocols)
        and all(map(_isToken, protocols))
        and len(headers.get(b"origin", [])) < 2
        and headers.get(b"origin") != [b"null"]
        and len(headers.get(b"authorization", [])) < 2
    )
    return bool(sound), rest


def _listed(headers: dict[bytes, list[bytes]], name: bytes) -> list[bytes]:
    return [each.strip(b" \t") for value in headers.get(name, []) for each in value.split(b",") if each.strip(b" \t")]


def _isPath(target: bytes) -> bool:
    """
    @return: whether this leads to the service at C{/ws}, or one of the parameters' rooms.
    """
    if not target.startswith(b"/"):
        target = b"/" + target.split(b"/", 3)[3] if target.count(b"/") > 2 else b"/"
    path, _, query = target.partition(b"?")
    if path in (b"/ws", b"/ws/", b"/%77s"):
        return True
    return re.fullmatch(rb"/rooms/rooms/[^/%]+", path) is not None and re.search(rb"limit=(?!1(&|$))", query) is None


class Heads:
    """
    The target.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.clock = MemoryReactorClock()
        self.listener = Listener(
            80,
            reactor=self.clock,
            hub=Hub(),
            timeout=5,
            requestLimits={"maxUriLength": MAX_URI, "maxHeaderSize": MAX_HEADERS, "maxEntityBodySize": 50},
            http1Settings={"maxPipelinedRequests": 2},
        )
        config = WSServiceConfig(
            subProtocols=("xml", "json"),
            maxFrameSize=_LIMITS.frame,
            maxMessageSize=_LIMITS.message,
            maxFragments=_LIMITS.fragments,
        )
        self.door, self.late, self.parameters = Door(), LateDoor(), ParametersDoor()
        self.listener.attach(self.door, "/ws", config=config)
        self.listener.attach(self.late, "/late", config=config)
        self.listener.attach(self.parameters, "/rooms", config=config)
        self.listener.attachResource(Page(), "/page")
        self.listener.start()
        self.factory = self.clock.tcpServers[0][1]

    def run(self, seed: int) -> None:
        """
        One session.

        @raise Found: when something is wrong.
        """
        random = Random(seed)
        chance = random.random()
        frames = Material(random, _LIMITS, None).stream(3) if random.random() < 0.4 else b""
        if chance < 0.25:
            self._late(random, head(random, b"/late", 0), frames)
            return
        if chance < 0.4:
            before = b"".join(page(random) for _ in range(random.randint(1, 4)))
            self._talk(random, seed, before + head(random, b"/ws", 0.3) + frames, None)
            return
        data = head(random, random.choice(TARGETS), 0.6) + frames
        if random.random() < 0.2:
            results = [_refusals(*self._talk(random, seed, data, mode)) for mode in range(3)]
            if results[0] != results[1] or results[0] != results[2]:
                raise Found(f"it depends on how the bytes arrive: {results} for {data!r}")
        else:
            self._judge(data, *self._talk(random, seed, data, None))

    def _judge(self, data: bytes, statuses: list[int], seen: list[Any]) -> None:
        good, _ = accepted(data)
        if good != (statuses[:1] == [101]):
            raise Found(f"{statuses} for {data!r}")

    def _connect(self, seed: int) -> tuple[Line, Story]:
        line = Line(abrupt=bool(seed % 2))
        story = Story(Random(seed), "echo", False, 100)
        self.door.story = self.parameters.story = story
        line.connect(self.factory.buildProtocol(line.getPeer()))
        return line, story

    def _talk(self, random: Random, seed: int, data: bytes, mode: int | None) -> tuple[list[int], list[Any]]:
        line, story = self._connect(seed)
        for portion in pieces(random, data, mode):
            line.send(portion)
        if mode is None and random.random() < 0.3:
            for _ in range(8):
                self.clock.advance(1)
                line.settle()
        answer = self._finish(line, story)
        if answer.statuses[-1:] == [101]:
            if line.written.count(b"HTTP/1.1 101") != 1:
                raise Found(f"two answers: {line.written!r}")
            self._check(answer, b"".join(line.handed), story)
        return answer.statuses, [event[:1] if event[0] == "error" else event for event in story.seen]

    def _check(self, answer: Answer, data: bytes, story: Story) -> None:
        """
        What follows the head was read as frames, all of it and nothing else.
        """
        rest = data[data.index(b"\r\n\r\n", data.lower().index(b"\r\nsec-websocket-")) + 4 :]
        heard = decode(rest, True, _LIMITS)
        Foreseen(heard, story).compare(story, heard, decode(answer.rest, False, _LIMITS), aborted=False)

    def _late(self, random: Random, head: bytes, frames: bytes) -> None:
        """
        C{get} answers later, or never, and the peer does not always wait for it.
        """
        line, story = self._connect(random.getrandbits(8))
        for portion in pieces(random, head + frames):
            line.send(portion)
            if random.random() < 0.1:
                self.clock.advance(random.choice((0.1, 1, 5)))
                line.settle()
        waiting, self.late.waiting = self.late.waiting, None
        if random.random() < 0.2:
            line.lose(ConnectionDone())
        if waiting is not None and not waiting.called and random.random() < 0.9:
            match random.randrange(6):
                case 0:
                    story.raised += 1
                    waiting.errback(Provoked("secret"))
                case 1:
                    waiting.callback(UpgradeError("no", status=418))
                case 2:
                    waiting.errback(UpgradeError("no", status=418))
                case 3:
                    waiting.callback(None)
                case _:
                    waiting.callback(Plain(story))
            line.settle()
        elif waiting is None and line.written[9:12] in (b"", b"101"):
            raise Found(f"the door was not asked: {line.written!r}")
        del waiting
        if random.random() < 0.5:
            for _ in range(12):
                self.clock.advance(1)
                line.settle()
        answer = self._finish(line, story)
        if answer.statuses == [101]:
            self._check(answer, b"".join(line.handed), story)

    def _finish(self, line: Line, story: Story) -> Answer:
        """
        Let everything come to its end, and look at what is left.
        """
        takeTurns(self.clock, line)
        line.lose(ConnectionDone())
        self.late.waiting = None
        self.clock.advance(0)
        left = [call for call in self.clock.getDelayedCalls() if call is not self.listener._wheel._call]
        if left:
            raise Found(f"left on the clock: {left}")
        # The keep-alive's timers are forgotten, not awaited.
        self.clock.advance(LONG + 40)
        if self.clock.getDelayedCalls() or self.listener._roster.members:
            raise Found("left on the clock or on the roster")
        if line.faults or story.faults:
            raise Found("; ".join(line.faults + story.faults))
        if story.seen and line.producer is not None:
            raise Found("a producer stays registered after the end")
        if bool(story.seen) != story.over:
            raise Found("neither onClose nor onError was called")
        if b"secret" in line.written:
            raise Found("the peer was told a secret")
        self.watch.check(None)
        del self.door.story, self.parameters.story
        self.watch.letGo(line, story)
        answer = answers(line.written)
        if not STATUSES.issuperset(answer.statuses):
            raise Found(f"the answers are {answer.statuses}")
        return answer


def _refusals(statuses: list[int], seen: list[Any]) -> tuple[list[int], list[Any]]:
    """
    Which of several mistakes is seen first may depend on how the bytes arrive.
    """
    return [400 if status in (414, 431, 426) else status for status in statuses], seen
