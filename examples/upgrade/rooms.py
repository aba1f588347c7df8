"""
Who may come in: an upgrade that reads its path, its query and its headers.

It answers at ws://127.0.0.1:9090/rooms/{name}, once the request has shown its token;
the query may limit how long a message is.  A page in a browser must come from
http://127.0.0.1:9090, which is checked here by hand to show how; a service that only
needs this much sets C{allowedOrigins} instead::

    twistd -n balws --config balws.toml

    ws://127.0.0.1:9090/rooms/blue?limit=20    X-Token: open sesame
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Annotated

from twisted.internet.defer import Deferred
from twisted.web.server import Request

from balws import Caller, Header, Service, UpgradeError, UpgradeService, get

ROOMS = frozenset({"blue", "green"})
TOKEN = "open sesame"  # a real one comes from the environment
ORIGIN = "http://127.0.0.1:9090"


class Room(Service):
    def __init__(self, name: str, limit: int) -> None:
        self.customHeaders = {"X-Room": name}
        self.limit = limit

    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        return caller.writeTextMessage(text[: self.limit])


class RoomUpgrade(UpgradeService):
    @get("{name}")
    def get(
        self, request: Request, name: str, token: Annotated[str, Header("X-Token")], limit: int = 50
    ) -> Room | UpgradeError:
        origin = request.getHeader("Origin")
        if origin is not None and origin != ORIGIN:
            return UpgradeError("Pages from elsewhere are not let in.", status=403)
        if not compare_digest(token.encode(), TOKEN.encode()):
            return UpgradeError("That is not the word.", status=403)
        if name not in ROOMS:
            raise UpgradeError(f"There is no such room; try {' or '.join(sorted(ROOMS))}.", status=404)
        return Room(name, limit)
