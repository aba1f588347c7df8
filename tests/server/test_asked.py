"""
Tests of L{balws.server.asked}.  What an upgrade is that did not come by Twisted Web is in
L{tests.server.test_shortcut}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from balws.server.asked import Rendered
from tests.server.peers import Peer, upgrade
from tests.server.samples import Port, WaitingUpgrade


class Catching(Resource):
    """
    Keeps its request.
    """

    isLeaf = True
    request: Any = None

    def render(self, request: Any) -> int:
        self.request = request
        return NOT_DONE_YET


class RenderedTests(SynchronousTestCase):
    """
    What Twisted Web has read, in a site that is none of ours.
    """

    def setUp(self) -> None:
        self.resource = Catching()
        self.peer = Peer(Site(self.resource, reactor=MemoryReactorClock()))
        self.peer.send(upgrade("/a%20b?c=d&c=e", X_Twice="1")[:-2] + b"x-TWICE: 2\r\n\r\nbehind")
        self.request = self.resource.request
        self.asked = Rendered(self.request)

    def test_head(self) -> None:
        """
        Fields have lower-case names, and several lines in their order; the path is as it came.
        """
        asked = self.asked
        self.assertEqual((asked.method, asked.version, asked.path), (b"GET", b"HTTP/1.1", b"/a%20b"))
        self.assertEqual(asked.args, {b"c": [b"d", b"e"]})
        self.assertEqual((asked.fields[b"x-twice"], asked.fields[b"host"]), ([b"1", b"2"], [b"example.com"]))
        self.assertIs(asked.request, self.request)
        self.assertEqual((asked.client.host, asked.address, asked.isSecure()), ("192.0.2.7", "", False))

    def test_changed(self) -> None:
        """
        What others change on the request counts: they may stand in front.
        """
        self.request.requestHeaders.setRawHeaders("X-Twice", ["3"])
        self.request.args[b"c"].append(b"f")
        self.request.setHost(b"example.com", 443, ssl=True)
        self.assertEqual((self.asked.fields[b"x-twice"], self.asked.args[b"c"][2]), ([b"3"], b"f"))
        self.assertTrue(self.asked.isSecure())

    def test_principal(self) -> None:
        """
        Who is known, if anybody has found out.
        """
        self.assertIsNone(self.asked.principal)
        self.request.principal = "ada"
        self.assertEqual(self.asked.principal, "ada")

    def test_prepared(self) -> None:
        """
        What stands on the answer already, and the cookies behind it.
        """
        self.request.responseHeaders.removeHeader(b"Server")
        self.request.responseHeaders.removeHeader(b"Date")
        self.request.responseHeaders.setRawHeaders(b"X-More", [b"1", b"2"])
        self.request.addCookie("a", "b")
        self.assertEqual(self.asked.prepared(), [(b"X-More", b"1"), (b"X-More", b"2"), (b"Set-Cookie", b"a=b")])

    def test_answered(self) -> None:
        """
        One that somebody has answered is answered, and not gone.
        """
        self.assertFalse(self.asked.isAnswered)
        self.request.write(b"part")
        self.assertTrue(self.asked.isAnswered)
        self.request.finish()
        self.assertEqual((self.asked.isAnswered, self.asked.isGone), (True, False))

    def test_gone(self) -> None:
        """
        One whose peer has left is gone.
        """
        self.assertFalse(self.asked.isGone)
        self.peer.leave()
        self.assertTrue(self.asked.isGone)

    def test_release(self) -> None:
        """
        Who takes the transport gets what came behind the request.
        """
        transport, rest = self.asked.release()
        self.assertIs(transport, self.peer.transport)
        self.assertEqual(rest, b"behind")

    def test_begun(self) -> None:
        """
        Our own channel knows when the request began; others' do not.
        """
        self.assertIsNone(self.asked.begun)
        port, service = Port(), WaitingUpgrade()
        port.listener.attach(service, "/")
        port.advance(3)
        peer = port.connect()
        port.advance(2)
        peer.send(upgrade())
        self.assertEqual(Rendered(service.requests[0]).begun, 3)
