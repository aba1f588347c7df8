"""
Services that take their time, sit idle, see control frames, and fail everywhere.
"""

from __future__ import annotations

from typing import Any

from recording import Recorded, gate
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from balws import Caller, NormalClosure, UpgradeService, get, serviceConfig

SECRET = "secret-xyz"


class Slow(Recorded):
    """
    Takes a twentieth of a second for a text, or as long as the text says; C{~~} until the test opens its gate.
    """

    def onTextMessage(self, text: str) -> Deferred[str]:
        self.note("begins", text[:5])
        if text.startswith("~~"):
            return gate(self.tag).addBoth(lambda _: self._done(text))
        seconds = float(text[1:].split()[0]) if text.startswith("~") else 0.05
        return deferLater(reactor, seconds, lambda: text).addBoth(self._done)

    def _done(self, text: str) -> str:
        self.note("ends", text[:5])
        return text


class SlowUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Slow:
        return Slow(tag)


class Opening(Recorded):
    """
    Opens slowly, and says something when it has.
    """

    async def onOpen(self, caller: Caller) -> str:
        self.began()
        await caller.writeTextMessage("opening")
        await deferLater(reactor, 0.2, lambda: None)
        return "open"

    def onTextMessage(self, text: str) -> str:
        return text


class OpeningUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Opening:
        return Opening(tag)


class Controls(Recorded):
    """
    Answers pings in its own words.
    """

    def onTextMessage(self, caller: Caller, text: str) -> Any:
        return {"ping": caller.ping, "pong": caller.pong}[text](b"of mine")

    def onPing(self, data: bytes) -> Any:
        self.note("onPing", data.decode())
        return None if data == b"nothing" else b"<" + data + b">"

    def onPong(self, caller: Caller, data: bytes) -> Any:
        self.note("onPong", data.decode())
        return {b"text": "text", b"bytes": b"bytes", b"close": NormalClosure("by pong")}.get(data)


class ControlsUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Controls:
        return Controls(tag)


class Idle(Recorded):
    """
    Counts idle times; a text says what to do in the next one.
    """

    do = ""

    def onTextMessage(self, text: str) -> None:
        self.do = text

    def onIdleTimeout(self) -> Any:
        self.note("idle")
        if self.do == "raise":
            raise ValueError(SECRET)
        if self.do == "close":
            return NormalClosure("idle")
        return "nobody gets this" if self.do == "text" else None


@serviceConfig(idleTimeout=0.6)
class IdleUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Idle:
        return Idle(tag)


class Faulty(Recorded):
    """
    Fails in C{where}.
    """

    def __init__(self, tag: str, where: str) -> None:
        super().__init__(tag)
        self.where = where

    def _maybe(self, where: str) -> None:
        if where == self.where:
            raise ValueError(SECRET)

    def onOpen(self) -> str:
        self.began()
        self._maybe("onOpen")
        return "open"

    async def onTextMessage(self, caller: Caller, text: str) -> Any:
        if self.where == "written":
            await caller.writeTextMessage("said before")
        if self.where == "later":
            await deferLater(reactor, 0.05, lambda: None)
            raise ValueError(SECRET)
        if self.where == "base":
            raise GeneratorExit(SECRET)
        if self.where == "value":
            return object()
        if self.where == "nested":
            return [object()]
        if self.where == "surrogate":
            return "\ud800"
        self._maybe("onTextMessage" if self.where == "onTextMessage" else "written")
        return text

    def onBinaryMessage(self, data: bytes) -> bytes:
        self._maybe("onBinaryMessage")
        return data

    def onPing(self, data: bytes) -> bytes:
        self._maybe("onPing")
        return data if self.where != "pong" else b"p" * 126

    def onPong(self, data: bytes) -> None:
        self._maybe("onPong")

    def onClose(self, statusCode: int, reason: str) -> None:
        super().onClose(statusCode, reason)
        self._maybe("onClose")

    def onError(self, error: Exception) -> None:
        super().onError(error)
        self._maybe("onError")


class FaultyUpgrade(UpgradeService):
    @get("{where}")
    def get(self, where: str, tag: str = "") -> Faulty:
        return Faulty(tag, where)
