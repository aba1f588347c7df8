"""
The sample of authentication in the WebSocket specification: an OAuth2 server is asked about each token.

Name your server in balws.toml and client.py, put its authority into ca.crt, make a certificate as docs/howto/tls.rst
shows, and run it in this folder::

    twistd -n balws --config balws.toml
"""

from __future__ import annotations

from balws import AuthzError, Request, Service, UpgradeService, get


class Taxi(Service):
    def __init__(self, passenger: str) -> None:
        self.passenger = passenger

    def onTextMessage(self, text: str) -> str:
        return f"A taxi for {self.passenger} to {text}."


class TaxiUpgrade(UpgradeService):
    @get("{username}")
    def get(self, request: Request, username: str) -> Taxi:
        if request.principal.username != username:  # type: ignore[attr-defined]
            raise AuthzError("a taxi of somebody else's")
        return Taxi(username)
