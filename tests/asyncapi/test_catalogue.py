"""
Tests of L{balws.asyncapi.catalogue}.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws import Hub, Service, ServiceDefinitionError, UpgradeService
from balws.asyncapi.catalogue import Catalogue, Found, ofConfiguration, ofTarget
from balws.config import loadText
from balws.errors import ConfigurationError, ListenerError

MODULE = """\
from balws import Hub, Service, UpgradeService, serviceConfig

class Chat(Service):
    def onTextMessage(self, text: str) -> str:
        return text

@serviceConfig(basePath="/base", webSocketUpgradePath="/ws")
class ChatUpgrade(UpgradeService):
    def get(self):
        return Chat()

class HubUpgrade(ChatUpgrade):
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

def makeChat(hub):
    return HubUpgrade(hub)

def broken():
    raise ValueError("no")
"""

FILE = """\
[[listeners]]
port = 9090

[listeners.secureSocket.key]
certFile = "absent.crt"
keyFile = "absent.key"

[[listeners.services]]
path = "/chat"
service = "{0}:ChatUpgrade"

[[listeners.services.auth]]
fileUserStoreConfig = {{}}

[[listeners.resources]]
path = "/"
resource = "{0}:broken"

[[listeners]]
port = 9091

[[listeners.services]]
service = "{0}:makeChat"

[auth]
usersFile = "absent.toml"
"""


class Hidden(UpgradeService):
    def get(self) -> Any:
        return globals()["Whatever"]()


class CatalogueTests(SynchronousTestCase):
    """
    Services, found without serving them.
    """

    def setUp(self) -> None:
        self.name = f"chat{id(self)}"
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / f"{self.name}.py").write_text(MODULE, "utf-8")
        before = list(sys.path)
        self.addCleanup(sys.modules.pop, self.name, None)
        self.addCleanup(setattr, sys, "path", before)

    def paths(self, found: list[Found]) -> list[str]:
        return [each.mount.path for each in found]

    def test_configuration(self) -> None:
        """
        All services of a file are found, by the classes that their code names too; nothing of the
        certificates, users and resources is read, and no port opened.
        """
        found = ofConfiguration(loadText(FILE.format(self.name), "balws.toml", self.folder))
        self.assertEqual(self.paths(found), ["/chat", "/base/ws"])
        self.assertEqual([table.owner for table in found[0].mount.terms.tables.values()], ["Chat"])
        self.assertEqual(len(found[0].config.auth or ()), 1)
        self.assertIsNone(found[0].mount.guard)
        self.assertEqual([each.entry.port for each in found if each.entry], [9090, 9091])

    def test_configurationWrong(self) -> None:
        """
        What cannot be imported is said with its place in the file.
        """
        text = FILE.format(self.name).replace(":makeChat", ":broken")
        error = self.assertRaises(ConfigurationError, ofConfiguration, loadText(text, "balws.toml", self.folder))
        self.assertIn("balws.toml:23", str(error))

    def test_target(self) -> None:
        """
        One service of the present folder, at its own path or at a given one.
        """
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.assertEqual(self.paths(ofTarget(f"{self.name}:ChatUpgrade")), ["/base/ws"])
        self.assertEqual(self.paths(ofTarget(f"{self.name}:makeChat", "/here")), ["/here"])
        self.assertRaises(ConfigurationError, ofTarget, f"{self.name}:Chat")
        self.assertRaises(ConfigurationError, ofTarget, f"{self.name}:Absent")

    def test_hidden(self) -> None:
        """
        Where nobody can see what C{get} returns, the service and the mend are named.
        """
        words = str(self.assertRaises(ServiceDefinitionError, Catalogue(Hub()).attach, Hidden, "/"))
        self.assertIn("Hidden.get", words)
        self.assertIn("-> ChatService", words)

    def test_twice(self) -> None:
        """
        As with a listener there is one service at a path.
        """

        class Chat(Service):
            pass

        class Upgrade(UpgradeService):
            def get(self) -> Chat:
                return Chat()

        catalogue = Catalogue(Hub())
        catalogue.attach(Upgrade, "/chat")
        self.assertRaises(ListenerError, catalogue.attach, Upgrade(), "/chat")
