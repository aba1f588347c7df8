"""
wss with what the system trusts (row TL03 of the reliability catalogue, and the CL rows
under TLS).
"""

from __future__ import annotations

import time
from typing import Any

from tests.rows.client_authority import Authority, Issued, secured
from tests.rows.client_driving import ClientTestCase, Trusting
from tests.rows.client_hostile import CLOSE, TEXT, Accepted, Hostile, closing, frame

#: What must not go to the wrong server.
SECRETS = {"customHeaders": {"Authorization": "Bearer s3cret"}, "cookies": {"session": "s3cret"}}


class TrustTests(Trusting, ClientTestCase):
    """
    What a client makes of servers whose authority it knows, and of others.
    """

    def asking(self, server: Hostile, host: str = "localhost", **fields: Any) -> str:
        """
        @return: the name of a client that connects.
        """
        return self.connecting(f"wss://{host}:{server.port}/ws", **SECRETS, **fields)

    def opened(self, issued: Issued, host: str = "localhost", **fields: Any) -> tuple[str, Accepted]:
        """
        @return: a client that trusts this, and the server's end.
        """
        server = self.server()
        name = self.asking(server, host, **fields)
        accepted = server.accept()
        self.assertIn(b"Authorization: Bearer s3cret", secured(accepted, issued))
        accepted.send(accepted.answer())
        self.succeeds(name)
        return name, accepted

    def refused(self, words: str, issued: Issued, host: str = "localhost") -> None:
        """
        Check that the client does not trust this server, says why, and tells it nothing.
        """
        server = self.server()
        name = self.asking(server, host, handShakeTimeout=10, retryConfig={"interval": 0.1})
        accepted = server.accept()
        self.assertEqual((secured(accepted, issued), accepted.data), (b"", b""))
        self.fails(name, "SslError", words)
        accepted.close()
        self.assertFalse(server.isCalled(0.15))

    def test_trusted(self) -> None:
        """
        A certificate of a trusted authority for this host or address is accepted; messages and closes work (TL03)
        """
        issued = self.authority.issue("localhost", "127.0.0.1")
        for host in ("localhost", "127.0.0.1"):
            name, accepted = self.opened(issued, host)
            self.assertTrue(self.driver.ask("about", of=name)["value"]["secure"])
            self.succeeds(self.calling(name, "writeTextMessage", "under TLS"))
            self.assertEqual(accepted.receive(), (TEXT, b"under TLS"))
            accepted.send(frame(TEXT, b"and back"))
            self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "and back")
            closed = self.calling(name, "close", 1000, "bye")
            self.assertEqual(accepted.receive(), (CLOSE, b"\x03\xe8bye"))
            accepted.send(closing(1000))
            accepted.rest()
            accepted.close()
            self.succeeds(closed)

    def test_otherHost(self) -> None:
        """
        A certificate for another host gets no byte of HTTP (TL03)
        """
        self.refused("for another host", self.authority.issue("other.example"))
        self.refused("for another host", self.authority.issue("127.0.0.1"))
        self.refused("for another host", self.authority.issue("localhost"), "127.0.0.1")

    def test_noNames(self) -> None:
        """
        Nor does one that names no host but in its common name, the right one or another, nor one for all (TL03)
        """
        for common in ("localhost", "other.example"):
            self.refused("", self.authority.issue(common=common))
        for name in ("localhost@localhost", "*", "*.*", "loc*"):
            self.refused("", self.authority.issue(name))

    def test_expired(self) -> None:
        """
        Nor does one whose time is over (TL03)
        """
        self.refused("has expired", self.authority.issue("localhost", days=-1))

    def test_unknown(self) -> None:
        """
        Nor one of an authority that is not known, nor one that vouches for itself (TL03)
        """
        stranger = Authority(self.folder, "stranger")
        self.refused("not trusted", stranger.issue("localhost"))
        self.refused("signed by itself", stranger.own())
        self.refused("signed by itself", Authority(self.folder, "localhost").own())

    def test_noTls(self) -> None:
        """
        A server that does not speak TLS is a SslError, and gets no byte of HTTP (TL03)
        """
        server = self.server()
        name = self.asking(server)
        accepted = server.accept()
        accepted.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.fails(name, "SslError")
        self.assertNotIn(b"HTTP", accepted.rest())

    def test_silent(self) -> None:
        """
        A TLS handshake that does not end is a HandshakeTimedOut, one that is cut off an error, at once (CL06)
        """
        server = self.server()
        name = self.asking(server, handShakeTimeout=0.8)
        accepted = server.accept()
        failed = self.fails(name, "HandshakeTimedOut")
        self.assertTrue(0.6 <= failed["seconds"] <= 10, failed["seconds"])
        self.assertEqual(accepted.rest()[:1], b"\x16")
        for how in ("close", "reset"):
            name = self.asking(server)
            accepted = server.accept()
            accepted.socket.recv(65536)
            getattr(accepted, how)()
            failed = self.driver.answer(name)
            self.assertIn(failed["error"], ("ConnectionError", "SslError"))
            self.assertLess(failed["seconds"], 10)

    def test_cancelled(self) -> None:
        """
        A connect that is cancelled in the TLS handshake, and one under TLS, drop TCP (CL07)
        """
        server = self.server()
        for under in (False, True):
            name = self.asking(server)
            accepted = server.accept()
            if under:
                secured(accepted, self.authority.issue("localhost"))
            else:
                accepted.socket.recv(65536)
            self.driver.ask("cancel", which=name)
            self.fails(name, "CancelledError")
            self.assertEqual(self.remains(accepted), b"")

    def remains(self, accepted: Accepted) -> bytes:
        """
        @return: what the client says until it drops TCP, in whatever way.
        """
        try:
            return accepted.rest()
        except OSError:
            return accepted.data

    def test_broken(self) -> None:
        """
        A protocol error under TLS is 1002, and a cut without TLS's own end 1006 (CL04)
        """
        issued = self.authority.issue("localhost")
        name, accepted = self.opened(issued)
        reading = self.calling(name, "readMessage")
        accepted.send(frame(TEXT, b"x", masked=True))
        self.assertEqual(accepted.closed(), 1002)
        self.fails(reading, "CorruptedFrameError")
        accepted.close()
        for how in ("close", "reset"):
            name, accepted = self.opened(issued)
            reading = self.calling(name, "readMessage")
            getattr(accepted, how)()
            failed = self.fails(reading, "ConnectionClosureError")
            self.assertEqual(failed["code"], 1006)
            self.assertLess(failed["seconds"], 10)

    def test_pressure(self) -> None:
        """
        Back-pressure holds under TLS: 40 MiB that nobody reads stop the server, under 4 MiB (CL04)
        """
        name, accepted = self.opened(self.authority.issue("localhost"))
        accepted.send(frame(2, bytes(65536)) * 16)
        for _ in range(16):
            self.succeeds(self.calling(name, "readMessage"))
        self.driver.markMemory()
        flood = frame(2, bytes(65536)) * (40 * 16)
        sent = accepted.push(flood, 0.5)
        self.assertTrue(0 <= sent < len(flood), sent)
        self.assertLess(self.driver.grown(), 4)
        self.driver.ask("call", of=name, method="close", args=[1000, "", 0])
        accepted.close()

    def test_closes(self) -> None:
        """
        A close that waits for nobody waits for no end of TLS either (CL06)
        """
        name, accepted = self.opened(self.authority.issue("localhost"))
        answer = self.driver.ask("call", of=name, method="close", args=[1000, "", 0])
        self.assertLess(answer["seconds"], 4)
        self.assertEqual(accepted.closed(), 1000)

    def test_vanished(self) -> None:
        """
        A server under TLS that answers no ping is found out in time (CL12)
        """
        name, _ = self.opened(self.authority.issue("localhost"), pingInterval=0.6, pingTimeout=0.4)
        began = time.monotonic()
        self.assertEqual(self.fails(self.calling(name, "readMessage"), "ConnectionClosureError")["code"], 1006)
        self.assertLess(time.monotonic() - began, 10)
