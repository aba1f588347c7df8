"""
A server that can do everything wrong: raw sockets, frames by hand, a thread where it must
serve many.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import sys
import threading
import zlib
from collections.abc import Callable

from tests.servers import freePort

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

#: A server's agreement to compression, as a line of its answer.
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n"

#: Seconds until a socket that says nothing fails the test.
PATIENCE = 30.0


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = False,
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
    if form == 125:
        head = first + bytes((mask | size,))
    else:
        head = first + bytes((mask | form,)) + struct.pack("!H" if form == 126 else "!Q", size)
    key = b"\x01\x02\x03\x04"
    return head + (key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if masked else payload)


def closing(code: int, reason: bytes = b"") -> bytes:
    """
    @return: a close frame.
    """
    return frame(CLOSE, struct.pack("!H", code) + reason)


def deflated(payload: bytes) -> bytes:
    """
    @return: the payload of a compressed message.
    """
    compressor = zlib.compressobj(9, zlib.DEFLATED, -12)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Accepted:
    """
    The server's end of one connection.

    @ivar head: the request's head, when it was read.
    @ivar keys: the mask of every frame that was received.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = b""
        self.data = b""
        self.keys: list[bytes] = []

    def request(self) -> bytes:
        """
        @return: the head of the upgrade request; what came so far where the client hung up.
        """
        while b"\r\n\r\n" not in self.data and self._more():
            pass
        self.head, _, self.data = self.data.partition(b"\r\n\r\n")
        return self.head

    @property
    def key(self) -> bytes:
        """
        The request's C{Sec-WebSocket-Key}.
        """
        for line in self.head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"sec-websocket-key":
                return value.strip()
        raise AssertionError(f"no key in {self.head!r}")

    def answer(self, more: bytes = b"", accept: bytes | None = None) -> bytes:
        """
        @param more: further header lines, each with its end.
        @param accept: in place of the right one.
        @return: an acceptance of the request.
        """
        if accept is None:
            digest = hashlib.sha1(self.key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
            accept = base64.b64encode(digest)
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n" + more + b"\r\n"
        )

    def upgrade(self, more: bytes = b"", rest: bytes = b"") -> Accepted:
        """
        Read the request and accept it.

        @param rest: sent together with the answer.
        """
        self.request()
        return self.send(self.answer(more) + rest)

    def send(self, data: bytes) -> Accepted:
        """
        Send, even where the client has hung up.
        """
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def push(self, data: bytes, seconds: float) -> int:
        """
        Send as much as the client takes.

        @param seconds: how long it may take nothing before this gives up.
        @return: how many bytes went out; -1 where the client dropped the connection.
        """
        view, sent = memoryview(data), 0
        self.socket.settimeout(seconds)
        try:
            while sent < len(view):
                sent += self.socket.send(view[sent : sent + 262144])
        except TimeoutError:
            pass
        except OSError:
            return -1
        finally:
            self.socket.settimeout(PATIENCE)
        return sent

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.data += data
        return bool(data)

    def receive(self) -> tuple[int, bytes]:
        """
        @return: opcode and payload of the next frame; (0, b"") when the client dropped TCP.
        """
        while True:
            if len(self.data) >= 2:
                size, start = self.data[1] & 0x7F, 2
                if size == 126:
                    size, start = int.from_bytes(self.data[2:4], "big"), 4
                elif size == 127:
                    size, start = int.from_bytes(self.data[2:10], "big"), 10
                masked = self.data[1] & 0x80
                if masked:
                    start += 4
                if len(self.data) >= start + size:
                    opcode, payload = self.data[0] & 0x0F, self.data[start : start + size]
                    if masked:
                        key = self.data[start - 4 : start]
                        self.keys.append(key)
                        payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
                    self.data = self.data[start + size :]
                    return opcode, payload
            if not self._more():
                return 0, b""

    def closed(self) -> int:
        """
        @return: the code of the next close frame; 0 where TCP ends without one.
        """
        while True:
            opcode, payload = self.receive()
            if opcode in (0, CLOSE):
                return int.from_bytes(payload[:2], "big")

    def rest(self) -> bytes:
        """
        @return: everything until the client drops TCP.
        """
        while self._more():
            pass
        data, self.data = self.data, b""
        return data

    def reset(self) -> None:
        """
        End with a reset.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """
        Drop the connection.
        """
        self.socket.close()


class Hostile:
    """
    A listening socket; its port is none that the system could give to somebody while this one is away.

    @ivar accepted: all its connections.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, backlog: int = 256) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, port or freePort()))
        self.socket.listen(backlog)
        self.socket.settimeout(PATIENCE)
        self.port: int = self.socket.getsockname()[1]
        self.url = f"ws://{f'[{host}]' if ':' in host else host}:{self.port}/ws"
        self.accepted: list[Accepted] = []
        self._thread: threading.Thread | None = None

    def accept(self) -> Accepted:
        """
        @return: the next connection.
        """
        connection = Accepted(self.socket.accept()[0])
        self.accepted.append(connection)
        return connection

    def isCalled(self, seconds: float) -> bool:
        """
        @return: whether anybody connects in this time.
        """
        self.socket.settimeout(seconds)
        try:
            self.accept()
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(PATIENCE)
        return True

    def serve(self, converse: Callable[[Accepted], object]) -> Hostile:
        """
        From now on accept in a thread, and call this in turn for each connection.
        """

        def run() -> None:
            while True:
                try:
                    converse(self.accept())
                except TimeoutError:
                    continue
                except OSError:
                    return

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        return self

    def stop(self, reset: bool = False) -> None:
        """
        Listen no more, and drop all connections.

        @param reset: in the hard way.
        """
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        except OSError:
            pass
        self.socket.close()
        if self._thread is not None:
            self._thread.join(PATIENCE)
        for each in self.accepted:
            if reset and each.socket.fileno() >= 0:
                each.reset()
            each.close()


def echo(accepted: Accepted) -> None:
    """
    A good server: echoes text, answers pings and a close.
    """
    accepted.socket.settimeout(None)
    accepted.upgrade()
    while True:
        opcode, payload = accepted.receive()
        if not opcode:
            return
        accepted.send(frame(PONG if opcode == PING else opcode, payload))
        if opcode == CLOSE:
            accepted.close()
            return


def main() -> None:
    """
    Serve one connection at a time, in a process that can be stopped.
    """
    server = Hostile()
    server.socket.settimeout(None)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    while True:
        echo(server.accept())


if __name__ == "__main__":
    main()
