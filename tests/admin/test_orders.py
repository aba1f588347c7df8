"""
Tests of L{balws.admin.orders}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.admin.facts import ConnectionFacts
from balws.admin.operations import MAX_LIMIT, Kick, Query, Send, Target
from balws.admin.orders import MAX_MESSAGE, MAX_TEXT, SORTS, checkKick, checkQuery, checkSend, checkTarget
from balws.errors import Error

ADA = Target(user="ada")


class OrdersTests(SynchronousTestCase):
    """
    What an operator asks for is looked at first.
    """

    def refused(self, words: str, check: Any, order: Any) -> None:
        error = self.assertRaises(Error, check, order)
        self.assertIn(words, str(error))

    def test_query(self) -> None:
        """
        A page is of a bounded size, and sorted by a number.
        """
        checkQuery(Query())
        for limit in (0, 1, MAX_LIMIT):
            checkQuery(Query(limit=limit))
        for limit in (-1, MAX_LIMIT + 1):
            self.refused("limit: expected a number from 0 to 10000", checkQuery, Query(limit=limit))
        for sort in SORTS:
            checkQuery(Query(sort=sort))
            self.assertIn(ConnectionFacts.__annotations__[sort], ("int", "float"))
        self.refused("sort: expected one of age, queue,", checkQuery, Query(sort="id"))

    def test_long(self) -> None:
        """
        What is searched for is of a bounded length.
        """
        for name in ("search", "path", "user", "group"):
            checkQuery(Query(**{name: "x" * MAX_TEXT}))
            self.refused(f"{name}: expected at most 1024", checkQuery, Query(**{name: "x" * (MAX_TEXT + 1)}))
        self.refused("target.user: expected", checkTarget, Target(user="x" * (MAX_TEXT + 1)))

    def test_target(self) -> None:
        """
        Just one way to say who is meant is taken; an empty one is one, too.
        """
        self.assertEqual(checkTarget(ADA), ("user", "ada"))
        self.assertEqual(checkTarget(Target(path="")), ("path", ""))
        self.refused("target: expected just one of connection, user, name, group, path", checkTarget, Target())
        self.refused("target: expected just one", checkTarget, Target(user="ada", path="/"))

    def test_message(self) -> None:
        """
        A message is a text or bytes, up to 1 MiB.
        """
        self.assertEqual(checkSend(Send(target=ADA, text="")), "")
        self.assertEqual(checkSend(Send(target=ADA, data=b"")), b"")
        self.assertEqual(checkSend(Send(target=ADA, data=b"x" * MAX_MESSAGE)), b"x" * MAX_MESSAGE)
        self.refused("expected just one of text and data", checkSend, Send(target=ADA))
        self.refused("expected just one of text and data", checkSend, Send(target=ADA, text="", data=b""))
        self.refused("data: at most 1048576", checkSend, Send(target=ADA, data=b"x" * (MAX_MESSAGE + 1)))
        self.refused("text: at most 1048576", checkSend, Send(target=ADA, text="ä" * (MAX_MESSAGE // 2 + 1)))
        self.refused("text: half of a character", checkSend, Send(target=ADA, text="\ud800"))
        self.refused("target", checkSend, Send(target=Target(), text=""))

    def test_kick(self) -> None:
        """
        A connection is closed with a code that may cross the wire, and with words that fit.
        """
        checkKick(Kick(target=ADA))
        for code in (1000, 1003, 1007, 1011, 3000, 4999):
            checkKick(Kick(target=ADA, code=code))
        for code in (0, 999, 1004, 1005, 1006, 1012, 1015, 2999, 5000):
            self.refused("code: expected 1000-1003", checkKick, Kick(target=ADA, code=code))
        checkKick(Kick(target=ADA, reason="ä" * 61 + "x"))
        self.refused("reason: expected at most 123 bytes", checkKick, Kick(target=ADA, reason="ä" * 62))
        self.refused("reason: half of a character", checkKick, Kick(target=ADA, reason="\udc00"))
        self.refused("target", checkKick, Kick(target=Target()))

    def test_hubKicks(self) -> None:
        """
        A name or a group is closed with 1000 and without words: who asks for others is told.
        """
        for target in (Target(name="a"), Target(group="a")):
            checkKick(Kick(target=target))
            checkKick(Kick(target=target, code=1000))
            for more in ({"code": 1008}, {"code": 1000, "reason": "x"}, {"reason": ""}):
                self.refused("code: a ", checkKick, Kick(target=target, **more))
