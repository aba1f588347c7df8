"""
What TLS connections leave behind: nothing, wherever they ended (row TL07 and FR17 of the
reliability catalogue).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

from tests.certificates import Authority
from tests.rows.raw import TEXT, closing, frame, request
from tests.rows.test_lost import LostTestCase
from tests.rows.tls_serving import TRUST, SecuredTestCase, authority, context, hello

#: So many times each kind of connection comes and goes.
COUNT = 100


class LeftTests(SecuredTestCase, LostTestCase):
    """
    Many connections of one kind, with a server that asks for certificates.
    """

    tables = TRUST + '\nverifyClient = "OPTIONAL"'
    services = {"/ws": "echoing:EchoUpgrade, pingInterval = 0.5, pingTimeout = 0.5"}
    alone = True

    def descriptors(self) -> int:
        """
        @return: how many files the server has open, as soon as who asked before is gone.
        """
        time.sleep(0.05)
        return super().descriptors()

    def leaves(self, *ways: Callable[[], object]) -> None:
        """
        Check that a hundred of each leave nothing.
        """
        for way in ways:
            way()
        self.assertAlive()
        self._leave()
        base = self.base()
        for way in ways:
            for _ in range(COUNT):
                way()
                self._leave()
            self.assertNothingLeft(base, COUNT)

    def _leave(self) -> None:
        for peer in self._peers:
            peer.close()
        self._peers.clear()

    def test_handshakes(self) -> None:
        """
        Handshakes that are cut off, or that either side refuses, leave nothing (TL07)
        """
        data = hello()
        stranger = context(Authority("stranger").issue(common="ada"))
        distrusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old = context()
        old.set_alpn_protocols(["h2"])

        def refused(under: ssl.SSLContext) -> None:
            try:
                self.peer(under=under).socket.recv(1)
            except (ssl.SSLError, ConnectionError):
                return
            raise AssertionError("it was not refused")

        self.leaves(
            lambda: self.plainPeer().send(data[:100]).abort(),
            lambda: self.plainPeer().send(data).abort(),
            lambda: self.plainPeer().send(data).close(),
            lambda: self.plainPeer().send(b"GET / HTTP/1.1\r\n\r\n").rest(),
            lambda: refused(stranger),
            lambda: refused(distrusting),
            lambda: refused(old),
        )

    def test_connections(self) -> None:
        """
        Connections that end in order, or are cut off, leave nothing (FR17)
        """
        own = context(authority().issue(common="ada"))
        begun = request(self.tagged("/ws"), body=frame(TEXT, b"x" * 1000))
        self.leaves(
            lambda: self.peer().close(),
            lambda: self.peer().abort(),
            lambda: self.peer(under=own).send(request("/none")).rest(),
            lambda: self.peer().send(begun).abort(),
            lambda: self.peer(under=own).send(begun + closing(1000)).rest(),
            lambda: self.open().close(),
        )
