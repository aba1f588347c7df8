"""
PyPI wsproto over plain blocking sockets, as client and server.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit

from conversation import Script, answer, hold, pieces, play
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from wsproto.extensions import Extension, PerMessageDeflate


class Peer:
    """
    A connection of either side.
    """

    cuts = True

    def __init__(self, kind: ConnectionType, line: socket.socket, script: Script) -> None:
        self._connection = WSConnection(kind)
        self._line = line
        self._script = script
        self.closure = (0, "")
        self.protocol: str | None = None
        self.seen: str | None = None
        self.deflate = False

    def request(self, host: str) -> None:
        """
        The client's half of the handshake.
        """
        self._send(
            Request(
                host=host,
                target="/",
                subprotocols=self._script.protocols,
                extensions=self._extensions(),
                extra_headers=[(b"X-Token", self._script.token.encode())],
            )
        )
        accepted = self._next()
        assert isinstance(accepted, AcceptConnection), accepted
        self.protocol = accepted.subprotocol
        self.deflate = bool(accepted.extensions)
        self.seen = dict(accepted.extra_headers).get(b"x-seen", b"").decode()

    def accept(self) -> None:
        """
        The server's half of the handshake.
        """
        request = self._next()
        assert isinstance(request, Request), request
        token = dict(request.extra_headers)[b"x-token"]
        assert self._script.protocol in request.subprotocols
        self._send(
            AcceptConnection(
                subprotocol=self._script.protocol,
                extensions=self._extensions(),
                extra_headers=[(b"X-Seen", token)],
            )
        )

    def _extensions(self) -> list[Extension]:
        return [PerMessageDeflate()] if self._script.compression else []

    def _send(self, event: Event) -> None:
        self._line.sendall(self._connection.send(event))

    def _next(self) -> Event:
        while (event := next(self._connection.events(), None)) is None:
            self._connection.receive_data(self._line.recv(65536) or None)
        return event

    async def say(self, message: str | bytes) -> None:
        """
        Send a message.
        """
        self._send(TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message))

    async def sayInPieces(self, text: str) -> None:
        """
        Send a text in frames, the last of which is empty.
        """
        for piece in pieces(text):
            self._send(TextMessage(data=piece, message_finished=False))
        self._send(TextMessage(data=""))

    async def hear(self) -> str | bytes | None:
        """
        The next message.
        """
        parts: list[Any] = []
        while True:
            event = self._next()
            if isinstance(event, Message):
                parts.append(event.data)
                if event.message_finished:
                    return "".join(parts) if isinstance(event, TextMessage) else b"".join(parts)
            elif isinstance(event, Ping):
                self._send(event.response())
            elif isinstance(event, CloseConnection):
                self.closure = (event.code, event.reason or "")
                if self._connection.state is ConnectionState.REMOTE_CLOSING:
                    self._send(event.response())
                self._end()
                return None
            else:
                raise AssertionError(event)

    def _end(self) -> None:
        # The server goes first (RFC 6455 section 7.1.1).
        if self._connection.client:
            assert self._line.recv(1) == b""
        self._line.close()

    async def ping(self, payload: bytes) -> bytes:
        """
        Ask for a pong.
        """
        self._send(Ping(payload=payload))
        answered = self._next()
        assert isinstance(answered, Pong), answered
        return bytes(answered.payload)

    async def close(self, code: int, reason: str) -> int:
        """
        Close.
        """
        self._send(CloseConnection(code=code, reason=reason))
        heard = await self.hear()
        assert heard is None, heard
        return self.closure[0]


def client(script: Script, url: str) -> dict[str, Any]:
    """
    Hold the conversation.
    """
    target = urlsplit(url)

    async def opened() -> Peer:
        peer = Peer(
            ConnectionType.CLIENT, socket.create_connection((target.hostname, target.port), 20), script
        )
        peer.request(target.netloc)
        return peer

    return asyncio.run(hold(opened, script))


def server(script: Script) -> None:
    """
    Serve one connection after the other.
    """
    closures: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"ws://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
        while True:
            peer = Peer(ConnectionType.SERVER, listening.accept()[0], script)
            peer.accept()
            asyncio.run(answer(peer, script, closures))


if __name__ == "__main__":
    play(client, server)
