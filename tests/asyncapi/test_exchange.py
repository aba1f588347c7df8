"""
Tests of L{balws.asyncapi.exchange}.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from xml.etree.ElementTree import Element

from msgspec import Meta, Struct
from twisted.trial.unittest import SynchronousTestCase

from balws import Service, ServiceDefinitionError, dispatcherConfig
from balws.asyncapi.content import BINARY, JSON, TEXT, XML
from balws.asyncapi.exchange import Exchange, exchangesOf
from balws.session.methods import MethodTable


class Tagged(Struct, tag_field="event", tag="TAGGED!"):
    a: int


class Named(Struct):
    event: Literal["na-med"]


class ExchangeTests(SynchronousTestCase):
    """
    What methods take.
    """

    def of(self, kind: type, key: str | None = "event") -> dict[str, Exchange]:
        return {exchange.name: exchange for exchange in exchangesOf(MethodTable(kind, key, True))}

    def test_values(self) -> None:
        """
        The value that reaches a method is its decorator's, its data's own, or made of its name.
        """

        class Chat(Service):
            def onHeartbeat(self, data: dict[str, Any]) -> None:
                """
                I am here.
                """

            def onUnSubscribe(self, data: Named | int) -> None: ...

            def onTagged(self, data: Tagged) -> None: ...

            def onNaMed(self, data: Named) -> None: ...

            def onStep2(self, data) -> None: ...  # type: ignore[no-untyped-def]

            def onNoted(self, data: Annotated[Tagged, Meta(description="x")]) -> None: ...

            @dispatcherConfig("leave now")
            def onLeave(self, text: str) -> None: ...

        found = self.of(Chat)
        self.assertEqual(
            {name: each.value for name, each in found.items()},
            {
                "heartbeat": "heartbeat",
                "unSubscribe": "un_subscribe",
                "tagged": "TAGGED!",
                "naMed": "na-med",
                "step2": "step2",
                "noted": "noted",
                "leave": "leave now",
            },
        )
        self.assertEqual(found["heartbeat"].said.summary, "I am here.")
        self.assertEqual([each.takes[0].annotation for each in (found["leave"], found["step2"])], [Any, Any])

    def test_unreachable(self) -> None:
        """
        A method that no value leads to is named, with the mend.
        """

        class Chat(Service):
            def onGet_it(self, data: dict[str, Any]) -> None: ...

        words = str(self.assertRaises(ServiceDefinitionError, self.of, Chat))
        self.assertIn("Chat.onGet_it", words)
        self.assertIn("dispatcherConfig", words)

    def test_fixed(self) -> None:
        """
        The fixed methods take what they are for; those of the connection's life take nothing.
        """

        class Chat(Service):
            def onOpen(self) -> str:
                return ""

            def onMessage(self, data: str | Element | Named) -> int:
                return 1

            def onClose(self) -> None: ...

        found = self.of(Chat, None)
        self.assertEqual([each.contentType for each in found["message"].takes], [TEXT, XML, JSON])
        self.assertEqual((found["open"].takes, found["close"].takes), ((), ()))
        self.assertEqual(found["open"].answers.contents[0].contentType, TEXT)

        class Raw(Service):
            def onTextMessage(self, text: str) -> None: ...

            def onBinaryMessage(self, data: bytes) -> None: ...

        found = self.of(Raw, None)
        taken = [found[each].takes[0].contentType for each in ("textMessage", "binaryMessage")]
        self.assertEqual(taken, [TEXT, BINARY])

        class Bare(Service):
            def onMessage(self, data) -> None: ...  # type: ignore[no-untyped-def]

        self.assertEqual([each.contentType for each in self.of(Bare, None)["message"].takes], [TEXT, BINARY])

    def test_strict(self) -> None:
        """
        What does not bind closes the connection where no method takes the error.
        """

        class Strict(Service):
            def onMessage(self, data: int) -> None: ...

        class Own(Strict):
            def onMessageError(self, error: Exception) -> None: ...

        class All(Strict):
            def onError(self, error: Exception) -> None: ...

        self.assertEqual([self.of(kind, None)["message"].isStrict for kind in (Strict, Own, All)], [True, False, False])
