"""
Who is in a room, and who comes and goes.

Who comes in says so with C{presence} when it is added to the group; it disappears with its
connection.  It runs on one node as it is; with ``url`` in ``[hub]`` people on all nodes see
each other::

    twistd -n balws --config balws.toml

    ws://127.0.0.1:9090/rooms/blue?name=Ada
"""

from __future__ import annotations

from typing import Any

from twisted.python.failure import Failure

from balws import (
    Caller,
    Hub,
    HubUnavailableError,
    NoSuchGroup,
    PresenceEvent,
    Service,
    UpgradeError,
    UpgradeService,
    get,
)

ROOMS = ("blue", "green")


class Room(Service):
    def __init__(self, room: str, name: str) -> None:
        self.room = room
        self.name = name

    async def onOpen(self, caller: Caller) -> dict[str, Any]:
        await caller.addConnectionToGroup(self.room, presence=self.name)
        present = await caller.hub.presenceOf(self.room)
        return {"here": [presence.info for presence in present]}

    def onTextMessage(self, text: str) -> None:
        """
        Nobody says anything here.
        """


class RoomUpgrade(UpgradeService):
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        for room in ROOMS:
            hub.watchGroup(room, self.changed)

    @get("{room}")
    def get(self, room: str, name: str) -> Room | UpgradeError:
        return Room(room, name) if room in ROOMS else UpgradeError("There is no such room.", status=404)

    def changed(self, event: PresenceEvent) -> None:
        if event.isHere:  # on one of all nodes: that one tells everybody
            news = {"came" if event.isJoin else "left": event.presence.info}
            self.hub.pushMessageToGroup(event.group, news).addErrback(nobodyLeft)


def nobodyLeft(failure: Failure) -> None:
    failure.trap(NoSuchGroup, HubUnavailableError)


def makeRooms(hub: Hub) -> RoomUpgrade:
    return RoomUpgrade(hub)
