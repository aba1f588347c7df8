"""
Tests of L{balws.admin.live}.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from balws import Client
from balws.admin import live
from balws.admin.facts import ConnectionFacts, ConnectionPage, GroupFacts, GroupPage, HubFacts, Summary
from balws.admin.live import LiveService, LiveUpgrade, Watch
from balws.admin.operations import IOperations, Kick, Query, Send
from balws.admin.recent import FRESH, Recent
from balws.errors import Error, InvalidHandshakeError
from balws.testing import MemoryListener

SUMMARY = Summary(
    version="26.11.0",
    pids=[7],
    uptime=3.5,
    state="ready",
    connections=2,
    paths=[],
    hub=HubFacts(names=0, groups=1, undelivered=0, lost=0, degraded=False, problem=""),
)


def connection(name: str) -> ConnectionFacts:
    """
    One of that id.
    """
    return ConnectionFacts(
        id=name,
        path="/chat",
        service="Chat",
        user=None,
        address="192.0.2.2",
        age=1.0,
        queue=0,
        pending=0,
        received=1,
        sent=2,
        receivedBytes=3,
        sentBytes=4,
        subProtocol=None,
        secure=False,
        names=[],
        groups=["lobby"],
    )


@implementer(IOperations)
class Told:
    """
    Operations of a service that a test makes up.

    @ivar asked: what it was asked, in that order.
    @ivar answers: gives the Deferred for a question, in place of the usual one.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.answers: dict[str, Callable[[], Any]] = {}

    def _answer(self, usual: Any, *asked: Any) -> Any:
        self.asked.append(asked)
        given = self.answers.get(asked[0])
        return succeed(usual) if given is None else given()

    def summary(self) -> Any:
        """
        Two connections.
        """
        return self._answer(SUMMARY, "summary")

    def connections(self, query: Query) -> Any:
        """
        Those two, whatever is searched for.
        """
        page = ConnectionPage(total=2, connections=[connection("a1"), connection("b2")])
        return self._answer(page, "connections", query)

    def groups(self, query: Query) -> Any:
        """
        One group.
        """
        page = GroupPage(total=1, groups=[GroupFacts(name="lobby", members=2)])
        return self._answer(page, "groups", query)

    def send(self, order: Send) -> Any:
        """
        Everybody got it.
        """
        return self._answer(2, "send", order)

    def kick(self, order: Kick) -> Any:
        """
        One is closed.
        """
        return self._answer(1, "kick", order)

    def state(self) -> Any:
        """
        Never asked by the console.
        """
        return self._answer("ready", "state")

    def metrics(self) -> Any:
        """
        Never asked by the console.
        """
        return self._answer(b"", "metrics")

    def start(self) -> None:
        """
        Nothing to watch.
        """

    def stop(self) -> None:
        """
        Nothing was watched.
        """


class LiveCase(SynchronousTestCase):
    """
    Has an admin endpoint in memory.
    """

    def setUp(self) -> None:
        self.operations = Told()
        verifyObject(IOperations, self.operations)
        self.listener = MemoryListener()
        self.clock = self.listener.clock
        self.listener.attach(LiveUpgrade(self.operations, self.clock), "/live")

    def open(self) -> Client:
        """
        A console.
        """
        return self.successResultOf(self.listener.connect("/live"))

    def say(self, client: Client, **event: Any) -> None:
        """
        The page says something.
        """
        self.successResultOf(client.writeTextMessage(json.dumps(event)))

    def hear(self, client: Client) -> Any:
        """
        @return: what the page hears next, which has come already.
        """
        return json.loads(self.successResultOf(client.readTextMessage()))

    def assertSilent(self, client: Client) -> None:
        """
        Nothing has come; nothing may be read from this client afterwards.
        """
        self.assertNoResult(client.readTextMessage())

    def questions(self) -> list[str]:
        """
        @return: the names of the questions so far, which are forgotten.
        """
        names = [asked[0] for asked in self.operations.asked]
        self.operations.asked.clear()
        return names


ROUND = ["summary", "connections", "groups"]


class SnapshotTests(LiveCase):
    """
    What the page hears by itself.
    """

    def test_first(self) -> None:
        """
        The page says what it wants to see, and sees it at once: figures, connections and groups.
        """
        client = self.open()
        self.say(
            client,
            event="watch",
            connections={"search": "ada", "sort": "queue", "limit": 50},
            groups={"search": "lob", "limit": 5},
        )
        heard = self.hear(client)
        self.assertEqual(heard["event"], "snapshot")
        self.assertEqual(heard["at"], self.clock.seconds())
        self.assertEqual((heard["summary"]["state"], heard["summary"]["connections"]), ("ready", 2))
        self.assertEqual([each["id"] for each in heard["connections"]["connections"]], ["a1", "b2"])
        self.assertEqual(heard["groups"], {"total": 1, "groups": [{"name": "lobby", "members": 2}]})
        self.assertIsNone(heard["detail"])
        self.assertEqual(
            self.operations.asked,
            [
                ("summary",),
                ("connections", Query(search="ada", sort="queue", limit=50)),
                ("groups", Query(search="lob", limit=5)),
            ],
        )

    def test_nothingBefore(self) -> None:
        """
        Who has not said what to watch costs the service nothing.
        """
        client = self.open()
        self.clock.advance(5)
        self.assertEqual(self.operations.asked, [])
        self.assertSilent(client)

    def test_eachSecond(self) -> None:
        """
        A second after a snapshot comes the next, and no earlier.
        """
        client = self.open()
        self.say(client, event="watch")
        first = self.hear(client)
        self.clock.advance(0.99)
        self.assertEqual(self.questions(), ROUND)
        self.clock.advance(0.02)
        self.assertEqual(self.questions(), ROUND)
        self.assertAlmostEqual(self.hear(client)["at"] - first["at"], 1)
        self.clock.pump([1.0] * 3)
        self.assertEqual(self.questions(), ROUND * 3)

    def test_another(self) -> None:
        """
        Who looks for something else sees it at once, and from then on once a second.
        """
        client = self.open()
        self.say(client, event="watch")
        self.hear(client)
        self.clock.advance(0.5)
        self.say(client, event="watch", connections={"search": "grace"})
        self.hear(client)
        self.assertEqual(self.operations.asked[-2], ("connections", Query(search="grace")))
        self.clock.advance(0.9)
        self.assertEqual(len(self.operations.asked), 6)
        self.clock.advance(0.2)
        self.assertEqual(len(self.operations.asked), 9)

    def test_anotherMeanwhile(self) -> None:
        """
        What is looked for while the service is being asked is looked for next, within a quarter of a second.
        """
        client, waiting = self.open(), Deferred[Summary]()
        self.operations.answers["summary"] = lambda: waiting
        self.say(client, event="watch")
        self.say(client, event="watch", connections={"search": "grace"})
        self.assertEqual(len(self.operations.asked), 1)
        del self.operations.answers["summary"]
        with self.listener.network.turn():
            waiting.callback(SUMMARY)
        self.clock.advance(live.SOONEST)
        searched = [asked[1].search for asked in self.operations.asked if asked[0] == "connections"]
        self.assertEqual(searched, ["", "grace"])

    def test_often(self) -> None:
        """
        A page that says what it wants to see again and again is told four times a second at the most.
        """
        client = self.open()
        for number in range(20):
            self.say(client, event="watch", connections={"search": str(number)})
            self.clock.advance(0.05)
        asked = [query.search for kind, *more in self.operations.asked if kind == "connections" for query in more]
        self.assertEqual(len(asked), 5)
        self.assertEqual(asked[0], "0")

    def test_detail(self) -> None:
        """
        The one connection that the page shows by itself is found by its id, and is nothing when it
        has ended.
        """
        client = self.open()
        self.say(client, event="watch", detail="b2")
        self.assertEqual(self.hear(client)["detail"]["id"], "b2")
        self.assertEqual(self.operations.asked[-1], ("connections", Query(search="b2", limit=live.MOST)))
        self.say(client, event="watch", detail="b")
        self.clock.advance(live.SOONEST)
        self.assertIsNone(self.hear(client)["detail"])

    def test_bounds(self) -> None:
        """
        However many a page asks for, it gets 500, and searches for 200 characters.
        """
        client = self.open()
        for asked, limit in ((-1, 0), (0, 0), (499, 499), (500, 500), (501, 500)):
            self.clock.advance(FRESH)
            self.operations.asked.clear()
            self.say(client, event="watch", connections={"limit": asked}, groups={"limit": asked})
            self.hear(client)
            self.assertEqual([each[1].limit for each in self.operations.asked[1:]], [limit, limit])
        for length, taken in ((199, 199), (200, 200), (201, 200)):
            self.clock.advance(FRESH)
            self.operations.asked.clear()
            self.say(client, event="watch", connections={"search": "x" * length})
            self.hear(client)
            self.assertEqual(len(self.operations.asked[1][1].search), taken)

    def test_cannot(self) -> None:
        """
        Where the service cannot say how it does, the page hears why, and hears it again when it can.
        """
        client = self.open()
        self.operations.answers["summary"] = lambda: fail(Error("a worker does not answer"))
        self.say(client, event="watch")
        self.assertEqual(self.hear(client), {"event": "error", "re": "watch", "words": "a worker does not answer"})
        self.operations.answers.clear()
        self.clock.advance(1)
        self.assertEqual(self.hear(client)["event"], "snapshot")

    def test_fault(self) -> None:
        """
        What is a fault stands in the log; the page is told no more than that, and goes on.
        """
        client = self.open()
        self.operations.answers["groups"] = lambda: fail(ZeroDivisionError("secret"))
        self.say(client, event="watch")
        self.assertEqual(self.hear(client)["words"], "it failed: the log of the service says why")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.operations.answers.clear()
        self.clock.advance(1)
        self.assertEqual(self.hear(client)["event"], "snapshot")

    def test_noAnswer(self) -> None:
        """
        A question without an answer is given up after ten seconds, and the page hears of it.
        """
        client = self.open()
        self.operations.answers["summary"] = Deferred
        self.say(client, event="watch")
        self.clock.advance(9.9)
        self.operations.answers.clear()
        self.clock.advance(0.2)
        self.assertEqual(self.hear(client)["words"], "the service did not answer within 10 seconds")
        self.clock.advance(0)
        self.assertEqual(self.hear(client)["event"], "snapshot")


class GoneTests(LiveCase):
    """
    The page is closed.
    """

    def test_stops(self) -> None:
        """
        Nobody asks any more for a page that is gone, and nothing is left to be done.
        """
        client = self.open()
        self.say(client, event="watch")
        self.questions()
        client.close()
        self.clock.advance(30)
        self.assertEqual(self.questions(), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopsAsking(self) -> None:
        """
        The question that is being asked is given up, and the next ones are not asked.
        """
        cancelled: list[Any] = []
        self.operations.answers["summary"] = lambda: Deferred(cancelled.append)
        client = self.open()
        self.say(client, event="watch")
        client.close()
        self.assertEqual(len(cancelled), 1)
        self.clock.advance(30)
        self.assertEqual(self.questions(), ["summary"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_afterFault(self) -> None:
        """
        A page whose connection was lost by a fault is gone, too.
        """
        client = self.open()
        self.say(client, event="watch")
        self.questions()
        self.successResultOf(client.writeTextMessage("x" * (live.LONGEST_MESSAGE + 1)))
        self.clock.advance(30)
        self.assertEqual(self.questions(), [])

    def test_orderIsDone(self) -> None:
        """
        What a page ordered before it went is done.
        """
        waiting: Deferred[int] = Deferred()
        self.operations.answers["kick"] = lambda: waiting
        client = self.open()
        self.say(client, event="kick", order={"target": {"connection": "a1"}})
        client.close()
        self.clock.advance(1)
        self.assertEqual(self.questions(), ["kick"])
        waiting.callback(1)  # nobody hears, and nothing is logged


class OrderTests(LiveCase):
    """
    What the page has done.
    """

    def test_send(self) -> None:
        """
        A message goes to whom the page says, and the page hears how many got it.
        """
        client = self.open()
        self.say(client, event="send", order={"target": {"group": "lobby"}, "text": "Tea is ready."})
        self.assertEqual(self.hear(client), {"event": "done", "re": "send", "count": 2})
        (asked,) = self.operations.asked
        self.assertEqual((asked[0], asked[1].target.group, asked[1].text), ("send", "lobby", "Tea is ready."))

    def test_longest(self) -> None:
        """
        The longest message that the page lets somebody write arrives, whatever characters it is of.
        """
        client = self.listener.connect("/live", maxFrameSize=live.LONGEST_MESSAGE)
        page = self.successResultOf(client)
        self.say(page, event="send", order={"target": {"connection": "a1"}, "text": "\x1b" * 60000})
        self.assertEqual(self.hear(page)["event"], "done")
        self.assertEqual(len(self.operations.asked[0][1].text), 60000)

    def test_kick(self) -> None:
        """
        A connection is closed with the code and the reason that the page gives.
        """
        client = self.open()
        self.say(client, event="kick", order={"target": {"connection": "a1"}, "code": 4001, "reason": "bye"})
        self.assertEqual(self.hear(client), {"event": "done", "re": "kick", "count": 1})
        (asked,) = self.operations.asked
        self.assertEqual((asked[1].target.connection, asked[1].code, asked[1].reason), ("a1", 4001, "bye"))

    def test_cannot(self) -> None:
        """
        What cannot be done is told in the words of who could not do it.
        """
        client = self.open()
        self.operations.answers["send"] = lambda: fail(Error("no such connection"))
        self.say(client, event="send", order={"target": {"connection": "zz"}, "text": "?"})
        self.assertEqual(self.hear(client), {"event": "error", "re": "send", "words": "no such connection"})

    def test_fault(self) -> None:
        """
        A fault is the log's, also where it is raised at once.
        """

        def fall() -> Any:
            raise ZeroDivisionError("secret")

        client = self.open()
        self.operations.answers["kick"] = fall
        self.say(client, event="kick", order={"target": {"connection": "a1"}})
        self.assertEqual(self.hear(client)["words"], "it failed: the log of the service says why")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_oneAtATime(self) -> None:
        """
        An order waits until the question before it is answered: there are never two at a time.
        """
        waiting: Deferred[Summary] = Deferred()
        self.operations.answers["summary"] = lambda: waiting
        client = self.open()
        self.say(client, event="watch")
        self.say(client, event="send", order={"target": {"user": "ada"}, "text": "?"})
        self.assertEqual([each[0] for each in self.operations.asked], ["summary"])
        waiting.callback(SUMMARY)
        self.assertEqual(self.questions()[:2], ["summary", "send"])

    def test_misunderstood(self) -> None:
        """
        What is no order is not done; the page hears what is wrong with it, and goes on.
        """
        client = self.open()
        for event, re in (
            ({"event": "watch", "connections": {"limit": "all"}}, "watch"),
            ({"event": "watch", "more": 1}, "watch"),
            ({"event": "send", "order": {"target": {"everybody": True}, "text": "?"}}, "send"),
            ({"event": "kick"}, "kick"),
            ({"event": "stop"}, ""),
            ({"event": "close"}, ""),
        ):
            self.say(client, **event)
            heard = self.hear(client)
            self.assertEqual((heard["event"], heard["re"]), ("error", re))
            self.assertNotEqual(heard["words"], "")
        self.assertEqual(self.operations.asked, [])
        self.say(client, event="watch")
        self.assertEqual(self.hear(client)["event"], "snapshot")


class LimitTests(LiveCase):
    """
    Who may watch, and how many.
    """

    def test_consoles(self) -> None:
        """
        Twenty consoles may be open; one more hears that there are too many, and when another one is
        closed there is place again.
        """
        clients = [self.open() for _ in range(live.MAX_CONSOLES)]
        self.say(clients[-1], event="watch")
        self.assertEqual(self.hear(clients[-1])["event"], "snapshot")
        more = self.open()
        error = self.failureResultOf(more.readTextMessage()).value
        self.assertIn(str(live.TOO_MANY), str(error))
        self.clock.advance(1)
        clients[0].close()
        again = self.open()
        self.say(again, event="watch")
        self.assertEqual(self.hear(again)["event"], "snapshot")

    def test_origin(self) -> None:
        """
        Pages of other places may not watch, also where no token is asked for; the endpoint's own may,
        and what is no page.
        """

        def refused(origin: str) -> int | None:
            wanted = self.listener.connect("/live", customHeaders={"Origin": origin})
            if isinstance(getattr(wanted, "result", None), Client):
                return None
            error = cast(InvalidHandshakeError, self.failureResultOf(wanted, InvalidHandshakeError).value)
            return None if error.response is None else error.response.status

        self.assertIsNone(refused("http://localhost"))
        self.assertEqual(refused("http://localhost:8080"), 403)
        self.assertEqual(refused("http://evil.example"), 403)
        self.assertEqual(refused("null"), 403)


class PatienceTests(SynchronousTestCase):
    """
    A page that is slow.
    """

    def test_backPressure(self) -> None:
        """
        While a page has not taken a snapshot the service is not asked for the next; when it has, the
        next comes at once, for a second is over.
        """
        written: list[Deferred[None]] = []

        class Slow:
            """
            Takes what it is told when a test says so.
            """

            def writeTextMessage(self, text: str) -> Deferred[None]:
                """
                Not now.
                """
                written.append(Deferred())
                return written[-1]

        operations, clock, caller = Told(), Clock(), cast(Any, Slow())
        service = LiveService(operations, Recent(operations, clock), clock, set())
        service.onOpen()
        service.onWatch(caller, Watch())
        clock.pump([1.0] * 20)
        self.assertEqual((len(written), len(operations.asked)), (1, 3))
        written[0].callback(None)
        clock.advance(0)
        self.assertEqual((len(written), len(operations.asked)), (2, 6))
        written[1].callback(None)
        clock.advance(0.5)
        self.assertEqual(len(written), 2)
        clock.advance(0.5)
        self.assertEqual(len(written), 3)
        service.onClose()
        clock.pump([1.0] * 3)
        self.assertEqual((len(written), clock.getDelayedCalls()), (3, []))

    def test_rest(self) -> None:
        """
        A service for which it is much to tell how it does is asked less often.
        """
        asked: list[Deferred[Any]] = []

        class Eager:
            """
            Takes what it is told at once.
            """

            def writeTextMessage(self, text: str) -> Deferred[None]:
                """
                Thanks.
                """
                return succeed(None)

        operations, clock, caller = Told(), Clock(), cast(Any, Eager())

        def later() -> Deferred[Any]:
            asked.append(Deferred())
            return asked[-1]

        operations.answers["summary"] = later
        service = LiveService(operations, Recent(operations, clock), clock, set())
        service.onOpen()
        self.addCleanup(service.onClose)
        service.onWatch(caller, Watch())
        for took, rest in ((0.1, 0.9), (0.5, 2.0), (2.0, live.LONGEST_REST)):
            clock.advance(took)
            before = len(asked)
            asked[-1].callback(SUMMARY)
            clock.advance(rest - 0.01)
            self.assertEqual(len(asked), before)
            clock.advance(0.01)
            self.assertEqual(len(asked), before + 1)
