"""
Tests of L{balws.logs.record}.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure
from twisted.python.log import LogPublisher as OldPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.logs.record import FIELDS, MESSAGE, Record, recordOf


class Unwilling:
    """
    Cannot be written.
    """

    def __str__(self) -> str:
        raise ValueError("x\ny")

    __repr__ = __str__


class Host:
    """
    Has something to say.
    """

    name = "a\nb"

    def port(self) -> int:
        return 9090


def recorded(form: str, **fields: Any) -> Record:
    """
    @return: the record of what is logged so.
    """
    found: list[Record | None] = []
    Logger(namespace="balws.some", observer=lambda event: found.append(recordOf(event))).warn(form, **fields)
    (record,) = found
    assert record is not None
    return record


def failure(words: str = "why") -> Failure:
    """
    @return: one that was raised.
    """
    try:
        raise ValueError(words)
    except ValueError:
        return Failure()


class MessageTests(SynchronousTestCase):
    """
    What an event says.
    """

    def test_formats(self) -> None:
        """
        Attributes, items, calls, conversions and specifications mean what they mean to Twisted.
        """
        message = recorded(
            "{a} {b!r} {b!s} {host.name} {host.port()} {make()} {items[0]} {items[1][k]} {n:.2f} {w:>{width}}",
            a=1,
            b="x\n",
            host=Host(),
            make=lambda: "made\n",
            items=["first\n", {"k": "\x1b"}],
            n=1.234,
            w="r",
            width=3,
        ).message
        self.assertEqual(message, "1 'x\\n' x\\n a\\nb 9090 made\\n first\\n \\x1b 1.23   r")

    def test_braces(self) -> None:
        """
        Braces in a value are only braces (RL16)
        """
        for value in ("{log_source}", "{}", "{0}", "{a.__class__}", "{", "}}"):
            self.assertEqual(recorded("got {a}", a=value).message, f"got {value}")

    def test_value(self) -> None:
        """
        Each value is cut to 1 KiB, and the whole message has an end, too (RL16)
        """
        message = recorded("{a} and {b}", a="a" * 1048576, b="b").message
        self.assertTrue(message.endswith("... 1048576 in all and b"), message[-40:])
        self.assertLess(len(message), 1100)
        many = "{a}" * 20
        self.assertLessEqual(len(recorded(many, a="a" * 5000).message.encode()), MESSAGE)
        self.assertLessEqual(len(recorded("x" * 1048576).message.encode()), MESSAGE)

    def test_ownText(self) -> None:
        """
        A format of several lines is one line, too.
        """
        self.assertEqual(recorded("a\nb\x1b").message, "a\\nb\\x1b")

    def test_unwilling(self) -> None:
        """
        A value that cannot be written says which error came of it; the others are there.
        """
        self.assertEqual(recorded("{a} {a!r} {b}", a=Unwilling(), b=2).message, "<ValueError> <ValueError> 2")

    def test_wrongFormat(self) -> None:
        """
        A format that does not fit its event still gives a line (RL16)
        """
        for form, name in (
            ("{missing}", "KeyError"),
            ("{}", "IndexError"),
            ("{0}", "IndexError"),
            ("{", "ValueError"),
            ("{a.b}", "AttributeError"),
            ("{a[b]}", "TypeError"),
            ("{a()}\n", "TypeError"),
            ("{a!z}", "ValueError"),
        ):
            shown = form.replace("\n", "\\n")
            self.assertEqual(recorded(form, a=1).message, f"An event that cannot be written ({name}): {shown}")

    def test_kindsOfFormat(self) -> None:
        """
        Bytes are text, and so is anything else.
        """
        for form, message in ((b"\xff {a}", "\ufffd 1"), (5, "5"), (Unwilling(), "<ValueError>")):
            record = recordOf({"log_format": form, "a": 1})
            assert record is not None
            self.assertEqual(record.message, message)

    def test_nothing(self) -> None:
        """
        What says nothing is no record.
        """
        for event in ({}, {"log_format": ""}, {"log_level": LogLevel.info, "a": 1}):
            self.assertIsNone(recordOf(event))


class HeadTests(SynchronousTestCase):
    """
    When, who and how bad.
    """

    def test_usual(self) -> None:
        """
        All is taken from the event.
        """
        record = recordOf(
            {"log_format": "x", "log_time": 5, "log_level": LogLevel.error, "log_namespace": "a.b", "worker": 3}
        )
        assert record is not None
        self.assertEqual(
            (record.time, record.level, record.logger, record.source, record.worker),
            (5.0, "error", "a.b", "a.b#error", 3),
        )

    def test_absent(self) -> None:
        """
        What the event does not say is a dash.
        """
        record = recordOf({"log_format": "x"})
        assert record is not None
        self.assertEqual(
            (record.time, record.level, record.logger, record.source, record.worker), (None, "-", "-", "-#-", None)
        )

    def test_unusable(self) -> None:
        """
        What makes no sense is as if it was absent, or escaped.
        """
        for time in (float("nan"), float("inf"), 10**400, "noon", True, None):
            record = recordOf({"log_format": "x", "log_time": time, "log_level": "high\n", "worker": "2\n"})
            assert record is not None
            self.assertEqual((record.time, record.level, record.worker), (None, "-", None))
        record = recordOf({"log_format": "x", "log_namespace": "a\nb", "log_system": "c\x1b" * 1000})
        assert record is not None
        self.assertEqual(record.logger, "a\\nb")
        self.assertTrue(record.source.startswith("c\\x1bc"))
        self.assertLessEqual(len(record.source), 256)


class FieldTests(SynchronousTestCase):
    """
    Values beside the message.
    """

    def test_plain(self) -> None:
        """
        Plain ones are kept, safe and limited.
        """
        fields = recorded(
            "x",
            s="a\n",
            big="b" * 5000,
            i=1,
            f=1.5,
            yes=True,
            none=None,
            nan=float("nan"),
            inf=float("-inf"),
            huge=2**63,
        ).fields
        self.assertEqual(fields.pop("big", "")[-15:], "... 5000 in all")
        self.assertEqual(
            fields,
            {
                "s": "a\\n",
                "i": 1,
                "f": 1.5,
                "yes": True,
                "none": None,
                "nan": None,
                "inf": None,
                "huge": "a number of 64 bits",
            },
        )

    def test_left(self) -> None:
        """
        Others are not: objects, names of ours or of Twisted's, names that are no names.
        """
        event = {
            "log_format": "x",
            "time": 1,
            "level": "a",
            "logger": "a",
            "message": ("a",),
            "traceback": "a",
            "log_mine": 1,
            "a\nb": 1,
            "n" * 65: 1,
            5: 1,
            "list": [1],
            "object": object(),
        }
        record = recordOf(event)
        assert record is not None
        self.assertEqual(record.fields, {})

    def test_many(self) -> None:
        """
        So many and no more.
        """
        for count in (FIELDS - 1, FIELDS, FIELDS + 1):
            fields = recorded("x", **{f"a{number}": number for number in range(count)}).fields
            self.assertEqual(len(fields), min(count, FIELDS))


class TracebackTests(SynchronousTestCase):
    """
    Failures.
    """

    def test_lines(self) -> None:
        """
        Each line of a traceback stands for itself and is safe; what stood on several in an
        error's words does, too (RL16)
        """
        record = recorded("oops", log_failure=failure("first\nsecond\x1b\u2028third" + "x" * 5000))
        self.assertEqual(record.message, "oops")
        self.assertEqual(record.traceback[0], "Traceback (most recent call last):")
        self.assertEqual(record.traceback[-2], "builtins.ValueError: first")
        self.assertTrue(record.traceback[-1].startswith("second\\x1b\\u2028thirdxx"))
        for line in record.traceback:
            self.assertTrue(line.isprintable())
            self.assertLessEqual(len(line), 1024)

    def test_many(self) -> None:
        """
        A traceback without end is cut in its middle.
        """
        for extra, size in ((98, 100), (99, 101), (100, 101), (100_000, 101)):
            told = failure()
            self.patch(told, "getTraceback", lambda extra=extra: "\n".join(map(str, range(extra + 2))))
            lines = recorded("x", log_failure=told).traceback
            self.assertEqual(len(lines), size)
            self.assertEqual((lines[0], lines[-1]), ("0", str(extra + 1)))
            self.assertEqual("lines in all" in lines[20], extra >= 100)

    def test_unwilling(self) -> None:
        """
        One that cannot be had is said to be so.
        """
        told = failure()
        self.patch(told, "getTraceback", lambda: str(Unwilling()))
        self.assertEqual(recorded("x", log_failure=told).traceback, ("no traceback can be had: ValueError",))

    def test_alone(self) -> None:
        """
        A failure needs no words; what is no failure has no traceback.
        """
        record = recordOf({"log_failure": failure()})
        assert record is not None
        self.assertEqual((record.message, record.traceback[-1]), ("", "builtins.ValueError: why"))
        self.assertEqual(recorded("x", log_failure="none").traceback, ())

    def test_old(self) -> None:
        """
        The old C{log.err} has its traceback once, and the old C{log.msg} its words.
        """
        found: list[Record | None] = []
        publisher = OldPublisher(publishPublisher=LogPublisher(lambda event: found.append(recordOf(event))))
        publisher.msg("some\nwords", system="s")
        publisher.msg(failure=failure(), why="oops\n", isError=True)
        publisher.msg(failure=failure(), isError=True)
        first, second, third = found
        assert first is not None
        assert second is not None
        assert third is not None
        self.assertEqual((first.message, first.source, first.level), ("some\\nwords", "s", "info"))
        self.assertEqual((second.message, second.level), ("oops\\n", "critical"))
        self.assertEqual(second.traceback[-1], "builtins.ValueError: why")
        self.assertEqual(third.message, "Unhandled Error")
