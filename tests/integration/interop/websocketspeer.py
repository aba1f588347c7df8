"""
PyPI websockets as client and server.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from conversation import Script, answer, hold, pieces, play
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol


class Peer:
    """
    A connection of either side.
    """

    cuts = True

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.protocol = connection.subprotocol
        self.deflate = bool(connection.protocol.extensions)
        self.seen = connection.response.headers.get("X-Seen")
        self.closure = (0, "")

    async def say(self, message: str | bytes) -> None:
        """
        Send a message.
        """
        await self._connection.send(message)

    async def sayInPieces(self, text: str) -> None:
        """
        Send a text in frames that end within characters.
        """
        await self._connection.send(pieces(text.encode()), text=True)

    async def hear(self) -> str | bytes | None:
        """
        The next message.
        """
        try:
            message: str | bytes = await self._connection.recv()
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                self.closure = (closed.rcvd.code, closed.rcvd.reason)
            return None
        return message

    async def ping(self, payload: bytes) -> bytes:
        """
        The library itself looks for the payload in the pong.
        """
        await (await self._connection.ping(payload))
        return payload

    async def close(self, code: int, reason: str) -> int:
        """
        Close.
        """
        await self._connection.close(code, reason)
        answered: int = self._connection.protocol.close_rcvd.code
        return answered


def _tls(script: Script, side: int) -> ssl.SSLContext | None:
    """
    @param side: C{ssl.PROTOCOL_TLS_CLIENT} or C{ssl.PROTOCOL_TLS_SERVER}.
    @return: what shows our certificate, and wants to see one.
    """
    if script.tls is None:
        return None
    context = ssl.SSLContext(side)
    context.load_verify_locations(script.tls["trust"])
    context.load_cert_chain(script.tls["certificate"], script.tls["key"])
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client(script: Script, url: str) -> dict[str, Any]:
    """
    Hold the conversation.
    """

    async def opened() -> Peer:
        return Peer(
            await connect(
                url,
                proxy=None,
                ssl=_tls(script, ssl.PROTOCOL_TLS_CLIENT),
                compression="deflate" if script.compression else None,
                subprotocols=[Subprotocol(name) for name in script.protocols],
                additional_headers={"X-Token": script.token},
            )
        )

    return asyncio.run(hold(opened, script))


def server(script: Script) -> None:
    """
    Serve.
    """
    closures: list[str] = []

    def tell(_: Any, request: Any, response: Any) -> None:
        response.headers["X-Seen"] = request.headers["X-Token"]

    async def run() -> None:
        async with serve(
            lambda connection: answer(Peer(connection), script, closures),
            "127.0.0.1",
            0,
            compression="deflate" if script.compression else None,
            subprotocols=[Subprotocol(script.protocol)],
            process_response=tell,
            ssl=_tls(script, ssl.PROTOCOL_TLS_SERVER),
        ) as serving:
            scheme = "ws" if script.tls is None else "wss"
            print(f"{scheme}://127.0.0.1:{serving.sockets[0].getsockname()[1]}/", flush=True)
            await serving.serve_forever()

    asyncio.run(run())


if __name__ == "__main__":
    play(client, server)
