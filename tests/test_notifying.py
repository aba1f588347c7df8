"""
Tests of L{balws.notifying}.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.notifying import Notifying


class Manager:
    """
    Who wants to know.
    """

    def __init__(self, test: SynchronousTestCase, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        test.addCleanup(self._socket.close)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)

    def heard(self) -> list[str]:
        """
        @return: what came since the last look.
        """
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found


class NotifyingTestCase(SynchronousTestCase):
    """
    A process, and who wants to know how it does.
    """

    def setUp(self) -> None:
        """
        Somebody wants to know.
        """
        folder = TemporaryDirectory()  # the test's own has too long a name for a socket
        self.addCleanup(folder.cleanup)
        self.manager = Manager(self, str(Path(folder.name, "notify")))
        self.clock = Clock()

    def notifying(self, **environment: str) -> Notifying:
        """
        @return: one that was started, with these variables in place of the manager's.
        """
        service = Notifying(self.clock, {"NOTIFY_SOCKET": self.manager.name, **environment})
        service.startService()
        self.addCleanup(service.stopService)
        return service


class NotifyTests(NotifyingTestCase):
    """
    What is said.
    """

    def test_words(self) -> None:
        """
        Each is a datagram of assignments; a status has one line.
        """
        service = self.notifying()
        self.assertEqual(self.manager.heard(), [])
        service.ready()
        service.stopping()
        service.status("3 connections\nMAINPID=1")
        service.notify("A=1", "B=2")
        self.assertEqual(self.manager.heard(), ["READY=1", "STOPPING=1", "STATUS=3 connections MAINPID=1", "A=1\nB=2"])

    def test_reloading(self) -> None:
        """
        That it is reloading comes with the time, in microseconds since the machine started.
        """
        before = time.monotonic_ns() // 1000
        self.notifying().reloading()
        [heard] = self.manager.heard()
        what, _, when = heard.partition("\nMONOTONIC_USEC=")
        self.assertEqual(what, "RELOADING=1")
        self.assertTrue(before <= int(when) <= time.monotonic_ns() // 1000, when)

    def test_abstract(self) -> None:
        """
        The manager's socket may have a name that is in no folder.
        """
        manager = Manager(self, f"@balws-{os.getpid()}-{time.monotonic_ns()}")
        self.notifying(NOTIFY_SOCKET=manager.name).ready()
        self.assertEqual(manager.heard(), ["READY=1"])

    def test_nobody(self) -> None:
        """
        Where nobody wants to know, or in a way that is not ours, nothing is said and nothing runs.
        """
        for name in ("", "relative", "vsock:2:1234"):
            service = self.notifying(NOTIFY_SOCKET=name, WATCHDOG_USEC="1000000")
            service.ready()
        Notifying(self.clock, {}).ready()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_gone(self) -> None:
        """
        One that has gone, has too long a name, or does not read disturbs nobody.
        """
        for name in ("/nowhere/at/all", "/" + "x" * 300):
            self.notifying(NOTIFY_SOCKET=name, WATCHDOG_USEC="1000000").ready()
        self.clock.advance(5)
        service = self.notifying()
        for _ in range(5000):
            service.ready()
        self.assertTrue(0 < len(self.manager.heard()) < 5000)

    def test_environment(self) -> None:
        """
        The variables are those of the process, if no others are given.
        """
        self.patch(os, "environ", {"NOTIFY_SOCKET": self.manager.name})
        Notifying().ready()
        self.assertEqual(self.manager.heard(), ["READY=1"])


class WatchdogTests(NotifyingTestCase):
    """
    Signs of life.
    """

    def test_alive(self) -> None:
        """
        One at once, and then each half of the time that the watchdog waits, until the end.
        """
        for pid in ({}, {"WATCHDOG_PID": str(os.getpid())}):
            service = self.notifying(WATCHDOG_USEC="3000000", **pid)
            self.assertEqual(self.manager.heard(), ["WATCHDOG=1"])
            self.clock.advance(1.4)
            self.assertEqual(self.manager.heard(), [])
            self.clock.pump([0.2, 1.5])
            self.assertEqual(self.manager.heard(), ["WATCHDOG=1"] * 2)
            service.stopService()
            self.clock.advance(10)
            self.assertEqual(self.manager.heard(), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_notOurs(self) -> None:
        """
        None where the watchdog is for another process, such as our parent, or waits for no
        time that we understand.
        """
        for environment in (
            {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid() + 1)},
            {"WATCHDOG_USEC": "0"},
            {"WATCHDOG_USEC": ""},
            {"WATCHDOG_USEC": "-5"},
            {"WATCHDOG_USEC": "\u0663"},
            {"WATCHDOG_USEC": "soon"},
        ):
            self.notifying(**environment)
        self.assertEqual((self.manager.heard(), self.clock.getDelayedCalls()), ([], []))

    def test_reactor(self) -> None:
        """
        Without a clock of its own it is the reactor's time.
        """
        service = Notifying(None, {"NOTIFY_SOCKET": self.manager.name, "WATCHDOG_USEC": "60000000"})
        service.startService()
        self.assertEqual(self.manager.heard(), ["WATCHDOG=1"])
        service.stopService()
