# -*- test-case-name: tests.test_application -*-
"""
From a L{Configuration} to running Twisted services.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.assembling import Stock, furnish
from balws.config import AdminConfiguration, Configuration, ListenerEntry, ServerConfiguration, loadFile
from balws.config.place import Place
from balws.errors import ConfigurationError
from balws.hub.hub import Hub, makeHub, shareHub
from balws.interfaces import IConnectionObserver
from balws.obtaining import OBSERVER, makeImportable, obtain, words
from balws.restarting import succession
from balws.server.admission import Admission
from balws.server.listener import Listener
from balws.server.observers import Observers
from balws.server.offer import Offer
from balws.server.tally import Tally
from balws.starting import CannotStart, failStart
from balws.watchdog import Watchdog
from balws.workers.worker import Worker

if TYPE_CHECKING:
    from balws.admin.operations import IOperations

__all__ = ["Application", "ListenerService", "adminService", "makeApplicationService"]

_log = Logger(namespace="balws")


def makeApplicationService(
    configuration: Configuration,
    reactor: Any = None,
    listenerFactory: Callable[..., Listener] = Listener,
    worker: Worker | None = None,
) -> Application:
    """
    Import what a configuration names and attach it to listeners.  No port is opened
    before the service starts.

    @param reactor: what the listeners listen with; L{None} is the global one.
    @param listenerFactory: what makes a listener.
    @param worker: this process, where it is one of several.
    @return: a service whose C{privilegedStartService} opens the ports, and whose
        C{stopService} stops gracefully.
    @raise ConfigurationError: with the place in the file, for what cannot be
        imported, made or attached.
    """
    if reactor is None:
        from twisted.internet import reactor
    if worker is not None:
        configuration = worker.served(configuration)
    makeImportable(configuration.pythonPath)
    try:
        hub = makeHub(configuration.hub, reactor)
    except ConfigurationError as error:
        raise configuration.place.child("hub").locate(error) from error
    shareHub(hub)  # for what modules that are imported now make beside the file
    application = Application(configuration, hub, reactor, worker)
    for index, entry in enumerate(configuration.listeners):
        application.serve(index, entry, listenerFactory)
    if configuration.admin is not None:
        application.administer(configuration.admin)
    return application


class ListenerService(Service):
    """
    Ties a listener to the life of an application.
    """

    def __init__(self, listener: Listener, reactor: Any = None) -> None:
        """
        @param reactor: what stops when the port cannot be opened; L{None} is the global one.
        """
        self.listener = listener
        self._started: Deferred[None] = Deferred()
        self._reactor = reactor

    def privilegedStartService(self) -> None:
        """
        Open the port.

        @raise CannotStart: when it cannot be opened: twistd ends with one line, status 1
            and no traceback (DESIGN 6.12).
        """
        Service.privilegedStartService(self)
        started = maybeDeferred(self.listener.start)
        result = getattr(started, "result", None)
        if isinstance(result, Failure):
            started.addErrback(lambda failure: None)
            raise CannotStart(_startProblem(result))
        # Every endpoint of Twisted is here by now; another's may fail later.
        started.addCallbacks(self._listens, self._failedLate)

    def _listens(self, _: None) -> None:
        self.listener.announce()
        self._started.callback(None)

    def _failedLate(self, failure: Failure) -> None:
        reactor = self._reactor
        if reactor is None:
            from twisted.internet import reactor
        failStart(reactor, _startProblem(failure))

    def whenReady(self) -> Deferred[None]:
        """
        @return: fires when it listens.
        """
        return self._started

    def reload(self) -> None:
        """
        Read certificates, keys and users again.
        """
        self.listener.reload()

    def stopService(self) -> Deferred[Any]:
        """
        @return: fires when every connection is closed.
        """
        Service.stopService(self)
        return self.listener.gracefulStop()

    def stopNow(self) -> None:
        """
        Drop every connection, also those that are told to go.
        """
        self.listener.immediateStop()


def adminService(
    configuration: AdminConfiguration, operations: IOperations, reactor: Any, place: Place
) -> ListenerService:
    """
    @param operations: of the processes that are shown.
    @param place: of the whole file.
    @return: the admin endpoint.
    @raise ConfigurationError: with the place in the file.
    """
    # A tenth of the time that it takes to start is theirs, and few want them.
    from balws.admin.service import makeAdmin

    try:
        return ListenerService(makeAdmin(configuration, operations, reactor), reactor)
    except ConfigurationError as error:
        raise place.child("admin").locate(error) from error


def _startProblem(failure: Failure) -> str:
    return f"balws: {words(cast(BaseException, failure.value))}"


@attrs.define
class _Served:
    """
    @ivar stock: the objects that it offers.
    """

    listener: Listener
    stock: Stock


class Application(MultiService):
    """
    The listeners of a configuration and what they share.

    @ivar configuration: the one that counts now.
    @ivar hub: runs from before the listeners start until they have stopped.
    """

    def __init__(self, configuration: Configuration, hub: Hub, reactor: Any, worker: Worker | None = None) -> None:
        super().__init__()
        stallWarn = configuration.server.stallWarn
        self._watchdog = Watchdog(reactor, stallWarn) if stallWarn else None
        if self._watchdog is not None:
            self.addService(self._watchdog)
        self.configuration = configuration
        self.hub = hub
        self._reactor = reactor
        self._worker = worker
        self._admission = Admission(reactor, self._share(configuration.server))
        self._served: list[_Served] = []
        self._ports: list[ListenerService] = []
        self._tally = Tally()
        self._watching = self._watchingOf(configuration)
        self._admin: ListenerService | None = None

    def _share(self, server: ServerConfiguration) -> ServerConfiguration:
        """
        @return: with this process's part of what all workers together may have.
        """
        if self._worker is None:
            return server
        return attrs.evolve(server, maxConnections=self._worker.share(server.maxConnections))

    def _watchingOf(self, configuration: Configuration) -> dict[str, Any]:
        """
        @return: what a listener is told of who watches it.
        """
        isAdministered = configuration.admin is not None
        observers: list[IConnectionObserver] = [self._tally] if isAdministered else []
        if configuration.observer is not None:
            place = configuration.place.child("python")
            observers.append(obtain(configuration.observer, OBSERVER, self.hub, place))
        found: dict[str, Any] = {"countsTraffic": True} if isAdministered else {}
        if observers:
            found["observer"] = observers[0] if len(observers) == 1 else Observers(observers)
        return found

    def serve(self, index: int, entry: ListenerEntry, listenerFactory: Callable[..., Listener]) -> None:
        """
        Make a listener and what it offers.

        @raise ConfigurationError: with the place in the file.
        """
        key = "port" if entry.endpoint is None else "endpoint"
        where: Any = entry.port if entry.endpoint is None else entry.endpoint
        try:
            if self._worker is not None:
                where = self._worker.endpoint(index, self._reactor, entry.place)
            listener = listenerFactory(
                where,
                reactor=self._reactor,
                config=entry.configuration,
                hub=self.hub,
                serverConfig=self.configuration.server,
                admission=self._admission,
                **self._watching,
            )
        except ConfigurationError as error:
            raise entry.place.locate(error) from error
        except Exception as error:
            # Each kind of endpoint has errors of its own for a string that it cannot use.
            raise entry.place.error(words(error), key) from error
        stock = Stock(self.hub, entry)
        furnish(listener, entry, stock, self.configuration.userStore)
        self._served.append(_Served(listener, stock))
        port = ListenerService(listener, self._reactor)
        self._ports.append(port)
        self.addService(port)

    def administer(self, configuration: AdminConfiguration) -> None:
        """
        Let an operator see and steer what L{serve} has made.

        @raise ConfigurationError: with the place in the file.
        """
        from balws.admin.process import Process

        listeners = [each.listener for each in self._served]
        number = None if self._worker is None else self._worker.number
        operations = Process(listeners, self.hub, self._tally, self._watchdog, self._reactor, number)
        self._admin = adminService(configuration, operations, self._reactor, self.configuration.place)

    # Life

    def whenReady(self) -> Deferred[Any]:
        """
        @return: fires when every listener listens, and it is known whether other nodes can be
            reached.
        """
        return gatherResults([*(port.whenReady() for port in self._allPorts()), self.hub.whenTried()])

    def _allPorts(self) -> Iterator[ListenerService]:
        yield from self._ports
        if self._admin is not None:
            yield self._admin

    def privilegedStartService(self) -> None:
        """
        Open the ports.
        """
        super().privilegedStartService()
        if self._admin is not None:
            self._admin.privilegedStartService()

    def startService(self) -> None:
        """
        Start the hub; what it cannot reach yet keeps nobody from being served.
        """
        self.hub.start()
        super().startService()
        if self._admin is not None:
            self._admin.startService()

    def stopService(self) -> Deferred[Any]:
        """
        Stop the listeners, each in its time, then the admin endpoint, which shows how they do, and then
        the hub.

        @return: fires when everybody is gone.
        """
        stopped: Deferred[Any] = super().stopService()
        return stopped.addBoth(self._stopped)

    @inlineCallbacks
    def _stopped(self, result: Any) -> Generator[Deferred[Any], Any, Any]:
        if self._admin is not None:
            yield self._admin.stopService()
        yield self.hub.stop()
        return result

    def stopNow(self) -> None:
        """
        Drop everybody, while L{stopService} is under way, too.
        """
        for port in self._allPorts():
            port.stopNow()

    # Another configuration

    def reload(self) -> None:
        """
        Read the file again, with the certificates, keys and users that it names.  All of it is
        checked and made before anything is changed; then it counts for whoever comes from now on,
        and the limits of C{[server]} for all.  What is wrong anywhere leaves everything as it
        was, with one ERROR.  Modules are not imported again.

        A configuration that is of no file is as it is; its certificates, keys and users are
        read again.
        """
        file = self.configuration.place.file
        if file is None:
            for each in self._served:
                each.listener.reload()
            _log.info("Certificates, keys and users are read again; what is broken stays as it was.")
            return
        try:
            restart = self._renew(file)
        except ConfigurationError as problem:
            _log.error("The configuration stays as it was: {problem}", problem=str(problem))
        except Exception:
            _log.failure("The configuration stays as it was")
        else:
            _log.info("The configuration was read again and counts; modules are not imported again.")
            if restart:
                _log.warn("Only a restart changes {keys}.", keys=", ".join(restart))

    def _renew(self, file: str) -> tuple[str, ...]:
        # Not by its name alone: since the start the process may have gone to another folder.
        new = loadFile(self.configuration.folder / Path(file).name)
        following = succession(self.configuration, new if self._worker is None else self._worker.administered(new))
        configuration = following.configuration
        path = list(sys.path)
        prepared: list[tuple[_Served, Offer, Stock]] = []
        try:
            makeImportable(configuration.pythonPath)
            for served, entry in zip(self._served, configuration.listeners, strict=True):
                stock = Stock(self.hub, entry, served.stock)
                offer = self._prepared(served.listener, entry, configuration.server)
                prepared.append((served, offer, stock))
                furnish(offer, entry, stock, configuration.userStore)
        except BaseException:
            sys.path[:] = path
            for served, offer, _ in prepared:
                served.listener.drop(offer)
            raise
        self.configuration = configuration
        self._admission.configure(self._share(configuration.server))
        for served, offer, stock in prepared:
            served.listener.take(offer)
            served.stock = stock
        return following.restart

    def _prepared(self, listener: Listener, entry: ListenerEntry, server: ServerConfiguration) -> Offer:
        try:
            return listener.prepare(entry.configuration, server)
        except ConfigurationError as error:
            raise entry.place.locate(error) from error
