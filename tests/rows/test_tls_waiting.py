"""
TLS handshakes that do not end: row TL07 of the reliability catalogue.
"""

from __future__ import annotations

import selectors
import time

from tests.rows.raw import TEXT, Peer, frame, request
from tests.rows.tls_serving import SecuredTestCase, hello
from tests.rows.waiting import patiently
from tests.waiting import PATIENCE, until


class HandshakeTests(SecuredTestCase):
    """
    C{handshakeTimeout = 1}.
    """

    fields = "handshakeTimeout = 1"
    alone = True

    def ends(self, peers: list[Peer], began: float) -> list[float]:
        """
        @return: when each of them was closed, in seconds from the beginning.
        """
        found = []
        selector = selectors.DefaultSelector()
        for peer in peers:
            peer.socket.setblocking(False)
            selector.register(peer.socket, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() - began < PATIENCE:
            for key, _ in selector.select(0.2):
                try:
                    isOver = not key.fileobj.recv(65536)  # type: ignore[union-attr]
                except ConnectionError:
                    isOver = True
                if isOver:
                    found.append(time.monotonic() - began)
                    selector.unregister(key.fileobj)
        self.assertEqual(len(selector.get_map()), 0, "some are open")
        return found

    def test_halves(self) -> None:
        """
        Five hundred that send half a ClientHello are closed after handshakeTimeout, cost
        little, nobody else waits meanwhile, and nothing is left of them (TL07)
        """
        self.assertAlive()
        descriptors = self.descriptors()
        self.markMemory()
        half = hello()[:100]
        peers: list[Peer] = []
        began = time.monotonic()
        for _ in range(20):  # as many at a time as wait to be accepted
            peers += [self.plainPeer().send(half) for _ in range(25)]
            self.assertAlive()
        found = self.ends(peers, began)
        self.assertTrue(min(found) > 0.9 and max(found) < 20, (min(found), max(found)))
        self.assertLess(self.grown(), 40)
        for peer in peers:
            peer.close()
        self.assertAlive()
        self.assertIdle()
        until(lambda: self.descriptors() - descriptors < 30, "nothing is left of them")

    def test_kinds(self) -> None:
        """
        So are those that say nothing, send a byte now and then, stop after the server's
        part of the handshake, or read none of it (TL07)
        """
        data = hello()
        began = time.monotonic()
        silent = self.plainPeer()
        slow = self.plainPeer()
        waiting = self.plainPeer().send(data)
        deaf = self.plainPeer(room=1).send(data)
        for at in range(8):
            slow.send(data[at : at + 1])
            time.sleep(0.1)
        found = self.ends([silent, slow, waiting, deaf], began)
        self.assertTrue(min(found) > 0.9 and max(found) < 10, found)

    @patiently
    def test_inTime(self) -> None:
        """
        Who is there in time may wait before his request, and as a WebSocket for long
        """
        idle = self.peer()
        peer = self.open()
        time.sleep(1.3)
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))
        self.assertEqual(idle.send(request(self.tagged("/ws"))).status(), 101)


class EarlyTests(SecuredTestCase):
    """
    C{handshakeTimeout = 20}.
    """

    fields = "handshakeTimeout = 20"
    alone = True

    def test_leaving(self) -> None:
        """
        Those that leave in the handshake, in order or by a reset, leave nothing behind (TL07)
        """
        self.assertAlive()
        descriptors = self.descriptors()
        data = hello()
        for size in (0, 1, 5, 100, len(data)):
            for how in ("close", "abort"):
                for _ in range(10):
                    getattr(self.plainPeer().send(data[:size]), how)()
        self.assertAlive()
        until(lambda: abs(self.descriptors() - descriptors) < 5, "nothing is left of them", 10)
        self.assertIdle()

    def test_garbage(self) -> None:
        """
        Records that are none, are too long, or come in the wrong order end the connection at
        once (TL07)
        """
        data = hello()
        for garbage in (
            b"\x16\x03\x01\xff\xff" + bytes(1000),
            b"\x17\x03\x03\x00\x05hello",
            b"\x80\x2e\x01\x00\x02" + bytes(60),
            data + data,
            data + b"\x17\x03\x03\x00\x20" + bytes(32),
            data[:-1] + b"\x15\x03\x01\x00\x02\x02\x28",
        ):
            began = time.monotonic()
            self.plainPeer().send(garbage).rest()
            self.assertLess(time.monotonic() - began, 10, garbage[:6])
        self.assertAlive()
