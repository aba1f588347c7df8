"""
The peers of C{soak.py}: raw sockets and prepared bytes, well and badly behaved.
"""

from __future__ import annotations

import errno
import os
import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator

from frames import textFrame

HEAD = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
GOODBYE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"
#: By what share of all one kind of work may be ahead of the other.
_STEP = 0.01
#: A keep-alive ping; nothing that the service sends back holds these bytes.
PING = b"\x89\x04"


def sources() -> Iterator[str]:
    """
    @return: addresses to connect from, so that no address runs out of ports.
    """
    while True:
        for last in range(1, 61):
            yield f"127.0.0.{last}"


def masked(first: int, payload: bytes) -> bytes:
    """
    @return: a short frame.
    """
    key = os.urandom(4)
    return bytes((first, 128 | len(payload))) + key + bytes(b ^ key[i & 3] for i, b in enumerate(payload))


def exchange() -> tuple[bytes, bytes, int]:
    """
    @return: what a peer sends, what must come back, and how many messages that is.
    """
    words = "grüße ".encode() * 12
    sent = masked(0x81, b"hello") + masked(0x82, b"") + masked(0x01, words[:31]) + masked(0x89, b"ping")
    sent += masked(0x80, words[31:]) + masked(0x8A, b"unasked")
    back = b"\x81\x05hello\x82\x00\x8a\x04ping" + bytes((0x81, len(words))) + words
    long = textFrame(2000)
    plain = bytes(b ^ long[4 + i % 4] for i, b in enumerate(long[8:]))
    return (sent * 4 + long) * 2, (back * 4 + b"\x81\x7e" + (2000).to_bytes(2, "big") + plain) * 2, 26


class Peer:
    """
    One socket of the driver.

    @ivar kind: what it is going to do.
    @ivar received: since it last did something.
    @ivar stage: 0 before the upgrade.
    @ivar left: how many bytes must still come back.
    """

    def __init__(self, kind: str, peer: socket.socket) -> None:
        self.kind = kind
        self.socket = peer
        self.received = b""
        self.stage = 0
        self.left = 0


class Driver:
    """
    Connections that stay and echo, and connections that come and go.

    @ivar messages: how many messages have come back.
    @ivar cycles: how many connections have come and gone.
    """

    KINDS = ("polite", "polite", "echo", "reset", "torn", "violation", "half", "page", "deflate", "gone")

    def __init__(self, port: int, connections: int) -> None:
        self.port = port
        self.messages = self.cycles = 0
        self.selector = selectors.DefaultSelector()
        self.sent, self.expected, self.batch = exchange()
        self._sources = sources()
        self._random = random.Random(1)
        self._comers = 0
        self._idle: deque[Peer] = deque()
        for _ in range(connections):
            peer = self._connect("stay")
            peer.socket.sendall(HEAD + b"\r\n")
        while len(self._idle) < connections:
            self._poll()

    def _connect(self, kind: str) -> Peer:
        made = socket.socket()
        made.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        made.bind((next(self._sources), 0))
        made.connect(("127.0.0.1", self.port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        peer = Peer(kind, made)
        self.selector.register(made, selectors.EVENT_READ, peer)
        return peer

    def run(self, messages: int, cycles: int, window: int, tick: Callable[[], object]) -> None:
        """
        Go on until there were so many more of both.

        @param window: connections that come and go at the same time.
        @param tick: called now and then.
        """
        messagesBefore, cyclesBefore = self.messages, self.cycles
        sent = echoed = come = gone = 0.0
        while echoed < 1 or gone < 1 or self._comers:
            # Both kinds of work keep step, so that the load is the same all the time.
            while self._idle and sent < 1 and sent <= gone + _STEP:
                self._send(self._idle.popleft())
                sent += self.batch / messages
            while self._comers < window and come < 1 and come <= echoed + _STEP:
                self._come()
                come += 1 / cycles
            self._poll()
            tick()
            echoed = (self.messages - messagesBefore) / messages
            gone = (self.cycles - cyclesBefore) / cycles
        while any(key.data.left for key in self.selector.get_map().values()):
            self._poll()

    def _send(self, peer: Peer) -> None:
        peer.left = len(self.expected)
        peer.received = b""
        peer.socket.sendall(self.sent)

    def _come(self) -> None:
        kind = self._random.choice(self.KINDS)
        self._comers += 1
        peer = self._connect(kind)
        if kind == "gone":
            self._leave(peer)
        elif kind == "half":
            peer.socket.sendall(HEAD)
            self._leave(peer)
        elif kind == "page":
            peer.stage = 1
            peer.socket.sendall(b"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        else:
            peer.socket.sendall(HEAD + (DEFLATE if kind == "deflate" else b"") + b"\r\n")

    def _leave(self, peer: Peer, reset: bool = False) -> None:
        self.selector.unregister(peer.socket)
        if reset:
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.socket.close()
        self._comers -= 1
        self.cycles += 1

    def _poll(self) -> None:
        for key, _ in self.selector.select(0.1):
            peer: Peer = key.data
            try:
                data = peer.socket.recv(65536)
            except OSError as problem:
                if problem.errno != errno.ECONNRESET:
                    raise
                data = b""
            self._take(peer, data)

    def _take(self, peer: Peer, data: bytes) -> None:
        peer.received += data
        if peer.stage == 0:
            self._answered(peer, data)
        elif peer.kind == "stay":
            if not data:
                raise SystemExit("the server closed a connection that was to stay")
            self._echoed(peer)
        elif peer.kind == "echo" and peer.stage == 1:
            if len(peer.received) >= len(self.expected):
                self.messages += self.batch
                peer.stage = 2
                peer.socket.sendall(GOODBYE)
        elif not data:
            expected = {"page": b"HTTP/1.1 404", "violation": b"\x88", "torn": b""}.get(peer.kind, b"\x88\x02\x03\xe8")
            if expected not in peer.received:
                raise SystemExit(f"{peer.kind}: {peer.received!r}")
            self._leave(peer)

    def _answered(self, peer: Peer, data: bytes) -> None:
        if not data:
            raise SystemExit(f"no upgrade: {peer.received!r}")
        if b"\r\n\r\n" not in peer.received:
            return
        if not peer.received.startswith(b"HTTP/1.1 101"):
            raise SystemExit(f"no upgrade: {peer.received!r}")
        peer.received = b""
        peer.stage = 1
        if peer.kind == "stay":
            self._idle.append(peer)
        elif peer.kind == "echo":
            peer.socket.sendall(self.sent)
        elif peer.kind == "reset":
            peer.socket.sendall(self.sent)
            self._leave(peer, reset=True)
        elif peer.kind == "torn":
            peer.socket.sendall(self.sent[:-7])
            self._leave(peer)
        elif peer.kind == "violation":
            peer.socket.sendall(b"\x81\x05plain")
        elif peer.kind == "deflate":
            # "Hello" of RFC 7692 section 7.2.3.1, and a close frame.
            peer.socket.sendall(masked(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x00") + GOODBYE)
        else:
            peer.socket.sendall(GOODBYE)

    def rest(self, seconds: float) -> None:
        """
        Do nothing but answer pings.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._poll()

    def _echoed(self, peer: Peer) -> None:
        at = peer.received.find(PING)
        if at >= 0 and len(peer.received) >= at + 6:
            peer.socket.sendall(masked(0x8A, peer.received[at + 2 : at + 6]))
            peer.received = peer.received[:at] + peer.received[at + 6 :]
        if not peer.left:
            return
        peer.left = max(0, len(self.expected) - len(peer.received))
        if not peer.left:
            if peer.received != self.expected:
                raise SystemExit("what came back is not what was sent")
            peer.received = b""
            self.messages += self.batch
            self._idle.append(peer)

    def close(self) -> None:
        """
        Drop everything.
        """
        for key in list(self.selector.get_map().values()):
            key.data.socket.close()
        self.selector.close()
