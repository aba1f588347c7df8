"""
Configurations for commands that look at one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

from balws.cli.check import Check
from balws.cli.outline import Outline
from balws.hub import hub
from tests.cli.test_command import CommandTestCase

#: Services in all their kinds.
MODULE = '''
from typing import Annotated

from twisted.web.resource import Resource

from balws import Service, UpgradeService, dispatcherConfig, get


class Talk(Service):
    def onOpen(self, caller):
        pass

    def onTextMessage(self, text: str) -> str:
        return text


class TalkUpgrade(UpgradeService):
    def get(self) -> Talk:
        return Talk()


class Feed(Service):
    def onSubscribe(self, data: dict) -> None:
        pass

    def onSubscribeError(self, error: Exception) -> None:
        pass

    @dispatcherConfig("un subscribe")
    def onLeave(self, data: dict) -> None:
        pass


class FeedUpgrade(UpgradeService):
    def get(self) -> Feed:
        return Feed()


class Page(Resource):
    isLeaf = True


class Checker:
    pass
'''

#: How often a module was written: each has a name of its own.
_written: list[str] = []


class ConfiguredCase(CommandTestCase):
    """
    Each test stands in a folder with a module and a configuration.
    """

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.folder)
        self.patch(sys, "path", list(sys.path))
        self.patch(sys, "dont_write_bytecode", True)
        self.patch(hub, "_shared", None)  # the file's, for as long as the test
        self.module = f"balws_cli_configured_{len(_written)}"
        _written.append(self.module)
        self.addCleanup(sys.modules.pop, self.module, None)
        Path(f"{self.module}.py").write_text(MODULE)

    def configure(self, text: str) -> None:
        """
        @param text: of balws.toml, in which C{MODULE} is the module's name.
        """
        path = Path("balws.toml")
        path.touch()
        path.chmod(0o600)
        path.write_text(dedent(text).replace("MODULE", self.module), "utf-8")

    def outline(self, text: str) -> Outline:
        """
        @return: of this configuration.
        """
        self.configure(text)
        return Check().outline()
