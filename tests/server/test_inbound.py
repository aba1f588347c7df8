"""
Tests of L{balws.server.inbound}: places, ages and paces by whole upgrades in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from balws import Service, UpgradeError, UpgradeService, upgradeResource
from balws.server.admission import Admission
from balws.server.inbound import Inbound
from balws.session.rate import Paced
from tests.auth.checking import NO, Waiting
from tests.server.guarded import GuardedTestCase, basic
from tests.server.peers import Peer, body, fields, frame, status, upgrade
from tests.server.samples import Echo, EchoUpgrade, Page, Port, WaitingUpgrade

#: The peers of L{tests.server.peers}.
HERE = "192.0.2.7"


class Keeping(Service):
    """
    Keeps its caller.
    """

    def onOpen(self, caller):
        self.caller = caller


class Refusing(UpgradeService):
    """
    Does with an upgrade what the test wants.
    """

    def __init__(self, result: Any) -> None:
        self.result = result

    def get(self):
        if isinstance(self.result, RuntimeError):
            raise self.result
        return self.result


class PlaceTests(GuardedTestCase):
    """
    A place is given back once, however an upgrade and its connection end (SZ13)
    """

    def setUp(self) -> None:
        super().setUp()
        self.port = Port(serverConfig={"maxConnections": 1, "maxUpgradesPerSecond": 0})
        self.admission: Admission = self.port.factory.site.admission

    def attach(self, service: Any, **config: Any) -> None:
        """
        Serve it at C{/echo}.
        """
        self.port.listener.attach(service, "/echo", config={"pingInterval": 0, **config})

    def connect(self) -> Peer:
        """
        @return: a peer that has asked for an upgrade.
        """
        return self.port.connect().send(upgrade("/echo"))

    def assertTaken(self) -> None:
        """
        The one place is taken: the next one is told so, and when to come again.
        """
        self.assertEqual(self.admission.connections, 1)
        answer = self.connect().answer
        self.assertEqual((status(answer), fields(answer)["retry-after"]), (503, ["1"]))
        self.assertEqual(body(answer), b"There are too many connections.\n")
        self.assertEqual(self.admission.connections, 1)

    def assertFree(self) -> None:
        """
        There is nobody.
        """
        self.assertEqual((self.admission.connections, self.admission._places), (0, {}))

    def test_open(self) -> None:
        """
        A connection has it until its peer leaves, closes, or breaks a rule.
        """
        self.attach(EchoUpgrade())
        for end in (Peer.leave, lambda peer: peer.send(frame(b"", 0x88)), lambda peer: peer.send(b"\xff\xff\xff")):
            peer = self.connect()
            self.assertEqual(status(peer.answer), 101)
            self.assertTaken()
            end(peer)
            peer.leave()
            self.assertFree()

    def test_aborted(self) -> None:
        """
        Until it is dropped, by whoever it is.
        """
        services: list[Keeping] = []

        class Door(UpgradeService):
            def get(self) -> Keeping:
                services.append(Keeping())
                return services[-1]

        self.attach(Door())
        peer = self.connect()
        caller: Any = services[0].caller
        caller.close(timeout=0).addErrback(lambda _: None)
        peer.settle()
        self.assertTrue(peer.isClosed)
        self.assertFree()
        peer = self.connect()
        self.port.listener.immediateStop()
        self.assertTrue(peer.isClosed)
        self.assertFree()

    def test_refused(self) -> None:
        """
        Who is refused by the application, or meets a fault of it, has none.
        """
        for result, expected in (
            (UpgradeError("no", status=400), 400),
            (RuntimeError("oops"), 500),
            ("a text", 500),
        ):
            self.attach(Refusing(result))
            self.assertEqual(status(self.connect().answer), expected)
            self.assertFree()
            self.setUp()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_fields(self) -> None:
        """
        Nor has who meets a service whose fields cannot be sent.
        """

        class Odd(Echo):
            customHeaders = {"X": "a\r\nb"}

        self.attach(Refusing(Odd()))
        self.assertEqual(status(self.connect().answer), 500)
        self.assertFree()

    def test_waiting(self) -> None:
        """
        Who waits for the application has one; not if it says no, nor if the peer leaves first, nor
        if it takes too long.
        """
        service = WaitingUpgrade()
        self.attach(service)
        peer = self.connect()
        self.assertTaken()
        service.waiting[0].callback(UpgradeError("no"))
        self.assertEqual(status(peer.settle().answer), 400)
        self.assertFree()
        peer = self.connect()
        self.assertTaken()
        peer.leave()
        self.assertFree()
        peer = self.connect()
        self.assertTaken()
        self.port.advance(121, peer)
        self.assertEqual(status(peer.answer), 503)
        self.assertFree()
        peer = self.connect()
        service.waiting[-1].callback(Echo())
        self.assertEqual(status(peer.settle().answer), 101)
        self.assertTaken()
        peer.leave()
        self.assertFree()

    def test_stopping(self) -> None:
        """
        Who would be let in when the listener stops has none.
        """
        service = WaitingUpgrade()
        self.attach(service)
        peer = self.connect()
        self.port.listener.gracefulStop()
        service.waiting[0].callback(Echo())
        self.assertEqual(status(peer.settle().answer), 503)
        self.assertFree()

    def test_credentials(self) -> None:
        """
        The place is taken before anybody looks at credentials, and given back when they are
        wrong, and when the peer leaves meanwhile.
        """
        checker = Waiting()
        self.attach(EchoUpgrade(), auth=[{"checker": checker}])
        peer = self.begin(basic())
        self.assertEqual(self.admission.connections, 1)
        answer = self.begin(basic()).answer
        self.assertEqual((status(answer), len(checker.waiting)), (503, 1))
        checker.waiting[0].errback(NO)
        self.assertEqual(status(peer.settle().answer), 401)
        self.assertFree()
        self.begin(basic()).leave()
        self.assertFree()

    def test_otherRefusals(self) -> None:
        """
        What is no upgrade takes no place, and neither does a page.
        """
        self.attach(EchoUpgrade())
        self.port.listener.attachResource(Page(), "/page")
        taken = self.connect()
        for path, expected in (("/page", 200), ("/nowhere", 404)):
            self.assertEqual(status(self.port.connect().send(upgrade(path)).answer), expected)
        self.assertEqual(status(self.port.connect().send(upgrade("/echo", Sec_WebSocket_Key="x")).answer), 400)
        self.assertEqual(self.admission.connections, 1)
        taken.leave()
        self.assertFree()


class AddressTests(SynchronousTestCase):
    """
    Whom the places and the rates are counted for.
    """

    def serve(self, **server: Any) -> None:
        """
        @param server: C{[server]}.
        """
        self.port = Port(serverConfig={"trustedProxies": [HERE], **server})
        self.service = WaitingUpgrade()
        self.port.listener.attach(self.service, "/echo")

    def ask(self, address: str | None, **more: str | None) -> Peer:
        """
        @return: a peer that asks through the proxy for this address.
        """
        return self.port.connect().send(upgrade("/echo", X_Forwarded_For=address, **more))

    def test_perAddress(self) -> None:
        """
        The client that the proxy names is counted, not the proxy (SZ14)
        """
        self.serve(maxConnectionsPerAddress=1)
        self.ask("203.0.113.1")
        answer = self.ask("203.0.113.1").answer
        self.assertEqual((status(answer), fields(answer)["retry-after"]), (429, ["1"]))
        self.ask("203.0.113.2")
        self.assertEqual(len(self.service.waiting), 2)

    def test_perSecond(self) -> None:
        """
        So is how often it asks (SZ14)
        """
        self.serve(maxUpgradesPerSecond=2)
        self.assertEqual([status(self.ask("203.0.113.1").answer) for _ in range(3)], [0, 0, 429])
        self.assertEqual(status(self.ask("203.0.113.2").answer), 0)
        self.port.clock.advance(0.5)
        self.assertEqual([status(self.ask("203.0.113.1").answer) for _ in range(2)], [0, 429])

    def test_request(self) -> None:
        """
        The application sees it, too, beside the transport's.
        """
        self.serve()
        self.ask("203.0.113.1")
        self.ask(None)
        first, second = self.service.requests
        self.assertEqual((first.clientAddress, second.clientAddress), ("203.0.113.1", HERE))
        self.assertEqual(first.getClientAddress().host, HERE)

    def test_otherTrees(self) -> None:
        """
        The application sees it in a tree of somebody else's, too.
        """
        service = WaitingUpgrade()
        root = Resource()
        root.putChild(b"echo", upgradeResource(service, reactor=MemoryReactorClock()))
        Peer(Site(root, reactor=MemoryReactorClock())).send(upgrade("/echo", X_Forwarded_For="203.0.113.1"))
        self.assertEqual(service.requests[0].clientAddress, HERE)

    def test_secure(self) -> None:
        """
        A caller is secure whom a trusted proxy calls so, and no other.
        """
        for proxies, proto, expected in (
            ([HERE], "https", True),
            ([HERE], "http", False),
            ([HERE], None, False),
            (["10.0.0.1"], "https", False),
        ):
            self.serve(trustedProxies=proxies)
            peer = self.ask(None, X_Forwarded_Proto=proto)
            service = Keeping()
            self.service.waiting[0].callback(service)
            self.assertEqual(status(peer.settle().answer), 101)
            caller: Any = service.caller
            self.assertIs(caller.isSecure(), expected)


class LifeTests(SynchronousTestCase):
    """
    What a service's configuration says of its connections.
    """

    def connect(self, **config: Any) -> tuple[Peer, Any]:
        """
        @return: a peer, and the conversation with it.
        """
        self.port = Port()
        self.port.listener.attach(EchoUpgrade(), "/echo", config={"pingInterval": 0, **config})
        peer = self.port.connect().send(upgrade("/echo"))
        [wire] = self.port.factory.site.roster.members
        peer.take()
        return peer, wire.session

    def test_plain(self) -> None:
        """
        Without limits a connection has nothing of them: no timer, no count of its messages.
        """
        _, connection = self.connect()
        self.assertIs(type(connection), Inbound)
        self.assertEqual(len(connection.terms.wheel), 0)

    def test_age(self) -> None:
        """
        maxConnectionAge ends it with 1001.
        """
        peer, _ = self.connect(maxConnectionAge=10)
        self.port.advance(8.9, peer)
        self.assertEqual(peer.take(), b"")
        self.port.advance(2.3, peer)
        self.assertEqual(peer.take(), b"\x88\x1b\x03\xe9the connection is too old")

    def test_rate(self) -> None:
        """
        maxMessagesPerSecond reads it more slowly.
        """
        peer, connection = self.connect(maxMessagesPerSecond=2)
        self.assertIsInstance(connection, Paced)
        peer.send(*[frame(b"x")] * 5)
        self.assertEqual(peer.take(), b"\x81\x01x" * 2)
        self.port.advance(1.05, peer)
        self.assertEqual(peer.take(), b"\x81\x01x" * 2)
