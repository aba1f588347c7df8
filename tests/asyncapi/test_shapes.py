"""
Tests of L{balws.asyncapi.shapes}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi import reading, shapes
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

    def steps(self, schema: Any, root: dict[str, Any] | None = None) -> int:
        self.of(schema, root)
        return self.shapes._source._steps

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
        made.of(dict(schema), "B", "#/b", streamId="n")
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
        needed = self.steps(schema)
        self.patch(reading, "_STEPS", needed)
        self.of(schema)
        self.patch(reading, "_STEPS", needed - 1)
        error = self.assertRaises(ConfigurationError, self.of, schema)
        self.assertIn("#/here", str(error))
        self.patch(reading, "_STEPS", 100)
        two = {"properties": {"a": {"properties": {"b": {"type": "integer"}}}}}
        self.patch(shapes, "_RECORDS", 2)
        self.of(two)
        self.patch(shapes, "_RECORDS", 1)
        self.assertRaises(ConfigurationError, self.of, two)

    def test_circles(self) -> None:
        """
        What C{allOf} refers to in a circle, or again and again, is looked at once.
        """
        properties = {f"p{n}": {"type": "string"} for n in range(50)}
        root: dict[str, Any] = {"A": {"properties": properties, "allOf": [{"$ref": "#/A"}, {"$ref": "#/A"}]}}
        self.assertLess(self.steps({"$ref": "#/A"}, root), 300)
        (record,) = self.shapes.records
        self.assertEqual([field.key for field in record.fields], list(properties))
        root = {f"A{n}": {"allOf": [{"$ref": f"#/A{n + 1}"}] * 3} for n in range(200)}
        root["A200"] = {"properties": properties}
        self.assertLess(self.steps({"$ref": "#/A0"}, root), 3000)
        self.assertEqual(len(self.shapes.records[0].fields), 50)

    def test_known(self) -> None:
        """
        A schema that many refer to is one type, and each reference a step or two more.
        """
        inside = {"type": "object", "properties": {f"p{n}": {"type": "integer"} for n in range(100)}}
        root = {"E": {"enum": [f"value{n}" for n in range(500)]}, "U": {"anyOf": [{"$ref": "#/E"}, inside]}}
        few, many = (
            {"properties": {f"f{n}": {"anyOf": [{"$ref": "#/U"}, {"type": "null"}]} for n in range(count)}}
            for count in (10, 110)
        )
        self.assertLess(self.steps(many, root) - self.steps(few, root), 100 * 12)
        self.of(many, root)
        self.assertEqual({field.kind.code for field in self.shapes.records[0].fields}, {"U | None"})

    def test_aliases(self) -> None:
        """
        A type too long to be written wherever it is used gets a name; one that is not has none.
        """
        for length, code in ((189, f'Literal["{"x" * 189}"]'), (190, "Name")):
            self.assertEqual(self.of({"const": "x" * length}), code)
            self.assertEqual(len(self.shapes.aliases), code == "Name")
        two = {"$ref": "#/E"}
        root = {"E": {"enum": ["a" * 150, "b" * 150]}}
        self.assertEqual(self.of({"type": "array", "items": two}, root), "list[E]")
        self.assertEqual(self.of({"anyOf": [two, {"type": "null"}]}, root), "E | None")
        self.assertEqual(self.of({"anyOf": [two, {"const": "c"}]}, root), "Name")
        self.assertEqual(list(self.shapes.aliases), ["E", "Name"])
        self.assertEqual(self.of({"properties": {"f": two}, "required": ["f"]}, root), "Name")
        self.assertEqual(self.shapes.records[0].fields[0].kind.code, "E")

    def test_texts(self) -> None:
        """
        Keys, values and defaults that no program has are not written down.
        """
        for length, isWritten in ((1000, True), (1001, False)):
            text = "x" * length
            self.assertEqual(self.of({"properties": {text: {}}}), "Name" if isWritten else "dict[str, Any]")
            self.assertEqual(self.of({"enum": [text]}), "Name" if isWritten else "str")
            default = defaultOf({"default": text}, Shapes(Source({}), Names()).of({"type": "string"}, "A", "#/a"))
            self.assertEqual(default is not None, isWritten)

    def test_members(self) -> None:
        """
        Of a union of too many types nothing is said.
        """
        for count, code in ((1000, "Name"), (1001, "Any")):
            members = [{"properties": {"kind": {"const": f"k{n}"}}} for n in range(count)]
            self.assertEqual(self.of({"oneOf": members}), code)
            values = [{"const": n} for n in range(count)]
            self.assertEqual(self.of({"oneOf": values}), code)

    def test_places(self) -> None:
        """
        Errors name the place, as far as that can be shown.
        """
        key = "k" * 500
        schema = {"properties": {key: {"properties": {"b": {"$ref": "elsewhere"}}}}}
        error = self.assertRaises(ConfigurationError, self.of, schema)
        self.assertIn(f"#/here/properties/{'k' * 100}", str(error))
