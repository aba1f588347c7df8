"""
A meter.  With the service running::

    python client.py
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from balws import Client, SslError

URL = "wss://localhost:9090/meters"


async def report(**own: Any) -> None:
    try:
        async with await Client.connect(URL, secureSocket={"cert": "ca.crt", **own}) as client:
            for degrees in (21.5, 80):
                await client.writeMessage(degrees)
                print(await client.readMessage(dict))
    except SslError:
        print("Nobody comes in without a certificate.")


async def main(reactor: Any) -> None:
    await report(key={"certFile": "meter.crt", "keyFile": "meter.key"})
    await report()


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
