"""
Connections to real redis-servers: wrong passwords and certificates, killed, frozen and replaced ones.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, succeed
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher

from balws.config import HubConfiguration
from balws.errors import HubUnavailableError
from balws.hub.redis.link import RedisLink
from balws.hub.redis.listening import RedisEar
from tests.integration.redisserver import RedisCase, RedisServer, issuedFor
from tests.waiting import PATIENCE

#: Never to be seen in a log.
PASSWORD = "analytical-engine-1843"


class State:
    """
    Whether a connection is up, and who waits for it to be.

    @ivar changes: True for each time it came up, False for each time it went.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._waiting: list[tuple[bool, Deferred[None]]] = []
        self.changes: list[bool] = []

    def up(self) -> None:
        self._changed(True)

    def down(self) -> None:
        self._changed(False)

    def _changed(self, isUp: bool) -> None:
        self.changes.append(isUp)
        waiting, self._waiting = self._waiting, []
        for wanted, changed in waiting:
            if wanted is isUp:
                changed.callback(None)
            else:
                self._waiting.append((wanted, changed))

    def becomes(self, isUp: bool, seconds: float = PATIENCE) -> Deferred[None]:
        """
        @return: fires when it is.
        """
        if self.changes and self.changes[-1] is isUp:
            return succeed(None)
        changed: Deferred[None] = Deferred()
        self._waiting.append((isUp, changed))
        return changed.addTimeout(seconds, self._reactor)


class LinkCase(RedisCase):
    """
    Makes links, and sees what is logged.
    """

    def setUp(self) -> None:
        """
        Listen to the log.
        """
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.lines: list[tuple[LogLevel, str]] = []
        self._awaited: list[tuple[str, Deferred[None]]] = []
        globalLogPublisher.addObserver(self._observe)
        self.addCleanup(globalLogPublisher.removeObserver, self._observe)

    def _observe(self, event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("balws.hub.redis"):
            line = formatEvent(event)
            self.lines.append((event["log_level"], line))
            for awaited in [each for each in self._awaited if each[0] in line]:
                self._awaited.remove(awaited)
                awaited[1].callback(None)

    def logged(self, words: str) -> Deferred[None]:
        """
        @return: fires when a line has these words.
        """
        if any(words in line for _, line in self.lines):
            return succeed(None)
        seen: Deferred[None] = Deferred()
        self._awaited.append((words, seen))
        return seen.addTimeout(PATIENCE, self.reactor)

    def levels(self, level: LogLevel) -> list[str]:
        """
        @return: the lines of a level.
        """
        return [line for each, line in self.lines if each is level]

    def link(self, url: str, **fields: Any) -> tuple[RedisLink, State]:
        """
        @return: a link that has begun.
        """
        state = State(self.reactor)
        made = RedisLink(HubConfiguration(url=url, **fields), self.reactor, state.up, state.down)
        self.addCleanup(made.stop)
        made.start()
        return made, state

    def ear(self, url: str, heard: list[tuple[bytes, bytes]], **fields: Any) -> tuple[RedisEar, State]:
        """
        @return: an ear that has begun.
        """
        state = State(self.reactor)

        def hear(channel: bytes, payload: bytes) -> None:
            heard.append((channel, payload))

        made = RedisEar(HubConfiguration(url=url, **fields), self.reactor, hear, state.up, state.down)
        self.addCleanup(made.stop)
        made.start()
        return made, state

    @inlineCallbacks
    def refused(self, words: str, url: str, **fields: Any) -> Any:
        """
        See that a link is never up, and says why in one line without the password.
        """
        link, state = self.link(url, **fields)
        yield self.logged(words)
        self.assertFalse(link.isUp)
        self.assertIn(words, link.problem)
        yield self.assertFailure(link.call("PING"), HubUnavailableError)
        yield link.stop()
        self.assertNotIn(True, state.changes)
        self.assertEqual(len(self.levels(LogLevel.error)), 1)
        self.assertNotIn(PASSWORD, repr(self.lines) + repr(link.problem))


class LoginTests(LinkCase):
    """
    Who is let in.
    """

    @inlineCallbacks
    def test_password(self) -> Any:
        """
        With the right password Redis is used; it knows us by our name, and the database is ours.
        """
        server = yield self.begin(password=PASSWORD)
        link, state = self.link(server.url.replace("/0", "/3"), password=PASSWORD)
        yield state.becomes(True)
        self.assertEqual((yield link.call("SET", "Ada", b"\xff\x001843")), b"OK")
        self.assertEqual((yield link.call("GET", "Ada")), b"\xff\x001843")
        self.assertEqual((yield server.ask("-n", "3", "EXISTS", "Ada")), "1")
        self.assertIn("name=balws", (yield server.ask("CLIENT", "LIST")))
        self.assertNotIn(PASSWORD, repr(self.lines))

    @inlineCallbacks
    def test_username(self) -> Any:
        """
        A user of Redis' access lists is shown by name; one with too few rights is told apart.
        """
        server = yield self.begin(password=PASSWORD)
        yield server.ask("ACL", "SETUSER", "ada", "on", f">{PASSWORD}x", "+@all", "~*", "&*")
        yield server.ask("ACL", "SETUSER", "bob", "on", f">{PASSWORD}x", "+get", "~*")
        link, state = self.link(server.url, username="ada", password=PASSWORD + "x")
        yield state.becomes(True)
        self.assertEqual((yield link.call("ACL", "WHOAMI")), b"ada")
        yield self.refused("its user may not ask for INFO", server.url, username="bob", password=PASSWORD + "x")

    @inlineCallbacks
    def test_wrongPassword(self) -> Any:
        """
        With a wrong password one error says so, without the password (BR11).
        """
        server = yield self.begin(password=PASSWORD + "?")
        yield self.refused("it does not know this username and password", server.url, password=PASSWORD)

    @inlineCallbacks
    def test_noPassword(self) -> Any:
        """
        Without the password that Redis wants, an error says that it wants one (BR11).
        """
        server = yield self.begin(password=PASSWORD)
        yield self.refused("it wants a password", server.url)

    @inlineCallbacks
    def test_database(self) -> Any:
        """
        A database that Redis does not have is an error.
        """
        server = yield self.begin()
        yield self.refused("it gives us no database 99", server.url.replace("/0", "/99"))

    @inlineCallbacks
    def test_socket(self) -> Any:
        """
        A socket of this machine will do.
        """
        server = yield self.begin()
        # The path of a socket may have 100 bytes or so, and a test's folder is longer.
        short = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, short)
        (short / "at").symlink_to(server.folder)
        link, state = self.link(f"unix://{short}/at/redis.sock?db=1")
        yield state.becomes(True)
        self.assertEqual((yield link.call("PING")), b"PONG")

    @inlineCallbacks
    def test_notKept(self) -> Any:
        """
        The operator is warned where durable messages would be lost with Redis, and not where
        they are not.
        """
        careless = yield self.begin()
        careful = yield self.begin(durable=True)
        for server, warnings in (careful, 0), (careless, 1):
            _, state = self.link(server.url, durable=True)
            yield state.becomes(True)
            found = [line for line in self.levels(LogLevel.warn) if "appendonly yes" in line]
            self.assertEqual(len(found), warnings)


class TlsTests(LinkCase):
    """
    Redis behind TLS.
    """

    @inlineCallbacks
    def test_trusted(self) -> Any:
        """
        A server of the right authority is used, and told the password.
        """
        authority, issued = issuedFor("localhost")
        server = yield self.begin(issued=issued, password=PASSWORD)
        cert = authority.write(self.folder())
        link, state = self.link(server.url, password=PASSWORD, secureSocket={"cert": cert})
        yield state.becomes(True)
        self.assertEqual((yield link.call("ECHO", b"x" * 200_000)), b"x" * 200_000)

    @inlineCallbacks
    def test_otherAuthority(self) -> Any:
        """
        A server of another authority gets nothing, and one error says so (BR11).
        """
        _, issued = issuedFor("localhost")
        server = yield self.begin(issued=issued, password=PASSWORD)
        other, _ = issuedFor("localhost")
        cert = other.write(self.folder())
        words = "is signed by an authority that is not trusted"
        yield self.refused(words, server.url, password=PASSWORD, secureSocket={"cert": cert})

    @inlineCallbacks
    def test_otherHost(self) -> Any:
        """
        A certificate for another host is not taken for this one's (BR11).
        """
        authority, issued = issuedFor("redis.example")
        server = yield self.begin(issued=issued)
        cert = authority.write(self.folder())
        yield self.refused("for another host than localhost", server.url, secureSocket={"cert": cert})

    @inlineCallbacks
    def test_noTls(self) -> Any:
        """
        TLS to a Redis without it is an error (BR11).
        """
        server = yield self.begin()
        cert = issuedFor("localhost")[0].write(self.folder())
        url = server.url.replace("redis:", "rediss:")
        link, _ = self.link(url, secureSocket={"cert": cert})
        yield self.logged("cannot be used for commands")
        self.assertFalse(link.isUp)


class FaultTests(LinkCase):
    """
    Redis that goes away, and comes back.
    """

    @inlineCallbacks
    def test_downAtStart(self) -> Any:
        """
        Where there is no Redis, one error says so; it is used when it comes (BR02).
        """
        server = RedisServer(self.reactor, self.folder())
        self.addCleanup(server.kill)
        link, state = self.link(server.url)
        yield self.logged("the connection was refused")
        yield self.assertFailure(link.call("PING"), HubUnavailableError)
        yield server.start()
        yield state.becomes(True)
        self.assertEqual(link.problem, "")
        self.assertEqual((yield link.call("PING")), b"PONG")
        self.assertEqual(len(self.levels(LogLevel.error)), 1)

    @inlineCallbacks
    def test_killed(self) -> Any:
        """
        What was asked fails when Redis is killed; after its start both connections are back,
        scripts and subscriptions work.
        """
        server = yield self.begin()
        heard: list[tuple[bytes, bytes]] = []
        link, linkState = self.link(server.url)
        ear, earState = self.ear(server.url, heard)
        yield gatherResults([linkState.becomes(True), earState.becomes(True)])
        script = "return {KEYS[1], ARGV[1]}"
        self.assertEqual((yield link.script(script, ["Ada"], [b"\xff"])), [b"Ada", b"\xff"])
        blocked = self.assertFailure(link.call("BLPOP", "nothing", 0), HubUnavailableError)
        yield server.kill()
        yield gatherResults([blocked, linkState.becomes(False), earState.becomes(False)])
        yield self.assertFailure(ear.subscribe([b"Ada"]), HubUnavailableError)
        yield server.start()
        yield gatherResults([linkState.becomes(True), earState.becomes(True)])
        self.assertEqual((yield link.script(script, ["Ada"], ["Bob"])), [b"Ada", b"Bob"])
        yield ear.subscribe([b"Ada", b"Bob"])
        self.assertEqual((yield link.call("PUBLISH", "Ada", b"\x00\r\n")), 1)
        yield ear.unsubscribe([b"Bob"])
        self.assertEqual((yield link.call("PUBSUB", "NUMSUB", "Ada", "Bob")), [b"Ada", 1, b"Bob", 0])
        self.assertEqual(heard, [(b"Ada", b"\x00\r\n")])
        # Attempts that failed meanwhile were told, too.
        first, *between, last = linkState.changes
        self.assertEqual((first, set(between), last), (True, {False}, True))

    @inlineCallbacks
    def test_frozen(self) -> Any:
        """
        A Redis that is frozen for longer than the timeout is given up, and used again when it
        goes on.
        """
        server = yield self.begin()
        link, state = self.link(server.url, timeout=0.5)
        yield state.becomes(True)
        server.freeze()
        yield self.assertFailure(link.call("PING"), HubUnavailableError)
        yield state.becomes(False)
        self.assertIn("did not answer in 0.5 s", self.levels(LogLevel.error)[0])
        server.thaw()
        answer = b""
        while not answer:
            yield state.becomes(True)
            try:
                answer = yield link.call("PING")
            except HubUnavailableError:
                pass  # half a second is little on a machine that does other things
        self.assertEqual(answer, b"PONG")

    @inlineCallbacks
    def test_flushed(self) -> Any:
        """
        When somebody empties Redis' store of scripts, they still work.
        """
        server = yield self.begin()
        link, state = self.link(server.url)
        yield state.becomes(True)
        script = "return redis.call('INCR', KEYS[1])"
        self.assertEqual((yield link.script(script, ["n"], [])), 1)
        yield server.ask("SCRIPT", "FLUSH")
        replies = yield gatherResults([link.script(script, ["n"], []) for _ in range(3)])
        self.assertEqual(replies, [2, 3, 4])

    @inlineCallbacks
    def test_replica(self) -> Any:
        """
        A Redis that becomes a replica is left; it is used again when it is a master.
        """
        server = yield self.begin()
        link, state = self.link(server.url)
        yield state.becomes(True)
        yield server.ask("REPLICAOF", "127.0.0.1", "1")
        store = link.script("return redis.call('SET', KEYS[1], '1')", ["n"], [])
        yield self.assertFailure(store, HubUnavailableError)
        yield self.logged("it is a replica")
        yield server.ask("REPLICAOF", "NO", "ONE")
        yield state.becomes(True)
        self.assertEqual((yield link.call("SET", "n", 1)), b"OK")


class SentinelTests(LinkCase):
    """
    Redis behind a sentinel.
    """

    @inlineCallbacks
    def test_failover(self) -> Any:
        """
        When the master dies, the replica that the sentinel makes master is used, with its
        password.
        """
        master = yield self.begin(password=PASSWORD, others=["--masterauth", PASSWORD])
        replica = yield self.begin(password=PASSWORD, replicaOf=master.port, others=["--masterauth", PASSWORD])
        yield replica.said(b"MASTER <-> REPLICA sync: Finished")
        sentinel = yield self.watch(master)
        link, state = self.link(sentinel.url, password=PASSWORD)
        yield state.becomes(True)
        yield link.call("SET", "Ada", "1843")
        self.assertEqual((yield link.call("WAIT", 1, 20000)), 1)
        yield master.kill()
        yield state.becomes(False)
        # A sentinel that has stood still for two seconds trusts nobody for the next thirty.
        yield state.becomes(True, 3 * PATIENCE)
        self.assertEqual((yield link.call("GET", "Ada")), b"1843")
        self.assertEqual((yield link.call("SET", "Ada", "1844")), b"OK")
        self.assertEqual((yield replica.ask("GET", "Ada")), "1844")

    @inlineCallbacks
    def test_unknown(self) -> Any:
        """
        A master that the sentinel does not know is an error.
        """
        master = yield self.begin()
        yield self.begin(replicaOf=master.port)
        sentinel = yield self.watch(master)
        yield self.refused("it knows no master of this name", sentinel.url.replace("mymaster", "other"))
