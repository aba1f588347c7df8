"""
Tests of L{balws.workers.supervisor}.
"""

from __future__ import annotations

import os
import signal
import socket
from typing import Any

from twisted.internet import reactor as globalReactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from balws.config import Configuration, ListenerEntry, ServerConfiguration
from balws.config.listener import ListenerConfiguration
from balws.starting import CannotStart
from balws.workers import supervisor as module
from balws.workers.folder import AdminFolder
from balws.workers.seat import _log as seatLog
from balws.workers.sockets import Sockets
from balws.workers.supervisor import Supervisor
from balws.workers.worker import DRAIN, RELOAD, STOP
from tests.workers.processes import Reactor, Transport


class SupervisorTestCase(TestCase):
    """
    A supervisor of processes that there are not; its ports are real.
    """

    workers = 3
    folder: AdminFolder | None = None
    companion: Any = None

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.failures: list[str] = []
        self.lines: list[tuple[bytes, int]] = []
        self.logged: list[str] = []
        self.patch(seatLog, "observer", self.log)
        self.patch(module, "Sockets", lambda entries, reactor: Sockets(entries, globalReactor))
        entry = ListenerEntry(port=0, configuration=ListenerConfiguration(host="127.0.0.1"))
        self.supervisor = self.make(entry)

    def make(self, entry: ListenerEntry) -> Supervisor:
        server = ServerConfiguration(workers=self.workers, drainTimeout=10)
        return Supervisor(
            Configuration(listeners=(entry,), pythonPath=(), folder=None, server=server),  # type: ignore[arg-type]
            "balws.toml",
            self.reactor,
            fail=lambda reactor, problem: self.failures.append(problem),
            say=lambda line, number: self.lines.append((line, number)),
            folder=self.folder,
            companion=self.companion,
        )

    def log(self, event: Any) -> None:
        self.logged.append(event["log_format"].format(**event))

    def start(self) -> list[Transport]:
        """
        @return: the processes of the start, none of which serves yet.
        """
        self.supervisor.privilegedStartService()
        self.supervisor.startService()
        self.addCleanup(self.stopAll)
        return list(self.reactor.started)

    def serve(self) -> list[Transport]:
        """
        @return: the same, and all serve.
        """
        for process in (started := self.start()):
            process.ready()
        self.logged.clear()
        return started

    def stopAll(self) -> Any:
        stopped = self.supervisor.stopService() if self.supervisor.running else None
        for process in self.reactor.started:
            if process.pid is not None:
                process.exit()
        return stopped

    def since(self, count: int) -> list[Transport]:
        """
        @return: the processes after so many.
        """
        return self.reactor.started[count:]


class StartTests(SupervisorTestCase):
    """
    The first start.
    """

    def test_ready(self) -> None:
        """
        The service has started when every worker has said that it serves; one says it once.
        """
        first, second, third = self.start()
        ready = self.supervisor.whenReady()
        for process in (first, second, second, second):
            process.ready()
        self.assertNoResult(ready)
        third.ready()
        self.successResultOf(ready)
        self.successResultOf(self.supervisor.whenReady())
        self.assertEqual(self.logged[0], "Worker 1 (process 100) serves.")

    def test_started(self) -> None:
        """
        Each process is told its number, and has the sockets of the listeners.
        """
        self.start()
        whos = [each["env"]["BALWS_WORKER"] for each in self.reactor.arguments]
        self.assertEqual(whos, ["1/3", "2/3", "3/3"])
        for each in self.reactor.arguments:
            self.assertEqual(each["env"]["BALWS_WORKER_SOCKETS"], f"6:{socket.AF_INET}:0")
            self.assertEqual(sorted(each["childFDs"]), [0, 1, 2, 3, 4, 5, 6])

    def test_failed(self) -> None:
        """
        A worker that ends before it serves ends all, with the last line that it wrote; what it
        wrote before is logged, and what the others say to it is not repeated.
        """
        first, second, third = self.start()
        for process in (first, second):
            process.say(b"a warning\nballs.toml:1: no\n\n", 2)
            self.assertEqual(self.lines, [])
        first.exit(1)
        self.assertEqual(self.failures, ["balls.toml:1: no"])
        self.assertEqual(self.lines, [(b"a warning", 1)])
        second.exit(1)
        third.exit(1)
        self.assertEqual(self.failures, ["balls.toml:1: no"])
        self.reactor.advance(100)
        self.assertEqual(self.since(3), [])

    def test_failedSilently(self) -> None:
        """
        One that says nothing is described.
        """
        first, second, _ = self.start()
        second.exit(number=signal.SIGSEGV)
        first.exit(3)
        self.assertEqual(self.failures, ["balws: the start failed: worker 2 was ended by SIGSEGV"])

    def test_noRoom(self) -> None:
        """
        So is a process that the system did not start.
        """
        self.reactor.full = True
        self.start()
        words = "worker 1 could not be started: [Errno 11] Resource temporarily unavailable"
        self.assertEqual(self.failures, [f"balws: the start failed: {words}"])

    def test_diedAfterReady(self) -> None:
        """
        One that has served and dies is replaced, also while others start.
        """
        first, *_ = self.start()
        first.ready()
        first.kill()
        self.assertEqual(self.failures, [])
        self.reactor.advance(0.1)
        (successor,) = self.since(3)
        successor.exit(1)
        self.assertEqual(self.failures, [])

    def test_portInUse(self) -> None:
        """
        A port that cannot be had is one line, and no process is started.
        """
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            configuration = ListenerConfiguration(host="127.0.0.1")
            supervisor = self.make(ListenerEntry(port=port, configuration=configuration))
            error = self.assertRaises(CannotStart, supervisor.privilegedStartService)
        self.assertIn(f"balws: failed to start the listener on '127.0.0.1:{port}': ", str(error))
        self.assertEqual(self.reactor.started, [])


class RespawnTests(SupervisorTestCase):
    """
    Workers that die.
    """

    def test_killed(self) -> None:
        """
        Only the dead one is replaced, after a tenth of a second, with one line in the log (RL04).
        """
        _, second, _ = self.serve()
        second.kill()
        words = "Worker 2 (process 101) was ended by SIGKILL; another takes its place in 0.1 s."
        self.assertEqual(self.logged, [words])
        self.reactor.advance(0.09)
        self.assertEqual(self.since(3), [])
        self.reactor.advance(0.02)
        (successor,) = self.since(3)
        self.assertEqual(self.reactor.arguments[-1]["env"]["BALWS_WORKER"], "2/3")
        successor.say(b"later\n", 2)
        self.assertEqual(self.lines, [(b"later", 2)])
        self.reactor.advance(100)
        self.assertEqual(len(self.since(3)), 1)

    def test_backoff(self) -> None:
        """
        One that dies again and again is replaced later and later; as at first, when it has lived
        for a minute.
        """
        process, *_ = self.serve()
        for delay in (0.1, 0.2, 0.4):
            count = len(self.reactor.started)
            process.exit(1)
            self.assertIn(f"ended with status 1; another takes its place in {delay:g} s.", self.logged[-1])
            self.reactor.advance(delay - 0.01)
            self.assertEqual(self.since(count), [])
            self.reactor.advance(0.02)
            (process,) = self.since(count)
            process.ready()
        self.reactor.advance(60)
        process.exit()
        self.assertIn("ended with status 0; another takes its place in 0.1 s.", self.logged[-1])

    def test_noRoom(self) -> None:
        """
        Where the system has no room for a process, it is tried again.
        """
        process, *_ = self.serve()
        self.reactor.full = True
        process.kill()
        self.reactor.advance(0.1)
        self.assertIn("(process None) could not be started: [Errno 11]", self.logged[-1])
        self.reactor.full = False
        self.reactor.advance(0.2)
        self.assertEqual(len(self.since(3)), 1)


class OrderTests(SupervisorTestCase):
    """
    What all workers are told.
    """

    def test_reload(self) -> None:
        """
        All read again, also one that only starts: it may have read what was before; and nobody is
        told where there is none.
        """
        first, second, third = self.start()
        first.ready()
        second.ready()
        self.supervisor.reload()
        self.assertEqual([each.orders for each in (first, second, third)], [[RELOAD]] * 3)
        third.ready()
        third.kill()
        self.supervisor.reload()
        self.assertEqual([each.orders for each in (first, second, third)], [[RELOAD] * 2, [RELOAD] * 2, [RELOAD]])

    def test_stop(self) -> None:
        """
        The ports are closed, all drain, and it is over when the last is gone; nobody is replaced.
        """
        processes = self.serve()
        port = self.supervisor._open[0].fd
        with socket.socket(fileno=port) as duplicate:
            address = duplicate.getsockname()
            duplicate.detach()
        stopped = self.supervisor.stopService()
        for process in processes:
            self.assertEqual((process.orders, process.signals), ([DRAIN], []))
        processes[0].exit()
        processes[1].kill()
        self.assertNoResult(stopped)
        processes[2].exit()
        stopped.addCallback(lambda _: self.assertRaises(ConnectionRefusedError, socket.create_connection, address, 5))
        self.assertEqual(self.logged, [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.reactor.advance(100)
        self.assertEqual(self.since(3), [])
        return stopped  # type: ignore[no-any-return]

    def test_deadline(self) -> None:
        """
        Who is not gone two seconds after the time to drain is killed.
        """
        processes = self.serve()
        stopped = self.supervisor.stopService()
        processes[0].exit()
        self.reactor.advance(11.9)
        self.assertEqual([each.signals for each in processes], [[], [], []])
        self.reactor.advance(0.2)
        self.assertEqual([each.signals for each in processes], [[], [signal.SIGKILL], [signal.SIGKILL]])
        self.assertEqual(self.logged[0], "Worker 2 (process 101) does not end: it is killed.")
        for process in processes[1:]:
            process.kill()
        return stopped  # type: ignore[no-any-return]

    def test_stopWhileStarting(self) -> None:
        """
        One that does not serve yet may not listen: it gets the signal.
        """
        first, second, third = self.start()
        first.ready()
        second.exit(1)
        stopped = self.supervisor.stopService()
        self.assertEqual((first.orders, third.orders, third.signals), ([DRAIN], [], [signal.SIGTERM]))
        first.exit()
        third.exit(number=signal.SIGTERM)
        self.assertEqual(len(self.failures), 1)
        return stopped  # type: ignore[no-any-return]

    def test_stopWhileReplacing(self) -> None:
        """
        One that would be replaced later is not.
        """
        first, second, third = self.serve()
        second.kill()
        stopped = self.supervisor.stopService()
        first.exit()
        third.exit()
        self.reactor.advance(100)
        self.assertEqual(self.since(3), [])
        return stopped  # type: ignore[no-any-return]

    def test_stopNowBefore(self) -> None:
        """
        The same when that is said before it stops.
        """
        processes = self.serve()
        self.supervisor.stopNow()
        self.assertEqual([each.orders for each in processes], [[]] * 3)
        stopped = self.supervisor.stopService()
        self.assertEqual([each.orders for each in processes], [[DRAIN, STOP]] * 3)
        self.reactor.advance(2.1)
        for process in processes:
            self.assertEqual(process.signals, [signal.SIGKILL])
            process.kill()
        return stopped  # type: ignore[no-any-return]

    def test_stopNow(self) -> None:
        """
        When it shall be at once, all are told so, and who is not gone in two seconds is killed.
        """
        first, second, third = self.serve()
        stopped = self.supervisor.stopService()
        self.supervisor.stopNow()
        self.assertEqual([each.orders for each in (first, second, third)], [[DRAIN, STOP]] * 3)
        first.exit()
        self.reactor.advance(1.9)
        self.assertEqual(second.signals, [])
        self.reactor.advance(0.2)
        self.assertEqual((first.signals, second.signals, third.signals), ([], [signal.SIGKILL], [signal.SIGKILL]))
        second.kill()
        third.kill()
        self.supervisor.stopNow()
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        return stopped  # type: ignore[no-any-return]


class Companion:
    """
    An admin endpoint for all workers.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.ready: Deferred[None] = Deferred()
        self.stopped: Deferred[None] = Deferred()

    def privilegedStartService(self) -> None:
        self.calls.append("open")

    def startService(self) -> None:
        self.calls.append("start")

    def whenReady(self) -> Deferred[None]:
        return self.ready

    def stopService(self) -> Deferred[None]:
        self.calls.append("stop")
        return self.stopped

    def stopNow(self) -> None:
        self.calls.append("now")


class AdminTests(SupervisorTestCase):
    """
    Workers that an operator may ask.
    """

    def setUp(self) -> None:
        self.folder = AdminFolder()
        self.addCleanup(self.folder.remove)
        self.companion = Companion()
        super().setUp()

    def test_folder(self) -> Any:
        """
        Each worker is told where it is asked, and its successor the same; when all are gone nothing is
        left of that, and the operator's endpoint ends as the last.
        """
        processes = self.serve()
        folder = self.folder.path if self.folder else None
        told = [each["env"]["BALWS_WORKER_ADMIN"] for each in self.reactor.arguments]
        self.assertEqual(told, [f"{folder}/{number}" for number in (1, 2, 3)])
        processes[1].kill()
        self.reactor.advance(0.2)
        self.assertEqual(self.reactor.arguments[-1]["env"]["BALWS_WORKER_ADMIN"], told[1])
        self.assertEqual(self.companion.calls, ["open", "start"])
        stopped = self.supervisor.stopService()
        processes[0].exit()
        processes[2].exit()
        self.assertTrue(os.path.isdir(folder or ""))
        self.assertEqual(self.companion.calls, ["open", "start"])
        self.companion.stopped.callback(None)
        self.reactor.started[-1].exit()

        def over(_: Any) -> None:
            self.assertFalse(os.path.exists(folder or ""))
            self.assertEqual(self.companion.calls, ["open", "start", "stop"])

        return stopped.addCallback(over)  # type: ignore[no-any-return]

    def test_ready(self) -> None:
        """
        All serve when the operator's endpoint is there, too.
        """
        started = self.start()
        ready = self.supervisor.whenReady()
        for process in started:
            process.ready()
        self.assertNoResult(ready)
        self.companion.ready.callback(None)
        self.successResultOf(ready)
        self.companion.stopped.callback(None)

    def test_stopNow(self) -> None:
        """
        At once means the operator's endpoint, too.
        """
        processes = self.serve()
        self.companion.stopped.callback(None)
        stopped = self.supervisor.stopService()
        self.supervisor.stopNow()
        self.assertEqual(self.companion.calls, ["open", "start", "now"])
        for process in processes:
            process.exit()
        return stopped  # type: ignore[no-any-return]

    def test_noRoom(self) -> None:
        """
        Without a place for the folder nothing starts.
        """

        def full() -> None:
            raise OSError(28, "No space left on device")

        self.patch(self.folder, "make", full)
        self.companion.stopped.callback(None)
        self.start()
        self.assertEqual(self.failures, ["balws: the start failed: [Errno 28] No space left on device"])
