"""
Tests of L{balws.hub.redis.login}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.config import HubConfiguration
from balws.config.secret import Secret
from balws.errors import HubError
from balws.hub.redis.address import RedisAddress
from balws.hub.redis.login import login
from balws.hub.redis.problem import wordsFor
from balws.hub.redis.protocol import Conversation
from balws.hub.redis.refusal import RedisAway
from balws.tls.single import Single
from tests.hub.redis.scripted import ScriptedRedis, array, bulk

PASSWORD = "hunter2"


class LoginTests(SynchronousTestCase):
    """
    What is said before anything else.
    """

    def login(self, url: str, answers: dict[str, bytes], **fields: Any) -> tuple[Deferred[None], list[list[bytes]]]:
        """
        @return: the login, and what was asked.
        """
        redis = ScriptedRedis(Clock())
        redis.answers.update(answers)
        conversation = Conversation(redis.clock, 5, lambda _: None)
        redis.connect(Single(conversation, lambda: False))
        config = HubConfiguration(url=url, **fields)
        done = Deferred.fromCoroutine(login(conversation, RedisAddress.parse(url), config))
        return done, redis.wires[0].asked

    def test_nothing(self) -> None:
        """
        Where nothing is configured, nobody is authenticated and no database chosen.
        """
        done, asked = self.login("redis://h", {})
        self.successResultOf(done)
        self.assertEqual(asked, [[b"CLIENT", b"SETNAME", b"balws"], [b"INFO", b"server"]])

    def test_everything(self) -> None:
        """
        The password comes first, then the database; behind sentinels the role is asked for.
        """
        url = "redis+sentinel://h/m/3"
        done, asked = self.login(url, {}, username="ada", password=Secret(PASSWORD))
        self.successResultOf(done)
        first = [[b"AUTH", b"ada", PASSWORD.encode()], [b"ROLE"], [b"SELECT", b"3"]]
        self.assertEqual(asked[:3], first)
        done, asked = self.login("redis://h", {}, password=Secret(PASSWORD))
        self.assertEqual(asked[0], [b"AUTH", PASSWORD.encode()])

    def test_versions(self) -> None:
        """
        Redis 6.2 and later will do, nothing older, and nothing that does not say.
        """
        for version, isFine in (
            (b"6.2.0", True),
            (b"7.0.15", True),
            (b"10.0.0", True),
            (b"6.1.9", False),
            (b"5.9.9", False),
            (b"x", False),
        ):
            done, _ = self.login("redis://h", {"INFO server": bulk(b"# Server\r\nredis_version:" + version)})
            if isFine:
                self.successResultOf(done)
            else:
                self.assertIn("older than Redis 6.2", str(self.failureResultOf(done, RedisAway).value))

    def test_refused(self) -> None:
        """
        Every refusal is told in our words, and none repeats the password (BR11).
        """
        url = "redis+sentinel://h/m/3"
        said = f" {PASSWORD}\r\n".encode()
        for command, answer, words in (
            ("AUTH", b"-WRONGPASS" + said, "it does not know this username and password"),
            ("AUTH", b"-ERR AUTH" + said, "or it wants none"),
            ("AUTH", b"-DENIED" + said, "protected-mode"),
            ("AUTH", b"-LOADING" + said, "loading"),
            ("ROLE", b"-NOAUTH" + said, "it wants a password"),
            ("ROLE", b"-NOPERM" + said, "its user may not ask for its ROLE"),
            ("ROLE", array(bulk(b"slave")), "name a master that is none"),
            ("ROLE", b"+master\r\n", "name a master that is none"),
            ("SELECT", b"-ERR index" + said, "it gives us no database 3"),
            ("CLIENT SETNAME", b"-NOAUTH" + said, "it wants a password"),
            ("INFO server", b"-NOPERM" + said, "its user may not ask for INFO"),
            ("INFO server", b":1\r\n", "older"),
        ):
            done, _ = self.login(url, {command: answer}, password=Secret(PASSWORD))
            problem = self.failureResultOf(done, HubError).value
            self.assertIn(words, wordsFor(problem))
            self.assertNotIn(PASSWORD, str(problem))

    def test_nameless(self) -> None:
        """
        Who may not give its connection a name is let in without.
        """
        done, _ = self.login("redis://h", {"CLIENT SETNAME": b"-NOPERM no\r\n"})
        self.successResultOf(done)
