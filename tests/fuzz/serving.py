"""
The targets C{frames} and C{deflate}: an upgrade through the real listener, then frames of every kind.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionLost

from tests.fuzz.bench import OFFERS, Conversation, benches, takeTurns
from tests.fuzz.foreseen import Foreseen
from tests.fuzz.line import Line
from tests.fuzz.material import PONG, Material, frame, pieces
from tests.fuzz.oracle import Inflation, Verdict
from tests.fuzz.story import LATE_STYLES, STYLES, Story
from tests.fuzz.watch import Found, Watch


class Serving:
    """
    The targets C{frames} and C{deflate}.
    """

    def __init__(self, watch: Watch, compressing: bool = False) -> None:
        self.watch = watch
        self.compressing = compressing
        self.benches = benches()

    def run(self, seed: int) -> None:
        """
        One session.

        @raise Found: when something is wrong.
        """
        random = Random(seed)
        bench = random.choice(self.benches)
        offer, inflation = (None, None)
        if self.compressing or random.random() < 0.2:
            offer, inflation = random.choice(OFFERS)
        strict = random.random() < 0.5
        style = random.choice(list(STYLES if strict else LATE_STYLES))
        full = random.random() < 0.4
        data = Material(random, bench.limits, inflation).stream(8)

        def converse() -> Conversation:
            story = Story(Random(seed), style, full, longest=bench.limits.frame + 100)
            line = Line(1 << 30 if strict else 300, abrupt=random.random() < 0.5)
            return Conversation(bench, self.watch, story, line, offer)

        if not strict:
            self._loose(converse(), random, data, offer, inflation)
        elif random.random() < 0.15:
            results = [self._strict(converse(), random, data, mode, offer, inflation) for mode in range(3)]
            if len({repr(result) for result in results if result is not None}) > 1:
                raise Found(f"it depends on how the bytes arrive: {results}")
        else:
            self._strict(converse(), random, data, None, offer, inflation)

    def _strict(
        self,
        talk: Conversation,
        random: Random,
        data: bytes,
        mode: int | None,
        offer: bytes | None,
        inflation: Inflation | None,
    ) -> Any:
        """
        Nothing takes time: all can be foreseen.
        """
        line, story = talk.line, talk.story
        portions = pieces(random, data, mode)
        if mode == 0 or (mode is None and random.random() < 0.2):
            talk.begin(portions.pop(0) if portions else b"")
        else:
            talk.begin()
        for portion in portions:
            line.send(portion)
        talk.look()
        takeTurns(talk.bench.clock, line)
        line.lose(ConnectionDone())
        talk.finish()
        heard = talk.input(inflation)
        said = talk.output(offer)[1]
        return Foreseen(heard, story).compare(story, heard, said, "abort" in line.ended)

    def _loose(
        self, talk: Conversation, random: Random, data: bytes, offer: bytes | None, inflation: Inflation | None
    ) -> None:
        """
        Methods take time, time passes, the peer does not always read.
        """
        line, story, clock = talk.line, talk.story, talk.bench.clock
        talk.begin()
        polite = random.random() < 0.7
        answered = 0
        for portion in pieces(random, data, random.choice((0, 2, 2))):
            chance = random.random()
            if chance < 0.3:
                line.peerReads = not line.peerReads
            elif chance < 0.5:
                clock.advance(random.choice((0, 0.1, 0.5, 1, 2, 3)))
            elif chance < 0.7 and story.waiting:
                story.fire()
            elif chance < 0.72:
                break
            line.settle()
            if polite and line.written.count(b"\x89\x04") > answered:
                answered = line.written.count(b"\x89\x04")
                line.send(frame(PONG, line.written[line.written.rindex(b"\x89\x04") + 2 :][:4]))
            line.send(portion)
            talk.look()
        complete = False
        if random.random() < 0.6:
            line.peerReads = True
            line.settle()
            for _ in range(300):
                if story.waiting:
                    story.fire()
                clock.advance(0)
                line.settle()
                talk.look()
                if not story.waiting and not talk.bench.pending():
                    break
            complete = line.lost or not (line.unread or line.protocol.data)
        if random.random() < 0.4:
            for _ in range(20):
                clock.advance(1)
                line.settle()
            # The last of it may be a pong, of which nobody takes the time.
            if len(line.dataBuffer) > max(talk.bench.config.maxSendBuffer, line.bufferSize) + 130:
                raise Found(f"{len(line.dataBuffer)} bytes wait for a peer that does not read")
        line.lose(ConnectionDone() if random.random() < 0.5 else ConnectionLost())
        talk.finish()
        self._compare(talk, talk.input(inflation), talk.output(offer)[1], complete)

    def _compare(self, talk: Conversation, heard: Verdict, said: Verdict, complete: bool) -> None:
        story = talk.story
        for kinds in (("text", "binary"), ("ping",)):
            sent = [event for event in heard.events if event[0] in kinds]
            seen = [event for event in story.seen if event[0] in kinds]
            if seen[: len(sent)] != sent[: len(seen)] or len(seen) > len(sent):
                raise Found(f"the service saw {seen}, and the peer sent {heard}")
        last = story.seen[-1]
        ours = said.end[1] if said.end else None
        if last[0] == "close":
            allowed = {1006} if said.end is None else {1005 if ours is None else ours}
            if heard.end and heard.end[0] == "close":
                allowed.add(1005 if heard.end[1] is None else heard.end[1])
            # Our close frame may never have reached a peer that did not read.
            if last[1] not in allowed | {1000, 3001, 4321}:
                raise Found(f"onClose was told {last[1:]}; the peer sent {heard} and was sent {said}")
        whole = complete and "abort" not in talk.line.ended and "half" not in talk.line.ended
        if whole and (said.end is None or (heard.end and ours == heard.end[1] and ours not in (1000, 3001, 4321))):
            sent = [event for event in heard.events if event[0] in ("text", "binary")]
            seen = [event for event in story.seen if event[0] in ("text", "binary")]
            if seen != sent:
                raise Found(f"the service saw only {seen} of {heard}")
