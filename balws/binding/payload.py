# -*- test-case-name: tests.binding.test_payload -*-
"""
From a value to the payload of a message (table B1).
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from balws.binding.jsondata import encodeJson
from balws.binding.xmldata import encodeXml


def encode(value: Any) -> str | bytes:
    """
    @return: a str to send as text: the value itself, XML or JSON; or bytes to send
        as binary.
    @raise TypeError: when there is no JSON for the value.
    @raise ValueError: when a number in it is NaN or infinite.
    """
    if isinstance(value, str):
        # Not str(): of a string Enum that would be the member's name.
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Element):
        return encodeXml(value)
    return encodeJson(value)
