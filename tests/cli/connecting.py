"""
A service that clients of the commands meet, in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred

from balws import Caller, CustomCloseFrame, Service, UpgradeError, UpgradeService
from balws.testing import MemoryListener


class Echo(Service):
    """
    Says everything again, but for what begins with C{close}, which is a code and a reason to
    close with, and C{nothing}, which has no answer.
    """

    def onTextMessage(self, text: str) -> Any:
        word, _, rest = text.partition(" ")
        if word == "close":
            code, _, reason = rest.partition(" ")
            return CustomCloseFrame(int(code), reason)
        return None if word == "nothing" else text

    def onBinaryMessage(self, data: bytes) -> bytes:
        return data


class EchoUpgrade(UpgradeService):
    """
    Lets everybody in.
    """

    def get(self) -> Echo:
        return Echo()


class Greeting(Echo):
    """
    Says something first.
    """

    def onOpen(self) -> str:
        return "welcome"


class GreetingUpgrade(UpgradeService):
    """
    Lets everybody in.
    """

    def get(self) -> Greeting:
        return Greeting()


class Room(Service):
    """
    Tells everybody what anybody says.
    """

    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.broadcastMessage(text)


class RoomUpgrade(UpgradeService):
    """
    Lets everybody in.
    """

    def get(self) -> Room:
        return Room()


class NoUpgrade(UpgradeService):
    """
    Lets nobody in.
    """

    def get(self) -> Echo:
        raise UpgradeError("there is no \x1b[31mroom", status=409)


class Place:
    """
    A listener with C{/echo}, C{/greeting}, C{/broadcast} and C{/no}, and what the commands connect by.

    @ivar listener: it.
    @ivar fields: with which configuration clients came.
    @ivar triggers: what the commands want to be called at the end of the reactor.
    """

    def __init__(self) -> None:
        self.listener = MemoryListener(webSocketCompressionEnabled=False)
        self.listener.attach(EchoUpgrade(), "/echo")
        self.listener.attach(NoUpgrade(), "/no")
        self.listener.attach(GreetingUpgrade(), "/greeting")
        self.listener.attach(RoomUpgrade(), "/broadcast")
        self.clock = self.listener.clock
        self.fields: list[dict[str, Any]] = []
        self.triggers: list[tuple[Any, ...]] = []
        clock: Any = self.clock
        clock.addSystemEventTrigger = lambda *what: self.triggers.append(what)

    def connect(self, url: str, *, reactor: Any = None, **fields: Any) -> Deferred[Any]:
        """
        As L{balws.Client.connect}; the URL's host is this listener.
        """
        self.fields.append(fields)
        return self.listener.connect(urlsplit(url).path, **fields)

    def connectAsync(self, url: str, service: Any = None, *, reactor: Any = None, **fields: Any) -> Deferred[Any]:
        """
        As L{balws.AsyncClient.connect}.
        """
        self.fields.append(fields)
        return self.listener.connectAsync(urlsplit(url).path, service, **fields)

    def react(self, main: Callable[[Any], Deferred[Any]]) -> None:
        """
        In place of Twisted's: time passes until it is done.
        """
        done = main(self.clock)
        for _ in range(1000):
            if done.called:
                return
            self.clock.advance(0.1)
        raise AssertionError("it does not end")
