"""
Tests of L{balws.wire.takeover}.
"""

from __future__ import annotations

import gc
from functools import partial
from typing import Any
from weakref import ref

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.web.http import HTTPChannel, _GenericHTTPChannelProtocol
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from twisted.web.static import Data

from balws.wire.takeover import release, takeOver
from tests.rows.raw import BINARY, PING, TEXT, frame, request
from tests.wire.secured import Secured
from tests.wire.transports import Rig, Session, Transport, WireTestCase, compressing

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class Upgrading(Resource):
    """
    Takes every connection over, at once or when it is told.
    """

    isLeaf = True

    def __init__(self, rig: Rig, wait: bool) -> None:
        super().__init__()
        self.wait = wait
        self.rig = rig
        self.session = Session()
        self.compressor: Any = None
        self.finished: list[Any] = []

    def render(self, request: Request) -> int:
        self.request = request
        request.notifyFinish().addBoth(self.finished.append)
        if not self.wait:
            self.take()
        return NOT_DONE_YET

    def take(self) -> None:
        """
        C{get} has answered.
        """
        self.wire = takeOver(
            partial(release, self.request), self.rig.factory, self.session, ANSWER, self.compressor
        )


class TakeOverTests(WireTestCase):
    """
    In a site of Twisted Web as it is.
    """

    def connect(self, wait: bool, rig: Rig | None = None, buildChannel: Any = None) -> None:
        """
        A connection to a site.
        """
        self.clock = Clock()
        self.rig = Rig() if rig is None else rig
        self.resource = Upgrading(self.rig, wait)
        self.session = self.resource.session
        root = Resource()
        root.putChild(b"ws", self.resource)
        root.putChild(b"file", Data(b"f" * 100_000, "text/plain"))
        self.site = Site(root, timeout=60, reactor=self.clock)
        self.transport = Transport()
        channel = self.site.buildProtocol(None) if buildChannel is None else buildChannel(self.site)
        self.transport.protocol = channel
        channel.makeConnection(self.transport)

    def receive(self, *portions: bytes) -> None:
        """
        Each portion comes in one read, to whoever owns the transport.
        """
        for portion in portions:
            self.assertTrue(self.transport.reading)
            self.transport.protocol.dataReceived(portion)

    def test_sameConnection(self) -> None:
        """
        The same transport carries the wire from then on; what came with the request is
        its first data.
        """
        self.connect(wait=False)
        self.assertIsInstance(self.transport.protocol, _GenericHTTPChannelProtocol)
        self.receive(request(body=frame(TEXT, b"early")))
        self.assertEqual(self.transport.take(), ANSWER)
        self.assertEqual(self.session.seen, ["opened", "early"])
        wire = self.transport.protocol
        self.assertIs(wire, self.resource.wire)
        self.assertIs(wire.transport, self.transport)
        self.assertIs(self.transport.producer, wire)
        self.assertIn(wire, self.rig.roster.members)
        self.receive(frame(TEXT, b"next"))
        self.assertEqual(self.session.seen[-1], "next")

    def test_everySplit(self) -> None:
        """
        Wherever request and frames are cut by the reads, nothing is lost, doubled or out of
        order, whether the service answers at once or after all has come.
        """
        stream = request(body=frame(TEXT, b"one") + frame(PING, b"two") + frame(BINARY, b"three"))
        expected = ["opened", "one", b"three"]
        for cut in range(1, len(stream)):
            for wait in (False, True):
                self.connect(wait)
                self.receive(stream[:cut], stream[cut:])
                if wait:
                    self.assertEqual(self.transport.take(), b"")
                    self.resource.take()
                self.assertEqual(
                    (self.session.seen, self.transport.take()), (expected, ANSWER + b"\x8a\x03two"), cut
                )

    def test_inTurn(self) -> None:
        """
        So it is where the service answers between two reads.
        """
        stream = frame(TEXT, b"one") + frame(TEXT, b"two") + frame(TEXT, b"three")
        for first in range(0, len(stream), 5):
            for second in range(first, len(stream), 5):
                self.connect(wait=True)
                self.receive(request(body=stream[:first]))
                self.receive(stream[first:second])
                self.resource.take()
                self.receive(stream[second:])
                self.assertEqual(self.session.seen, ["opened", "one", "two", "three"])

    def test_much(self) -> None:
        """
        What comes while the request is handled is not lost, however much it is, and
        reading goes on.
        """
        for size, paused in ((16_000, False), (17_000, True), (65_000, True)):
            self.connect(wait=True)
            self.receive(request(body=frame(TEXT, b"a" * 100)), frame(TEXT, b"b" * size))
            self.assertEqual(self.transport.reading, not paused)
            self.resource.take()
            self.assertTrue(self.transport.reading)
            self.receive(frame(TEXT, b"c"))
            self.assertEqual(self.session.seen, ["opened", "a" * 100, "b" * size, "c"])

    def test_pausedByTheSession(self) -> None:
        """
        A session that takes no more when it opens is given nothing, and loses nothing.
        """
        self.connect(wait=True)
        self.session.then["opened"] = lambda: self.transport.protocol.pauseReading()
        self.receive(request(body=frame(TEXT, b"a")), frame(TEXT, b"b"))
        self.resource.take()
        self.assertEqual((self.session.seen, self.transport.reading), (["opened"], False))
        self.resource.wire.resumeReading()
        self.assertEqual(self.session.seen, ["opened", "a", "b"])

    def test_failedAtOnce(self) -> None:
        """
        Where opening fails, what came with the request is thrown away.
        """
        self.connect(wait=False)
        self.session.then["opened"] = lambda: self.transport.protocol.fail(1011, "words", ValueError())
        self.receive(request(body=frame(TEXT, b"a")))
        self.assertEqual(self.session.seen, ["opened", ("closing", False), "ValueError"])
        self.assertEqual(self.transport.take(), ANSWER + b"\x88\x07\x03\xf3words")

    def test_afterOtherRequests(self) -> None:
        """
        A connection may ask for other things first; where the peer has not taken them yet,
        the wire waits for it as the channel did.
        """
        self.connect(wait=False)
        self.transport.peerReads = False
        self.receive(request("/file", b"Host: localhost\r\n"))
        self.receive(request(body=frame(TEXT, b"early")))
        self.assertTrue(self.transport.written.endswith(b"f" * 100 + ANSWER))
        self.assertEqual(self.session.seen, ["opened", "early"])
        waiting = self.resource.wire.sendText("a")
        self.assertNoResult(waiting)
        self.transport.drain()
        self.assertIsNone(self.successResultOf(waiting))
        self.assertTrue(self.transport.reading)

    def test_pipelined(self) -> None:
        """
        So may it in one read.
        """
        self.connect(wait=True)
        self.receive(request("/file", b"Host: localhost\r\n") + request(body=frame(TEXT, b"early")))
        self.assertTrue(self.transport.take().endswith(b"f" * 100))
        self.receive(frame(TEXT, b"next"))
        self.resource.take()
        self.assertEqual(self.session.seen, ["opened", "early", "next"])

    def test_compressed(self) -> None:
        """
        The compressor that was agreed on is the wire's.
        """
        self.connect(wait=True)
        self.resource.compressor = compressing().wire._perMessageCompress
        self.receive(request())
        self.resource.take()
        self.transport.take()
        self.resource.wire.sendText("a" * 200)
        self.assertEqual(self.transport.take()[0], 0xC1)

    def test_noTimer(self) -> None:
        """
        No timer of the channel is left.
        """
        self.connect(wait=True)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.receive(request())
        self.resource.take()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_end(self) -> None:
        """
        The end of the connection is the wire's; the request never ends.
        """
        self.connect(wait=True)
        self.receive(request())
        content = self.resource.request.content
        self.resource.take()
        self.transport.lose(ConnectionDone())
        self.assertEqual(self.session.seen, ["opened", ("ended", 1006, "")])
        self.assertEqual((self.resource.finished, self.rig.roster.members), ([], {self.rig.wire}))
        self.assertTrue(content.closed)

    def test_noContent(self) -> None:
        """
        A request whose content somebody has taken away is taken over all the same.
        """
        self.connect(wait=True)
        self.receive(request())
        self.resource.request.content.close()
        self.resource.request.content = None
        self.resource.take()
        self.assertEqual(self.session.seen, ["opened"])

    def test_freed(self) -> None:
        """
        Neither channel nor request stay with the connection.
        """
        self.connect(wait=True)
        self.receive(request())
        channel, asked = ref(self.resource.request.channel), ref(self.resource.request)
        self.resource.take()
        del self.resource.request
        gc.collect()
        self.assertEqual((channel(), asked()), (None, None))
        self.assertIs(self.transport.protocol, self.resource.wire)

    def test_released(self) -> None:
        """
        A channel that keeps something of its own for a connection is told to let go, before
        its transport is taken.
        """
        told: list[Any] = []

        class Channel(HTTPChannel):
            def released(self) -> None:
                told.append(self.transport)

        def build(site: Site) -> Channel:
            channel = Channel()
            channel.requestFactory = site.requestFactory
            channel.site = channel.factory = site  # type: ignore[assignment]
            channel.callLater = self.clock.callLater  # type: ignore[method-assign, assignment]
            return channel

        self.connect(wait=False, buildChannel=build)
        self.receive(request(body=frame(TEXT, b"early")))
        self.assertEqual((told, self.session.seen), ([self.transport], ["opened", "early"]))

    def test_secured(self) -> None:
        """
        TLS stays below the wire.
        """
        for wait in (False, True):
            rig = Rig()
            resource = Upgrading(rig, wait)
            root = Resource()
            root.putChild(b"ws", resource)
            secured = Secured(Site(root, reactor=rig.clock), rig.clock)
            secured.send(request(body=frame(TEXT, b"early")))
            if wait:
                secured.send(frame(TEXT, b"meanwhile"))
                resource.take()
            else:
                secured.send(frame(TEXT, b"meanwhile"))
            resource.wire.sendText("out")
            secured.pump()
            self.assertEqual(secured.heard, ANSWER + b"\x81\x03out")
            self.assertEqual(resource.session.seen, ["opened", "early", "meanwhile"])
            self.assertIs(secured.tls.wrappedProtocol, resource.wire)
            self.assertTrue(resource.wire.isSecure)
            secured.below.lose(ConnectionDone())
            self.assertEqual(resource.session.seen[-1], ("ended", 1006, ""))
