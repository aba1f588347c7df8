"""
What a service does on one connection, by chance; and what it was told.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.defer import Deferred

from balws import CustomCloseFrame, Error, NormalClosure, Service, UpgradeService


class Provoked(Exception):
    """
    Raised by the services of this fuzzer: no fault of balws, but to be logged by it.
    """


#: What a method may do and be done; several times the same name makes it more probable.
STYLES: dict[str, tuple[str, ...]] = {
    "record": ("none",),
    "echo": ("echo",),
    "mixed": ("none", "echo", "echo", "write", "twice", "json", "long", "ping", "broadcast", "refused"),
    "ending": ("none", "echo", "echo", "echo", "raise", "frame", "close", "error", "bad"),
}
#: These take time, so that what happens depends on when.
LATE_STYLES: dict[str, tuple[str, ...]] = {
    "later": ("later", "later", "echo"),
    "busy": ("later", "coroutine", "twice", "long", "stream", "slow stream", "none"),
    "flood": ("long", "stream", "twice", "broadcast"),
    "trickle": ("stream",),
    "anything": (
        *("none", "echo", "write", "twice", "json", "long", "ping", "broadcast", "refused", "raise", "frame", "close"),
        *("error", "bad", "later", "later", "coroutine", "stream", "slow stream", "awaited close", "wait"),
    ),
}
ALL_STYLES = {**STYLES, **LATE_STYLES}

_REASON = "bye"


class Story:
    """
    @ivar seen: what the service was told, in order.
    @ivar done: what it did at C{onOpen} and at each message, for the model.
    @ivar waiting: Deferreds that balws waits for.
    @ivar heaviest: bytes of the largest message that it may have written.
    @ivar closes: results of C{caller.close}: L{None} while there is none.
    @ivar raised: how many exceptions balws has to log.
    @ivar over: whether the last method was called.
    """

    def __init__(self, random: Random, style: str, full: bool, longest: int) -> None:
        self.random = random
        self.kinds = ALL_STYLES[style]
        self.full = full
        self.longest = longest
        self.seen: list[tuple[Any, ...]] = []
        self.done: list[tuple[Any, ...]] = []
        self.waiting: list[Deferred[Any]] = []
        self.closes: list[list[Any]] = []
        self.faults: list[str] = []
        self.raised = self.heaviest = 0
        self.over = False
        self.caller: Any = None

    def told(self, *event: Any) -> None:
        if self.over:
            self.faults.append(f"{event[0]} after the last method")
        if not self.seen and event[0] != "open":
            self.faults.append(f"{event[0]} before onOpen")
        elif self.seen and event[0] == "open":
            self.faults.append("a second onOpen")
        if event[0] in ("close", "error"):
            self.over = True
        self.seen.append(event)

    def act(self, payload: Any) -> Any:
        """
        @return: what the method returns.
        """
        kind = self.random.choice(self.kinds)
        size = len(payload.encode() if isinstance(payload, str) else payload)
        self.heaviest = max(self.heaviest, size + 2 * self.longest if kind == "long" else size)
        self.done.append((kind, payload))
        return getattr(self, "_" + kind.replace(" ", "_"))(payload)

    # What is done at once

    def _none(self, payload: Any) -> None:
        return None

    def _echo(self, payload: Any) -> Any:
        return payload

    def _write(self, payload: Any) -> Deferred[None]:
        if isinstance(payload, str):
            return self.caller.writeTextMessage(payload)
        return self.caller.writeBinaryMessage(payload)

    def _twice(self, payload: Any) -> None:
        self._write(payload)
        self._write(payload)

    def _json(self, payload: Any) -> dict[str, int]:
        return {"size": len(payload)}

    def _long(self, payload: Any) -> Any:
        return payload * (1 + self.longest // max(1, len(payload)))

    def _ping(self, payload: Any) -> None:
        self.caller.ping(b"service")

    def _broadcast(self, payload: Any) -> None:
        self.caller.broadcastMessage(payload)

    def _refused(self, payload: Any) -> None:
        """
        What cannot be sent fails and sends nothing.
        """
        for result in (
            self.caller.writeTextMessage("\ud800"),
            self.caller.writeTextMessage(b"bytes"),
            self.caller.ping(bytes(126)),
            self.caller.close(1005),
            self.caller.close(1000, "", float("nan")),
        ):
            result.addCallbacks(lambda _: self.faults.append("what cannot be sent was sent"), lambda _: None)

    def _raise(self, payload: Any) -> None:
        self.raised += 1
        raise Provoked("secret")

    def _frame(self, payload: Any) -> Any:
        return NormalClosure(_REASON) if len(payload) % 2 else CustomCloseFrame(4321, _REASON)

    def _close(self, payload: Any) -> None:
        self.watched(self.caller.close(3001, _REASON))

    def watched(self, result: Deferred[None]) -> Deferred[None]:
        """
        @param result: of C{caller.close}; it must fire once.
        """
        entry: list[Any] = []
        self.closes.append(entry)

        def fired(value: Any) -> None:
            entry.append(value if value is None else value.value)

        return result.addBoth(fired)

    def _error(self, payload: Any) -> Error:
        return Error("no harm done")

    def _bad(self, payload: Any) -> CustomCloseFrame:
        return CustomCloseFrame(1006, "may not be sent")

    # What takes time

    def _later(self, payload: Any) -> Deferred[Any]:
        result: Deferred[Any] = Deferred()
        self.waiting.append(result)
        return result

    def _wait(self, payload: Any) -> Deferred[Any]:
        """
        A write after a while, and a return value after another.
        """
        return self._later(payload).addCallback(lambda _: self._write(payload)).addCallback(self._later)

    def _awaited_close(self, payload: Any) -> Deferred[None]:
        return self.watched(self.caller.close(3001, _REASON))

    async def _coroutine(self, payload: Any) -> Any:
        await self._write(payload)
        value = await self._later(payload)
        await self._write(payload)
        return value

    def _stream(self, payload: Any) -> Any:
        for number in range(self.random.choice((0, 1, 3, 70))):
            yield self._element(number)

    async def _slow_stream(self, payload: Any) -> Any:
        for number in range(self.random.randrange(4)):
            await self._later(payload)
            yield self._element(number)

    def _element(self, number: int) -> Any:
        chance = self.random.random()
        if chance < 0.01:
            self._raise(b"")
        if chance < 0.02:
            return NormalClosure(_REASON)
        return f"element {number}"

    def fire(self) -> None:
        """
        Let one Deferred that balws waits for have its result.
        """
        random = self.random
        result = self.waiting.pop(random.randrange(len(self.waiting)))
        if result.called:
            return
        chance = random.random()
        if chance < 0.04:
            self.raised += 1
            result.errback(Provoked("secret"))
        elif chance < 0.08:
            result.callback(NormalClosure(_REASON))
        else:
            result.callback(random.choice((None, "late", b"late", {"late": 1})))


class Plain(Service):
    """
    Leaves control frames to balws.
    """

    def __init__(self, story: Story) -> None:
        self.story = story

    def onOpen(self, caller):
        self.story.caller = caller
        self.story.told("open")
        return self.story.act("welcome")

    def onTextMessage(self, caller, text: str):
        self.story.told("text", text)
        return self.story.act(text)

    def onBinaryMessage(self, caller, data: bytes):
        self.story.told("binary", data)
        return self.story.act(data)

    def onClose(self, caller, statusCode: int, reason: str):
        self.story.told("close", statusCode, reason)

    def onError(self, caller, error):
        self.story.told("error", error)


class Full(Plain):
    """
    Has every method that there is; its pongs are its own.
    """

    def onPing(self, caller, data: bytes):
        self.story.told("ping", data)
        return data

    def onPong(self, caller, data: bytes):
        self.story.told("pong", data)

    def onIdleTimeout(self, caller):
        self.story.told("idle")


class Door(UpgradeService):
    """
    Gives each connection the story that was set before.
    """

    story: Story

    def get(self) -> Plain:
        return Full(self.story) if self.story.full else Plain(self.story)
