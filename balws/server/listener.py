# -*- test-case-name: tests.server.test_listener -*-
"""
A port with upgrade services and HTTP resources (seed 4, section 2).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from weakref import WeakSet

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.server import Site as TwistedSite

from balws.config.listener import ListenerConfiguration
from balws.config.records import build, override
from balws.config.server import ServerConfiguration
from balws.config.service import WSServiceConfig
from balws.errors import ConfigurationError, ListenerError
from balws.hub.hub import Hub, sharedHub
from balws.interfaces import IConnectionObserver, UpgradeService
from balws.server.admission import Admission
from balws.server.bound import warnOfCredentials
from balws.server.doors import Doors
from balws.server.endpoint import endpointFor
from balws.server.entrance import Entrance
from balws.server.farewell import sayFarewell
from balws.server.mount import Mount
from balws.server.offer import Offer, Premises
from balws.server.patience import patient
from balws.server.provenance import Provenance
from balws.server.sharing import sharedAdmission
from balws.server.sight import Sight
from balws.server.site import Site
from balws.server.tree import Tree
from balws.wire.prompt import promptPort
from balws.wire.roster import Roster
from balws.wire.wheel import TimerWheel

_log = Logger(namespace="balws.server")


class Listener(Sight):
    """
    Serves upgrade services and HTTP resources side by side::

        listener = Listener(9090, host="127.0.0.1")
        listener.attach(ChatUpgrade(), "/chat")
        listener.attachResource(File("public"), "/")
        yield listener.start()

    @cvar parsesForms: whether its resources get what a form posts in C{request.args}.
    @ivar hub: reaches the connections of all services that share it.
    """

    parsesForms = True

    def __init__(
        self,
        listenOn: int | str | IStreamServerEndpoint | TwistedSite,
        config: ListenerConfiguration | Mapping[str, Any] | None = None,
        *,
        reactor: Any = None,
        hub: Hub | None = None,
        observer: IConnectionObserver | None = None,
        serverConfig: ServerConfiguration | Mapping[str, Any] | None = None,
        admission: Admission | None = None,
        countsTraffic: bool = False,
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
        @param serverConfig: what is the same for all listeners of a process, such as
            C{drainTimeout}: a record or a mapping; L{None} is the defaults.
        @param admission: how many may come in.  L{None}: by the limits of C{serverConfig}; without
            that, all listeners of a process share one with the usual limits.
        @param countsTraffic: count the messages of each connection, for an admin endpoint.
        @param fields: fields of L{balws.config.ListenerConfiguration}.
        @raise balws.ConfigurationError: for a value out of range, or for any of them
            beside a site, whose own configuration counts (106).
        """
        if reactor is None:
            from twisted.internet import reactor
        self._reactor = reactor
        self.hub = sharedHub() if hub is None else hub
        self._roster = Roster()
        self._wheel = TimerWheel(reactor)
        server = (
            serverConfig
            if isinstance(serverConfig, ServerConfiguration)
            else build(ServerConfiguration, serverConfig or {})
        )
        self._isAdmissionOwn = admission is None and serverConfig is not None
        if admission is None:
            admission = sharedAdmission(reactor) if serverConfig is None else Admission(reactor, server)
        self._premises = Premises(
            reactor=reactor,
            hub=self.hub,
            number=self.hub.number(),
            observer=observer,
            wheel=self._wheel,
            roster=self._roster,
            admission=admission,
            traffic={} if countsTraffic else None,
        )
        self._port: IListeningPort | None = None
        self._stopping = False
        self._former: WeakSet[Mount] = WeakSet()
        self._entrance: Entrance | None = None
        if isinstance(listenOn, TwistedSite):
            if config is not None or fields:
                raise ConfigurationError("a listener on an existing site has no configuration of its own")
            configuration = ListenerConfiguration()
            self._endpoint = None
            self._tree = Tree(listenOn.resource)
            listenOn.resource = self._tree
            self._name = "an existing site"
        else:
            base = config if isinstance(config, ListenerConfiguration) else build(ListenerConfiguration, config or {})
            configuration = override(base, fields) if fields else base
            self._tree = Tree()
            self._endpoint, self._name = endpointFor(listenOn, reactor, configuration.host)
            site = Site(
                self._tree,
                configuration,
                reactor,
                self._roster,
                admission,
                Provenance(server.trustedProxies),
                self.parsesForms,
            )
            hasTls = self._name.startswith("ssl:")
            self._entrance = Entrance(site, configuration, server.trustedProxies, reactor, hasTls)
        doors = Doors(reactor, configuration.maxAuthFailures)
        way = None if self._entrance is None else self._entrance.way
        self._offer = Offer(self._premises, configuration, server, doors, way)
        self._tree.paths = self._offer.paths

    @property
    def configuration(self) -> ListenerConfiguration:
        """
        How it listens now.
        """
        return self._offer.configuration

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
        mount = self._offer.attach(service, path, config=config)
        self.hub.serve(mount.terms.audience)

    def attachResource(self, resource: IResource, path: str = "/") -> None:
        """
        Serve an HTTP resource beside the services.

        @raise balws.ListenerError: when something is attached at this path.
        """
        self._offer.attachResource(resource, path)

    def detach(self, service: UpgradeService | type[UpgradeService]) -> None:
        """
        Accept no further upgrades for a service; its connections go on.

        @raise balws.ListenerError: when it is not attached.
        """
        for mount in self._offer.detach(service):
            self.hub.unserve(mount.terms.audience)

    # Another configuration

    def prepare(
        self,
        config: ListenerConfiguration,
        serverConfig: ServerConfiguration | None = None,
    ) -> Offer:
        """
        Begin another configuration: attach services and resources to what is returned, as to this
        listener, then L{take} it or L{drop} it.  Until then nothing is changed.

        Certificates, keys and users are read for it, those of an unchanged configuration,
        too.  C{host} has no effect.

        @param config: how to listen.
        @param serverConfig: what is the same for all listeners; L{None} is as it was.
        @raise balws.ConfigurationError: for what cannot work.
        """
        old, server = self._offer, self._offer.serverConfig if serverConfig is None else serverConfig
        way = None
        if self._entrance is not None:
            way = self._entrance.find(config, server.trustedProxies, old.way)
        return Offer(self._premises, config, server, old.doors.renewed(config.maxAuthFailures), way)

    def take(self, offer: Offer) -> None:
        """
        Offer this from now on, in one step that cannot fail.  Connections that are open go on under
        the terms under which they came, also those of services that are not offered any
        more.

        @param offer: what L{prepare} gave.
        """
        known = self._plain()
        old, self._offer = self._offer, offer
        self._tree.paths = offer.paths
        if self._entrance is not None and offer.way is not None:
            site = self._entrance.site
            site.configuration, site.provenance = offer.configuration, offer.provenance
            self._entrance.take(offer.way)
        if self._isAdmissionOwn:
            self._premises.admission.configure(offer.serverConfig)
        for mount in old.mounts:
            if offer.has(mount):
                self._former.add(mount)
            else:
                mount.stopping = True
        offer.follow(old, self._stopping)
        if self._port is not None:
            self._warnOfPlainCredentials(self._port, known)

    def drop(self, offer: Offer) -> None:
        """
        Let go of what was prepared.

        @param offer: what L{prepare} gave.
        """
        offer.mounts.clear()
        self._offer.release()

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
        self._stopping = False
        for mount in self._offer.mounts:
            mount.stopping = False
        if self._endpoint is None or self._entrance is None:
            return succeed(None)
        return self._endpoint.listen(self._entrance).addCallbacks(self._listening, self._notListening)

    def _listening(self, port: IListeningPort) -> Deferred[None]:
        if self._tree.active:
            self._port = port
            patient(port, self._reactor)
            promptPort(port)
            self._warnOfPlainCredentials(port)
            return succeed(None)
        stopped = ListenerError(f"the listener on '{self._name}' was stopped before it listened")
        return maybeDeferred(port.stopListening).addCallback(lambda _: fail(stopped))

    def _warnOfPlainCredentials(self, port: IListeningPort, known: Collection[str] = ()) -> None:
        """
        Say what decision 17 wants said, where it can be known.

        @param known: the services of which it is said already.
        """
        warnOfCredentials(port, self._name, [path for path in self._plain() if path not in known])

    def _plain(self) -> list[str]:
        """
        @return: the services that are shown credentials without TLS.
        """
        if self._isSecure:
            return []
        return [mount.path for mount in self._offer.mounts if mount.guard is not None]

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
        way = self._offer.way
        if way is not None and way.tls is not None:
            way.tls.reload()
        self._offer.doors.reload()

    def gracefulStop(self, timeout: float | None = None, spread: float | None = None) -> Deferred[None]:
        """
        Accept nothing new, tell every peer that we go away (1001), and wait for their
        answers.

        @param timeout: seconds after which those that have not answered are dropped; 0
            drops at once, negative waits without limit; L{None} is C{drainTimeout}.
        @param spread: peers are told within so many seconds; L{None} is C{drainSpread}.
        @return: fires when nothing is connected any more.
        """
        server = self._offer.serverConfig
        return self._stop(
            server.drainTimeout if timeout is None else timeout, server.drainSpread if spread is None else spread
        )

    def immediateStop(self) -> Deferred[None]:
        """
        Accept nothing new and drop every connection.

        @return: fires when the port is closed.
        """
        return self._stop(0, 0)

    def _stop(self, timeout: float, spread: float | None) -> Deferred[None]:
        self._stopping = True
        for mount in (*self._offer.mounts, *self._former):
            mount.stopping = True
        port, self._port = self._port, None
        closed = succeed(None) if port is None else maybeDeferred(port.stopListening)
        gone = closed.addCallback(lambda _: sayFarewell(self._roster, self._reactor, timeout, spread))
        return gone.addCallback(self._stopped).addCallback(lambda _: self._offer.doors.close())

    def _stopped(self, _: Any) -> None:
        self._tree.active = False
        self._wheel.stop()
