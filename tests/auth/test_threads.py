"""
Tests of L{balws.auth.threads}.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from balws.auth import threads
from balws.auth.threads import Workers
from balws.errors import AuthUnavailableError
from tests.auth.threaded import PATIENCE, ThreadedClock


class Gate:
    """
    A function that says when it began and ends when it is told to.
    """

    def __init__(self) -> None:
        self.began = threading.Event()
        self.opened = threading.Event()

    def __call__(self, answer: object = None) -> object:
        self.began.set()
        self.opened.wait(PATIENCE)
        return answer

    def hasBegun(self) -> bool:
        return self.began.wait(PATIENCE)


def threadsOf(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"balws {name}"]


class WorkersTestCase(SynchronousTestCase):
    """
    Leaves no thread behind.
    """

    def setUp(self) -> None:
        self.clock = ThreadedClock()
        self.gates: list[Gate] = []

    def workers(self, size: int = 4, queue: int = 64) -> Workers:
        made = Workers(self.clock, self.id(), size, queue)
        self.addCleanup(self.dismiss, made)
        return made

    def gate(self) -> Gate:
        self.gates.append(Gate())
        return self.gates[-1]

    def dismiss(self, workers: Workers) -> None:
        for gate in self.gates:
            gate.opened.set()
        workers.close().addErrback(lambda _: None)
        for thread in threadsOf(self.id()):
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive())

    def assertUnavailable(self, deferred: Any, words: str) -> None:
        self.assertEqual(str(self.failureResultOf(deferred, AuthUnavailableError).value), f"{self.id()}: {words}")


class CallTests(WorkersTestCase):
    """
    What becomes of calls.
    """

    def test_result(self) -> None:
        """
        A call fires with what its function returns, which ran in another thread.
        """
        result = self.workers().call(5, lambda *args: (args, threading.current_thread()), 1, "b")
        self.assertNoResult(result)
        self.clock.turn()
        args, thread = self.successResultOf(result)
        self.assertEqual(args, (1, "b"))
        self.assertIsNot(thread, threading.current_thread())
        self.assertTrue(thread.daemon)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_failure(self) -> None:
        """
        What a function raises is the failure of its call, with the traceback, and is not logged.
        """

        def break_() -> None:
            raise ZeroDivisionError("on purpose")

        result = self.workers().call(5, break_)
        self.clock.turn()
        failure = self.failureResultOf(result, ZeroDivisionError)
        self.assertIn("break_", failure.getTraceback())
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_exit(self) -> None:
        """
        A function that wants to end the process or the thread fails its call only.
        """
        workers = self.workers(1)
        result = workers.call(5, sys.exit, 3)
        self.clock.turn()
        self.failureResultOf(result, SystemExit)
        after = workers.call(5, int, "7")
        self.clock.turn()
        self.assertEqual(self.successResultOf(after), 7)

    def test_parallel(self) -> None:
        """
        As many calls as there may be threads run at a time, and one more waits.
        """
        workers = self.workers(2)
        first, second, third = self.gate(), self.gate(), self.gate()
        results = [workers.call(5, gate, index) for index, gate in enumerate((first, second, third))]
        self.assertTrue(first.hasBegun() and second.hasBegun())
        self.assertFalse(third.began.is_set())
        self.assertEqual(len(threadsOf(self.id())), 2)
        second.opened.set()
        self.clock.turn()
        self.assertEqual(self.successResultOf(results[1]), 1)
        self.assertTrue(third.hasBegun())
        third.opened.set()
        self.clock.turn()
        self.assertEqual(self.successResultOf(results[2]), 2)
        self.assertNoResult(results[0])

    def test_reused(self) -> None:
        """
        A thread that is idle takes the next call; no second one is started.
        """
        workers = self.workers()
        seen = set()
        for _ in range(5):
            result = workers.call(5, threading.get_ident)
            self.clock.turn()
            seen.add(self.successResultOf(result))
        self.assertEqual(len(seen), 1)


class LimitTests(WorkersTestCase):
    """
    Not more at a time, and not longer, than was said.
    """

    def test_queue(self) -> None:
        """
        The last place in the queue is given away, one call more is refused at once, and a
        call that ended makes room.
        """
        workers = self.workers(1, queue=2)
        running = self.gate()
        first = workers.call(5, running)
        self.assertTrue(running.hasBegun())
        waiting = [workers.call(5, int, "1") for _ in range(2)]
        self.assertUnavailable(workers.call(5, int, "1"), "too many calls at a time")
        running.opened.set()
        for _ in range(3):
            self.clock.turn()
        self.successResultOf(first)
        self.assertEqual([self.successResultOf(each) for each in waiting], [1, 1])
        again = workers.call(5, int, "2")
        self.clock.turn()
        self.assertEqual(self.successResultOf(again), 2)

    def test_noQueue(self) -> None:
        """
        Without a queue there are as many calls as threads.
        """
        workers = self.workers(1, queue=0)
        running = self.gate()
        workers.call(5, running)
        self.assertTrue(running.hasBegun())
        self.assertUnavailable(workers.call(5, int, "1"), "too many calls at a time")

    def test_timeout(self) -> None:
        """
        A call that takes too long fails when its time is over, not before; what it gives
        later is dropped, and its thread works again.
        """
        workers = self.workers(1)
        running = self.gate()
        result = workers.call(5, running)
        self.assertTrue(running.hasBegun())
        self.clock.advance(4.99)
        self.assertNoResult(result)
        self.clock.advance(0.01)
        self.assertUnavailable(result, "no answer within 5 seconds")
        running.opened.set()
        self.clock.turn()
        after = workers.call(5, int, "3")
        self.clock.turn()
        self.assertEqual(self.successResultOf(after), 3)

    def test_late(self) -> None:
        """
        What an overdue call raises is dropped without a word.
        """
        running = self.gate()

        def fail() -> None:
            running()
            raise ZeroDivisionError

        result = self.workers().call(1, fail)
        self.assertTrue(running.hasBegun())
        self.clock.advance(1)
        self.failureResultOf(result, AuthUnavailableError)
        running.opened.set()
        self.clock.turn()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_neverBegun(self) -> None:
        """
        The time in the queue counts, and a call whose time ended there never begins.
        """
        workers = self.workers(1)
        running, late = self.gate(), self.gate()
        workers.call(9, running)
        result = workers.call(2, late)
        self.clock.advance(2)
        self.assertUnavailable(result, "no answer within 2 seconds")
        self.assertNoneBegins(workers, running, late)

    def test_cancelledWaiting(self) -> None:
        """
        A call that is cancelled while it waits never begins, and its place is free.
        """
        workers = self.workers(1, queue=1)
        running, late = self.gate(), self.gate()
        workers.call(9, running)
        self.assertTrue(running.hasBegun())
        result = workers.call(2, late)
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertNoneBegins(workers, running, late)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def assertNoneBegins(self, workers: Workers, running: Gate, late: Gate) -> None:
        after = workers.call(9, int, "1")
        running.opened.set()
        self.clock.turn()
        self.clock.turn()
        self.assertEqual(self.successResultOf(after), 1)
        self.assertFalse(late.began.is_set())

    def test_cancelledRunning(self) -> None:
        """
        A call that is cancelled while it runs fails at once; its answer is dropped.
        """
        running = self.gate()
        result = self.workers().call(2, running)
        self.assertTrue(running.hasBegun())
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        running.opened.set()
        self.clock.turn()

    def test_hung(self) -> None:
        """
        Calls that hang cost their threads: the others are served, and when none is left
        everybody is refused in time.
        """
        workers = self.workers(2, queue=1)
        for gate in (self.gate(), self.gate()):
            result = workers.call(1, gate)
            self.assertTrue(gate.hasBegun())
            self.clock.advance(1)
            self.assertUnavailable(result, "no answer within 1 seconds")
            if gate is self.gates[0]:
                served = workers.call(1, int, "1")
                self.clock.turn()
                self.assertEqual(self.successResultOf(served), 1)
        waiting = workers.call(1, int, "1")
        self.assertUnavailable(workers.call(1, int, "1"), "too many calls at a time")
        self.clock.advance(1)
        self.assertUnavailable(waiting, "no answer within 1 seconds")

    def test_noThread(self) -> None:
        """
        When the system gives no thread the call is refused; when it gives too few the ones
        that are there do the work.
        """
        workers = self.workers(2)

        class None_:
            def __init__(self, *args: object, **kwargs: object) -> None:
                """
                As a L{threading.Thread} is made.
                """

            def start(self) -> None:
                raise RuntimeError("can't start new thread")

        patch = self.patch(threads, "Thread", None_)
        self.assertUnavailable(workers.call(5, int, "1"), "too many calls at a time")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        patch.restore()
        running = self.gate()
        first = workers.call(5, running)
        self.assertTrue(running.hasBegun())
        patch = self.patch(threads, "Thread", None_)
        second = workers.call(5, int, "2")
        patch.restore()
        running.opened.set()
        self.clock.turn()
        self.clock.turn()
        self.successResultOf(first)
        self.assertEqual(self.successResultOf(second), 2)


class EndTests(WorkersTestCase):
    """
    Threads end.
    """

    def assertNoThreads(self) -> None:
        for thread in threadsOf(self.id()):
            thread.join(PATIENCE)
        self.assertEqual(threadsOf(self.id()), [])

    def test_idle(self) -> None:
        """
        A thread without work ends after a while, and there is another when there is work.
        """
        self.patch(threads, "IDLE", 0.01)
        workers = self.workers()
        for _ in range(2):
            result = workers.call(5, int, "1")
            self.clock.turn()
            self.successResultOf(result)
            self.assertNoThreads()

    def test_closeIdle(self) -> None:
        """
        Closing without work is done at once, ends the threads, and a later call works.
        """
        self.patch(threads, "IDLE", PATIENCE * 2)
        workers = self.workers()
        self.successResultOf(workers.close())
        for _ in range(2):
            result = workers.call(5, int, "1")
            self.clock.turn()
            self.successResultOf(result)
            self.successResultOf(workers.close())
            self.assertNoThreads()

    def test_closeBusy(self) -> None:
        """
        Closing lets what runs end, refuses what waits, and is done when nothing runs.
        """
        self.patch(threads, "IDLE", PATIENCE * 2)
        workers = self.workers(1)
        running = self.gate()
        first = workers.call(5, running, "answer")
        self.assertTrue(running.hasBegun())
        second = workers.call(5, int, "1")
        closed = [workers.close(), workers.close()]
        self.assertUnavailable(second, "closed before the call began")
        self.assertNoResult(closed[0])
        running.opened.set()
        self.clock.turn()
        self.assertEqual(self.successResultOf(first), "answer")
        for each in closed:
            self.successResultOf(each)
        self.assertNoThreads()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closeHung(self) -> None:
        """
        Closing waits for a call until its time is over, and for an overdue one not at all.
        """
        workers = self.workers(1)
        running = self.gate()
        result = workers.call(5, running)
        self.assertTrue(running.hasBegun())
        closed = workers.close()
        self.clock.advance(5)
        self.failureResultOf(result, AuthUnavailableError)
        self.successResultOf(closed)
        self.successResultOf(workers.close())

    def test_exitOfProcess(self) -> None:
        """
        A call that hangs does not hold up the end of the process.
        """
        script = (
            "import time\n"
            "from twisted.internet import reactor\n"
            "from balws.auth.threads import Workers\n"
            "workers = Workers(reactor, 'hanging')\n"
            "def hung():\n"
            "    workers.call(600, time.sleep, 600).addErrback(lambda _: None)\n"
            "    reactor.callLater(0.1, reactor.stop)\n"
            "reactor.callWhenRunning(hung)\n"
            "reactor.run()\n"
            "print('over')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        self.assertEqual((done.stdout, done.stderr), ("over\n", ""))
