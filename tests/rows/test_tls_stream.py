"""
WebSocket over a listener's own TLS: what is whole, in pieces, cut off and closed; and the
rows FR, CF, DF and SZ of the reliability catalogue there.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time

from websockets.sync.client import connect

from tests.rows import test_frames, test_pressure
from tests.rows.raw import BINARY, CLOSE, CONTINUATION, NOTHING, PING, PONG, TEXT, Peer, closing, frame, request
from tests.rows.tls_serving import SecuredTestCase, context

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class Cipher:
    """
    The TLS of a client apart from its socket.
    """

    def __init__(self, peer: Peer, version: ssl.TLSVersion | None = None, step: int = 65536) -> None:
        """
        @param step: so many bytes are sent at a time.
        """
        self.peer = peer
        self.step = step
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        under = context(version=version)
        self._tls = under.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def _feed(self) -> None:
        data = self.peer.socket.recv(65536)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def sealed(self, data: bytes = b"") -> bytes:
        """
        @return: all that TLS has to send, with this in a record of its own.
        """
        if data:
            self._tls.write(data)
        return self._outgoing.read()

    def send(self, data: bytes) -> None:
        """
        Send bytes of TLS.
        """
        for start in range(0, len(data), self.step):
            self.peer.send(data[start : start + self.step])

    def shake(self) -> bytes:
        """
        Make the handshake.

        @return: the last of it, which is not yet sent.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.send(self.sealed())
                self._feed()
            else:
                return self.sealed()

    def until(self, wanted: bytes) -> bytes:
        """
        @return: what comes until it ends with this; empty bytes take all until the end.
        """
        heard = b""
        while not wanted or not heard.endswith(wanted):
            try:
                data = self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._feed()
                continue
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                data = b""
            if not data:
                break
            heard += data
        return heard

    def farewell(self) -> bytes:
        """
        @return: a close_notify.
        """
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self.sealed()


class PieceTests(SecuredTestCase):
    """
    Records and segments of every size.
    """

    def test_bytewise(self) -> None:
        """
        A client whose every byte of TLS, from the first, comes in a segment of its own is
        served, with TLS 1.2 and 1.3
        """
        for version in VERSIONS:
            cipher = Cipher(self.plainPeer(), version, 1)
            cipher.send(cipher.shake())
            cipher.send(cipher.sealed(request(self.tagged("/ws"), body=frame(TEXT, b"hello"))))
            self.assertTrue(cipher.until(b"\x81\x05hello").startswith(b"HTTP/1.1 101 "))
            cipher.send(cipher.sealed(frame(BINARY, bytes(range(256)))))
            self.assertEqual(cipher.until(bytes(range(256)))[:4], b"\x82\x7e\x01\x00")

    def test_small(self) -> None:
        """
        So is one that seals each byte in a record of its own
        """
        cipher = Cipher(self.plainPeer())
        cipher.send(cipher.shake())
        data = request(self.tagged("/ws"), body=frame(TEXT, b"hello"))
        cipher.send(b"".join(cipher.sealed(data[at : at + 1]) for at in range(len(data))))
        self.assertTrue(cipher.until(b"\x81\x05hello").startswith(b"HTTP/1.1 101 "))

    def test_splits(self) -> None:
        """
        A request and its first message are served wherever their record is cut in two
        """
        for at in range(0, 330, 3):
            cipher = Cipher(self.plainPeer())
            cipher.send(cipher.shake())
            data = cipher.sealed(request(self.tagged("/ws"), body=frame(TEXT, b"hello")))
            cipher.send(data[:at])
            cipher.send(data[at:])
            self.assertTrue(cipher.until(b"\x81\x05hello").startswith(b"HTTP/1.1 101 "), at)

    def test_pipelined(self) -> None:
        """
        What comes in one segment with the end of the handshake is served: the request, and
        messages of 200 kB behind it
        """
        payload = os.urandom(50_000)
        for version in VERSIONS:
            cipher = Cipher(self.plainPeer(), version)
            last = cipher.shake()
            body = frame(BINARY, payload) * 4 + frame(TEXT, b"last")
            cipher.send(last + cipher.sealed(request(self.tagged("/ws"), body=body)))
            heard = cipher.until(b"\x81\x04last")
            self.assertTrue(heard.startswith(b"HTTP/1.1 101 "))
            self.assertEqual(
                heard.partition(b"\r\n\r\n")[2], frame(BINARY, payload, masked=False) * 4 + b"\x81\x04last"
            )

    def test_http(self) -> None:
        """
        Requests one behind the other on one TLS connection are answered in order, and the last may be an upgrade
        """
        peer = self.peer().send(
            b"GET /calls?tag=none HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3 + request(self.tagged("/ws"))
        )
        self.assertEqual([peer.response()[0] for _ in range(3)], [200] * 3)
        self.assertEqual(peer.status(), 101)
        self.assertEqual(peer.send(frame(TEXT, b"x")).receive(), (TEXT, b"x"))


class MessageTests(SecuredTestCase):
    """
    Messages.
    """

    def test_large(self) -> None:
        """
        A message of a megabyte comes back whole, in one direction in fragments, with pings between
        """
        peer = self.open()
        payload = os.urandom(1_000_000)
        pieces = [payload[at : at + 50_000] for at in range(0, len(payload), 50_000)]
        for number, piece in enumerate(pieces):
            peer.send(frame(CONTINUATION if number else BINARY, piece, fin=number == len(pieces) - 1))
            if number < len(pieces) - 1:
                peer.send(frame(PING, b"%d" % number))
                self.assertEqual(peer.receive(), (PONG, b"%d" % number))
        self.assertEqual(peer.message(), (BINARY, payload))

    def test_deflated(self) -> None:
        """
        Compressed messages, of a megabyte too, come back as they were, many at a time
        """
        text = "".join(f"line {number % 100} of many. " for number in range(60_000))[:1_000_000]
        with connect(
            f"wss://localhost:{self.port}{self.tagged('/ws')}", ssl=context(), max_size=None, proxy=None
        ) as client:
            self.assertEqual([each.name for each in client.protocol.extensions], ["permessage-deflate"])
            client.send(text)
            self.assertEqual(client.recv(10), text)
            for number in range(200):
                client.send(f"message {number} " * 20)
            self.assertEqual(
                [client.recv(10) for _ in range(200)], [f"message {number} " * 20 for number in range(200)]
            )

    def test_isSecure(self) -> None:
        """
        An upgrade over TLS counts its origin as the same, whatever its scheme; a service sees what it always sees
        """
        peer = self.open("/seen", more=b"Origin: https://localhost\r\n")
        opcode, said = peer.receive()
        self.assertEqual(opcode, TEXT)
        self.assertIn(b"origin: https://localhost", said)


class EndTests(SecuredTestCase):
    """
    How connections end.
    """

    def lost(self) -> None:
        """
        Check that the service was told that the peer was lost, once and soon.
        """
        began = time.monotonic()
        self.assertEqual(self.called(), [["onClose", 1006, ""]])
        self.assertLess(time.monotonic() - began, 10)

    def test_closed(self) -> None:
        """
        A close is answered, then TLS ends with its close_notify, then TCP, at once
        """
        for version in VERSIONS:
            cipher = Cipher(self.plainPeer(), version)
            cipher.send(cipher.shake())
            cipher.send(cipher.sealed(request(self.tagged("/ws"), body=closing(1000))))
            began = time.monotonic()
            self.assertTrue(cipher.until(b"").endswith(b"\x88\x02\x03\xe8"))
            cipher.send(cipher.farewell())
            self.assertEqual(cipher.peer.rest(), b"")
            self.assertLess(time.monotonic() - began, 4)
            self.assertEqual(self.called(), [["onClose", 1000, ""]])

    def test_notAnswered(self) -> None:
        """
        The end of a service is told before the peer's close_notify is there, and TCP is
        closed though it never comes
        """
        cipher = Cipher(self.plainPeer())
        cipher.send(cipher.shake())
        cipher.send(cipher.sealed(request(self.tagged("/ws"), body=closing(1000))))
        began = time.monotonic()
        cipher.until(b"")
        self.assertEqual(self.called(), [["onClose", 1000, ""]])
        self.assertLess(time.monotonic() - began, 4)

    def test_cut(self) -> None:
        """
        TCP that ends without close_notify, in order or by a reset, is a lost connection, and nothing is logged
        """
        for how in ("close", "abort"):
            getattr(self.open(), how)()
            self.lost()
        peer = self.open()
        peer.socket.shutdown(socket.SHUT_WR)
        self.lost()

    def test_halfClosed(self) -> None:
        """
        A close_notify without a close frame ends the connection from the other side, too
        """
        for version in VERSIONS:
            cipher = Cipher(self.plainPeer(), version)
            cipher.send(cipher.shake())
            cipher.send(cipher.sealed(request(self.tagged("/ws"), body=frame(TEXT, b"last"))))
            cipher.until(b"\x81\x04last")
            cipher.send(cipher.farewell())
            self.assertEqual(cipher.until(b""), b"")
            self.lost()

    def test_lastWords(self) -> None:
        """
        What was said before a close_notify in the same segment is heard
        """
        cipher = Cipher(self.plainPeer())
        cipher.send(cipher.shake())
        cipher.send(cipher.sealed(request(self.tagged("/ws"))))
        cipher.until(b"\r\n\r\n")
        cipher.send(cipher.sealed(closing(1000)) + cipher.farewell())
        self.assertEqual(self.called(), [["onClose", 1000, ""]])

    def test_damaged(self) -> None:
        """
        A record that was changed on the way ends its connection, and nothing of it is heard
        """
        for version in VERSIONS:
            cipher = Cipher(self.plainPeer(), version)
            cipher.send(cipher.shake())
            cipher.send(cipher.sealed(request(self.tagged("/seen"))))
            cipher.until(b"}")
            data = bytearray(cipher.sealed(frame(TEXT, b"hello")))
            data[-1] ^= 1
            cipher.send(bytes(data))
            cipher.peer.rest()
            self.lost()
        self.assertAlive()


class StopTests(SecuredTestCase):
    """
    Servers that stop.
    """

    alone = True

    def tearDown(self) -> None:
        """
        There is nobody left to ask.
        """
        for peer in self._peers:
            peer.close()

    def stop(self, answers: bool) -> float:
        """
        Stop the server under twenty connections and some that are not yet there.

        @param answers: whether the peers answer its close frames.
        @return: the seconds that it took.
        """
        peers = [self.open() for _ in range(20)]
        self.plainPeer()
        self.peer()
        began = time.monotonic()
        self.server.process.send_signal(signal.SIGTERM)
        for peer in peers:
            found = peer.frame()
            self.assertEqual((found.opcode, found.payload[:2]), (CLOSE, b"\x03\xe9"))
            if answers:
                peer.send(closing(1001))
        if answers:
            for peer in peers:
                self.assertIs(peer.frame(), NOTHING)
        self.server.process.wait(30)
        took = time.monotonic() - began
        self.assertNotIn("Traceback", self.server.output())
        self.assertNotIn("Unhandled", self.server.output())
        return took

    def test_answered(self) -> None:
        """
        Open connections get 1001, and the server ends as soon as they have answered
        """
        self.assertLess(self.stop(answers=True), 15)


class FrameTests(SecuredTestCase, test_frames.FrameTests):
    """
    Frames.
    """


class DeafTests(SecuredTestCase, test_pressure.DeafTests):
    """
    Peers that do not read.
    """

    alone = False


class SlowTests(SecuredTestCase, test_pressure.SlowTests):
    """
    Services that send to peers that do not read.
    """

    def test_pushed(self) -> None:
        """
        Who does not read a thousand messages of 10 kB a second is cut with one line in the
        log, is told to the service once, and costs less than twice maxSendBuffer (SZ09)
        """
        self.assertAlive()
        self.markMemory()
        peer = self.open("/pushing", room=65536).send(frame(TEXT, b"push"))
        end, failed = self.called(2)
        self.assertEqual(end, ["onClose", 1006, ""])
        self.assertEqual((failed[0], failed[2]), ("failed", "ConnectionClosureError"))
        (waited,) = self.cut()
        self.assertTrue(1048576 < waited <= 2 * 1048576 + 20_000, waited)
        self.assertLess(self.grown(), 4)
        self.assertTrue(peer.rest().startswith(b"\x82\x7e\x27\x10aaa"))
