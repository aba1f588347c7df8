"""
Tests of L{balws.reloading}.
"""

from __future__ import annotations

import os
import signal

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.reloading import Reloading


class Recorded:
    """
    A listener that counts how often it reads again.
    """

    def __init__(self) -> None:
        self.reloads = 0

    def reload(self) -> None:
        """
        See L{balws.Listener.reload}.
        """
        self.reloads += 1


class Reactor(Clock):
    """
    Calls from a signal's handler come in its next turn.
    """

    def callFromThread(self, what: object) -> None:
        """
        See L{twisted.internet.interfaces.IReactorFromThreads}.
        """
        self.callLater(0, what)


class ReloadingTests(SynchronousTestCase):
    """
    SIGHUP while the service runs.
    """

    def setUp(self) -> None:
        self.before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, self.before)
        self.reactor = Reactor()
        self.listeners = [Recorded(), Recorded()]
        self.service = Reloading(self.listeners, self.reactor)  # type: ignore[arg-type]

    def counts(self) -> list[int]:
        """
        @return: how often each listener has read again.
        """
        return [each.reloads for each in self.listeners]

    def test_signal(self) -> None:
        """
        The signal makes every listener read again, in the reactor's own time.
        """
        self.service.startService()
        os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual(self.counts(), [0, 0])
        self.reactor.advance(0)
        self.assertEqual(self.counts(), [1, 1])
        self.service.stopService()

    def test_stopped(self) -> None:
        """
        When the service has stopped the signal means what it meant before.
        """
        self.service.startService()
        self.service.stopService()
        self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGHUP)
        self.reactor.advance(0)
        self.assertEqual(self.counts(), [0, 0])
