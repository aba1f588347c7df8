"""
Tests of L{balws.asyncapi.written}.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from twisted.trial.unittest import SynchronousTestCase

from balws import Caller, Service, ServiceDefinitionError, UpgradeService, get
from balws.asyncapi.content import BINARY, JSON, TEXT
from balws.asyncapi.written import writtenBy


class News(Struct):
    a: int


class Base(Service):
    def tell(self, caller: Caller) -> None:
        later = [lambda: caller.broadcastBinary(b"")]
        later[0]()


class Writing(Base):
    async def onTextMessage(self, caller: Caller, text: str) -> None:
        await caller.writeTextMessage(text)


class Pushing(UpgradeService):
    def changed(self, hub: Any) -> None:
        hub.pushMessageToGroup("a", 1)

    @get("{a}")
    def get(self, a: str) -> Writing:
        return Writing()


class Declaring(Writing):
    sends = (News, str)


class WrittenTests(SynchronousTestCase):
    """
    What classes send by themselves.
    """

    def kinds(self, kind: type) -> list[str]:
        return [content.contentType for content in writtenBy(kind)]

    def test_code(self) -> None:
        """
        What the code of a class and of its bases writes, pushes or broadcasts, in functions of
        functions too.
        """
        self.assertEqual(self.kinds(Writing), [TEXT, BINARY])
        self.assertEqual(self.kinds(Pushing), [JSON])
        self.assertEqual(self.kinds(Service), [])

    def test_wrong(self) -> None:
        """
        What is no type is refused by its place.
        """
        for odd in ("a name", 7):

            class Wrong(Service):
                sends = (odd,)

            self.assertIn("Wrong.sends", str(self.assertRaises(ServiceDefinitionError, writtenBy, Wrong)))

    def test_declared(self) -> None:
        """
        What a class declares in C{sends} stands in place of what is found.
        """
        self.assertEqual([content.annotation for content in writtenBy(Declaring)], [News, str])
