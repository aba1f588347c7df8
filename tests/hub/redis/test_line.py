"""
Tests of L{balws.hub.redis.line}, by the link that has one.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionRefusedError
from twisted.logger import LogLevel

from balws.errors import ConfigurationError
from balws.hub.redis import line
from balws.hub.redis.link import RedisLink
from tests.hub.redis.linked import LineCase
from tests.hub.redis.scripted import ANSWERS, Wire


class LineTests(LineCase):
    """
    Connects again.
    """

    def link(self, **fields: Any) -> RedisLink:
        """
        @return: a link that has begun.
        """
        made = RedisLink(self.config(**fields), self.clock, self.up, self.down)
        made.start()
        return made

    def test_url(self) -> None:
        """
        A wrong or missing url is an error at once.
        """
        for url in None, "redis://h:0":
            error = self.assertRaises(ConfigurationError, self.link, url=url)
            self.assertEqual(error.path, "url")

    def test_up(self) -> None:
        """
        It is up behind the login, and says so once.
        """
        link = self.link()
        self.assertEqual((link.isUp, link.problem, link.name), (True, "", "h:1"))
        self.assertEqual(self.events, ["up"])
        self.assertEqual(self.lines, [(LogLevel.info, "Redis at h:1 is there for commands.")])
        link.start()
        self.assertEqual(len(self.redis.wires), 1)

    def test_waits(self) -> None:
        """
        The waits are doubled up to the longest, for ever; an error is logged once, and a line
        when it is back.
        """
        self.redis.problem = ConnectionRefusedError()
        link = self.link()
        self.assertEqual((link.isUp, link.problem), (False, "the connection was refused"))
        expected = 0.0
        for wait in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0):
            expected += wait
            self.clock.advance(wait)
            self.assertAlmostEqual(self.redis.attempts[-1], expected)
        self.assertEqual(len(self.redis.attempts), 10)
        self.assertEqual(len(self.levels(LogLevel.error)), 1)
        self.assertIn("h:1", self.levels(LogLevel.error)[0])
        self.redis.problem = None
        self.clock.advance(2)
        self.assertTrue(link.isUp)
        self.assertEqual(len(self.levels(LogLevel.info)), 1)

    def test_words(self) -> None:
        """
        Another problem is another line.
        """
        self.redis.problem = ConnectionRefusedError()
        self.link()
        self.redis.problem = None
        self.redis.answers["INFO server"] = b"-NOAUTH x\r\n"
        self.clock.advance(0.05)
        self.clock.advance(0.1)
        problems = [each.rpartition(": ")[2] for each in self.levels(LogLevel.error)]
        self.assertEqual(problems, ["the connection was refused", "it wants a password"])
        self.assertEqual(set(self.events), {"down"})
        self.assertTrue(self.wire.isAborted)

    def test_lingering(self) -> None:
        """
        A connection that was given up and ends late does not take the next one with it.
        """
        self.redis.answers["INFO server"] = b"-NOAUTH x\r\n"
        self.patch(Wire, "abortConnection", lambda wire: None)
        link = self.link()
        self.redis.answers.update(ANSWERS)
        self.clock.advance(0.05)
        self.assertTrue(link.isUp)
        self.redis.wires[0].lose()
        self.assertTrue(link.isUp)
        self.assertEqual(self.events, ["down", "up"])

    def test_random(self) -> None:
        """
        Nodes that lost a Redis together do not come back together: a wait is anything up to
        the longest.
        """
        asked: list[tuple[float, float]] = []
        self.patch(line, "_uniform", lambda low, high: asked.append((low, high)) or 0.0)
        self.link()
        self.wire.lose()
        self.assertEqual(asked, [(0, 0.05)])
        self.clock.advance(0)
        self.assertEqual(self.events, ["up", "down", "up"])

    def test_flapping(self) -> None:
        """
        A Redis that is lost at once again and again is backed off from; one that lasted is
        tried again soon.
        """
        self.link()
        for wait in 0.05, 0.1, 0.2:
            self.wire.lose()
            attempts = len(self.redis.attempts)
            self.clock.advance(wait * 0.9)
            self.assertEqual(len(self.redis.attempts), attempts)
            self.clock.advance(wait * 0.1 + 1e-6)
            self.assertEqual(len(self.redis.attempts), attempts + 1)
        self.assertEqual(len(self.levels(LogLevel.error)), 3)
        self.clock.advance(0.5)
        self.wire.lose()
        attempts = len(self.redis.attempts)
        self.clock.advance(0.05)
        self.assertEqual(len(self.redis.attempts), attempts + 1)

    def test_silentLogin(self) -> None:
        """
        A peer that is connected and says nothing is left, and tried again.
        """
        del self.redis.answers["INFO server"]
        link = self.link()
        self.clock.advance(5)
        self.clock.advance(0)
        self.assertEqual(link.problem, "it did not answer in 5 s")
        self.assertTrue(self.wire.isAborted)
        self.assertEqual(self.events, ["down"])

    def test_garbage(self) -> None:
        """
        Something that is no Redis is one error, however often it is tried.
        """
        self.redis.answers["CLIENT SETNAME"] = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        link = self.link()
        for _ in range(20):
            self.clock.advance(2)
        self.assertGreater(len(self.redis.wires), 10)
        self.assertEqual(link.problem, "what answers there is no Redis")
        self.assertEqual(len(self.levels(LogLevel.error)), 1)
        self.assertEqual(len([each for each in self.redis.wires if each.isAborted]), len(self.redis.wires))

    def test_drop(self) -> None:
        """
        Who finds a connection useless has another made; the first is up no more at once.
        """
        link = self.link()
        link.drop("it is deaf")
        self.assertEqual((link.isUp, link.problem), (False, "it is deaf"))
        self.clock.advance(0)
        self.clock.advance(0.05)
        self.assertEqual(self.events, ["up", "down", "up"])
        self.assertIn("it is deaf", self.levels(LogLevel.error)[0])

    def test_stop(self) -> None:
        """
        It is stopped when the connection is gone, without a word, and not tried again.
        """
        link = self.link()
        stopped, again = link.stop(), link.stop()
        self.assertFalse(link.isUp)
        self.assertNoResult(stopped)
        self.clock.advance(0)
        self.successResultOf(stopped)
        self.successResultOf(again)
        self.successResultOf(link.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.events, ["up"])
        self.assertEqual(self.levels(LogLevel.error), [])
        link.start()
        self.assertTrue(link.isUp)

    def test_stopSlow(self) -> None:
        """
        What cannot be sent is not waited for for long.
        """
        link = self.link()
        self.patch(self.wire, "loseConnection", lambda: None)
        stopped = link.stop()
        self.clock.advance(0.9)
        self.assertNoResult(stopped)
        self.clock.advance(0.1)
        self.clock.advance(0)
        self.successResultOf(stopped)

    def test_stopEarly(self) -> None:
        """
        It can be stopped while it connects, while it waits, and in the middle of its login.
        """
        self.redis.hangs = True
        link = self.link()
        self.successResultOf(link.stop())
        self.assertTrue(self.redis.hanging.called)
        self.redis.hangs = False
        self.redis.problem = ConnectionRefusedError()
        link.start()
        self.successResultOf(link.stop())
        self.redis.problem = None
        del self.redis.answers["INFO server"]
        link.start()
        stopped = link.stop()
        self.clock.advance(0)
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.events, ["down"])  # the attempt that was refused before it was stopped

    def test_broken(self) -> None:
        """
        Who is told and fails is logged; the connection stays.
        """
        made = RedisLink(self.config(), self.clock, lambda: 1 / 0, self.down)
        made.start()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(made.isUp)
