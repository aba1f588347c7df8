"""
A peer that can do everything wrong: raw sockets, and frames with every field settable.
"""

from __future__ import annotations

import socket
import ssl
import struct
from typing import NamedTuple

#: The fields of a valid upgrade, with the key of RFC 6455 section 1.3.
FIELDS = (
    b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

#: TLS with whoever answers.
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname = False
UNVERIFIED.verify_mode = ssl.CERT_NONE

_MASK = b"\x01\x02\x03\x04"


def request(
    path: str = "/ws", fields: bytes = FIELDS, more: bytes = b"", body: bytes = b"", method: bytes = b"GET"
) -> bytes:
    """
    @return: an upgrade request, with C{body} right behind it.
    """
    return method + b" " + path.encode() + b" HTTP/1.1\r\n" + fields + more + b"\r\n" + body


def plain(path: str, more: bytes = b"", method: bytes = b"GET", body: bytes = b"") -> bytes:
    """
    @return: a request that asks for no upgrade.
    """
    return request(path, b"Host: localhost\r\n", more, body, method)


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    length: int | None = None,
    form: int | None = None,
    key: bytes = _MASK,
) -> bytes:
    """
    @param length: what the header claims; L{None} tells the truth.
    @param form: 125, 126 or 127: which form of the length; L{None} takes the shortest.
    @param key: what the payload is masked with.
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
    if not masked:
        return head + payload
    pad = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return head + key + mixed.to_bytes(len(payload), "big")


def closing(code: int, reason: bytes = b"") -> bytes:
    """
    @return: a close frame.
    """
    return frame(CLOSE, struct.pack("!H", code) + reason)


class Frame(NamedTuple):
    """
    A frame of the server's as it came.
    """

    opcode: int
    payload: bytes
    fin: bool
    rsv: int
    masked: bool


#: In place of a frame, when the server has closed.
NOTHING = Frame(0, b"", False, 0, False)


class Peer:
    """
    One connection.

    @ivar data: what was read and not yet looked at.
    @ivar ended: whether the server closed.
    @ivar reset: whether it did so with a reset.
    """

    def __init__(self, port: int, patience: float = 30.0, room: int | None = None, secure: bool = False) -> None:
        """
        @param patience: seconds that the server may take to answer.
        @param room: bytes that this side's kernel keeps, each way.
        @param secure: whether to speak TLS.
        """
        self.socket = socket.socket()
        self.socket.settimeout(patience)
        if room is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.connect(port)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            self.socket = UNVERIFIED.wrap_socket(self.socket)

    def connect(self, port: int) -> None:
        """
        Connect. Who is turned away at once may hear of that before he hears that he was let in.
        """
        self.data = b""
        self.ended = self.reset = False
        try:
            self.socket.connect(("127.0.0.1", port))
        except ConnectionResetError:
            self.ended = self.reset = True

    def send(self, data: bytes) -> Peer:
        """
        Send, even where the server has hung up.
        """
        try:
            self.socket.sendall(data)
        except OSError:
            self.ended = True
        return self

    def trickle(self, data: bytes) -> Peer:
        """
        Send each byte in a segment of its own.
        """
        for byte in data:
            self.send(bytes((byte,)))
        return self

    def _more(self) -> bool:
        if self.reset:
            return False
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data, self.reset = b"", True
        self.data += data
        self.ended = not data
        return bool(data)

    def _has(self, size: int) -> bool:
        while len(self.data) < size:
            if not self._more():
                return False
        return True

    def _take(self, size: int) -> bytes:
        data, self.data = self.data[:size], self.data[size:]
        return data

    def exactly(self, size: int) -> bytes:
        """
        @return: so many bytes, or those before the server closed.
        """
        self._has(size)
        return self._take(size)

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

    def response(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """
        @return: status, fields and body of an HTTP answer that tells its length.
        """
        head, *lines = self.answer().split(b"\r\n")
        if not head:
            return 0, {}, b""
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        return int(head.split(b" ")[1]), fields, self.exactly(int(fields.get(b"content-length", 0)))

    def rest(self) -> bytes:
        """
        @return: everything until the server closes.
        """
        while not self.ended and self._more():
            pass
        data, self.data = self.data, b""
        return data

    def frame(self) -> Frame:
        """
        @return: the next frame; L{NOTHING} when the server closed.
        """
        if not self._has(2):
            return NOTHING
        first, size, start = self.data[0], self.data[1] & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            if not self._has(start):
                return NOTHING
            size = int.from_bytes(self.data[2:start], "big")
        masked = bool(self.data[1] & 0x80)
        if not self._has(start + size):
            return NOTHING
        return Frame(first & 0x0F, self._take(start + size)[start:], bool(first & 0x80), first >> 4 & 7, masked)

    def receive(self) -> tuple[int, bytes]:
        """
        @return: opcode and payload of the next frame; (0, b"") when the server closed.
        """
        return self.frame()[:2]

    def message(self) -> tuple[int, bytes]:
        """
        @return: opcode and payload of the next message, in however many frames it came.
        """
        opcode, payload = 0, b""
        while (found := self.frame()) is not NOTHING:
            opcode = opcode or found.opcode
            payload += found.payload
            if found.fin:
                break
        return opcode, payload

    def quiet(self, seconds: float) -> bool:
        """
        @return: whether nothing comes for so long.
        """
        patience = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            return not self.data and self.socket.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(patience)

    def flood(self, data: bytes, limit: int, patience: float = 0.5) -> int:
        """
        Send this again and again, until the server has taken nothing for a while.

        @param limit: where it is enough.
        @return: how many bytes went out.
        """
        before = self.socket.gettimeout()
        self.socket.settimeout(patience)
        sent = 0
        try:
            while sent < limit:
                sent += self.socket.send(data[sent % len(data) :])
        except TimeoutError:
            pass
        self.socket.settimeout(before)
        return sent

    def abort(self) -> None:
        """
        Reset the connection.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """
        Drop the connection.
        """
        self.socket.close()
