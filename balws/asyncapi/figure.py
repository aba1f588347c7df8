# -*- test-case-name: tests.asyncapi.test_figure -*-
"""
Parts of a page: schemas, examples, tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from twisted.web.template import Tag, tags

__all__ = ["WORDS", "definitionOf", "exampleOf", "properties", "tableOf", "wordsOf"]

#: The heading over explanations.
WORDS = "Meaning"

#: So deep is a schema shown where it stands.
_DEPTH = 4

#: Keys of the least and the most, and what they count.
_RANGES = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
)

_LIMITS = (
    ("exclusiveMinimum", "more than "),
    ("exclusiveMaximum", "less than "),
    ("multipleOf", "in steps of "),
    ("pattern", "like "),
)


def wordsOf(node: Mapping[str, Any]) -> Iterator[Tag]:
    """
    @return: summary and description, as paragraphs.
    """
    for key in ("summary", "description"):
        for paragraph in (node.get(key) or "").split("\n\n"):
            if paragraph.strip():
                yield tags.p(*_inline(paragraph))


def _inline(text: str) -> Iterator[Any]:
    for number, part in enumerate(re.split(r"`([^`]+)`", text)):
        if part:
            yield tags.code(part) if number % 2 else part


def tableOf(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> Tag:
    """
    @param rows: cells, of which the first is what the row is about; a column without any word is
        left out.
    """
    given = list(rows)
    columns = [column for column in range(1, len(titles)) if any(row[column] not in ("", []) for row in given)]
    return tags.div(
        tags.table(
            tags.thead(tags.tr(tags.th(titles[column], scope="col") for column in (0, *columns))),
            tags.tbody(
                tags.tr(tags.th(row[0], scope="row"), *(tags.td(row[column]) for column in columns)) for row in given
            ),
        ),
        class_="wide",
        tabindex="0",
    )


def properties(schema: Mapping[str, Any]) -> Tag:
    """
    @param schema: of an object.
    @return: a table of what it has.
    """
    required = schema.get("required", ())
    rows = []
    for name, member in schema.get("properties", {}).items():
        mark = tags.span("required", class_="must") if name in required else ""
        rows.append(([tags.code(name), mark], list(typeOf(member)), list(_said(member))))
    return tableOf(("Name", "Type", WORDS), rows)


def _said(schema: Any) -> Iterator[Any]:
    if not isinstance(schema, Mapping):
        return
    description = schema.get("description", "")
    yield from _inline(description)
    notes = "; ".join(_limits(schema))
    if notes:
        yield f" ({notes})" if description else notes
    if schema.get("default") not in (None, "", [], {}):
        yield " Without it: "
        yield tags.code(_json(schema["default"]))


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    for lowest, highest, unit in _RANGES:
        least, most = schema.get(lowest), schema.get(highest)
        last = least if most is None else most
        if last is None:
            continue
        if least is None:
            words = f"at most {most}"
        elif most is None:
            words = f"at least {least}"
        else:
            words = str(least) if least == most else f"{least} to {most}"
        yield words if not unit else f"{words} {unit}" if last == 1 else f"{words} {unit}s"
    yield from (f"{words}{schema[key]}" for key, words in _LIMITS if key in schema)


def typeOf(schema: Any, depth: int = 0) -> Iterator[Any]:
    """
    @return: the type that a schema describes, in words.
    """
    if not isinstance(schema, Mapping) or depth > _DEPTH:
        yield "anything"
    elif "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield tags.a(name, href=f"#schema-{name}")
    elif "const" in schema:
        yield tags.code(_json(schema["const"]))
    elif "enum" in schema:
        yield from _joined([[tags.code(_json(value))] for value in schema["enum"][:50]], " or ")
    elif "anyOf" in schema:
        yield from _joined([list(typeOf(member, depth + 1)) for member in schema["anyOf"]], " or ")
    elif "allOf" in schema:
        yield from _joined([list(typeOf(member, depth + 1)) for member in schema["allOf"]], " with ")
    elif schema.get("type") == "array":
        items = schema.get("items", {})
        yield "array of "
        members = items if isinstance(items, list) else [items]
        yield from _joined([list(typeOf(member, depth + 1)) for member in members], ", ")
    elif isinstance(schema.get("type"), list):
        yield " or ".join(schema["type"])
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        yield "object of "
        yield from typeOf(schema["additionalProperties"], depth + 1)
    elif _isMark(schema):
        for name, member in schema["properties"].items():
            yield tags.code(name)
            yield " = "
            yield from typeOf(member, depth + 1)
    else:
        form = schema.get("format")
        yield schema.get("type", "anything")
        if form is not None:
            yield f" ({form})"


def _isMark(schema: Mapping[str, Any]) -> bool:
    """
    @return: whether it says of an object only what some of its properties must be.
    """
    members = schema.get("properties", {}).values()
    return bool(members) and all(isinstance(each, Mapping) and "const" in each for each in members)


def _joined(parts: Sequence[list[Any]], between: str) -> Iterator[Any]:
    for number, part in enumerate(parts):
        if number:
            yield between
        yield from part


def definitionOf(name: str, schema: Mapping[str, Any]) -> Iterator[Any]:
    """
    @return: one of the document's own schemas.
    """
    yield tags.h3(tags.code(name), id=f"schema-{name}")
    yield from wordsOf({"description": schema.get("description")})
    if schema.get("properties"):
        yield properties(schema)
    else:
        yield tags.p(*typeOf(schema))


def exampleOf(message: Mapping[str, Any]) -> Iterator[Any]:
    """
    @return: a message: its type, what it has, and an example.
    """
    payload = message["payload"]
    content = message["contentType"]
    kind = "" if content == "application/json" else f" ({content})"
    yield tags.p(tags.code(message["name"]), ": ", *typeOf(payload), kind)
    for part in (payload, *payload.get("allOf", ())):
        if part.get("properties") and not _isMark(part):
            yield properties(part)
    for example in message.get("examples", ()):
        yield tags.pre(_json(example["payload"], 2), tabindex="0")


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
