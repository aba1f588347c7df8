"""
Tests of L{balws.cli.bench.load}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.cli.bench import load as module
from balws.cli.bench.load import Load
from balws.cli.bench.work import Work
from balws.client.response import HttpResponse, refused
from balws.errors import ConnectionClosureError, ConnectionError, Error


class FakeClient:
    """
    Keeps what is written.

    @ivar written: what each next write returns; when there is none left, it is written.
    """

    def __init__(self, service: Any) -> None:
        self.service = service
        self.messages: list[str | bytes] = []
        self.written: list[Deferred[None]] = []
        self.isClosed = False

    def writeTextMessage(self, text: str) -> Deferred[None]:
        self.messages.append(text)
        return self.written.pop(0) if self.written else succeed(None)

    def writeBinaryMessage(self, data: bytes) -> Deferred[None]:
        return self.writeTextMessage(data)  # type: ignore[arg-type]

    def close(self, timeout: float) -> Deferred[None]:
        self.isClosed = True
        return fail(ConnectionClosureError("late"))

    def answer(self) -> None:
        self.service.onTextMessage("answer")


class LoadTests(SynchronousTestCase):
    """
    A run, with a clock and without connections.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clients: list[FakeClient] = []
        self.problems: list[Exception] = []

    def connect(self, service: Any) -> Deferred[Any]:
        if self.problems:
            return fail(self.problems.pop(0))
        client = FakeClient(service)
        self.clients.append(client)
        return succeed(client)

    def begin(self, connections: int = 1, rate: float = 0, seconds: float = 10, **fields: Any) -> Deferred[None]:
        """
        @return: fires at its end.
        """
        work = Work(connections, rate, seconds, fields.pop("payload", "hello"), **fields)
        self.load = Load(work, self.connect, self.clock, self.clock.seconds)
        done = Deferred.fromCoroutine(self.load.run())
        if work.isAnswered:
            self.clock.advance(module.QUIET)
        return done

    def pass_(self, seconds: float) -> None:
        """
        Time passes, bit by bit.
        """
        for _ in range(round(seconds * 20)):
            self.clock.advance(0.05)

    def ended(self, done: Deferred[None]) -> None:
        """
        It has ended, when nothing more came for a while, and left nothing behind.
        """
        self.clock.advance(module.QUIET)
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertTrue(all(client.isClosed or client.service.isGone for client in self.clients))

    def test_closed(self) -> None:
        """
        Without a rate the next message is sent when the last was answered.
        """
        done = self.begin(seconds=1)
        (client,) = self.clients
        self.assertEqual(client.messages, ["hello"])
        self.clock.advance(0.25)
        client.answer()
        self.clock.advance(0.25)
        client.answer()
        self.assertEqual(len(client.messages), 3)
        self.clock.advance(0.5)
        self.assertNoResult(done)
        self.clock.advance(0.5)
        client.answer()
        self.ended(done)
        load = self.load
        self.assertEqual((load.sent, load.received, dict(load.errors)), (3, 3, {}))
        self.assertEqual((load.latency.least, load.latency.most, load.elapsed), (0.25, 1.0, 1.5))

    def test_pipeline(self) -> None:
        """
        As many messages wait for their answers as may; answers come in order.
        """
        done = self.begin(seconds=1, pipeline=3, payload=b"\0")
        (client,) = self.clients
        self.assertEqual(client.messages, [b"\0"] * 3)
        self.clock.advance(0.5)
        client.service.onBinaryMessage(b"")
        self.assertEqual(len(client.messages), 4)
        self.clock.advance(0.5)
        for _ in range(3):
            client.answer()
        self.ended(done)
        self.assertEqual(self.load.received, 4)

    def test_rate(self) -> None:
        """
        With a rate messages are sent when they are due, by whichever connection is free.
        """
        done = self.begin(connections=2, rate=4, seconds=1)
        sent = [self.load.sent]
        for _ in range(19):
            for client in self.clients:
                if client.service.due:
                    client.answer()
            self.clock.advance(0.05)
            sent.append(self.load.sent)
        for number, place in ((1, 0), (2, 5), (3, 10), (4, 15)):
            self.assertIn(sent.index(number), (place, place + 1))  # the sum of many 0.05 is not exact
        self.clock.advance(0.05)
        self.ended(done)
        self.assertEqual((self.load.sent, self.load.late), (4, 0))
        self.assertEqual([len(client.messages) for client in self.clients], [2, 2])

    def test_omission(self) -> None:
        """
        An answer's time counts from when its message should have been sent: who was slow once
        is slow for all that waited meanwhile.
        """
        done = self.begin(rate=10, seconds=1)
        (client,) = self.clients
        self.pass_(0.9)
        self.assertEqual(self.load.sent, 1)
        for _ in range(10):
            client.answer()
        self.pass_(0.1)
        self.ended(done)
        self.assertEqual((self.load.sent, self.load.received), (10, 10))
        self.assertLess(abs(self.load.latency.mean - 0.45), 0.01)
        self.assertLess(abs(self.load.latency.most - 0.9), 0.001)

    def test_late(self) -> None:
        """
        What was due and never sent is counted, and so is what was never answered.
        """
        done = self.begin(rate=10, seconds=1)
        self.pass_(1)
        self.assertNoResult(done)
        self.pass_(module.PATIENCE + 0.2)
        self.ended(done)
        self.assertEqual((self.load.sent, self.load.late), (1, 9))
        self.assertEqual(dict(self.load.errors), {"not answered": 1})

    def test_noAnswer(self) -> None:
        """
        Where nothing is answered messages are sent as fast as the connection takes them, and
        others have their turn in between.
        """
        done = self.begin(seconds=1, isAnswered=False)
        (client,) = self.clients
        self.assertEqual(len(client.messages), module.BATCH)
        full: Deferred[None] = Deferred()
        client.written = [succeed(None), full]
        self.clock.advance(0)
        self.assertEqual(len(client.messages), module.BATCH + 2)
        self.clock.advance(0.5)
        self.assertEqual(len(client.messages), module.BATCH + 2)
        full.callback(None)
        self.assertEqual(len(client.messages), 2 * module.BATCH + 2)
        client.answer()
        self.clock.advance(0.5)
        self.ended(done)
        self.assertEqual((self.load.received, dict(self.load.errors), self.load.latency.count), (0, {}, 0))

    def test_noAnswerRate(self) -> None:
        """
        With a rate there are as many as that.
        """
        done = self.begin(rate=10, seconds=1, isAnswered=False)
        self.pass_(1)
        self.ended(done)
        self.assertEqual((self.load.sent, self.load.late), (10, 0))

    def test_pace(self) -> None:
        """
        Only so many connections are made at the same time.
        """
        waiting: list[Deferred[Any]] = []

        def connect(service: Any) -> Deferred[Any]:
            waiting.append(Deferred())
            self.clients.append(FakeClient(service))
            return waiting[-1]

        self.connect = connect  # type: ignore[method-assign]
        done = self.begin(connections=module.MAX_CONNECTING + 2, seconds=1)
        self.assertEqual(len(waiting), module.MAX_CONNECTING)
        self.clock.advance(0.5 - module.QUIET)
        waiting[0].callback(self.clients[0])
        self.assertEqual(len(waiting), module.MAX_CONNECTING + 1)
        self.assertEqual(self.clients[0].messages, [])
        for number in range(1, module.MAX_CONNECTING + 2):
            waiting[number].callback(self.clients[number])
        self.assertEqual(self.load.open, module.MAX_CONNECTING + 2)
        self.assertEqual(self.load.connecting.most, 0.5)
        self.clock.advance(module.QUIET)
        self.clock.advance(1)
        for client in self.clients:
            client.answer()
        self.ended(done)

    def test_stopped(self) -> None:
        """
        It may be ended sooner, while messages are sent and while it still connects.
        """
        done = self.begin(seconds=10)
        self.clock.advance(0.5)
        self.load.stop()
        self.clients[0].answer()
        self.clock.advance(0.1)
        self.clients[0].answer()
        self.ended(done)
        self.assertEqual(self.load.received, 2)

        def connect(service: Any) -> Deferred[Any]:
            return Deferred()

        self.connect = connect  # type: ignore[method-assign]
        done = self.begin(connections=module.MAX_CONNECTING + 1)
        self.load.stop()
        self.ended(done)
        self.assertEqual((self.load.connecting.count, dict(self.load.errors)), (0, {}))

    def test_stoppedBetween(self) -> None:
        """
        Who is stopped begins no further attempt.
        """
        waiting: list[Deferred[Any]] = []

        def connect(service: Any) -> Deferred[Any]:
            waiting.append(Deferred(lambda _: waiting[0].callback(client)))
            return waiting[-1]

        client = FakeClient(None)
        self.connect = connect  # type: ignore[method-assign]
        self.patch(module, "MAX_CONNECTING", 1)
        done = self.begin(connections=2)
        self.load.stop()
        self.assertIsNone(self.successResultOf(done))
        self.assertEqual(len(waiting), 1)
        self.assertTrue(client.isClosed)

    def test_notConnected(self) -> None:
        """
        Who is not let in is an error of its kind, and the others go on.
        """
        self.problems = [refused(HttpResponse(503, "", {})), ConnectionError("no"), ConnectionError("no")]
        done = self.begin(connections=4, seconds=1)
        self.clock.advance(1)
        self.clients[0].answer()
        self.ended(done)
        self.assertEqual(dict(self.load.errors), {"refused 503": 1, "ConnectionError": 2})
        self.assertEqual(self.load.connecting.count, 1)

    def test_nobody(self) -> None:
        """
        Without any connection it ends at once.
        """
        self.problems = [ConnectionError("no")]
        self.ended(self.begin())
        self.assertEqual((self.load.sent, self.load.elapsed), (0, 0))

    def test_lost(self) -> None:
        """
        A connection that ends is an error, and so is each answer that it owed; when all have
        ended there is no more to wait for.
        """
        done = self.begin(connections=2, seconds=10, pipeline=2)
        self.clients[0].service.onClose(1006, "")
        self.clients[1].service.onError(Error("broken"))
        self.clients[1].service.onClose(1002, "")
        self.clock.advance(0.1)
        self.ended(done)
        self.assertEqual(dict(self.load.errors), {"closed 1006": 1, "closed, Error": 1, "not answered": 4})

    def test_lostAtTheEnd(self) -> None:
        """
        Nobody waits for the answers of a connection that has ended.
        """
        done = self.begin(seconds=1)
        self.clock.advance(1)
        self.assertNoResult(done)
        self.clients[0].service.onClose(1001, "")
        self.ended(done)
        self.assertEqual(dict(self.load.errors), {"closed 1001": 1, "not answered": 1})

    def test_greeting(self) -> None:
        """
        What comes before the first message was sent is waited for a while, and no answer.
        """
        self.load = Load(Work(1, 0, 1, "hello"), self.connect, self.clock, self.clock.seconds)
        done = Deferred.fromCoroutine(self.load.run())
        (client,) = self.clients
        client.answer()
        self.clock.advance(0.125)
        client.answer()
        self.clock.advance(0.125)
        self.assertEqual(client.messages, [])
        self.clock.advance(0.125)
        self.assertEqual(client.messages, ["hello"])
        self.clock.advance(0.5)
        client.answer()
        self.pass_(0.6)
        client.answer()
        self.ended(done)
        load = self.load
        self.assertEqual((load.greetings, load.sent, load.received, dict(load.errors)), (2, 2, 2, {}))
        self.assertEqual((load.latency.least, load.isTold), (0.5, True))

    def test_greetings(self) -> None:
        """
        Who never stops greeting is not waited for beyond a bound.
        """
        self.load = Load(Work(1, 0, 1, "hello"), self.connect, self.clock, self.clock.seconds)
        done = Deferred.fromCoroutine(self.load.run())
        client = self.clients[-1]
        for _ in range(module.MAX_QUIET * 8 - 1):
            self.clock.advance(0.125)
            client.answer()
        self.assertEqual(client.messages, [])
        self.clock.advance(0.125)
        self.assertEqual(client.messages, ["hello"])
        self.assertEqual(self.load.greetings, module.MAX_QUIET * 8 - 1)
        done.cancel()
        self.failureResultOf(done)

    def test_unasked(self) -> None:
        """
        Where a service answers a message with two, or tells all what one has said, nobody can tell how long answers
        took; it is seen while messages are sent, and at the end.
        """
        done = self.begin(connections=2, seconds=1, rate=1)
        for client in self.clients:
            client.answer()
        self.assertEqual((self.load.sent, self.load.received, self.load.unasked), (1, 2, 1))
        self.pass_(1)
        self.ended(done)
        self.assertEqual((dict(self.load.errors), self.load.isTold), ({"not asked for": 1}, False))

        self.clients.clear()
        done = self.begin(seconds=1)
        (client,) = self.clients
        client.answer()
        client.answer()
        self.clock.advance(1)
        client.answer()
        self.assertTrue(self.load.isTold)
        client.answer()
        self.ended(done)
        self.assertEqual((self.load.sent, self.load.received, self.load.unasked), (3, 4, 1))
        self.assertEqual((dict(self.load.errors), self.load.isTold), ({"not asked for": 1}, False))

    def test_farewell(self) -> None:
        """
        That others leave is told to nobody who is asked for answers still.
        """
        done = self.begin(seconds=1)
        (client,) = self.clients
        client.answer()
        self.clock.advance(1)
        client.answer()
        self.ended(done)
        client.answer()
        self.assertEqual((self.load.received, self.load.unasked, dict(self.load.errors)), (2, 0, {}))

    def test_notWritten(self) -> None:
        """
        A message that cannot be written is an error; that the connection is closed is counted
        with its end.
        """
        self.begin(seconds=1, pipeline=3)
        (client,) = self.clients
        client.written = [fail(Error("too slow")), fail(ConnectionClosureError("closed"))]
        for _ in range(2):
            client.answer()
        self.assertEqual(dict(self.load.errors), {"Error": 1})

    def test_kinds(self) -> None:
        """
        There is no end of kinds of errors, but of those that are counted each by itself.
        """
        self.patch(module, "MAX_KINDS", 2)
        self.begin(connections=4, seconds=1)
        for number, client in enumerate(self.clients):
            client.service.due.clear()
            client.service.onClose(4000 + number, "")
        self.assertEqual(dict(self.load.errors), {"closed 4000": 1, "closed 4001": 1, "others": 2})
