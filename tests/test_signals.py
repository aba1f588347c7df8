"""
Tests of L{balws.signals}.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.signals import Signals

NUMBERS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Reactor(Clock):
    """
    Calls from a signal's handler come in its next turn.

    @ivar stops: how often it was stopped.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stops = 0
        self.isRunning = False
        self._whenRunning: list[Callable[[], object]] = []

    def callFromThread(self, what: Any, *arguments: Any) -> None:
        """
        See L{twisted.internet.interfaces.IReactorFromThreads}.
        """
        self.callLater(0, what, *arguments)

    def callWhenRunning(self, what: Callable[[], object]) -> None:
        """
        See L{twisted.internet.interfaces.IReactorCore}.
        """
        if self.isRunning:
            what()
        else:
            self._whenRunning.append(what)

    def sigInt(self, number: int, frame: object) -> None:
        """
        Twisted's own way to end.
        """

    sigTerm = sigInt

    def run(self) -> None:
        """
        Begin as Twisted's does: take both signals, and then call who waits for it.
        """
        self.isRunning = True
        if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
            signal.signal(signal.SIGINT, self.sigInt)
        signal.signal(signal.SIGTERM, self.sigTerm)
        for what in self._whenRunning:
            what()

    def stop(self) -> None:
        """
        See L{twisted.internet.interfaces.IReactorCore}; once.
        """
        self.stops += 1
        if self.stops > 1:
            raise ReactorNotRunning


class Slow(Service):
    """
    Takes its time to stop.

    @ivar told: what it was told.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.stopping: Deferred[None] = Deferred()

    def stopService(self) -> Deferred[None]:
        """
        See L{twisted.application.service.IService}.
        """
        super().stopService()
        self.told.append("stop")
        return self.stopping

    def reload(self) -> None:
        """
        See L{Signals}.
        """
        self.told.append("reload")

    def stopNow(self) -> None:
        """
        See L{Signals}.
        """
        self.told.append("stopNow")
        self.stopping.callback(None)


class Failing(Slow):
    """
    Can do neither.
    """

    def reload(self) -> None:
        """
        See L{Signals}.
        """
        raise ZeroDivisionError

    def stopNow(self) -> None:
        """
        See L{Signals}.
        """
        super().stopNow()
        raise ZeroDivisionError


class SignalsTestCase(SynchronousTestCase):
    """
    A process with two services.
    """

    def setUp(self) -> None:
        """
        Nothing runs yet, and signals mean what they mean in a new process, but for SIGHUP and
        SIGTERM, which are nothing.
        """
        for number, handler in zip(NUMBERS, (signal.SIG_IGN, signal.default_int_handler, signal.SIG_IGN), strict=True):
            self.addCleanup(signal.signal, number, signal.signal(number, handler))
        self.reactor = Reactor()
        self.service = Signals(self.reactor)
        self.children = [Slow(), Slow()]
        for child in self.children:
            child.setServiceParent(self.service)

    def start(self) -> None:
        """
        As twistd does.
        """
        self.service.startService()
        self.reactor.run()

    def send(self, *numbers: int) -> None:
        """
        Send signals, and let the reactor see them.
        """
        for number in numbers:
            os.kill(os.getpid(), number)
        self.reactor.advance(0)

    def told(self) -> list[list[str]]:
        """
        @return: what each child was told.
        """
        return [child.told for child in self.children]

    def finish(self) -> None:
        """
        Every child has stopped.
        """
        for child in self.children:
            child.stopping.callback(None)

    def logged(self) -> list[str]:
        """
        @return: what is logged from now on.
        """
        lines: list[str] = []

        def seen(event: LogEvent) -> None:
            lines.append(formatEvent(event))

        globalLogPublisher.addObserver(seen)
        self.addCleanup(globalLogPublisher.removeObserver, seen)
        return lines


class ReloadTests(SignalsTestCase):
    """
    SIGHUP while the service runs.
    """

    def test_signal(self) -> None:
        """
        The signal makes every service read again, in the reactor's own time.
        """
        Service().setServiceParent(self.service)  # it has nothing to read
        self.start()
        os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual(self.told(), [[], []])
        self.reactor.advance(0)
        self.assertEqual(self.told(), [["reload"], ["reload"]])

    def test_beforeTheReactor(self) -> None:
        """
        It is ours as soon as the services are started.
        """
        self.service.startService()
        self.send(signal.SIGHUP)
        self.assertEqual(self.told(), [["reload"], ["reload"]])

    def test_fails(self) -> None:
        """
        One that cannot does not keep the others from it.
        """
        self.children = [Failing(), *self.children]
        self.service.services[:0] = self.children[:1]
        self.start()
        self.send(signal.SIGHUP)
        self.assertEqual(self.told(), [[], ["reload"], ["reload"]])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_subclass(self) -> None:
        """
        A subclass may have another idea of it.
        """
        done = []

        class Own(Signals):
            def reload(self) -> None:
                done.append(True)

        self.service = Own(self.reactor)
        self.start()
        self.send(signal.SIGHUP)
        self.assertEqual(done, [True])

    def test_stopping(self) -> None:
        """
        While connections are still being closed the signal does nothing; thereafter it means
        what it meant before.
        """
        self.start()
        stopped = self.service.stopService()
        self.send(signal.SIGHUP)
        self.assertNoResult(stopped)
        self.finish()
        self.successResultOf(stopped)
        self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
        self.send(signal.SIGHUP)
        self.assertEqual(self.told(), [["stop"], ["stop"]])

    def test_overtaken(self) -> None:
        """
        One that came just before the end does nothing either.
        """
        self.start()
        self.send(signal.SIGTERM, signal.SIGHUP)
        self.assertEqual(self.told(), [[], []])


class HandlersTests(SignalsTestCase):
    """
    Whose the signals are.
    """

    def test_notStarted(self) -> None:
        """
        What is not started takes none.
        """
        self.reactor.run()
        before = [signal.getsignal(number) for number in NUMBERS]
        Signals(self.reactor)
        self.assertEqual([signal.getsignal(number) for number in NUMBERS], before)

    def test_afterTheReactor(self) -> None:
        """
        SIGTERM and SIGINT are ours in place of the reactor's, and go back to it when the
        services are stopped by something else.
        """
        self.start()
        for number in NUMBERS[1:]:
            self.assertNotEqual(signal.getsignal(number), self.reactor.sigInt)
        self.finish()
        self.successResultOf(self.service.stopService())
        self.assertEqual([signal.getsignal(number) for number in NUMBERS[1:]], [self.reactor.sigInt] * 2)
        self.assertEqual(self.reactor.stops, 0)

    def test_beforeTheReactor(self) -> None:
        """
        A SIGTERM that comes when the services are started and the reactor is not is not lost.
        """
        self.service.startService()
        os.kill(os.getpid(), signal.SIGTERM)
        self.reactor.run()
        self.reactor.advance(0)
        self.assertEqual(self.reactor.stops, 1)

    def test_running(self) -> None:
        """
        In a reactor that runs already they are ours at once, and go back to it as well.
        """
        self.reactor.run()
        self.service.startService()
        self.finish()
        self.successResultOf(self.service.stopService())
        self.assertEqual([signal.getsignal(number) for number in NUMBERS[1:]], [self.reactor.sigInt] * 2)
        self.service.startService()
        self.send(signal.SIGTERM)
        self.assertEqual(self.reactor.stops, 1)

    def test_stoppedBefore(self) -> None:
        """
        What is stopped before the reactor runs takes none.
        """
        self.service.startService()
        self.finish()
        self.service.stopService()
        self.reactor.run()
        self.assertEqual(signal.getsignal(signal.SIGTERM), self.reactor.sigTerm)

    def test_ignored(self) -> None:
        """
        Who ignores Ctrl-C, or does something else with it, goes on to.
        """
        for handler in (signal.SIG_IGN, lambda number, frame: None):
            signal.signal(signal.SIGINT, handler)
            self.reactor = Reactor()
            self.service = Signals(self.reactor)
            self.start()
            self.assertEqual(signal.getsignal(signal.SIGINT), handler)
            self.send(signal.SIGTERM)
            self.assertEqual(self.reactor.stops, 1)

    def test_foreign(self) -> None:
        """
        What was not set from Python cannot be set back: then the system's default is.
        """
        self.start()
        self.service._before = dict.fromkeys(NUMBERS)
        self.finish()
        self.successResultOf(self.service.stopService())
        self.assertEqual([signal.getsignal(number) for number in NUMBERS], [signal.SIG_DFL] * 3)

    def test_again(self) -> None:
        """
        What was stopped can be started again.
        """
        self.start()
        self.finish()
        self.successResultOf(self.service.stopService())
        self.service.startService()
        self.send(signal.SIGHUP, signal.SIGTERM)
        self.assertEqual(self.told(), [["stop", "reload"]] * 2)
        self.assertEqual(self.reactor.stops, 1)


class EndTests(SignalsTestCase):
    """
    SIGTERM and SIGINT.
    """

    def test_first(self) -> None:
        """
        Either is one line in the log, and stops the reactor, which stops the services (RL01).
        """
        for number, name in ((signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")):
            self.setUp()
            lines = self.logged()
            self.start()
            os.kill(os.getpid(), number)
            self.assertEqual((self.reactor.stops, self.service.draining), (0, False))
            self.reactor.advance(0)
            self.assertEqual((self.reactor.stops, self.service.draining), (1, True))
            self.assertEqual(lines, [f"{name}: draining; a second signal stops at once."])

    def test_logger(self) -> None:
        """
        The line is of C{balws}, also where a subclass says it.
        """
        events: list[LogEvent] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)

        class Own(Signals):
            """
            Another one.
            """

        Own(self.reactor).end("Somebody")
        self.assertEqual([event["log_namespace"] for event in events], ["balws"])

    def test_hooks(self) -> None:
        """
        What is to be done before is done before the reactor stops, once; what raises keeps
        nobody from it.
        """
        seen: list[Any] = []

        def fails() -> None:
            raise ZeroDivisionError

        self.service.atDrain(lambda: seen.append(self.reactor.stops))
        self.service.atDrain(fails)
        self.service.atDrain(lambda: seen.append("last"))
        self.start()
        self.send(signal.SIGTERM)
        self.assertEqual(seen, [0, "last"])
        self.service.stopService()
        self.assertEqual(seen, [0, "last"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_hooksWithoutSignal(self) -> None:
        """
        It is done as well when the services are stopped by something else, before they are.
        """
        seen: list[Any] = []
        self.service.atDrain(lambda: seen.append(self.told()[0][:]))
        self.start()
        self.service.stopService()
        self.assertEqual(seen, [[]])
        self.assertEqual(self.told(), [["stop"]] * 2)

    def test_second(self) -> None:
        """
        Another one while services stop makes them stop at once (RL01); one that cannot does
        not keep the others from it, nor does one that knows no hurry.
        """
        self.children = [Failing(), *self.children]
        self.service.services[:0] = [*self.children[:1], Service()]
        self.start()
        self.send(signal.SIGTERM)
        stopped = self.service.stopService()
        self.assertNoResult(stopped)
        lines = self.logged()
        self.send(signal.SIGINT)
        self.successResultOf(stopped)
        self.assertEqual(self.told(), [["stop", "stopNow"]] * 3)
        self.assertEqual(self.reactor.stops, 1)
        self.assertEqual(lines[0], "SIGINT: stopping at once.")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_both(self) -> None:
        """
        Two that come together are a first and a second.
        """
        self.start()
        self.send(signal.SIGTERM, signal.SIGINT)
        self.assertEqual(self.reactor.stops, 1)
        self.assertEqual(self.told(), [["stopNow"]] * 2)

    def test_third(self) -> None:
        """
        When everything has stopped, one more means nothing: it would give the process another
        status.
        """
        self.start()
        self.send(signal.SIGTERM)
        self.finish()
        self.successResultOf(self.service.stopService())
        self.assertEqual([signal.getsignal(number) for number in NUMBERS], [signal.SIG_IGN] * 3)

    def test_reactorStops(self) -> None:
        """
        Where the reactor stops already there is nothing more to do.
        """
        self.start()
        self.reactor.stop()
        self.send(signal.SIGTERM)
        self.assertTrue(self.service.draining)

    def test_duringAnotherEnd(self) -> None:
        """
        Where the services are being stopped by something else, the first signal is one for
        hurry.
        """
        self.start()
        stopped = self.service.stopService()
        self.send(signal.SIGTERM)
        self.successResultOf(stopped)


class EscortTests(SignalsTestCase):
    """
    A service around all others.
    """

    def test_order(self) -> None:
        """
        It is started before them, and stopped when the last has stopped, even if one fails to.
        """
        seen: list[Any] = []
        children = self.children

        class Escort(Service):
            def startService(self) -> None:
                seen.append(("starts", [child.running for child in children]))

            def stopService(self) -> None:
                seen.append(("stops", [child.stopping.called for child in children]))

        self.service = Signals(self.reactor, Escort())
        for child in children:
            child.running = False
            self.service.services.append(child)
        self.start()
        self.assertEqual(seen, [("starts", [False, False])])
        stopped = self.service.stopService()
        children[0].stopping.errback(ZeroDivisionError())
        self.assertEqual(len(seen), 1)
        children[1].stopping.callback(None)
        self.assertEqual(seen[1:], [("stops", [True, True])])
        self.successResultOf(stopped)
        children[0].stopping.addErrback(lambda failure: None)
