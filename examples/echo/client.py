"""
The client of the WebSocket specification's sample.  With the service running::

    python client.py
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from balws import Client


async def main(reactor: Any, url: str = "ws://127.0.0.1:9090/basic/ws") -> None:
    client = await Client.connect(url)

    await client.writeTextMessage("Text message")
    text = await client.readTextMessage()
    print(text)

    await client.writeBinaryMessage(b"Binary message")
    data = await client.readBinaryMessage()
    print(data.decode())

    await client.close()


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
