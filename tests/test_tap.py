"""
Tests of L{balws.tap}, and that twistd finds it.
"""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import Any, cast

import twisted.application.service
from twisted.application.service import Application, IServiceCollection, IServiceMaker, MultiService
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

import balws.demo
from balws import tap
from balws.application import ListenerService
from balws.hub import hub
from balws.notifying import Notifying
from balws.server.health import Readiness
from balws.tap import Daemon, Options, makeService
from balws.watchdog import Watchdog
from balws.workers.supervisor import Supervisor

CONFIGURATION = """\
[[listeners]]
port = 0
[[listeners.services]]
path = "/echo"
service = "balws_tap_test:Upgrade"
"""

MODULE = """\
from balws import Service, UpgradeService

class Upgrade(UpgradeService):
    def get(self) -> Service:
        return Service()
"""


class OptionsTests(SynchronousTestCase):
    """
    The command line of C{twistd balws}.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        (self.folder / "balws_tap_test.py").write_text(MODULE)
        self.file = self.write(CONFIGURATION)
        self.patch(sys, "path", list(sys.path))
        self.patch(sys, "dont_write_bytecode", True)
        self.addCleanup(sys.modules.pop, "balws_tap_test", None)
        self.output = io.StringIO()
        self.patch(sys, "stdout", self.output)
        self.patch(tap, "keepSteady", lambda reactor: None)
        self.patch(hub, "_shared", None)

    def write(self, text: str) -> str:
        """
        @return: the name of a new configuration file.
        """
        path = self.folder / "balws.toml"
        path.write_text(text)
        return str(path)

    def exit(self, *arguments: str) -> object:
        """
        @return: the code with which these arguments end the process.
        """
        code: object = self.assertRaises(SystemExit, Options().parseOptions, arguments).code
        return code

    def test_check(self) -> None:
        """
        --check says that the file is fine and ends with status 0.
        """
        self.assertEqual(self.exit("--config", self.file, "--check"), 0)
        self.assertEqual(self.output.getvalue(), f"{self.file}: ok\n")
        self.assertIn("balws_tap_test", sys.modules)

    def test_errors(self) -> None:
        """
        What is wrong is one line, with and without --check, and status 1: the code is a text.
        """
        for text, problem in (
            (
                CONFIGURATION.replace("port = 0", 'port = "90a"'),
                ':2:8: listeners[0].port: expected an integer, got "90a"',
            ),
            (
                CONFIGURATION.replace("_test", "_none"),
                ':5:11: listeners[0].services[0].service: no module named "balws_tap_none"',
            ),
            ("a =", ":1:4: Invalid value"),
        ):
            name = self.write(text)
            self.assertEqual(self.exit("-c", name), name + problem)
            self.assertEqual(self.exit("-c", name, "--check"), name + problem)
        self.assertEqual(self.output.getvalue(), "")

    def test_checkNeedsFile(self) -> None:
        """
        --check alone has nothing to check.
        """
        self.assertEqual(self.exit("--check"), "--check needs a file to check: --config FILE")

    def test_unknownOption(self) -> None:
        """
        Other options are refused as by every command of Twisted.
        """
        self.assertRaises(UsageError, Options().parseOptions, ["--port=1"])

    def test_makeService(self) -> None:
        """
        A file becomes a service with its listeners, none of which is open yet.
        """
        options = Options()
        options.parseOptions(["--config", self.file])
        service = makeService(options)
        self.assertIsInstance(service, Daemon)
        (application,) = service
        watchdog, child = application
        self.assertIsInstance(watchdog, Watchdog)
        self.assertIsNone(child.listener.port)

    def test_unwatched(self) -> None:
        """
        Where stallWarn is 0 nobody watches the reactor.
        """
        options = Options()
        options.parseOptions(["--config", self.write("[server]\nstallWarn = 0\n" + CONFIGURATION)])
        (child,) = options.service
        self.assertIsInstance(child, ListenerService)

    def test_demonstration(self) -> None:
        """
        Without a file it is the demonstration that is served.
        """
        made: list[Any] = []
        demonstration = object()

        def makeDemo(reactor: Any) -> object:
            made.append(reactor)
            return demonstration

        self.patch(balws.demo, "makeDemo", makeDemo)
        options = Options()
        options.parseOptions([])
        service = makeService(options)
        (child,) = service
        self.assertIsInstance(child, ListenerService)
        self.assertIs(child.listener, demonstration)
        self.assertEqual(made, [reactor])

    def test_realDemonstration(self) -> None:
        """
        The demonstration can be made.
        """
        options = Options()
        options.parseOptions([])
        (child,) = makeService(options)
        self.assertIsNone(child.listener.port)


    def test_steady(self) -> None:
        """
        The reactor counts by a clock that is never set.
        """
        made: list[Any] = []
        self.patch(tap, "keepSteady", made.append)
        makeService(Options())
        self.assertEqual(made, [reactor])

    def test_workers(self) -> None:
        """
        Of several processes this one is the supervisor, and imports nothing of the services; --check does.
        """
        text = "[server]\nworkers = 2\n[hub]\nscope = 'worker'\n" + CONFIGURATION
        options = Options()
        options.parent = {"reactor": "poll"}
        options.parseOptions(["--config", self.write(text)])
        self.assertIsInstance(options.service, Supervisor)
        self.assertEqual(list(options.service._command.options), ["--reactor=poll"])
        self.assertNotIn("balws_tap_test", sys.modules)
        self.assertEqual(self.exit("--config", self.file, "--check"), 0)
        self.assertIn("balws_tap_test", sys.modules)
        for wrong, words in (("_test", "_none"), ("port = 0", 'endpoint = "haproxy:tcp:0"')):
            name = self.write(text.replace(wrong, words))
            self.assertRegex(str(self.exit("-c", name, "--check")), rf"\A{name}:\d+:\d+: listeners")


class Reactor(Clock):
    """
    One that runs.

    @ivar stops: how often it was told to stop.
    """

    stops = 0

    def callWhenRunning(self, what: Any, *arguments: Any) -> None:
        what(*arguments)

    def callFromThread(self, what: Any, *arguments: Any) -> None:
        self.callLater(0, what, *arguments)

    def stop(self) -> None:
        self.stops += 1


class Service(twisted.application.service.Service):
    """
    Notes what it is told.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.serves: Deferred[None] = Deferred()

    def whenReady(self) -> Deferred[None]:
        return self.serves

    def reload(self) -> None:
        self.calls.append("reload")

    def stopNow(self) -> None:
        self.calls.append("stopNow")


class FakeWorker:
    """
    This process as one of several.

    @ivar orders: what it does when it is told to.
    """

    log = io.BytesIO()

    def __init__(self) -> None:
        self.isReady = False
        self.orders: dict[str, Any] = {}

    def ready(self) -> None:
        self.isReady = True

    def watch(self, reactor: Any, **orders: Any) -> None:
        self.orders = orders


class DaemonTests(SynchronousTestCase):
    """
    What the process tells and is told.
    """

    def setUp(self) -> None:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.ready = Readiness()
        self.patch(tap, "readiness", lambda: self.ready)
        self.told: list[str] = []
        self.patch(Notifying, "notify", lambda _, *assignments: self.told.append(assignments[0]))
        self.reactor: Any = Reactor()
        self.service = Service()

    def process(self, worker: Any = None) -> Daemon:
        """
        @return: a process that runs.
        """
        options = Options()
        options.worker = worker
        process = Daemon(self.service, options, self.reactor)
        process.startService()
        self.addCleanup(process.stopService)
        return process

    def test_ready(self) -> None:
        """
        The service manager hears that all serve, as soon as the reactor runs, and when they stop.
        """
        process = self.process()
        self.assertEqual(self.told, [])
        self.service.serves.callback(None)
        self.assertEqual(self.told, ["READY=1"])
        self.assertTrue(self.ready.isReady)
        process.stopService()
        self.assertEqual(self.told, ["READY=1", "STOPPING=1"])
        self.assertFalse(self.ready.isReady)

    def test_reload(self) -> None:
        """
        It hears of a reload, too.
        """
        self.process().reload()
        self.assertEqual(self.service.calls, ["reload"])
        self.assertEqual(self.told, ["RELOADING=1", "READY=1"])

    def test_worker(self) -> None:
        """
        A worker tells its supervisor alone, and does what that says.
        """
        worker = FakeWorker()
        process = self.process(worker)
        self.assertFalse(worker.isReady)
        self.service.serves.callback(None)
        self.assertTrue(worker.isReady)
        worker.orders["reload"]()
        worker.orders["drain"]()
        self.assertTrue(process.draining)
        self.assertEqual(self.reactor.stops, 1)
        worker.orders["drain"]()
        worker.orders["reload"]()
        self.assertEqual(self.service.calls, ["reload"])
        worker.orders["stop"]()
        self.assertEqual(self.service.calls, ["reload", "stopNow"])
        self.assertEqual(self.told, [])

    def test_log(self) -> None:
        """
        twistd finds an observer of the log: of the format of the file, or the supervisor's.
        """
        calls: list[Any] = []
        self.patch(tap, "install", lambda *arguments: calls.append(arguments[1:]))
        options = Options()
        options.parent, options.logFormat = {"nodaemon": True}, "json"
        application: Any = Application("balws")
        process = Daemon(self.service, options, self.reactor)
        process.setServiceParent(application)
        self.assertEqual(calls, [("json", {"nodaemon": True})])
        self.assertEqual(list(IServiceCollection(application)), [process])
        # Without options of twistd nobody knows where a log would go.
        Daemon(Service(), Options(), self.reactor).setServiceParent(Application("balws"))
        options = Options()
        options.worker = cast(Any, FakeWorker())
        application = Application("balws")
        Daemon(Service(), options, self.reactor).setServiceParent(application)
        self.assertTrue(callable(application.getComponent(ILogObserver)))
        self.assertEqual(len(calls), 1)

    def test_inside(self) -> None:
        """
        As a part of another service it leaves the log alone.
        """
        outer = MultiService()
        process = Daemon(self.service, Options(), self.reactor)
        process.setServiceParent(outer)
        self.assertEqual(list(outer), [process])


class PluginTests(SynchronousTestCase):
    """
    C{twistd balws} is there.
    """

    def test_found(self) -> None:
        """
        twistd finds the plugin, with the options and the maker of this module.
        """
        (maker,) = [plugin for plugin in getPlugins(IServiceMaker) if plugin.tapname == "balws"]
        verifyObject(IServiceMaker, maker)
        self.assertIs(maker.options, Options)
        self.assertIs(maker.makeService, makeService)
