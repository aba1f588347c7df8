# -*- test-case-name: tests.testing.test_pair -*-
"""
The shortest way to a service and a client that talk to each other.
"""

from __future__ import annotations

from typing import Any

from twisted.python.failure import Failure

from balws.client.client import Client
from balws.config.service import WSServiceConfig
from balws.interfaces import Service, UpgradeService
from balws.session.caller import Caller
from balws.testing.listener import MemoryListener


def serving(service: Service) -> UpgradeService:
    """
    @param service: talks to everybody that connects.
    @return: an upgrade service that lets everybody in; for C{attach}, which finds out at
        once when the service cannot work as written.
    """

    class Serving(UpgradeService):
        def get(self) -> Service:
            return service

    Serving.get.__annotations__["return"] = type(service)
    return Serving()


def connectedPair(
    service: Service, *, serviceConfig: WSServiceConfig | None = None, **fields: Any
) -> tuple[Client, Caller]:
    """
    Connect a client to a service, over a network in memory with the real protocol::

        client, caller = connectedPair(Echo())
        client.writeTextMessage("hi")
        self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")

    No time passes; where it should, use a L{MemoryListener<balws.testing.MemoryListener>}.

    @param serviceConfig: as a decorator of the upgrade service would give it.
    @param fields: fields of L{balws.config.ClientConfiguration}, or C{config=}.
    @return: the client, and the caller that the service sees.
    @raise balws.ServiceDefinitionError: when the service cannot work as written.
    @raise Exception: with whatever error there was no connection.
    """
    listener = MemoryListener()
    listener.attach(serving(service), "/", config=serviceConfig)
    outcome: list[Client | Failure] = []
    listener.connect("/", **fields).addBoth(outcome.append)
    if not outcome:
        raise AssertionError("the client still waits for its connection, and no time passes in a pair")
    client = outcome[0]
    if isinstance(client, Failure):
        client.raiseException()
    callers = listener.callers
    if not callers:
        raise AssertionError("the connection has ended already; a MemoryListener shows how")
    return client, callers[0]
