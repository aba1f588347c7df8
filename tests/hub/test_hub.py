"""
Tests of L{balws.hub.hub}.
"""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.config.hub import HubConfiguration
from balws.errors import HubLimitError
from balws.hub import hub as module
from balws.hub.broker import Audience
from balws.hub.hub import Hub, makeHub, sharedHub
from balws.hub.message import Message
from balws.interfaces import IMember
from tests.hub.members import Member

CHAT, OTHER, ELSEWHERE = Audience(1, "/chat"), Audience(1, "/other"), Audience(2, "/chat")


class HubTests(SynchronousTestCase):
    """
    Everybody connected.
    """

    def setUp(self) -> None:
        """
        Members of three audiences.
        """
        self.hub = Hub()
        self.chat, self.second, self.other, self.elsewhere = Member(), Member(), Member(), Member()
        for audience, member in (
            (CHAT, self.chat),
            (CHAT, self.second),
            (OTHER, self.other),
            (ELSEWHERE, self.elsewhere),
        ):
            self.hub.join(audience, member)

    def test_double(self) -> None:
        """
        The member of these tests is one.
        """
        verifyObject(IMember, self.chat)

    def test_audience(self) -> None:
        """
        A delivery reaches the members of one audience, and nobody else.
        """
        self.hub.node.audienceReceived(CHAT, Message.of("hi"))
        self.assertEqual((self.chat.got, self.second.got), ([(b"hi", False)], [(b"hi", False)]))
        self.assertEqual((self.other.got, self.elsewhere.got), ([], []))
        self.hub.node.audienceReceived(Audience(3, "/chat"), Message.of("hi"))
        self.assertEqual(len(self.chat.got), 1)

    def test_paths(self) -> None:
        """
        A broadcast to a path reaches it on every listener, as text, binary or JSON.
        """
        for deferred in (
            self.hub.broadcastText("/chat", "é"),
            self.hub.broadcastBinary("/chat", bytearray(b"\x00")),
            self.hub.broadcastBinary("/chat", memoryview(b"\x01")),
            self.hub.broadcastMessage("/chat", {"a": 1}),
            self.hub.broadcastMessage("/chat", b"\x02"),
            self.hub.broadcastMessage("/chat", "text"),
            self.hub.broadcastText("/nobody", "x"),
            self.hub.broadcastText("/chat/", "x"),
        ):
            self.assertIsNone(self.successResultOf(deferred))
        self.assertEqual(
            self.elsewhere.got,
            [
                ("é".encode(), False),
                (b"\x00", True),
                (b"\x01", True),
                (b'{"a":1}', False),
                (b"\x02", True),
                (b"text", False),
            ],
        )
        self.assertEqual((self.chat.got, self.other.got), (self.elsewhere.got, []))

    def test_noPath(self) -> None:
        """
        What is no path is a mistake, not a service where nobody is.
        """
        self.failureResultOf(self.hub.broadcastText("chat", "hi"), ValueError)

    def test_oneMessage(self) -> None:
        """
        All get the same message, so that it is framed once; what it was made of may change.
        """
        data = bytearray(b"a")
        self.hub.broadcastBinary("/chat", data)
        data[0] = 0
        self.assertEqual(
            {message.payload for message in self.chat.messages + self.elsewhere.messages}, {b"a"}
        )
        self.assertEqual(len({id(message) for message in self.chat.messages + self.elsewhere.messages}), 1)

    def test_refused(self) -> None:
        """
        What cannot be sent fails, and nobody gets anything.
        """
        failing: list[tuple[Deferred[Any], type[Exception]]] = [
            (self.hub.broadcastText("/chat", b"x"), TypeError),  # type: ignore[arg-type]
            (self.hub.broadcastText("/chat", None), TypeError),  # type: ignore[arg-type]
            (self.hub.broadcastText("/chat", "\ud800"), ValueError),
            (self.hub.broadcastBinary("/chat", "x"), TypeError),  # type: ignore[arg-type]
            (self.hub.broadcastMessage("/chat", object()), TypeError),
            (self.hub.broadcastMessage("/chat", float("nan")), ValueError),
        ]
        for deferred, kind in failing:
            self.failureResultOf(deferred, kind)
        self.assertEqual((self.chat.got, self.elsewhere.got), ([], []))

    def test_joinTwice(self) -> None:
        """
        Who joins twice is one member, and gets everything once.
        """
        self.hub.join(CHAT, self.chat)
        self.hub.node.audienceReceived(CHAT, Message.of("hi"))
        self.assertEqual((self.hub.size(CHAT), len(self.chat.got)), (2, 1))

    def test_leave(self) -> None:
        """
        Who has left gets nothing more, and nothing is kept of an audience without members.
        """
        self.assertEqual(self.hub.size(CHAT), 2)
        for member in (self.chat, self.second):
            self.hub.leave(CHAT, member)
            self.hub.leave(CHAT, member)
        self.hub.leave(OTHER, self.chat)
        self.hub.node.audienceReceived(CHAT, Message.of("hi"))
        self.assertEqual((self.hub.size(CHAT), self.chat.got, len(self.hub.node._audiences)), (0, [], 2))
        self.assertEqual((self.hub.size(OTHER), self.hub.size(ELSEWHERE)), (1, 1))

    def test_freed(self) -> None:
        """
        The hub keeps nobody who has left.
        """
        watched = ref(self.second)
        self.hub.node.audienceReceived(CHAT, Message.of("hi"))
        self.hub.leave(CHAT, self.second)
        del self.second
        gc.collect()
        self.assertIsNone(watched())

    def test_leavingMeanwhile(self) -> None:
        """
        Members may leave, all of them, while a message is on its way; those who were there
        when it began get it.
        """

        def leave() -> None:
            for member in (self.chat, self.second):
                self.hub.leave(CHAT, member)

        self.chat.then = self.second.then = leave
        self.hub.node.audienceReceived(CHAT, Message.of("hi"))
        self.assertEqual((len(self.chat.got), len(self.second.got), self.hub.size(CHAT)), (1, 1, 0))

    def test_joiningMeanwhile(self) -> None:
        """
        Members and audiences may come while a message is on its way: they do not get it.
        """
        late = [Member() for _ in range(4)]

        def join() -> None:
            for number, member in enumerate(late):
                self.hub.join(Audience(number, "/chat"), member)

        self.chat.then = join
        self.assertIsNone(self.successResultOf(self.hub.broadcastText("/chat", "hi")))
        self.assertEqual((late[0].got, late[3].got), ([], []))
        self.hub.broadcastText("/chat", "again")
        for member in late:
            self.assertEqual(member.got[-1:], [(b"again", False)])

    def test_broadcastWithin(self) -> None:
        """
        Who gets a message may broadcast: everybody gets both.
        """
        self.chat.then = lambda: len(self.chat.got) == 1 and self.hub.broadcastText("/chat", "two")
        self.hub.broadcastText("/chat", "one")
        for member in (self.chat, self.second, self.elsewhere):
            self.assertEqual(sorted(payload for payload, _ in member.got), [b"one", b"two"])

    def test_failingMember(self) -> None:
        """
        A member that fails is logged, and the others get the message.
        """
        self.chat.then = self.elsewhere.then = lambda: 1 // 0
        self.assertIsNone(self.successResultOf(self.hub.broadcastText("/chat", "hi")))
        self.assertEqual((len(self.second.got), len(self.elsewhere.got)), (1, 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_shared(self) -> None:
        """
        A process has one hub unless it is given others, made when it is needed.
        """
        self.patch(module, "_shared", None)
        self.assertIs(sharedHub(), sharedHub())
        self.assertIsNot(sharedHub(), Hub())

    def test_made(self) -> None:
        """
        A configuration makes a hub with its limits, and with a url one over Redis that is not
        reached yet.
        """
        alone = makeHub(HubConfiguration(maxNames=1), Clock())
        alone.start()
        self.successResultOf(alone.storeConnection(Member(), "a"))
        self.failureResultOf(alone.storeConnection(Member(), "b"), HubLimitError)
        self.assertEqual((alone.isDegraded, alone.problem, alone.lost), (False, "", 0))
        self.successResultOf(alone.stop())
        self.assertEqual((alone.isDegraded, bool(alone.problem)), (True, True))
        alone.start()
        self.assertFalse(alone.isDegraded)
        many = makeHub(HubConfiguration(url="redis://127.0.0.1:1"), MemoryReactorClock())
        self.assertEqual((many.isDegraded, bool(many.problem)), (True, True))

    def test_lost(self) -> None:
        """
        What did not get here is counted where it is known how much it is, and in the log.
        """
        for group, count in (("g", 3), ("", 1), ("g", None)):
            self.hub.node.lost(group, count)
        self.assertEqual((self.hub.lost, self.hub.node.gaps), (4, 1))
