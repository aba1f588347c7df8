"""
Services that only some may connect to, for the tests of the guard and of what is behind it.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.auth.checking import CANARY
from tests.server.peers import Peer, upgrade
from tests.server.samples import EchoUpgrade, Port


def basic(name: str = "ada", password: str = CANARY) -> str:
    """
    @return: the C{Authorization} field of a name and password.
    """
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


BEARER = f"Bearer {CANARY}"


class GuardedTestCase(SynchronousTestCase):
    """
    A port, and what is logged for the audit.

    @ivar port: the port, once something is served.
    @ivar events: all that is logged.
    """

    port: Port

    def setUp(self) -> None:
        self.events: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def serve(self, *entries: Any, service: Any = None, listener: Any = None, **fields: Any) -> None:
        """
        @param entries: tables of C{auth}, or checkers.
        @param listener: fields of the listener.
        @param fields: further fields of the service.
        """
        auth = [each if isinstance(each, dict) else {"checker": each} for each in entries]
        self.port = Port(**(listener or {}))
        service = EchoUpgrade() if service is None else service
        self.port.listener.attach(service, "/echo", config={"auth": auth, **fields})

    def begin(self, authorization: str | None = None, path: str = "/echo", **more: str | None) -> Peer:
        """
        @return: a peer that has asked.
        """
        return self.port.connect().send(upgrade(path, Authorization=authorization, **more))

    def ask(self, authorization: str | None = None, path: str = "/echo", **more: str | None) -> bytes:
        """
        @return: the answer; it is all that the peer gets, unless it is 101.
        """
        peer = self.begin(authorization, path, **more)
        if not peer.answer.startswith(b"HTTP/1.1 101 "):
            self.assertTrue(peer.isClosed)
        self.assertNotIn(CANARY.encode(), peer.answer)
        return peer.answer

    @property
    def audit(self) -> list[str]:
        """
        The lines of the audit.
        """
        return [formatEvent(each) for each in self.events if each["log_namespace"] == "balws.audit"]

    def tearDown(self) -> None:
        for event in self.events:
            self.assertNotIn(CANARY, f"{formatEvent(event)} {event}")
