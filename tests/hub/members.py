"""
Connections that keep what they get, for tests of the hub.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from balws.hub.broker import Presence
from balws.hub.message import Message
from balws.interfaces import IMember


@implementer(IMember)
class Member:
    """
    Keeps what it gets.

    @ivar then: what to do when it gets something.
    @ivar writing: what C{write} returns; L{None} is at once.
    @ivar dismissed: how often it was closed.
    """

    def __init__(self, then: Callable[[], object] = lambda: None, name: str = "") -> None:
        self.got: list[tuple[bytes, bool]] = []
        self.messages: list[Message] = []
        self.then = then
        self.writing: Deferred[None] | None = None
        self.dismissed = 0
        self.presence = Presence(name, {"name": name})

    @property
    def texts(self) -> list[str]:
        """
        The texts among it.
        """
        return [payload.decode() for payload, isBinary in self.got if not isBinary]

    def deliver(self, message: Message) -> None:
        """
        See L{IMember}.
        """
        self.got.append((message.payload, message.isBinary))
        self.messages.append(message)
        self.then()

    def write(self, message: Message) -> Deferred[None]:
        """
        See L{IMember}.
        """
        self.deliver(message)
        return succeed(None) if self.writing is None else self.writing

    def dismiss(self) -> None:
        """
        See L{IMember}.
        """
        self.dismissed += 1
