"""
Clients in a process of their own that tells all: what is on standard input is connected to, and
which of the words were told is on standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "services"))

from telling import listen, search, told  # noqa: E402
from twisted.internet.defer import ensureDeferred  # noqa: E402
from twisted.internet.task import react  # noqa: E402
from twisted.logger import Logger  # noqa: E402
from twisted.python.failure import Failure  # noqa: E402

from balws import Client, ClientConfiguration, ConfigurationError  # noqa: E402
from balws.config import override  # noqa: E402


async def connect(order: dict[str, Any]) -> Client | None:
    """
    @return: the client; L{None} where it failed, which is logged then, as an application does.
    """
    try:
        # The table that somebody gives shows what is in it: no matter of ours.
        config = override(ClientConfiguration(), order.pop("fields"))
    except ConfigurationError as error:
        told.extend((repr(error), str(error), repr(vars(error))))
        return None
    try:
        return await Client.connect(order["url"], config=config)
    except Exception:
        Logger().failure("cannot connect", failure=Failure())
        return None


async def main(_: object) -> None:
    """
    Do what is asked.
    """
    listen(variables=False)
    orders = json.load(sys.stdin)
    clients = [await connect(order) for order in orders["connects"]]
    found = search(orders["words"], ("balws.config.", "balws.errors"))
    for client in clients:
        if client is not None:
            await client.close(timeout=0)
    print(json.dumps({**found, "connected": sum(client is not None for client in clients)}))


if __name__ == "__main__":
    react(lambda reactor: ensureDeferred(main(reactor)))
