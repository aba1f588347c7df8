# -*- test-case-name: tests.server.test_site -*-
"""
Our own Site: channels with limits, and none of them forgotten.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.web.server import Site as TwistedSite

from balws.config.listener import ListenerConfiguration
from balws.server.channel import Channel
from balws.server.request import Request
from balws.server.tree import Tree
from balws.wire.roster import Roster


class Site(TwistedSite):
    """
    @ivar roster: where channels are registered while they speak HTTP.
    """

    noisy = False

    def __init__(self, tree: Tree, configuration: ListenerConfiguration, reactor: Any, roster: Roster) -> None:
        super().__init__(tree, requestFactory=Request, reactor=reactor)
        self.configuration = configuration
        self.roster = roster

    def buildProtocol(self, addr: IAddress | None) -> Channel:  # type: ignore[override]
        """
        A new connection.  HTTP/1.1 alone: an upgrade is a matter of HTTP/1.1.
        """
        channel = Channel()
        channel.requestFactory = self.requestFactory
        channel.site = channel.factory = self
        channel.configuration = self.configuration
        channel.clock = self.reactor
        self.roster.add(channel)
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """
        For TLS: see L{buildProtocol}.
        """
        return [b"http/1.1"]

    def startFactory(self) -> None:
        """
        Nothing to prepare: requests leave no line in the log, services' and resources'
        own events do.
        """

    def stopFactory(self) -> None:
        """
        Nothing was prepared.
        """

    def log(self, request: Any) -> None:
        """
        See L{startFactory}.
        """
