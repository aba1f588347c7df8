"""
Connections that are lost and made again, and those that are not (row CL10 of the
reliability catalogue).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import pairwise
from typing import Any

from tests.rows.client_driving import ClientTestCase
from tests.rows.client_hostile import TEXT, Accepted, Hostile, closing, frame
from tests.rows.waiting import patiently

#: Closes after which a client connects again, with 1006, and some after which it does not.
RETURNING = (1001, 1012, 1013, 1014)
FINAL = (1000, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4999)

FAST = {"interval": 0.05, "maxWaitInterval": 0.05}


class FleetTests(ClientTestCase):
    """
    Many that lost the same server.
    """

    fresh = True

    clients = 200

    @patiently
    def test_restart(self) -> None:
        """
        The clients of a server that was killed and started again come back within 30 s, in no second over 30 % (CL10)
        """
        names = [f"client-{number}" for number in range(self.clients)]
        server = self.server().serve(Accepted.upgrade)
        retry = {"interval": 5, "backOffFactor": 1.6}
        for name in names:
            self.driver.tell("connect", url=server.url, fields={"retryConfig": retry}, telling=True, **{"as": name})
        for name in names:
            self.succeeds(name)
        server.stop(reset=True)
        time.sleep(0.3)
        started = time.monotonic()
        arrived: list[float] = []
        came = threading.Event()

        def accept(accepted: Accepted) -> None:
            arrived.append(time.monotonic() - started)
            accepted.upgrade()
            if len(arrived) == self.clients:
                came.set()

        again = self.server(port=server.port).serve(accept)
        self.assertTrue(came.wait(60), len(arrived))
        self.assertLess(max(arrived), 30)
        for name in names:
            self.driver.told(name, "reconnecting")
            self.driver.told(name, "reconnected")
        seconds = Counter(int(each) for each in arrived)
        self.assertLessEqual(max(seconds.values()), 0.3 * self.clients, seconds)
        again.stop()
        for name in names:
            self.driver.told(name, "reconnecting")
            self.driver.tell("call", of=name, method="close", args=[])


class AgainTests(ClientTestCase):
    """
    Which losses are made good.
    """

    def clients(self, server: Hostile, **fields: Any) -> tuple[str, Accepted]:
        """
        @return: a connected client that tells of its losses, and the server's end.
        """
        fields.setdefault("retryConfig", FAST)
        name = self.driver.tell("connect", url=server.url, fields=fields, telling=True)
        accepted = server.accept().upgrade()
        self.succeeds(name)
        return name, accepted

    def leave(self, name: str, accepted: Accepted) -> None:
        """
        Close from the client's side.
        """
        closed = self.calling(name, "close")
        self.assertEqual(accepted.closed(), 1000)
        accepted.send(closing(1000)).close()
        self.succeeds(closed)

    def test_lost(self) -> None:
        """
        After a reset, an end, 1001, 1012, 1013, and 1014 the client is back; reads and writes wait on (CL10)
        """
        server = self.server()
        name, accepted = self.clients(server)
        for how in ("close", "reset", *RETURNING):
            reading = self.calling(name, "readTextMessage")
            if isinstance(how, int):
                accepted.send(closing(how)).close()
            else:
                getattr(accepted, how)()
            self.driver.told(name, "reconnecting")
            write = self.calling(name, "writeTextMessage", f"after {how}")
            accepted = server.accept().upgrade()
            self.driver.told(name, "reconnected")
            self.assertEqual(accepted.receive(), (TEXT, f"after {how}".encode("ascii")))
            self.succeeds(write)
            accepted.send(frame(TEXT, b"welcome"))
            self.assertEqual(self.succeeds(reading), "welcome")
        self.leave(name, accepted)

    def test_final(self) -> None:
        """
        After 1000, 1002, 1003, 1007 to 1011, and codes of an application nobody connects again (CL10)
        """
        server = self.server()
        for code in FINAL:
            name, accepted = self.clients(server)
            reading = self.calling(name, "readTextMessage")
            accepted.send(closing(code)).close()
            self.assertEqual(self.fails(reading, "ConnectionClosureError")["code"], code)
            self.assertFalse(self.driver.ask("about", of=name)["value"]["reconnecting"])
        self.assertFalse(server.isCalled(0.3))

    def test_broken(self) -> None:
        """
        Nor after what the server did wrong, 1002, 1007, or 1009 from us (CL10)
        """
        server = self.server()
        for data, code in (
            (frame(TEXT, b"x", rsv=1), 1002),
            (frame(TEXT, b"\xff"), 1007),
            (frame(TEXT, length=2**40), 1009),
        ):
            name, accepted = self.clients(server)
            accepted.send(data)
            self.assertEqual(accepted.closed(), code)
            accepted.close()
            self.fails(self.calling(name, "writeTextMessage", "late"), "ConnectionClosureError")
        self.assertFalse(server.isCalled(0.3))

    def test_refused(self) -> None:
        """
        A first refusal is final with any status, a later one with 401, 403, and 404, but not with 503 (CL10)
        """
        server = self.server()
        for status in (401, 403, 503):
            name = self.connecting(server.url, retryConfig=FAST)
            self.refuse(server, status)
            self.fails(name, "InvalidHandshakeError", str(status))
        self.assertFalse(server.isCalled(0.2))
        for status in (401, 403, 404, 503, 429):
            name, accepted = self.clients(server)
            reading = self.calling(name, "readTextMessage")
            accepted.reset()
            self.driver.told(name, "reconnecting")
            self.refuse(server, status)
            if status in (503, 429):
                accepted = server.accept().upgrade()
                self.driver.told(name, "reconnected")
                accepted.send(frame(TEXT, b"now"))
                self.assertEqual(self.succeeds(reading), "now")
                self.leave(name, accepted)
            else:
                self.assertEqual(self.fails(reading, "InvalidHandshakeError")["status"], status)
                self.assertFalse(server.isCalled(0.2))

    def refuse(self, server: Hostile, status: int) -> None:
        """
        Answer the next request so.
        """
        accepted = server.accept()
        accepted.request()
        accepted.send(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode("ascii"))
        accepted.close()

    def drop(self, server: Hostile) -> None:
        """
        Take the next request and drop it.  (A reset before it would be a failed connect,
        to which Twisted adds 0.3 s.)
        """
        accepted = server.accept()
        accepted.request()
        accepted.reset()

    def test_count(self) -> None:
        """
        maxCount is the most attempts of one loss, and of the first connection after its first attempt (CL10)
        """
        server = self.server()
        retry = {**FAST, "maxCount": 3}
        name = self.connecting(server.url, retryConfig=retry)
        for _ in range(4):
            self.drop(server)
        self.fails(name, "ConnectionError")
        name, accepted = self.clients(server, retryConfig=retry)
        for _ in range(2):
            accepted.reset()
            for _ in range(2):
                self.drop(server)
            accepted = server.accept().upgrade()
            self.driver.told(name, "reconnected")
        reading = self.calling(name, "readTextMessage")
        writing = self.calling(name, "writeTextMessage", "x")
        self.succeeds(writing)
        accepted.reset()
        for _ in range(3):
            self.drop(server)
        self.fails(reading, "ConnectionError")
        self.assertFalse(server.isCalled(0.2))

    @patiently
    def test_waits(self) -> None:
        """
        Each wait is at most interval times factor to the power of the attempt, and never over the maximum (CL10)
        """
        server = self.server()
        retry = {"interval": 0.1, "backOffFactor": 2, "maxWaitInterval": 0.4, "maxCount": 8}  # 10 s without the maximum
        name = self.connecting(server.url, retryConfig=retry)
        times = []
        for _ in range(9):
            self.drop(server)
            times.append(time.monotonic())
        self.fails(name, "ConnectionError")
        waits = [later - earlier for earlier, later in pairwise(times)]
        for wait, most in zip(waits, (0.1, 0.2, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4), strict=True):
            self.assertLess(wait, most + 0.4)
        self.assertGreater(len({round(wait, 2) for wait in waits}), 2)  # they are scattered

    @patiently
    def test_useless(self) -> None:
        """
        A server that accepts and drops at once is backed off from like one that is not there (CL10)
        """
        server = self.server()
        retry = {"interval": 0.05, "backOffFactor": 2, "maxWaitInterval": 0.8}
        name = self.connecting(server.url, retryConfig=retry)
        ends = time.monotonic() + 2
        while time.monotonic() < ends:
            if server.isCalled(0.1):
                server.accepted[-1].upgrade()
                server.accepted[-1].close()
        self.succeeds(name)
        # On average 9; 80 if the waits did not grow.
        self.assertTrue(4 <= len(server.accepted) <= 25, len(server.accepted))
        server.stop()
        self.driver.ask("call", of=name, method="close", args=[])

    def test_given(self) -> None:
        """
        A close while the connection is away gives it up: nobody connects again, the reads and writes fail (CL10)
        """
        server = self.server()
        name, accepted = self.clients(server, retryConfig={"interval": 30, "maxWaitInterval": 30})
        accepted.reset()
        self.driver.told(name, "reconnecting")
        reading, writing = self.calling(name, "readTextMessage"), self.calling(name, "writeTextMessage", "x")
        self.succeeds(self.calling(name, "close"))
        self.fails(reading, "ConnectionClosureError")
        self.fails(writing, "ConnectionClosureError")
        self.assertFalse(server.isCalled(0.6))

    def test_givenInTheHandshake(self) -> None:
        """
        So does one in the middle of the new handshake, which is dropped (CL10)
        """
        server = self.server()
        name, accepted = self.clients(server)
        accepted.reset()
        self.driver.told(name, "reconnecting")
        accepted = server.accept()
        accepted.request()
        self.succeeds(self.calling(name, "close"))
        self.assertEqual(accepted.rest(), b"")
        self.assertFalse(server.isCalled(0.3))

    def test_called(self) -> None:
        """
        A client with callbacks is told the end of the first connection and the begin of the second (CL10)
        """
        server = self.server()
        name = self.driver.tell("connect", url=server.url, fields={"retryConfig": FAST}, telling=True, calling=True)
        accepted = server.accept().upgrade()
        self.driver.told(name, "onOpen")
        self.succeeds(name)
        accepted.reset()
        self.assertEqual(self.driver.told(name, "onClose")["code"], 1006)
        self.driver.told(name, "reconnecting")
        accepted = server.accept().upgrade()
        self.driver.told(name, "onOpen")
        self.driver.told(name, "reconnected")
        accepted.send(frame(TEXT, b"hello"))
        self.assertEqual(self.driver.told(name, "onTextMessage")["value"], "hello")
        accepted.send(closing(1008)).close()
        self.assertEqual(self.driver.told(name, "onClose")["code"], 1008)
        self.assertFalse(server.isCalled(0.2))
