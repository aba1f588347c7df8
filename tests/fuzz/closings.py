"""
The target C{close}: both sides close, in every order, and time passes between.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost

from balws.errors import ConnectionClosureError
from tests.fuzz.bench import Bench, Conversation
from tests.fuzz.line import Line
from tests.fuzz.material import BINARY, CLOSE, CODES, PING, TEXT, Material, frame
from tests.fuzz.oracle import CODES as RECEIVABLE
from tests.fuzz.oracle import VIOLATION
from tests.fuzz.story import Story
from tests.fuzz.watch import Found, Watch

#: What an application may send; 1012 to 1014 are not its own.
_SENDABLE = RECEIVABLE - {1012, 1013, 1014}
#: Seconds that a peer has to take our last words.
_LINGER = 5.0

_REASONS: tuple[Any, ...] = (None, "", "bye", "x" * 123, "x" * 124, "é" * 62, "x" + "€" * 41, "\ud800", b"bytes", 7)
_TIMEOUTS: tuple[Any, ...] = (None, None, None, 0, 1, 2.5, 4, -1, -0.5, float("nan"), True, "1", 1e10)


class Model:
    """
    What must come of each step.

    @ivar told: what the service must have been told.
    @ivar said: the frames that balws must have written.
    @ivar results: what each C{caller.close} must have given: L{None}, C{"closed"} for
        L{ConnectionClosureError}, C{"refused"} for other errors.
    """

    def __init__(self, closureTimeout: float) -> None:
        self.closureTimeout = closureTimeout
        self.told: list[tuple[Any, ...]] = [("open",)]
        self.said: list[tuple[Any, ...]] = []
        self.results: list[Any] = []
        self.now = 0.0
        self.isOpen = True
        self.deaf = False
        self.lost = False
        self.last: tuple[Any, ...] = ("close", 1006, "")
        self._ours: int | None = None
        self._waiting: int | None = None
        self._deadline: float | None = None
        self._linger: float | None = None

    def close(self, code: Any, reason: Any, timeout: Any) -> None:
        number = 1000 if code is None else code
        seconds = self.closureTimeout if timeout is None else timeout
        isNumber = type(seconds) in (int, float) and seconds <= 2147483647
        if type(number) is not int or number not in _SENDABLE or type(reason or "") is not str or not isNumber:
            self.results.append("refused")
        elif not self.isOpen:
            self.results.append("closed")
        else:
            self.results.append("pending")
            self._waiting = len(self.results) - 1
            self.begin(number, _fit(reason or ""))
            if seconds == 0:
                self._finish(None)
                self._hangUp()
            elif seconds > 0:
                self._deadline = self.now + seconds

    def returned(self, code: int, reason: str) -> None:
        """
        A method returned a close frame.
        """
        self.told.append(("text", "close"))
        self.begin(code, reason)
        if self.closureTimeout > 0:
            self._deadline = self.now + self.closureTimeout

    def begin(self, code: int, reason: str) -> None:
        if self.isOpen:
            self.said.append(("close", code, reason))
            self.isOpen = False
            self._ours = code
            self.last = ("close", code, reason)

    def peerCloses(self, code: int | None, reason: bytes) -> None:
        if self.deaf:
            return
        if code is not None and code not in RECEIVABLE:
            self.peerFails(1002)
            return
        try:
            words = reason.decode()
        except UnicodeDecodeError:
            self.peerFails(1007)
            return
        number = 1005 if code is None else code
        if self.isOpen:
            self.isOpen = False
            self.said.append(("close", code, ""))
            self.last = ("close", number, words)
        elif number == self._ours:
            self._finish(None)
        else:
            self._finish("closed")
        self._deadline = None
        self._hangUp()

    def peerFails(self, code: int) -> None:
        if not self.deaf:
            if self.isOpen:
                self.said.append(("close", code, None))
            self.isOpen = False
            self.told.append(("error",))
            self._hangUp()

    def peerSends(self, event: tuple[Any, ...]) -> None:
        if self.isOpen:
            if event[0] == "ping":
                self.said.append(("pong", event[1]))
            else:
                self.told.append(event)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        if (self._deadline is not None and self._deadline <= self.now) or (
            self._linger is not None and self._linger <= self.now
        ):
            self.lose()

    def lose(self) -> None:
        if not self.lost:
            self.lost = self.deaf = True
            self.isOpen = False
            self._deadline = self._linger = None
            self._finish("closed")
            if self.told[-1] != ("error",):
                self.told.append(self.last)

    def _hangUp(self) -> None:
        self.deaf = True
        self._linger = self.now + _LINGER

    def _finish(self, result: Any) -> None:
        if self._waiting is not None:
            self.results[self._waiting] = result
            self._waiting = None


def _fit(reason: str) -> str:
    """
    @return: as many characters as have room beside the code.
    """
    kept = ""
    for character in reason.encode("utf-8", "replace").decode():
        if len((kept + character).encode()) > 123:
            break
        kept += character
    return kept


class Closings:
    """
    The target.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.benches = [
            Bench(200, 400, 4, pingInterval=0, idleTimeout=0, connectionClosureTimeout=2),
            Bench(200, 400, 4, pingInterval=0, idleTimeout=0, connectionClosureTimeout=-1),
            Bench(200, 400, 4, pingInterval=0, idleTimeout=0, connectionClosureTimeout=0),
        ]

    def run(self, seed: int) -> None:
        """
        One session.

        @raise Found: when something is wrong.
        """
        random = Random(seed)
        bench = random.choice(self.benches)
        story = Story(random, "record", False, 100)
        line = Line(abrupt=random.random() < 0.5)
        talk = Conversation(bench, self.watch, story, line, None)
        talk.begin()
        model = Model(bench.config.connectionClosureTimeout)
        material = Material(random, bench.limits, None)
        for _ in range(random.randint(1, 9)):
            if line.lost:
                break
            self._step(random, talk, model, material)
            line.settle()
            if line.lost:
                model.lose()
            elif model.lost:
                raise Found(f"the connection is still there; {model.told}, {model.said}")
        line.lose(ConnectionDone())
        model.lose()
        talk.finish()
        self._compare(talk, model)

    def _step(self, random: Random, talk: Conversation, model: Model, material: Material) -> None:
        line, story, bench = talk.line, talk.story, talk.bench
        match random.randrange(12):
            case 0 | 1 | 2:
                code = random.choice((1000, 1000, 3001, random.choice(CODES), None, True, "1000"))
                reason, timeout = random.choice(_REASONS), random.choice(_TIMEOUTS)
                if random.random() < 0.5:
                    reason, timeout = "bye", None
                model.close(code, reason, timeout)
                story.watched(story.caller.close(code, reason, timeout))
            case 3 | 4 | 5:
                code = random.choice((1000, 1000, 3001, random.choice(CODES)))
                reason = material.text(random.choice((0, 3, 40, 123)))
                if random.random() < 0.1:
                    model.peerCloses(None, b"")
                    line.send(frame(CLOSE))
                else:
                    model.peerCloses(code, reason)
                    line.send(frame(CLOSE, code.to_bytes(2, "big") + reason))
            case 6:
                model.peerSends(("text", "hello"))
                model.peerSends(("ping", b"ping"))
                model.peerSends(("binary", b""))
                line.send(frame(TEXT, b"hello") + frame(PING, b"ping"))
                line.send(frame(BINARY))
            case 7:
                if model.isOpen:
                    story.kinds = ("frame",)
                    model.returned(1000, "bye")
                    if model.closureTimeout == 0:
                        model._hangUp()
                line.send(frame(TEXT, b"close"))
                story.kinds = ("none",)
            case 8:
                seconds = random.choice((0.5, 1, 2, 3, 6))
                model.advance(seconds)
                bench.clock.advance(seconds)
            case 9:
                line.peerReads = not line.peerReads
            case 10:
                model.begin(1001, "")
                story.caller._connection.wire.sendClose(1001)
            case _:
                self._end(random, talk, model)

    def _end(self, random: Random, talk: Conversation, model: Model) -> None:
        match random.randrange(3):
            case 0:
                model.peerFails(*VIOLATION)
                talk.line.send(frame(3, b"reserved"))
            case 1:
                model.lose()
                talk.line.lose(ConnectionLost())
            case _:
                model.lose()
                talk.story.caller._connection.wire.abort()

    def _compare(self, talk: Conversation, model: Model) -> None:
        story, line = talk.story, talk.line
        seen = [event[:1] if event[0] == "error" else event for event in story.seen]
        if seen != model.told:
            raise Found(f"the service saw {seen}, not {model.told}")
        results = [_shown(entry[0]) for entry in story.closes]
        if results != model.results:
            raise Found(f"caller.close gave {results}, not {model.results}")
        _, verdict = talk.output(None)
        said: list[tuple[Any, ...]] = [*verdict.events, *([verdict.end] if verdict.end else [])]
        expected = model.said
        if said and expected and expected[-1][0] == "close" and expected[-1][2] is None and len(said) == len(expected):
            # The words of a failure are balws's own.
            said[-1] = (*said[-1][:2], None)
        # What a peer did not read before the end, it never gets.
        cut = not line.peerReads or "abort" in line.ended
        if said != (expected[: len(said)] if cut else expected):
            raise Found(f"balws said {said}, not {expected}")


def _shown(result: Any) -> Any:
    if result is None:
        return None
    return "closed" if isinstance(result, ConnectionClosureError) else "refused"
