"""
Tests of L{balws.client.typed.client}: conversations with real services, over a network in memory.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import Annotated, Any
from xml.etree.ElementTree import Element

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws import Caller, Header, Listener, NormalClosure, Service, UpgradeService, WSServiceConfig, get, serviceConfig
from balws.client.typed import client as module
from balws.client.typed.client import TypedClient, Unknown
from balws.errors import ConnectionClosureError, Error, PayloadBindingError
from balws.testing import MemoryNetwork, connectedPair
from tests.asyncapi.documents import clientOf, describe


class Ask(Struct):
    id: str
    word: str


class Said(Struct, tag_field="event", tag="said"):
    id: str
    word: str


class News(Struct, tag_field="event", tag="news"):
    number: int


class Talk(Service):
    """
    Answers when it is told to, in any order.
    """

    sends = (News,)

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    def onOpen(self, caller: Caller) -> None:
        self.caller = caller

    def onAsk(self, ask: Ask) -> Deferred[Said] | None:
        self.asked.append(ask)
        return None

    def answer(self, index: int) -> None:
        ask = self.asked[index]
        self.caller.writeMessage(Said(ask.id, ask.word.upper()))

    def write(self, *texts: str) -> None:
        for text in texts:
            self.caller.writeTextMessage(text)


CONFIG = WSServiceConfig(dispatcherKey="event", dispatcherStreamId="id")


@serviceConfig(CONFIG)
class TalkUpgrade(UpgradeService):
    def get(self) -> Talk:
        return Talk()


class TalkTests(SynchronousTestCase):
    """
    A conversation whose answers come when they come.
    """

    def setUp(self) -> None:
        self.made = clientOf(describe(TalkUpgrade, path="/talk"))
        self.service = Talk()
        client, _ = connectedPair(self.service, serviceConfig=CONFIG)
        self.talk = self.made.TalkClient(client)

    def start(self, work: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        return Deferred.fromCoroutine(work)

    def test_interleaved(self) -> None:
        """
        Each of several questions gets its own answer, in whatever order they come, and what comes in
        between waits to be read.
        """
        first = self.start(self.talk.ask(self.made.Ask(word="one")))
        second = self.start(self.talk.ask(self.made.Ask(word="two")))
        self.service.answer(1)
        self.service.write('{"event":"news","number":7}')
        self.assertNoResult(first)
        self.assertEqual(self.successResultOf(second).word, "TWO")
        self.service.answer(0)
        self.assertEqual(self.successResultOf(first).word, "ONE")
        news = self.successResultOf(self.start(self.talk.readNext()))
        self.assertEqual(news, self.made.News(number=7))

    def test_ids(self) -> None:
        """
        Each question has an id of its own, also one that is sent without waiting; an id that was set
        stays there.
        """
        self.start(self.talk.ask(self.made.Ask(word="one")))
        self.successResultOf(self.start(self.talk.sendAsk(self.made.Ask(word="two"))))
        self.successResultOf(self.start(self.talk.sendAsk(self.made.Ask(word="three", id="mine"))))
        self.assertEqual([ask.id for ask in self.service.asked], ["1", "2", "mine"])
        self.service.answer(2)
        self.assertEqual(self.successResultOf(self.start(self.talk.readSaid())).id, "mine")

    def test_kinds(self) -> None:
        """
        Who waits for one kind of message gets the first of it, and the others are not lost; neither
        is what the document does not know.
        """
        self.service.write('{"event":"said","id":"x","word":"y"}')
        first = self.start(self.talk.readNews())
        self.service.write('{"event":"news","number":0}')
        self.assertEqual(self.successResultOf(first).number, 0)
        self.assertNoResult(self.start(self.talk.readNews()))
        self.service.write('{"event":"news","number":-1}')
        self.assertEqual(self.successResultOf(self.start(self.talk.readSaid())).word, "y")
        texts = ['{"event":"other"}', "no JSON", '{"event":"news","number":"x"}', '{"event":"news","number":1}']
        waiting = self.start(self.talk.readNews())
        self.service.write(*texts)
        self.assertEqual(self.successResultOf(waiting).number, 1)
        for text in texts[:3]:
            self.assertEqual(self.successResultOf(self.start(self.talk.readNext())), Unknown(text))
        self.service.caller.writeBinaryMessage(b"\x00")
        self.assertEqual(self.successResultOf(self.start(self.talk.readNext())), Unknown(b"\x00"))

    def test_wrongAnswer(self) -> None:
        """
        An answer of another type than the document says fails the question, and can be read.
        """
        answer = self.start(self.talk.ask(self.made.Ask(word="one")))
        self.service.write('{"event":"sold","id":"1"}')
        self.failureResultOf(answer, PayloadBindingError)
        self.assertEqual(self.successResultOf(self.start(self.talk.readNext())).payload, '{"event":"sold","id":"1"}')

    def test_cancelled(self) -> None:
        """
        An answer for which nobody waits any more is left to be read.
        """
        answer = self.start(self.talk.ask(self.made.Ask(word="one")))
        reading = self.start(self.talk.readNews())
        answer.cancel()
        self.failureResultOf(answer)
        reading.cancel()
        self.failureResultOf(reading)
        self.service.answer(0)
        self.assertEqual(self.successResultOf(self.start(self.talk.readSaid())).word, "ONE")

    def test_closed(self) -> None:
        """
        All who wait are told when the connection ends, and whoever asks later at once.
        """
        answer = self.start(self.talk.ask(self.made.Ask(word="one")))
        reading = self.start(self.talk.readNews())
        self.service.caller.close(4000, "enough")
        later = self.start(self.talk.readNext()), self.start(self.talk.ask(self.made.Ask(word="")))
        for waiting in (answer, reading, *later):
            self.assertIsInstance(self.failureResultOf(waiting).value, ConnectionClosureError)

    def test_limit(self) -> None:
        """
        Where messages come that nobody reads, one below the limit may wait; at the limit whoever
        waits for an answer is told.
        """
        self.patch(module, "MAX_WAITING", 3)
        answer = self.start(self.talk.ask(self.made.Ask(word="one")))
        news = '{"event":"news","number":1}'
        self.service.write(news, news)
        self.assertNoResult(answer)
        self.service.write(news)
        self.assertIn("3 messages", self.failureResultOf(answer, Error).getErrorMessage())
        self.assertEqual([self.successResultOf(self.start(self.talk.readNews())).number for _ in "abc"], [1, 1, 1])
        self.service.write(news)
        self.successResultOf(self.start(self.talk.readNews()))

    def test_iteration(self) -> None:
        """
        C{async for} reads until the service has closed; with a code that is no end it fails.
        """

        async def collect() -> list[Any]:
            async with self.talk as talk:
                return [message async for message in talk]

        collected = self.start(collect())
        self.service.write('{"event":"news","number":1}', '{"event":"news","number":2}')
        self.assertNoResult(collected)
        self.service.caller.close()
        self.assertEqual([each.number for each in self.successResultOf(collected)], [1, 2])

    def test_iterationFails(self) -> None:
        """
        See L{test_iteration}.
        """

        async def collect() -> list[Any]:
            return [message async for message in self.talk]

        collected = self.start(collect())
        self.service.caller.close(4001)
        self.failureResultOf(collected, ConnectionClosureError)

    def test_close(self) -> None:
        """
        It closes with a code and a reason.
        """
        self.successResultOf(self.start(self.talk.close(4002, "bye")))
        self.failureResultOf(self.start(self.talk.readNext()), ConnectionClosureError)


class Numbered(Struct):
    id: int


class Count(Service):
    """
    Ids that are numbers.
    """

    def onUp(self, up: Numbered) -> Numbered:
        return Numbered(up.id + 0)

    def onDown(self, down: Numbered) -> Iterator[Numbered]:
        yield Numbered(down.id)
        yield Numbered(down.id)


@serviceConfig(CONFIG)
class CountUpgrade(UpgradeService):
    def get(self) -> Count:
        return Count()


class Plain(Service):
    """
    Text, bytes and XML.
    """

    def onMessage(self, message: str | bytes | Element | list[int]) -> str | bytes | NormalClosure:
        return message if isinstance(message, str | bytes) else NormalClosure()


class Xml(Service):
    def onMessage(self, message: Element) -> Element:
        return message


class XmlUpgrade(UpgradeService):
    def get(self) -> Xml:
        return Xml()


class OtherTests(SynchronousTestCase):
    """
    Other kinds of messages.
    """

    def answers(self, service: Service, kind: Any, config: WSServiceConfig | None = None) -> Any:
        """
        @return: the made module, and a conversation with the service.
        """
        made = clientOf(describe(kind, path="/chat"))
        client, _ = connectedPair(service, serviceConfig=config)
        return made, made.ChatClient(client)

    def result(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.successResultOf(Deferred.fromCoroutine(work))

    def test_numbers(self) -> None:
        """
        Ids may be numbers; of a stream of answers each is read.
        """
        made, chat = self.answers(Count(), CountUpgrade, CONFIG)
        self.assertEqual(self.result(chat.up(made.Up())).id, 1)
        self.assertFalse(hasattr(chat, "down"))
        self.result(chat.sendDown(made.Down()))
        self.assertEqual([self.result(chat.readNumbered()).id for _ in "ab"], [2, 2])

    def test_raw(self) -> None:
        """
        Texts and bytes are sent and read as they are.
        """

        class PlainUpgrade(UpgradeService):
            def get(self) -> Plain:
                return Plain()

        _, chat = self.answers(Plain(), PlainUpgrade)
        self.result(chat.sendMessageText("hi"))
        self.assertEqual(self.result(chat.readText()), "hi")
        self.result(chat.sendMessageBinary(b"\xff"))
        self.assertEqual(self.result(chat.readBinary()), b"\xff")

    def test_xml(self) -> None:
        """
        XML is sent and read as elements.
        """

        _, chat = self.answers(Xml(), XmlUpgrade)
        self.result(chat.sendMessage(Element("hello")))
        self.assertEqual(self.result(chat.readXml()).tag, "hello")

    def test_parameters(self) -> None:
        """
        The parameters of a channel reach the service's C{get}, typed; and so do the fields of the client.
        """
        got: list[Any] = []

        class AskedUpgrade(UpgradeService):
            @get("rooms/{room}/{number}")
            def get(
                self,
                room: str,
                number: int,
                tag: list[str],
                xToken: Annotated[str, Header("X-Token")],
                limit: float = 1.5,
                loud: bool = True,
                since: str | None = None,
            ) -> Xml:
                got.append((room, number, tag, xToken, limit, loud, since))
                return Xml()

        network = MemoryNetwork()
        listener = Listener(network.endpoint(80), reactor=network.clock)
        listener.attach(AskedUpgrade(), "/chat")
        self.successResultOf(listener.start())
        made = clientOf(describe(AskedUpgrade, path="/chat"))
        given = {"endpoint": network.endpoint(80), "reactor": network.clock, "customHeaders": {"X-Other": "1"}}
        chat = self.result(
            made.ChatClient.connect("ws://localhost/", room="a b?", number=7, tag=["x", "y&"], xToken="t", **given)
        )
        self.assertIsInstance(chat, TypedClient)
        listener.attach(XmlUpgrade(), "/plain")
        plain = clientOf(describe(XmlUpgrade, path="/plain")).PlainClient
        del given["customHeaders"]
        self.assertIsInstance(self.result(plain.connect("ws://localhost", **given)), TypedClient)
        self.assertEqual(got, [("a b?", 7, ["x", "y&"], "t", 1.5, True, None)])
        work = made.ChatClient.connect("ws://localhost/", room="..", number=7, tag=[], xToken="")
        refused = Deferred.fromCoroutine(work)
        self.assertIn("room", self.failureResultOf(refused, Error).getErrorMessage())
