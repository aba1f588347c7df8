# -*- test-case-name: tests.admin.test_service -*-
"""
The admin endpoint: a listener of its own, whose connections are not among those that it shows.
"""

from __future__ import annotations

from typing import Annotated, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.server import Request

from balws.admin.api import ApiResource, HereResource, MetricsResource, StateResource
from balws.admin.console import consoleResource
from balws.admin.guard import MISDIRECTED, Denied, Guard, isHere
from balws.admin.live import LiveService, LiveUpgrade
from balws.admin.operations import IOperations
from balws.admin.tokens import Token
from balws.admin.unixsocket import OwnSocket
from balws.config.admin import AdminConfiguration
from balws.config.listener import ListenerConfiguration, RequestLimitConfigs
from balws.config.server import ServerConfiguration
from balws.errors import UpgradeError
from balws.hub.hub import Hub
from balws.interfaces import Header
from balws.server.admission import Admission
from balws.server.health import HealthResource
from balws.server.listener import Listener

__all__ = ["AdminListener", "makeAdmin"]

_log = Logger(namespace="balws.admin")

#: Operators, their consoles and Prometheus are few.  Nobody waits long for them at the end.
_LIMITS = ServerConfiguration(maxConnections=100, drainTimeout=1, drainSpread=0)

#: Bytes of a body: who sends somewhat too much is told so, who sends more is cut off.
_MAX_ENTITY = 1 << 21

#: Seconds for a whole request.
_TIMEOUT = 30


class _Live(LiveUpgrade):
    """
    The console's conversation, for who calls this machine by its own name and shows the token.
    """

    def __init__(self, operations: IOperations, guard: Guard, reactor: IReactorTime) -> None:
        super().__init__(operations, reactor)
        self._guard = guard

    async def get(  # type: ignore[override]  # it is for balws alone to call
        self,
        request: Request,
        origin: Annotated[str | None, Header("Origin")] = None,
        host: Annotated[str, Header("Host")] = "",
    ) -> LiveService:
        """
        @raise UpgradeError: 421 for another name; what L{Guard.admitConsole} says to who does not show the token.
        """
        if not isHere(host):
            raise UpgradeError(MISDIRECTED, 421)
        service = super().get(origin, host)  # a foreign page has nothing to guess
        try:
            await self._guard.admitConsole(request)
        except Denied as no:
            raise UpgradeError(no.words, no.status, no.headers) from None
        return service


class AdminListener(Listener):
    """
    A listener that has its operations watch while it listens.
    """

    # Whoever has no token shall not have the reactor, either.
    parsesForms = False

    def __init__(self, configuration: AdminConfiguration, operations: IOperations, guard: Guard, reactor: Any) -> None:
        """
        @param operations: what is shown and done.
        @param guard: has nothing more to say when it has stopped.
        @raise balws.ConfigurationError: for an endpoint that cannot be.
        """
        super().__init__(
            OwnSocket(reactor, configuration.path) if configuration.isUnix else configuration.endpoint,
            ListenerConfiguration(
                timeout=_TIMEOUT,
                requestLimits=RequestLimitConfigs(maxEntityBodySize=_MAX_ENTITY),
            ),
            reactor=reactor,
            hub=Hub(),
            serverConfig=_LIMITS,
            admission=Admission(reactor, _LIMITS),
        )
        self._name = configuration.endpoint
        self._operations = operations
        self._guard = guard

    def announce(self) -> None:
        """
        See L{Listener.announce}.
        """
        _log.info("The admin endpoint is at {url}/", url=(self.url or "").replace("ws://", "http://"))

    def start(self) -> Deferred[None]:
        """
        See L{Listener.start}.
        """
        return super().start().addCallback(lambda _: self._operations.start())

    def _stopped(self, result: Any) -> None:
        self._guard.end()
        self._operations.stop()
        super()._stopped(result)


def makeAdmin(configuration: AdminConfiguration, operations: IOperations, reactor: Any) -> AdminListener:
    """
    @param configuration: where it listens, and what who asks has to show.
    @param operations: of the process, or of all workers.
    @return: the endpoint, which has yet to be started.
    """
    token = None if configuration.token is None else Token(configuration.token)
    guard = Guard(token, reactor)
    listener = AdminListener(configuration, operations, guard, reactor)
    resources = {
        "/healthz": HealthResource(),
        "/readyz": StateResource(operations),
        "/metrics": MetricsResource(operations, guard),
        "/api": ApiResource(operations, guard),
        "/": consoleResource(),
    }
    for path, resource in resources.items():
        # A socket of the file system, too: it may be forwarded to a port, for a browser.
        listener.attachResource(HereResource(resource), path)
    listener.attach(_Live(operations, guard, reactor), "/live")
    return listener
