"""
Tests of L{balws.asyncapi.figure}.
"""

from __future__ import annotations

import re
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.template import flattenString

from balws.asyncapi.figure import definitionOf, exampleOf, properties, tableOf, typeOf, wordsOf


class FigureTests(SynchronousTestCase):
    """
    Parts of a page.
    """

    def html(self, part: Any) -> str:
        found: bytes = self.successResultOf(flattenString(None, part))
        return found.decode()

    def text(self, part: Any) -> str:
        return re.sub(r"<[^>]*>", "", self.html(part))

    def test_types(self) -> None:
        """
        Schemas are said in words.
        """
        for schema, words in (
            ({"type": "string", "format": "date-time"}, "string (date-time)"),
            ({"type": "array", "items": {"$ref": "#/components/schemas/Order"}}, "array of Order"),
            ({"type": "array", "items": [{"type": "integer"}, {}]}, "array of integer, anything"),
            ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
            ({"enum": ["a", 1]}, '"a" or 1'),
            ({"const": "a"}, '"a"'),
            ({"type": ["string", "integer"]}, "string or integer"),
            ({"type": "object", "additionalProperties": {"type": "boolean"}}, "object of boolean"),
            (
                {"allOf": [{"$ref": "#/a/Order"}, {"type": "object", "properties": {"event": {"const": "b"}}}]},
                'Order with event = "b"',
            ),
            ({}, "anything"),
            (True, "anything"),
        ):
            self.assertEqual(self.text(list(typeOf(schema))).replace("&quot;", '"'), words)
        deep: Any = {"type": "string"}
        for _ in range(10):
            deep = {"type": "array", "items": deep}
        self.assertTrue(self.text(list(typeOf(deep))).endswith("array of anything"))

    def test_properties(self) -> None:
        """
        A table of names, types, and what is said of them; a column that would be empty is not there.
        """
        schema = {
            "properties": {
                "a": {"type": "integer", "description": "How `many`.", "minimum": 1, "default": 3},
                "b": {"type": "string"},
            },
            "required": ["b"],
        }
        html = self.html(properties(schema))
        self.assertIn("How <code>many</code>. (at least 1) Without it: <code>3</code>", html)
        self.assertEqual(html.count("required"), 1)
        self.assertIn("anything", self.html(properties({"properties": {"b": True}})))
        self.assertNotIn("Meaning", self.html(properties({"properties": {"b": {}}})))
        self.assertEqual(self.html(tableOf(("A", "B"), [("x", "")])).count("<th "), 2)

    def test_limits(self) -> None:
        """
        Limits are said as one would say them.
        """
        for schema, words in (
            ({"minLength": 1, "maxLength": 1000}, "1 to 1000 characters"),
            ({"minLength": 1}, "at least 1 character"),
            ({"maxItems": 2}, "at most 2 items"),
            ({"minItems": 3, "maxItems": 3}, "3 items"),
            ({"minimum": 0, "maximum": 1, "multipleOf": 0.5}, "0 to 1; in steps of 0.5"),
            ({"exclusiveMinimum": 0, "maximum": 9}, "at most 9; more than 0"),
            ({"pattern": "^a+$", "description": "Some."}, "Some. (like ^a+$)"),
        ):
            self.assertIn(f"<td>{words}</td>", self.html(properties({"properties": {"a": schema}})))

    def test_escaped(self) -> None:
        """
        What looks like HTML is text.
        """
        nasty = '<script>alert("1")</script>&`<b>`'
        schema = {"properties": {nasty: {"type": nasty, "description": nasty, "default": nasty, "enum": [nasty]}}}
        message = {"name": nasty, "contentType": nasty, "payload": schema, "examples": [{"payload": nasty}]}
        for part in (
            list(wordsOf({"summary": nasty, "description": nasty})),
            list(definitionOf(nasty, {**schema, "description": nasty})),
            list(exampleOf(message)),
        ):
            self.assertNotRegex(self.html(part), "<(script|b)>")

    def test_definition(self) -> None:
        """
        A schema that is no object is said in words.
        """
        self.assertEqual(self.text(list(definitionOf("Side", {"enum": ["a"]}))).replace("&quot;", '"'), 'Side"a"')
