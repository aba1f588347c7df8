"""
Tests of L{balws.wire.takeover}.
"""

from __future__ import annotations

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from balws.wire.takeover import takeOver
from tests.rows.raw import TEXT, frame, request
from tests.wire.transports import Rig, Session, Transport


class Upgrading(Resource):
    """
    Takes every connection over, at once or when it is told.
    """

    isLeaf = True

    def __init__(self, wait: bool) -> None:
        super().__init__()
        self.wait = wait
        self.rig = Rig()
        self.session = Session()

    def render(self, request: Request) -> int:
        self.request = request
        if not self.wait:
            self.take()
        return NOT_DONE_YET

    def take(self) -> None:
        takeOver(self.request, self.rig.factory, self.session, b"101\r\n", None)


class TakeOverTests(SynchronousTestCase):
    """
    In a site of Twisted Web as it is.
    """

    def connect(self, wait: bool) -> None:
        """
        A connection to a site.
        """
        self.resource = Upgrading(wait)
        site = Site(self.resource, reactor=MemoryReactorClock())
        self.channel = site.buildProtocol(None)
        self.transport = Transport()
        self.transport.getPeer = self.transport.getHost = lambda: None  # type: ignore[attr-defined]
        self.transport.disconnecting = False  # type: ignore[attr-defined]
        self.channel.makeConnection(self.transport)

    def test_sameConnection(self) -> None:
        """
        The same transport carries the wire from then on; what came with the request is
        its first data.
        """
        self.connect(wait=False)
        self.channel.dataReceived(request(body=frame(TEXT, b"early")))
        self.assertEqual(self.transport.take(), b"101\r\n")
        self.assertEqual(self.resource.session.seen, ["opened", "early"])
        wire = self.transport.protocol  # type: ignore[attr-defined]
        self.assertIs(wire.transport, self.transport)
        self.assertIn(wire, self.resource.rig.roster.members)
        wire.dataReceived(frame(TEXT, b"next"))
        self.assertEqual(self.resource.session.seen[-1], "next")

    def test_whileWaiting(self) -> None:
        """
        What comes while the request is handled is not lost, however much it is, and
        reading goes on.
        """
        self.connect(wait=True)
        self.channel.dataReceived(request(body=frame(TEXT, b"a" * 10000)))
        self.channel.dataReceived(frame(TEXT, b"b" * 10000))
        self.assertFalse(self.transport.reading)
        self.resource.take()
        self.assertTrue(self.transport.reading)
        self.assertEqual(self.resource.session.seen, ["opened", "a" * 10000, "b" * 10000])
