"""
Tests of L{balws.logs.repeats}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from balws.logs.repeats import BURST, KINDS, RATE, Repeats


def event(form: str = "again {n}", level: Any = LogLevel.warn, logger: str = "balws.some", **fields: Any) -> LogEvent:
    """
    @return: an event.
    """
    return {"log_format": form, "log_level": level, "log_namespace": logger, "log_time": 1.0, "n": 0, **fields}


class RepeatsTests(SynchronousTestCase):
    """
    The same line again and again.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.repeats = Repeats(self.clock.seconds)

    def said(self, *events: LogEvent) -> list[str]:
        """
        @return: what is written of these.
        """
        return [formatEvent(each) for given in events for each in self.repeats.passed(given)]

    def test_limit(self) -> None:
        """
        Five hundred at a time are written; what is beyond is counted, and after a second the next
        brings the number (RL16)
        """
        self.assertEqual(len(self.said(*(event() for _ in range(BURST - 1)))), BURST - 1)
        self.assertEqual(self.said(event(n=1), event(n=2), event(n=3), event(n=4)), ["again 1"])
        self.clock.advance(0.99)
        self.assertEqual(self.said(event(n=5)), ["again 5"])
        self.clock.advance(0.01)
        self.assertEqual(self.said(event(n=6)), ["3 more like this: again {n}", "again 6"])

    def test_rate(self) -> None:
        """
        A flood that goes on has ten lines a second, and one for the others; after a pause there
        is room for as many as at first (RL16)
        """
        self.said(*(event() for _ in range(BURST + 1)))
        for _ in range(5):
            self.clock.advance(1)
            said = self.said(*(event() for _ in range(100)))
            self.assertIn(said[0].partition(" more")[0], ("1", "90"))
            self.assertEqual(len(said), RATE + 1)
        self.clock.advance(BURST / RATE)
        self.assertEqual(len(self.said(*(event() for _ in range(700)))), BURST + 1)

    def test_anyBrings(self) -> None:
        """
        An event of another kind brings the sums, too, once.
        """
        self.said(*(event() for _ in range(BURST + 2)), *(event("other") for _ in range(BURST + 1)))
        self.clock.advance(1)
        *sums, end = self.said(event("end", LogLevel.info))
        self.assertEqual((sorted(sums), end), (["1 more like this: other", "2 more like this: again {n}"], "end"))
        self.assertEqual(self.said(event("end", LogLevel.info)), ["end"])

    def test_sum(self) -> None:
        """
        A sum is of the same level, logger and time as the last that it stands for.
        """
        last = event(log_time=7.0, log_system="s", worker=2)
        for _ in range(BURST + 1):
            self.repeats.passed(last)
        self.clock.advance(1)
        sum_, _ = self.repeats.passed(event("end"))
        for name in ("log_level", "log_namespace", "log_time", "log_system", "worker"):
            self.assertEqual(sum_[name], last[name])
        self.assertEqual((sum_["count"], sum_["form"]), (1, "again {n}"))

    def test_levels(self) -> None:
        """
        Warnings, errors and failures are counted; what is said in the usual course is not.
        """
        for level, most in (
            (LogLevel.info, 700),
            (None, 700),
            (LogLevel.warn, BURST),
            (LogLevel.error, BURST),
            (LogLevel.critical, BURST),
        ):
            self.assertEqual(len(self.said(*(event(f"at {level}", level) for _ in range(700)))), most)

    def test_kinds(self) -> None:
        """
        Other words, or the same of another logger, are another kind.
        """
        for given in (event("a"), event("b"), event("a", logger="balws.other")):
            self.assertEqual(len(self.said(*(given for _ in range(BURST)))), BURST)

    def test_audit(self) -> None:
        """
        Attempts to get in with wrong credentials are all written: they are evidence, and the throttle allows only so
        many.  Of what it does not bound, such as upgrades for a foreign page, so many are as of anything else.
        """
        for result, most in (
            ("unauthenticated", 700),
            ("given up", 700),
            ("throttled", BURST),
            ("forbidden", BURST),
            ("unavailable", BURST),
        ):
            self.repeats = Repeats(self.clock.seconds)
            attempt = {**event(logger="balws.audit"), "result": result}
            self.assertEqual(len(self.said(*(attempt for _ in range(700)))), most, result)

    def test_odd(self) -> None:
        """
        What has no format, or one that is no text, is written.
        """
        for form in (None, b"bytes", ["list"]):
            for _ in range(700):
                self.assertEqual(len(self.repeats.passed(event(form))), 1)  # type: ignore[arg-type]

    def test_inTheMidst(self) -> None:
        """
        An event that comes while another is looked at, as from what is collected as garbage, is
        written; nothing waits for itself.
        """
        inner: list[LogEvent] = []

        def seconds() -> float:
            if not inner:
                inner.extend(self.repeats.passed(event("inner")))
            return 0.0

        self.repeats = Repeats(seconds)
        self.assertEqual(self.said(event("outer")), ["outer"])
        self.assertEqual([formatEvent(each) for each in inner], ["inner"])

    def test_many(self) -> None:
        """
        So many kinds are told apart; what is beyond is written, and when a second has passed
        there is room again.
        """
        self.said(*(event(str(number)) for number in range(KINDS)))
        self.assertEqual(len(self.said(*(event("new") for _ in range(700)))), 700)
        self.clock.advance(1)
        self.assertEqual(len(self.said(*(event("new") for _ in range(700)))), BURST)
