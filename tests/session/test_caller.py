"""
Tests of L{balws.session.caller}.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from enum import Enum
from typing import Any
from weakref import ref
from xml.etree.ElementTree import Element

from attrs.exceptions import FrozenInstanceError
from twisted.internet.interfaces import ISSLTransport
from zope.interface import directlyProvides

from balws.errors import ConnectionClosureError, CorruptedFrameError
from balws.hub.hub import Hub
from balws.interfaces import Service
from balws.session.caller import Caller, RequestSnapshot
from tests.session.doubles import ConversationTestCase, Mounted, Peer, Recorder, talk


@dataclass
class Order:
    """
    Something to send.
    """

    size: int


class Word(str, Enum):
    """
    A string that is more.
    """

    HELLO = "hello"


class Opaque:
    """
    Something that there is no JSON for.
    """


class WriteTests(ConversationTestCase):
    """
    Messages and control frames.
    """

    def setUp(self) -> None:
        """
        Connect.
        """
        super().setUp()
        self.peer = talk(Service())
        self.caller = self.peer.caller

    def test_text(self) -> None:
        """
        A text is sent as it is, and is on its way at once.
        """
        for text in ("", "hello", "ünï\U0001f600", "x" * 125, "x" * 126, "x" * 65536):
            self.assertIsNone(self.successResultOf(self.caller.writeTextMessage(text)))
            self.assertEqual(self.peer.heard(), [text])

    def test_oldNames(self) -> None:
        """
        C{pushText} and C{sendText}, the names of 2017, do the same.
        """
        self.successResultOf(self.caller.pushText("a"))
        self.successResultOf(self.caller.sendText("b"))
        self.assertEqual(self.peer.heard(), ["a", "b"])

    def test_binary(self) -> None:
        """
        Bytes of any kind are sent as a binary message.
        """
        for data in (b"", b"\x00\xff", bytearray(b"x"), memoryview(b"y")):
            self.assertIsNone(self.successResultOf(self.caller.writeBinaryMessage(data)))
            self.assertEqual(self.peer.heard(), [bytes(data)])

    def test_value(self) -> None:
        """
        Text and XML go as text, bytes as binary, everything else as JSON (A5.14).
        """
        element = Element("a")
        element.text = "b"
        values: list[tuple[Any, str | bytes]] = [
            ("text", "text"),
            (Word.HELLO, "hello"),
            (b"bytes", b"bytes"),
            (bytearray(b"bytes"), b"bytes"),
            (element, "<a>b</a>"),
            (None, "null"),
            (True, "true"),
            (5, "5"),
            ({"a": [1]}, '{"a":[1]}'),
            (Order(5), '{"size":5}'),
        ]
        for value, expected in values:
            self.assertIsNone(self.successResultOf(self.caller.writeMessage(value)))
            self.assertEqual(self.peer.heard(), [expected])

    def test_wrongTypes(self) -> None:
        """
        What cannot be written fails, sends nothing, and the connection goes on.
        """
        view: Any = memoryview(bytes(300))
        failures: list[tuple[Any, type[Exception]]] = [
            (self.caller.writeTextMessage(b"bytes"), TypeError),  # type: ignore[arg-type]
            (self.caller.writeTextMessage(None), TypeError),  # type: ignore[arg-type]
            (self.caller.writeTextMessage("\ud800"), ValueError),
            (self.caller.writeBinaryMessage("text"), TypeError),  # type: ignore[arg-type]
            (self.caller.writeMessage(Opaque()), TypeError),
            (self.caller.writeMessage(float("nan")), ValueError),
            (self.caller.writeMessage("\ud800"), ValueError),
            (self.caller.ping("text"), TypeError),  # type: ignore[arg-type]
            (self.caller.ping(5), TypeError),  # type: ignore[arg-type]
            (self.caller.pong(None), TypeError),  # type: ignore[arg-type]
            (self.caller.ping(view), CorruptedFrameError),
            (self.caller.broadcastText(b"bytes"), TypeError),  # type: ignore[arg-type]
            (self.caller.broadcastText("\ud800"), ValueError),
            (self.caller.broadcastBinary("text"), TypeError),  # type: ignore[arg-type]
            (self.caller.broadcastMessage(Opaque()), TypeError),
        ]
        for deferred, kind in failures:
            self.failureResultOf(deferred, kind)
        self.assertEqual(self.peer.heard(), [])
        self.assertTrue(self.caller.isOpen())
        self.quiet()

    def test_ping(self) -> None:
        """
        Pings and pongs carry up to 125 bytes of any kind, by default none.
        """
        for data in (b"", b"x", bytes(124), bytes(125), bytearray(b"y"), memoryview(b"z")):
            self.assertIsNone(self.successResultOf(self.caller.ping(data)))
            self.assertIsNone(self.successResultOf(self.caller.pong(data)))
            self.assertEqual(self.peer.heard(), [("ping", bytes(data)), ("pong", bytes(data))])
        self.caller.ping()
        self.caller.pong()
        self.assertEqual(self.peer.heard(), [("ping", b""), ("pong", b"")])

    def test_pingTooLong(self) -> None:
        """
        A control frame of 126 bytes is refused, and nothing is sent (A5.19).
        """
        for write in (self.caller.ping, self.caller.pong):
            self.failureResultOf(write(bytes(126)), CorruptedFrameError)
        self.assertEqual(self.peer.heard(), [])

    def test_wideView(self) -> None:
        """
        A view of wide items is measured in bytes.
        """
        view: Any = memoryview(bytes(8)).cast("I")
        self.caller.ping(view)
        self.assertEqual(self.peer.heard(), [("ping", bytes(8))])

    def test_slowPeer(self) -> None:
        """
        While the peer does not keep up a write waits; messages keep their order.
        """
        self.peer.congest()
        waiting = [self.caller.writeTextMessage("a"), self.caller.writeMessage(1), self.caller.ping(b"x")]
        for deferred in waiting:
            self.assertNoResult(deferred)
        self.peer.relieve()
        for deferred in waiting:
            self.assertIsNone(self.successResultOf(deferred))
        self.assertEqual(self.peer.heard(), ["a", "1", ("ping", b"x")])


class ClosedTests(ConversationTestCase):
    """
    After closure.
    """

    def writes(self, peer: Peer) -> list[Any]:
        """
        @return: one of each write.
        """
        caller = peer.caller
        return [
            caller.writeTextMessage("x"),
            caller.pushText("x"),
            caller.writeBinaryMessage(b"x"),
            caller.writeMessage({}),
            caller.ping(),
            caller.pong(),
        ]

    def test_fails(self) -> None:
        """
        Writes fail with L{ConnectionClosureError}, whoever closed.
        """
        for end in ("close", "leave", "close()", "fail"):
            peer = talk(Service())
            if end == "close":
                peer.close()
            elif end == "leave":
                peer.leave()
            elif end == "close()":
                peer.caller.close()
            else:
                peer.send(b"\xff\xff")
            peer.heard()
            self.assertFalse(peer.caller.isOpen())
            for deferred in self.writes(peer):
                self.failureResultOf(deferred, ConnectionClosureError)
            self.assertEqual(peer.heard(), [])

    def test_text(self) -> None:
        """
        The error says what could not be sent (B5).
        """
        peer = talk(Service())
        peer.close()
        self.assertEqual(
            [self.failureResultOf(deferred).getErrorMessage() for deferred in self.writes(peer)[1:4]],
            [
                "Close frame already sent. Cannot push text data!",
                "Close frame already sent. Cannot push binary data!",
                "Close frame already sent. Cannot push text data!",
            ],
        )

    def test_quiet(self) -> None:
        """
        Where nobody looks at the Deferreds, nothing is said of it: a peer that left is no
        event.
        """
        peer = talk(Service())
        peer.close()
        self.writes(peer)
        peer.caller.close()
        self.quiet()

    def test_waiting(self) -> None:
        """
        A write that waits for a slow peer fails when the peer leaves, quietly.
        """
        peer = talk(Service())
        peer.congest()
        looked, ignored = peer.caller.writeTextMessage("a"), peer.caller.writeTextMessage("b")
        peer.leave()
        self.failureResultOf(looked, ConnectionClosureError)
        del ignored
        self.quiet()

    def test_broadcast(self) -> None:
        """
        A broadcast still reaches the others; who is gone hears nothing and nothing fails.
        """
        mounted = Mounted()
        peer, other = mounted.connect(Service()), mounted.connect(Service())
        peer.close()
        peer.heard()
        self.successResultOf(peer.caller.broadcastText("bye"))
        peer.leave()
        self.successResultOf(peer.caller.broadcastText("gone"))
        self.assertEqual((peer.heard(), other.heard()), ([], ["bye", "gone"]))


class BroadcastTests(ConversationTestCase):
    """
    Everybody connected to a service.
    """

    def test_everybody(self) -> None:
        """
        A broadcast reaches everybody connected to the service, the sender too, and nobody
        else.
        """
        hub = Hub()
        mounted = Mounted(hub=hub, path="/chat")
        peers = [mounted.connect(Service()) for _ in range(3)]
        elsewhere = Mounted(hub=hub, path="/other").connect(Service())
        caller = peers[0].caller
        self.assertIsNone(self.successResultOf(caller.broadcastText("text")))
        self.assertIsNone(self.successResultOf(caller.broadcastBinary(bytearray(b"bytes"))))
        self.assertIsNone(self.successResultOf(caller.broadcastBinary(memoryview(b"view"))))
        self.assertIsNone(self.successResultOf(caller.broadcastMessage(Order(5))))
        for peer in peers:
            self.assertEqual(peer.heard(), ["text", b"bytes", b"view", '{"size":5}'])
        self.assertEqual(elsewhere.heard(), [])

    def test_waitsForNobody(self) -> None:
        """
        A peer that does not read delays no broadcast.
        """
        mounted = Mounted()
        slow, fast = mounted.connect(Service()), mounted.connect(Service())
        slow.congest()
        self.successResultOf(fast.caller.broadcastText("x"))
        self.assertEqual(fast.heard(), ["x"])

    def test_hub(self) -> None:
        """
        C{caller.hub} is the hub of the listener.
        """
        hub = Hub()
        self.assertIs(Mounted(hub=hub).connect(Service()).caller.hub, hub)


class AboutTests(ConversationTestCase):
    """
    What a caller tells of its connection.
    """

    def test_connectionId(self) -> None:
        """
        Every connection has a name of its own, always the same and hard to guess.
        """
        mounted = Mounted()
        callers = [mounted.connect(Service()).caller for _ in range(100)]
        names = [caller.getConnectionId() for caller in callers]
        self.assertEqual(len(set(names)), 100)
        self.assertEqual([caller.getConnectionId() for caller in callers], names)
        self.assertTrue(all(len(name) == 32 for name in names))

    def test_isOpen(self) -> None:
        """
        A connection is open from C{onOpen} until a close frame goes or comes.
        """
        seen = []

        class Talk(Recorder):
            def onOpen(self, caller: Caller) -> None:
                seen.append(caller.isOpen())

            def onClose(self, caller: Caller) -> None:
                seen.append(caller.isOpen())

        peer = talk(Talk())
        seen.append(peer.caller.isOpen())
        peer.close()
        seen.append(peer.caller.isOpen())
        peer.leave()
        self.assertEqual(seen, [True, True, False, False])

    def test_isSecure(self) -> None:
        """
        A connection is secure where TLS carries it.
        """
        peer = talk(Service())
        self.assertIs(peer.caller.isSecure(), False)
        directlyProvides(peer.transport, ISSLTransport)
        self.assertIs(peer.caller.isSecure(), True)

    def test_upgrade(self) -> None:
        """
        What was agreed on in the upgrade is known; L{None} where there is nothing.
        """
        peer = talk(Service())
        caller = peer.caller
        self.assertEqual(
            (caller.getNegotiatedSubProtocol(), caller.getHttpRequest(), caller.getPrincipal()), (None, None, None)
        )
        request = RequestSnapshot("GET", "/chat", {}, {})
        peer.connection.subProtocol, peer.connection.request, peer.connection.principal = "xml", request, "alice"
        self.assertEqual(
            (caller.getNegotiatedSubProtocol(), caller.getHttpRequest(), caller.getPrincipal()),
            ("xml", request, "alice"),
        )

    def test_attributes(self) -> None:
        """
        An application keeps notes with a connection, each connection its own.
        """
        mounted = Mounted()
        caller, other = mounted.connect(Service()).caller, mounted.connect(Service()).caller
        self.assertIsNone(caller.getAttribute("name"))
        self.assertIsNone(caller.removeAttribute("name"))
        caller.setAttribute("name", "Ada")
        caller.setAttribute("age", 36)
        self.assertEqual((caller.getAttribute("name"), other.getAttribute("name")), ("Ada", None))
        caller.setAttribute("name", "Grace")
        self.assertEqual(caller.removeAttribute("name"), "Grace")
        self.assertEqual((caller.getAttribute("name"), caller.getAttribute("age")), (None, 36))
        self.assertIsNone(caller.removeAttribute("name"))

    def test_weak(self) -> None:
        """
        An application may look at callers without keeping them.
        """
        peer = talk(Service())
        seen = ref(peer.caller)
        peer.leave()
        del peer
        gc.collect()
        self.assertIsNone(seen())


class SnapshotTests(ConversationTestCase):
    """
    The upgrade request as it was.
    """

    def test_immutable(self) -> None:
        """
        Nothing of it can be changed, also not by whoever made it.
        """
        headers = {"origin": ("http://a",)}
        request = RequestSnapshot(method="GET", path="/", arguments={"a": ("1", "2")}, headers=headers)
        headers.clear()
        self.assertEqual(request.headers["origin"], ("http://a",))
        self.assertEqual(request.arguments, {"a": ("1", "2")})
        fields: Any = request.arguments
        with self.assertRaises(TypeError):
            fields["a"] = ()
        self.assertRaises(FrozenInstanceError, setattr, request, "path", "/other")

    def test_equal(self) -> None:
        """
        Two of the same content are equal.
        """
        self.assertEqual(
            RequestSnapshot("GET", "/", {"a": ("1",)}, {}), RequestSnapshot("GET", "/", {"a": ("1",)}, {})
        )
