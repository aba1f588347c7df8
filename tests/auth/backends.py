"""
Back ends in memory: a network, and somebody who answers HTTP as a test says.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolNegotiationFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import PrivateCertificate
from twisted.logger import LogEvent, eventAsText, globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from balws.auth.backend import BackEnd
from balws.config.backend import HttpClientConfig
from balws.errors import AuthUnavailableError
from balws.http import route
from balws.testing import MemoryNetwork
from tests.certificates import Authority, Issued


@attrs.frozen
class Request:
    """
    What a back end was asked.
    """

    line: str
    fields: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        """
        The body, decoded; nothing comes twice.
        """
        pairs = parse_qsl(self.body, strict_parsing=True, keep_blank_values=True)
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)


class Answering(Protocol):
    """
    One connection at a back end.

    @ivar received: bytes that no request was made of yet.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.received = b""
        self.lost: Failure | None = None

    def connectionMade(self) -> None:
        self._site.connections.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, rest = self.received.partition(b"\r\n\r\n")
            line, *lines = head.decode().split("\r\n")
            fields = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
            size = int(fields.get("content-length", 0))
            if len(rest) < size:
                return
            self.received = rest[size:]
            self._site.requests.append(Request(line, fields, rest[:size].decode()))
            self._site.script(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason

    def say(self, body: bytes | dict[str, Any], status: int = 200, *lines: str) -> None:
        """
        Answer.

        @param lines: further lines of the head.
        """
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.write("\r\n".join([f"HTTP/1.1 {status} Words", f"Content-Length: {len(data)}", *lines, "", ""]), data)

    def write(self, head: str, data: bytes = b"") -> None:
        """
        Write what a test likes.
        """
        transport: Any = self.transport
        transport.write(head.encode() + data)


@implementer(IProtocolNegotiationFactory)
class Site(Factory):
    """
    A back end.

    @ivar script: called with the connection when a request is there.
    """

    noisy = False

    def __init__(self, script: Callable[[Answering], object]) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.connections: list[Answering] = []

    def buildProtocol(self, address: Any) -> Answering:
        return Answering(self)

    def acceptableProtocols(self) -> list[bytes]:
        """
        See L{IProtocolNegotiationFactory}.
        """
        return [b"http/1.1"]


def silent(connection: Answering) -> None:
    """
    A script that never answers.
    """


class BackEndCase(SynchronousTestCase):
    """
    Has a network, and on it back ends; when all is over no delayed call and no connection is
    left.

    @ivar dialled: hosts and ports that were connected to.
    """

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.clock = self.network.clock
        self.dialled: list[tuple[str, int]] = []
        self.made: list[Any] = []
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.patch(route, "HostnameEndpoint", self._endpoint)
        self.addCleanup(self.nothingIsLeft)
        self._events: list[LogEvent] = []
        globalLogPublisher.addObserver(self._events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self._events.append)
        self.addCleanup(self.nothingIsTold)

    def _endpoint(self, reactor: Any, host: str, port: int, timeout: float) -> Any:
        self.assertIs(reactor, self.clock)
        self.dialled.append((host, port))
        return self.network.endpoint(port)

    def nothingIsLeft(self) -> None:
        """
        Close all that was made.
        """
        self.network.release()
        with self.network.turn():
            closing = [each.close() for each in self.made]
        for each in closing:
            self.successResultOf(each)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.network.connections, [])

    def nothingIsTold(self) -> None:
        """
        No secret of a test, each of which is a C{canary}, is in the log.
        """
        for event in self._events:
            text = eventAsText(event, includeTraceback=True, includeTimestamp=False, includeSystem=True)
            self.assertNotIn("canary", text)

    def kept(self, made: Any) -> Any:
        """
        @return: what is closed at the end.
        """
        self.made.append(made)
        return made

    def serve(self, script: Callable[[Answering], object], port: int = 80, issued: Issued | None = None) -> Site:
        """
        @param issued: the certificate to show; L{None} without TLS.
        """
        site = Site(script)
        factory: Any = site
        if issued is not None:
            options = PrivateCertificate.loadPEM(issued.certificatePem() + issued.keyPem()).options()
            factory = TLSMemoryBIOFactory(options, False, site, self.clock)
        self.successResultOf(self.network.endpoint(port).listen(factory))
        return site

    def trusting(self, authority: Authority) -> dict[str, Any]:
        """
        @return: a C{secureSocket} that trusts this authority.
        """
        return {"cert": authority.write(self.folder)}

    def backEnd(self, url: str = "http://localhost/", maxBody: int = 65536, **fields: Any) -> BackEnd:
        """
        @return: a back end with these fields of its configuration.
        """
        made: BackEnd = self.kept(BackEnd(url, HttpClientConfig(**fields), self.clock, maxBody))
        return made

    def ask(self, ask: Callable[..., Deferred[Any]], *arguments: Any, **named: Any) -> Deferred[Any]:
        """
        Ask, and let what is written arrive.
        """
        with self.network.turn():
            return ask(*arguments, **named)

    def unavailable(self, asked: Deferred[Any]) -> str:
        """
        @return: why nobody could tell.
        """
        return str(self.failureResultOf(asked, AuthUnavailableError).value)
