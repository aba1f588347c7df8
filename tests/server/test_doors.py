"""
Tests of L{balws.server.doors}, and of what a listener does with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws import ConfigurationError, Listener, WSServiceConfig
from balws.server.doors import Doors
from tests.auth.checking import ADA, CANARY, Answering
from tests.certificates import selfSigned
from tests.server.guarded import GuardedTestCase, basic
from tests.server.peers import status
from tests.server.samples import EchoUpgrade, Port

USERS = {"fileUserStoreConfig": {"users": {"ada": CANARY}, "allowPlaintextPasswords": True}}


class DoorsTests(SynchronousTestCase):
    """
    What the guards of one listener share.
    """

    def setUp(self) -> None:
        self.doors = Doors(Clock(), 3)

    def test_open(self) -> None:
        """
        A service without auth has no guard.
        """
        self.assertIsNone(self.doors.guard(WSServiceConfig(), "/"))

    def test_shared(self) -> None:
        """
        Guards share the checkers of equal configurations, and the count of failures.
        """
        first, second = (self.doors.guard(WSServiceConfig(auth=[USERS]), path) for path in ("/a", "/b"))
        assert first is not None and second is not None
        self.assertIsNot(first, second)
        self.assertEqual(len(self.doors._checkers._made), 1)
        self.assertIs(first._throttle, self.doors.throttle)
        self.assertIs(second._throttle, self.doors.throttle)
        self.successResultOf(self.doors.close())

    def test_unusable(self) -> None:
        """
        What cannot work is refused by its whole path.
        """
        config = WSServiceConfig(auth=[{"checker": Answering(ADA)}, {"checker": "m:Checker"}])
        error = self.assertRaises(ConfigurationError, self.doors.guard, config, "/")
        self.assertEqual(error.path, "auth[1].checker")


class ListenerTests(GuardedTestCase):
    """
    Listeners with guarded services.
    """

    def test_unusable(self) -> None:
        """
        A service whose auth cannot work is not attached.
        """
        self.port = Port()
        config = {"auth": [{"fileUserStoreConfig": {"path": self.mktemp()}}]}
        with self.assertRaises(ConfigurationError):
            self.port.listener.attach(EchoUpgrade(), "/echo", config=config)
        self.assertEqual(status(self.ask(basic())), 404)

    def test_detach(self) -> None:
        """
        Services that come and go leave no checkers behind; those of the others stay.
        """
        self.port = Port()
        listener = self.port.listener
        stays = EchoUpgrade()
        listener.attach(stays, "/stays", config={"auth": [USERS]})
        made = list(listener._offer.doors._checkers._made)
        for number in range(5):
            service = EchoUpgrade()
            others = {"fileUserStoreConfig": {"users": {"eve": CANARY}, "allowPlaintextPasswords": True}}
            listener.attach(service, f"/{number}", config={"auth": [USERS, others]})
            self.assertEqual(len(listener._offer.doors._checkers._made), 2)
            listener.detach(service)
            self.assertEqual(listener._offer.doors._checkers._made, made)
        listener.detach(stays)
        self.assertEqual(listener._offer.doors._checkers._made, [])

    def test_stop(self) -> None:
        """
        A stop closes the checkers when nobody is connected any more, and is over when they
        are closed; the listener works when it is started again.
        """
        self.serve(USERS)
        calls: list[str] = []
        closing: Deferred[None] = Deferred()
        doors = self.port.listener._offer.doors
        self.patch(doors, "_checkers", Recording(calls, closing))
        stopping = self.port.listener.gracefulStop()
        self.assertEqual(calls, ["close"])
        self.assertNoResult(stopping)
        closing.callback(None)
        self.successResultOf(stopping)

    def test_reload(self) -> None:
        """
        A reload of the listener reads the users again, and the certificates where it has
        some.
        """
        self.serve(USERS)
        calls: list[str] = []
        self.patch(self.port.listener._offer.doors, "_checkers", Recording(calls, succeed(None)))
        self.port.listener.reload()
        self.assertEqual(calls, ["reload"])
        offer = self.port.listener._offer
        assert offer.way is not None
        self.patch(offer, "way", attrs.evolve(offer.way, tls=Recording(calls, succeed(None))))
        self.port.listener.reload()
        self.assertEqual(calls, ["reload"] * 3)

    def test_failures(self) -> None:
        """
        The listener's maxAuthFailures counts.
        """
        self.serve(Answering(ADA), listener={"maxAuthFailures": 7})
        self.assertEqual(self.port.listener._offer.doors.throttle._free, 7)
        self.assertEqual(Port().listener._offer.doors.throttle._free, 10)


class Recording:
    """
    In place of the checkers.
    """

    def __init__(self, calls: list[str], closed: Deferred[None]) -> None:
        self.calls = calls
        self.closed = closed

    def reload(self) -> None:
        self.calls.append("reload")

    def close(self) -> Deferred[None]:
        self.calls.append("close")
        return self.closed


@implementer(IStreamServerEndpoint)
class Place:
    """
    Where a listener seems to listen.
    """

    def __init__(self, address: Any) -> None:
        self.address = address

    def listen(self, factory: Any) -> Deferred[Any]:
        return succeed(self)

    def getHost(self) -> Any:
        return self.address

    def stopListening(self) -> None:
        """
        Nothing to stop.
        """


class WarningTests(GuardedTestCase):
    """
    Credentials that can be read on their way (decision 17).
    """

    def warnings(self, address: Any, *auth: Any, **fields: Any) -> list[str]:
        """
        @param fields: of the listener.
        @return: what a listener with two services says that starts here.
        """
        self.events.clear()
        listener = Listener(Place(address), reactor=MemoryReactorClock(), **fields)
        for number in range(2):
            listener.attach(EchoUpgrade(), f"/echo{number}", config={"auth": list(auth) or None})
        self.successResultOf(listener.start())
        self.successResultOf(listener.immediateStop())
        return [
            formatEvent(each)
            for each in self.events
            if each["log_level"] is LogLevel.warn and each["log_namespace"] == "balws.server"
        ]

    def test_plain(self) -> None:
        """
        One warning names all the services, when others can reach them without TLS.
        """
        for kind, host in ((IPv4Address, "0.0.0.0"), (IPv4Address, "192.0.2.1"), (IPv6Address, "::")):  # noqa: S104
            (warning,) = self.warnings(kind("TCP", host, 80), USERS)
            self.assertIn("/echo0, /echo1", warning)
            self.assertIn("secureSocket", warning)

    def test_quiet(self) -> None:
        """
        There is none for this machine alone, and none without auth.
        """
        for kind, host in ((IPv4Address, "127.0.0.1"), (IPv4Address, "127.1.2.3"), (IPv6Address, "::1")):
            self.assertEqual(self.warnings(kind("TCP", host, 80), USERS), [], host)
        self.assertEqual(self.warnings(UNIXAddress(b"socket"), USERS), [])
        self.assertEqual(self.warnings(IPv4Address("TCP", "192.0.2.1", 80)), [])

    def test_secure(self) -> None:
        """
        There is none for a listener with TLS.
        """
        certFile, keyFile = selfSigned("localhost").write(Path(self.mktemp()).parent.absolute())
        secure = {"key": {"certFile": certFile, "keyFile": keyFile}}
        self.assertEqual(self.warnings(IPv4Address("TCP", "192.0.2.1", 80), USERS, secureSocket=secure), [])
