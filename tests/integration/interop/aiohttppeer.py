"""
PyPI aiohttp as client and server.  It sends every message in one frame.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import ClientSession, WSMsgType, web
from conversation import Script, answer, hold, play


class Peer:
    """
    A connection of either side, which gives us the pings and pongs, too.
    """

    cuts = False

    def __init__(self, connection: Any, seen: str | None = None) -> None:
        self._connection = connection
        self.protocol = connection.ws_protocol if isinstance(connection, web.WebSocketResponse) else connection.protocol
        self.deflate = bool(connection.compress)
        self.seen = seen
        self.closure = (0, "")

    async def say(self, message: str | bytes) -> None:
        """
        Send a message.
        """
        if isinstance(message, str):
            await self._connection.send_str(message)
        else:
            await self._connection.send_bytes(message)

    async def sayInPieces(self, text: str) -> None:
        """
        Send a text in one piece.
        """
        await self.say(text)

    async def _receive(self, *kinds: WSMsgType) -> Any:
        while True:
            message = await self._connection.receive()
            if message.type in kinds:
                return message.data
            if message.type is WSMsgType.PING:
                await self._connection.pong(message.data)
            elif message.type is WSMsgType.CLOSE:
                self.closure = (message.data, message.extra)
                return None
            else:
                raise AssertionError(message)

    async def hear(self) -> str | bytes | None:
        """
        The next message.
        """
        message: str | bytes | None = await self._receive(WSMsgType.TEXT, WSMsgType.BINARY)
        return message

    async def ping(self, payload: bytes) -> bytes:
        """
        Ask for a pong.
        """
        await self._connection.ping(payload)
        return bytes(await self._receive(WSMsgType.PONG))

    async def close(self, code: int, reason: str) -> int:
        """
        Close.
        """
        await self._connection.close(code=code, message=reason.encode())
        answered: int = self._connection.close_code
        return answered


def client(script: Script, url: str) -> dict[str, Any]:
    """
    Hold the conversation.
    """

    async def run() -> dict[str, Any]:
        async with ClientSession() as session:

            async def opened() -> Peer:
                connection = await session.ws_connect(
                    url,
                    autoping=False,
                    compress=15 if script.compression else 0,
                    protocols=script.protocols,
                    headers={"X-Token": script.token},
                )
                return Peer(connection, connection._response.headers.get("X-Seen"))

            return await hold(opened, script)

    return asyncio.run(run())


def server(script: Script) -> None:
    """
    Serve.
    """
    closures: list[str] = []

    async def serve(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(
            autoping=False, compress=script.compression, protocols=[script.protocol]
        )
        connection.headers["X-Seen"] = request.headers["X-Token"]
        await connection.prepare(request)
        await answer(Peer(connection), script, closures)
        return connection

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/", serve)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"ws://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    play(client, server)
