"""
Tests of L{balws.hub.redis.groups}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubLimitError, HubUnavailableError, NoSuchGroup
from balws.hub.broker import Verb
from balws.hub.message import Message
from balws.hub.redis import groups as module
from balws.hub.redis.envelope import Envelope, Kind, read
from balws.hub.redis.groups import Groups
from balws.hub.redis.scripts import DISSOLVE, ENTER, EXIT, PUBLISH, RESTORE_GROUPS
from balws.hub.redis.streams import FETCH, HEAD
from tests.hub.redis.stationed import MINE, OTHER, Placed

EPOCH = b"e" * 16


class GroupsCase(Placed, SynchronousTestCase):
    """
    Groups of one node.
    """

    def setUp(self) -> None:
        """
        Redis is there.
        """
        self.groups = Groups(self.place(), lambda group: None)

    def enter(self, group: str) -> None:
        """
        Enter a plain group.
        """
        entered = self.groups.enter(group)
        self.link.answer(ENTER, 1)
        self.successResultOf(entered)

    def come(self, kind: Kind, number: int, content: bytes = b"", sender: bytes = OTHER, group: str = "g") -> None:
        """
        Something comes.
        """
        channel = self.station.keys.group(group)
        self.station.channels.received(channel, Envelope(kind, sender, number, content).data())


class PublishTests(GroupsCase):
    """
    What this node says.
    """

    def test_publish(self) -> None:
        """
        Each publication has a number; where nobody is, it is used up by one that says nothing.
        """
        self.enter("g")
        for number, answer in ((1, 0), (2, 1), (3, -1)):
            sent = self.groups.publish("g", Message.of("x"))
            group, data, nothing, heard = self.link.answer(PUBLISH, answer)
            self.assertEqual((group, heard), (b"g", 1))
            self.assertEqual(read(data), Envelope(Kind.TEXT, MINE, number, b"x"))
            self.assertEqual(read(nothing), Envelope(Kind.NOTHING, MINE, number, b""))
            if answer < 0:
                self.failureResultOf(sent, NoSuchGroup)
            else:
                self.assertEqual(self.successResultOf(sent), "")
        self.assertEqual(self.station.undelivered, 1)
        self.groups.publish("other", Message.of("x"))
        self.assertEqual(self.link.answer(PUBLISH, 0)[3], 0)

    def test_away(self) -> None:
        """
        What cannot be published is counted and uses a number up.
        """
        self.away()
        self.failureResultOf(self.groups.publish("g", Message.of("x")), HubUnavailableError)
        self.failureResultOf(self.groups.dissolve("g", Verb.CLOSE), HubUnavailableError)
        self.failureResultOf(self.groups.dissolve("s", Verb.CLOSE), HubUnavailableError)
        self.back()
        sent = self.groups.dissolve("g", Verb.CLOSE)
        found = read(self.link.answer(DISSOLVE, 0)[1])
        self.assertEqual(found, Envelope(Kind.CLOSE, MINE, 3, b""))
        self.assertIsNone(self.successResultOf(sent))
        self.assertEqual(self.station.undelivered, 2)

    def test_long(self) -> None:
        """
        What no other node would read is refused.
        """
        self.patch(module, "MAX_SIZE", 28)
        self.groups.publish("g", Message.of("ab"))
        self.link.take(PUBLISH)
        self.failureResultOf(self.groups.publish("g", Message.of("abc")), HubLimitError)


class ReceiveTests(GroupsCase):
    """
    What others say.
    """

    def test_received(self) -> None:
        """
        Others' messages are given, own ones are not; gaps are told; strange ones are dropped.
        """
        self.enter("g")
        self.come(Kind.TEXT, 1, b"a")
        self.come(Kind.TEXT, 1, b"own", MINE)
        self.come(Kind.BINARY, 4, b"\xff")
        self.come(Kind.NOTHING, 5)
        self.come(Kind.TEXT, 6, b"\xff")
        self.come(Kind.JOIN, 7, b"?")
        self.come(Kind.CLOSE, 8)
        told = [("g", b"a", ""), ("lost", "g", 2), ("g", b"\xff", ""), ("g", Verb.CLOSE)]
        self.assertEqual((self.node.take(), self.station.strange), (told, 2))

    def test_watched(self) -> None:
        """
        Who only watches hears of presence alone.
        """
        self.successResultOf(self.groups.watch("g"))
        self.come(Kind.TEXT, 1, b"a")
        self.come(Kind.JOIN, 3, b'["1", null]')
        self.come(Kind.LEAVE, 0, b'["1", null]')
        self.come(Kind.REMOVE, 4)
        self.assertEqual(self.node.take(), [("g", "1", True, False), ("g", "1", False, False)])

    def test_listening(self) -> None:
        """
        The channel is listened to while there are members or watchers.
        """
        channel = {b"p:in:g"}
        self.enter("g")
        self.successResultOf(self.groups.watch("g"))
        self.groups.exit("g")
        self.link.answer(EXIT, 0)
        self.assertEqual(self.ear.channels, channel)
        self.groups.unwatch("g")
        self.assertEqual(self.ear.channels, set())
        self.enter("g")
        self.successResultOf(self.groups.watch("g"))
        self.groups.unwatch("g")
        self.assertEqual(self.ear.channels, channel)
        self.groups.exit("g")
        # Who publishes shall find no member that does not listen.
        self.assertEqual(self.ear.channels, channel)
        self.come(Kind.TEXT, 1, b"late")
        self.link.answer(EXIT, 0)
        self.assertEqual((self.ear.channels, self.node.take()), (set(), []))
        self.groups.exit("g")
        self.assertEqual(self.link.asked, [])

    def test_enteredAgain(self) -> None:
        """
        Who comes again before the leaving is answered goes on to listen.
        """
        self.enter("g")
        self.groups.exit("g")
        entered = self.groups.enter("g")
        self.link.answer(EXIT, 0)
        self.link.answer(ENTER, 1)
        self.successResultOf(entered)
        self.assertEqual(self.ear.channels, {b"p:in:g"})

    def test_durable(self) -> None:
        """
        In a durable group nothing is given before its place is known; leaving ends it.
        """
        entered = self.groups.enter("s")
        self.link.answer(ENTER, 1)
        content = EPOCH + bytes(8) + b"x"
        for number in (4, 5, 6):
            self.come(Kind.STORED_TEXT, number, content, MINE, "s")
        self.link.answer(HEAD, [5, EPOCH])
        self.successResultOf(entered)
        self.assertEqual(self.node.take(), [("s", b"x", "e" * 16 + ".6")])
        self.come(Kind.CLOSE, 8, EPOCH, MINE, "s")
        self.assertEqual(self.node.take(), [("lost", "s", 2), ("s", Verb.CLOSE)])
        self.groups.exit("s")
        self.come(Kind.STORED_TEXT, 7, content, MINE, "s")
        self.assertEqual(self.node.take(), [])

    def test_failed(self) -> None:
        """
        Entering fails when Redis goes meanwhile, at whatever step.
        """
        for steps in ((), (ENTER,)):
            self.setUp()
            entered = self.groups.enter("s")
            for step in steps:
                self.link.answer(step, 1)
            self.away()
            self.failureResultOf(entered, HubUnavailableError)
            self.failureResultOf(self.groups.watch("g"), HubUnavailableError)
            self.failureResultOf(self.groups.enter("g"), HubUnavailableError)


class RestoreTests(GroupsCase):
    """
    After an absence.
    """

    def restore(self, *groups: str, survived: int = 0) -> Deferred[None]:
        """
        Restore these.
        """
        self.groups.expect(set(groups), {"w"})
        self.groups.remembered(survived)
        return Deferred.fromCoroutine(self.groups.restore())

    def test_expected(self) -> None:
        """
        Only what Redis knew before a beat that it remembers, and knows no more, was removed.
        """
        for beat, survived, expected in ((5, 5, 0), (5, 6, 1), (5, 0, 0)):
            self.setUp()
            self.station.beat = beat
            self.enter("g")
            self.away()
            self.back()
            restored = self.restore("g", survived=survived)
            self.assertEqual(self.link.answer(RESTORE_GROUPS, [1 - expected]), (b"g", expected))
            self.successResultOf(restored)
            self.assertEqual(self.node.take(), [("g", Verb.REMOVE)] * expected)

    def test_channels(self) -> None:
        """
        What has to be listened to.
        """
        self.assertEqual(self.groups.expect({"g", "s"}, {"w", "g"}), {b"p:in:g", b"p:in:s", b"p:in:w"})

    def test_meanwhile(self) -> None:
        """
        What is left during a restoration is not entered by it; a durable group that the hub has
        no longer is not read any more.
        """
        entered = self.groups.enter("s")
        self.link.answer(ENTER, 1)
        self.link.answer(HEAD, [5, EPOCH])
        self.successResultOf(entered)
        self.patch(module, "_BATCH", 1)
        restored = self.restore("a", "b")
        self.groups.exit("a")
        self.groups.exit("b")
        first = self.link.asked.pop(0)
        self.assertEqual(first.script, RESTORE_GROUPS)
        first.answer.callback([1])
        self.assertEqual([asked.script for asked in self.link.asked], [EXIT, EXIT])
        self.successResultOf(restored)
        self.come(Kind.STORED_TEXT, 6, EPOCH + bytes(8) + b"x", OTHER, "s")
        self.assertEqual(self.node.take(), [])

    def test_exitedEarly(self) -> None:
        """
        Who leaves before it is listened to is not registered.
        """
        heard: Deferred[None] = Deferred()
        self.patch(self.ear, "subscribe", lambda channels: heard)
        entered = self.groups.enter("g")
        self.groups.exit("g")
        self.link.answer(EXIT, 0)
        heard.callback(None)
        self.successResultOf(entered)
        self.assertEqual(self.link.asked, [])

    def test_owed(self) -> None:
        """
        What was left while Redis was away is left when it is back, but not what was never entered.
        """
        for group in ("left", "again"):
            self.enter(group)
        self.away()
        for group in ("left", "again", "never"):
            self.groups.exit(group)
        self.back()
        restored = self.restore("again")
        self.assertEqual(self.link.answer(EXIT, 0), (b"left",))
        self.link.answer(RESTORE_GROUPS, [1])
        self.successResultOf(restored)

    def test_durable(self) -> None:
        """
        A durable group is read on where it was; one that was entered meanwhile begins now; what
        cannot be fetched is tried again.
        """
        entered = self.groups.enter("s")
        self.link.answer(ENTER, 1)
        self.link.answer(HEAD, [5, EPOCH])
        self.successResultOf(entered)
        self.away()
        self.back()
        restored = self.restore("s")
        self.link.answer(RESTORE_GROUPS, [1])
        self.assertEqual(self.link.take(FETCH).args[2], 5)
        self.assertNoResult(restored)
        self.groups.look()
        self.assertEqual(self.link.asked, [])
        self.setUp()
        restored = self.restore("s")
        self.link.answer(RESTORE_GROUPS, [1])
        self.link.answer(HEAD, [7, EPOCH])
        self.successResultOf(restored)
        self.come(Kind.STORED_TEXT, 9, EPOCH + bytes(8) + b"x", OTHER, "s")
        self.away()
        self.back()
        self.groups.look()
        self.assertEqual(self.link.take(FETCH).args[2], 7)
