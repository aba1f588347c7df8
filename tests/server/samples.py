"""
Services, pages and listeners that the tests of the server share.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from balws import Listener, Service, UpgradeService
from tests.server.peers import Peer


class Echo(Service):
    """
    Sends texts back.
    """

    def onTextMessage(self, caller, text: str):
        return text


class EchoUpgrade(UpgradeService):
    """
    The shortest door.
    """

    def get(self) -> Echo:
        return Echo()


class WaitingUpgrade(UpgradeService):
    """
    Answers when the test says so.

    @ivar waiting: the results of C{get}, in order.
    @ivar requests: what it was given.
    """

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []
        self.requests: list[Any] = []

    def get(self, request):
        self.requests.append(request)
        self.waiting.append(Deferred())
        return self.waiting[-1]


class Page(Resource):
    """
    Says how it was found, and how long the body was.
    """

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"page " + request.uri

    def render_POST(self, request: Any) -> bytes:
        return b"%d bytes" % len(request.content.read())


class WaitingPage(Resource):
    """
    Answers when the test says so.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Any] = []
        self.left: list[Any] = []

    def render_GET(self, request: Any) -> Any:
        self.requests.append(request)
        request.notifyFinish().addErrback(self.left.append)
        return NOT_DONE_YET

    def finish(self, text: bytes = b"done") -> None:
        """
        Answer the oldest request.
        """
        request = self.requests.pop(0)
        request.setHeader(b"Content-Length", b"%d" % len(text))
        request.write(text)
        request.finish()


class Port:
    """
    A started listener on a port in memory.

    @ivar clock: a reactor of which the test moves the time.
    @ivar factory: what builds the listener's protocols.
    """

    def __init__(self, **configuration: Any) -> None:
        self.clock = MemoryReactorClock()
        self.listener = Listener(80, reactor=self.clock, **configuration)
        self.listener.start()
        self.factory = self.clock.tcpServers[0][1]

    def connect(self) -> Peer:
        """
        @return: a new client.
        """
        return Peer(self.factory)

    def advance(self, seconds: float, *peers: Peer) -> None:
        """
        Let time pass, and then the bytes that it set free.
        """
        self.clock.advance(seconds)
        for peer in peers:
            peer.settle()
