"""
What two peers of an interoperation test say to each other; C{conversation.js} says the same.

A peer is a program with one of two parts to play::

    python websocketspeer.py client deflate conversation.json ws://127.0.0.1:9090/
    python websocketspeer.py server plain conversation.json

A client holds the conversation and prints as JSON what it heard; a server prints its URL,
answers, and ends by a signal.  Text that begins with a C{!} asks the server for more than
an echo.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol


class Peer(Protocol):
    """
    One side of a connection, in any library.

    @ivar cuts: whether a message can be sent in frames of the sender's choice.
    @ivar protocol: the sub-protocol agreed on.
    @ivar deflate: whether compression was agreed on.
    @ivar seen: what the server saw in the client's header, as the client is told.
    @ivar closure: the code and reason of the other side's close frame.
    """

    cuts: bool
    protocol: str | None
    deflate: bool
    seen: str | None
    closure: tuple[int, str]

    async def say(self, message: str | bytes) -> None:
        """
        Send a message.
        """

    async def sayInPieces(self, text: str) -> None:
        """
        Send a text in several frames.
        """

    async def hear(self) -> str | bytes | None:
        """
        @return: the next message; L{None} at the other side's close frame.
        """

    async def ping(self, payload: bytes) -> bytes:
        """
        @return: the payload of the pong.
        """

    async def close(self, code: int, reason: str) -> int:
        """
        @return: the code of the other side's close frame.
        """


class Script:
    """
    What is said.

    @ivar compression: whether this peer has permessage-deflate.
    @ivar tls: paths of whom to trust, of the own certificate and of its key, where it is
        said under TLS and both sides have one; L{None} where it is not.
    """

    def __init__(self, compression: bool, file: str) -> None:
        said = json.loads(Path(file).read_text("utf-8"))
        self.compression = compression
        self.tls: dict[str, str] | None = said.get("tls")
        self.protocols: list[str] = said["protocols"]
        self.protocol: str = said["protocol"]
        self.token: str = said["token"]
        self.payload: str = said["payload"]
        self.toServer: str = said["toServer"]
        self.fromServer: str = said["fromServer"]
        self.code: int = said["code"]
        self.here: str = said["here"]
        self.there: str = said["there"]
        self.messages: list[str | bytes] = [
            bytes(message) if isinstance(message, list) else message for message in said["messages"]
        ]


def pieces(data: Any) -> list[Any]:
    """
    @return: a text or its bytes in parts; what is cut is not asked whether it is a character.
    """
    return [data[start : start + 43210] for start in range(0, len(data), 43210)]


def digest(message: str) -> str:
    """
    @return: what answers a message that asks for its digest.
    """
    return sha256(message.removeprefix("!sha256 ").encode()).hexdigest()


def _shown(message: str | bytes | None) -> Any:
    return list(message) if isinstance(message, bytes) else message


async def hold(connect: Callable[[], Awaitable[Peer]], script: Script) -> dict[str, Any]:
    """
    Play the client's part.

    @param connect: makes a connection.
    @return: what was heard.
    """
    peer = await connect()
    found: dict[str, Any] = {"protocol": peer.protocol, "deflate": peer.deflate, "seen": peer.seen}
    found["heard"] = []
    for message in script.messages:
        await peer.say(message)
        found["heard"].append(_shown(await peer.hear()))
    if peer.cuts:
        await peer.sayInPieces(f"!sha256 {script.toServer}")
        found["digest"] = _shown(await peer.hear())
    await peer.say("!large")
    found["large"] = _shown(await peer.hear())
    found["pong"] = (await peer.ping(script.payload.encode())).decode()
    await peer.say(f"!ping {script.payload}")
    found["pinged"] = await peer.hear()
    found["answered"] = await peer.close(script.code, script.here)
    peer = await connect()
    await peer.say("!closed")
    found["noted"] = await peer.hear()
    await peer.say("!close")
    found["last"] = await peer.hear()
    found["closed"] = list(peer.closure)
    return found


async def answer(peer: Peer, script: Script, closures: list[str]) -> None:
    """
    Play the server's part on one connection.

    @param closures: the close frames of clients that closed, in the server's own list.
    """
    while (message := await peer.hear()) is not None:
        if message == "!large":
            await peer.sayInPieces(script.fromServer)
        elif isinstance(message, str) and message.startswith("!sha256 "):
            await peer.say(digest(message))
        elif message == "!closed":
            await peer.say(closures.pop())
        elif message == "!close":
            answered = await peer.close(script.code, script.there)
            if answered != script.code:
                raise AssertionError(f"the answer to our close frame has {answered}")
            return
        elif isinstance(message, str) and message.startswith("!ping "):
            payload = await peer.ping(message.removeprefix("!ping ").encode())
            await peer.say(f"pong {payload.decode()}")
        else:
            await peer.say(message)
    code, reason = peer.closure
    closures.append(f"{code} {reason}")


def play(client: Callable[[Script, str], Any], server: Callable[[Script], Any] | None = None) -> None:
    """
    Play the part that the command line says.

    @param client: holds the conversation with a URL, returns what it heard.
    @param server: serves; ours is a service of twistd's, C{answering.py}.
    """
    part, compression, file, *urls = sys.argv[1:]
    script = Script(compression == "deflate", file)
    if part == "server":
        assert server is not None, "a client only"
        server(script)
    else:
        print(json.dumps(client(script, *urls)))
