"""
What a reactor has to do with in tests: descriptors that record what they are told, and events that
a test writes.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IHalfCloseableDescriptor
from twisted.python import log
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws.reactor import DirectReactor


class Script:
    """
    A poller whose events a test writes.

    @ivar events: what the next turn tells; L{None} where the system is asked.
    """

    def __init__(self, poller: Any) -> None:
        self._poller = poller
        self.events: list[tuple[int, int]] | None = None

    def poll(self, timeout: float | None, most: int) -> list[tuple[int, int]]:
        events, self.events = self.events, []
        return self._poller.poll(timeout, most) if events is None else events

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)


class Selectable:
    """
    Records what it is told.

    @ivar read: what C{doRead} does.
    """

    def __init__(self, calls: list[Any], name: str, file: Any) -> None:
        self.calls = calls
        self.name = name
        self.file = file
        self.read: Callable[[], Any] = lambda: None
        self.lost: Callable[[], Any] = lambda: None

    def fileno(self) -> int:
        number: int = self.file.fileno()
        return number

    def logPrefix(self) -> str:
        return f"the log of {self.name}"

    def doRead(self) -> Any:
        self.calls.append((self.name, "read"))
        return self.read()

    def doWrite(self) -> None:
        self.calls.append((self.name, "write"))

    def connectionLost(self, reason: Failure) -> None:
        self.calls.append((self.name, reason.type))
        self.lost()


@implementer(IHalfCloseableDescriptor)
class Half(Selectable):
    """
    One that goes on writing when nothing more comes.
    """

    def readConnectionLost(self, reason: Failure) -> None:
        self.calls.append((self.name, "no more", reason.type))

    def writeConnectionLost(self, reason: Failure) -> None:
        raise AssertionError("no reactor calls this")


class ReactorTestCase(SynchronousTestCase):
    """
    @cvar factory: the reactor that is tested.
    """

    factory: Callable[[], Any] = DirectReactor

    def setUp(self) -> None:
        self.reactor = self.build(type(self).factory)
        self.calls: list[Any] = []
        self.events: list[dict[str, Any]] = []
        log.addObserver(self.events.append)
        self.addCleanup(log.removeObserver, self.events.append)

    def build(self, factory: Callable[[], Any]) -> Any:
        """
        @return: a reactor with a L{Script}.
        """
        built = factory()
        self.addCleanup(built._poller.close)
        for waker in built._internalReaders:
            self.addCleanup(waker.connectionLost, None)
        built._poller = Script(built._poller)
        return built

    def pair(self, name: str, made: type[Selectable] = Selectable) -> tuple[Selectable, socket.socket]:
        """
        @return: one that the reactor reads, and its other end.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        selectable = made(self.calls, name, ours)
        self.reactor.addReader(selectable)
        return selectable, theirs

    def pipe(self, name: str) -> tuple[Selectable, Selectable]:
        """
        @return: two ends of a pipe that the reactor does not know yet.
        """
        files = [os.fdopen(number, mode, 0) for number, mode in zip(os.pipe(), ("rb", "wb"), strict=True)]
        for file in files:
            self.addCleanup(file.close)
        reading, writing = (Selectable(self.calls, name, file) for file in files)
        return reading, writing

    def turn(self, *events: tuple[Any, int]) -> list[Any]:
        """
        @param events: what is told; nothing is what the system tells.
        @return: who was called, in this turn.
        """
        self.reactor._poller.events = [(each.fileno(), event) for each, event in events] or None
        self.reactor.iterate(0)
        calls, self.calls[:] = self.calls[:], []
        return calls

    def systems(self) -> list[str]:
        """
        @return: whose failures were logged.
        """
        return [event["system"] for event in self.events if event["isError"]]
