"""
Tests of L{balws.server.shortcut}: what goes the short way, and that it ends as the long one does.
What is sent by chance is in L{tests.server.test_twins}.
"""

from __future__ import annotations

import gc
from functools import partial, partialmethod
from typing import Any
from weakref import ref

from twisted.internet.address import UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IConsumer, IPushProducer
from zope.interface import implementer_only

from balws.auth.network import LOCAL
from balws.server.channel import Channel
from balws.wire.server import ServerWire
from tests.server.peers import Transport, frame, head, status, upgrade
from tests.server.twins import BROWSER, FRAMES, PATHS, Twins, TwinsTestCase
from tests.wire.secured import Secured


@implementer_only(IPushProducer, IConsumer)
class FileTransport(Transport):
    """
    A connection of a socket that is a file.
    """

    def getPeer(self) -> Any:
        return UNIXAddress(None)


class WayTests(TwinsTestCase):
    """
    What goes which way.
    """

    def test_short(self) -> None:
        """
        Upgrades as they nearly always are go the short way.
        """
        for data in (
            upgrade(),
            BROWSER,
            upgrade("/?a=b"),
            upgrade("/rooms/a%20b/7?page=2&tag=x&tag=y&on=true", User_Agent="x", Cookie="a=b"),
            upgrade("/pages", Origin="https://example.com"),
            upgrade("/keep", Sec_WebSocket_Protocol="mqtt"),
            upgrade("/keep/"),
            upgrade("/keep", X_Bytes="\xe4\xff", X_Empty=""),
            upgrade("/keep").replace(b": ", b":\t \t").replace(b"example.com\r\n", b"example.com\t \r\n"),
            upgrade("/keep", Sec_WebSocket_Key="A" * 22 + "==").upper().replace(b"/KEEP", b"/keep"),
        ):
            self.assertShort(data)
            self.assertShort(data + FRAMES)

    def test_results(self) -> None:
        """
        Whatever C{get} gives or raises ends in the same answer.
        """
        statuses = {path: self.assertSame(upgrade(path)) for path in PATHS if path != "/rooms"}
        self.assertEqual(
            statuses,
            {
                "/": 101,
                "/keep": 101,
                "/pages": 101,
                "/request": 101,
                "/guarded": 401,
                "/late": 101,
                "/acting": 101,
                "/async": 418,
                "/upgradeError": 418,
                "/authnError": 401,
                "/error": 500,
                "/exit": 500,
                "/none": 500,
                "/returned": 400,
                "/bad": 500,
            },
        )

    def test_needsARequest(self) -> None:
        """
        Where somebody is given the request it is Twisted Web's.
        """
        self.assertEqual(self.assertLong(upgrade("/request?a=b")), 101)
        self.assertEqual(self.assertLong(upgrade("/guarded", Authorization="Basic YTpi")), 101)
        self.assertEqual(self.assertLong(upgrade("/guarded")), 401)

    def test_noService(self) -> None:
        """
        Pages and paths with nothing there are Twisted Web's.
        """
        self.assertEqual(self.assertLong(head("GET /page HTTP/1.1") + head("GET /page HTTP/1.1")), 200)
        self.assertEqual(self.assertLong(upgrade("/page")), 200)
        self.assertEqual(self.assertLong(upgrade("/nothing")), 404)
        self.assertEqual(self.assertLong(upgrade("/keep/more")), 404)
        self.assertEqual(self.assertLong(upgrade("/rooms/a/x")), 404)
        self.assertEqual(self.assertLong(upgrade("/rooms/a/1?page=x")), 400)

    def test_unusual(self) -> None:
        """
        Whatever is not the plain form of a request is Twisted Web's.
        """
        plain = upgrade("/keep")
        line, rest = plain.split(b"\r\n", 1)
        for data, expected in (
            (b"\r\n" + plain, 101),
            (plain.replace(b"GET /keep", b"GET http://example.com/keep"), 101),
            (plain.replace(b"\r\nHost", b"\r\nExpect: 100-continue\r\nHost"), 100),
            (plain.replace(b"\r\nHost", b"\r\nContent-Length: 0\r\nHost"), 101),
            (plain.replace(b"\r\nHost", b"\r\ncontent-LENGTH: 5\r\nHost"), 400),
            (plain.replace(b"\r\nHost", b"\r\nTransfer-Encoding: chunked\r\nHost"), 400),
            (plain.replace(b"\r\nHost", b"\r\nRange: \xff\r\nHost"), 400),
            (plain.replace(b"\r\nHost", b"\r\nX: a\r\n b\r\nHost"), 400),
            (plain.replace(b"\r\nHost", b"\r\nHost: a\r\nHost"), 400),
            (plain.replace(b"HTTP/1.1", b"HTTP/1.0"), 426),
            (plain.replace(b"GET", b"POST"), 400),
            (plain.replace(b"\r\n", b"\n"), 400),
            (plain.replace(b"Upgrade: websocket\r\n", b""), 426),
            (line + b"\r\n\r\n", 400),
            (rest, 400),
        ):
            self.assertEqual(self.assertLong(data), expected, data)

    def test_portions(self) -> None:
        """
        A head that does not come as a whole, at first, is Twisted Web's.
        """
        plain = upgrade("/keep")
        for cut in range(1, len(plain)):
            self.assertEqual(self.assertLong(plain[:cut], plain[cut:] + FRAMES), 101)

    def test_laterRequest(self) -> None:
        """
        So is what comes behind another request.
        """
        page = head("GET /page HTTP/1.1")
        self.assertEqual(self.assertLong(page, upgrade("/keep"), FRAMES), 200)
        self.assertEqual(self.assertLong(page + upgrade("/keep") + FRAMES), 200)

    def test_switchedOff(self) -> None:
        """
        The short way can be taken away, to compare.
        """
        self.assertIs(Channel.hasShortcut, True)
        self.assertEqual(self.twins.long.short, 0)
        self.twins.tell(upgrade("/"))
        self.assertEqual((self.twins.short.short, self.twins.long.short), (1, 0))


class LimitTests(TwinsTestCase):
    """
    Limits.
    """

    def test_target(self) -> None:
        """
        The request line's limit holds on either way, to the byte.
        """
        twins = Twins(requestLimits={"maxUriLength": 50})
        for length in (49, 50):
            self.assertShort(upgrade("/keep?" + "a" * (length - 6)), twins)
        self.assertEqual(self.assertLong(upgrade("/keep?" + "a" * 45), twins=twins), 414)

    def test_fields(self) -> None:
        """
        So does that of the fields' size.
        """
        size = len(upgrade()) - len("GET / HTTP/1.1\r\n") - 2
        for limit in (size, size + 1):
            self.assertShort(upgrade(), Twins(requestLimits={"maxHeaderSize": limit}))
        self.assertEqual(self.assertLong(upgrade(), twins=Twins(requestLimits={"maxHeaderSize": size - 1})), 431)

    def test_count(self) -> None:
        """
        There are a hundred fields at most.
        """
        for count in (93, 94, 95):
            self.assertShort(upgrade("/keep", **{f"X{number}": "x" for number in range(count)}))
        over = upgrade("/keep", **{f"X{number}": "x" for number in range(96)})
        self.assertEqual(self.assertLong(over), 431)

    def test_admission(self) -> None:
        """
        Whom a limit turns away is counted once, and reads the same.
        """
        for limits, expected in (
            ({"maxConnections": 1}, 503),
            ({"maxConnectionsPerAddress": 1}, 429),
            ({"maxUpgradesPerSecond": 1}, 429),
        ):
            twins = Twins(limits)
            for twin in (twins.short, twins.long):
                self.patch(Channel, "hasShortcut", twin is twins.short)
                first = twin.port.connect().send(upgrade())
                self.assertEqual(status(first.answer), 101)
            self.assertEqual(self.assertSame(upgrade("/keep") + FRAMES, twins=twins), expected)
            for twin in (twins.short, twins.long):
                self.assertEqual(dict(twin.admission.refused), {next(iter(limits)): 1})
            self.assertEqual(twins.long.short, 0)

    def test_proxies(self) -> None:
        """
        What trusted proxies say counts on either way.
        """
        twins = Twins({"trustedProxies": ("192.0.2.0/24",)})
        forwarded = upgrade("/keep", X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="https")
        self.assertShort(forwarded, twins)
        [answer, *_], _ = twins.tell(forwarded)
        self.assertEqual(answer[7], {"203.0.113.9": 1})
        self.assertTrue(answer[4][1][3])

    def test_serverName(self) -> None:
        """
        The answer says of the server what the listener does.
        """
        for server in (None, "mine"):
            self.assertShort(upgrade("/keep"), Twins(server=server))


class ActingTests(TwinsTestCase):
    """
    What happens while C{get} is asked.
    """

    def each(self, act: Any) -> None:
        """
        @param act: what C{get} does first; is given the listener.
        """
        for twin in (self.twins.short, self.twins.long):
            twin.acting.act = partial(act, twin)

    def test_more(self) -> None:
        """
        What comes meanwhile, as it does on a network in memory, comes behind what was there.
        """
        self.each(lambda twin: twin.peer.transport.protocol.dataReceived(frame(b"second")))
        self.assertSame(upgrade("/acting") + frame(b"first"))
        self.assertEqual(self.twins.short.story[2:4], ["first", "second"])
        self.assertEqual(self.twins.short.short, 1)

    def test_stopped(self) -> None:
        """
        A listener that stops meanwhile says so, and closes.
        """
        self.each(lambda twin: twin.port.listener.gracefulStop())
        self.assertEqual(self.assertSame(upgrade("/acting") + FRAMES), 503)
        self.assertEqual(self.twins.short.short, 1)

    def test_detached(self) -> None:
        """
        So does one whose service is detached meanwhile.
        """
        self.each(lambda twin: twin.port.listener.detach(twin.acting))
        self.assertEqual(self.assertSame(upgrade("/acting")), 503)
        self.assertEqual(self.twins.short.short, 1)

    def test_gone(self) -> None:
        """
        Nobody answers a connection that has ended meanwhile, and its place is free.
        """
        for act in (
            lambda twin: twin.peer.leave(),
            lambda twin: twin.port.listener.immediateStop(),
        ):
            self.each(act)
            self.assertEqual(self.assertSame(upgrade("/acting")), 0)
            self.assertEqual(self.twins.short.admission.connections, 0)
        self.assertEqual(self.twins.short.short, 2)

    def test_leaves(self) -> None:
        """
        Who leaves while C{get} waits has no place any more.
        """
        self.twins.short.port.connect().send(upgrade("/late") + FRAMES).leave()
        self.assertEqual(self.twins.short.admission.connections, 0)
        self.assertEqual(len(self.twins.short.port.clock.getDelayedCalls()), 1)  # the service's own

    def test_broken(self) -> None:
        """
        What fails when the connection is the wire's already is told to the transport, which
        ends it: there is no request any more that could be answered.
        """

        def fail(*_: Any) -> None:
            raise RuntimeError("broken")

        self.patch(ServerWire, "open", fail)
        peer = self.twins.short.port.connect()
        self.assertRaises(RuntimeError, peer.send, upgrade("/keep"))
        self.assertEqual(peer.answer, b"")
        self.assertIsInstance(peer.transport.protocol, ServerWire)

    def test_tooLate(self) -> None:
        """
        The time that an upgrade has counts for whoever waits.
        """
        twins = Twins(timeout=0.5)
        self.assertEqual(self.assertSame(upgrade("/late"), twins=twins), 503)
        self.assertEqual(twins.short.short, 1)

    def test_hub(self) -> None:
        """
        While it is not known whether other nodes can be reached, an upgrade waits with Twisted
        Web's request.
        """
        hub = self.twins.short.port.listener.hub
        hub.isBeginning = True
        self.addCleanup(setattr, hub, "isBeginning", False)
        self.assertEqual(self.assertLong(upgrade("/keep")), 101)

    def test_freed(self) -> None:
        """
        The channel does not stay with the connection.
        """
        peer = self.twins.short.port.connect()
        channel = ref(peer.transport.protocol)
        peer.send(upgrade("/keep"))
        gc.collect()
        self.assertEqual((status(peer.answer), channel()), (101, None))


class RoadTests(TwinsTestCase):
    """
    What stands between a port and the channel.
    """

    def test_proxyProtocol(self) -> None:
        """
        Behind the PROXY protocol the way is as short.
        """
        twins = Twins({"trustedProxies": ("192.0.2.0/24",)}, proxyProtocol=True)
        line = b"PROXY TCP4 203.0.113.9 192.0.2.1 4000 80\r\n"
        self.assertShort(line + upgrade("/keep"), twins)
        [answer, *_], _ = twins.tell(line, upgrade("/keep"))
        self.assertEqual(answer[7], {"203.0.113.9": 1})

    def test_noTcp(self) -> None:
        """
        What has no delay to switch off, as a socket that is a file, is served as well.
        """
        twin = self.twins.short
        transport = FileTransport()
        transport.protocol = twin.port.factory.buildProtocol(transport.getPeer())
        transport.protocol.makeConnection(transport)
        transport.protocol.dataReceived(upgrade("/keep"))
        self.assertEqual((status(transport.unsent), twin.admission._places), (101, {LOCAL: 1}))

    def test_tls(self) -> None:
        """
        Behind TLS it is, too, and the service knows that it is there.
        """
        twin = self.twins.short
        secured = Secured(twin.port.listener._entrance.site, twin.port.clock)
        calls: list[bytes] = []
        self.patch(Channel, "release", partialmethod(_noted, calls, Channel.release))
        secured.send(upgrade("/keep") + frame(b"text"))
        secured.pump()
        self.assertEqual((status(secured.heard), secured.heard[-6:]), (101, b"\x81\x04text"))
        self.assertEqual((twin.story[1][3], len(calls)), (True, 1))
        secured.below.lose(ConnectionDone())


def _noted(channel: Any, calls: list[Any], method: Any, end: int) -> Any:
    calls.append(end)
    return method(channel, end)
