"""
Tests of L{balws.asyncapi.sample}.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.sample import NO_SAMPLE, sampleOf
from balws.asyncapi.schemas import Schemas


class Rich(Struct):
    at: datetime.datetime
    day: datetime.date
    clock: datetime.time
    span: datetime.timedelta
    key: UUID
    price: Decimal
    data: bytes
    side: Literal["a", "b"]
    name: Annotated[str, Meta(min_length=9, max_length=10)]
    word: Annotated[str, Meta(examples=["hello"])]
    count: Annotated[int, Meta(ge=3, multiple_of=5)]
    more: Annotated[int, Meta(gt=10)]
    less: Annotated[int, Meta(lt=-10)]
    few: Annotated[list[int], Meta(min_length=2)]
    pair: tuple[int, str]
    ratio: float
    flag: bool
    none: None
    any: Any
    table: dict[str, int]
    friend: Rich | None = None


class SampleTests(SynchronousTestCase):
    """
    Examples.
    """

    def test_rich(self) -> None:
        """
        An example is of its type, with its constraints.
        """
        schemas = Schemas([Rich])
        sample = sampleOf(schemas.of(Rich), schemas.components)
        read = msgspec.convert(sample, Rich, strict=False)
        self.assertEqual((read.word, read.count, read.more, read.less), ("hello", 5, 11, -11))
        self.assertEqual(read.few, [1, 1])

    def test_small(self) -> None:
        """
        What has nothing in it, what may be missing, and several types.
        """
        pattern = {"type": "string", "pattern": "x"}
        for schema, sample in (
            ({"type": "array", "items": {}}, []),
            ({"type": "array", "items": {"type": "integer"}, "maxItems": 0}, []),
            ({"type": "array", "items": {"type": "integer"}, "minItems": 10}, [1] * 10),
            ({"type": "object", "properties": {"a": pattern, "b": {}}}, {"b": "anything"}),
            ({"type": ["string", "integer"]}, "text"),
            ({"anyOf": [pattern, {"type": "boolean"}]}, True),
        ):
            self.assertEqual(sampleOf(schema, {}), sample)

    def test_none(self) -> None:
        """
        Where none can be told there is none.
        """
        for schema in (
            {},
            {"type": "string", "pattern": "^a$"},
            {"type": "string", "minLength": 1001},
            {"type": "object"},
            {"type": "array", "items": {"type": "integer"}, "minItems": 11},
            {"type": "array", "items": [{}]},
            {"type": "array", "items": {}, "minItems": 1},
            {"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": True},
            {"type": "integer", "minimum": 1, "maximum": 2, "multipleOf": 5},
            {"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}, "required": ["a"]},
            {"$ref": "#/components/schemas/Loop"},
            {"allOf": [{"type": "string"}, {"type": "integer"}]},
        ):
            loop = {"Loop": {"$ref": "#/components/schemas/Loop"}}
            self.assertIs(sampleOf(schema, loop), NO_SAMPLE, schema)
