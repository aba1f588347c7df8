"""
Tests of L{balws.server.listener}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from zope.interface import implementer

from balws import (
    ConfigurationError,
    Hub,
    Listener,
    ListenerConfiguration,
    ListenerError,
    Service,
    ServiceDefinitionError,
    Tally,
    UpgradeService,
    WSServiceConfig,
    serviceConfig,
)
from balws.hub.hub import sharedHub
from balws.server.endpoint import BACKLOG
from tests.server.peers import Peer, body, fields, frame, head, status, upgrade
from tests.server.samples import Echo, EchoUpgrade, Page, WaitingPage, WaitingUpgrade

#: Close frames with 1001, as we send them and as a client answers them.
GOING_AWAY = b"\x88\x02\x03\xe9"
ANSWERED = frame(b"\x03\xe9", 0x88)

#: No keep-alive pings: what is left in the clock is then the listener's.
QUIET = WSServiceConfig(pingInterval=0)


@implementer(IListeningPort)
class OpenPort:
    """
    A port that somebody listens on.
    """

    def __init__(self, network: Network, number: int, factory: Any, interface: str, backlog: int) -> None:
        self.network = network
        self.number = number
        self.factory = factory
        self.interface = interface
        self.backlog = backlog
        factory.doStart()

    def startListening(self) -> None:
        """
        It does from the beginning.
        """

    def stopListening(self) -> Deferred[None]:
        del self.network.open[self.number]
        self.factory.doStop()
        return succeed(None)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", self.interface, self.number)


class Network(MemoryReactorClock):
    """
    A reactor with ports in memory, of which each can be had once.

    @ivar open: the open ports by number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open: dict[int, OpenPort] = {}

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        number = port or 49152 + len(self.open)
        if number in self.open:
            raise CannotListenError(interface, number, OSError(98, "Address already in use"))
        self.open[number] = OpenPort(self, number, factory, interface, backlog)
        return self.open[number]

    def connect(self, number: int = 80) -> Peer:
        return Peer(self.open[number].factory)


@implementer(IStreamServerEndpoint)
class Pending:
    """
    An endpoint that listens when the test says so.
    """

    def __init__(self) -> None:
        self.listening: Deferred[Any] = Deferred()

    def listen(self, factory: Any) -> Deferred[Any]:
        return self.listening


class ListenerTestCase(SynchronousTestCase):
    """
    Listeners on a network in memory.
    """

    def setUp(self) -> None:
        self.network = Network()

    def listener(self, listenOn: Any = 80, **more: Any) -> Listener:
        return Listener(listenOn, reactor=self.network, **more)

    def started(self, *services: tuple[Any, str], **more: Any) -> Listener:
        """
        @return: a started listener with these services.
        """
        listener = self.listener(**more)
        for service, path in services:
            listener.attach(service, path, config=QUIET)
        self.successResultOf(listener.start())
        return listener

    def upgraded(self, path: str = "/echo") -> Peer:
        peer = self.network.connect().send(upgrade(path))
        self.assertEqual(status(peer.take()), 101)
        return peer

    def status(self, data: bytes, number: int = 80) -> int:
        """
        @return: what a new client is answered.
        """
        peer = self.network.connect(number).send(data)
        peer.leave()
        return status(peer.answer)


class WhereTests(ListenerTestCase):
    """
    What a listener listens on.
    """

    def test_port(self) -> None:
        """
        A number is a port on every interface; C{port} tells it while it is open.
        """
        listener = self.listener(9090)
        self.assertIsNone(listener.port)
        self.successResultOf(listener.start())
        self.assertEqual(listener.port, 9090)
        self.assertEqual(self.network.open[9090].interface, "0.0.0.0")
        self.successResultOf(listener.immediateStop())
        self.assertIsNone(listener.port)

    def test_anyPort(self) -> None:
        """
        Port 0 is any free one, and C{port} tells which (ruling 1).
        """
        listener = self.listener(0)
        self.successResultOf(listener.start())
        self.assertEqual(listener.port, 49152)

    def test_host(self) -> None:
        """
        C{host} is the interface, an address of IPv6, too.
        """
        for number, host in ((1, "127.0.0.1"), (2, "::1"), (3, "localhost")):
            self.successResultOf(self.listener(number, host=host).start())
            self.assertEqual(self.network.open[number].interface, host)

    def test_backlog(self) -> None:
        """
        A crowd that comes at once is not turned away, at an address of either kind.
        """
        for number, host in ((1, "127.0.0.1"), (2, "::1")):
            self.successResultOf(self.listener(number, host=host).start())
            self.assertEqual((BACKLOG, self.network.open[number].backlog), (1024, 1024))

    def test_badPorts(self) -> None:
        """
        What is no port is refused at once, by its key.
        """
        for port in (-1, 65536, 10**30, True, None, 80.0, b"80", object()):
            error = self.assertRaises(ConfigurationError, self.listener, port)
            self.assertEqual(error.path, "port")
        self.listener(65535)

    def test_endpointString(self) -> None:
        """
        A string describes an endpoint.
        """
        listener = self.listener("tcp:9090:interface=127.0.0.1")
        self.successResultOf(listener.start())
        self.assertEqual((listener.port, self.network.open[9090].interface), (9090, "127.0.0.1"))

    def test_badEndpointStrings(self) -> None:
        """
        A string that describes none is refused at once, by its key and with its text.
        """
        for text in ("", "9090", "tcp", "tcp:", "tcp:x", "nonsense:1", "tcp:1:x=y", "tcp:1:2:3:4"):
            error = self.assertRaises(ConfigurationError, self.listener, text)
            self.assertEqual(error.path, "endpoint", text)
            self.assertIn(repr(text), error.problem)

    def test_unixEndpoint(self) -> None:
        """
        Where there is no port number, C{port} is L{None}.
        """
        listener = self.listener("unix:/nowhere/socket")
        self.successResultOf(listener.start())
        self.assertEqual(self.network.unixServers[0][0], "/nowhere/socket")
        self.assertIsNone(listener.port)

    def test_endpoint(self) -> None:
        """
        An endpoint object is used; the listener is started when it listens.
        """
        endpoint = Pending()
        listener = self.listener(endpoint)
        started = listener.start()
        self.assertNoResult(started)
        self.assertIsNone(listener.port)
        endpoint.listening.callback(self.network.listenTCP(9090, Site(Resource(), reactor=self.network)))
        self.assertIsNone(self.successResultOf(started))
        self.assertEqual(listener.port, 9090)

    def test_configuration(self) -> None:
        """
        A record, single fields, or fields over a record.
        """
        record = ListenerConfiguration(timeout=5, server="A")
        self.assertIs(self.listener(config=record).configuration, record)
        self.assertEqual(self.listener(timeout=5, server="A").configuration, record)
        changed = self.listener(config=record, requestLimits={"maxUriLength": 7}).configuration
        self.assertEqual((changed.timeout, changed.requestLimits.maxUriLength), (5, 7))
        error = self.assertRaises(ConfigurationError, self.listener, timeout=-1)
        self.assertIn("Idle timeout cannot be negative", str(error))

    def test_reactor(self) -> None:
        """
        Without a word it is Twisted's reactor, and the hub of the process.
        """
        from twisted.internet import reactor

        listener = Listener(80)
        self.assertIs(listener._reactor, reactor)
        self.assertIs(listener.hub, sharedHub())

    def test_hub(self) -> None:
        """
        A listener may have a hub of its own.
        """
        hub = Hub()
        self.assertIs(self.listener(hub=hub).hub, hub)
        self.assertIs(self.listener().hub, self.listener(81).hub)


class StartTests(ListenerTestCase):
    """
    L{Listener.start}.
    """

    def test_portInUse(self) -> None:
        """
        A port that cannot be had is said with its name (table B24), and another try may
        succeed.
        """
        first, second = self.listener(9090, host="127.0.0.1"), self.listener(9090, host="127.0.0.1")
        self.successResultOf(first.start())
        error = self.failureResultOf(second.start(), ListenerError).value
        self.assertTrue(str(error).startswith("failed to start the listener on '127.0.0.1:9090': "))
        self.assertIn("Address already in use", str(error))
        self.successResultOf(first.gracefulStop())
        self.successResultOf(second.start())
        self.assertEqual(second.port, 9090)

    def test_names(self) -> None:
        """
        An endpoint is named by its string, or by its kind.
        """
        self.network.listenTCP(9090, Site(Resource(), reactor=self.network))
        error = self.failureResultOf(self.listener("tcp:9090").start(), ListenerError).value
        self.assertIn("on 'tcp:9090': ", str(error))
        endpoint = Pending()
        started = self.listener(endpoint).start()
        endpoint.listening.errback(OSError("no"))
        error = self.failureResultOf(started, ListenerError).value
        self.assertEqual(str(error), "failed to start the listener on 'Pending': no")

    def test_twice(self) -> None:
        """
        A listener that is started, or about to be, is not started a second time.
        """
        listener = self.listener()
        self.successResultOf(listener.start())
        error = self.failureResultOf(listener.start(), ListenerError).value
        self.assertIn("started already", str(error))
        pending = self.listener(Pending())
        pending.start()
        self.failureResultOf(pending.start(), ListenerError)

    def test_again(self) -> None:
        """
        After a stop it can be started again, with what is attached.
        """
        listener = self.started((EchoUpgrade(), "/echo"))
        for _ in range(2):
            peer = self.upgraded()
            done = listener.gracefulStop()
            peer.settle().send(ANSWERED)
            self.successResultOf(done)
            self.assertEqual(self.network.open, {})
            self.successResultOf(listener.start())
        self.assertEqual(self.upgraded().send(frame(b"hi")).take(), b"\x81\x02hi")

    def test_stoppedMeanwhile(self) -> None:
        """
        A port that opens after the listener was stopped is closed again.
        """
        endpoint = Pending()
        listener = self.listener(endpoint)
        started = listener.start()
        self.successResultOf(listener.immediateStop())
        endpoint.listening.callback(self.network.listenTCP(9090, Site(Resource(), reactor=self.network)))
        self.failureResultOf(started, ListenerError)
        self.assertEqual(self.network.open, {})
        self.assertIsNone(listener.port)


class AttachTests(ListenerTestCase):
    """
    What is served.
    """

    def test_beforeAndAfterStart(self) -> None:
        """
        Services and resources may come before and after the start, as objects or classes.
        """
        listener = self.started((EchoUpgrade(), "/before"))
        listener.attach(EchoUpgrade, "/after")
        listener.attachResource(Page(), "/page")
        self.assertEqual(self.status(upgrade("/before")), 101)
        self.assertEqual(self.status(upgrade("/after")), 101)
        self.assertEqual(self.status(head("GET /page HTTP/1.1")), 200)
        self.assertEqual(self.status(head("GET / HTTP/1.1")), 404)

    def test_resourceAtTheRoot(self) -> None:
        """
        A resource without a path stands at the root, behind the services.
        """
        listener = self.started((EchoUpgrade(), "/echo"))
        listener.attachResource(Page())
        self.assertEqual(self.status(upgrade("/echo")), 101)
        self.assertEqual(self.status(head("GET /x HTTP/1.1")), 200)

    def test_decoratedPath(self) -> None:
        """
        Without a path the decorator's two count, joined (table A1.2), else it is the root.
        """
        for number, (given, expected) in enumerate(
            (
                ({"basePath": "/test", "webSocketUpgradePath": "/ws"}, "/test/ws"),
                ({"basePath": "/test"}, "/test"),
                ({"webSocketUpgradePath": "/ws"}, "/ws"),
                ({"basePath": "/", "webSocketUpgradePath": "/ws"}, "/ws"),
                ({"basePath": "/test", "webSocketUpgradePath": "/"}, "/test"),
                ({}, "/"),
            ),
            start=1,
        ):
            listener = self.listener(number)
            listener.attach(serviceConfig(**given)(type("Door", (EchoUpgrade,), {})))
            listener.start()
            self.assertEqual(self.status(upgrade(expected), number), 101, given)

    def test_givenConfiguration(self) -> None:
        """
        A configuration that is given replaces the decorator's, paths included; a path that
        is given stands over both.
        """
        door = serviceConfig(basePath="/decorated", subProtocols=["a"])(type("Door", (EchoUpgrade,), {}))
        listener = self.started()
        listener.attach(door, config=WSServiceConfig(basePath="/given", subProtocols=["b"]))
        peer = self.network.connect().send(upgrade("/given", Sec_WebSocket_Protocol="a, b"))
        self.assertEqual(fields(peer.answer)["sec-websocket-protocol"], ["b"])
        listener.attach(door, "/here")
        self.assertEqual(self.status(upgrade("/here")), 101)
        self.assertEqual(self.status(upgrade("/decorated")), 404)

    def test_mappings(self) -> None:
        """
        A mapping of fields lies over the decorator's, and is the listener's own as well;
        what cannot be is named.
        """

        @serviceConfig(subProtocols=["xml"], idleTimeout=30)
        class Decorated(EchoUpgrade):
            pass

        listener = self.listener(config={"timeout": 3}, server="it")
        self.assertEqual((listener.configuration.timeout, listener.configuration.server), (3, "it"))
        listener.attach(Decorated(), "/", config={"idleTimeout": 5})
        (mount,) = listener.mounts
        self.assertEqual((mount.config.idleTimeout, mount.config.subProtocols), (5, ("xml",)))
        problem = self.assertRaises(ConfigurationError, self.listener, config={"time": 3})
        self.assertIn("timeout", str(problem))
        problem = self.assertRaises(ConfigurationError, self.listener, tymeout=3)
        self.assertIn('did you mean "timeout"', str(problem))
        problem = self.assertRaises(ConfigurationError, listener.attach, Decorated(), "/two", config={"idle": 3})
        self.assertIn("idle: unknown key", str(problem))

    def test_observer(self) -> None:
        """
        An observer is told; what is none is refused when something is attached.
        """
        tally = Tally()
        listener = self.listener(observer=tally)
        listener.attach(EchoUpgrade(), "/echo")
        listener.mounts[0].factory.watch.opened()
        self.assertEqual(tally.opened, {"/echo": 1})
        for wrong in (Tally, object()):
            listener = self.listener(observer=wrong)
            problem = self.assertRaises(ConfigurationError, listener.attach, EchoUpgrade(), "/echo")
            self.assertIn("IConnectionObserver", str(problem))

    def test_samePath(self) -> None:
        """
        Two services, or a service and a resource, cannot have one path; the first stays.
        """
        listener = self.started((EchoUpgrade(), "/a"))
        self.assertRaises(ListenerError, listener.attach, WaitingUpgrade(), "/a")
        self.assertRaises(ListenerError, listener.attachResource, Page(), "/a")
        self.assertEqual(self.status(upgrade("/a")), 101)
        service = WaitingUpgrade()
        self.assertRaises(ListenerError, listener.attach, service, "/a")
        self.assertRaises(ListenerError, listener.detach, service)

    def test_badPath(self) -> None:
        """
        A path begins with a slash and does not end with one.
        """
        for path in ("a", "/a/", ""):
            self.assertRaises(ListenerError, self.listener().attach, EchoUpgrade(), path)
            self.assertRaises(ListenerError, self.listener().attachResource, Page(), path)

    def test_definition(self) -> None:
        """
        A service that cannot work is refused here, and takes no path.
        """
        listener = self.listener()
        self.assertRaises(ServiceDefinitionError, listener.attach, UpgradeService(), "/a")
        listener.attach(EchoUpgrade(), "/a")

    def test_detach(self) -> None:
        """
        After a detach there are no further upgrades; open connections go on, and hear of
        the listener's end all the same.
        """
        service = EchoUpgrade()
        listener = self.started((service, "/echo"))
        peer = self.upgraded()
        listener.detach(service)
        self.assertEqual(self.status(upgrade("/echo")), 404)
        self.assertEqual(peer.send(frame(b"hi")).take(), b"\x81\x02hi")
        listener.gracefulStop()
        self.assertEqual(peer.settle().take(), GOING_AWAY)
        listener.attach(service, "/echo")

    def test_detachClass(self) -> None:
        """
        What was attached is detached: the class, where it was a class.
        """
        listener = self.started((EchoUpgrade, "/echo"))
        self.assertRaises(ListenerError, listener.detach, EchoUpgrade())
        listener.detach(EchoUpgrade)
        self.assertEqual(self.status(upgrade("/echo")), 404)

    def test_detachEverywhere(self) -> None:
        """
        A service that is attached at several paths is detached from all.
        """
        service = EchoUpgrade()
        listener = self.started((service, "/a"), (EchoUpgrade(), "/b"), (service, "/c"))
        listener.detach(service)
        self.assertEqual([self.status(upgrade(path)) for path in ("/a", "/b", "/c")], [404, 101, 404])
        self.assertRaises(ListenerError, listener.detach, service)

    def test_detachUnknown(self) -> None:
        """
        What is not attached cannot be detached (table B24).
        """
        listener = self.listener()
        error = self.assertRaises(ListenerError, listener.detach, EchoUpgrade())
        self.assertEqual(str(error), "Cannot detach service. Service has not been registered")

    def test_detachWhileAnUpgradeWaits(self) -> None:
        """
        An upgrade of which the C{get} takes its time comes too late after a detach.
        """
        service = WaitingUpgrade()
        listener = self.started((service, "/slow"))
        peer = self.network.connect().send(upgrade("/slow"))
        listener.detach(service)
        service.waiting[0].callback(EchoUpgrade().get())
        self.assertEqual(status(peer.settle().answer), 503)

    def test_timeoutAndCompression(self) -> None:
        """
        The listener's configuration reaches the services.
        """
        self.started(
            (WaitingUpgrade(), "/slow"),
            (EchoUpgrade(), "/echo"),
            timeout=7,
            webSocketCompressionEnabled=False,
        )
        peer = self.network.connect().send(upgrade("/slow"))
        self.network.advance(7.1)
        self.assertEqual(status(peer.settle().answer), 503)
        peer = self.network.connect().send(upgrade("/echo", Sec_WebSocket_Extensions="permessage-deflate"))
        self.assertNotIn("sec-websocket-extensions", fields(peer.answer))

    def test_audiences(self) -> None:
        """
        A broadcast reaches the service at its path on its listener, however many share the
        hub.
        """

        class Chat(Service):
            def onTextMessage(self, caller: Any, text: str) -> Any:
                return caller.broadcastText(text)

        class Door(UpgradeService):
            def get(self):
                return Chat()

        for number in (1, 2):
            listener = self.listener(number)
            listener.attach(Door(), "/chat")
            listener.attach(Door(), "/other")
            listener.start()
        peers = [
            self.network.connect(number).send(upgrade(path))
            for number, path in ((1, "/chat"), (1, "/chat"), (1, "/other"), (2, "/chat"))
        ]
        for peer in peers:
            peer.take()
        peers[0].send(frame(b"hi"))
        self.assertEqual([peer.settle().take() for peer in peers], [b"\x81\x02hi"] * 2 + [b""] * 2)


class GracefulStopTests(ListenerTestCase):
    """
    L{Listener.gracefulStop} (table B24, row RL01).
    """

    def test_nobody(self) -> None:
        """
        Where nobody is connected it closes the port and is done, also before any start.
        """
        listener = self.listener()
        self.successResultOf(listener.gracefulStop())
        self.successResultOf(listener.start())
        self.assertIsNone(self.successResultOf(listener.gracefulStop()))
        self.assertEqual(self.network.open, {})
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_peersAnswer(self) -> None:
        """
        The port is closed at once, every peer gets 1001, and when all have answered it is
        done.
        """
        listener = self.started((EchoUpgrade(), "/echo"))
        peers = [self.upgraded() for _ in range(3)]
        done = listener.gracefulStop()
        self.assertEqual(self.network.open, {})
        for peer in peers:
            self.assertEqual(peer.settle().take(), GOING_AWAY)
            self.assertNoResult(done)
            peer.send(ANSWERED)
            self.assertTrue(peer.isClosed)
        self.successResultOf(done)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_peerDoesNotAnswer(self) -> None:
        """
        Who does not answer is dropped after ten seconds, or after what was given.
        """
        for given, seconds in (((), 10), ((3,), 3)):
            listener = self.started((EchoUpgrade(), "/echo"))
            peer = self.upgraded()
            done = listener.gracefulStop(*given)
            self.network.advance(seconds - 0.1)
            self.assertNoResult(done)
            self.assertFalse(peer.settle().isClosed)
            self.network.advance(0.2)
            self.assertTrue(peer.isClosed)
            self.successResultOf(done)
            self.assertEqual(self.network.getDelayedCalls(), [])

    def test_zero(self) -> None:
        """
        With the timeout 0 everybody is dropped at once.
        """
        listener = self.started((EchoUpgrade(), "/echo"))
        peer = self.upgraded()
        self.successResultOf(listener.gracefulStop(0))
        self.assertTrue(peer.isClosed)
        self.assertEqual(peer.answer, b"")

    def test_negative(self) -> None:
        """
        With a negative timeout it waits as long as it takes.
        """
        listener = self.started((EchoUpgrade(), "/echo"))
        peer = self.upgraded()
        done = listener.gracefulStop(-1)
        self.network.advance(1e6)
        self.assertNoResult(done)
        peer.settle().send(ANSWERED)
        self.successResultOf(done)

    def test_idleConnections(self) -> None:
        """
        Connections without a request are closed: new ones and kept ones, and such that have
        sent half a request.
        """
        listener = self.started()
        listener.attachResource(Page(), "/page")
        peers = [self.network.connect() for _ in range(3)]
        peers[1].send(head("GET /page HTTP/1.1"))
        peers[2].send(b"GET /pa")
        done = listener.gracefulStop()
        for peer in peers:
            self.assertNoResult(done)
            self.assertTrue(peer.settle().isClosed)
        self.successResultOf(done)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_runningRequest(self) -> None:
        """
        A request that is being answered is answered, and then the connection is closed.
        """
        listener = self.started()
        page = WaitingPage()
        listener.attachResource(page, "/wait")
        peer = self.network.connect().send(head("GET /wait HTTP/1.1"), head("GET /wait HTTP/1.1"))
        done = listener.gracefulStop()
        self.assertTrue(peer.settle().isOpen)
        page.finish(b"at last")
        self.assertEqual(body(peer.settle().answer), b"at last")
        self.assertTrue(peer.isClosed)
        self.successResultOf(done)
        self.assertEqual(page.requests, [])

    def test_runningRequestTakesTooLong(self) -> None:
        """
        One that is not answered in time is dropped, and its resource hears of it.
        """
        listener = self.started()
        page = WaitingPage()
        listener.attachResource(page, "/wait")
        peer = self.network.connect().send(head("GET /wait HTTP/1.1"))
        done = listener.gracefulStop(3)
        self.network.advance(3)
        self.assertTrue(peer.isClosed)
        self.assertEqual(len(page.left), 1)
        self.successResultOf(done)

    def test_refusedConnection(self) -> None:
        """
        A connection that lingers after a refusal does not hold anybody up.
        """
        listener = self.started()
        peer = self.network.connect().send(b"nonsense\r\n")
        done = listener.gracefulStop()
        self.assertTrue(peer.settle().isClosed)
        self.successResultOf(done)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_upgradeWhileStopping(self) -> None:
        """
        An upgrade that is decided while we stop is 503: no connection begins any more.
        """
        service = WaitingUpgrade()
        listener = self.started((service, "/slow"))
        peer = self.network.connect().send(upgrade("/slow"))
        done = listener.gracefulStop()
        service.waiting[0].callback(EchoUpgrade().get())
        self.assertEqual(status(peer.settle().answer), 503)
        self.assertEqual(body(peer.answer), b"The service is stopping.\n")
        self.successResultOf(done)

    def test_twice(self) -> None:
        """
        A second stop joins the first; an immediate one cuts it short.
        """
        listener = self.started((EchoUpgrade(), "/echo"))
        peer = self.upgraded()
        graceful, again = listener.gracefulStop(), listener.gracefulStop()
        self.assertEqual(peer.settle().take(), GOING_AWAY)
        self.assertNoResult(graceful)
        immediate = listener.immediateStop()
        for done in (graceful, again, immediate):
            self.successResultOf(done)
        self.assertTrue(peer.isClosed)
        self.assertEqual(self.network.getDelayedCalls(), [])


class ImmediateStopTests(ListenerTestCase):
    """
    L{Listener.immediateStop}.
    """

    def test_everybody(self) -> None:
        """
        Everybody is dropped at once: upgraded, idle, in the middle of a request, waiting
        for an answer, waiting for an upgrade, refused.
        """
        listener = self.started((EchoUpgrade(), "/echo"), (WaitingUpgrade(), "/slow"))
        listener.attachResource(WaitingPage(), "/wait")
        peers = [
            self.network.connect().send(data)
            for data in (
                upgrade("/echo"),
                b"",
                b"GET",
                head("GET /wait HTTP/1.1"),
                upgrade("/slow"),
                b"nonsense\r\n",
            )
        ]
        self.successResultOf(listener.immediateStop())
        self.assertTrue(all(peer.isClosed for peer in peers))
        self.assertEqual(self.network.open, {})
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_keepAliveTimers(self) -> None:
        """
        Timers of keep-alive pings end, too.
        """
        listener = self.listener()
        listener.attach(EchoUpgrade(), "/echo")
        listener.start()
        self.upgraded()
        self.assertNotEqual(self.network.getDelayedCalls(), [])
        self.successResultOf(listener.immediateStop())
        self.assertEqual(self.network.getDelayedCalls(), [])


class SiteTests(ListenerTestCase):
    """
    A listener on an existing site (ruling 1).
    """

    def setUp(self) -> None:
        super().setUp()
        self.root = Resource()
        self.root.putChild(b"page", Page())
        self.site = Site(self.root, reactor=self.network)
        self.network.listenTCP(80, self.site)

    def test_noConfiguration(self) -> None:
        """
        The site's own configuration counts: another one beside it is refused (106).
        """
        for more in ({"config": ListenerConfiguration()}, {"timeout": 5}, {"host": "0.0.0.0"}):
            error = self.assertRaises(ConfigurationError, self.listener, self.site, **more)
            self.assertIn("existing site", str(error))

    def test_noPort(self) -> None:
        """
        The application listens: C{port} is L{None}, and a stop closes no port.
        """
        listener = self.listener(self.site)
        self.successResultOf(listener.start())
        self.assertIsNone(listener.port)
        self.successResultOf(listener.gracefulStop())
        self.assertEqual(list(self.network.open), [80])

    def test_beside(self) -> None:
        """
        Services and further resources answer beside what the site had.
        """
        listener = self.listener(self.site)
        listener.attach(EchoUpgrade(), "/echo", config=QUIET)
        listener.attachResource(Page(), "/more")
        self.successResultOf(listener.start())
        self.assertEqual(self.upgraded().send(frame(b"hi")).take(), b"\x81\x02hi")
        for path, expected in (("/page", 200), ("/more", 200), ("/", 404), ("/nowhere", 404)):
            self.assertEqual(self.status(head(f"GET {path} HTTP/1.1")), expected)

    def test_active(self) -> None:
        """
        Only a started listener answers; the site itself goes on before and after.
        """
        listener = self.listener(self.site)
        listener.attach(EchoUpgrade(), "/echo", config=QUIET)
        self.assertEqual(self.status(upgrade("/echo")), 404)
        self.successResultOf(listener.start())
        self.failureResultOf(listener.start(), ListenerError)
        self.assertEqual(self.status(upgrade("/echo")), 101)
        self.successResultOf(listener.immediateStop())
        self.assertEqual(self.status(upgrade("/echo")), 404)
        self.assertEqual(self.status(head("GET /page HTTP/1.1")), 200)
        self.successResultOf(listener.start())
        self.assertEqual(self.status(upgrade("/echo")), 101)

    def test_stopping(self) -> None:
        """
        While it stops, its connections hear of it, upgrades are 503 without C{get} being
        called, and the site's own connections are none of its business.
        """
        service = WaitingUpgrade()
        listener = self.listener(self.site)
        listener.attach(EchoUpgrade(), "/echo", config=QUIET)
        listener.attach(service, "/slow")
        listener.start()
        peer, idle = self.upgraded(), self.network.connect()
        done = listener.gracefulStop()
        self.assertEqual(peer.settle().take(), GOING_AWAY)
        self.assertEqual(self.status(upgrade("/slow")), 503)
        self.assertEqual(service.requests, [])
        self.assertEqual(self.status(upgrade("/slow/x")), 404)
        self.assertTrue(idle.settle().isOpen)
        peer.send(ANSWERED)
        self.successResultOf(done)

    def test_stoppedWhileAnUpgradeWaits(self) -> None:
        """
        An upgrade that waits for C{get} when the listener stops is 503 and no connection of a
        listener that has stopped; after a new start upgrades are accepted.
        """
        for stop in ("gracefulStop", "immediateStop"):
            service = WaitingUpgrade()
            listener = self.listener(self.site)
            listener.attach(service, f"/{stop}", config=QUIET)
            listener.start()
            peer = self.network.connect().send(upgrade(f"/{stop}"))
            self.successResultOf(getattr(listener, stop)())
            service.waiting[0].callback(Echo())
            self.assertEqual(status(peer.settle().take()), 503)
            listener.start()
            peer = self.network.connect().send(upgrade(f"/{stop}"))
            service.waiting[1].callback(Echo())
            self.assertEqual(status(peer.settle().take()), 101)
            self.successResultOf(listener.immediateStop())

    def test_two(self) -> None:
        """
        Two listeners may share a site, and stop apart.
        """
        first, second = self.listener(self.site), self.listener(self.site)
        for listener, path in ((first, "/first"), (second, "/second")):
            listener.attach(EchoUpgrade(), path)
            listener.start()
        self.assertEqual([self.status(upgrade(path)) for path in ("/first", "/second")], [101, 101])
        self.successResultOf(first.immediateStop())
        self.assertEqual([self.status(upgrade(path)) for path in ("/first", "/second")], [404, 101])
        self.assertEqual(self.status(head("GET /page HTTP/1.1")), 200)


class SocketTests(TestCase):
    """
    The same on a real port of this machine.
    """

    async def test_portInUse(self) -> None:
        """
        An ephemeral port is told, cannot be had a second time, and is free after a stop.
        """
        first = Listener(0, host="127.0.0.1")
        await first.start()
        port = first.port
        self.assertGreater(port or 0, 0)
        second = Listener(port or 0, host="127.0.0.1")
        error = await self.assertFailure(second.start(), ListenerError)
        self.assertTrue(str(error).startswith(f"failed to start the listener on '127.0.0.1:{port}': "))
        await first.gracefulStop()
        await second.start()
        self.assertEqual(second.port, port)
        await second.immediateStop()
