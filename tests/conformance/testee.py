"""
The client under test: asks the suite's server for each of its cases and gives back what
it gets.  C{python testee.py Client|AsyncClient quick|full URL}
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.logger import globalLogBeginner, textFileLogObserver

from balws import AsyncClient, Client, Error, Service

#: Group 9 sends messages of up to 16 MiB, in one frame and in many: those limits alone are raised.
FULL = {
    "maxFrameSize": 16777216,
    "maxMessageSize": 16777216,
    "maxFragments": 1048576,
    "maxSendBuffer": 67108864,
}


class Echo(Service):
    """
    Gives back, and tells when it is over.
    """

    def __init__(self) -> None:
        self.over: Deferred[None] = Deferred()

    def onTextMessage(self, text: str) -> str:
        """
        Give a text back.
        """
        return text

    def onBinaryMessage(self, data: bytes) -> bytes:
        """
        Give bytes back.
        """
        return data

    def onClose(self) -> None:
        """
        The case is over.
        """
        self.over.callback(None)

    def onError(self, error: Exception) -> None:
        """
        The case was a fault of the server's, and is over.
        """
        self.over.callback(None)


async def read(url: str, limits: dict[str, Any]) -> None:
    """
    One case by reading and writing.
    """
    client = await Client.connect(url, **limits)
    try:
        async for message in client:
            await client.writeMessage(message)
    except Error:
        pass  # what the case is about


async def dispatch(url: str, limits: dict[str, Any]) -> None:
    """
    One case by a service's methods.
    """
    service = Echo()
    await AsyncClient.connect(url, service, **limits)
    await service.over


async def main(kind: str, profile: str, url: str) -> None:
    """
    All cases.
    """
    limits = FULL if profile == "full" else {}
    agent = "balws" if kind == "Client" else f"balws-{kind}"
    async with await Client.connect(f"{url}/getCaseCount") as client:
        count = int(await client.readTextMessage())
    for number in range(1, count + 1):
        await (read if kind == "Client" else dispatch)(f"{url}/runCase?case={number}&agent={agent}", limits)
    await read(f"{url}/updateReports?agent={agent}", {})


if __name__ == "__main__":
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)])
    react(lambda reactor: Deferred.fromCoroutine(main(*sys.argv[1:])))
