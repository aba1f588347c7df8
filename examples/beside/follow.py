"""
Prints the news as they come, and goes on to do so when the server was away.  With the
service running::

    python follow.py
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from balws import AsyncClient, ConnectionClosureError, Service


class Follower(Service):
    def onTextMessage(self, text: str) -> None:
        print(text, flush=True)


def lost(client: AsyncClient, error: ConnectionClosureError) -> None:
    print(f"({error}; connecting again)", flush=True)


async def main(reactor: Any, url: str = "ws://127.0.0.1:9090/news") -> None:
    retry = {"interval": 1, "backOffFactor": 1.6, "maxWaitInterval": 30}
    client = await AsyncClient.connect(url, callbackService=Follower(), retryConfig=retry, onReconnecting=lost)
    print(await client.whenClosed())


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
