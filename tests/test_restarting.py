"""
Tests of L{balws.restarting}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config import (
    Configuration,
    HubConfiguration,
    ListenerConfiguration,
    ListenerEntry,
    ServerConfiguration,
    ServiceEntry,
    build,
)
from balws.restarting import succession


def entry(port: int | None = 1, timeout: float = 1, **more: Any) -> ListenerEntry:
    """
    @param timeout: tells one from another.
    """
    host = more.pop("host", "127.0.0.1")
    return ListenerEntry(port=port, configuration=ListenerConfiguration(timeout=timeout, host=host), **more)


def whole(*listeners: ListenerEntry, **more: Any) -> Configuration:
    """
    @param more: C{server} and C{hub}, as mappings.
    """
    return Configuration(
        listeners=listeners,
        pythonPath=(),
        folder=Path(),
        server=build(ServerConfiguration, more.get("server", {})),
        hub=build(HubConfiguration, more.get("hub", {})),
    )


class SuccessionTests(SynchronousTestCase):
    """
    L{succession}.
    """

    def follows(self, old: Configuration, new: Configuration, *restart: str) -> Configuration:
        """
        Check what needs a restart.

        @return: the rest.
        """
        found = succession(old, new)
        self.assertEqual(found.restart, restart)
        # Once more: what could not be had is still wanted, and the rest is had.
        self.assertEqual(succession(found.configuration, new), found)
        return found.configuration

    def test_all(self) -> None:
        """
        What is no matter of the start can be had whole.
        """
        old = whole(entry())
        new = whole(
            entry(timeout=2, services=(ServiceEntry(service="m:S"),)),
            server={"maxConnections": 5, "drainTimeout": 1, "trustedProxies": ["unix"]},
        )
        self.assertEqual(self.follows(old, new), new)

    def test_process(self) -> None:
        """
        How many processes there are, how they log, and their hub are matters of the start.
        """
        old = whole(entry())
        new = whole(
            entry(),
            server={"workers": 2, "logFormat": "json", "maxConnections": 5},
            hub={"url": "redis://localhost", "durable": True},
        )
        found = self.follows(old, new, "server.workers", "server.logFormat", "hub.url", "hub.durable")
        self.assertEqual(found.hub, old.hub)
        self.assertEqual((found.server.workers, found.server.logFormat, found.server.maxConnections), (1, "text", 5))

    def test_where(self) -> None:
        """
        A listener keeps its port and its host, and gets the rest.
        """
        new = whole(entry(2, 7, host="::1"), entry(None, 8, endpoint="tcp:5"))
        found = self.follows(
            whole(entry(), entry(None, endpoint="tcp:4")),
            new,
            "listeners[0].port",
            "listeners[0].host",
            "listeners[1].endpoint",
        )
        self.assertEqual(found.listeners, (entry(1, 7), entry(None, 8, endpoint="tcp:4")))

    def test_kind(self) -> None:
        """
        A port is not made an endpoint.
        """
        found = self.follows(
            whole(entry()), whole(entry(None, 5, endpoint="tcp:1")), "listeners[0].port", "listeners[0].endpoint"
        )
        self.assertEqual(found.listeners, (entry(1, 5),))

    def test_order(self) -> None:
        """
        Listeners are known by their ports, in whatever order they come; one whose port is new follows the one
        that is left.
        """
        old = whole(entry(1), entry(2), entry(3))
        found = self.follows(old, whole(entry(3, 30), entry(4, 40), entry(1, 10)), "listeners[1].port")
        self.assertEqual(found.listeners, (entry(1, 10), entry(2, 40), entry(3, 30)))

    def test_samePort(self) -> None:
        """
        Of several with the same port, such as 0, each follows the one in its place.
        """
        found = self.follows(whole(entry(0), entry(0)), whole(entry(0, 10), entry(0, 20)))
        self.assertEqual(found.listeners, (entry(0, 10), entry(0, 20)))

    def test_fewer(self) -> None:
        """
        One that is gone from the file goes on as it was, and nobody takes its place.
        """
        found = self.follows(whole(entry(1), entry(2)), whole(entry(2, 20)), "listeners")
        self.assertEqual(found.listeners, (entry(1), entry(2, 20)))

    def test_more(self) -> None:
        """
        One that is new waits for a restart.
        """
        found = self.follows(whole(entry(2)), whole(entry(1, 10), entry(2, 20)), "listeners")
        self.assertEqual(found.listeners, (entry(2, 20),))

    def test_otherNumber(self) -> None:
        """
        Where the number differs it is not guessed who follows whom.
        """
        found = self.follows(whole(entry(1)), whole(entry(2, 20), entry(3, 30)), "listeners")
        self.assertEqual(found.listeners, (entry(1),))
