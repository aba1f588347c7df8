"""
Tests of L{balws.server.offer}, and of how a listener goes from one offer to another.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any
from weakref import ref

from twisted.logger import globalLogPublisher
from twisted.web.resource import Resource
from twisted.web.server import Site

from balws import ConfigurationError, ListenerConfiguration, ListenerError, Service, UpgradeService
from balws.config import ServerConfiguration
from balws.hub.broker import Audience
from balws.server.offer import Offer
from tests.certificates import selfSigned
from tests.server.guarded import basic
from tests.server.peers import fields, frame, head, status, upgrade
from tests.server.samples import Echo, EchoUpgrade, Page, WaitingUpgrade
from tests.server.test_listener import ANSWERED, GOING_AWAY, QUIET, ListenerTestCase


class Chat(Service):
    """
    Tells everybody.
    """

    def onTextMessage(self, caller: Any, text: str) -> Any:
        return caller.broadcastText(text)


class ChatUpgrade(UpgradeService):
    """
    The door to L{Chat}.
    """

    def get(self):
        return Chat()


class OfferTestCase(ListenerTestCase):
    """
    A started listener that gets another configuration.
    """

    def prepared(self, listener: Any, *services: tuple[Any, str], **more: Any) -> Offer:
        """
        @return: an offer of these services.
        """
        offer: Offer = listener.prepare(ListenerConfiguration(**more))
        for service, path in services:
            offer.attach(service, path, config=QUIET)
        return offer


class TakeTests(OfferTestCase):
    """
    L{Listener.prepare} and L{Listener.take}.
    """

    def test_oneStep(self) -> None:
        """
        Nothing of an offer counts before it is taken, and all of it then.
        """
        service = EchoUpgrade()
        listener = self.started((service, "/old"), (service, "/same"))
        offer = self.prepared(listener, (service, "/same"), (EchoUpgrade(), "/new"), timeout=7)
        offer.attachResource(Page(), "/page")
        self.assertIs(offer.hub, listener.hub)

        def found() -> list[int]:
            asked = [self.status(upgrade(path)) for path in ("/old", "/same", "/new")]
            return [*asked, self.status(head("GET /page HTTP/1.1"))]

        self.assertEqual(found(), [101, 101, 404, 404])
        self.assertEqual(listener.configuration.timeout, 120)
        listener.take(offer)
        self.assertEqual(found(), [404, 101, 101, 200])
        self.assertEqual(listener.configuration.timeout, 7)

    def test_connections(self) -> None:
        """
        Connections go on under the terms under which they came, those of a service that is gone as well;
        who comes gets the new ones.
        """
        service = EchoUpgrade()
        listener = self.started((service, "/echo"), (EchoUpgrade(), "/gone"))
        old, gone = self.upgraded(), self.upgraded("/gone")
        offer = listener.prepare(ListenerConfiguration())
        offer.attach(service, "/echo", config={"maxFrameSize": 3, "pingInterval": 0})
        listener.take(offer)
        new = self.upgraded()
        for peer in (old, gone):
            self.assertEqual(peer.send(frame(b"long")).take(), b"\x81\x04long")
        self.assertEqual(new.send(frame(b"abc")).take(), b"\x81\x03abc")
        self.assertEqual(new.send(frame(b"long")).take()[2:4], b"\x03\xf1")

    def test_audience(self) -> None:
        """
        Connections from before and after hear each other's broadcasts.
        """
        service = ChatUpgrade()
        listener = self.started((service, "/chat"))
        old = self.upgraded("/chat")
        listener.take(self.prepared(listener, (service, "/chat")))
        new = self.upgraded("/chat")
        for peer in (old, new):
            peer.send(frame(b"hi"))
            self.assertEqual([each.settle().take() for each in (old, new)], [b"\x81\x02hi"] * 2)

    def test_served(self) -> None:
        """
        The hub knows which services there are.
        """
        calls: list[Any] = []
        service = EchoUpgrade()
        listener = self.started((service, "/a"), (service, "/b"))
        self.patch(listener.hub, "serve", lambda audience: calls.append(("serve", audience)))
        self.patch(listener.hub, "unserve", lambda audience: calls.append(("unserve", audience)))
        listener.take(self.prepared(listener, (service, "/b"), (service, "/c")))
        number = listener._premises.number
        self.assertEqual(calls, [("serve", Audience(number, "/c")), ("unserve", Audience(number, "/a"))])

    def test_attempts(self) -> None:
        """
        An upgrade under way comes in where its service is still there, and gets 503 where it is not, or
        the listener stops meanwhile.
        """
        stays, goes = WaitingUpgrade(), WaitingUpgrade()
        listener = self.started((stays, "/stays"), (goes, "/goes"))
        paths = ("/stays", "/goes", "/stays")
        peers = [self.network.connect().send(upgrade(path)) for path in paths]
        listener.take(self.prepared(listener, (stays, "/stays")))
        stays.waiting[0].callback(Echo())
        goes.waiting[0].callback(Echo())
        self.assertEqual([status(peer.settle().take()) for peer in peers[:2]], [101, 503])
        stopped = listener.gracefulStop()
        stays.waiting[1].callback(Echo())
        self.assertEqual(status(peers[2].settle().take()), 503)
        self.assertEqual(peers[0].settle().take(), GOING_AWAY)
        peers[0].send(ANSWERED)
        self.successResultOf(stopped)

    def test_whileStopping(self) -> None:
        """
        What is offered while the listener stops is accepted after its next start.
        """
        service = EchoUpgrade()
        site = Site(Resource(), reactor=self.network)
        self.network.listenTCP(80, site)
        listener = self.listener(site)
        listener.attach(service, "/echo", config=QUIET)
        listener.start()
        peer = self.upgraded()
        stopped = listener.gracefulStop()
        listener.take(self.prepared(listener, (service, "/echo")))
        self.assertEqual(self.status(upgrade("/echo")), 503)
        peer.settle().send(ANSWERED)
        self.successResultOf(stopped)
        listener.start()
        self.assertEqual(self.status(upgrade("/echo")), 101)

    def test_http(self) -> None:
        """
        The limits of requests and what is said of the server count for new connections.
        """
        listener = self.started()
        listener.attachResource(Page(), "/page")
        old = self.network.connect()
        offer = listener.prepare(ListenerConfiguration(server="it", requestLimits={"maxUriLength": 6}))
        offer.attachResource(Page(), "/page")
        listener.take(offer)
        self.assertEqual(status(old.send(head("GET /page?query HTTP/1.1")).answer), 200)
        answer = self.network.connect().send(head("GET /page HTTP/1.1")).answer
        self.assertEqual((status(answer), fields(answer)["server"]), (200, ["it"]))
        self.assertEqual(self.status(head("GET /page?query HTTP/1.1")), 414)

    def test_server(self) -> None:
        """
        What holds for the process does so from now on: how long peers have to go, how many may
        come, whom to believe.
        """
        for own in (True, False):
            number = 90 + own
            more = {"serverConfig": {"maxConnections": 5}} if own else {}
            listener = self.listener(number, **more)
            service = EchoUpgrade()
            listener.attach(service, "/echo", config=QUIET)
            listener.start()
            server = ServerConfiguration(maxConnections=1, drainTimeout=0, trustedProxies=["192.0.2.7"])
            offer = listener.prepare(listener.configuration, server)
            offer.attach(service, "/echo", config=QUIET)
            listener.take(offer)
            peer = self.network.connect(number).send(upgrade("/echo"))
            self.assertEqual(status(peer.take()), 101)
            # One that is shared, or somebody else's, is not ours to change.
            self.assertEqual(self.status(upgrade("/echo"), number), 503 if own else 101)
            self.assertTrue(listener.mounts[0].provenance.trusts("192.0.2.7"))
            self.successResultOf(listener.gracefulStop())
            self.assertTrue(peer.isClosed)

    def test_tls(self) -> None:
        """
        TLS comes and goes with an offer; the warning about credentials is said of each service once,
        and anew when TLS has gone.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        certFile, keyFile = selfSigned("localhost").write(folder)
        secure = {"secureSocket": {"key": {"certFile": certFile, "keyFile": keyFile}}}
        config = {"auth": [{"fileUserStoreConfig": {"users": {"ada": "x"}, "allowPlaintextPasswords": True}}]}
        service = EchoUpgrade()
        listener = self.listener()
        listener.attach(service, "/a", config=config)
        listener.start()
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        for paths, more, warned in (
            (("/a",), {}, []),
            (("/a", "/b"), {}, ["/b"]),
            (("/a", "/b"), secure, []),
            (("/a", "/b"), secure, []),
            (("/a", "/b"), {}, ["/a, /b"]),
        ):
            offer = listener.prepare(ListenerConfiguration(**more))
            for path in paths:
                offer.attach(service, path, config=config)
            listener.take(offer)
            self.assertEqual([each["paths"] for each in events if "paths" in each], warned)
            events.clear()
            # A plain peer is understood by who has no TLS, and by nobody else.
            self.assertEqual(self.status(upgrade("/a")), 0 if more else 401)

    def test_nothingStays(self) -> None:
        """
        Of an offer that is over nothing is left when its connections are gone.
        """
        service = EchoUpgrade()
        listener = self.started((service, "/echo"))
        peer = self.upgraded()
        old = [ref(listener._offer), ref(listener.mounts[0].factory), ref(listener.mounts[0])]
        listener.take(self.prepared(listener, (service, "/echo")))
        gc.collect()
        self.assertIsNotNone(old[1]())
        peer.leave()
        del peer
        gc.collect()
        self.assertEqual([each() for each in old], [None] * 3)
        self.assertEqual(len(listener._former), 0)


class DoorTests(OfferTestCase):
    """
    Who may come in under another configuration.
    """

    def config(self, **users: str) -> dict[str, Any]:
        """
        @return: a service's, with these users.
        """
        store = {"users": users, "allowPlaintextPasswords": True}
        return {"auth": [{"fileUserStoreConfig": store}], "pingInterval": 0}

    def test_checkers(self) -> None:
        """
        Checkers of the same configuration stay, those of others are closed, and what was
        prepared in vain leaves none.
        """
        service = EchoUpgrade()
        listener = self.listener()
        listener.attach(service, "/echo", config=self.config(ada="x"))
        made = listener._offer.doors._checkers._made
        kept = made[0][1]
        offer = listener.prepare(ListenerConfiguration())
        offer.attach(service, "/echo", config=self.config(ada="x"))
        offer.attach(service, "/other", config=self.config(eve="x"))
        listener.drop(offer)
        self.assertEqual([each for _, each in listener._offer.doors._checkers._made], [kept])
        calls: list[str] = []
        self.patch(kept, "reload", lambda: calls.append("reload"))
        self.patch(kept, "close", lambda: calls.append("close"))
        for users, expected in (({"ada": "x"}, ["reload"]), ({"eve": "x"}, ["reload", "close"])):
            offer = listener.prepare(ListenerConfiguration())
            offer.attach(service, "/echo", config=self.config(**users))
            listener.take(offer)
            self.assertEqual(calls, expected)

    def test_failures(self) -> None:
        """
        Who failed is remembered, unless another number of failures is allowed.
        """
        service = EchoUpgrade()
        listener = self.listener()
        listener.attach(service, "/echo", config=self.config(ada="x"))
        throttle = listener._offer.doors.throttle
        for number, isSame in ((10, True), (7, False)):
            listener.take(listener.prepare(ListenerConfiguration(maxAuthFailures=number)))
            self.assertEqual(listener._offer.doors.throttle is throttle, isSame)
            self.assertEqual(listener._offer.doors.throttle._free, number)

    def test_unreadable(self) -> None:
        """
        Users that could be read once and cannot now are refused; those that there are stay.
        """
        file = Path(self.mktemp()).absolute()
        file.write_text('[[auth.users]]\nusername = "ada"\npassword = "x"\n')
        config = {"auth": [{"fileUserStoreConfig": {"path": str(file), "allowPlaintextPasswords": True}}]}
        service = EchoUpgrade()
        listener = self.started()
        listener.attach(service, "/echo", config=config)
        file.write_text("")
        offer = listener.prepare(ListenerConfiguration())
        with self.assertRaises(ConfigurationError):
            offer.attach(service, "/echo", config=config)
        listener.drop(offer)
        self.assertEqual(len(listener._offer.doors._checkers._made), 1)
        self.assertEqual(self.status(upgrade("/echo", Authorization=basic("eve", "y"))), 401)


class AttachTests(OfferTestCase):
    """
    L{Offer.attach} and its like.
    """

    def test_taken(self) -> None:
        """
        A path is had once in an offer, whatever is there now.
        """
        listener = self.started((EchoUpgrade(), "/echo"))
        offer = self.prepared(listener, (EchoUpgrade(), "/echo"))
        with self.assertRaises(ListenerError):
            offer.attach(EchoUpgrade(), "/echo")
        with self.assertRaises(ListenerError):
            offer.attachResource(Page(), "/echo")

    def test_detach(self) -> None:
        """
        A service can be detached at all of its paths.
        """
        service = EchoUpgrade()
        offer = self.prepared(self.listener(), (service, "/a"), (EchoUpgrade(), "/b"), (service, "/c"))
        self.assertEqual([mount.path for mount in offer.detach(service)], ["/a", "/c"])
        self.assertEqual([mount.path for mount in offer.mounts], ["/b"])
        with self.assertRaises(ListenerError):
            offer.detach(service)
