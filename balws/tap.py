# -*- test-case-name: tests.test_tap -*-
"""
C{twistd balws}: the command line.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver
from twisted.python import usage
from twisted.python.components import Componentized

from balws.application import ListenerService, adminService, makeApplicationService
from balws.config import Configuration, loadFile
from balws.errors import Error
from balws.logs import install, toParent
from balws.notifying import Notifying
from balws.server.health import readiness
from balws.signals import Signals
from balws.timekeeping import keepSteady
from balws.workers.folder import AdminFolder
from balws.workers.supervisor import Supervisor
from balws.workers.worker import Worker, currentWorker

__all__ = ["Daemon", "Options", "makeService"]

#: Who tells a worker what to do, for the log.
SUPERVISOR = "The supervisor"


class Options(usage.Options):
    """
    The options of C{twistd balws}.

    @ivar service: what the configuration describes; L{None} without C{--config}.
    @ivar logFormat: of C{[server]}.
    @ivar worker: this process, where it is one of several.
    """

    synopsis = "[--config FILE [--check]]"
    longdesc = (
        "Serves the WebSocket services that a TOML file describes. "
        "Without a file, a demonstration on http://127.0.0.1:9090/."
    )
    optParameters: ClassVar = [
        ["config", "c", None, "The TOML file that describes listeners and services."],
    ]
    optFlags: ClassVar = [
        ["check", None, "Only check the file and the services that it names; open no port."],
    ]

    service: Any = None
    logFormat = "text"
    worker: Worker | None = None

    def postOptions(self) -> None:
        """
        Load, import and attach, so that what is wrong is said before anything runs.

        @raise SystemExit: with one line and status 1 for a configuration that cannot
            be used (a L{usage.UsageError} would print all options first); with status
            0 after C{--check}.
        """
        file = self["config"]
        if file is None:
            if self["check"]:
                raise SystemExit("--check needs a file to check: --config FILE")
            return
        try:
            self.worker = currentWorker()
            self.service = self._serviceOf(loadFile(file), file)
        except Error as error:
            raise SystemExit(str(error)) from None
        if self["check"]:
            print(f"{file}: ok")
            raise SystemExit(0)

    def _serviceOf(self, configuration: Configuration, file: str) -> Any:
        self.logFormat = configuration.server.logFormat
        isOne = configuration.server.workers == 1 or self.worker is not None
        if isOne or self["check"]:
            service: Any = makeApplicationService(configuration, worker=self.worker)
        if not isOne:
            own: Any = self.parent or {}
            reactor = own.get("reactor")
            service = Supervisor(
                configuration, file, options=[f"--reactor={reactor}"] if reactor else [], **self._adminOf(configuration)
            )
        return service

    def _adminOf(self, configuration: Configuration) -> dict[str, Any]:
        """
        @return: what the supervisor is told of the endpoint for all workers.
        """
        if configuration.admin is None:
            return {}
        from twisted.internet import reactor

        from balws.admin.fleet import Fleet

        folder = AdminFolder()
        fleet = Fleet(folder, configuration.server.workers, configuration.hub.url is not None, reactor)
        companion = adminService(configuration.admin, fleet, reactor, configuration.place)
        return {"folder": folder, "companion": companion}


class Daemon(Signals):
    """
    All that C{twistd balws} runs, and what the world around it wants to know and says.
    """

    def __init__(self, service: Any, options: Options, reactor: Any) -> None:
        """
        @param service: what serves.
        """
        self._notifying = None if options.worker is not None else Notifying(reactor)
        super().__init__(reactor, escort=self._notifying)
        self._options = options
        self._service = service
        self.addService(service)
        self.atDrain(readiness().drain)
        if self._notifying is not None:
            self.atDrain(self._notifying.stopping)

    def setServiceParent(self, parent: Any) -> None:
        """
        twistd assembles its application, and looks for an observer of the log next.
        """
        if isinstance(parent, Componentized):
            worker, options = self._options.worker, self._options
            if worker is not None:
                parent.setComponent(ILogObserver, toParent(worker.log))
            elif options.parent is not None:
                install(parent, options.logFormat, options.parent)
        super().setServiceParent(parent)

    def startService(self) -> None:
        """
        Start, and tell when everything serves.
        """
        super().startService()
        worker = self._options.worker
        if worker is not None:
            worker.watch(
                self._reactor,
                reload=self._reloadToo,
                drain=self._drainToo,
                stop=partial(self.end, SUPERVISOR),
            )
        ready: Deferred[Any] = self._service.whenReady()
        ready.addCallback(lambda _: self._reactor.callWhenRunning(self._ready))

    def _ready(self) -> None:
        for each in (self._options.worker, self._notifying):
            if each is not None:
                each.ready()

    def reload(self) -> None:
        """
        Have the services read again what may have changed.
        """
        if self._notifying is not None:
            self._notifying.reloading()
        super().reload()
        if self._notifying is not None:
            self._notifying.ready()

    # What the supervisor of a worker says

    def _reloadToo(self) -> None:
        if not self.draining:
            self.reload()

    def _drainToo(self) -> None:
        if not self.draining:
            self.end(SUPERVISOR)


def makeService(options: Options) -> IService:
    """
    @return: what the configuration describes, or the demonstration.
    """
    from twisted.internet import reactor

    keepSteady(reactor)
    service = options.service
    if service is None:
        from balws.demo import makeDemo

        service = ListenerService(makeDemo(reactor), reactor)
    return Daemon(service, options, reactor)
