"""
Writes whatever a peer says into the log, as careless services do.
"""

from __future__ import annotations

from typing import Annotated

from recording import Recorded
from twisted.logger import Logger
from twisted.web.server import Request

from balws import Caller, Header, UpgradeService, get, serviceConfig

_log = Logger(namespace="noting")


class Noting(Recorded):
    """
    A message that begins with an exclamation mark fails, with its own words.
    """

    def onOpen(self, caller: Caller) -> None:
        self.began()
        _log.info("speaks {protocol}", protocol=caller.getNegotiatedSubProtocol())

    def onTextMessage(self, text: str) -> None:
        _log.info("says {text}", text=text)
        if text.startswith("!"):
            raise ValueError(text)

    def onClose(self, statusCode: int, reason: str) -> None:
        super().onClose(statusCode, reason)
        _log.warn("left: {reason}", reason=reason)


@serviceConfig(maxMessageSize=2**21, maxFrameSize=2**21, subProtocols=["chat%s"])
class NotingUpgrade(UpgradeService):
    @get("{room}")
    def get(self, request: Request, room: str, tag: str = "", name: Annotated[str, Header("X-Name")] = "") -> Noting:
        _log.info("came: {room}")
        _log.info("came: {room} {name} {request}", room=room, name=name, request=request)
        return Noting(tag)
