"""
A member.  With the service running::

    python client.py
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from balws import Client, CredentialsConfig, InvalidHandshakeError

URL = "wss://localhost:9090/members"


async def visit(username: str, password: str) -> None:
    auth = CredentialsConfig(username=username, password=password)
    try:
        async with await Client.connect(URL, auth=auth, secureSocket={"cert": "public.crt"}) as client:
            print(await client.readTextMessage())
            await client.writeTextMessage("Good evening.")
            print(await client.readTextMessage())
    except InvalidHandshakeError as error:
        print(f"{username} stays outside: {error.response and error.response.status}")


async def main(reactor: Any) -> None:
    await visit("ada", "analytical engine")
    await visit("grace", "compiler")
    await visit("mallory", "guess")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
