# -*- test-case-name: tests.asyncapi.test_sample -*-
"""
An example of what a schema describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

__all__ = ["NO_SAMPLE", "sampleOf"]

#: No example was found.
NO_SAMPLE = object()

#: So deep may one example lie in another.
_DEPTH = 6

_WORDS: Mapping[str | None, str] = {
    None: "text",
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:30:00Z",
    "time": "12:30:00Z",
    "duration": "PT15M",
    "uuid": "9f1b2f3c-0f5e-4f0a-8d0a-3a5c1a2b4c5d",
    "decimal": "9.99",
    "email": "ada@example.org",
    "uri": "https://example.org/",
}


def sampleOf(schema: Any, components: Mapping[str, Any], depth: int = 0) -> Any:
    """
    @param schema: in the words of draft 7.
    @param components: what its references refer to, by name.
    @return: a value that it describes, the same each time; L{NO_SAMPLE} where it cannot be told.
    """
    if depth > _DEPTH or not isinstance(schema, Mapping):
        return NO_SAMPLE
    if "$ref" in schema:
        return sampleOf(components[schema["$ref"].rpartition("/")[2]], components, depth + 1)
    if "const" in schema:
        return schema["const"]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "allOf" in schema:
        return _merged([sampleOf(member, components, depth) for member in schema["allOf"]])
    for member in schema.get("anyOf", ()):
        if (found := sampleOf(member, components, depth + 1)) is not NO_SAMPLE:
            return found
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return _object(schema, components, depth)
    if kind == "array":
        return _array(schema, components, depth)
    if kind == "string":
        return _text(schema)
    if kind in ("integer", "number"):
        return _number(schema, kind)
    return {"boolean": True, "null": None}.get(kind or "", NO_SAMPLE)


def _merged(members: list[Any]) -> Any:
    if len(members) > 1 and all(isinstance(member, dict) for member in members):
        return {name: value for member in members for name, value in member.items()}
    return members[0] if len(members) == 1 else NO_SAMPLE


def _object(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> Any:
    found: dict[str, Any] = {}
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        value = sampleOf(member, components, depth + 1)
        if value is not NO_SAMPLE:
            found[name] = value
        elif member in ({}, True):
            found[name] = "anything"
        elif name in required:
            return NO_SAMPLE
    return found if found or depth else NO_SAMPLE


def _array(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> Any:
    items = schema.get("items", {})
    if isinstance(items, list):
        members = [sampleOf(member, components, depth + 1) for member in items]
        return NO_SAMPLE if any(member is NO_SAMPLE for member in members) else members
    least = schema.get("minItems", 0)
    member = sampleOf(items, components, depth + 1)
    if member is NO_SAMPLE or schema.get("maxItems") == 0:
        return NO_SAMPLE if least else []
    return NO_SAMPLE if least > 10 or (least > 1 and schema.get("uniqueItems")) else [member] * max(1, least)


def _text(schema: Mapping[str, Any]) -> Any:
    if "pattern" in schema:
        return NO_SAMPLE
    if "contentEncoding" in schema:
        return "YmFsd3M="
    found = _WORDS.get(schema.get("format"), "text")
    least = schema.get("minLength", 0)
    if least > 1000:
        return NO_SAMPLE
    return (found * ceil(least / len(found)) if len(found) < least else found)[: schema.get("maxLength")]


def _number(schema: Mapping[str, Any], kind: str) -> Any:
    step = schema.get("multipleOf", 1)
    value = 1
    if "minimum" in schema or "exclusiveMinimum" in schema:
        value = ceil(max(schema.get("minimum", -1e300), schema.get("exclusiveMinimum", -1e300)))
        value += value == schema.get("exclusiveMinimum")
    elif schema.get("maximum", schema.get("exclusiveMaximum", 2)) < 2:
        value = int(min(schema.get("maximum", 1e300), schema.get("exclusiveMaximum", 1e300))) - 1
    value = ceil(value / step) * step
    tooLarge = value > schema.get("maximum", value) or value >= schema.get("exclusiveMaximum", value + 1)
    if tooLarge or value < schema.get("minimum", value):
        return NO_SAMPLE
    return value if kind == "integer" else float(value)
