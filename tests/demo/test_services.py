"""
Tests of L{balws.demo.services}.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from balws import Caller, UpgradeError
from balws.demo.services import Chat, ChatUpgrade, Echo, EchoUpgrade


class Remembering:
    """
    A caller that remembers what was written to it.
    """

    def __init__(self) -> None:
        self.written: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        def write(value: Any) -> Deferred[None]:
            self.written.append((name, value))
            return succeed(None)

        return write


class EchoTests(SynchronousTestCase):
    """
    The specification's sample.
    """

    def test_echo(self) -> None:
        """
        Text comes back as text and bytes as bytes.
        """
        caller = Remembering()
        service = EchoUpgrade().get()
        self.assertIsInstance(service, Echo)
        self.successResultOf(service.onTextMessage(cast(Caller, caller), "Hello"))
        self.successResultOf(service.onBinaryMessage(cast(Caller, caller), b"\x00\xff"))
        self.assertEqual(
            caller.written, [("writeTextMessage", "Hello"), ("writeBinaryMessage", b"\x00\xff")]
        )

    def test_fresh(self) -> None:
        """
        Each connection has a service of its own.
        """
        door = EchoUpgrade()
        self.assertIsNot(door.get(), door.get())


class ChatTests(SynchronousTestCase):
    """
    The chat of the page.
    """

    def test_everybodyHears(self) -> None:
        """
        Coming, speaking and leaving are told to everybody, under the visitor's name.
        """
        caller = Remembering()
        service = ChatUpgrade().get("Ada")
        self.assertIsInstance(service, Chat)
        self.successResultOf(service.onOpen(cast(Caller, caller)))
        self.successResultOf(service.onTextMessage(cast(Caller, caller), "Good morning."))
        self.successResultOf(service.onClose(cast(Caller, caller)))
        self.assertEqual(
            caller.written,
            [
                ("broadcastText", "Ada has joined."),
                ("broadcastText", "Ada: Good morning."),
                ("broadcastText", "Ada has left."),
            ],
        )

    def test_names(self) -> None:
        """
        A name has 1 to 40 characters, and who gives none is somebody.
        """
        door = ChatUpgrade()
        self.assertEqual(door.get().name, "somebody")
        for name in ("A", "A" * 40):
            self.assertEqual(door.get(name).name, name)
        for name in ("", "A" * 41):
            self.assertRaises(UpgradeError, door.get, name)
