"""
Tests of L{balws.asyncapi.document}.
"""

from __future__ import annotations

import json
import sys
from unittest.mock import patch

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws import Hub, Service, UpgradeService, serviceConfig
from balws.asyncapi.catalogue import Catalogue
from balws.asyncapi.document import asText, asYaml, makeDocument
from balws.asyncapi.reading import Source
from balws.config import ListenerEntry
from balws.errors import ConfigurationError
from tests.asyncapi.documents import describe


class Chat(Service):
    def onTextMessage(self, text: str) -> None: ...


@serviceConfig(auth=[{"oauth2IntrospectionConfig": {"url": "https://login.example"}, "scopes": "chat"}])
class ChatUpgrade(UpgradeService):
    def get(self) -> Chat:
        return Chat()


@serviceConfig(auth=[{"oauth2IntrospectionConfig": {"url": "https://login.example"}}], dispatcherKey="a")
class OtherUpgrade(ChatUpgrade):
    pass


class DocumentTests(SynchronousTestCase):
    """
    The whole.
    """

    def test_info(self) -> None:
        """
        It has a title and the version of the services, and no part that is empty.
        """
        document = describe(ChatUpgrade, path="/chat", title="Chat", version="2.0")
        self.assertEqual(document["info"], {"title": "Chat", "version": "2.0"})
        self.assertEqual(
            list(document), ["asyncapi", "info", "defaultContentType", "channels", "operations", "components"]
        )
        self.assertEqual(list(document["components"]), ["securitySchemes"])

    def test_servers(self) -> None:
        """
        Listeners are servers, and each channel names its own; URLs that are given stand in their place.
        """
        found = []
        for port in (9090, 9091):
            catalogue = Catalogue(Hub(), ListenerEntry(port=port))
            catalogue.attach(ChatUpgrade, "/chat")
            found += catalogue.found
        document = makeDocument(found)
        self.assertEqual([each["host"] for each in document["servers"].values()], ["localhost:9090", "localhost:9091"])
        self.assertEqual(
            {name: each["servers"] for name, each in document["channels"].items()},
            {"chat": [{"$ref": "#/servers/listener1"}], "chat_2": [{"$ref": "#/servers/listener2"}]},
        )
        document = makeDocument(found, servers=["wss://chat.example/v1", "ws://localhost"])
        self.assertEqual(list(document["servers"]), ["server1", "server2"])
        self.assertNotIn("servers", document["channels"]["chat"])
        self.assertRaises(ConfigurationError, makeDocument, found, servers=["chat.example"])

    def test_security(self) -> None:
        """
        Each operation says who may; schemes of one name that differ are told apart.
        """
        catalogue = Catalogue(Hub())
        catalogue.attach(ChatUpgrade, "/chat")
        catalogue.attach(OtherUpgrade, "/other")
        document = makeDocument(catalogue.found)
        schemes = document["components"]["securitySchemes"]
        self.assertEqual(list(schemes), ["oauth2", "oauth2_other"])
        self.assertEqual(schemes["oauth2"]["x-scopes"], ["chat"])
        operation = document["operations"]["other.textMessage"]
        self.assertEqual(operation["security"], [{"$ref": "#/components/securitySchemes/oauth2_other"}])
        self.assertIn("credentials have expired", document["channels"]["chat"]["x-closeCodes"]["1008"])
        self.assertNotIn("x-dispatcherKey", document)

    def test_closeOnExpiry(self) -> None:
        """
        Where nobody is closed when credentials expire, nobody is told so.
        """
        catalogue = Catalogue(Hub())
        config = attrs.evolve(ChatUpgrade.__balwsConfig__, closeOnExpiry=False)  # type: ignore[attr-defined]
        catalogue.attach(ChatUpgrade, "/chat", config=config)
        words = makeDocument(catalogue.found)["channels"]["chat"]["x-closeCodes"]["1008"]
        self.assertEqual(words, "An operator closed the connection, or a rule of the service was not kept.")

    def test_same(self) -> None:
        """
        The same services give the same text, which is JSON.
        """
        text = asText(describe(ChatUpgrade, path="/chat"))
        self.assertEqual(text, asText(describe(ChatUpgrade, path="/chat")))
        self.assertEqual(json.loads(text), describe(ChatUpgrade, path="/chat"))
        self.assertTrue(text.endswith("}\n"))

    def test_yaml(self) -> None:
        """
        As YAML it is the same document, in the same order.
        """
        document = describe(ChatUpgrade, path="/chat", title="on", version="2.0")
        text = asYaml(document)
        self.assertTrue(text.startswith("asyncapi: 3.0.0\ninfo:\n  title: 'on'\n  version: '2.0'\n"))
        self.assertEqual(json.dumps(Source.parse(text.encode(), "a.yaml").root), json.dumps(document))

    def test_absent(self) -> None:
        """
        Without PyYAML there is no YAML, and the error says what to install.
        """
        with patch.dict(sys.modules, {"yaml": None}):
            sys.modules.pop("balws.asyncapi.yamlwriting", None)
            error = self.assertRaises(ConfigurationError, asYaml, {})
            self.assertEqual(str(error), "YAML needs PyYAML: pip install 'balws[yaml]'")
        with patch.dict(sys.modules, {"balws.asyncapi.yamlwriting": None}):
            self.assertRaises(ImportError, asYaml, {})
