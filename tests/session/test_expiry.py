"""
Tests of L{balws.session.expiry}.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws import Client, ConnectionClosureError, Service, UpgradeService
from balws.auth.login import Login
from balws.auth.principal import Identity, Principal
from balws.config.auth import CheckerWithScopes
from balws.errors import InvalidHandshakeError
from balws.testing import MemoryListener
from tests.auth.checking import AnsweringTokens, CountingRealm
from tests.session.doubles import Mounted

EXPIRED = (1008, "token expired")


class Recorder(Service):
    """
    Sends texts back, and records how it ended.
    """

    def __init__(self, ends: list[Any]) -> None:
        self.ends = ends

    def onTextMessage(self, text: str):
        return text

    def onClose(self, statusCode: int, reason: str):
        self.ends.append((statusCode, reason))

    def onError(self, error):
        self.ends.append(error)


class ExpiryTests(SynchronousTestCase):
    """
    Tokens that expire while their connection lives (decision 15).
    """

    def setUp(self) -> None:
        self.listener = MemoryListener()
        self.clock = self.listener.clock
        self.realm = CountingRealm()
        self.now = 1_000_000.0
        self.ends: list[Any] = []

    def connecting(self, left: float | None, **fields: Any) -> Deferred[Client]:
        """
        @param left: for how many seconds the token is good; L{None} for ever.
        @param fields: of the service.
        @return: fires with a client that has such a token.
        """
        ends = self.ends

        class Door(UpgradeService):
            def get(self) -> Recorder:
                return Recorder(ends)

        identity = Identity("ada", expires=None if left is None else self.now + left)
        entry = CheckerWithScopes(checker=AnsweringTokens(identity), realm=self.realm)
        self.listener.attach(Door(), "/echo", config={"auth": [entry], "pingInterval": 0, **fields})
        (mount,) = self.listener.mounts
        assert mount.guard is not None
        self.patch(mount.guard._chain, "_now", lambda: self.now + self.clock.seconds())
        # The server alone tells time.
        return self.listener.connect("/echo", auth={"token": "x"}, pingInterval=0)

    def connect(self, left: float | None, **fields: Any) -> Client:
        """
        @return: a client that is connected.
        """
        return self.successResultOf(self.connecting(left, **fields))

    def assertAlive(self, client: Client) -> None:
        """
        It talks.
        """
        client.writeTextMessage("hi")
        self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")

    def test_expires(self) -> None:
        """
        At expiry the connection is closed with 1008 and fixed words, and the avatar goes.
        """
        client = self.connect(60)
        self.clock.advance(59.9)
        self.assertAlive(client)
        self.assertEqual(self.realm.gone, [])
        self.clock.advance(0.3)
        error = self.failureResultOf(client.readTextMessage(), ConnectionClosureError).value
        self.assertEqual((error.statusCode, error.reason), EXPIRED)
        self.assertEqual((self.ends, self.realm.gone), ([EXPIRED], [b"ada"]))

    def test_traffic(self) -> None:
        """
        Traffic does not make it live longer.
        """
        client = self.connect(100)
        for _ in range(10):
            self.clock.advance(9.9)
            self.assertAlive(client)
        self.clock.advance(1.2)
        self.assertFalse(client.isOpen())
        self.assertEqual(self.ends, [EXPIRED])

    def test_long(self) -> None:
        """
        A token may be good for days.
        """
        client = self.connect(3 * 86400)
        for _ in range(71):
            self.clock.advance(3600)
        self.assertAlive(client)
        self.clock.advance(3601)
        self.assertFalse(client.isOpen())

    def test_expired(self) -> None:
        """
        One that is over when it is shown lets nobody in; one that is not yet, does.
        """
        for left in (0, -5):
            error = self.failureResultOf(self.connecting(left), InvalidHandshakeError).value
            self.assertIn("401 Unauthorized", str(error))
            self.assertEqual((self.ends, self.realm.came, self.realm.gone), ([], [b"ada"], [b"ada"]))
            self.setUp()
        client = self.connect(0.1)
        self.clock.advance(0.3)
        self.assertFalse(client.isOpen())
        self.assertEqual(self.ends, [EXPIRED])

    def test_never(self) -> None:
        """
        One without an end closes nothing, and sets no timer.
        """
        client = self.connect(None)
        self.clock.advance(10 * 365 * 86400)
        self.assertAlive(client)

    def test_off(self) -> None:
        """
        With closeOnExpiry = False the connection outlives its token.
        """
        client = self.connect(60, closeOnExpiry=False)
        self.clock.advance(3600)
        self.assertAlive(client)
        self.assertEqual(self.realm.gone, [])

    def test_silent(self) -> None:
        """
        Who does not answer the close is dropped.
        """
        self.connect(60)
        self.listener.network.hold()
        self.clock.advance(60.2)
        self.assertEqual(self.realm.gone, [])
        self.clock.advance(5.1)
        self.assertEqual((self.realm.gone, len(self.ends)), ([b"ada"], 1))

    def test_closedBefore(self) -> None:
        """
        A connection that has ended before is not closed again.
        """
        client = self.connect(60)
        self.successResultOf(client.close(4000, "bye"))
        self.clock.advance(100)
        self.assertEqual((self.ends, self.realm.gone), ([(4000, "bye")], [b"ada"]))

    def test_closing(self) -> None:
        """
        Nor is one that closes just then.
        """
        self.connect(60)
        (caller,) = self.listener.callers
        self.listener.network.hold()
        self.clock.advance(59)
        closing = caller.close(4000, "bye", timeout=30)
        self.clock.advance(10)
        self.assertNoResult(closing)
        self.listener.network.release()
        self.successResultOf(closing)
        self.assertEqual(self.realm.gone, [b"ada"])
        self.assertEqual(len(self.ends), 1)


class KeptTests(SynchronousTestCase):
    """
    What an end to come does not do.
    """

    def test_gone(self) -> None:
        """
        A conversation that has ended is not kept for the time of its token, and neither is
        its timer.
        """
        import weakref

        mounted = Mounted()
        peer = mounted.connect(Recorder([]))
        login = Login(Principal(username="ada"), "jwt", None, mounted.clock, 86400)
        peer.connection.login = login
        peer.connection._watchExpiry()
        gone = weakref.ref(peer.connection)
        peer.leave()
        mounted.clock.advance(31)
        self.assertEqual(len(mounted.wheel), 0)
        del peer
        gc.collect()
        self.assertIsNone(gone())
        mounted.clock.advance(86401)
