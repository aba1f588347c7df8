"""
Says from where somebody comes.
"""

from __future__ import annotations

from recording import Recorded
from twisted.web.server import Request

from balws import Caller, UpgradeService


class Whence(Recorded):
    """
    Says it first, and then sends texts back.
    """

    def __init__(self, tag: str, address: str) -> None:
        super().__init__(tag)
        self.address = address

    def onOpen(self, caller: Caller) -> str:
        self.began()
        return f"{self.address} {'by TLS' if caller.isSecure() else 'in plain'}"

    def onTextMessage(self, text: str) -> str:
        return text


class WhenceUpgrade(UpgradeService):
    """
    Takes everybody.
    """

    def get(self, request: Request, tag: str = "") -> Whence:
        return Whence(tag, request.clientAddress)  # type: ignore[attr-defined]
