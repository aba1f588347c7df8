"""
Tests of L{balws.auth.login}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.login import Login
from balws.auth.principal import Principal


class LoginTests(SynchronousTestCase):
    """
    Somebody is in, for a time.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.logouts: list[int] = []

    def login(self, left: float | None = None) -> Login:
        """
        @return: a login with so many seconds.
        """
        return Login(Principal(username="ada"), "file", lambda: self.logouts.append(1), self.clock, left)

    def test_left(self) -> None:
        """
        What is left of it becomes less, down to nothing.
        """
        login = self.login(10)
        self.assertEqual((login.principal.username, login.kind), ("ada", "file"))
        for passed, left in ((0, 10), (4, 6), (6, 0), (1, 0)):
            self.clock.advance(passed)
            self.assertEqual(login.left, left)
        self.assertEqual(self.login(-3).left, 0)

    def test_forEver(self) -> None:
        """
        Credentials without an end last for ever, and so do those that end in decades.
        """
        self.assertIsNone(self.login().left)
        decade = 10.0 * 365 * 86400
        self.assertEqual(self.login(decade).left, decade)
        for left in (decade + 1, 1e308, float("inf")):
            self.assertIsNone(self.login(left).left)

    def test_noNumber(self) -> None:
        """
        An end that is not a number has come.
        """
        self.assertEqual(self.login(float("nan")).left, 0)

    def test_end(self) -> None:
        """
        The realm is told once, however often it ends.
        """
        login = self.login()
        self.assertEqual(self.logouts, [])
        login.end()
        login.end()
        self.assertEqual(self.logouts, [1])
        Login(None, "file", None, self.clock, None).end()

    def test_failing(self) -> None:
        """
        A logout that fails is logged, and is called no second time.
        """
        login = Login(None, "file", lambda: 1 // 0, self.clock, None)
        login.end()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        login.end()
        self.assertEqual(self.flushLoggedErrors(), [])
