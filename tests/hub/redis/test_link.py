"""
Tests of L{balws.hub.redis.link}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import LogLevel

from balws.errors import HubUnavailableError
from balws.hub.redis.link import RedisLink
from balws.hub.redis.refusal import RedisRefusal
from tests.hub.redis.linked import LineCase
from tests.hub.redis.scripted import bulk

SCRIPT = "return 1"
HASH = b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db"


class LinkTests(LineCase):
    """
    Asks.
    """

    def link(self, **fields: Any) -> RedisLink:
        """
        @return: a link that has begun.
        """
        made = RedisLink(self.config(**fields), self.clock, self.up, self.down)
        made.start()
        self.begun = len(self.wire.asked) if self.redis.wires else 0
        return made

    def asked(self) -> list[list[bytes]]:
        """
        @return: what was asked behind the first login.
        """
        return self.wire.asked[self.begun :]

    def test_call(self) -> None:
        """
        A call gets its reply.
        """
        link = self.link()
        reply = link.call("GET", "Ada")
        self.assertEqual(self.asked(), [[b"GET", b"Ada"]])
        self.wire.say(bulk(b"1843"))
        self.assertEqual(self.successResultOf(reply), b"1843")

    def test_away(self) -> None:
        """
        A call fails at once while Redis is away, and when it is lost before the reply; it is
        told down before that.
        """
        link = RedisLink(self.config(), self.clock, self.up, self.down)
        self.failureResultOf(link.call("PING"), HubUnavailableError)
        link.start()
        reply: Deferred[Any] = link.call("PING").addErrback(lambda why: self.events.append(str(why.value)))
        self.wire.lose()
        self.successResultOf(reply)
        self.assertEqual(self.events, ["up", "down", "Redis is away: the connection was lost"])
        self.assertEqual(link.problem, "the connection was lost")

    def test_readOnly(self) -> None:
        """
        A Redis that has become a replica is left, and looked for again.
        """
        link = self.link()
        reply = link.call("SET", "a", "b")
        self.wire.say(b"-READONLY x\r\n")
        self.failureResultOf(reply, HubUnavailableError)
        self.assertFalse(link.isUp)
        self.clock.advance(0)
        self.clock.advance(0.05)
        self.assertEqual(self.events, ["up", "down", "up"])

    def test_script(self) -> None:
        """
        A script's text is sent once, and brought to each new connection before it is up.
        """
        link = self.link()
        link.script(SCRIPT, ["k"], [b"\xff", 2])
        link.script(SCRIPT, [], [])
        expected = [[b"EVAL", SCRIPT.encode(), b"1", b"k", b"\xff", b"2"], [b"EVALSHA", HASH, b"0"]]
        self.assertEqual(self.asked(), expected)
        for reply in self.wire.protocol._waiting:
            reply[2].addErrback(lambda _: None)
        self.back()
        self.assertEqual(self.events, ["up", "down"])
        self.assertEqual(self.wire.asked[-1], [b"SCRIPT", b"LOAD", SCRIPT.encode()])
        self.wire.say(bulk(HASH))
        self.assertEqual(self.events, ["up", "down", "up"])
        link.script(SCRIPT, [], [])
        self.assertEqual(self.wire.asked[-1], [b"EVALSHA", HASH, b"0"])

    def test_scriptAway(self) -> None:
        """
        A script that was never sent is not taken for known.
        """
        link = RedisLink(self.config(), self.clock, self.up, self.down)
        self.failureResultOf(link.script(SCRIPT, [], []), HubUnavailableError)
        link.start()
        link.script(SCRIPT, [], [])
        self.assertEqual(self.wire.asked[-1][0], b"EVAL")

    def test_flushed(self) -> None:
        """
        A script that Redis has forgotten is brought again; other refusals are the caller's.
        """
        link = self.link()
        link.script(SCRIPT, [], [])
        second, third = link.script(SCRIPT, [], [1]), link.script(SCRIPT, [], [2])
        self.wire.say(b":1\r\n-NOSCRIPT x\r\n-NOPERM x\r\n")
        self.assertEqual(self.asked()[-1], [b"EVAL", SCRIPT.encode(), b"0", b"1"])
        self.assertEqual(self.failureResultOf(third, RedisRefusal).value.code, "NOPERM")
        self.wire.say(b":7\r\n")
        self.assertEqual(self.successResultOf(second), 7)

    def test_notKept(self) -> None:
        """
        The operator is warned where durable messages would be lost with Redis; one who does
        not let us see has to know.
        """
        for answer, warnings in ((b"aof_enabled:1", 0), (b"aof_enabled:0", 1)):
            self.redis.answers["INFO persistence"] = bulk(answer)
            self.link(durable=True)
            self.assertEqual(len(self.levels(LogLevel.warn)), warnings)
        self.redis.answers["INFO persistence"] = b"-NOPERM x\r\n"
        self.assertTrue(self.link(durable=["group"]).isUp)
        self.assertEqual(len(self.levels(LogLevel.warn)), 1)

    def test_loading(self) -> None:
        """
        One that is still loading what it kept says that it keeps nothing: it is tried again.
        """
        self.redis.answers["INFO persistence"] = bulk(b"loading:1\r\naof_enabled:0\r\n")
        link = self.link(durable=True)
        self.assertEqual((link.isUp, link.problem), (False, "it is still loading its data"))
        self.assertEqual(self.levels(LogLevel.warn), [])

    def test_notDurable(self) -> None:
        """
        Where nothing is durable nobody asks.
        """
        self.link()
        self.assertNotIn([b"INFO", b"persistence"], self.wire.asked)
