"""
Clients at listeners that know them by their credentials, and a look at all that is told
meanwhile.
"""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, eventAsText, globalLogPublisher
from twisted.trial.unittest import TestCase

from balws import AsyncClient, Caller, Client, GoingAway, Listener, Service, UpgradeService, serviceConfig
from balws.errors import InvalidHandshakeError
from tests.integration.relay import Relay
from tests.waiting import PATIENCE

#: One who knows every scope of the server's.
JOHN = {"username": "johndoe", "password": "A3ddj3w"}

#: At once, for all that a test can tell.
SOON = {"interval": 0.05, "maxWaitInterval": 0.05}

#: 32 bytes and more, for a shared key.
SHARED = "canary-17f: known to a client and a listener"


def basic(client: str) -> str:
    """
    @return: how one of the server's clients shows itself in C{Authorization}.
    """
    return "Basic " + b64encode(f"{client}:{client}-secret".encode()).decode()


class Naming(Service):
    """
    Says who came with which scopes, and can be told to send him away.
    """

    def onTextMessage(self, caller: Caller, text: str) -> Any:
        if text == "restart":
            return GoingAway()
        principal = caller.getPrincipal()
        return f"{principal.username} {' '.join(sorted(principal.scopes))}".strip()


class Told(Service):
    """
    The callbacks of a client, in a list.
    """

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.ended: Deferred[None] = Deferred()

    def onTextMessage(self, text: str) -> None:
        self.told.append(text)

    def onClose(self, statusCode: int, reason: str) -> None:
        self.told.append((statusCode, reason))
        self.ended.callback(None)


class ClientCase(TestCase):
    """
    Has listeners, relays before them, and clients.  Nothing of what the clients have shown,
    and none of the secrets, is in the log of any level, nor in what a client or an error says
    of itself (AB13).

    @ivar secrets: what must not be told.
    @ivar relay: before the listener of L{listen}.
    """

    relay: Relay

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.secrets = [JOHN["password"], SHARED, "app-secret", "svc-secret", "app-post-secret", "rs-secret"]
        self._told: list[str] = []
        self._relays: list[Relay] = []
        globalLogPublisher.addObserver(self._observe)
        self.addCleanup(self._nothingIsTold)

    def _observe(self, event: LogEvent) -> None:
        self._told.append(f"{eventAsText(event, includeTraceback=True)} {event!r}")

    def _nothingIsTold(self) -> None:
        globalLogPublisher.removeObserver(self._observe)
        told = "\n".join(self._told)
        shown = [each.split(" ", 1)[1] for relay in self._relays for each in relay.shown]
        for secret in (*self.secrets, *shown):
            self.assertNotIn(secret, told)

    async def listen(self, *entries: dict[str, Any], **fields: Any) -> str:
        """
        @return: the URL of a service with these entries, behind a relay.
        """
        where = await self.listener(*entries, **fields)
        self.relay = Relay(self.reactor, where.port)
        self._relays.append(self.relay)
        self.addCleanup(self.relay.ended)
        return f"ws://127.0.0.1:{self.relay.port}/"

    async def listener(self, *entries: dict[str, Any], **fields: Any) -> Any:
        """
        @return: a listener with a service that has these entries.
        """

        @serviceConfig(auth=list(entries))
        class Upgrade(UpgradeService):
            def get(self) -> Service:
                return Naming()

        listener = Listener(0, host="127.0.0.1", maxAuthFailures=0, **fields)
        listener.attach(Upgrade(), "/")
        await listener.start()
        self.addCleanup(listener.immediateStop)
        self.assertIn("starting on", "".join(self._told))  # they are heard
        return listener

    async def known(self, client: Client) -> str:
        """
        @return: whom the service takes the client for.
        """
        await client.writeTextMessage("who?")
        return await client.readTextMessage()

    async def connect(self, url: str, auth: Any, **fields: Any) -> Client:
        """
        @return: a client that ends with the test.
        """
        client = await Client.connect(url, auth=auth, **fields)
        self.addCleanup(self.end, client)
        self._told.append(f"{client!r} {client} {client.configuration!r}")
        return client

    def end(self, client: Client) -> Any:
        """
        Close it, where it is not over.
        """
        if client.isOpen() or client.isReconnecting():
            return client.close(timeout=0)
        return None

    async def assertKnown(self, name: str, url: str, auth: Any, **fields: Any) -> None:
        """
        Check that somebody is let in, by either client, and whom the service takes that for.
        """
        client = await self.connect(url, auth, **fields)
        self.assertEqual(await self.known(client), name)
        await client.close()
        service = Told()
        calling = await AsyncClient.connect(url, service, auth=auth, **fields)
        await calling.writeTextMessage("who?")
        await self.until(lambda: service.told)
        await calling.close()
        await service.ended
        self.assertEqual(service.told, [name, (1000, "")])

    async def refused(self, url: str, auth: Any, status: int = 401, **fields: Any) -> None:
        """
        Check that nobody is let in by this.
        """
        problem = await self.assertFailure(Client.connect(url, auth=auth, **fields), InvalidHandshakeError)
        self.assertEqual(problem.response.status, status)
        self._told.append(f"{problem} {problem!r} {problem.response!r}")

    async def until(self, true: Any) -> None:
        """
        Wait for this.
        """
        ends = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > ends:
                self.fail("it did not come to that")
            await deferLater(self.reactor, 0.02)
