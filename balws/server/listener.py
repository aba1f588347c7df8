# -*- test-case-name: tests.server.test_listener -*-
"""
A port with upgrade services and HTTP resources (seed 4, section 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint, serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.server import Site as TwistedSite

from balws.config.listener import ListenerConfiguration
from balws.config.loopback import isLoopback
from balws.config.records import build, override
from balws.config.service import WSServiceConfig
from balws.errors import ConfigurationError, ListenerError
from balws.hub.hub import Hub, sharedHub
from balws.interfaces import IConnectionObserver, UpgradeService
from balws.server.declare import configOf
from balws.server.doors import Doors
from balws.server.farewell import sayFarewell
from balws.server.mount import Mount
from balws.server.site import Site
from balws.server.tree import Tree
from balws.server.upgrade import UpgradeResource
from balws.tls.server import TlsServer
from balws.tls.vestibule import secured
from balws.wire.roster import Roster
from balws.wire.wheel import TimerWheel

_numbers = count(1)

_log = Logger(namespace="balws.server")

#: So many connections may wait to be accepted; Twisted's own 50 turn a crowd away that comes at once.
BACKLOG = 1024


class Listener:
    """
    Serves upgrade services and HTTP resources side by side::

        listener = Listener(9090, host="127.0.0.1")
        listener.attach(ChatUpgrade(), "/chat")
        listener.attachResource(File("public"), "/")
        yield listener.start()

    @ivar hub: reaches the connections of all services that share it.
    """

    def __init__(
        self,
        listenOn: int | str | IStreamServerEndpoint | TwistedSite,
        config: ListenerConfiguration | Mapping[str, Any] | None = None,
        *,
        reactor: Any = None,
        hub: Hub | None = None,
        observer: IConnectionObserver | None = None,
        **fields: Any,
    ) -> None:
        """
        @param listenOn: a port, where 0 is any free one; a server endpoint or its
            string, such as C{"tcp:9090:interface=127.0.0.1"}; or an existing site of an
            application, which goes on to listen by itself.
        @param config: a record or a mapping, in place of or under the single fields.
        @param reactor: what to listen and to tell time with; L{None} is Twisted's.
        @param hub: L{None} is the one that all listeners of a process share.
        @param observer: is told of connections, such as a L{balws.Tally}.
        @param fields: fields of L{balws.config.ListenerConfiguration}.
        @raise balws.ConfigurationError: for a value out of range, or for any of them
            beside a site, whose own configuration counts (106).
        """
        if reactor is None:
            from twisted.internet import reactor
        self._reactor = reactor
        self.hub = sharedHub() if hub is None else hub
        self._observer = observer
        self._number = next(_numbers)
        self._wheel = TimerWheel(reactor)
        self._mounts: list[Mount] = []
        self._port: IListeningPort | None = None
        self._roster = Roster()
        self._tls: TlsServer | None = None
        if isinstance(listenOn, TwistedSite):
            if config is not None or fields:
                raise ConfigurationError("a listener on an existing site has no configuration of its own")
            self.configuration = ListenerConfiguration()
            self._endpoint = None
            self._tree = Tree(listenOn.resource)
            listenOn.resource = self._tree
            self._name = "an existing site"
        else:
            base = config if isinstance(config, ListenerConfiguration) else build(ListenerConfiguration, config or {})
            self.configuration = override(base, fields) if fields else base
            self._tree = Tree()
            self._endpoint, self._name = self._endpointFor(listenOn)
            self._site: IProtocolFactory = Site(self._tree, self.configuration, reactor, self._roster)
            if self.configuration.secureSocket is not None:
                if isinstance(listenOn, str) and listenOn.startswith("ssl:"):
                    raise ConfigurationError("the endpoint has TLS of its own", "secureSocket")
                self._tls = TlsServer(self.configuration.secureSocket, reactor)
                self._site = secured(self._site, self._tls, reactor)
        self._doors = Doors(reactor, self.configuration.maxAuthFailures)

    def _endpointFor(self, listenOn: Any) -> tuple[IStreamServerEndpoint, str]:
        if isinstance(listenOn, str):
            try:
                return serverFromString(self._reactor, listenOn), listenOn
            except (ValueError, TypeError, KeyError, IndexError) as error:
                raise ConfigurationError(f"no endpoint is described by {listenOn!r} ({error})", "endpoint") from None
        if IStreamServerEndpoint.providedBy(listenOn):
            return listenOn, type(listenOn).__name__
        if not isinstance(listenOn, int) or isinstance(listenOn, bool) or not 0 <= listenOn <= 65535:
            raise ConfigurationError(f"expected a port from 0 to 65535, got {listenOn!r}", "port")
        host = self.configuration.host
        kind = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
        return kind(self._reactor, listenOn, BACKLOG, host), f"{host}:{listenOn}"

    # What is served

    def attach(
        self,
        service: UpgradeService | type[UpgradeService],
        path: str | None = None,
        *,
        config: WSServiceConfig | Mapping[str, Any] | None = None,
    ) -> None:
        """
        Serve an upgrade service, at once where the listener is started.

        @param path: such as C{"/chat"}; L{None} takes the decorator's C{basePath} and
            C{webSocketUpgradePath}, and C{"/"} where there are none.
        @param config: a record replaces what the decorator says; a mapping of fields lies
            over it, as the keys of a file do.
        @raise balws.ServiceDefinitionError: when the service cannot work as written.
        @raise balws.ListenerError: when something is attached at this path.
        @raise balws.ConfigurationError: when the service's C{auth} cannot work.
        """
        record = config if isinstance(config, WSServiceConfig) else override(configOf(service), config or {})
        mount = Mount(
            service,
            _path(record) if path is None else path,
            reactor=self._reactor,
            wheel=self._wheel,
            roster=self._roster,
            hub=self.hub,
            listener=self._number,
            config=record,
            timeout=self.configuration.timeout,
            compression=self.configuration.webSocketCompressionEnabled,
            observer=self._observer,
            doors=self._doors,
        )
        self._tree.attach(mount.path, UpgradeResource(mount))
        self._mounts.append(mount)

    def attachResource(self, resource: IResource, path: str = "/") -> None:
        """
        Serve an HTTP resource beside the services.

        @raise balws.ListenerError: when something is attached at this path.
        """
        self._tree.attach(path, resource)

    def detach(self, service: UpgradeService | type[UpgradeService]) -> None:
        """
        Accept no further upgrades for a service; its connections go on.

        @raise balws.ListenerError: when it is not attached.
        """
        detached = [mount for mount in self._mounts if mount.given is service]
        if not detached:
            raise ListenerError("Cannot detach service. Service has not been registered")
        for mount in detached:
            mount.stopping = True
            self._tree.detach(mount.path)
            self._mounts.remove(mount)
        self._doors.keepOnly(mount.guard for mount in self._mounts)

    # Life

    @property
    def port(self) -> int | None:
        """
        The bound port; L{None} before C{start}, and where there is none.
        """
        if self._port is None:
            return None
        port: int | None = getattr(self._port.getHost(), "port", None)
        return port

    def start(self) -> Deferred[None]:
        """
        Listen.

        @return: fires when connections are accepted; fails with
            L{balws.ListenerError} when the port cannot be had.
        """
        if self._tree.active:
            return fail(ListenerError(f"the listener on '{self._name}' is started already"))
        self._tree.active = True
        for mount in self._mounts:
            mount.stopping = False
        if self._endpoint is None:
            return succeed(None)
        return self._endpoint.listen(self._site).addCallbacks(self._listening, self._notListening)

    def _listening(self, port: IListeningPort) -> Deferred[None]:
        if self._tree.active:
            self._port = port
            self._warnOfPlainCredentials(port)
            return succeed(None)
        stopped = ListenerError(f"the listener on '{self._name}' was stopped before it listened")
        return maybeDeferred(port.stopListening).addCallback(lambda _: fail(stopped))

    def _warnOfPlainCredentials(self, port: IListeningPort) -> None:
        """
        Say what decision 17 wants said, where it can be known.
        """
        host = getattr(port.getHost(), "host", None)
        guarded = [mount.path for mount in self._mounts if mount.guard is not None]
        if guarded and self._tls is None and not self._name.startswith("ssl:") and host and not isLoopback(host):
            _log.warn(
                "Credentials for {paths} on {name} can be read by whoever is on the way:"
                " give it a secureSocket, or let only a TLS proxy reach it.",
                paths=", ".join(guarded),
                name=self._name,
            )

    def _notListening(self, failure: Failure) -> Failure:
        self._tree.active = False
        return Failure(
            ListenerError(f"failed to start the listener on '{self._name}': {failure.getErrorMessage()}")
        )

    def reload(self) -> None:
        """
        Read certificates, keys, and the users of authentication again, for connections
        from now on.  What is broken leaves the old in place, and says so in the log.
        """
        if self._tls is not None:
            self._tls.reload()
        self._doors.reload()

    def gracefulStop(self, timeout: float = 10.0) -> Deferred[None]:
        """
        Accept nothing new, tell every peer that we go away (1001), and wait for their
        answers.

        @param timeout: seconds after which those that have not answered are dropped; 0
            drops at once, negative waits without limit.
        @return: fires when nothing is connected any more.
        """
        return self._stop(timeout)

    def immediateStop(self) -> Deferred[None]:
        """
        Accept nothing new and drop every connection.

        @return: fires when the port is closed.
        """
        return self._stop(0)

    def _stop(self, timeout: float) -> Deferred[None]:
        for mount in self._mounts:
            mount.stopping = True
        port, self._port = self._port, None
        closed = succeed(None) if port is None else maybeDeferred(port.stopListening)
        gone = closed.addCallback(lambda _: sayFarewell(self._roster, self._reactor, timeout))
        return gone.addCallback(self._stopped).addCallback(lambda _: self._doors.close())

    def _stopped(self, _: Any) -> None:
        self._tree.active = False
        self._wheel.stop()


def _path(config: WSServiceConfig) -> str:
    """
    @return: the 2017 pair joined: base path and upgrade path (table A1.2).
    """
    base, upgrade = (config.basePath or "").rstrip("/"), (config.webSocketUpgradePath or "").strip("/")
    return f"{base}/{upgrade}".rstrip("/") or "/"
