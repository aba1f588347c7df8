"""
A load generator: raw sockets and prepared bytes, so that it is not what is measured.
"""

from __future__ import annotations

import os
import selectors
import socket

_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def _header(size: int, masked: int) -> bytes:
    if size < 126:
        return bytes((0x81, masked | size))
    if size < 65536:
        return bytes((0x81, masked | 126)) + size.to_bytes(2, "big")
    return bytes((0x81, masked | 127)) + size.to_bytes(8, "big")


def frame(size: int) -> bytes:
    """
    @return: a masked text frame with C{size} letters.
    """
    key = os.urandom(4)
    masked = bytes(ord("a") ^ key[index % 4] for index in range(size))
    return _header(size, 0x80) + key + masked


def connect(port: int) -> socket.socket:
    """
    @return: a socket after a successful upgrade.
    """
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(_HANDSHAKE)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += peer.recv(4096)
    if not answer.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(answer)
    return peer


class Load:
    """
    Connections that each keep C{depth} messages in flight.
    """

    def __init__(self, port: int, connections: int, depth: int, size: int) -> None:
        self.depth = depth
        self.sent = frame(size) * depth
        self.expected = (len(_header(size, 0)) + size) * depth
        self.peers = [connect(port) for _ in range(connections)]
        self.selector = selectors.DefaultSelector()
        self.missing = {}
        for peer in self.peers:
            self.selector.register(peer, selectors.EVENT_READ)
            self.missing[peer] = 0

    def run(self, messages: int) -> int:
        """
        Send and receive at least C{messages}.

        @return: how many it were.
        """
        rounds = max(1, messages // (self.depth * len(self.peers)))
        left = {}
        for peer in self.peers:
            left[peer] = rounds
            self.missing[peer] = self.expected
            peer.sendall(self.sent)
        active = len(self.peers)
        while active:
            for key, _ in self.selector.select():
                peer = key.fileobj
                got = len(peer.recv(262144))
                if not got:
                    raise RuntimeError("the server closed a connection")
                self.missing[peer] -= got
                if self.missing[peer] == 0:
                    left[peer] -= 1
                    if left[peer]:
                        self.missing[peer] = self.expected
                        peer.sendall(self.sent)
                    else:
                        active -= 1
        return rounds * self.depth * len(self.peers)

    def close(self) -> None:
        """
        Drop all connections.
        """
        for peer in self.peers:
            peer.close()
