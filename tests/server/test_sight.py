"""
Tests of L{balws.server.sight}.
"""

from __future__ import annotations

from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from balws.server.listener import Listener
from balws.session.traffic import Traffic
from tests.server.peers import frame, upgrade
from tests.server.samples import EchoUpgrade, Port


class SightTests(SynchronousTestCase):
    """
    What can be seen of a listener.
    """

    def test_url(self) -> None:
        """
        Where it listens is known when it does, and the log says it with what is served.
        """
        events: list[LogEvent] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        port = Port()
        self.assertIsNone(Listener(0, reactor=port.clock).url)
        port.listener.attach(EchoUpgrade(), "/a")
        port.listener.attach(EchoUpgrade(), "/b")
        self.assertEqual(port.listener.url, "ws://0.0.0.0:80")
        port.listener.announce()
        self.assertEqual(formatEvent(events[-1]), "Serving /a, /b at ws://0.0.0.0:80")

    def test_conversations(self) -> None:
        """
        Who was upgraded is there until the end; who only asks for a page is not.
        """
        port = Port(countsTraffic=True)
        port.listener.attach(EchoUpgrade(), "/a")
        port.listener.attachResource(Resource(), "/page")
        port.connect()
        peer = port.connect().send(upgrade("/a"), frame(b"hello"))
        (conversation,) = port.listener.conversations()
        self.assertEqual(conversation.terms.audience.path, "/a")
        self.assertEqual(port.listener.traffic, {"/a": Traffic()})
        peer.leave()
        self.assertEqual(port.listener.conversations(), [])
        self.assertEqual(port.listener.traffic, {"/a": Traffic(received=1, sent=1, receivedBytes=5, sentBytes=5)})

    def test_closing(self) -> None:
        """
        Who has been told to go is no longer open, and is there for who asks until it has gone: what it
        carried is in no sum before.
        """
        port = Port(countsTraffic=True)
        port.listener.attach(EchoUpgrade(), "/a")
        port.connect().send(upgrade("/a"), frame(b"hello"))
        (conversation,) = port.listener.conversations()
        conversation.close(1000, "", 5.0)
        self.assertEqual(port.listener.conversations(), [])
        self.assertEqual(port.listener.conversations(closing=True), [conversation])
        self.assertEqual((conversation.received, port.listener.traffic), (1, {"/a": Traffic()}))
        port.clock.advance(5)
        self.assertEqual(port.listener.conversations(closing=True), [])
        self.assertEqual(port.listener.traffic["/a"].received, 1)

    def test_uncounted(self) -> None:
        """
        Unless somebody wants it nothing is counted.
        """
        port = Port()
        port.listener.attach(EchoUpgrade(), "/a")
        port.connect().send(upgrade("/a")).leave()
        self.assertEqual(port.listener.traffic, {})
        self.assertEqual([mount.path for mount in port.listener.mounts], ["/a"])
