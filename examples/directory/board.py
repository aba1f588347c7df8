"""
A board for the administrators that a directory knows.

Name your directory in balws.toml, put the password of the account that searches into password.txt and the directory's
authority into ca.crt, and run it in this folder::

    twistd -n balws --config balws.toml
"""

from __future__ import annotations

from balws import Caller, Request, Service, UpgradeService


class Board(Service):
    def onTextMessage(self, caller: Caller, text: str) -> str:
        who = caller.getPrincipal()
        return f"{who.username} ({', '.join(sorted(who.scopes))}): {text}"


class BoardUpgrade(UpgradeService):
    def get(self, request: Request) -> Board:
        return Board()
