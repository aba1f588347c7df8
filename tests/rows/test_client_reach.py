"""
Ways to a server that lead nowhere, connections that break off, and Deferreds that are
cancelled (rows CL07 and CL09 of the reliability catalogue).
"""

from __future__ import annotations

import socket
import time

from tests.rows.client_driving import ClientTestCase
from tests.rows.client_hostile import Accepted, Hostile, closing, frame
from tests.servers import freePort

UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"


def full(test: ClientTestCase, host: str = "127.0.0.1", port: int = 0) -> Hostile:
    """
    @return: a server whose kernel drops what would connect.
    """
    server = test.server(host, port, backlog=0)
    for _ in range(3):
        filler = socket.socket(server.socket.family, socket.SOCK_STREAM)
        filler.setblocking(False)
        filler.connect_ex((host, server.port))
        test.addCleanup(filler.close)
    return server


class NobodyTests(ClientTestCase):
    """
    Nobody is there.
    """

    def test_refused(self) -> None:
        """
        A port that nobody listens to is a ConnectionError that says so, at once (CL09)
        """
        for host in ("127.0.0.1", "[::1]"):
            failed = self.fails(self.connecting(f"ws://{host}:{freePort()}/"), "ConnectionError", "refused")
            self.assertLess(failed["seconds"], 10)
            self.assertNotIn("ConnectionClosureError", failed["kinds"])

    def test_unreachable(self) -> None:
        """
        So is an address that has no way to it (CL09)
        """
        failed = self.fails(self.connecting("ws://255.255.255.255:9/"), "ConnectionError", "unreachable")
        self.assertLess(failed["seconds"], 10)

    def test_dropped(self) -> None:
        """
        A host that answers no packet is a HandshakeTimedOut at the handshake's timeout (CL09)
        """
        failed = self.fails(self.connecting(full(self).url, handShakeTimeout=1), "HandshakeTimedOut")
        self.assertTrue(0.8 <= failed["seconds"] <= 10, failed["seconds"])


class NameTests(ClientTestCase):
    """
    Look-ups that fail, and addresses of which not all work.
    """

    def both(self, broken: bool) -> tuple[Hostile, int]:
        """
        @param broken: whether the port on ::1 takes nobody; else nobody listens to it.
        @return: a server on 127.0.0.1, and its port.
        """
        good = self.server()
        if broken:
            full(self, "::1", good.port)
        return good, good.port

    def test_unknown(self) -> None:
        """
        A name that does not exist is a ConnectionError that says so (CL09)
        """
        self.driver.ask("names", table={})
        failed = self.fails(self.connecting("ws://nowhere.example:80/"), "ConnectionError", "nowhere.example")
        self.assertLess(failed["seconds"], 10)

    def test_hanging(self) -> None:
        """
        A look-up that never ends is a HandshakeTimedOut at the handshake's timeout; other clients connect on (CL09)
        """
        self.driver.ask("names", table={"hangs.example": None})
        name = self.connecting("ws://hangs.example:80/", handShakeTimeout=1)
        self.assertAlive()
        failed = self.fails(name, "HandshakeTimedOut")
        self.assertTrue(0.8 <= failed["seconds"] <= 10, failed["seconds"])

    def test_hangingAgain(self) -> None:
        """
        A close ends a look-up that is made to connect again, and nobody connects after it (CL09)
        """
        server = self.server()
        self.driver.ask("names", table={"moves.example": ["127.0.0.1"]})
        name = self.driver.tell(
            "connect",
            url=f"ws://moves.example:{server.port}/",
            fields={"retryConfig": {"interval": 0.05, "maxWaitInterval": 0.05}},
            telling=True,
        )
        accepted = server.accept().upgrade()
        self.succeeds(name)
        reading = self.calling(name, "readTextMessage")
        self.driver.ask("names", table={"moves.example": None})
        accepted.reset()
        self.driver.told(name, "reconnecting")
        time.sleep(0.2)
        self.succeeds(self.calling(name, "close"))
        self.fails(reading, "ConnectionClosureError")
        self.assertFalse(server.isCalled(0.3))

    def test_ipv6(self) -> None:
        """
        A server on ::1 alone is reached by its address and by a name (CL09)
        """
        server = self.server("::1")
        self.driver.ask("names", table={"six.example": ["::1"]})
        for host in ("[::1]", "six.example"):
            name = self.connecting(f"ws://{host}:{server.port}/ws")
            accepted = server.accept().upgrade()
            self.assertIn(f"Host: {host}:{server.port}\r\n".encode("ascii"), accepted.head + b"\r\n")
            self.succeeds(name)

    def test_ipv6Refused(self) -> None:
        """
        Where the first address, of IPv6, refuses, the next one of IPv4 is taken soon (CL09)
        """
        self.falls(broken=False)

    def test_ipv6Silent(self) -> None:
        """
        Where it never answers too, without its timeout (CL09)
        """
        self.falls(broken=True)

    def falls(self, broken: bool) -> None:
        """
        Connect to two addresses of which the first is of no use.
        """
        good, port = self.both(broken)
        self.driver.ask("names", table={"both.example": ["::1", "127.0.0.1"]})
        name = self.connecting(f"ws://both.example:{port}/ws", handShakeTimeout=100)
        good.accept().upgrade()
        self.assertLess(self.driver.answer(name)["seconds"], 10)


class BreakTests(ClientTestCase):
    """
    Connections that break off, at every stage, by an end, by half an end, and by a reset.
    """

    ends = ("close", "half", "reset")

    def end(self, accepted: Accepted, how: str) -> None:
        """
        End it so.
        """
        if how == "half":
            accepted.socket.shutdown(socket.SHUT_WR)
        else:
            getattr(accepted, how)()

    def taken(self) -> None:
        """
        Wait until the client has read what was sent to it: a reset may overtake that.
        """
        for _ in range(2):  # the turn of the first may have begun before
            self.driver.figures()

    def test_beforeTheAnswer(self) -> None:
        """
        Before the whole answer came it is a ConnectionError, at once (CL09)
        """
        for how in self.ends:
            for before in (None, b"", b"HTTP/1.1 1", UPGRADE, b"HTTP/1.1 100 Continue\r\n\r\n"):
                server = self.server()
                name = self.connecting(server.url, handShakeTimeout=60)
                accepted = server.accept()
                if before is not None:
                    accepted.request()
                    accepted.send(before)
                self.end(accepted, how)
                failed = self.fails(name, "ConnectionError")
                self.assertLess(failed["seconds"], 10, (how, before))
                if how == "half":
                    accepted.rest()

    def test_inARefusal(self) -> None:
        """
        Within the body of a refusal it is still the refusal (CL09)
        """
        for how in self.ends:
            server = self.server()
            name = self.connecting(server.url)
            accepted = server.accept()
            accepted.request()
            accepted.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf a bo")
            self.taken()
            self.end(accepted, how)
            failed = self.fails(name, "InvalidHandshakeError", "403")
            self.assertLess(failed["seconds"], 10)
            self.assertEqual(failed["status"], 403)

    def test_afterIt(self) -> None:
        """
        After it a read fails with 1006, at once, between frames, within one, and within a message (CL09)
        """
        for how in self.ends:
            for before in (b"", b"\x81", frame(1, b"half a me", length=20), frame(1, b"some of it", fin=False)):
                name, accepted = self.open(self.server())
                reading = self.calling(name, "readMessage")
                accepted.send(before)
                self.end(accepted, how)
                failed = self.fails(reading, "ConnectionClosureError")
                self.assertEqual(failed["code"], 1006, (how, before))
                self.assertLess(failed["seconds"], 10)
                self.fails(self.calling(name, "writeTextMessage", "late"), "ConnectionClosureError")

    def test_whileClosing(self) -> None:
        """
        After our close frame the close fails, and after the server's nothing does (CL09)
        """
        for how in self.ends:
            name, accepted = self.open(self.server())
            closed = self.calling(name, "close")
            self.assertEqual(accepted.closed(), 1000)
            self.end(accepted, how)
            self.fails(closed, "ConnectionClosureError")
            name, accepted = self.open(self.server())
            closed = self.calling(name, "close")
            self.assertEqual(accepted.closed(), 1000)
            accepted.send(closing(1000))
            self.taken()
            self.end(accepted, how)
            self.succeeds(closed)

    def test_atOnce(self) -> None:
        """
        A message, a close, and the end that come together with the answer are all seen (CL09)
        """
        for how in self.ends[:2]:
            server = self.server()
            name = self.connecting(server.url)
            accepted = server.accept()
            accepted.upgrade(rest=frame(1, b"hello") + closing(1000, b"and bye"))
            self.end(accepted, how)
            self.succeeds(name)
            self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "hello")
            self.fails(self.calling(name, "readTextMessage"), "ConnectionClosureError", "and bye")


class CancelTests(ClientTestCase):
    """
    Every Deferred can be cancelled.
    """

    def cancelled(self, name: str) -> None:
        """
        Cancel this and see it end so.
        """
        self.driver.ask("cancel", which=name)
        self.fails(name, "CancelledError")

    def test_connect(self) -> None:
        """
        A connect that is cancelled drops TCP, at every stage of the handshake (CL07)
        """
        for before in (b"", b"HTTP/1.1 1", UPGRADE, b"HTTP/1.1 403 Forbidden\r\n\r\nbecause"):
            server = self.server()
            name = self.connecting(server.url)
            accepted = server.accept()
            accepted.request()
            accepted.send(before)
            self.driver.figures()
            self.cancelled(name)
            self.assertEqual(accepted.rest(), b"")

    def test_connectAgain(self) -> None:
        """
        One that waits to try again tries no more (CL07)
        """
        server = self.server()
        name = self.connecting(server.url, retryConfig={"interval": 0.3, "maxWaitInterval": 0.3})
        server.accept().reset()
        server.accept().reset()
        self.cancelled(name)
        while server.isCalled(0.4):
            server.accepted[-1].close()
            self.assertLess(len(server.accepted), 4)

    def test_connectLookingUp(self) -> None:
        """
        One that is cancelled in the look-up connects to nobody, and does not try again (CL07)
        """
        server = self.server()
        for retry in (None, {"interval": 0.1}):
            args = [server.url, {"retryConfig": retry}]
            churn = self.driver.tell("churn", method="connect", args=args, count=10)
            self.assertEqual(self.succeeds(churn), {"CancelledError": 10})
        self.assertFalse(server.isCalled(0.4))

    def test_reads(self) -> None:
        """
        A read that is cancelled takes no message: the next read gets it (CL07)
        """
        name, accepted = self.open(self.server(), readTimeout=30)
        first, second = self.calling(name, "readTextMessage"), self.calling(name, "readTextMessage")
        self.cancelled(first)
        accepted.send(frame(1, b"one"))
        self.assertEqual(self.succeeds(second), "one")
        tally = self.succeeds(self.driver.tell("churn", of=name, method="readTextMessage", args=[], count=1000))
        self.assertEqual(tally, {"CancelledError": 1000})
        accepted.send(frame(1, b"two"))
        self.assertEqual(self.succeeds(self.calling(name, "readTextMessage")), "two")

    def test_writes(self) -> None:
        """
        Writes and pings that wait can be cancelled, 1000 times; those that do not had been sent (CL07)
        """
        name, accepted = self.open(self.server(), maxSendBuffer=8 * 1024 * 1024, pingInterval=0)
        tally = self.succeeds(self.driver.tell("churn", of=name, method="pong", args=[], count=10))
        self.assertEqual(tally, {"done": 10})
        big = self.calling(name, "writeBinaryMessage", size=12 * 1024 * 1024)
        tally = self.succeeds(self.driver.tell("churn", of=name, method="writeTextMessage", args=["x"], count=1000))
        self.assertEqual(tally, {"CancelledError": 1000})
        tally = self.succeeds(self.driver.tell("churn", of=name, method="ping", args=[], count=1000))
        self.assertEqual(tally, {"CancelledError": 1000})
        self.assertTrue(self.driver.isPending(big))
        self.cancelled(big)
        self.assertTrue(self.driver.ask("about", of=name)["value"]["open"])
        last = self.calling(name, "writeTextMessage", "last")
        while accepted.data[-10:-4] != b"\x81\x84" + accepted.data[-8:-4]:
            accepted.data = accepted.data[-20:] + accepted.socket.recv(1 << 20)
        self.succeeds(last)

    def test_closes(self) -> None:
        """
        A close that is cancelled drops TCP (CL07)
        """
        server = self.server()
        for _ in range(20):
            name, accepted = self.open(server)
            closed = self.calling(name, "close")
            self.assertEqual(accepted.closed(), 1000)
            self.cancelled(closed)
            self.assertEqual(accepted.rest(), b"")
            accepted.close()

    def test_churn(self) -> None:
        """
        1000 connects that are cancelled, at once or a little later, leave no socket behind (CL07)
        """
        server = self.server().serve(lambda accepted: None)
        for after in (0, 0.003, 0.02):
            args = [server.url, {"handShakeTimeout": 20}]
            churn = self.driver.tell("churn", method="connect", args=args, count=340, after=after)
            self.assertEqual(self.succeeds(churn), {"CancelledError": 340})
        churn = self.driver.tell("churn", method="connect", args=[f"ws://127.0.0.1:{freePort()}/", {}], count=100)
        self.assertEqual(self.succeeds(churn), {"CancelledError": 100})
