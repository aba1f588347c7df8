"""
A peer that may do whatever a service can do with the hub: it sends commands and hears what is pushed.
"""

from __future__ import annotations

import json
import os
from typing import Any

from recording import Recorded
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws import Caller, Hub, Presence, PresenceEvent, UpgradeService, errors

#: What is asked of the caller; everything else is the hub's.
_CALLERS = ("storeConnection", "addConnectionToGroup", "removeConnectionFromGroup", "broadcastText", "broadcastBinary")


def _name(failure: Failure) -> str:
    """
    @return: the name of an error, as users know it.
    """
    return next(kind.__name__ for kind in failure.type.__mro__ if hasattr(errors, kind.__name__))


def _told(found: tuple[Presence, ...]) -> list[Any]:
    return [[each.connectionId, each.info] for each in found]


class Commanded(Recorded):
    """
    A command is C{[number, verb, arguments, keywords]} in JSON and does not wait for the one before it; its
    answer is C{[number, result]}, or C{[number, null, name of the error]}.
    """

    def onTextMessage(self, caller: Caller, text: str) -> None:
        number, verb, arguments, keywords = json.loads(text)
        done = maybeDeferred(self._ask, caller, verb, arguments, keywords)
        done.addCallbacks(lambda result: [number, result], lambda failure: [number, None, _name(failure)])
        done.addCallback(lambda answer: caller.writeTextMessage(json.dumps(answer)))
        done.addErrback(self._gone)

    def _gone(self, failure: Failure) -> None:
        """
        Who asked is not there any more.
        """
        failure.trap(ConnectionError)

    def _ask(self, caller: Caller, verb: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        if verb in _CALLERS:
            return getattr(caller, verb)(*arguments, **keywords)
        hub = caller.hub
        if verb == "pid":
            return os.getpid()
        if verb == "id":
            return caller.getConnectionId()
        if verb == "figures":
            return {"lost": hub.lost, "gaps": hub.node.gaps, "undelivered": hub.undelivered, "problem": hub.problem}
        if verb == "presenceOf":
            return hub.presenceOf(*arguments).addCallback(_told)
        if verb == "watchGroup":
            return hub.watchGroup(*arguments, lambda event: self._tell(caller, event)).addCallback(lambda end: None)
        return getattr(hub, verb)(*arguments, **keywords)

    def _tell(self, caller: Caller, event: PresenceEvent) -> None:
        words = "join" if event.isJoin else "leave"
        caller.writeTextMessage(f"{words} {event.presence.connectionId}").addErrback(self._gone)


class CommandedUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Commanded:
        return Commanded(tag)


class Push(Resource):
    """
    Pushes the body of a request to the group C{group}.
    """

    isLeaf = True

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub

    def render_POST(self, request: Request) -> int:
        group = request.args[b"group"][0].decode()
        pushed: Deferred[Any] = self._hub.pushTextToGroup(group, request.content.read().decode())
        pushed.addCallbacks(lambda _: b"pushed\n", lambda failure: _name(failure).encode() + b"\n")
        pushed.addCallback(request.write).addCallback(lambda _: request.finish())
        return NOT_DONE_YET
