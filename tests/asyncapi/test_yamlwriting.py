"""
Tests of L{balws.asyncapi.yamlwriting}.
"""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi.yamlwriting import writeYaml
from tests.asyncapi.yamls import LOADERS, readBy

#: What is easily written so that it is read as something else.
_TRICKY = st.one_of(
    st.text(st.sampled_from("ab \n:-#|>'\"\t\r\x85\u2028\ufeff\u6f22\U0001f600\\,[]{}?&*!%@`~=<.0e1y")),
    st.sampled_from(["on", "yes", "y", "0o17", "1e5", "2026-01-31", "12:30", "<<", "---", "... ", "null", "~", "1_0"]),
)
_DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TRICKY),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TRICKY, inner, max_size=4)),
    max_leaves=10,
)


class WritingTests(SynchronousTestCase):
    """
    Documents as people write them.
    """

    def test_blocks(self) -> None:
        """
        Keys stay in their order, lists and mappings stand in lines of their own, empty ones do not.
        """
        document = {"b": {"z": [1, {"w": True, "a": None}], "x": {}}, "a": [], "c": 0.5}
        self.assertEqual(
            writeYaml(document),
            "b:\n  z:\n    - 1\n    - w: true\n      a: null\n  x: {}\na: []\nc: 0.5\n",
        )

    def test_repeated(self) -> None:
        """
        What occurs twice is written twice: no tool has to know anchors.
        """
        one = {"a": [1]}
        self.assertEqual(writeYaml({"x": one, "z": one}), "x:\n  a:\n    - 1\nz:\n  a:\n    - 1\n")

    def test_lines(self) -> None:
        """
        A text of several lines keeps them, with the ends that it has.
        """
        self.assertEqual(writeYaml({"a": "one\ntwo"}), "a: |-\n  one\n  two\n")
        self.assertEqual(writeYaml({"a": ["one\n  two\n"]}), "a:\n  - |\n    one\n      two\n")
        self.assertEqual(writeYaml({"a": "one\u2028two\n"}), 'a: "one\\Ltwo\\n"\n')

    def test_quoted(self) -> None:
        """
        A text that some reader takes for something else has quotes, as a key, too.
        """
        for text in (
            *("1", "1.0", "1e5", "0o17", "0x1F", "1_000", "12:30:45", ".5", ".inf", "-1"),
            *("true", "No", "on", "y", "N", "null", "~", "", "2026-01-31", "2026-01-31 12:00:00", "<<", "="),
        ):
            self.assertEqual(writeYaml({text or "a": text}).count("'"), 4 if text else 2, text)
        self.assertEqual(writeYaml({"a": "3.0.0", "b": "yesterday"}), "a: 3.0.0\nb: yesterday\n")

    def test_characters(self) -> None:
        """
        Letters of all scripts stand as they are.
        """
        self.assertEqual(writeYaml({"\u6f22": "na\u00efve \U0001f600"}), "\u6f22: na\u00efve \U0001f600\n")
        self.assertEqual(writeYaml({"a": "\x07"}), 'a: "\\a"\n')

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(_DOCUMENTS)
    def test_same(self, value: Any) -> None:
        """
        What is written is read as it was, by PyYAML in Python and in C.
        """
        text = writeYaml({"a": value})
        for loader in LOADERS:
            self.assertEqual(repr(readBy(loader, text)), repr({"a": value}))

    def test_others(self) -> None:
        """
        A reader of YAML 1.1 reads the same.
        """
        document = {"on": "off", "1008": "12:30", "a": ["1e5", "0o17", "y", "two\nlines\n", " x", 1e20, -7]}
        self.assertEqual(yaml.safe_load(writeYaml(document)), document)
