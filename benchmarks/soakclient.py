"""
L{balws.Client} in the soak: it connects, echoes, and ends in every way, again and again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from soakdriver import sources
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import LoopingCall

from balws import Client, ConnectionClosureError, InvalidHandshakeError


class Clients:
    """
    @ivar messages: how many messages have come back.
    @ivar cycles: how many connections have come and gone.
    """

    KINDS = ("polite", "polite", "silent", "pending", "at once", "iterated", "cancelled", "refused")

    def __init__(self, port: int, window: int) -> None:
        """
        @param window: connections at the same time.
        """
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.messages = self.cycles = 0
        self._port = port
        self._window = window
        self._left = 0
        self._sources = sources()
        self._random = random.Random(1)
        self._problem: BaseException | None = None

    def run(self, cycles: int, interval: float, tick: Callable[[], object]) -> None:
        """
        Connect and close so many times.

        @param tick: called every C{interval} seconds.
        """
        self._left = cycles
        workers = self._window
        ticking = LoopingCall(tick)

        def done(result: Any) -> None:
            nonlocal workers
            workers -= 1
            if result is not None:
                self._problem = result.value
                self._left = 0
            if workers == 0:
                ticking.stop()
                self.reactor.crash()

        def begin() -> None:
            ticking.start(interval, now=False)
            for _ in range(self._window):
                Deferred.fromCoroutine(self._work()).addBoth(done)

        self.reactor.callWhenRunning(begin)
        self.reactor.run(installSignalHandlers=False)
        if self._problem is not None:
            raise self._problem

    def rest(self, seconds: float) -> None:
        """
        Do nothing.
        """
        self.reactor.callLater(seconds, self.reactor.crash)
        self.reactor.run(installSignalHandlers=False)

    async def _work(self) -> None:
        while self._left > 0:
            self._left -= 1
            await self._cycle(self._random.choice(self.KINDS))
            self.cycles += 1

    async def _cycle(self, kind: str) -> None:
        endpoint = TCP4ClientEndpoint(self.reactor, "127.0.0.1", self._port, bindAddress=(next(self._sources), 0))
        path = "figures/none" if kind == "refused" else ""
        connecting = Client.connect(f"ws://127.0.0.1:{self._port}/{path}", endpoint=endpoint, reactor=self.reactor)
        if kind == "cancelled":
            self.reactor.callLater(self._random.random() / 500, connecting.cancel)
        try:
            client = await connecting
        except (CancelledError, InvalidHandshakeError):
            if kind in ("cancelled", "refused"):
                return
            raise
        if kind == "silent":
            await client.writeBinaryMessage(b"nobody reads the answer")
        elif kind == "pending":
            read = client.readMessage()
            read.addCallbacks(self._unexpected, lambda failure: failure.trap(ConnectionClosureError))
            await client.close()
            await read
            return
        elif kind == "at once":
            await client.close(timeout=0)
            return
        elif kind == "iterated":
            async with client:
                await client.writeMessage({"number": self.cycles})
                async for _ in client:
                    self.messages += 1
                    break
            return
        else:
            for text in ("hello", "", "grüße " * 200):
                await client.writeTextMessage(text)
                self._echoed(await client.readTextMessage(), text)
        await client.close()

    def _unexpected(self, message: Any) -> None:
        raise AssertionError(f"{message!r} came, and nothing was sent")

    def _echoed(self, message: str, sent: str) -> None:
        if message != sent:
            raise AssertionError(f"{message!r} came back, and {sent!r} was sent")
        self.messages += 1
