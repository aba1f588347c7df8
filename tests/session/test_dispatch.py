"""
Tests of L{balws.session.dispatch}.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from balws.errors import PayloadBindingError
from balws.interfaces import Service
from balws.session import dispatch
from balws.session.declare import dispatcherConfig
from balws.session.dispatch import Unbound, binaryDispatch, ignore, textDispatch
from balws.session.methods import MethodTable


@dataclass
class Order:
    """
    A message.
    """

    size: int


class Noting(Service):
    """
    Gives back what it was called with.
    """

    def onHeartbeat(self, data):  # type: ignore[no-untyped-def]
        """
        By name, as it was decoded.
        """
        return "onHeartbeat", data

    def onOrder(self, caller: Any, data: Order) -> Any:
        """
        By name, bound.
        """
        return "onOrder", caller, data

    @dispatcherConfig("un subscribe")
    def onLeave(self, data: str) -> Any:
        """
        By value, with the text.
        """
        return "onLeave", data


class WithText(Noting):
    """
    Takes other texts.
    """

    def onTextMessage(self, text: str) -> Any:
        """
        Any text.
        """
        return "onTextMessage", text

    def onClose(self) -> None:
        """
        Never reached by a message.
        """


class WithMessage(Noting):
    """
    Takes other messages of either kind.
    """

    def onMessage(self, data):  # type: ignore[no-untyped-def]
        """
        Anything.
        """
        return "onMessage", data


class DispatchTestCase(SynchronousTestCase):
    """
    Dispatches single messages.
    """

    def text(self, kind: type[Service], text: str, key: str | None = "event") -> Any:
        """
        @return: what dispatching a text gives.
        """
        return textDispatch(MethodTable(kind, key, True))(kind(), "caller", text)

    def binary(self, kind: type[Service], data: bytes, key: str | None = "event") -> Any:
        """
        @return: what dispatching bytes gives.
        """
        return binaryDispatch(MethodTable(kind, key, True))(kind(), "caller", data)


class PlainTests(DispatchTestCase):
    """
    Without a C{dispatcherKey}.
    """

    def test_text(self) -> None:
        """
        C{onTextMessage} gets texts, untouched.
        """

        class Talk(Service):
            def onTextMessage(self, caller: Any, text: str) -> Any:
                return caller, text

        for text in ("", "hello", '{"event": "order"}', "\ud7ff\U0001f600"):
            self.assertEqual(self.text(Talk, text, None), ("caller", text))
            self.assertEqual(self.text(Talk, text), ("caller", text))

    def test_binary(self) -> None:
        """
        C{onBinaryMessage} gets bytes, untouched.
        """

        class Talk(Service):
            def onBinaryMessage(self, data: bytes, caller: Any) -> Any:
                return data, caller

        for data in (b"", b"\x00\xff"):
            self.assertEqual(self.binary(Talk, data, None), (data, "caller"))

    def test_onMessage(self) -> None:
        """
        C{onMessage} gets both, bound to what it declares.
        """

        class Talk(Service):
            def onMessage(self, order: Order) -> Any:
                return order

        self.assertEqual(self.text(Talk, '{"size": 5}', None), Order(5))
        self.assertEqual(self.binary(Talk, b'{"size": 5}', None), Order(5))

    def test_onMessageUntyped(self) -> None:
        """
        C{onMessage} without a type gets str for text and bytes for binary messages.
        """
        self.assertEqual(self.text(WithMessage, "[1]", "kind"), ("onMessage", "[1]"))
        self.assertEqual(self.binary(WithMessage, b"[1]"), ("onMessage", b"[1]"))

    def test_ignored(self) -> None:
        """
        What no method takes is ignored.
        """
        self.assertIsNone(self.text(Service, "x", None))
        self.assertIsNone(self.binary(Service, b"x", None))

        class Talk(Service):
            def onTextMessage(self, text: str) -> str:
                return text

        self.assertIsNone(self.binary(Talk, b"x", None))

    def test_bufferKinds(self) -> None:
        """
        C{onBinaryMessage} gets the kind of bytes that it declares.
        """

        class Talk(Service):
            def onBinaryMessage(self, data: bytearray) -> Any:
                data += b"!"
                return data

        self.assertEqual(self.binary(Talk, b"x", None), bytearray(b"x!"))

    def test_unbound(self) -> None:
        """
        A message that is not of the declared type reaches nobody: the result says why.
        """

        class Talk(Service):
            def onMessage(self, order: Order) -> Any:
                raise AssertionError("called")

        for unbound in (self.text(Talk, '{"size": "x"}', None), self.binary(Talk, b'{"size": "x"}', None)):
            self.assertIsInstance(unbound, Unbound)
            self.assertEqual(unbound.method.name, "onMessage")
            self.assertEqual(unbound.error.place, "$.size")

    def test_ownBindingError(self) -> None:
        """
        A binding error that the method itself raises is the method's.
        """

        class Talk(Service):
            def onMessage(self, order: Order) -> Any:
                raise PayloadBindingError("mine")

        self.assertRaises(PayloadBindingError, self.text, Talk, '{"size": 5}', None)


class CustomTests(DispatchTestCase):
    """
    With a C{dispatcherKey} (table A4b, ruling 5).
    """

    def test_byName(self) -> None:
        """
        A method with the derived name gets the message: as a dict, or bound.
        """
        self.assertEqual(
            self.text(WithText, ' {"event": "heartbeat", "n": 1}'),
            ("onHeartbeat", {"event": "heartbeat", "n": 1}),
        )
        self.assertEqual(
            self.text(WithText, '{"event": "ORDER", "size": 5}'), ("onOrder", "caller", Order(5))
        )

    def test_byValue(self) -> None:
        """
        A method with the value gets it.
        """
        text = '{"event": "un subscribe"}'
        self.assertEqual(self.text(WithText, text), ("onLeave", text))

    def test_oneOfAKind(self) -> None:
        """
        One method is enough, reached by name or by value.
        """

        class ByName(Service):
            def onHeartbeat(self, data: Any) -> Any:
                return "name"

        class ByValue(Service):
            @dispatcherConfig("heartbeat")
            def onPulse(self, data: Any) -> Any:
                return "value"

        text = '{"event": "heartbeat"}'
        self.assertEqual((self.text(ByName, text), self.text(ByValue, text)), ("name", "value"))

    def test_order(self) -> None:
        """
        The value, then the derived name, then C{onTextMessage}, then C{onMessage}, then
        nothing (ruling 5).
        """

        class Both(Noting):
            @dispatcherConfig("order")
            def onValue(self, data: Any) -> Any:
                return "onValue"

            onOrder = None

        self.assertEqual(self.text(Both, '{"event": "order", "size": 5}'), "onValue")
        unmatched = '{"event": "unknown"}'
        self.assertEqual(self.text(WithText, unmatched), ("onTextMessage", unmatched))
        self.assertEqual(self.text(WithMessage, unmatched), ("onMessage", unmatched))
        self.assertIsNone(self.text(Noting, unmatched))

    def test_unmatched(self) -> None:
        """
        A missing key, a value that is no string, what is no object or no JSON at all: it is
        a message without a type (A4b.4).
        """
        for text in (
            "",
            "heartbeat",
            "{",
            "{}",
            '{"Event": "heartbeat"}',
            '{"event": null}',
            '{"event": 5}',
            '{"event": ["heartbeat"]}',
            '{"event": {"event": "heartbeat"}}',
            '{"event": true}',
            '{"event": ""}',
            '{"event": " "}',
            '{"event": "heartbeat"} x',
            '[{"event": "heartbeat"}]',
            '"heartbeat"',
            '{"event": "heartbeat", "n": NaN}',
            '{"event": "heartbeat", "n": ' + "[" * 64 + "]" * 64 + "}",
            '{"event": "heartbeat' + "t" * 200 + '"}',
        ):
            self.assertEqual(self.text(WithText, text), ("onTextMessage", text))
            self.assertEqual(self.text(WithMessage, text), ("onMessage", text))
            self.assertIsNone(self.text(Noting, text))

    def test_reserved(self) -> None:
        """
        No message calls a fixed method by its type, nor one for errors (decision 7).
        """

        class Talk(WithText):
            def onOpen(self) -> Any:
                raise AssertionError("called")

            def onClose(self) -> Any:
                raise AssertionError("called")

            def onError(self, error: Any) -> Any:
                raise AssertionError("called")

            def onPing(self, data: bytes) -> Any:
                raise AssertionError("called")

            def onOrderError(self, error: Any) -> Any:
                raise AssertionError("called")

        for value in ("open", "close", "error", "ping", "text message", "TEXT_MESSAGE", "order error"):
            text = json.dumps({"event": value})
            self.assertEqual(self.text(Talk, text), ("onTextMessage", text))

    def test_binary(self) -> None:
        """
        Binary messages have no type, whatever they hold (A4b.4).
        """
        data = b'{"event": "heartbeat"}'
        self.assertIsNone(self.binary(WithText, data))
        self.assertEqual(self.binary(WithMessage, data), ("onMessage", data))

    def test_duplicateKeys(self) -> None:
        """
        Of a key that stands twice the last counts, for the choice and for the data
        (decision 8).
        """
        text = '{"event": "order", "size": 1, "event": "heartbeat", "size": 2}'
        self.assertEqual(
            self.text(WithText, text), ("onHeartbeat", {"event": "heartbeat", "size": 2})
        )
        text = '{"event": "heartbeat", "size": 1, "event": "order", "size": 2}'
        self.assertEqual(self.text(WithText, text), ("onOrder", "caller", Order(2)))

    def test_once(self) -> None:
        """
        The data are those that the choice was made by: nothing is decoded twice.
        """
        decoded = []

        def decode(text: str) -> Any:
            decoded.append(json.loads(text))
            return decoded[-1]

        with mock.patch.object(dispatch, "decodeObject", decode):
            _, data = self.text(WithText, '{"event": "heartbeat"}')
            self.assertIs(data, decoded[0])
            self.text(WithText, '{"event": "order", "size": 5}')
        self.assertEqual(len(decoded), 2)

    def test_otherKey(self) -> None:
        """
        The key may be any text.
        """
        self.assertEqual(
            self.text(WithText, '{"the kind": "heartbeat"}', "the kind"),
            ("onHeartbeat", {"the kind": "heartbeat"}),
        )

    def test_again(self) -> None:
        """
        The second message of a type goes the same way as the first.
        """
        dispatched = textDispatch(MethodTable(WithText, "event", True))
        text = '{"event": "order", "size": 5}'
        service = WithText()
        self.assertEqual([dispatched(service, "caller", text) for _ in range(3)], [("onOrder", "caller", Order(5))] * 3)

    def test_unbound(self) -> None:
        """
        A message of a known type that is not what the method declares says so.
        """
        unbound = self.text(WithText, '{"event": "order"}')
        self.assertIsInstance(unbound, Unbound)
        self.assertEqual(unbound.method.name, "onOrder")

    def test_noCustomMethods(self) -> None:
        """
        A key with no method of custom dispatch changes nothing.
        """

        class Talk(Service):
            def onTextMessage(self, text: str) -> Any:
                return text

        text = '{"event": "x"}'
        with mock.patch.object(dispatch, "decodeObject") as decode:
            self.assertEqual(self.text(Talk, text), text)
        decode.assert_not_called()

    def test_ignore(self) -> None:
        """
        To ignore a message is to answer nothing.
        """
        self.assertIsNone(ignore(Service(), "caller", "x"))
