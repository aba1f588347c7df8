"""
Prints what is said in a room, and says there what is typed.  When its node goes away it comes
back at the other one, and misses nothing; whether the line that was on its way in that moment was
said shows when it comes back::

    python client.py blue
"""

from __future__ import annotations

import sys
from itertools import cycle
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.internet.stdio import StandardIO
from twisted.internet.task import deferLater, react
from twisted.protocols.basic import LineReceiver

from balws import Client, ConnectionError, Error

NODES = ("ws://127.0.0.1:9090/rooms", "ws://127.0.0.1:9091/rooms")


class Keyboard(LineReceiver):
    delimiter = b"\n"
    client: Client | None = None

    def lineReceived(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        if self.client is None:
            unsaid(text)
        else:
            self.client.writeTextMessage(text).addErrback(lambda _: unsaid(text))


def unsaid(text: str) -> None:
    print(f"(not said: {text})", flush=True)


async def follow(client: Client, position: str) -> str:
    """
    @return: the last position, when the connection has ended.
    """
    while True:
        try:
            message = await client.readMessage(dict[str, Any])
        except ConnectionError:
            return position
        position = message.get("position", position)
        if "text" in message:
            print(message["text"], flush=True)
        elif message.get("isWhole") is False:
            print("(some of it was missed)", flush=True)
        elif "unsaid" in message:
            unsaid(message["unsaid"])


async def main(reactor: Any, room: str) -> None:
    keyboard = Keyboard()
    StandardIO(keyboard)
    position = ""
    for node in cycle(NODES):
        try:
            client = await Client.connect(f"{node}/{quote(room)}?since={quote(position)}")
        except Error:
            await deferLater(reactor, 0.5)
            continue
        print(f"(at {node})", flush=True)
        keyboard.client = client
        position = await follow(client, position)
        keyboard.client = None


if __name__ == "__main__":
    react(lambda reactor, room: Deferred.fromCoroutine(main(reactor, room)), sys.argv[1:])
