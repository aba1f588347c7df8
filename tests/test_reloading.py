"""
Tests of L{balws.reloading}.
"""

from __future__ import annotations

import os
import signal

from twisted.application.service import Service
from twisted.internet.defer import Deferred
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


class Slow(Service):
    """
    Takes its time to stop.

    @ivar listener: what it serves.
    """

    def __init__(self) -> None:
        self.listener = Recorded()
        self.stopping: Deferred[None] = Deferred()

    def stopService(self) -> Deferred[None]:
        """
        See L{twisted.application.service.IService}.
        """
        super().stopService()
        return self.stopping


class ReloadingTests(SynchronousTestCase):
    """
    SIGHUP while the service runs.
    """

    def setUp(self) -> None:
        self.addCleanup(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.reactor = Reactor()
        self.service = Reloading(self.reactor)
        self.children = [Slow(), Slow()]
        for child in self.children:
            self.service.addService(child)

    def counts(self) -> list[int]:
        """
        @return: how often each listener has read again.
        """
        return [each.listener.reloads for each in self.children]

    def hangUp(self) -> None:
        """
        Send the signal.
        """
        os.kill(os.getpid(), signal.SIGHUP)

    def test_signal(self) -> None:
        """
        The signal makes every listener read again, in the reactor's own time.
        """
        self.service.startService()
        self.hangUp()
        self.assertEqual(self.counts(), [0, 0])
        self.reactor.advance(0)
        self.assertEqual(self.counts(), [1, 1])

    def test_stopping(self) -> None:
        """
        While connections are still being closed the signal ends nothing; thereafter it means what it meant before.
        """
        self.service.startService()
        stopped = self.service.stopService()
        self.hangUp()
        self.reactor.advance(0)
        self.assertEqual(self.counts(), [1, 1])
        for child in self.children:
            self.assertNoResult(stopped)
            child.stopping.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
        self.hangUp()
        self.reactor.advance(0)
        self.assertEqual(self.counts(), [1, 1])

    def test_foreign(self) -> None:
        """
        What was not set from Python cannot be set back: then the system's default is.
        """
        self.service.startService()
        self.service._before = None
        for child in self.children:
            child.stopping.callback(None)
        self.successResultOf(self.service.stopService())
        self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_DFL)
