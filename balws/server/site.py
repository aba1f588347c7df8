# -*- test-case-name: tests.server.test_site -*-
"""
Our own Site: channels with limits, and none of them forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.server import Site as TwistedSite

from balws.config.listener import ListenerConfiguration
from balws.server.admission import Admission
from balws.server.channel import Channel
from balws.server.provenance import Provenance, hostOf
from balws.server.request import Request
from balws.server.tree import Tree
from balws.wire.roster import Roster


def _nothing() -> None:
    """
    Where nobody counts.
    """


class _Served(Resource):
    """
    Stands where Twisted Web reads a request that is served already.
    """

    isLeaf = True

    def render(self, request: Any) -> int:
        """
        Whoever serves it answers.
        """
        return NOT_DONE_YET


_SERVED = _Served()


class Site(TwistedSite):
    """
    @ivar tree: what is where.
    @ivar roster: where channels are registered while they speak HTTP.
    @ivar admission: says how many there may be of them; L{None} sets no limit.
    @ivar provenance: where requests come from.
    """

    noisy = False

    def __init__(
        self,
        tree: Tree,
        configuration: ListenerConfiguration,
        reactor: Any,
        roster: Roster,
        admission: Admission | None = None,
        provenance: Provenance | None = None,
        parsesForms: bool = True,
    ) -> None:
        """
        @param provenance: L{None} believes the transports alone.
        @param parsesForms: whether C{request.args} has what a form posts: that is found out before any
            resource is asked, and may take a second for two megabytes.
        """
        super().__init__(tree, requestFactory=Request, reactor=reactor, parsePOSTFormSubmission=parsesForms)
        self.tree = tree
        self.configuration = configuration
        self.roster = roster
        self.admission = admission
        self.provenance = Provenance() if provenance is None else provenance

    def buildProtocol(self, addr: IAddress | None) -> Channel | None:  # type: ignore[override]
        """
        A new connection.  HTTP/1.1 alone: an upgrade is a matter of HTTP/1.1.

        @return: L{None} where there are too many: it is closed.
        """
        departed = self.admit(addr)
        if departed is None:
            return None
        channel = Channel()
        channel.departed = departed
        channel.requestFactory = self.requestFactory
        channel.site = channel.factory = self
        channel.configuration = self.configuration
        channel.clock = self.reactor
        self.roster.add(channel)
        return channel

    def admit(self, addr: IAddress | None) -> Callable[[], object] | None:
        """
        @param addr: of a new connection.
        @return: what to call when it is gone or was upgraded; L{None} where there are too many.
        """
        admission = self.admission
        if admission is None:
            return _nothing
        address = hostOf(addr)
        isIn = admission.arrived(address, self.provenance.trusts(address))
        return partial(admission.departed, address) if isIn else None

    def left(self, channel: Channel) -> None:
        """
        A connection has ended, or does not speak HTTP any more; to say so twice has no effect.
        """
        if channel in self.roster.members:
            self.roster.discard(channel)
            channel.departed()

    def getResourceFor(self, request: Any) -> Any:
        """
        @return: what answers a request.
        """
        return _SERVED if request.channel.isServed else super().getResourceFor(request)

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
