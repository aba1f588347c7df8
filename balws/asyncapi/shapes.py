# -*- test-case-name: tests.asyncapi.test_shapes -*-
"""
From the schemas of a document to types of Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from balws.asyncapi.kind import ANY, NONE, Kind, Member, either, literals, single
from balws.asyncapi.names import IMPORTED, Names, className, memberName
from balws.asyncapi.reading import Source
from balws.asyncapi.source import literal

__all__ = ["Field", "Record", "Shapes", "defaultOf"]

#: So deep may one schema lie in another.
_DEPTH = 48

#: So many schemas are looked at, and so many classes are made of them.
_STEPS, _RECORDS = 500_000, 20_000

#: The longest type that stands inside of another, in characters.
_LONGEST = 4000

_FORMATS: Mapping[Any, str] = {
    "date": "datetime.date",
    "date-time": "datetime.datetime",
    "time": "datetime.time",
    "duration": "datetime.timedelta",
    "uuid": "UUID",
    "decimal": "Decimal",
}

#: What a field cannot be called: it would stand for itself in annotations.
_TYPES = ("None", "bool", "bytes", "dict", "float", "int", "list", "str", "tuple", *IMPORTED)


@attrs.frozen
class Field:
    """
    @ivar name: in Python.
    @ivar key: in the message.
    @ivar kind: of its value.
    @ivar default: in Python; L{None} where there must be one.
    """

    name: str
    key: str
    kind: Kind
    default: str | None


@attrs.define
class Record:
    """
    A class to be written.

    @ivar name: of it.
    @ivar words: what is said of it.
    @ivar tag: field and value that every one has.
    @ivar fields: the others.
    """

    name: str
    words: tuple[str, ...]
    tag: tuple[str, str] | None
    fields: list[Field]


class Shapes:
    """
    @ivar records: the classes that the types so far need, in the order of their names' making.
    """

    def __init__(self, source: Source, names: Names, keys: Iterable[str] = ()) -> None:
        """
        @param keys: fields that tell messages apart.
        """
        self._source = source
        self._names = names
        self._keys = tuple(keys)
        self._known: dict[str, Kind] = {}
        self._open: set[str] = set()
        self._steps = 0
        self.records: list[Record] = []

    def of(self, schema: Any, name: str, where: str, depth: int = 0, streamId: str | None = None) -> Kind:
        """
        @param schema: in the words of draft 7, or a reference to one.
        @param name: what a class for it may be called.
        @param where: its place in the document.
        @param streamId: a field that need not be set.
        @return: the type of what it describes; C{Any} where that cannot be told.
        @raise balws.ConfigurationError: for references that lead nowhere, or to another document.
        """
        self._step(where)
        resolved, place = self._source.resolve(schema, where)
        if place != where:
            name = className(place.rpartition("/")[2])
        if place in self._known:
            return self._known[place]
        if not isinstance(resolved, Mapping) or depth > _DEPTH or place in self._open:
            return ANY
        self._open.add(place)
        kind = self._made(resolved, name, place, depth + 1, streamId)
        self._open.discard(place)
        self._known[place] = kind
        return kind

    def _step(self, where: str) -> None:
        self._steps += 1
        if self._steps > _STEPS or len(self.records) > _RECORDS:
            raise self._source.error("its schemas are too many to make a client of", where)

    def _made(self, schema: Mapping[str, Any], name: str, where: str, depth: int, streamId: str | None) -> Kind:
        if "schema" in schema and "schemaFormat" in schema:
            return self.of(schema["schema"], name, f"{where}/schema", depth)
        if "const" in schema or "enum" in schema:
            return _constants([schema["const"]] if "const" in schema else schema["enum"])
        for key in ("oneOf", "anyOf"):
            if isinstance(schema.get(key), list):
                members = enumerate(schema[key])
                return either(
                    self.of(member, f"{name}{number + 1}", f"{where}/{key}/{number}", depth)
                    for number, member in members
                )
        if isinstance(schema.get("allOf"), list):
            schema = self._merged(schema, where, depth)
            if "properties" not in schema and len(schema.get("allOf", ())) == 1:
                return self.of(schema["allOf"][0], name, f"{where}/allOf/0", depth)
        given = schema.get("type")
        if isinstance(given, list):
            return either(self._typed({**schema, "type": each}, name, where, depth, streamId) for each in given[:7])
        return self._typed(schema, name, where, depth, streamId)

    def _typed(self, schema: Mapping[str, Any], name: str, where: str, depth: int, streamId: str | None) -> Kind:
        kind = schema.get("type")
        if kind == "string":
            if schema.get("contentEncoding") == "base64" or schema.get("format") == "byte":
                return single("text", "bytes")
            form = schema.get("format")
            return single("text", _FORMATS.get(form, "str") if isinstance(form, str) else "str")
        if kind == "array":
            return self._array(schema, name, where, depth)
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and properties and kind in (None, "object"):
            return self._record(schema, name, where, depth, streamId)
        if kind == "object":
            values = schema.get("additionalProperties", True)
            inside = self.of(values, f"{name}Value", f"{where}/additionalProperties", depth)
            return single("object", f"dict[str, {_inside(inside)}]")
        plain = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
        groups = {"integer": "number", "number": "number", "boolean": "bool", "null": "none"}
        return single(groups[kind], plain[kind]) if isinstance(kind, str) and kind in plain else ANY

    def _array(self, schema: Mapping[str, Any], name: str, where: str, depth: int) -> Kind:
        items = schema.get("items", True)
        if isinstance(items, list):
            if not 0 < len(items) <= 20 or schema.get("minItems") != len(items):
                return single("array", "list[Any]")
            kinds = [
                self.of(each, f"{name}{number + 1}", f"{where}/items/{number}", depth)
                for number, each in enumerate(items)
            ]
            return single("array", f"tuple[{', '.join(map(_inside, kinds))}]")
        inside = self.of(items, f"{name}Item", f"{where}/items", depth)
        return single("array", f"list[{_inside(inside)}]")

    def _merged(self, schema: Mapping[str, Any], where: str, depth: int) -> Mapping[str, Any]:
        """
        @return: all that C{allOf} asks for as one schema, where that is of objects.
        """
        properties = dict(self._source.table(schema, "properties", where))
        required = list(self._source.listed(schema, "required", where))
        words = schema.get("description")
        for number, member in enumerate(schema["allOf"]):
            self._step(where)
            part, place = self._source.resolve(member, f"{where}/allOf/{number}")
            if not isinstance(part, Mapping) or depth > _DEPTH:
                continue
            if isinstance(part.get("allOf"), list):
                part = self._merged(part, place, depth + 1)
            for key, value in self._source.table(part, "properties", place).items():
                if key in properties and isinstance(value, Mapping) and not {"const", "enum"} & value.keys():
                    continue  # what is known of it says more
                properties[key] = value
            required += self._source.listed(part, "required", place)
            words = words or part.get("description")
        if not properties:
            return schema
        return {"type": "object", "properties": properties, "required": required, "description": words}

    # Objects

    def _record(self, schema: Mapping[str, Any], name: str, where: str, depth: int, streamId: str | None) -> Kind:
        properties: Mapping[str, Any] = schema["properties"]
        if not all(map(_isName, properties)):
            return single("object", "dict[str, Any]")
        listed = self._source.listed(schema, "required", where)
        required = {each for each in listed if isinstance(each, str)}
        tag = self._tag(properties, required)
        words = tuple(each for each in (schema.get("description"),) if isinstance(each, str))
        record = Record(self._names.take(className(name)), words, tag, [])
        kind = Kind((Member("object", record.name, tag),))
        self._known[where] = kind  # it may be in itself
        self.records.append(record)
        names = Names(_TYPES)
        for key, member in properties.items():
            if tag is not None and key == tag[0]:
                continue
            place = f"{where}/properties/{key.replace('~', '~0').replace('/', '~1')}"
            inside = self.of(member, f"{record.name}{className(key)}", place, depth)
            default = defaultOf(member, inside)
            if key == streamId:
                default = default or _unset(inside)
            elif key in required:
                default = None
            elif default is None:
                inside = either([inside, NONE])
                default = "None"
            record.fields.append(Field(names.take(memberName(key)), key, inside, default))
        record.fields.sort(key=lambda field: field.default is not None)
        return kind

    def _tag(self, properties: Mapping[str, Any], required: set[str]) -> tuple[str, str] | None:
        """
        @return: a field that can have one value only: one that need not be there is sent, too, for it
            tells messages apart.
        """
        found = {}
        for key, member in properties.items():
            if not isinstance(member, Mapping):
                continue
            enum = member.get("enum")
            value = member.get("const", enum[0] if isinstance(enum, list) and len(enum) == 1 else None)
            if isinstance(value, str) and _isName(value):
                found[key] = value
        for key in (*self._keys, *sorted(found, key=lambda each: each not in required)):
            if key in found:
                return key, found[key]
        return None


def _inside(kind: Kind) -> str:
    return kind.code if len(kind.code) <= _LONGEST else "Any"


def _isName(key: str) -> bool:
    """
    @return: whether a field can stand under this key: whether it is the same in JSON.
    """
    return key.isprintable() and not {'"', "\\"} & set(key)


def _constants(values: Any) -> Kind:
    if not isinstance(values, list) or not 0 < len(values) <= 1000:
        return ANY
    kinds: list[Kind] = []
    for value in values:
        if isinstance(value, str):
            kinds.append(Kind((literals("text", [literal(value)]),)))
        elif type(value) is int and abs(value) < 2**63:
            kinds.append(Kind((literals("number", [literal(value)]),)))
        elif value is None:
            kinds.append(NONE)
        else:
            kinds.append({bool: single("bool", "bool"), float: single("number", "float")}.get(type(value), ANY))
    return either(kinds)


def defaultOf(schema: Any, kind: Kind) -> str | None:
    """
    @return: the default that a schema gives, where it is of the type.
    """
    if not isinstance(schema, Mapping) or "default" not in schema:
        return None
    value = schema["default"]
    wanted = {str: "str", bool: "bool", int: "int", float: "float", type(None): "None"}.get(type(value))
    if wanted is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    code = literal(value)
    isOne = wanted in kind.codes or any(code in member.literals for member in kind.members)
    if not isOne and wanted == "int" and "float" in kind.codes:
        return f"{code}.0" if abs(value) < 2**53 else None
    return code if isOne else None


def _unset(kind: Kind) -> str | None:
    return '""' if "str" in kind.codes else "0" if kind.codes == ["int"] else None
