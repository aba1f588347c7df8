"""
Tests of L{balws.asyncapi.reading}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi import reading
from balws.asyncapi.reading import Source
from balws.errors import ConfigurationError


class ReadingTests(SynchronousTestCase):
    """
    Documents of strangers.
    """

    def problem(self, data: bytes) -> str:
        return str(self.assertRaises(ConfigurationError, Source.parse, data, "a.json"))

    def test_versions(self) -> None:
        """
        AsyncAPI 3, of whatever minor version.
        """
        for version in ("3.0.0", "3.1.0", "3.12.7"):
            Source.parse(b'{"asyncapi":"%s"}' % version.encode())
        for given in (b'"2.6.0"', b'"4.0.0"', b"3", b'"3.0"', b"null", b'"3.0.0\\u001b[31m"'):
            self.assertIn("AsyncAPI 3", self.problem(b'{"asyncapi":%s}' % given))

    def test_wrong(self) -> None:
        """
        What is no JSON, no object, or nested without end is refused, with the file's name.
        """
        self.assertEqual(
            self.problem(b"asyncapi: 3.0.0"), "a.json: is no JSON; a document in YAML can be converted"
        )
        self.assertIn("is no JSON", self.problem(b"[" * 100_000))
        self.assertIn("is no JSON", self.problem(b'"\xff"'))
        self.assertIn("is no AsyncAPI document", self.problem(b"[]"))
        self.assertIn("AsyncAPI 3", self.problem(b"{}"))

    def test_size(self) -> None:
        """
        A document may have as many bytes as the limit, and not one more.
        """
        data = b'{"asyncapi":"3.0.0"}'
        self.patch(reading, "MAX_DOCUMENT", len(data))
        Source.parse(data)
        self.assertIn("is larger", self.problem(data + b" "))

    def test_references(self) -> None:
        """
        A reference is followed to its end, through escapes and lists; the place is that of the end.
        """
        root: dict[str, Any] = {"a": {"b/c~ d": [{"x": 1}]}, "r": {"$ref": "#/a/b~1c~0%20d/0"}}
        source = Source({**root, "s": {"$ref": "#/r"}})
        self.assertEqual(source.resolve({"$ref": "#/s"}, "#"), ({"x": 1}, "#/a/b~1c~0%20d/0"))
        self.assertEqual(source.resolve(7, "#/y"), (7, "#/y"))
        for reference in ("#/a/none", "#/a/b~1c~0%20d/1", "#/a/b~1c~0%20d/x", "#/r/$ref/0"):
            self.assertRaises(ConfigurationError, source.resolve, {"$ref": reference}, "#")

    def test_chain(self) -> None:
        """
        References that lead on and on are refused.
        """
        for links, isFine in ((61, True), (62, True), (63, False)):
            root: dict[str, Any] = {f"r{n}": {"$ref": f"#/r{n + 1}"} for n in range(links)}
            source = Source({**root, f"r{links}": {"end": True}})
            if isFine:
                source.resolve({"$ref": "#/r0"}, "#")
            else:
                self.assertRaises(ConfigurationError, source.resolve, {"$ref": "#/r0"}, "#")

    def test_shown(self) -> None:
        """
        What an error repeats of a document is one short line that no terminal obeys.
        """
        source = Source({}, "a.json")
        error = self.assertRaises(ConfigurationError, source.resolve, {"$ref": "#/\x1b[31m\n" + "x" * 300}, "#/\x07")
        self.assertTrue(str(error).isprintable())
        self.assertLess(len(str(error)), 300)
        self.assertEqual(str(source.error("no \x1b[2J")), "a.json: no ?[2J")

    def test_parts(self) -> None:
        """
        What should be an object or an array and is not is named.
        """
        source = Source({"a": 1, "b": {"c": [1]}, "d": {}})
        self.assertEqual(source.table(source.root, "b", "#"), {"c": [1]})
        self.assertEqual((source.table(source.root, "x", "#"), source.listed(source.root, "x", "#")), ({}, []))
        self.assertIn("#/a", str(self.assertRaises(ConfigurationError, source.table, source.root, "a", "#")))
        self.assertIn("#/b", str(self.assertRaises(ConfigurationError, source.listed, source.root, "b", "#")))

    def test_steps(self) -> None:
        """
        So much is looked at, and not one step more; the error names the place.
        """
        given = Source({})
        given.step("#/a", reading._STEPS - 1)
        given.step("#/a")
        error = self.assertRaises(ConfigurationError, given.step, "#/channels/b")
        self.assertIn("#/channels/b: too many", str(error))
