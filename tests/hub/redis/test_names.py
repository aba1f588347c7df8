"""
Tests of L{balws.hub.redis.names}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubLimitError, HubUnavailableError, NoSuchConnection
from balws.hub.broker import Verb
from balws.hub.message import Message
from balws.hub.redis import names as module
from balws.hub.redis.claims import CLAIM, RELEASE, RESTORE_NAMES, SEND
from balws.hub.redis.envelope import Envelope, Kind, body
from balws.hub.redis.names import Names
from tests.hub.redis.stationed import OTHER, Placed


class NamesTests(Placed, SynchronousTestCase):
    """
    Names of one node.
    """

    def setUp(self) -> None:
        """
        Redis is there.
        """
        self.names = Names(self.place())

    def restore(self) -> Deferred[None]:
        """
        Restore what the hub has.
        """
        self.names.expect(self.node.held.names)
        return Deferred.fromCoroutine(self.names.restore())

    def test_send(self) -> None:
        """
        What Redis says of the owner becomes what the hub is told.
        """
        outcomes = []
        for answer in (0, 7, -1, -2):
            sent = self.names.send("x", Verb.DELIVER, Message.of("hi"))
            self.assertEqual(self.link.answer(SEND, answer)[2:], (body("x") + b"hi", 0))
            outcomes.append(sent)
        self.assertEqual([self.successResultOf(sent) for sent in outcomes[:2]], [None, 7])
        self.failureResultOf(outcomes[2], NoSuchConnection)
        self.failureResultOf(outcomes[3], HubUnavailableError)
        self.names.send("x", Verb.CLOSE, None)
        args = self.link.answer(SEND, 0)
        self.assertEqual(args[1:], (self.station.head(Kind.CLOSE), body("x"), 1))

    def test_long(self) -> None:
        """
        What the other node would not read is refused.
        """
        self.patch(module, "MAX_SIZE", module.HEAD + len(body("x")) + 2)
        self.names.send("x", Verb.DELIVER, Message.of("ab"))
        self.link.take(SEND)
        self.failureResultOf(self.names.send("x", Verb.DELIVER, Message.of("abc")), HubLimitError)

    def test_missed(self) -> None:
        """
        The inbox counts what was sent: a jump, also one that only the next beat shows, is lost.
        """
        content = b"\0\0\0\0\0\0\0\x07" + body("x")
        came = [(Kind.BEAT, 4), (Kind.TEXT, 5), (Kind.BEAT, 5), (Kind.TEXT, 8), (Kind.BEAT, 9), (Kind.BEAT, 0)]
        for kind, number in came:
            self.names.received(Envelope(kind, OTHER, number, content))
        losses = [told[2] for told in self.node.take() if told[0] == "lost"]
        self.assertEqual(losses, [2, 1])

    def test_strange(self) -> None:
        """
        What no node has sent is dropped.
        """
        for content in (bytes(8) + b"\xff", bytes(7), bytes(8)):
            self.names.received(Envelope(Kind.REPLACED, OTHER, 1, content))
        for kind, content in ((Kind.TEXT, b""), (Kind.JOIN, bytes(8) + body("x"))):
            self.names.received(Envelope(kind, OTHER, 1, content))
        text = bytes(8) + body("x") + b"\xff"
        self.names.received(Envelope(Kind.TEXT, OTHER, 2, text))
        self.assertEqual((self.node.take(), self.station.strange), ([], 6))

    def test_restore(self) -> None:
        """
        Kept names stay, those without fence get one, those of others are void.
        """
        self.node.held.names.update({"kept": 5, "new": 0, "taken": 6})
        restored = self.restore()
        args = self.link.answer(RESTORE_NAMES, [0, 9, -8])
        self.assertEqual(args[1:], (b"kept", 5, b"new", 0, b"taken", 6))
        self.successResultOf(restored)
        self.assertEqual(self.node.take(), [("claimed", "new", 9), ("replaced", "taken", 8)])

    def test_meanwhile(self) -> None:
        """
        What is claimed or released during a restoration is not undone by it.
        """
        self.patch(module, "_BATCH", 1)
        self.node.held.names.update({"a": 1, "released": 2, "claimed": 3})
        restored = self.restore()
        self.names.release("released", 2)
        self.names.claim("claimed")
        self.assertEqual(self.link.answer(RESTORE_NAMES, [0])[1:], (b"a", 1))
        self.link.answer(RELEASE, 0)
        self.link.answer(CLAIM, 9)
        self.successResultOf(restored)
        self.assertEqual(self.link.asked, [])

    def test_owed(self) -> None:
        """
        What was released while Redis was away, and what nobody knows whether it was claimed, is
        released when it is back, unless the hub has it again.
        """
        claimed = self.names.claim("unclear")
        self.away()
        self.failureResultOf(claimed, HubUnavailableError)
        for name in ("gone", "again"):
            self.names.release(name, 7)
        self.names.release("never", 0)
        self.back()
        self.node.held.names["again"] = 0
        restored = self.restore()
        self.assertEqual(self.link.asked[0].args, (b"unclear", 0, b"gone", 7))
        self.away()
        self.failureResultOf(restored, HubUnavailableError)
        self.back()
        restored = self.restore()
        self.assertEqual(self.link.answer(RELEASE, 0), (b"unclear", 0, b"gone", 7))
        self.link.answer(RESTORE_NAMES, [3])
        self.successResultOf(restored)
        self.successResultOf(self.again())

    def again(self) -> Deferred[None]:
        """
        Restore once more: nothing is owed any longer.
        """
        restored = self.restore()
        self.link.answer(RESTORE_NAMES, [0])
        return restored
