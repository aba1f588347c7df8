"""
Services that say more than a peer may want to hear.
"""

from __future__ import annotations

from typing import Any

from recording import Recorded
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from balws import Caller, UpgradeService

_PIECE = b"a" * 10_000


class Pushing(Recorded):
    """
    A text says how: C{push}, a thousand pieces a second until the end; C{fill}, two thousand,
    each when the one before it is written; or a number, one message of so many bytes.
    """

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.written = 0
        self.failed = 0
        self._pushing: LoopingCall | None = None

    def onTextMessage(self, caller: Caller, text: str) -> Any:
        if text == "push":
            self._pushing = LoopingCall(self._push, caller)
            self._pushing.start(0.01)
        elif text == "fill":
            return self._fill(caller)
        else:
            return b"a" * int(text)
        return None

    def _push(self, caller: Caller) -> None:
        for _ in range(10):
            self._write(caller)

    def _write(self, caller: Caller) -> Deferred[None]:
        self.written += 1
        return caller.writeBinaryMessage(_PIECE).addErrback(self._failed)

    def _failed(self, failure: Any) -> None:
        self.failed += 1
        self.kind = failure.type.__name__

    async def _fill(self, caller: Caller) -> None:
        for _ in range(2000):
            await self._write(caller)
        self.note("written", self.failed)

    def ended(self, *what: Any) -> None:
        if self._pushing is not None:
            self._pushing.stop()
            # Whoever waits is told in the same turn, after the service.
            self._pushing.clock.callLater(0, self._count)
        super().ended(*what)

    def _count(self) -> None:
        self.note("failed", self.failed, self.kind, "of", self.written)


class PushingUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Pushing:
        return Pushing(tag)
