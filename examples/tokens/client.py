"""
A client that signs its own tokens.  With the service running::

    python client.py
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from balws import Client, ConnectionClosureError, JwtIssuerConfig

TOKEN = JwtIssuerConfig(
    issuer="https://login.example",
    username="ada",
    audience="orders",
    customClaims={"scope": "order", "shop": "Lovelace & Co"},
    expTime=2,
    signatureConfig={"algorithm": "EdDSA", "config": {"keyFile": "issuer.key"}},
)


async def main(reactor: Any) -> None:
    client = await Client.connect("ws://127.0.0.1:9090/orders", auth=TOKEN)
    await client.writeTextMessage("a nail")
    print(await client.readTextMessage())
    try:
        await client.readTextMessage()
    except ConnectionClosureError as error:
        print(error.statusCode, error.reason)


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
