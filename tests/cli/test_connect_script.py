"""
Tests of L{balws.cli.connect.script}.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.connect import script as module
from balws.cli.connect.outcome import Outcome
from balws.cli.connect.script import Plan, Script, given
from balws.errors import Error
from tests.cli.connecting import Place


class FakePrinted:
    """
    Keeps what is printed.

    @ivar left: for how many messages somebody reads.
    """

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.left = 1000
        self.isAbandoned = False

    def put(self, message: str | bytes) -> None:
        if not self.left:
            raise BrokenPipeError
        self.left -= 1
        self.messages.append(message)

    def abandon(self) -> None:
        self.isAbandoned = True


class ScriptTests(SynchronousTestCase):
    """
    Conversations that are known before.
    """

    def setUp(self) -> None:
        self.place = Place()
        self.clock = self.place.clock
        self.printed = FakePrinted()
        self.addCleanup(lambda: self.clock.advance(100))

    def begin(self, *texts: str, source: AsyncIterator[bytes] | None = None, **plan: Any) -> Deferred[Outcome]:
        """
        @return: fires with its end.
        """
        client = self.successResultOf(self.place.connect("ws://localhost/echo"))
        printed: Any = self.printed
        script = Script(Plan(**plan), given(texts) if source is None else source, printed, self.clock)
        done = Deferred.fromCoroutine(script.hold(client))
        self.clock.advance(0)
        return done

    def outcome(self, done: Deferred[Outcome]) -> Outcome:
        """
        @return: its end; nothing is left behind.
        """
        self.clock.advance(1)
        outcome = self.successResultOf(done)
        self.clock.advance(1)
        self.assertEqual(self.place.listener.callers, [])
        return outcome

    def test_answers(self) -> None:
        """
        It ends when as many messages came as were sent.
        """
        self.assertEqual(self.outcome(self.begin("one", "two")), Outcome(0, ()))
        self.assertEqual(self.printed.messages, ["one", "two"])

    def test_nothing(self) -> None:
        """
        Without anything to send it connects, and that is all.
        """
        self.assertEqual(self.outcome(self.begin()), Outcome(0, ()))

    def test_binary(self) -> None:
        """
        Messages are binary on demand.
        """
        self.assertEqual(self.outcome(self.begin("one", isBinary=True)), Outcome(0, ()))
        self.assertEqual(self.printed.messages, [b"one"])

    def test_expect(self) -> None:
        """
        It ends after so many messages, when everything was sent.
        """
        self.assertEqual(self.outcome(self.begin("one", "two", expect=0)), Outcome(0, ()))
        done = self.begin("nothing", expect=1)
        self.clock.advance(50)
        self.assertNoResult(done)
        self.place.listener.callers[0].writeTextMessage("unasked")
        self.assertEqual(self.outcome(done), Outcome(0, ()))
        self.assertEqual(self.printed.messages[-1], "unasked")

    def test_untilClose(self) -> None:
        """
        It ends when the server closes, and how is the status.
        """
        for code, status in ((1000, 0), (4000, 4)):
            done = self.begin("one", "two", untilClose=True)
            self.clock.advance(20)
            self.assertNoResult(done)
            self.place.listener.callers[0].close(code, timeout=0)
            self.assertEqual(self.outcome(done).status, status)

    def test_wait(self) -> None:
        """
        It ends some time after the last message was sent.
        """
        done = self.begin("one", wait=3)
        self.clock.advance(2.9)
        self.assertNoResult(done)
        self.clock.advance(0.1)
        self.assertEqual(self.outcome(done), Outcome(0, ()))
        self.assertEqual(self.outcome(self.begin("one", wait=0)), Outcome(0, ()))

    def test_closedEarly(self) -> None:
        """
        A server that closes before all answers came has failed, with whatever code.
        """
        self.assertEqual(
            self.outcome(self.begin("one", "close 1000")),
            Outcome(1, ("the server closed: 1000, normal closure", "1 of 2 messages came")),
        )
        self.assertEqual(
            self.outcome(self.begin("close 1001", expect=3)).lines[1], "0 of 3 messages came"
        )
        self.assertEqual(self.outcome(self.begin("close 4001 no")).status, 4)

    def test_closedWhileWaiting(self) -> None:
        """
        One that closes in good order while nobody waits for more has not.
        """
        self.assertEqual(
            self.outcome(self.begin("close 1000", wait=3)), Outcome(0, ("the server closed: 1000, normal closure",))
        )

    def test_closedWhileSending(self) -> None:
        """
        One that closes before everything was sent has failed.
        """
        waiting: Deferred[bytes] = Deferred()

        async def source() -> AsyncIterator[bytes]:
            yield b"close 1000"
            yield await waiting

        self.assertEqual(
            self.outcome(self.begin(source=source())),
            Outcome(1, ("the server closed: 1000, normal closure", "not everything was sent")),
        )

    def test_tooLate(self) -> None:
        """
        All of it has its time.
        """
        done = self.begin("nothing", timeout=2)
        self.clock.advance(1.9)
        self.assertNoResult(done)
        self.clock.advance(0.1)
        self.assertEqual(self.outcome(done), Outcome(5, ("timed out after 2 seconds",)))

    def test_noAnswer(self) -> None:
        """
        It waits a while for the server's close frame, and no longer; that is no failure.
        """
        done = self.begin("one", wait=1)
        self.place.listener.network.hold()
        self.clock.advance(1)
        self.clock.advance(module.PATIENCE - 0.1)
        self.assertNoResult(done)
        self.clock.advance(0.2)
        self.assertEqual(self.successResultOf(done), Outcome(0, ()))
        self.place.listener.network.release()

    def test_notUnicode(self) -> None:
        """
        What is no text is not sent as text.
        """
        done = self.begin("one", "\udcff", "three")
        self.assertEqual(
            self.outcome(done), Outcome(1, ("message 2 is not UTF-8; --binary sends any bytes",))
        )
        self.assertEqual(self.outcome(self.begin("\udcff", isBinary=True)), Outcome(0, ()))
        self.assertEqual(self.printed.messages[-1], b"\xff")

    def test_source(self) -> None:
        """
        What the source says against is the end.
        """

        async def source() -> AsyncIterator[bytes]:
            yield b"one"
            raise Error("too long")

        self.assertEqual(self.outcome(self.begin(source=source())), Outcome(1, ("too long",)))

    def test_nobodyReads(self) -> None:
        """
        Where nobody reads any more, it is done.
        """
        self.printed.left = 1
        self.assertEqual(self.outcome(self.begin("one", "two", "three")), Outcome(0, ()))
        self.assertTrue(self.printed.isAbandoned)
