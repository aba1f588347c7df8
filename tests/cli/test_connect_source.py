"""
Tests of L{balws.cli.connect.source}.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect.source import Lines
from balws.errors import Error
from tests.cli.test_connect_terminal import FakeReactor


class LinesTests(SynchronousTestCase):
    """
    A pipe, and no process.
    """

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.read, self.write = os.pipe()
        self.addCleanup(os.close, self.read)
        self.open = True
        self.addCleanup(self.close)
        self.lines: list[bytes] = []

    def close(self) -> None:
        if self.open:
            self.open = False
            os.close(self.write)

    def collect(self, **fields: Any) -> Deferred[None]:
        """
        @return: fires at the end.
        """

        async def each() -> None:
            async for line in Lines(self.reactor, self.read, **fields):
                self.lines.append(line)

        return Deferred.fromCoroutine(each())

    def give(self, data: bytes) -> None:
        os.write(self.write, data)
        (reader,) = self.reactor.readers
        reader.doRead()

    def test_lines(self) -> None:
        """
        Each line is a message as soon as it is complete, the last one without its end, too.
        """
        done = self.collect()
        (reader,) = self.reactor.readers
        self.assertEqual((reader.fileno(), reader.logPrefix()), (self.read, "standard input"))
        self.give(b"one\ntw")
        self.assertEqual(self.lines, [b"one"])
        self.give(b"o\n\nthree")
        self.assertEqual(self.lines, [b"one", b"two", b""])
        self.close()
        self.reactor.readers[0].doRead()
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(self.lines[3:], [b"three"])
        self.assertEqual(self.reactor.readers, [])

    def test_separator(self) -> None:
        """
        Another byte may stand between them.
        """
        done = self.collect(separator=b"\0")
        self.give(b"a\nb\0")
        self.reactor.readers[0].connectionLost()
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(self.lines, [b"a\nb"])

    def test_longest(self) -> None:
        """
        A message has an end.
        """
        done = self.collect(longest=4)
        self.give(b"1234\n1234")
        self.assertNoResult(done)
        self.give(b"5")
        self.assertEqual(
            str(self.failureResultOf(done, Error).value), "a message on the standard input is over 4 bytes"
        )

    def test_cancelled(self) -> None:
        """
        Who needs no more does not read any more.
        """
        done = self.collect()
        self.assertEqual(len(self.reactor.readers), 1)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(self.reactor.readers, [])

    def test_broken(self) -> None:
        """
        What cannot be read is at its end.
        """

        async def each() -> None:
            async for line in Lines(self.reactor, 1 << 20):
                self.lines.append(line)

        done = Deferred.fromCoroutine(each())
        self.reactor.readers[0].doRead()
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(self.lines, [])
