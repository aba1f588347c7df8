"""
Peers that vanish: row FR17 of the reliability catalogue.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from tests.rows.deflating import RSV1, deflated
from tests.rows.raw import BINARY, CONTINUATION, PING, TEXT, Peer, closing, frame, plain, request
from tests.rows.serving import SERVICES, ServedTestCase
from tests.waiting import PATIENCE, until

#: What there may be of a peer in the midst of a message.
BEGUN = [
    b"",
    b"\x81",
    frame(TEXT, b"abc")[:5],
    frame(TEXT, b"x" * 500)[:400],
    frame(TEXT, b"x", fin=False),
    frame(BINARY, length=60000),
    frame(TEXT, b"x", fin=False) + frame(CONTINUATION, b"abc")[:7],
    frame(TEXT, b"x", fin=False) + frame(PING, b"p")[:3],
    frame(BINARY, length=5)[:3],
]

DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"


#: The timer of the next ping is a trace of its connection until it is due.
_SOON = ", pingInterval = 0.5, pingTimeout = 0.5"


class LostTestCase(ServedTestCase):
    """
    A server of whose connections nothing may be left.
    """

    def setUp(self) -> None:
        super().setUp()
        self.told: list[Any] = []

    def base(self) -> tuple[int, int, int]:
        """
        @return: how many objects of balws, of anything, and how many files the server has,
            now that nothing of what was called is kept there.
        """
        self.told += self.calls()
        return (*self.objects(), self.descriptors())

    def assertNothingLeft(self, base: tuple[int, int, int], count: int) -> None:
        """
        The server is soon back to its base, but for what C{count} connections could never
        explain.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            now = self.base()
            growth = [each - before for each, before in zip(now, base, strict=True)]
            # Logger and reactor keep a few objects more or less.
            if growth[0] <= 5 and growth[1] <= min(100, count / 4) and growth[2] <= 0:
                return
            self.assertLess(time.monotonic(), deadline, growth)
            time.sleep(0.2)


class LostTests(LostTestCase):
    """
    Each connection is told its end, once.
    """

    def test_once(self) -> None:
        """
        A peer that resets, closes or half-closes TCP, wherever it was, is 1006, once (FR17)
        """
        for data in BEGUN:
            for leave in ("close", "abort"):
                peer = self.open().send(data)
                getattr(peer, leave)()
                self.assertEqual(self.called(), [["onClose", 1006, ""]], data)
            peer = self.open().send(data)
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.rest(), b"")
            self.assertEqual(self.called(), [["onClose", 1006, ""]], data)

    def test_behindMessage(self) -> None:
        """
        A message whose peer has gone is dispatched before the end is told.
        """
        peer = self.open("/slow").send(frame(TEXT, b"one") + frame(TEXT, b"two"))
        peer.socket.shutdown(socket.SHUT_WR)
        calls = self.called(5)
        self.assertEqual(calls[-1], ["onClose", 1006, ""])
        self.assertEqual([call for call in calls if call[0] == "begins"][0], ["begins", "one"])

    def test_handshake(self) -> None:
        """
        So is one that resets before it has read the answer to its handshake, if the service
        has heard of it at all (FR17)
        """
        calls: list[Any] = []
        deadline = time.monotonic() + PATIENCE
        while not calls:
            self.assertLess(time.monotonic(), deadline)
            for number in range(30):
                peer = self.ask(request(self.tagged("/ws")))
                time.sleep(number / 10000)
                peer.abort()
            until(lambda: not self._living(calls), "each has its end")
        self.assertEqual({tuple(call) for call in calls}, {("onClose", 1006, "")})

    def _living(self, calls: list[Any]) -> int:
        found = self.records(f"tag={self.tag}")
        calls += found["calls"]
        living: int = found["living"]
        return living


class LeakTests(LostTestCase):
    """
    What is left of connections.
    """

    alone = True
    services = {path: entry + _SOON for path, entry in SERVICES.items() if not path.startswith("/kept")}

    def reset(self, number: int) -> None:
        """
        Connect, and reset in the midst of something.
        """
        path = ("/ws", "/slow", "/bound/order", "/answers")[number // len(BEGUN) % 4]
        data = BEGUN[number % len(BEGUN)]
        if number % 5 == 0:
            peer = self.peer().send(request(self.tagged(path), body=data))
        elif number % 5 == 1:
            peer = self.open(path, DEFLATE).send(frame(TEXT, deflated(b"x" * 500)[:5], rsv=RSV1, fin=False))
        else:
            peer = self.open(path).send(data)
        peer.abort()
        self._peers.remove(peer)

    def test_resets(self) -> None:
        """
        After a thousand resets in the midst of frames, of messages, compressed ones too, and
        right behind the handshake, the server has as many objects and files as before, and
        has told each end once (FR17)
        """
        for number in range(90):
            self.reset(number)
        time.sleep(0.5)
        base = self.base()
        for number in range(1000):
            self.reset(number)
        self.assertNothingLeft(base, 1000)
        ends = [call for call in self.told if call[0] not in ("begins", "ends")]
        self.assertEqual({tuple(call) for call in ends}, {("onClose", 1006, "")})
        self.assertGreaterEqual(len(ends), 800)
        self.assertEqual(self.records(f"tag={self.tag}")["living"], 0)

    def test_ends(self) -> None:
        """
        Of hundreds of connections that ended in every way nothing is left (FR17)
        """
        ends = [closing(1000), frame(8), frame(TEXT, masked=False), frame(TEXT, b"\xff")]
        ends += [frame(BINARY, length=2**62), frame(TEXT, b"x" * 9)[:6], frame(TEXT, b"x", fin=False)]
        for times in (3, 12):
            for number in range(times):
                for data in ends:
                    for path in ("/ws", "/slow", "/bound/order", "/answers"):
                        peer = self.open(path).send(data)
                        if number % 3 and data[0] & 0x08:
                            peer.rest()
                        peer.abort() if number % 2 else peer.close()
                        self._peers.remove(peer)
            if times == 3:
                time.sleep(0.5)
                base = self.base()
        self.assertNothingLeft(base, 12 * 28)

    def test_handshakes(self) -> None:
        """
        Nor of hundreds that went away in the midst of a handshake, or were refused (FR17)
        """
        whole = [request("/late/0.05"), request("/never"), plain("/calls"), request("/nothing"), plain("/ws"), b"x\r\n"]
        whole += [request(body=body) for body in (b"", b"\x81", frame(TEXT, b"x", fin=False), frame(TEXT, b"abc")[:-1])]
        for times in (3, 30):
            for number in range(times):
                for data in (b"", b"GET /ws", request()[:-2], *whole):
                    peer = Peer(self.port).send(data)
                    if number % 3 and data in whole and b"/never" not in data:
                        peer.answer()
                    peer.abort() if number % 2 else peer.close()
            if times == 3:
                time.sleep(0.5)
                base = self.base()
        self.assertNothingLeft(base, 30 * 13)


class SecureTests(LostTestCase):
    """
    Over TLS.
    """

    alone = True
    secure = True
    services = {"/ws": "echoing:EchoUpgrade" + _SOON}

    def reset(self, number: int) -> None:
        """
        Connect, and reset in the midst of TLS's handshake, of ours, or of a message.
        """
        if number % 3 == 0:
            peer = Peer(self.port)
            hello = bytes.fromhex("1603010200010001fc0303") + bytes(range(256)) * 2
            peer.send(hello[: number % len(hello)])
        elif number % 3 == 1:
            peer = Peer(self.port, secure=True).send(request(self.tagged("/ws")))
        else:
            peer = Peer(self.port, secure=True).send(request(self.tagged("/ws")))
            peer.status()
            peer.send(BEGUN[number // 3 % len(BEGUN)])
        peer.abort()

    def test_resets(self) -> None:
        """
        After hundreds of resets, in the midst of TLS's handshake, ours, or a message, nothing
        is left, and each end was told once (FR17)
        """
        for number in range(30):
            self.reset(number)
        time.sleep(0.3)
        base = self.base()
        for number in range(200):
            self.reset(number)
        self.assertNothingLeft(base, 200)
        self.assertEqual({tuple(call) for call in self.told}, {("onClose", 1006, "")})
        self.assertGreaterEqual(len(self.told), 60)
        self.assertAlive()
