"""
The server's part of the conversation, as a service of balws.
"""

from __future__ import annotations

from typing import Annotated

from conversation import Script, digest
from twisted.internet.defer import DeferredQueue

from balws import Caller, Header, Service, UpgradeService, serviceConfig

script = Script(True, "conversation.json")

#: The close frames of clients that closed.
closures: DeferredQueue[str] = DeferredQueue()


class Answering(Service):
    """
    Answers one peer.
    """

    def __init__(self, token: str) -> None:
        self.customHeaders = {"X-Seen": token}
        self._left = False

    def onBinaryMessage(self, data: bytes) -> bytes:
        """
        Give bytes back.
        """
        return data

    async def onTextMessage(self, caller: Caller, text: str) -> str | None:
        """
        Give a text back, or do what it asks for.
        """
        if text == "!large":
            return script.fromServer
        if text.startswith("!sha256 "):
            return digest(text)
        if text == "!closed":
            return await closures.get()
        if text == "!close":
            self._left = True
            await caller.close(script.code, script.there)
            return None
        if text.startswith("!ping "):
            await caller.ping(text.removeprefix("!ping ").encode())
            return None
        return text

    def onPong(self, caller: Caller, data: bytes) -> None:
        """
        Tell what came.
        """
        caller.writeTextMessage(f"pong {data.decode()}")

    def onClose(self, statusCode: int, reason: str) -> None:
        """
        Note that a client left.
        """
        if not self._left:
            closures.put(f"{statusCode} {reason}")


@serviceConfig(subProtocols=["echo.v1"], maxFrameSize=131072)
class AnsweringUpgrade(UpgradeService):
    """
    Tells the client in the answer what it said in its header.
    """

    def get(self, token: Annotated[str, Header("X-Token")] = "") -> Answering:
        """
        Accept.
        """
        return Answering(token)
