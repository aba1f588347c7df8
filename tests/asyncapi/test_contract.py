"""
Tests of L{balws.asyncapi.contract}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.contract import Contract, contractsOf
from balws.asyncapi.names import Names
from balws.asyncapi.shapes import Shapes
from balws.errors import ConfigurationError
from tests.asyncapi.documents import channelDocument, source

STREAM = {"correlationId": {"location": "$message.payload#/id"}}


class ContractTests(SynchronousTestCase):
    """
    What a document says of a channel.
    """

    def of(self, document: Any, channel: str | None = None) -> list[Contract]:
        given = source(document)
        return contractsOf(given, Shapes(given, Names()), channel)

    def problem(self, document: Any, channel: str | None = None) -> str:
        return str(self.assertRaises(ConfigurationError, self.of, document, channel))

    def test_ways(self) -> None:
        """
        What the service receives the client sends, and the other way round; answers are received.
        """
        document = channelDocument({"go": {"type": "string"}}, {"came": {}, "gone": {}})
        (contract,) = self.of(document)
        self.assertEqual((list(contract.sends), list(contract.receives)), (["go"], ["came", "gone"]))
        document["operations"]["receive"]["reply"] = {"messages": [{"$ref": "#/channels/chat/messages/gone"}]}
        document["operations"]["send"]["messages"].pop()
        (contract,) = self.of(document)
        self.assertEqual(list(contract.receives), ["gone", "came"])
        self.assertEqual(contract.answers, {})

    def test_answers(self) -> None:
        """
        An answer that has the id of its request is known, unless there may be many of them.
        """
        document = channelDocument({"go": {}}, {"came": {}})
        for message in document["channels"]["chat"]["messages"].values():
            message.update(STREAM)
        receive = document["operations"]["receive"]
        receive["reply"] = {
            "channel": {"$ref": "#/channels/chat"},
            "messages": [{"$ref": "#/channels/chat/messages/came"}],
        }
        (contract,) = self.of(document)
        self.assertEqual((contract.streamId, contract.answers), ("id", {"go": ["came"]}))
        receive["x-response-type"] = "server-streaming"
        self.assertEqual(self.of(document)[0].answers, {})

    def test_elsewhere(self) -> None:
        """
        An answer on another channel is none of this one.
        """
        document = channelDocument({"go": {}})
        document["channels"]["other"] = {"address": "/other", "messages": {"came": {"payload": {}}}}
        document["operations"]["receive"]["reply"] = {"channel": {"$ref": "#/channels/other"}}
        self.assertEqual([list(each.receives) for each in self.of(document)], [[], []])

    def test_everything(self) -> None:
        """
        Without operations each message may go both ways, and an operation without messages has all.
        """
        document = channelDocument({"go": {}}, {"came": {}})
        del document["operations"]["receive"]["messages"]
        self.assertEqual(list(self.of(document)[0].sends), ["go", "came"])
        del document["operations"]
        (contract,) = self.of(document)
        self.assertEqual((list(contract.sends), list(contract.receives)), (["go", "came"], ["go", "came"]))

    def test_contents(self) -> None:
        """
        The content type says whether it is JSON, text, XML or bytes.
        """
        document = channelDocument({name: {"type": "integer"} for name in "abcdef"})
        types = ("application/json; charset=utf-8", "application/a+json", "text/plain", "application/xml", "image/png")
        for name, given in zip("abcde", types, strict=True):
            document["channels"]["chat"]["messages"][name]["contentType"] = given
        document["channels"]["chat"]["messages"]["f"]["contentType"] = 7
        found = self.of(document)[0].sends.values()
        self.assertEqual([each.content for each in found], ["json", "json", "text", "xml", "binary", "json"])
        self.assertEqual([each.kind.code for each in found], ["int", "int", "str", "Element", "bytes", "int"])
        document["defaultContentType"] = "application/octet-stream"
        del document["channels"]["chat"]["messages"]["f"]["contentType"]
        self.assertEqual(self.of(document)[0].sends["f"].content, "binary")

    def test_shared(self) -> None:
        """
        Messages, channels and operations may be references to components.
        """
        document = channelDocument({"go": {}})
        document["components"]["messages"] = {"Go": document["channels"]["chat"]["messages"]["go"]}
        document["channels"]["chat"]["messages"]["go"] = {"$ref": "#/components/messages/Go"}
        document["components"]["channels"] = {"Chat": document["channels"]["chat"]}
        document["channels"]["chat"] = {"$ref": "#/components/channels/Chat"}
        document["components"]["operations"] = {"Do": document["operations"]["receive"]}
        document["operations"]["receive"] = {"$ref": "#/components/operations/Do"}
        self.assertEqual(list(self.of(document)[0].sends), ["go"])
        document["components"]["operations"]["Do"]["messages"] = [{"$ref": "#/components/messages/Go"}]
        self.assertEqual(list(self.of(document)[0].sends), ["go"])

    def test_parameters(self) -> None:
        """
        Parameters of path, query and headers; those of the handshake itself are not asked for.
        """
        binding = {
            "query": {"properties": {"n": {"type": "integer"}}, "required": ["n"]},
            "headers": {"properties": {"X-A": {"type": "string"}, "Sec-WebSocket-Protocol": {}, "bad": 7}},
        }
        document = channelDocument(
            {"go": {}}, parameters={"room": {"enum": ["a"], "description": "Which."}}, bindings={"ws": binding}
        )
        document["channels"]["chat"]["address"] = "/chat/{room}/{room}/{other}"
        found = self.of(document)[0].parameters
        self.assertEqual(
            [(each.source, each.key, each.isRequired, each.words) for each in found],
            [
                ("path", "room", True, "Which."),
                ("path", "other", True, ""),
                ("query", "n", True, ""),
                ("header", "X-A", False, ""),
            ],
        )
        self.assertEqual(found[0].schema, {"type": "string", "enum": ["a"]})

    def test_servers(self) -> None:
        """
        The first server that speaks WebSocket, of the channel or of all, where it says its address.
        """
        document = channelDocument({"go": {}})
        self.assertIsNone(self.of(document)[0].server)
        document["servers"] = {
            "mqtt": {"host": "a", "protocol": "mqtt"},
            "open": {"host": "{stage}.example", "protocol": "ws"},
            "wss": {"host": "b:1", "protocol": "wss", "pathname": "/v1"},
            "ws": {"host": "c", "protocol": "ws"},
        }
        self.assertEqual(self.of(document)[0].server, "wss://b:1/v1")
        document["channels"]["chat"]["servers"] = [{"$ref": "#/servers/ws"}]
        self.assertEqual(self.of(document)[0].server, "ws://c")

    def test_one(self) -> None:
        """
        One channel of several may be wanted; who asks for one that is not there is told which are.
        """
        document = channelDocument({"go": {}})
        document["channels"]["other"] = {"address": "/other"}
        self.assertEqual([each.key for each in self.of(document, "other")], ["other"])
        self.assertIn("'x'; there are: chat, other", self.problem(document, "x"))

    def test_broken(self) -> None:
        """
        What cannot be used is named with its place.
        """
        document = channelDocument({"go": {}})
        for change, words in (
            ({"channels": {}}, "there is no channel"),
            ({"channels": {"chat": 7}}, "#/channels/chat"),
            ({"channels": {"chat": {"messages": {}}}}, "address"),
            ({"channels": {"chat": {"address": "/", "messages": []}}}, "messages: is no object"),
            ({"channels": {"chat": {"address": "/", "messages": {"go": 7}}}}, "is no object"),
            ({"channels": {"chat": {"address": "/", "bindings": {"ws": {"query": 7}}}}}, "query"),
            ({"operations": {"a": 7}}, "#/operations/a"),
            ({"operations": {"a": {"channel": {"$ref": "#/channels/chat"}, "messages": [{}]}}}, "no message"),
            ({"operations": {"a": {"channel": {"$ref": "#/channels/chat"}, "messages": [{"$ref": {}}]}}}, "reference"),
        ):
            self.assertIn(words, self.problem({**document, **change}))
