"""
Tests of L{balws.reactor}; among them Twisted's own tests of reactors.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from importlib import import_module
from time import monotonic
from types import ModuleType
from typing import Any

from twisted.application.reactors import getReactorTypes
from twisted.internet.epollreactor import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPollReactor
from twisted.internet.error import ConnectionDone, ConnectionFdescWentAway, ConnectionLost, ReactorAlreadyInstalledError
from twisted.python import log
from twisted.trial.unittest import SynchronousTestCase

from balws import reactor
from balws.reactor import DirectReactor
from balws.timekeeping import keepSteady
from tests.commands import environment
from tests.selectables import Half, ReactorTestCase, Selectable

#: Tests of Twisted that start no processes; those take two seconds.
TWISTEDS = ("core", "fdset", "newtls", "socket", "stdio", "tcp", "threads", "time", "tls", "udp", "unix")


class SameMixin:
    """
    What must be as with Twisted's own.
    """

    def test_reads(self: Any) -> None:
        """
        Who has something to read is told so as long as it has.
        """
        one, other = self.pair("one")
        self.assertEqual(self.turn(), [])
        other.send(b"12")
        one.read = lambda: one.file.recv(1) and None
        self.assertEqual([self.turn(), self.turn(), self.turn()], [[("one", "read")], [("one", "read")], []])

    def test_readsAndWrites(self: Any) -> None:
        """
        Who can do both reads first, and does not write when that was its end.
        """
        one, other = self.pair("one")
        self.reactor.addWriter(one)
        self.assertEqual(self.turn(), [("one", "write")])
        other.send(b"1")
        self.assertEqual(self.turn(), [("one", "read"), ("one", "write")])
        one.read = ConnectionLost
        self.assertEqual(self.turn(), [("one", "read"), ("one", ConnectionLost)])
        self.assertEqual(self.turn(), [])

    def test_order(self: Any) -> None:
        """
        Each has its turn in the order in which the system tells of it.
        """
        several = [self.pair(str(number))[0] for number in range(20)]
        told = several[7:] + several[:7]
        self.assertEqual(self.turn(*((each, EPOLLIN) for each in told)), [(each.name, "read") for each in told])

    def test_readFails(self: Any) -> None:
        """
        What C{doRead} raises is logged as its own, and it is dropped; the others have their turn.
        """
        one, _ = self.pair("one")
        two, _ = self.pair("two")
        self.reactor.addWriter(one)
        one.read = lambda: 1 / 0
        calls = self.turn((one, EPOLLIN), (two, EPOLLIN))
        self.assertEqual(calls, [("one", "read"), ("one", ZeroDivisionError), ("two", "read")])
        self.assertEqual(self.systems(), ["the log of one"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertNotIn(one, self.reactor.getReaders() + self.reactor.getWriters())

    def test_interrupted(self: Any) -> None:
        """
        So it is with what is no C{Exception}.
        """
        one, _ = self.pair("one")

        def interrupt() -> None:
            raise KeyboardInterrupt

        one.read = interrupt
        self.assertEqual(self.turn((one, EPOLLIN)), [("one", "read"), ("one", KeyboardInterrupt)])
        self.assertEqual(self.systems(), ["the log of one"])
        self.assertEqual(len(self.flushLoggedErrors(KeyboardInterrupt)), 1)

    def test_ends(self: Any) -> None:
        """
        Who says that its connection is over is told the same, and asked no more.
        """
        for error in (ConnectionDone, ConnectionLost, OSError):
            one, _ = self.pair("one")
            one.read = error
            self.assertEqual(self.turn((one, EPOLLIN)), [("one", "read"), ("one", error)])
            self.assertNotIn(one, self.reactor.getReaders())

    def test_halfCloses(self: Any) -> None:
        """
        Who may still write when nothing more comes is told that only.
        """
        one, _ = self.pair("one", Half)
        self.reactor.addWriter(one)
        one.read = ConnectionDone
        self.assertEqual(self.turn((one, EPOLLIN)), [("one", "read"), ("one", "no more", ConnectionDone)])
        self.assertNotIn(one, self.reactor.getReaders())
        self.assertIn(one, self.reactor.getWriters())

    def test_halfClosesByFailure(self: Any) -> None:
        """
        When it raises that, instead of saying it, it has failed.
        """
        one, _ = self.pair("one", Half)

        def fail() -> None:
            raise ConnectionDone

        one.read = fail
        self.assertEqual(self.turn((one, EPOLLIN)), [("one", "read"), ("one", ConnectionDone)])
        self.assertEqual(len(self.flushLoggedErrors(ConnectionDone)), 1)

    def test_endFails(self: Any) -> None:
        """
        What is raised while somebody is told of the end is logged as its own; the others have their turn.
        """
        for read in (ConnectionDone, lambda: {}["key"]):
            one, _ = self.pair("one")
            two, _ = self.pair("two")
            one.read, one.lost = read, lambda: 1 / 0
            self.assertEqual(self.turn((one, EPOLLIN), (two, EPOLLIN))[::2], [("one", "read"), ("two", "read")])
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
            self.reactor.removeReader(two)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(self.systems(), ["the log of one"] * 3)

    def test_prefixFails(self: Any) -> None:
        """
        A failure is logged even when nobody can say whose it is.
        """
        one, _ = self.pair("one")
        one.read = lambda: 1 / 0
        one.logPrefix = lambda: {}["prefix"]
        self.assertEqual(self.turn((one, EPOLLIN)), [("one", "read"), ("one", ZeroDivisionError)])
        self.assertEqual(set(self.systems()), {"(buggy logPrefix method)"})
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_gone(self: Any) -> None:
        """
        Who has no descriptor any more is not read, and told so.
        """
        one, _ = self.pair("one", Half)
        number = one.fileno()
        one.fileno = lambda: -1
        self.reactor._poller.events = [(number, EPOLLIN)]
        self.reactor.iterate(0)
        self.assertEqual(self.calls, [("one", ConnectionFdescWentAway)])
        self.assertNotIn(one, self.reactor.getReaders())

    def test_goneWithFailure(self: Any) -> None:
        """
        Who cannot say what its descriptor is is not read, and dropped.
        """
        one, _ = self.pair("one")
        number = one.fileno()
        answers = [number, number]
        one.fileno = lambda: 1 / 0 if len(answers) == 2 and answers.pop() else number
        self.reactor._poller.events = [(number, EPOLLIN)]
        self.reactor.iterate(0)
        self.assertEqual(self.calls, [("one", ZeroDivisionError)])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_hangsUp(self: Any) -> None:
        """
        When the other end of what is read is gone it is over; before that, what is left is read.
        """
        reading, writing = self.pipe("it")
        self.reactor.addReader(reading)
        writing.file.write(b"1")
        writing.file.close()
        reading.read = lambda: reading.file.read(1) and None
        self.assertEqual(self.turn(), [("it", "read")])
        self.assertEqual(self.turn(), [("it", ConnectionDone)])

    def test_hangsUpOnWriter(self: Any) -> None:
        """
        When the other end of what is only written is gone it is lost.
        """
        reading, writing = self.pipe("it")
        self.reactor.addWriter(writing)
        reading.file.close()
        self.assertEqual(self.turn(), [("it", ConnectionLost)])

    def test_closedBefore(self: Any) -> None:
        """
        Who was closed by somebody with an earlier turn has none.
        """
        one, _ = self.pair("one")
        for event in (EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLIN | EPOLLHUP):
            two, _ = self.pair("two")
            one.read = lambda two=two: self.reactor.removeReader(two) or two.file.close()
            self.assertEqual(self.turn((one, EPOLLIN), (two, event)), [("one", "read")])

    def test_steadyClock(self: Any) -> None:
        """
        Its timers can be made to count by the clock that is never set, and are called when due (RL09).
        """
        keepSteady(self.reactor)
        self.assertIs(self.reactor.seconds, monotonic)
        self.reactor.callLater(0, self.calls.append, "now")
        self.reactor.callLater(1000, self.calls.append, "later")
        self.assertEqual(self.turn(), ["now"])
        self.assertGreater(self.reactor.timeout(), 900)


class DirectReactorTests(SameMixin, ReactorTestCase):
    """
    With balws' reactor.
    """


class EPollReactorTests(SameMixin, ReactorTestCase):
    """
    With Twisted's: what the tests above expect is what it does.
    """

    factory = EPollReactor


class DifferentTests(ReactorTestCase):
    """
    What is not as with Twisted's own, which is tried beside it.
    """

    def test_system(self) -> None:
        """
        What is logged while somebody reads does not say by whom; while it writes it does.
        """
        for factory, found in ((DirectReactor, "-"), (EPollReactor, "the log of one")):
            self.reactor = self.build(factory)
            one, _ = self.pair("one")
            one.read = lambda: log.msg("I read")
            one.doWrite = lambda: log.msg("I write")  # type: ignore[method-assign]
            self.reactor.addWriter(one)
            self.turn((one, EPOLLIN), (one, EPOLLOUT))
            said = {event["message"]: event["system"] for event in self.events}
            self.assertEqual((said[("I read",)], said[("I write",)]), (found, "the log of one"))

    def test_numberAgain(self) -> None:
        """
        The hang-up of somebody who is gone does not end whoever has its number since, as it does with
        Twisted's; all else finds nothing to do there.
        """
        for event in (EPOLLHUP, EPOLLERR, EPOLLHUP | EPOLLERR | EPOLLOUT):
            for factory, heard in ((DirectReactor, []), (EPollReactor, [("new", ConnectionDone)])):
                self.reactor = self.build(factory)
                one, _ = self.pair("one")
                old, _ = self.pair("old")
                new, _ = self.pair("new")
                self.reactor.removeReader(new)

                def replace(old: Selectable = old, new: Selectable = new) -> None:
                    number = old.fileno()
                    self.reactor.removeReader(old)
                    old.file.close()
                    new.file = socket.socket(fileno=os.dup2(new.fileno(), number))
                    self.addCleanup(new.file.close)
                    self.reactor.addReader(new)

                one.read = replace
                self.assertEqual(self.turn((one, EPOLLIN), (old, event)), [("one", "read"), *heard])


class InstallTests(SynchronousTestCase):
    """
    How it becomes the process's reactor.
    """

    def test_install(self) -> None:
        """
        C{install} makes it the one that everybody imports.
        """
        program = (
            "from balws.reactor import install; install()\n"
            "from twisted.internet import reactor; print(type(reactor).__name__)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=60
        )
        self.assertEqual((done.stdout, done.stderr), ("DirectReactor\n", ""))

    def test_tooLate(self) -> None:
        """
        Where there is a reactor already, that is said.
        """
        made: list[Any] = []
        self.patch(reactor, "DirectReactor", lambda: made.append(DirectReactor()) or made[0])
        self.assertRaises(ReactorAlreadyInstalledError, reactor.install)
        made[0]._poller.close()
        for waker in made[0]._internalReaders:
            waker.connectionLost(None)

    def test_named(self) -> None:
        """
        twistd finds it by its name.
        """
        found = [each for each in getReactorTypes() if each.shortName == "balws"]
        self.assertEqual([each.moduleName for each in found], ["balws.reactor"])

    def test_elsewhere(self) -> None:
        """
        Where there is no epoll, the error says what it needs and what to take instead.
        """
        name = "twisted.internet.epollreactor"
        real = sys.modules[name]
        self.addCleanup(sys.modules.__setitem__, name, real)
        sys.modules[name] = None  # type: ignore[assignment]
        spec = importlib.util.spec_from_file_location("elsewhere", reactor.__file__)
        assert spec is not None
        assert spec.loader is not None
        error = self.assertRaises(ImportError, spec.loader.exec_module, importlib.util.module_from_spec(spec))
        self.assertEqual(str(error), "balws' reactor needs Linux' epoll; use Twisted's own reactor here")


def _lostFileDescriptor(self: Any) -> None:
    """
    Of a descriptor that was closed behind its back, and its number given to another, it is told nothing;
    Twisted leaves its own reactor out here by its name.
    """
    built = self.buildReactor()
    (_, old), (sending, new) = self._connectedPair(), self._connectedPair()
    calls: list[Any] = []
    one = Selectable(calls, "one", old)
    built.addReader(one)
    number = os.dup2(new.fileno(), old.detach())
    self.addCleanup(os.close, number)
    one.fileno = lambda: number  # type: ignore[method-assign]
    sending.send(b"x")
    built.iterate(0)
    self.assertEqual(calls, [])
    del built._selectables[number]  # Twisted's test has an end of its own for it
    built._reads.discard(number)


def _logPrefixOf(each: Any) -> Any:
    def test_logPrefix(self: Any) -> None:
        """
        Who reads has no logging context, which is what Twisted's test sees and nothing else.
        """
        try:
            each.test_logPrefix(self)
        except self.failureException as failure:
            self.assertEqual(str(failure), "'Custom Client' not in '-'")
        else:
            (logged,) = self.flushLoggedErrors(self.failureException)
            self.assertIn("'Custom Datagrams (UDP)' != '-'", logged.getErrorMessage())

    return test_logPrefix


def twisteds() -> dict[str, type]:
    """
    @return: the classes with which Twisted tests its epoll reactor, with balws' in its place.
    """
    # They import a library that only few of them use, and none of these.
    missing = importlib.util.find_spec("hamcrest") is None
    if missing:
        sys.modules["hamcrest"] = ModuleType("hamcrest")
    made: dict[str, type] = {}
    try:
        for name in TWISTEDS:
            for key, each in vars(import_module(f"twisted.internet.test.test_{name}")).items():
                if not key.endswith("_EPollReactorTests") or key.startswith("TCP6"):
                    continue  # another reactor's, or for a machine with IPv6
                fields: dict[str, Any] = {"reactorFactory": DirectReactor, "__module__": __name__}
                if hasattr(each, "test_lostFileDescriptor"):
                    fields["test_lostFileDescriptor"] = _lostFileDescriptor
                if hasattr(each, "test_logPrefix"):
                    fields["test_logPrefix"] = _logPrefixOf(each)
                key = key.replace("EPoll", "Direct")
                made[key] = type(key, (each,), fields)
    finally:
        if missing:
            del sys.modules["hamcrest"]
    return made


globals().update(twisteds())
