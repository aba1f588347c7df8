"""
Tests of L{balws.asyncapi.schemas}.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.schemas import Schemas, draft7, isOpen


class Leaf(Struct, tag_field="kind", tag="leaf"):
    """
    A C{leaf}.
    """

    at: datetime.datetime
    clock: datetime.time | None = None


class Branch(Struct, tag_field="kind", tag="branch"):
    kids: list[Leaf | Branch]
    first: Leaf = None  # type: ignore[assignment]
    lists: list[int] | dict[str, list[datetime.time]] | None = None
    many: list | None = None  # type: ignore[type-arg]
    days: dict[str, datetime.datetime] = {}
    pair: tuple[int, datetime.datetime] | None = None


@dataclass
class Odd:
    what: object
    leaf: Leaf | None = None
    price: Decimal = Decimal(1)


class SchemaTests(SynchronousTestCase):
    """
    Types in the words of AsyncAPI.
    """

    def test_components(self) -> None:
        """
        Classes are named once, in order, and referred to.
        """
        schemas = Schemas([Branch, list[Leaf], Leaf | Branch])
        self.assertEqual(list(schemas.components), ["Branch", "Leaf"])
        self.assertEqual(schemas.of(Branch), {"$ref": "#/components/schemas/Branch"})
        self.assertEqual(schemas.resolved(schemas.of(Branch)), schemas.components["Branch"])
        self.assertEqual(schemas.of(list[Leaf])["items"], {"$ref": "#/components/schemas/Leaf"})
        self.assertEqual(schemas.of(Leaf | Branch)["discriminator"], "kind")
        leaf = schemas.components["Leaf"]
        self.assertEqual(leaf["description"], "A `leaf`.")
        self.assertEqual(leaf["properties"]["kind"], {"const": "leaf"})
        self.assertEqual(leaf["required"], ["kind", "at"])

    def test_times(self) -> None:
        """
        Times are said to be times, wherever they stand.
        """
        noted = Annotated[datetime.datetime, Meta(description="when")]
        schemas = Schemas([Branch, datetime.datetime, list[datetime.time], noted])
        self.assertEqual(schemas.of(noted)["format"], "date-time")
        at = {"type": "string", "format": "date-time"}
        self.assertEqual(schemas.of(datetime.datetime), at)
        self.assertEqual(schemas.of(list[datetime.time])["items"]["format"], "time")
        self.assertEqual(schemas.components["Leaf"]["properties"]["at"], at)
        self.assertEqual(schemas.components["Leaf"]["properties"]["clock"]["anyOf"][0]["format"], "time")
        branch = schemas.components["Branch"]["properties"]
        self.assertEqual(branch["days"]["additionalProperties"], at)
        self.assertEqual(branch["pair"]["anyOf"][0]["items"], [{"type": "integer"}, at])
        self.assertEqual(branch["lists"]["anyOf"][1]["additionalProperties"]["items"]["format"], "time")
        self.assertIs(branch["pair"]["anyOf"][0]["additionalItems"], False)

    def test_anything(self) -> None:
        """
        What may be anything, and what no schema can say, is anything.
        """
        schemas = Schemas([Odd, dict[str, object], Any, set[complex]])
        self.assertEqual(schemas.components["Odd"]["properties"]["what"], {})
        self.assertEqual(schemas.of(dict[str, object])["type"], "object")
        self.assertEqual((schemas.of(Any), schemas.of(set[complex]), schemas.of(int)), ({}, {}, {}))
        self.assertTrue(isOpen(schemas.of(dict[str, object])))
        self.assertTrue(isOpen({}))
        self.assertFalse(isOpen({"type": "string"}))
        self.assertFalse(isOpen(schemas.components["Odd"]))

    def test_draft7(self) -> None:
        """
        What stands beside a reference is still heard in draft 7; values are left as they are.
        """
        self.assertEqual(
            draft7({"$ref": "#/a", "default": {"prefixItems": 1}}),
            {"allOf": [{"$ref": "#/a"}], "default": {"prefixItems": 1}},
        )
        self.assertEqual(draft7(msgspec.json.schema(Literal["a"])), {"const": "a"})
        self.assertEqual(draft7({"properties": {"items": {"enum": [1, 2]}}, "required": []}), {
            "properties": {"items": {"enum": [1, 2]}}
        })

    def test_together(self) -> None:
        """
        However many types there are, msgspec looks at all of them together, and one by one only where
        it does not know one.
        """
        calls = []
        known = msgspec.json.schema_components

        def counted(types: list[Any], **options: Any) -> Any:
            calls.append(len(types))
            return known(types, **options)

        self.patch(msgspec.json, "schema_components", counted)
        kinds = [msgspec.defstruct(f"Kind{number}", [("a", int)]) for number in range(50)]
        self.assertEqual(len(Schemas(kinds).components), 50)
        self.assertEqual(calls, [50, 50])
        self.assertEqual(len(Schemas([*kinds[:2], SynchronousTestCase]).components), 2)
        self.assertEqual(calls[2:], [3, 1, 1, 1, 2])
