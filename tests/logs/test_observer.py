"""
Tests of L{balws.logs.observer}.
"""

from __future__ import annotations

import json
from io import BytesIO, StringIO, TextIOWrapper

from twisted.logger import ILogObserver, Logger
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.logs.observer import observer


class _Stream(StringIO):
    """
    Fails as it is told.
    """

    failing: Exception | None = None
    flushed = 0

    def write(self, text: str, /) -> int:
        if self.failing is not None:
            raise self.failing
        return super().write(text)

    def flush(self) -> None:
        self.flushed += 1


class ObserverTests(SynchronousTestCase):
    """
    The log of a process.
    """

    def setUp(self) -> None:
        self.stream = _Stream()
        self.observer = observer("text", self.stream)
        self.logger = Logger(namespace="balws.some", observer=self.observer)

    def test_text(self) -> None:
        """
        Each event is a line, which can be seen at once.
        """
        verifyObject(ILogObserver, self.observer)
        self.logger.info("{a} came", a="x\ny")
        self.logger.warn("gone")
        self.assertEqual(self.stream.flushed, 2)
        first, second, end = self.stream.getvalue().split("\n")
        self.assertTrue(first.endswith(" [balws.some#info] x\\ny came"), first)
        self.assertTrue(second.endswith(" [balws.some#warn] gone"), second)
        self.assertEqual(end, "")

    def test_json(self) -> None:
        """
        Or an object.
        """
        Logger(namespace="balws.some", observer=observer("json", self.stream)).info("{a} came", a="x\ny")
        found = json.loads(self.stream.getvalue())
        self.assertEqual((found["message"], found["a"], found["logger"]), ("x\\ny came", "x\\ny", "balws.some"))

    def test_other(self) -> None:
        """
        There are no other forms.
        """
        self.assertRaises(KeyError, observer, "xml", self.stream)

    def test_debug(self) -> None:
        """
        Debug events, and those that say nothing, are left out.
        """
        self.logger.debug("debug")
        self.observer({})
        self.assertEqual((self.stream.getvalue(), self.stream.flushed), ("", 0))

    def test_repeats(self) -> None:
        """
        A flood of one warning is cut.
        """
        for _ in range(3000):
            self.logger.warn("again")
        self.assertLess(self.stream.getvalue().count("again"), 1500)  # a busy machine may need seconds

    def test_shortage(self) -> None:
        """
        A lack of files is told in our words.
        """
        port = Logger(namespace="twisted.internet.tcp.Port", observer=self.observer)
        port.info("Could not accept new connection ({acceptError})", acceptError="EMFILE")
        self.assertIn("[balws.server#warn] 1 connections could not be accepted", self.stream.getvalue())

    def test_unwritable(self) -> None:
        """
        A log that cannot be written disturbs nobody, and goes on when it can; then it says what
        is missing.
        """
        for problem in (OSError(28, "disk full"), BrokenPipeError(), ValueError("closed")):
            self.stream.failing = problem
            self.logger.info("lost")
        self.stream.failing = None
        self.logger.info("kept")
        self.logger.info("kept, too")
        self.assertEqual(self.observer.lost, 3)
        lines = [line.partition("] ")[2] for line in self.stream.getvalue().splitlines()]
        self.assertEqual(lines, ["kept", "3 lines before this could not be written.", "kept, too"])

    def test_characters(self) -> None:
        """
        Where characters are not known they are written out.
        """
        data = BytesIO()
        logger = Logger(observer=observer("text", TextIOWrapper(data, "latin-1", newline="\n")))
        logger.info("Ünal")
        logger.info("北 é")
        self.assertTrue(data.getvalue().endswith(b"] \\u5317 \\xe9\n"), data.getvalue())
        self.assertIn("] Ünal\n".encode("latin-1"), data.getvalue())
