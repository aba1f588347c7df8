"""
A service that says who is there, and ways to tell of an application's own.
"""

from __future__ import annotations

import os
import resource
import socket
import ssl
from typing import Any

from recording import Recorded
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import Request
from zope.interface import implementer

from balws import Caller, UpgradeService


class Known(Recorded):
    """
    Says first who it is, and then what it is told.
    """

    def onOpen(self, caller: Caller) -> dict[str, Any]:
        self.began()
        principal = caller.getPrincipal()
        return {"username": principal.username, "scopes": sorted(principal.scopes)}

    def onTextMessage(self, text: str) -> str:
        return text


class KnownUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Known:
        return Known(tag)


@implementer(ICredentialsChecker)
class OwnChecker:
    """
    Knows C{alice} with the password C{xxx}, as long as there is no fault.
    """

    credentialInterfaces = (IUsernamePassword,)
    fault = "none"

    def requestAvatarId(self, credentials: Any) -> Any:
        return getattr(self, f"_{OwnChecker.fault}")(credentials)

    def _none(self, credentials: Any) -> Deferred[bytes]:
        if credentials.username == b"alice" and credentials.checkPassword(b"xxx"):
            return succeed(b"alice")
        return fail(UnauthorizedLogin("nobody knows that name"))

    def _down(self, credentials: Any) -> Deferred[bytes]:
        return fail(ConnectionRefusedError("it is not there"))

    def _hang(self, credentials: Any) -> Deferred[bytes]:
        return Deferred()

    def _garbage(self, credentials: Any) -> object:
        return None

    def _slow(self, credentials: Any) -> Deferred[bytes]:
        from twisted.internet import reactor

        return deferLater(reactor, 20, self._none, credentials)

    def _tls(self, credentials: Any) -> Deferred[bytes]:
        raise ssl.SSLError("certificate verify failed")

    def _descriptors(self, credentials: Any) -> Deferred[bytes]:
        try:
            socket.socket().close()
        except OSError as error:
            return fail(error)
        return self._none(credentials)


@implementer(ICredentialsChecker)
class RaisingChecker:
    """
    Has a fault.
    """

    credentialInterfaces = (IUsernamePassword,)

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes]:
        raise LookupError("a fault of the application's")


class Faults(Resource):
    """
    C{checker} makes the application's checker faulty; C{files} takes all file descriptors
    away that are not in use, or gives them back.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        for name, values in request.args.items():
            value = values[0].decode()
            if name == b"checker":
                OwnChecker.fault = value
            else:
                _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
                most = 3 if value == "none" else min(hard, 4096)
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return b"%d" % os.getpid()
