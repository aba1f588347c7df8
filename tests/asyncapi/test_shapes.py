"""
Tests of L{balws.asyncapi.shapes}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi import shapes
from balws.asyncapi.names import Names
from balws.asyncapi.reading import Source
from balws.asyncapi.shapes import Shapes, defaultOf
from balws.errors import ConfigurationError


class ShapeTests(SynchronousTestCase):
    """
    From schemas to types.
    """

    def of(self, schema: Any, root: dict[str, Any] | None = None) -> str:
        self.shapes = Shapes(Source(root or {}), Names(), ["event"])
        return self.shapes.of(schema, "Name", "#/here").code

    def test_plain(self) -> None:
        """
        Types of JSON are those of Python.
        """
        for schema, code in (
            ({"type": "string"}, "str"),
            ({"type": "string", "format": "date-time"}, "datetime.datetime"),
            ({"type": "string", "format": "what?"}, "str"),
            ({"type": "string", "format": ["x"]}, "str"),
            ({"type": "string", "contentEncoding": "base64"}, "bytes"),
            ({"type": "integer"}, "int"),
            ({"type": "number"}, "float"),
            ({"type": "boolean"}, "bool"),
            ({"type": "null"}, "None"),
            ({"type": ["string", "null"]}, "str | None"),
            ({"type": "array"}, "list[Any]"),
            ({"type": "array", "items": {"type": "string"}}, "list[str]"),
            ({"type": "array", "items": [{"type": "string"}], "minItems": 1}, "tuple[str]"),
            ({"type": "array", "items": [{"type": "string"}]}, "list[Any]"),
            ({"type": "array", "items": []}, "list[Any]"),
            ({"type": "object"}, "dict[str, Any]"),
            ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
            ({"type": "object", "properties": {'a"': {}}}, "dict[str, Any]"),
            ({"type": "object", "properties": {"a\n": {}}}, "dict[str, Any]"),
            ({"const": "a"}, 'Literal["a"]'),
            ({"enum": ["a", 1, None, "a"]}, 'Literal["a"] | Literal[1] | None'),
            ({"enum": [True, 1.5, False]}, "bool | float"),
            ({"enum": [[]]}, "Any"),
            ({"enum": "a"}, "Any"),
            ({"const": 2**70}, "Any"),
            ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "int | None"),
            ({"allOf": [{"type": "integer"}]}, "int"),
            ({"allOf": [{"type": "integer"}, {"type": "string"}]}, "Any"),
            ({"schemaFormat": "application/schema+json", "schema": {"type": "integer"}}, "int"),
            ({"type": "what?"}, "Any"),
            ({"type": {}}, "Any"),
            ({}, "Any"),
            (True, "Any"),
            ("x", "Any"),
        ):
            self.assertEqual(self.of(schema), code, schema)

    def test_record(self) -> None:
        """
        An object with properties is a class; those with defaults, and those that may be missing, come last.
        """
        schema = {
            "description": "An order.",
            "properties": {"b": {"type": "string", "default": "x"}, "c": {"type": "integer"}, "a": {}, "str": {}},
            "required": ["a", 7],
        }
        self.assertEqual(self.of(schema), "Name")
        (record,) = self.shapes.records
        self.assertEqual((record.name, record.words, record.tag), ("Name", ("An order.",), None))
        self.assertEqual(
            [(field.name, field.key, field.kind.code, field.default) for field in record.fields],
            [
                ("a", "a", "Any", None),
                ("b", "b", "str", '"x"'),
                ("c", "c", "int | None", "None"),
                ("str_", "str", "Any", "None"),
            ],
        )

    def test_merged(self) -> None:
        """
        What C{allOf} asks of an object is one class; what is said more closely counts.
        """
        base = {"properties": {"id": {"type": "integer"}, "event": {"type": "string"}}, "required": ["id"]}
        mark = {"properties": {"event": {"const": "a"}, "id": {}}, "required": ["event"]}
        further = {"allOf": [{"properties": {"z": {"type": "string"}}, "required": ["z"]}]}
        self.assertEqual(self.of({"allOf": [{"$ref": "#/base"}, mark, further, 7]}, {"base": base}), "Name")
        (record,) = self.shapes.records
        self.assertEqual(record.tag, ("event", "a"))
        self.assertEqual([(field.key, field.kind.code) for field in record.fields], [("id", "int"), ("z", "str")])

    def test_tag(self) -> None:
        """
        The key of the channel tells records apart before others do, and what must be there before what
        may be missing.
        """
        for properties, tag in (
            ({"odd": True, "kind": {"const": "k"}}, ("kind", "k")),
            ({"kind": {"const": "k"}, "event": {"const": "e"}}, ("event", "e")),
            ({"kind": {"enum": ["k"]}}, ("kind", "k")),
            ({"kind": {"const": 1}}, None),
            ({"kind": {"const": 'k"\n'}}, None),
        ):
            self.of({"properties": properties, "required": list(properties)})
            self.assertEqual(self.shapes.records[0].tag, tag)
        may, must = {"const": "may"}, {"const": "must"}
        self.of({"properties": {"a": may, "b": must}, "required": ["b"]})
        self.assertEqual(self.shapes.records[0].tag, ("b", "must"))
        self.of({"properties": {"a": may}})
        self.assertEqual(self.shapes.records[0].tag, ("a", "may"))

    def test_stream(self) -> None:
        """
        A stream id need not be given.
        """
        made = Shapes(Source({}), Names())
        schema = {"properties": {"id": {"type": "string"}, "n": {"type": "integer"}}, "required": ["id", "n"]}
        made.of(schema, "A", "#/a", streamId="id")
        made.of(schema, "B", "#/b", streamId="n")
        self.assertEqual([[field.default for field in record.fields] for record in made.records],
                         [[None, '""'], [None, "0"]])

    def test_defaults(self) -> None:
        """
        A default counts where it is of the type.
        """
        for schema, default in (
            ({"type": "integer", "default": 3}, "3"),
            ({"type": "number", "default": 3}, "3.0"),
            ({"type": "number", "default": 2**60}, None),
            ({"type": "integer", "default": "x"}, None),
            ({"type": "boolean", "default": True}, "True"),
            ({"enum": ["a"], "default": "a"}, '"a"'),
            ({"enum": ["a"], "default": "b"}, None),
            ({"type": "array", "default": []}, None),
            ({"type": ["string", "null"], "default": None}, "None"),
            ({"type": "number", "default": float("inf")}, None),
            ({"type": "string"}, None),
        ):
            kind = Shapes(Source({}), Names()).of(schema, "A", "#/a")
            self.assertEqual(defaultOf(schema, kind), default, schema)
        self.assertIsNone(defaultOf(True, kind))

    def test_limits(self) -> None:
        """
        So many schemas and classes are looked at, and not one more.
        """
        schema = {"type": "array", "items": {"type": "array"}}
        self.patch(shapes, "_STEPS", 3)
        self.of(schema)
        self.patch(shapes, "_STEPS", 2)
        self.assertRaises(ConfigurationError, self.of, schema)
        self.patch(shapes, "_STEPS", 100)
        two = {"properties": {"a": {"properties": {"b": {"type": "integer"}}}}}
        self.patch(shapes, "_RECORDS", 2)
        self.of(two)
        self.patch(shapes, "_RECORDS", 1)
        self.assertRaises(ConfigurationError, self.of, two)
