"""
Tests of L{balws.asyncapi.reading}.
"""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

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
        What begins like JSON and is none, is no object, or nested without end is refused, with the file's
        name.
        """
        self.assertEqual(self.problem(b'{"asyncapi": 3.0.0}'), "a.json: is no JSON")
        self.assertEqual(self.problem(b'\r\n\t {"a":' * 100_000), "a.json: is no JSON")
        self.assertIn("is no JSON", self.problem(b'{"\xff": 1}'))
        self.assertIn("is no AsyncAPI document", self.problem(b"[]"))
        self.assertIn("AsyncAPI 3", self.problem(b"{}"))

    def test_yaml(self) -> None:
        """
        What does not begin with a brace is YAML, whatever the file is called.
        """
        for data in (b"asyncapi: 3.1.0", b"\xef\xbb\xbfasyncapi: '3.1.0'\r\n", b"# {\nasyncapi: 3.1.0\n"):
            for file in ("a.json", "a.yaml", None):
                self.assertEqual(Source.parse(data, file).root, {"asyncapi": "3.1.0"})
        self.assertEqual(self.problem(b"a: 1\na: 2\n"), "a.json:2:1: the key 'a' is there already, in line 1")
        self.assertEqual(self.problem(b"a: \xff"), "a.json: is no UTF-8")
        self.assertTrue(self.problem(b"a: !<\x1b[1m> b").isprintable())
        self.assertTrue(self.problem("a: !<\u202e> b".encode()).isprintable())

    def test_braces(self) -> None:
        """
        YAML in braces is read where the file's name says that it is YAML, and JSON there, too, to the letter.
        """
        data, json = b"{asyncapi: 3.0.0}", b'{"asyncapi":"3.0.0","x":"\\ud83d\\ude00"}'
        for file in ("a.yaml", "A.YML"):
            self.assertEqual(Source.parse(data, file).root, {"asyncapi": "3.0.0"})
            self.assertEqual(Source.parse(json, file).root["x"], "\U0001f600")
        for name in (None, "a.json", "yaml"):
            self.assertRaises(ConfigurationError, Source.parse, data, name)

    def test_limits(self) -> None:
        """
        The limits of YAML are those of JSON.
        """
        text = b"asyncapi: 3.0.0\nx: &x [%s]\ny: [*x, *x]\n" % b",".join([b"a"] * 100_000)
        self.assertIn("more than 300000 values", self.problem(text))
        text = b"asyncapi: 3.0.0\nx: &x %s\ny: [*x, *x]\n" % (b"a" * (reading.MAX_DOCUMENT // 2))
        self.assertIn(f"more than {reading.MAX_DOCUMENT} characters", self.problem(text))

    def test_absent(self) -> None:
        """
        Without PyYAML JSON is read, and who has YAML is told what to install.
        """
        with patch.dict(sys.modules, {"yaml": None}):
            sys.modules.pop("balws.asyncapi.yamlreading", None)
            Source.parse(b'{"asyncapi":"3.0.0"}', "a.yaml")
            for data, file, problem in (
                (b"asyncapi: 3.0.0", "a.yaml", "a.yaml: YAML needs PyYAML: pip install 'balws[yaml]'"),
                (b"{asyncapi: 3.0.0}", "a.yml", "a.yml: YAML needs PyYAML: pip install 'balws[yaml]'"),
                (b"asyncapi", "a", "a: is no JSON object, and YAML needs PyYAML: pip install 'balws[yaml]'"),
            ):
                error = self.assertRaises(ConfigurationError, Source.parse, data, file)
                self.assertEqual(str(error), problem)
        with patch.dict(sys.modules, {"balws.asyncapi.yamlreading": None}):
            self.assertRaises(ImportError, Source.parse, b"a: 1")

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
