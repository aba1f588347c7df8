"""
A chat on two nodes: whoever is in a room hears what is said there on either node, and who comes
back is told what was said in between.

The rooms are durable groups: what is said is stored in Redis, which has to run.  Each message
comes with its position; a peer that connects again with the last one that it has, at whichever
node, gets what came after it::

    redis-server --appendonly yes --appendfsync always

    twistd -n --pidfile one.pid balws --config balws.toml
    twistd -n --pidfile two.pid balws --config second.toml

    python client.py blue
"""

from __future__ import annotations

from balws import Caller, CustomCloseFrame, HistoryLostError, HubUnavailableError, Service, UpgradeService, get

TRY_AGAIN = CustomCloseFrame(4013, "Try again in a moment.")


class Room(Service):
    def __init__(self, name: str, since: str) -> None:
        self.group = f"room {name}"
        self.since = since

    async def onOpen(self, caller: Caller) -> object:
        isWhole = True
        try:
            try:
                position = await caller.addConnectionToGroup(self.group, since=self.since)
            except HistoryLostError:
                # It was away for too long: it goes on from now, and is told of the gap.
                isWhole = False
                position = await caller.addConnectionToGroup(self.group, since="")
        except HubUnavailableError:
            return TRY_AGAIN
        return {"position": position, "isWhole": isWhole}

    async def onTextMessage(self, caller: Caller, text: str) -> object:
        try:
            await caller.hub.pushTextToGroup(self.group, text)
        except HubUnavailableError:
            return {"unsaid": text}
        return None


class RoomUpgrade(UpgradeService):
    @get("{name}")
    def get(self, name: str, since: str = "") -> Room:
        return Room(name, since)
