"""
Tests of L{balws.asyncapi.upgrade}.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from twisted.trial.unittest import SynchronousTestCase

from balws import Header, Hub, Request, Service, UpgradeService, get
from balws.asyncapi.catalogue import Catalogue, Found
from balws.asyncapi.upgrade import addressOf, bindingOf, parametersOf


class Room(Service):
    pass


class Plain(UpgradeService):
    def get(self) -> Room:
        return Room()


class Rich(UpgradeService):
    @get("rooms/{room}/{number}")
    def get(
        self,
        request: Request,
        room: str,
        number: int,
        tag: list[float],
        agent: Annotated[str | None, Header("User-Agent")],
        key: Annotated[list[str], Header("X-Key")],
        limit: Decimal = Decimal("1.50"),
        loud: bool = False,
        since: str | None = None,
    ) -> Room:
        """
        @param room: which.
        @param limit: how much.
        """
        return Room()


class UpgradeTests(SynchronousTestCase):
    """
    What a peer asks with.
    """

    def of(self, kind: type[UpgradeService], path: str) -> Found:
        catalogue = Catalogue(Hub())
        catalogue.attach(kind, path)
        return catalogue.found[0]

    def test_address(self) -> None:
        """
        The service's path, and that of its C{get} below it.
        """
        self.assertEqual(addressOf(self.of(Plain, "/chat")), "/chat")
        self.assertEqual(addressOf(self.of(Plain, "/")), "/")
        self.assertEqual(addressOf(self.of(Rich, "/")), "/rooms/{room}/{number}")
        self.assertEqual(addressOf(self.of(Rich, "/a")), "/a/rooms/{room}/{number}")

    def test_path(self) -> None:
        """
        Parameters of the path, with their types and what is said of them.
        """
        self.assertEqual(parametersOf(self.of(Plain, "/")), {})
        self.assertEqual(
            parametersOf(self.of(Rich, "/")),
            {
                "room": {"description": "which.", "x-schema": {"type": "string"}},
                "number": {"x-schema": {"type": "integer"}},
            },
        )

    def test_binding(self) -> None:
        """
        Query and headers: types, defaults, and what must be there.
        """
        self.assertEqual(bindingOf(self.of(Plain, "/")), {"method": "GET", "bindingVersion": "0.1.0"})
        binding = bindingOf(self.of(Rich, "/"))
        decimal = {"type": "string", "format": "decimal", "description": "how much.", "default": "1.50"}
        self.assertEqual(
            binding["query"],
            {
                "type": "object",
                "properties": {
                    "tag": {"type": "array", "items": {"type": "number"}},
                    "limit": decimal,
                    "loud": {"type": "boolean", "default": False},
                    "since": {"type": "string"},
                },
                "required": ["tag"],
            },
        )
        self.assertEqual(
            binding["headers"],
            {
                "type": "object",
                "properties": {
                    "User-Agent": {"type": "string"},
                    "X-Key": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["X-Key"],
            },
        )
