"""
Tests of L{balws.tap}, and that twistd finds it.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from twisted.application.service import IServiceMaker, MultiService
from twisted.internet import reactor
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

import balws.demo
from balws.application import ListenerService
from balws.tap import Options, makeService

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
        self.assertIsInstance(service, MultiService)
        (child,) = service
        self.assertIsNone(child.listener.port)

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
        self.assertIsInstance(service, ListenerService)
        self.assertIs(service.listener, demonstration)
        self.assertEqual(made, [reactor])

    def test_realDemonstration(self) -> None:
        """
        The demonstration can be made.
        """
        options = Options()
        options.parseOptions([])
        self.assertIsNone(makeService(options).listener.port)


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
