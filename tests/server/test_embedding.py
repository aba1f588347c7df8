"""
Tests of L{balws.server.embedding}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site

from balws import (
    ConfigurationError,
    Hub,
    Service,
    ServiceDefinitionError,
    UpgradeService,
    WSServiceConfig,
    get,
    serviceConfig,
    upgradeResource,
)
from balws.hub.hub import sharedHub
from tests.server.peers import Peer, fields, frame, head, status, upgrade
from tests.server.samples import Echo, EchoUpgrade, Page, WaitingUpgrade


class Chat(Service):
    """
    Tells everybody.
    """

    def onTextMessage(self, caller, text: str):
        return caller.broadcastText(text)


class ChatUpgrade(UpgradeService):
    """
    The door to L{Chat}.
    """

    def get(self) -> Chat:
        return Chat()


class RoomUpgrade(UpgradeService):
    """
    Has parameters.
    """

    @get("rooms/{room}")
    def get(self, request: IRequest, room: str, limit: int = 5):
        request.setHeader(b"X-Found", f"{request.prepath} {room} {limit}")
        return Echo()


class EmbeddingTests(SynchronousTestCase):
    """
    L{upgradeResource} in a site of Twisted's own.
    """

    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.hub = Hub()
        self.root = Resource()
        self.site = Site(self.root, reactor=self.clock)

    def resource(self, service: Any, **more: Any) -> Any:
        return upgradeResource(service, reactor=self.clock, hub=self.hub, **more)

    def ask(self, *portions: bytes) -> Peer:
        return Peer(self.site).send(*portions)

    def test_resource(self) -> None:
        """
        It is a resource of Twisted Web.
        """
        self.assertTrue(IResource.providedBy(self.resource(EchoUpgrade())))

    def test_child(self) -> None:
        """
        It stands beside pages, takes the connection over with what came early, and leaves
        nothing of HTTP behind: its timer, its buffers.
        """
        self.root.putChild(b"page", Page())
        self.root.putChild(b"echo", self.resource(EchoUpgrade()))
        peer = self.ask(head("GET /page HTTP/1.1"), upgrade("/echo") + frame(b"early"))
        self.assertTrue(peer.take().endswith(b"\x81\x05early"))
        self.assertEqual(peer.send(frame(b"later")).take(), b"\x81\x05later")
        self.assertEqual(status(self.ask(head("GET /page HTTP/1.1")).answer), 200)

    def test_noTimeoutOfHttp(self) -> None:
        """
        Twisted's idle timeout of a minute does not reach an upgraded connection.
        """
        self.root.putChild(b"echo", self.resource(EchoUpgrade, config=WSServiceConfig(pingInterval=0)))
        peer = self.ask(upgrade("/echo"))
        self.clock.advance(1000)
        self.assertTrue(peer.settle().isOpen)
        peer.leave()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_underAPath(self) -> None:
        """
        Wherever it is, paths of its own begin below it.
        """
        branch = Resource()
        self.root.putChild(b"api", branch)
        branch.putChild(b"chat", self.resource(RoomUpgrade()))
        answer = self.ask(upgrade("/api/chat/rooms/a?limit=7")).answer
        self.assertEqual(status(answer), 101)
        self.assertEqual(fields(answer)["x-found"], ["[b'api', b'chat'] a 7"])
        for path in ("/api/chat", "/api/chat/", "/api/chat/rooms", "/api/chat/rooms/a/b"):
            self.assertEqual(status(self.ask(upgrade(path)).answer), 404)

    def test_root(self) -> None:
        """
        It may be the whole site.
        """
        site = Site(self.resource(EchoUpgrade()), reactor=self.clock)
        self.assertEqual(status(Peer(site).send(upgrade("/")).answer), 101)
        self.assertEqual(status(Peer(site).send(upgrade("/x")).answer), 404)

    def test_refusals(self) -> None:
        """
        Twisted's own channel is laxer than ours: what it lets through is refused here.
        """
        self.root.putChild(b"echo", self.resource(EchoUpgrade()))
        for data, expected in (
            (upgrade("/echo", X="a\x0bX-Injected: 1"), 400),
            (upgrade("/echo", Content_Length="8") + frame(b"hi"), 400),
            (upgrade("/echo", Transfer_Encoding="identity"), 400),
            (upgrade("/echo", Host=None), 400),
            (head("GET /echo HTTP/1.1"), 426),
        ):
            peer = self.ask(data)
            self.assertEqual(status(peer.answer), expected, data)
            self.assertTrue(peer.isClosed)

    def test_timeout(self) -> None:
        """
        Its C{get} has as long as was said, two minutes otherwise; 0 sets no limit.
        """
        for timeout, more in ((7, {"timeout": 7}), (120, {})):
            service = WaitingUpgrade()
            self.root.putChild(b"slow", self.resource(service, **more))
            peer = self.ask(upgrade("/slow"))
            self.clock.advance(timeout - 0.1)
            self.assertEqual(peer.settle().answer, b"")
            self.clock.advance(0.2)
            self.assertEqual(status(peer.settle().answer), 503)
        self.root.putChild(b"slow", self.resource(WaitingUpgrade(), timeout=0))
        peer = self.ask(upgrade("/slow"))
        self.clock.advance(1e6)
        self.assertEqual(peer.settle().answer, b"")
        peer.leave()

    def test_broadcast(self) -> None:
        """
        Everybody connected to one resource hears a broadcast, and nobody of another one,
        also where both have the same name.
        """
        for name in (b"a", b"b"):
            self.root.putChild(name, self.resource(ChatUpgrade()))
        first, second, other = (self.ask(upgrade(path)) for path in ("/a", "/a", "/b"))
        for peer in (first, second, other):
            peer.take()
        first.send(frame(b"hi"))
        self.assertEqual(
            [peer.settle().take() for peer in (first, second, other)], [b"\x81\x02hi"] * 2 + [b""]
        )

    def test_hubPath(self) -> None:
        """
        The hub knows it by the path that it was given.
        """
        self.root.putChild(b"a", self.resource(ChatUpgrade(), path="/chat"))
        peer = self.ask(upgrade("/a"))
        peer.take()
        self.successResultOf(self.hub.broadcastText("/chat", "hi"))
        self.assertEqual(peer.settle().take(), b"\x81\x02hi")

    def test_defaults(self) -> None:
        """
        Without a word it uses Twisted's reactor and the hub of the process.
        """
        from twisted.internet import reactor

        resource: Any = upgradeResource(EchoUpgrade())
        self.assertIs(resource.mount.clock, reactor)
        self.assertIs(resource.mount.terms.hub, sharedHub())

    def test_configuration(self) -> None:
        """
        A mapping of fields lies over the decorator, as where a listener attaches; a record replaces it.
        """

        @serviceConfig(maxFrameSize=100, idleTimeout=7)
        class Configured(EchoUpgrade):
            """
            Has a configuration of its own.
            """

        for config, expected in (
            (None, (100, 7)),
            ({"maxFrameSize": 200}, (200, 7)),
            (WSServiceConfig(maxFrameSize=300), (300, 0)),
        ):
            found = upgradeResource(Configured, reactor=self.clock, config=config).mount.config
            self.assertEqual((found.maxFrameSize, found.idleTimeout), expected)
        for wrong in ({"maxFrameSizes": 1}, {"auth": []}, {"auth": [{"jwtValidatorConfig": {}}]}):
            with self.assertRaises(ConfigurationError):
                upgradeResource(Configured, reactor=self.clock, config=wrong)

    def test_definition(self) -> None:
        """
        A service that cannot work is refused here.
        """
        self.assertRaises(ServiceDefinitionError, upgradeResource, UpgradeService, reactor=self.clock)
