"""
A service that closes as it is told, and tells how that went.
"""

from __future__ import annotations

from typing import Any

from recording import Recorded
from twisted.internet.defer import Deferred, gatherResults

from balws import Caller, CustomCloseFrame, GoingAway, UpgradeService


class Leaving(Recorded):
    """
    A message is the arguments of C{close}, as JSON.
    """

    async def onMessage(self, caller: Caller, data: dict[str, Any]) -> Any:
        again = data.pop("again", False)
        writes = data.pop("writes", False)
        try:
            closed = caller.close(**data)
            if again:
                await self._told("again", caller.close())
            if writes:
                self.note("isOpen", caller.isOpen())
                ways = (caller.writeTextMessage("x"), caller.writeBinaryMessage(b"x"), caller.ping(), caller.pong())
                await gatherResults([self._told("write", way) for way in (*ways, caller.writeMessage([]))])
            await closed
        except Exception as error:
            self.note("failed", type(error).__name__)
            return f"failed {type(error).__name__}" if caller.isOpen() else None
        self.note("closed")
        return None

    def _told(self, what: str, result: Deferred[None]) -> Deferred[None]:
        return result.addCallbacks(
            lambda _: self.note(what, "done"), lambda failure: self.note(what, failure.type.__name__)
        )

    def onPing(self, data: bytes) -> Any:
        """
        Closes by what it returns: the ping's code.
        """
        return CustomCloseFrame(int(data)) if data else GoingAway("é" * 80)


class LeavingUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Leaving:
        return Leaving(tag)
