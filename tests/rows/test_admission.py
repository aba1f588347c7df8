"""
How many get in, and how fast they are read: rows SZ13, SZ14 and SZ15 of the reliability
catalogue.
"""

from __future__ import annotations

import socket
import time

from tests.rows.raw import CLOSE, TEXT, Peer, closing, frame, request
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import patiently
from tests.waiting import PATIENCE, until


class AdmissionTestCase(ServedTestCase):
    """
    Asks for upgrades.
    """

    services = {"/ws": "echoing:EchoUpgrade", "/never": "upgrading:NeverUpgrade"}

    def knock(self, path: str = "/ws", more: bytes = b"") -> Peer:
        """
        @return: a peer that has asked.
        """
        return self.ask(request(self.tagged(path), more=more))

    def assertTurnedAway(self, status: int, more: bytes = b"") -> None:
        """
        An upgrade is answered so, with a time to come again, and the connection is closed.
        """
        peer = self.knock(more=more)
        found, fields, body = peer.response()
        self.assertEqual((found, fields[b"retry-after"], peer.rest()), (status, b"1", b""))
        self.assertRegex(body, rb"\A[A-Z][a-z ]+ (connections|address|address at a time)\.\n\Z")

    def getIn(self, more: bytes = b"") -> Peer:
        """
        There will be a place.

        @return: who has it.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            peer = self.knock(more=more)
            status = peer.status()
            if status == 101 or time.monotonic() > deadline:
                self.assertEqual(status, 101)
                return peer
            time.sleep(0.02)


class PlacesTests(AdmissionTestCase):
    """
    maxConnections.
    """

    more = "[server]\nmaxConnections = 3\n"

    def test_limit(self) -> None:
        """
        The one more is answered with 503 and never upgraded; a connection that closes, breaks off
        or is reset makes place for the next one (SZ13)
        """
        peers = [self.open() for _ in range(3)]
        self.assertTurnedAway(503)
        peers[0].send(closing(1000))
        self.assertEqual(peers[0].receive()[0], CLOSE)
        peers[0] = self.getIn()
        self.assertTurnedAway(503)
        peers[1].abort()
        peers[1] = self.getIn()
        self.assertTurnedAway(503)
        peers[2].close()
        peers[2] = self.getIn()
        self.assertTurnedAway(503)
        for peer in peers:
            self.assertEqual(peer.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))

    def test_waiting(self) -> None:
        """
        Upgrades that the application has not answered have their places, and give them back when
        their peers leave (SZ13)
        """
        peers = [self.knock("/never") for _ in range(3)]
        self.assertEqual(self.called(3), ["asked"] * 3)
        self.assertTurnedAway(503)
        for peer in peers:
            peer.abort()
        self.assertEqual(self.called(3), ["cancelled"] * 3)
        for _ in range(3):
            self.getIn()
        self.assertTurnedAway(503)

    def test_undecided(self) -> None:
        """
        Of connections that ask for nothing there are no more than twice as many: the next one is
        closed at once, until one of them goes (SZ13)
        """
        peers = [self.peer() for _ in range(6)]
        for peer in peers:
            peer.send(b"G")
        late = self.ask(request(self.tagged("/ws")))
        self.assertEqual(late.rest(), b"")
        for peer in peers:
            peer.close()
        self.getIn()


class SecurePlacesTests(AdmissionTestCase):
    """
    maxConnections where there is TLS.
    """

    more = "[server]\nmaxConnections = 3\n"
    secure = True

    def test_undecided(self) -> None:
        """
        Who never finishes the handshake of TLS counts, too: of them there are no more than twice as
        many (SZ13)
        """
        peers = [socket.create_connection(("127.0.0.1", self.port), PATIENCE) for _ in range(6)]
        for peer in peers:
            self.addCleanup(peer.close)
            peer.sendall(b"\x16\x03\x01")
        until(self._isTurnedAway, "one more was let in")
        for peer in peers:
            peer.close()
        self.getIn()

    def _isTurnedAway(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as late:
            late.settimeout(0.2)
            try:
                return late.recv(1) == b""
            except ConnectionResetError:
                return True
            except TimeoutError:
                return False

    def getIn(self, more: bytes = b"") -> Peer:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return super().getIn(more)
            except (OSError, AssertionError):
                self.assertLess(time.monotonic(), deadline)


class AddressTests(AdmissionTestCase):
    """
    maxConnectionsPerAddress and maxUpgradesPerSecond, of clients that a proxy names.
    """

    more = '[server]\ntrustedProxies = ["127.0.0.1"]\nmaxConnectionsPerAddress = 2\nmaxUpgradesPerSecond = 10\n'

    def test_connections(self) -> None:
        """
        An address that has its share gets 429, others get in; IPv6 counts by network (SZ14)
        """
        for mine, others in (("198.51.100.1", "198.51.100.2"), ("2001:db8::1", "2001:db8:0:1::1")):
            field = b"X-Forwarded-For: %s\r\n" % mine.encode()
            first = self.getIn(field)
            self.getIn(field)
            self.assertTurnedAway(429, field)
            self.assertTurnedAway(429, field.replace(b"::1", b"::2"))
            self.assertTurnedAway(429, b"X-Forwarded-For: 203.0.113.7, 203.0.113.8\r\n" + field)
            self.getIn(b"X-Forwarded-For: %s\r\n" % others.encode())
            first.abort()
            self.getIn(field)

    def test_rate(self) -> None:
        """
        So does one that asks too often; it may again when time has passed (SZ14)
        """
        field = b"X-Forwarded-For: 198.51.100.9\r\n"
        bad = request(self.tagged("/never"), more=field)
        began = time.monotonic()
        peers = [self.ask(bad) for _ in range(40)]
        self.assertTurnedAway(429, field)
        passed = time.monotonic() - began
        for peer in peers:
            peer.close()
        asked = self.called(2)
        self.assertLessEqual(asked.count("asked"), 10 * (1 + passed) + 1)
        self.getIn(field)
        self.getIn(b"X-Forwarded-For: 198.51.100.8\r\n")


class UntrustedTests(AdmissionTestCase):
    """
    Where nobody is trusted.
    """

    more = "[server]\nmaxConnectionsPerAddress = 2\n"

    def test_pretended(self) -> None:
        """
        Other addresses in X-Forwarded-For are no way around the limit (SZ14)
        """
        for number in range(2):
            self.getIn(b"X-Forwarded-For: 198.51.100.%d\r\n" % number)
        self.assertTurnedAway(429, b"X-Forwarded-For: 198.51.100.3\r\n")


class PaceTests(AdmissionTestCase):
    """
    maxMessagesPerSecond and maxConnectionAge.
    """

    services = {
        "/ws": "echoing:EchoUpgrade",
        "/paced": "echoing:EchoUpgrade, maxMessagesPerSecond = 100, pingInterval = 0.4, pingTimeout = 0.4",
        "/aged": "echoing:EchoUpgrade, maxConnectionAge = 1",
    }

    @patiently
    def test_pace(self) -> None:
        """
        Of 250 messages that come at once a hundred are read at once and the others as time goes by:
        none is lost, the order is kept, and nobody else waits (SZ15)
        """
        peer = self.open("/paced")
        began = time.monotonic()
        peer.send(b"".join(frame(TEXT, b"%d" % number) for number in range(250)))
        self.assertAlive()
        heard: list[bytes] = []
        while len(heard) < 250:
            opcode, payload = peer.receive()
            if opcode == TEXT:
                heard.append(payload)
            else:
                peer.send(frame(10, payload))  # the keep-alive asks
        self.assertEqual(heard, [b"%d" % number for number in range(250)])
        self.assertGreater(time.monotonic() - began, 1.4)

    def test_flood(self) -> None:
        """
        Who never stops is stopped by its own socket, and takes no memory of ours (SZ15)
        """
        self.markMemory()
        peer = self.open("/paced", room=65536)
        sent = peer.flood(frame(TEXT, b"x" * 100) * 100, 64 * 2**20)
        self.assertLess(sent, 16 * 2**20)
        self.assertAlive()
        self.assertLess(self.grown(), 8)

    def test_age(self) -> None:
        """
        A connection that is too old is closed with 1001
        """
        began = time.monotonic()
        peer = self.open("/aged")
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe9the connection is too old"))
        self.assertGreater(time.monotonic() - began, 0.85)
        peer.send(closing(1001))
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.called(), [["onClose", 1001, "the connection is too old"]])
