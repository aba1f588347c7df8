"""
A peer that can do everything wrong: raw sockets, and frames with every field settable.
"""

from __future__ import annotations

import socket
import struct

#: The fields of a valid upgrade, with the key of RFC 6455 section 1.3.
FIELDS = (
    b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def request(
    path: str = "/ws", fields: bytes = FIELDS, more: bytes = b"", body: bytes = b"", method: bytes = b"GET"
) -> bytes:
    """
    @return: an upgrade request, with C{body} right behind it.
    """
    return method + b" " + path.encode() + b" HTTP/1.1\r\n" + fields + more + b"\r\n" + body


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    length: int | None = None,
    form: int | None = None,
) -> bytes:
    """
    @param length: what the header claims; L{None} tells the truth.
    @param form: 125, 126 or 127: which form of the length; L{None} takes the shortest.
    """
    size = len(payload) if length is None else length
    if form is None:
        form = 125 if size < 126 else 126 if size < 65536 else 127
    mask = 0x80 if masked else 0
    first = bytes((fin << 7 | rsv << 4 | opcode,))
    if form == 127:
        head = first + bytes((mask | 127,)) + struct.pack("!Q", size)
    elif form == 126:
        head = first + bytes((mask | 126,)) + struct.pack("!H", size)
    else:
        head = first + bytes((mask | size,))
    key = b"\x01\x02\x03\x04"
    return head + (key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if masked else payload)


def closing(code: int, reason: bytes = b"") -> bytes:
    """
    @return: a close frame.
    """
    return frame(CLOSE, struct.pack("!H", code) + reason)


class Peer:
    """
    One connection.
    """

    def __init__(self, port: int, patience: float = 5.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), patience)
        self.data = b""
        self.ended = False

    def send(self, data: bytes) -> Peer:
        """
        Send, even where the server has hung up.
        """
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = True
        return self

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.data += data
        self.ended = not data
        return bool(data)

    def answer(self) -> bytes:
        """
        @return: the head of an HTTP answer; what follows it stays in C{data}.
        """
        while b"\r\n\r\n" not in self.data and self._more():
            pass
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        return head

    def status(self) -> int:
        """
        @return: the status of the answer; 0 when there was none.
        """
        words = self.answer().split(b" ", 2)
        return int(words[1]) if len(words) > 1 else 0

    def rest(self) -> bytes:
        """
        @return: everything until the server closes.
        """
        while not self.ended and self._more():
            pass
        data, self.data = self.data, b""
        return data

    def receive(self) -> tuple[int, bytes]:
        """
        @return: opcode and payload of the next frame; (0, b"") when the server closed.
        """
        while True:
            if len(self.data) >= 2:
                size, start = self.data[1] & 0x7F, 2
                if size == 126:
                    size, start = int.from_bytes(self.data[2:4], "big"), 4
                elif size == 127:
                    size, start = int.from_bytes(self.data[2:10], "big"), 10
                if len(self.data) >= start + size and len(self.data) >= start:
                    opcode, payload = self.data[0] & 0x0F, self.data[start : start + size]
                    self.data = self.data[start + size :]
                    return opcode, payload
            if not self._more():
                return 0, b""

    def close(self) -> None:
        """
        Drop the connection.
        """
        self.socket.close()
