"""
Listeners with small limits, and a conversation with one of them.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.testing import MemoryReactorClock

from balws import Listener
from balws.config import WSServiceConfig
from balws.hub.hub import Hub
from tests.fuzz.line import Line
from tests.fuzz.oracle import Inflation, Limits, Verdict, decode
from tests.fuzz.story import Door, Story
from tests.fuzz.watch import Found, Watch

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
HEAD = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + b"\r\n"
)

#: What a client may offer, and how its messages are to be inflated then.
OFFERS: tuple[tuple[bytes, Inflation], ...] = (
    (b"permessage-deflate", Inflation(15)),
    (b"permessage-deflate; client_max_window_bits", Inflation(12)),
    (b"permessage-deflate; client_no_context_takeover; server_no_context_takeover", Inflation(15)),
    (b"permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", Inflation(10)),
)

#: Longer than whatever balws waits for in these benches, in seconds.
LONG = 20.0


class Bench:
    """
    A listener with one service and small limits; made once.
    """

    def __init__(self, frame: int, message: int, fragments: int, **fields: Any) -> None:
        self.limits = Limits(frame, message, fragments)
        self.config = WSServiceConfig(
            maxFrameSize=frame,
            maxMessageSize=message,
            maxFragments=fragments,
            **{
                "maxPendingMessages": 3,
                "maxSendBuffer": 512,
                "slowConsumerTimeout": 1,
                "pingInterval": 3,
                "pingTimeout": 2,
                "idleTimeout": 4,
                "connectionClosureTimeout": 2,
                **fields,
            },
        )
        self.clock = MemoryReactorClock()
        self.hub = Hub()
        self.door = Door()
        self.listener = Listener(80, reactor=self.clock, hub=self.hub, timeout=5)
        self.listener.attach(self.door, "/", config=self.config)
        self.listener.start()
        self.factory = self.clock.tcpServers[0][1]

    def pending(self) -> list[Any]:
        """
        @return: the delayed calls that somebody is still waiting for.
        """
        return [call for call in self.clock.getDelayedCalls() if call is not self.listener._wheel._call]


def benches() -> list[Bench]:
    """
    @return: one for each combination of limits.
    """
    return [
        Bench(64, 300, 4),
        Bench(130, 130, 8, pingInterval=0, idleTimeout=0, maxPendingMessages=1),
        Bench(512, 1000, 6, pingTimeout=0, maxSendBuffer=64),
        Bench(200, 400, 5, pingInterval=2, slowConsumerTimeout=0, connectionClosureTimeout=-1),
    ]


def takeTurns(clock: MemoryReactorClock, line: Line) -> None:
    """
    Let everything happen that needs no time, only turns of the reactor.
    """
    while any(call.getTime() <= clock.seconds() for call in clock.getDelayedCalls()):
        clock.advance(0)
        line.settle()


class Conversation:
    """
    One connection to a bench, from its upgrade to its end.
    """

    def __init__(self, bench: Bench, watch: Watch, story: Story, line: Line, offer: bytes | None) -> None:
        self.bench, self.watch, self.story, self.line = bench, watch, story, line
        bench.door.story = story
        extension = b"" if offer is None else b"Sec-WebSocket-Extensions: " + offer + b"\r\n"
        self.head = HEAD + extension + b"\r\n"
        line.connect(bench.factory.buildProtocol(line.getPeer()))

    def begin(self, data: bytes = b"") -> None:
        """
        Ask for the upgrade, with C{data} in the same segment.
        """
        self.line.send(self.head + data)
        del self.bench.door.story
        if not self.story.seen:
            raise Found(f"no upgrade: {self.line.written[:100]!r}")
        self.look()

    def look(self) -> None:
        """
        Is everything within its limits?

        @raise Found: where it is not.
        """
        wire, line, limits = self.line.protocol, self.line, self.bench.limits
        if line.lost or not hasattr(wire, "message_is_binary"):
            return
        kept = wire.__dict__
        if len(kept.get("data", b"")) > 14 + max(map(len, line.handed)):
            raise Found(f"{len(wire.data)} bytes wait to be parsed")
        if len(kept.get("message_data", b"")) > limits.message:
            raise Found(f"{len(wire.message_data)} bytes of a message are kept")
        pending = kept["session"]._pending if "session" in kept else None
        if pending is not None and len(pending) > self.bench.config.maxPendingMessages:
            raise Found(f"{len(pending)} messages wait")

    def finish(self) -> None:
        """
        Let everything come to its end, and look at what is left.

        @raise Found: where it is not nothing.
        """
        story, line, bench = self.story, self.line, self.bench
        for _ in range(2):
            while story.waiting:
                story.fire()
                line.settle()
            bench.clock.advance(0)
            line.settle()
        left = bench.pending()
        if left:
            raise Found(f"left on the clock: {left}")
        bench.clock.advance(LONG)
        if bench.clock.getDelayedCalls() or len(bench.listener._wheel):
            raise Found(f"left on the clock for {LONG} s: {bench.clock.getDelayedCalls()}")
        if bench.listener._roster.members:
            raise Found("left on the roster")
        if line.faults or story.faults:
            raise Found("; ".join(line.faults + story.faults))
        if line.producer is not None:
            raise Found("a producer stays registered after the end")
        if b"secret" in line.written:
            raise Found("the peer was told what an exception says")
        if not story.over:
            raise Found("neither onClose nor onError was called")
        if not all(len(entry) == 1 for entry in story.closes):
            raise Found(f"what caller.close gave has fired {[len(entry) for entry in story.closes]} times")
        # Twice the limit or the largest message, and what was written before anybody looked.
        largest = max(bench.config.maxSendBuffer, story.heaviest)
        if line.largest > 2 * largest + story.heaviest + line.bufferSize + 300:
            raise Found(f"{line.largest} bytes waited for the peer")
        self.watch.check(story.raised)
        self.watch.letGo(line, story, story.caller, story.caller._connection.wire)

    def output(self, offer: bytes | None) -> tuple[bytes, Verdict]:
        """
        @return: the head of the answer, and what the frames behind it say.
        """
        head, _, rest = self.line.written.partition(b"\r\n\r\n")
        fresh = b"server_no_context_takeover" in head
        bits = re.search(rb"client_max_window_bits=(\d+)", head)
        if head and offer is not None and (int(bits[1]) if bits else 15) != dict(OFFERS)[offer].bits:
            raise Found(f"{offer!r} was answered with {head!r}")
        inflation = None if offer is None else Inflation(9 if b"server_max_window_bits=9" in head else 12, fresh)
        said = decode(rest, False, Limits(frame=self.bench.limits.frame), inflation)
        if not said.whole or (said.end and said.end[0] == "fail"):
            raise Found(f"balws wrote what is no sequence of frames: {said} of {rest!r}")
        return head, said

    def input(self, inflation: Inflation | None) -> Verdict:
        """
        @return: what the peer has said, as far as balws was given it.
        """
        data = b"".join(self.line.handed)[len(self.head) :]
        return decode(data, True, self.bench.limits, inflation)
