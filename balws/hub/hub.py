# -*- test-case-name: tests.hub.test_hub -*-
"""
The hub of one process: everybody connected to each service.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger

from balws.binding.payload import encode
from balws.hub.message import Message
from balws.interfaces import IMember


@attrs.frozen
class Audience:
    """
    Everybody connected to one service: its mount path on its listener (ruling 9).

    @ivar listener: tells the listeners of a process apart.
    @ivar path: where the service is mounted.
    """

    listener: int
    path: str


class Hub:
    """
    Delivers to local connections.  All listeners of a process share one unless they
    are given their own.  Every method returns a Deferred and never raises.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._audiences: dict[Audience, set[IMember]] = {}

    def join(self, audience: Audience, member: IMember) -> None:
        """
        A connection to the service of this audience is open.
        """
        self._audiences.setdefault(audience, set()).add(member)

    def leave(self, audience: Audience, member: IMember) -> None:
        """
        It is gone; nothing is kept of it, nor of an audience without members.
        """
        members = self._audiences.get(audience)
        if members is not None:
            members.discard(member)
            if not members:
                del self._audiences[audience]

    def size(self, audience: Audience) -> int:
        """
        @return: how many are connected to this service.
        """
        return len(self._audiences.get(audience, ()))

    def broadcastText(self, path: str, text: str) -> Deferred[None]:
        """
        Send a text to everybody connected to the services mounted at C{path}, on
        every listener of this hub.  Usable from HTTP resources.  Waits for no
        receiver: a slow one is cut by its own limits (decision 23).

        @return: fires with L{None}, also when nobody is there; fails with
            L{TypeError} or L{ValueError} when the text cannot be sent.
        """
        if not isinstance(text, str):
            return fail(TypeError(f"a text message is a str, not {type(text).__name__}"))
        return self.broadcastMessage(path, text)

    def broadcastBinary(self, path: str, data: bytes) -> Deferred[None]:
        """
        As L{broadcastText}, a binary message.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            return fail(TypeError(f"a binary message is bytes, not {type(data).__name__}"))
        return self.broadcastMessage(path, data)

    def broadcastMessage(self, path: str, value: Any) -> Deferred[None]:
        """
        As L{broadcastText}: text for str and XML, binary for bytes, JSON for the rest.
        """
        try:
            message = Message.of(encode(value))
        except (TypeError, ValueError):
            return fail()
        for audience in self._audiences.copy():
            if audience.path == path:
                self.deliver(audience, message)
        return succeed(None)

    def deliver(self, audience: Audience, message: Message) -> None:
        """
        Hand a message to every member; the set may change meanwhile, and one that fails
        keeps it from nobody else.
        """
        for member in tuple(self._audiences.get(audience, ())):
            try:
                member.deliver(message)
            except Exception:
                self._log.failure("A connection could not take a broadcast")


_shared: Hub | None = None


def sharedHub() -> Hub:
    """
    @return: the hub of this process, for every listener that is not given its own.
    """
    global _shared
    if _shared is None:
        _shared = Hub()
    return _shared
