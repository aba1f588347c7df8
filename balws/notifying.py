# -*- test-case-name: tests.test_notifying -*-
"""
What the service manager is told: ready, reloading, stopping, alive (sd_notify(3), in
C{NOTIFY_SOCKET}).

A datagram of lines to a socket, so it needs no library of the manager's. Where nobody
wants to know, nothing is said; nothing that goes wrong here disturbs the service.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

__all__ = ["Notifying"]

_log = Logger(namespace="balws")


class Notifying(Service):
    """
    Tells the manager that started this process how it does. As a service it says that
    the process is alive twice in the time that the manager's watchdog gives; as the
    C{escort} of L{balws.signals.Signals} it does so while all others start and stop, too.
    """

    _alive: LoopingCall | None = None

    def __init__(self, clock: IReactorTime | None = None, environment: Mapping[str, str] | None = None) -> None:
        """
        @param clock: L{None} is the global reactor.
        @param environment: with the variables C{NOTIFY_SOCKET}, a path or, after an C{@}, an
            abstract name, C{WATCHDOG_USEC} in microseconds and C{WATCHDOG_PID}, whom that is
            for; L{None} is the process's.
        """
        self._environment = os.environ if environment is None else environment
        self._clock = clock
        self._address = _address(self._environment.get("NOTIFY_SOCKET", ""))

    # A service

    def startService(self) -> None:
        """
        Begin to show that we live.
        """
        super().startService()
        # Now, and not before: who goes into the background has another process by then.
        interval = _interval(self._environment)
        if not (self._address and interval):
            return
        if self._clock is None:
            from twisted.internet import reactor

            self._clock = reactor
        self._alive = LoopingCall(self.notify, "WATCHDOG=1")
        self._alive.clock = self._clock
        self._alive.start(interval)

    def stopService(self) -> None:
        """
        That was the last sign of life.
        """
        super().stopService()
        if self._alive is not None:
            self._alive.stop()
            self._alive = None

    # What is said

    def ready(self) -> None:
        """
        The ports are open, or what was to be reloaded is.
        """
        self.notify("READY=1")

    def reloading(self) -> None:
        """
        The configuration is read again, until L{ready}.
        """
        self.notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """
        The process is about to end.
        """
        self.notify("STOPPING=1")

    def status(self, words: str) -> None:
        """
        @param words: how it does, for people to read.
        """
        self.notify("STATUS=" + " ".join(words.splitlines()))

    def notify(self, *assignments: str) -> None:
        """
        @param assignments: such as C{"READY=1"}, none with a line break.
        """
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
                line.sendto("\n".join(assignments).encode(), self._address)
        except OSError as problem:
            # It has gone, or does not read: its affair.
            _log.debug("The service manager is not told: {problem}", problem=problem)


def _address(name: str) -> str:
    """
    @return: what to send to; empty where there is none, or one of a kind that is not ours.
    """
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else ""


def _interval(environment: Mapping[str, str]) -> float:
    """
    @return: half of the time that the watchdog waits, in seconds; 0 where it is not for us.
    """
    microseconds, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not (microseconds.isascii() and microseconds.isdigit()) or pid not in ("", str(os.getpid())):
        return 0.0
    return int(microseconds) / 2e6
