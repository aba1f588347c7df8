"""
Tests of L{balws.workers.pipe}.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IWriteDescriptor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.workers import pipe
from balws.workers.pipe import LogPipe


class Reactor:
    """
    Knows who wants to write.
    """

    def __init__(self) -> None:
        self.writers: set[Any] = set()

    def callFromThread(self, what: Any) -> None:
        what()

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)


class LogPipeTests(SynchronousTestCase):
    """
    A pipe that is read, is not read, or is broken.
    """

    def setUp(self) -> None:
        self.reading, self.writing = os.pipe()
        self.addCleanup(self.close)
        os.set_blocking(self.reading, False)
        self.size = fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, 4096)
        self.log = LogPipe(self.writing)
        self.reactor = Reactor()

    def close(self) -> None:
        for fd in (self.reading, self.writing):
            try:
                os.close(fd)
            except OSError:
                pass

    def read(self) -> bytes:
        """
        @return: all that is there.
        """
        data = b""
        try:
            while more := os.read(self.reading, 65536):
                data += more
        except BlockingIOError:
            pass
        return data

    def test_written(self) -> None:
        """
        A line is there at once, also before there is a reactor.
        """
        verifyObject(IWriteDescriptor, self.log)
        self.log.write("one\n")
        self.log.flush()
        self.assertEqual(self.read(), b"one\n")

    def test_unread(self) -> None:
        """
        What is not read waits for the reactor, and comes in order.
        """
        self.log.attach(self.reactor)
        lines = [f"{number:099}\n" for number in range(100)]
        for line in lines:
            self.log.write(line)
        self.assertEqual(self.reactor.writers, {self.log})
        self.assertEqual(self.log.fileno(), self.writing)
        data = b""
        while self.reactor.writers:
            data += self.read()
            self.log.doWrite()
        self.assertEqual(data + self.read(), "".join(lines).encode())

    def test_attachedLater(self) -> None:
        """
        What waits already when the reactor comes is written by it.
        """
        self.log.write("a" * 5000)
        self.log.attach(self.reactor)
        self.assertEqual(self.reactor.writers, {self.log})

    def test_lost(self) -> None:
        """
        What is beyond the limit is lost, and how many lines these were is said later.
        """
        self.patch(pipe, "MAX_WAITING", 1000)
        os.write(self.writing, b"x" * self.size)
        self.log.write("a" * 999 + "\n")
        self.log.write("b")
        self.log.write("c")
        self.assertEqual(self.read(), b"x" * self.size)
        data = b""
        for _ in range(2):
            self.log.write("")
            data += self.read()
        self.assertEqual(data, b"a" * 999 + b"\n2 lines of the log were lost: nobody read them.\n")

    def test_inTheMidst(self) -> None:
        """
        A line that comes while another is written, as from what is collected as garbage, follows it;
        nothing waits for itself, and nothing is written twice.
        """
        real, lines = os.write, ["inner\n"]

        def write(fd: int, data: bytes) -> int:
            written = real(fd, data)
            if lines:
                self.log.write(lines.pop())
            return written

        self.patch(os, "write", write)
        self.log.write("outer\n")
        data = self.read()
        self.log.write("")
        self.assertEqual(data + self.read(), b"outer\ninner\n")

    def test_broken(self) -> None:
        """
        When the parent is gone nothing is raised, and nothing is kept.
        """
        self.log.attach(self.reactor)
        os.close(self.reading)
        self.log.write("one\n")
        self.log.write("two\n")
        self.assertEqual(self.reactor.writers, set())
        self.log.finish()

    def test_brokenByReactor(self) -> None:
        """
        The same when it is the reactor that notices.
        """
        self.log.attach(self.reactor)
        self.log.write("x" * (self.size + 1))
        self.log.connectionLost(Failure(ConnectionLost()))
        self.log.doWrite()
        self.assertEqual(self.reactor.writers, set())

    def test_finish(self) -> None:
        """
        When the process ends what waits is given a moment: all of it where somebody reads, and
        no more than a moment where nobody does.
        """
        self.patch(pipe, "_LAST", 0.02)
        self.log.write("x" * self.size + "y")
        self.log.finish()
        self.assertEqual(self.read(), b"x" * self.size)
        self.log.finish()
        self.assertEqual(self.read(), b"y")
