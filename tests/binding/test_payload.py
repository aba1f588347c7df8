"""
Tests of L{balws.binding.payload}.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from twisted.trial.unittest import SynchronousTestCase

from balws.binding.payload import encode
from tests.binding.samples import Colour, Plain, Point, Size


class EncodeTests(SynchronousTestCase):
    """
    What a method returns, as a message.
    """

    def test_kinds(self) -> None:
        """
        Strings and XML are text, bytes are binary, everything else is JSON text (table B1).
        """
        element = Element("a", {"b": "c"})
        sent: list[tuple[Any, str | bytes]] = [
            ("hi", "hi"),
            ('"hi"', '"hi"'),
            (b"\x00", b"\x00"),
            (bytearray(b"x"), b"x"),
            (memoryview(b"x"), b"x"),
            (element, '<a b="c" />'),
            (1, "1"),
            (1.5, "1.5"),
            (True, "true"),
            (Decimal("1.50"), "1.50"),
            ({"a": [1, None]}, '{"a":[1,null]}'),
            (Point(1), '{"x":1,"y":0}'),
            (Colour.RED, '"red"'),
        ]
        for value, expected in sent:
            payload = encode(value)
            self.assertEqual((type(payload), payload), (type(expected), expected))

    def test_stringEnum(self) -> None:
        """
        A member of an Enum of strings is sent as its string, not as its name.
        """
        self.assertEqual(encode(Size.SMALL), "small")

    def test_refused(self) -> None:
        """
        What has no JSON is an error that names the type, or the number.
        """
        self.assertIn("Plain", str(self.assertRaises(TypeError, encode, Plain())))
        self.assertIn("nan", str(self.assertRaises(ValueError, encode, math.nan)))
