"""
Tests of L{balws.asyncapi.channel}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct
from twisted.trial.unittest import SynchronousTestCase

from balws import Caller, NormalClosure, Service, UpgradeService, get, serviceConfig
from tests.asyncapi.documents import describe


class Subscribe(Struct):
    id: int
    symbols: list[str]


class Known(Struct):
    event: Literal["known"]


class Ticks(Struct):
    id: int


class Ticker(Service):
    """
    Prices.  As they come.
    """

    def onSubscribe(self, order: Subscribe) -> Ticks | None:
        """
        Be told.  Of all.
        """

    def onKnown(self, data: Known) -> None: ...

    def onPlay(self, data: dict[str, int]) -> Iterator[Ticks]:
        yield Ticks(1)

    def onFree(self, data: Any) -> NormalClosure:
        return NormalClosure()


@serviceConfig(dispatcherKey="event", dispatcherStreamId="id", subProtocols=["v1"])
class TickerUpgrade(UpgradeService):
    def get(self) -> Ticker:
        return Ticker()


class Echo(Service):
    def onOpen(self) -> str:
        return "hello"

    def onTextMessage(self, caller: Caller, text: str) -> None:
        caller.writeTextMessage(text)

    def onBinaryMessage(self, data: bytes) -> bytes:
        return data


class Picky(Service):
    def onMessage(self, data: int | str | Subscribe) -> list[int] | Subscribe:
        return [1]


class EchoUpgrade(UpgradeService):
    @get("{which}")
    def get(self, which: str) -> Echo | Picky:
        return Echo()


class ChannelTests(SynchronousTestCase):
    """
    One service.
    """

    def setUp(self) -> None:
        self.document = describe(TickerUpgrade, path="/ticker")
        self.channel = self.document["channels"]["ticker"]

    def payload(self, name: str) -> Any:
        return self.channel["messages"][name]["payload"]

    def test_words(self) -> None:
        """
        What the docstrings say is what is said of channel, operation and message.
        """
        self.assertEqual((self.channel["summary"], self.channel["description"]), ("Prices.", "As they come."))
        for node in (self.document["operations"]["ticker.subscribe"], self.channel["messages"]["subscribe"]):
            self.assertEqual((node["summary"], node["description"]), ("Be told.", "Of all."))

    def test_dispatched(self) -> None:
        """
        The payload says the value of the dispatcher key, once, whatever the type of the data is.
        """
        self.assertEqual((self.channel["x-dispatcherKey"], self.channel["x-dispatcherStreamId"]), ("event", "id"))
        self.assertEqual(self.document["x-dispatcherKey"], "event")
        event = {"type": "string", "const": "subscribe"}
        self.assertEqual(
            self.payload("subscribe"),
            {
                "allOf": [
                    {"$ref": "#/components/schemas/Subscribe"},
                    {"type": "object", "properties": {"event": event}, "required": ["event"]},
                ]
            },
        )
        self.assertEqual(self.payload("known"), {"$ref": "#/components/schemas/Known"})
        self.assertEqual(self.payload("free")["properties"]["event"]["const"], "free")
        self.assertEqual(self.payload("free")["properties"]["id"], {"type": ["string", "integer"]})
        self.assertEqual(self.payload("play")["additionalProperties"], {"type": "integer"})

    def test_withoutStream(self) -> None:
        """
        Without a stream id there is none in the payload.
        """

        class Plain(Service):
            def onFree(self, data: dict[str, Any]) -> None: ...

        @serviceConfig(dispatcherKey="event")
        class PlainUpgrade(UpgradeService):
            def get(self) -> Plain:
                return Plain()

        message = describe(PlainUpgrade, path="/plain")["channels"]["plain"]["messages"]["free"]
        self.assertEqual(list(message["payload"]["properties"]), ["event"])
        self.assertNotIn("correlationId", message)

    def test_correlated(self) -> None:
        """
        What has the stream id says where, and what has none does not.
        """
        for name, isTied in (("subscribe", True), ("ticks", True), ("free", True), ("known", False)):
            given = self.channel["messages"][name].get("correlationId", {}).get("location")
            self.assertEqual(given, "$message.payload#/id" if isTied else None, name)

    def test_operations(self) -> None:
        """
        Each message that the service takes is an operation, with its answers.
        """
        operations = self.document["operations"]
        self.assertEqual(
            list(operations), ["ticker.free", "ticker.known", "ticker.play", "ticker.subscribe"]
        )
        subscribe = operations["ticker.subscribe"]
        self.assertEqual(subscribe["action"], "receive")
        self.assertEqual(subscribe["messages"], [{"$ref": "#/channels/ticker/messages/subscribe"}])
        self.assertEqual(subscribe["reply"]["messages"], [{"$ref": "#/channels/ticker/messages/ticks"}])
        self.assertEqual(subscribe["x-response-type"], "simple-rpc")
        self.assertEqual(operations["ticker.play"]["x-response-type"], "server-streaming")
        self.assertNotIn("reply", operations["ticker.known"])

    def test_closures(self) -> None:
        """
        The codes with which it may be closed: by the protocol, by methods, by an operator, or by whatever an
        application chooses.
        """
        codes = ["1000", "1001", "1002", "1003", "1007", "1008", "1009", "1011", "3000-4999"]
        self.assertEqual(list(self.channel["x-closeCodes"]), codes)
        self.assertEqual(self.channel["x-subProtocols"], ["v1"])

    def test_several(self) -> None:
        """
        A C{get} that returns one of several services has the messages of all of them; kinds of one
        method and equal names are told apart.
        """
        document = describe(EchoUpgrade, path="/")
        channel = document["channels"]["root"]
        self.assertEqual(channel["address"], "/{which}")
        self.assertEqual(
            {name: message["contentType"] for name, message in channel["messages"].items()},
            {
                "binaryMessage": "application/octet-stream",
                "binary": "application/octet-stream",
                "textMessage": "text/plain",
                "messageText": "text/plain",
                "messageSubscribe": "application/json",
                "messageData": "application/json",
                "subscribe": "application/json",
                "data": "application/json",
                "text": "text/plain",
            },
        )
        self.assertEqual(document["operations"]["root.send"]["messages"], [{"$ref": "#/channels/root/messages/text"}])
        self.assertEqual(channel["messages"]["text"]["examples"], [{"payload": "text"}])
