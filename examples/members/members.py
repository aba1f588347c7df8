"""
A club: members show their names and passwords, over TLS.

Make a certificate as docs/howto/tls.rst shows, and run it in this folder::

    twistd -n balws --config balws.toml
"""

from __future__ import annotations

from balws import Caller, Request, Service, UpgradeService


class Club(Service):
    def onOpen(self, caller: Caller) -> str:
        return f"Welcome, {caller.getPrincipal().username}!"

    def onTextMessage(self, caller: Caller, text: str) -> str:
        return f"{caller.getPrincipal().username}: {text}"


class ClubUpgrade(UpgradeService):
    def get(self, request: Request) -> Club:
        return Club()
