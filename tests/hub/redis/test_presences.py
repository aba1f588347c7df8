"""
Tests of L{balws.hub.redis.presences}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws.errors import HubUnavailableError, NoSuchGroup
from balws.hub.broker import Presence
from balws.hub.redis.envelope import Kind
from balws.hub.redis.presences import Presences
from balws.hub.redis.scripts import APPEAR, DISAPPEAR, PRESENCE, VACATE
from tests.hub.redis.stationed import Placed


class PresencesTests(Placed, SynchronousTestCase):
    """
    Who is where, as one node tells it.
    """

    def setUp(self) -> None:
        """
        Redis is there.
        """
        self.presences = Presences(self.place())

    def restore(self, *held: str) -> Deferred[None]:
        """
        Restore these in the group g.
        """
        self.presences.expect({"g": tuple(Presence(each, None) for each in held)})
        return Deferred.fromCoroutine(self.presences.restore())

    def appear(self, connectionId: str) -> None:
        """
        Somebody came, and Redis knows it.
        """
        appeared = self.presences.appear("g", Presence(connectionId, None))
        self.link.answer(APPEAR, 1)
        self.successResultOf(appeared)

    def test_told(self) -> None:
        """
        Coming and leaving are told here when Redis has it; who was not there does not leave.
        """
        self.appear("1")
        self.presences.disappear("g", "1")
        self.link.answer(DISAPPEAR, b'["1", null]')
        self.appear("2")
        self.presences.disappear("g", "2")
        self.link.answer(DISAPPEAR, b"")
        self.presences.disappear("g", "3")
        events = [("g", "1", True, True), ("g", "1", False, True), ("g", "2", True, True)]
        self.assertEqual((self.node.take(), self.link.asked), (events, []))

    def test_info(self) -> None:
        """
        What is said has to be a value of JSON.
        """
        for info in (object(), b"", float):
            self.failureResultOf(self.presences.appear("g", Presence("1", info)), TypeError)
        self.assertEqual(self.link.asked, [])

    def test_sorted(self) -> None:
        """
        The oldest is first, whatever order Redis gives; what is strange is left out.
        """
        found: Deferred[Any] = self.presences.presence("g")
        self.link.answer(PRESENCE, [b"10", b'["b", 1]', b"9", b'["a", 2]', b"11", b"?"])
        self.assertEqual(self.successResultOf(found), (Presence("a", 2), Presence("b", 1)))
        self.away()
        self.failureResultOf(self.presences.presence("g"), HubUnavailableError)

    def test_shared(self) -> None:
        """
        However many ask who is in a group, one question is under way and one behind it, which
        sees what happened since.
        """
        asked = [self.presences.presence("g") for _ in range(4)]
        self.presences.presence("other")
        self.assertEqual(len(self.link.asked), 2)
        self.link.answer(PRESENCE, [b"1", b'["old", 1]'])
        self.assertEqual(self.successResultOf(asked[0]), (Presence("old", 1),))
        self.assertNoResult(asked[1])
        self.link.take(PRESENCE)
        asked.append(self.presences.presence("g"))
        self.assertEqual(len(self.link.asked), 1)
        self.link.answer(PRESENCE, [b"1", b'["new", 1]'])
        for each in asked[1:4]:
            self.assertEqual(self.successResultOf(each), (Presence("new", 1),))
        self.presences.presence("g").addErrback(lambda _: None)
        self.away()
        self.failureResultOf(asked[4], HubUnavailableError)
        self.back()
        self.presences.presence("g")
        self.link.take(PRESENCE)

    def test_restore(self) -> None:
        """
        Whom Redis knows already is not told again; who left meanwhile is taken out.
        """
        for each in ("1", "2", "3"):
            self.appear(each)
        self.away()
        self.presences.disappear("g", "1")
        self.presences.disappear("g", "2")
        self.presences.disappear("g", "never")
        self.failureResultOf(self.presences.appear("g", Presence("2", None)), HubUnavailableError)
        self.node.take()
        self.back()
        restored = self.restore("2", "3")
        self.assertEqual(self.link.answer(DISAPPEAR, b'["1", null]')[:2], (b"g", b"1"))
        numbers = []
        for each, isTold in ((b"2", 1), (b"3", 0)):
            args = self.link.answer(APPEAR, isTold)
            self.assertEqual((args[1], args[4][:-8]), (each, self.station.head(Kind.NOTHING)))
            numbers.append(args[4][-1])
        self.successResultOf(restored)
        self.assertEqual(numbers, [numbers[0], numbers[0] + 1])
        self.assertEqual(self.node.take(), [("g", "1", False, True), ("g", "2", True, True)])

    def test_meanwhile(self) -> None:
        """
        Who leaves during a restoration is not restored.
        """
        self.presences.expect({"g": (Presence("1", None), Presence("2", None))})
        self.presences.disappear("g", "2")
        restored = Deferred.fromCoroutine(self.presences.restore())
        self.assertEqual(self.link.answer(APPEAR, 1)[1], b"1")
        self.successResultOf(restored)
        self.assertEqual(self.link.asked, [])

    def test_dissolved(self) -> None:
        """
        Who was in a group that another node removes is forgotten here, also who was just being
        told; who comes later is not.
        """
        self.appear("1")
        self.presences.appear("g", Presence("2", None))
        self.presences.dissolved("g")
        self.presences.dissolved("unknown")
        self.presences.appear("g", Presence("3", None))
        self.link.answer(APPEAR, 1)
        self.assertEqual(self.link.answer(VACATE, [b"g", b'["2", null]']), (b"g", self.station.head(Kind.LEAVE, 0)))
        self.link.answer(APPEAR, 1)
        events = [("g", "1", True, True), ("g", "2", True, True), ("g", "2", False, True), ("g", "3", True, True)]
        self.assertEqual(self.node.take(), events)
        for connectionId in ("1", "2", "3"):
            self.presences.disappear("g", connectionId)
        self.assertEqual([asked.args[1] for asked in self.link.asked], [b"3"])

    def test_dissolving(self) -> None:
        """
        So is who was in a group when this node began to remove it, once it is removed.
        """
        for failing in (True, False):
            self.appear("1")
            removed: Deferred[None] = Deferred()
            done = self.presences.dissolving("g", removed)
            self.appear("2")
            if failing:
                removed.errback(NoSuchGroup("g"))
                self.failureResultOf(done, NoSuchGroup)
            else:
                removed.callback(None)
                self.successResultOf(done)
            for connectionId in ("1", "2"):
                self.presences.disappear("g", connectionId)
            expected = [(b"1", 0), (b"2", 1)] if failing else [(b"2", 1)]
            self.assertEqual([self.link.answer(DISAPPEAR, b"")[1::3] for _ in expected], expected)
            self.assertEqual(self.link.asked, [])

    def test_unheardDissolving(self) -> None:
        """
        Where Redis does not hear that a group is removed, those who went with it are taken out when it
        is back, and those who did not, or came back, are not.
        """
        for dissolve in (
            lambda: self.presences.dissolved("g"),
            lambda: self.presences.dissolving("g", self.station.away()).addErrback(lambda _: None),
        ):
            for connectionId in ("1", "2"):
                self.appear(connectionId)
            self.away()
            dissolve()
            self.back()
            restored = self.restore("2")
            self.assertEqual(self.link.answer(DISAPPEAR, b"")[1], b"1")
            self.assertEqual(self.link.answer(APPEAR, 0)[1], b"2")
            self.successResultOf(restored)
            self.presences.disappear("g", "2")
            self.link.answer(DISAPPEAR, b"")
            self.assertEqual(self.link.asked, [])

    def test_dissolvedWhileRestoring(self) -> None:
        """
        Who was in a group that is removed before it is restored is not brought back; a durable group
        is there until Redis has removed it.
        """
        gone: Deferred[None] = Deferred()
        held = {group: (Presence("1", None),) for group in ("g", "h", "s")}
        self.presences.expect(held)
        self.presences.dissolved("g")
        for group in ("h", "s"):
            self.presences.dissolving(group, gone)
        restored = Deferred.fromCoroutine(self.presences.restore())
        self.assertEqual(self.link.answer(APPEAR, 0)[0], b"s")
        self.successResultOf(restored)
        self.assertEqual(self.link.asked, [])

    def test_leftAfterRestoring(self) -> None:
        """
        Who left unheard, came back and left again while Redis was away is taken out at last.
        """
        self.appear("1")
        self.away()
        self.presences.disappear("g", "1")
        self.failureResultOf(self.presences.appear("g", Presence("1", None)), HubUnavailableError)
        self.failureResultOf(self.restore("1"), HubUnavailableError)
        self.presences.disappear("g", "1")
        self.back()
        restored = self.restore()
        self.assertEqual(self.link.answer(DISAPPEAR, b"")[1], b"1")
        self.successResultOf(restored)

    def test_reaped(self) -> None:
        """
        What left with a dead node is told by the one that noticed.
        """
        self.presences.reaped(["ä".encode(), b'["1", 2]', b"\xff", b'["2", 2]'])
        self.assertEqual((self.node.take(), self.station.strange), ([("ä", "1", False, True)], 1))
