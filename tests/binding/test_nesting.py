"""
Tests of L{balws.binding.nesting}.
"""

from __future__ import annotations

import json
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.binding.nesting import MAX_DEPTH, depth, isTooDeep
from tests.binding.samples import documents, steady


def walked(text: str) -> int:
    """
    @return: the depth of nesting, found one character after the other.
    """
    now = deepest = 0
    inString = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif inString:
            escaped = character == "\\"
            inString = character != '"'
        elif character == '"':
            inString = True
        elif character in "[{":
            now += 1
            deepest = max(deepest, now)
        elif character in "]}":
            now -= 1
    return deepest


class NestingTests(SynchronousTestCase):
    """
    How deep a text is nested.
    """

    def test_depth(self) -> None:
        """
        Brackets count one inside the other, not one after the other, and not inside of strings.
        """
        for text, expected in (
            ("", 0),
            ("1", 0),
            ("[]", 1),
            ("[[],[]]", 2),
            ('{"a":[{}]}', 3),
            ('"[[["', 0),
            ('["[", "]]"]', 1),
            (r'["\"[["]', 1),
            (r'["\\",[1]]', 2),
            (r'["\\\"[[",[1]]', 2),
            ("[[[", 3),
            ("]]]", 0),
            ('"[[[', 0),
            ("\u00fc[\ud800]", 1),
        ):
            self.assertEqual((text, depth(text)), (text, expected))

    def test_limit(self) -> None:
        """
        Nesting of 63 and 64 is accepted, of 65 refused, closed or not, whatever brackets it is made of.
        """
        self.assertEqual(MAX_DEPTH, 64)
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            for levels, expected in ((63, False), (64, False), (65, True)):
                self.assertIs(isTooDeep(opening * levels), expected)
                self.assertIs(isTooDeep(opening * levels + "1" + closing * levels), expected)

    def test_manyBrackets(self) -> None:
        """
        A long flat message, and brackets inside of strings, are not too deep.
        """
        self.assertFalse(isTooDeep("[" + "[]," * 1000 + "1]"))
        self.assertFalse(isTooDeep('["' + "[" * 1000 + '"]'))

    def test_hostile(self) -> None:
        """
        A depth of 100 000, and a megabyte of brackets, quotes or backslashes, never takes long.
        """
        size = 1 << 20
        for text in (
            "[" * 100_000,
            '{"a":' * 100_000 + "1" + "}" * 100_000,
            '"' + '\\"' * (size // 2),
            '"' + "\\" * size,
            '"' * size,
            '"a[' * (size // 3),
        ):
            begin = time.process_time()
            isTooDeep(text)
            # A pass takes milliseconds; anything that grows with the square would take minutes.
            self.assertLess(time.process_time() - begin, 2)

    @steady
    @given(documents)
    def test_documents(self, value: object) -> None:
        """
        Of every JSON document the depth is that which a character by character walk finds.
        """
        for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
            self.assertEqual(depth(text), walked(text))

    @steady
    @given(st.text(alphabet='[]{}"a:,\u00fc'))
    def test_soup(self, text: str) -> None:
        """
        Text that is no JSON has the depth of the walk too.
        """
        self.assertEqual(depth(text), walked(text))

    @steady
    @given(st.integers(0, 130), st.text(alphabet='[]{}",', max_size=20))
    def test_tooDeep(self, levels: int, rest: str) -> None:
        """
        A text is too deep exactly when the walk finds more than 64 levels.
        """
        text = "[" * levels + rest
        self.assertEqual(isTooDeep(text), walked(text) > MAX_DEPTH)
