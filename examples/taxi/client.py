"""
The client of the specification's sample.  With the service running::

    python client.py
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from balws import Client, InvalidHandshakeError, OAuth2PasswordGrantConfig

JOHN = OAuth2PasswordGrantConfig(
    tokenUrl="https://localhost:9445/token",
    username="johndoe",
    password="A3ddj3w",
    clientId="app",
    clientSecret="app-secret",
    scopes=["write", "update"],
    clientConfig={"secureSocket": {"cert": "ca.crt"}},
)


async def call(username: str) -> None:
    try:
        url = f"wss://localhost:9090/taxi/{username}"
        async with await Client.connect(url, auth=JOHN, secureSocket={"cert": "public.crt"}) as client:
            await client.writeTextMessage("the station")
            print(await client.readTextMessage())
    except InvalidHandshakeError as error:
        print(f"No taxi as {username}: {error.response and error.response.status}")


async def main(reactor: Any) -> None:
    await call("johndoe")
    await call("alice")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
