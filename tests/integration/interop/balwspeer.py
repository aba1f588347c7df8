"""
The client under test; it cuts messages that are longer than its C{maxFrameSize}.
"""

from __future__ import annotations

from typing import Any

from conversation import Script, hold, play
from twisted.internet.defer import Deferred, DeferredQueue
from twisted.internet.task import react

from balws import Client, ConnectionClosureError, PingPongService


class Pongs(PingPongService):
    """
    Keeps what comes.
    """

    def __init__(self) -> None:
        self.came: DeferredQueue[bytes] = DeferredQueue()

    def onPong(self, data: bytes) -> None:
        """
        Keep it.
        """
        self.came.put(data)


class Peer:
    """
    A connection of ours.
    """

    cuts = True

    def __init__(self, client: Client, pongs: Pongs) -> None:
        self._client = client
        self._pongs = pongs
        self.closure = (0, "")
        self.protocol = client.getNegotiatedSubProtocol()
        response = client.getHttpResponse()
        assert response is not None
        self.deflate = "permessage-deflate" in (response.header("Sec-WebSocket-Extensions") or "")
        self.seen = response.header("X-Seen")

    async def say(self, message: str | bytes) -> None:
        """
        Send a message.
        """
        await self._client.writeMessage(message)

    sayInPieces = say

    async def hear(self) -> str | bytes | None:
        """
        The next message.
        """
        try:
            message: str | bytes = await self._client.readMessage()
        except ConnectionClosureError as closed:
            self.closure = (closed.statusCode or 0, closed.reason)
            return None
        return message

    async def ping(self, payload: bytes) -> bytes:
        """
        Ask for a pong.
        """
        await self._client.ping(payload)
        return await self._pongs.came.get()

    async def close(self, code: int, reason: str) -> int:
        """
        Another code in the answer is an error that has it.
        """
        try:
            await self._client.close(code, reason)
        except ConnectionClosureError as other:
            return other.statusCode or 0
        return code


def client(script: Script, url: str) -> dict[str, Any]:
    """
    Hold the conversation.
    """
    found: dict[str, Any] = {}
    secureSocket = script.tls and {
        "cert": script.tls["trust"],
        "key": {"certFile": script.tls["certificate"], "keyFile": script.tls["key"]},
    }

    async def opened() -> Peer:
        pongs = Pongs()
        connection = await Client.connect(
            url,
            subProtocols=script.protocols,
            customHeaders={"X-Token": script.token},
            webSocketCompressionEnabled=script.compression,
            maxFrameSize=131072,
            pingPongHandler=pongs,
            secureSocket=secureSocket,
        )
        return Peer(connection, pongs)

    def main(_: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(hold(opened, script)).addCallback(found.update)

    try:
        react(main)
    except SystemExit as ended:
        if ended.code:
            raise
    return found


if __name__ == "__main__":
    play(client)
