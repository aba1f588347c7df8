"""
Tests of L{balws.logs.children}.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

from twisted.logger import LogEvent, Logger, LogLevel, LogPublisher, formatEvent, globalLogPublisher
from twisted.python.log import LogPublisher as OldPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.logs.children import MAX_LINE, fromChild, toParent
from balws.logs.observer import observer
from balws.logs.record import FIELDS, NAME
from balws.logs.repeats import BURST


class ChildrenTests(SynchronousTestCase):
    """
    One log of several processes.
    """

    def setUp(self) -> None:
        self.pipe = StringIO()
        self.logger = Logger(namespace="balws.some", observer=toParent(self.pipe))
        self.events: list[LogEvent] = []

    def pass_(self) -> None:
        """
        The parent reads what the child wrote.
        """
        for line in self.pipe.getvalue().encode("ascii").splitlines(keepends=True):
            fromChild(line, 2, self.events.append)

    def told(self, line: bytes) -> LogEvent:
        """
        @return: the event of one line.
        """
        fromChild(line, 3, self.events.append)
        return self.events[-1]

    def test_event(self) -> None:
        """
        What a worker logs is logged again with its number, at its own time and level.
        """
        self.logger.warn("{a} came", a="{x}\ny", count=2)
        self.pass_()
        (event,) = self.events
        self.assertEqual(formatEvent(event), "{x}\\ny came")
        self.assertEqual(
            (event["log_level"], event["log_namespace"], event["worker"], event["count"]),
            (LogLevel.warn, "balws.some", 2, 2),
        )
        self.assertTrue(0 < event["log_time"] < 10**11)

    def test_old(self) -> None:
        """
        What the old log writes looks as if this process had written it.
        """
        lines = []
        for worker in (False, True):
            output, pipe = StringIO(), StringIO()
            show = observer("text", output)
            publisher = LogPublisher()
            publisher.addObserver(toParent(pipe) if worker else show)
            OldPublisher(publisher, publisher).msg("balws starting on 80")
            if worker:
                fromChild(pipe.getvalue().encode("ascii"), 2, show)
            lines.append(output.getvalue().partition(" ")[2])
        self.assertEqual(lines, ["[-] balws starting on 80\n", "[-, worker 2] balws starting on 80\n"])

    def test_long(self) -> None:
        """
        What a worker has cut is not cut once more.
        """
        self.logger.info("{a} {a} {a} {a}", a="a" * 1000)
        self.pass_()
        self.assertEqual(formatEvent(self.events[0]).count("a"), 4000)
        stream = StringIO()
        observer("text", stream)(self.events[0])
        self.assertEqual(stream.getvalue().count("a" * 1000), 4)

    def test_failure(self) -> None:
        """
        A traceback comes along.
        """
        try:
            raise ValueError("why\x1b")
        except ValueError:
            self.logger.failure("oops")
        self.pass_()
        for form in ("text", "json"):
            stream = StringIO()
            observer(form, stream)(self.events[0])
            self.assertIn("builtins.ValueError: why", stream.getvalue())
            self.assertNotIn("in a worker", stream.getvalue())
            self.assertEqual(stream.getvalue().count("\n") > 1, form == "text")

    def test_limited(self) -> None:
        """
        What a worker logs is counted there and not once more; other lines are counted here.
        """
        stream = StringIO()
        parent = observer("text", stream)
        for _ in range(BURST):
            self.logger.warn("again")
        self.pass_()
        for event in self.events * 3:
            parent(event)
        self.assertEqual(stream.getvalue().count("again"), 3 * BURST)
        for _ in range(3 * BURST):
            parent(self.told(b"other"))
        self.assertLess(stream.getvalue().count("other"), 2 * BURST)

    def test_fields(self) -> None:
        """
        A field that looks like one of Twisted's own does nothing.
        """
        event = self.told(
            b'{"time": null, "level": "-", "logger": "a", "message": "m",'
            b' "log_level": 1, "worker": 9, "log_format": "{x}"}'
        )
        self.assertEqual((formatEvent(event), event["log_level"], event["worker"]), ("m", LogLevel.info, 3))

    def test_otherLines(self) -> None:
        """
        What no log wrote is a warning, safe and limited as all lines are.
        """
        for line, text in (
            (b"Fatal Python error: x\x1b\n", "Fatal Python error: x\x1b"),
            (b"\xff\r\n", "\ufffd"),
            (b"", ""),
            (b"5", "5"),
            (b"{}", "{}"),
            (b'{"level": "info", "logger": "a", "message": "m"}', None),
            (b'{"time": "noon", "level": "info", "logger": "a", "message": "m"}', None),
            (b'{"time": 5, "level": "info", "logger": "a", "message": "m"}', None),
            (b'{"time": null, "level": "loud", "logger": "a", "message": "m"}', None),
            (b'{"time": null, "level": [], "logger": "a", "message": "m"}', None),
            (b'{"time": null, "level": "info", "logger": 5, "message": "m"}', None),
            (b'{"time": null, "level": "info", "logger": "a", "message": 5}', None),
            (b"[" * 100_000, None),
        ):
            event = self.told(line)
            self.assertEqual(event["line"], line.decode() if text is None else text)
            self.assertEqual(
                (event["log_level"], event["log_namespace"], event["worker"]), (LogLevel.warn, "balws.worker", 3)
            )

    def test_tooLong(self) -> None:
        """
        A line that no log of ours writes is not looked into.
        """
        line = b'{"time": null, "level": "info", "logger": "a", "message": "m", "a": "%s"}'
        most = line % (b"a" * (MAX_LINE - len(line) + 2))
        self.assertEqual(len(most), MAX_LINE)
        self.assertEqual(formatEvent(self.told(most)), "m")
        self.assertIn("line", self.told(most + b"\n"))

    def test_longest(self) -> None:
        """
        The longest line that there can be fits.
        """
        fields: dict[str, Any] = {f"a{number}".ljust(NAME, "b"): "\U00010400" * 5000 for number in range(FIELDS)}
        try:
            raise ValueError("\n".join(["\U00010400" * 5000] * 200))
        except ValueError:
            self.logger.failure("\U00010400" * 10_000, **fields)
        self.assertTrue(MAX_LINE / 4 < len(self.pipe.getvalue()) < MAX_LINE, len(self.pipe.getvalue()))

    def test_publisher(self) -> None:
        """
        Without being told where to, it goes where everything does.
        """
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        fromChild(b"words", 1)
        self.assertEqual([formatEvent(event) for event in self.events], ["words"])
