"""
Orders for whoever has a token of the issuer.

Make the issuer's keys as docs/howto/jwt.rst shows, and run it in this folder::

    twistd -n balws --config balws.toml
"""

from __future__ import annotations

from balws import Caller, Request, Service, UpgradeService


class Orders(Service):
    def onTextMessage(self, caller: Caller, text: str) -> str:
        who = caller.getPrincipal()
        return f"{text} for {who.username} of {who.claims['shop']}"

    def onClose(self, statusCode: int, reason: str) -> None:
        """
        1008 and "token expired" when its time is over.
        """


class OrdersUpgrade(UpgradeService):
    def get(self, request: Request) -> Orders:
        return Orders()
