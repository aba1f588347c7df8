# -*- test-case-name: tests.asyncapi.test_shapes -*-
"""
From the schemas of a document to types of Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from balws.asyncapi.kind import ANY, MAX_MEMBERS, NONE, Kind, Member, either, literals, single
from balws.asyncapi.names import IMPORTED, Names, className, memberName
from balws.asyncapi.reading import Source
from balws.asyncapi.source import literal

__all__ = ["Field", "Record", "Shapes", "defaultOf"]

#: So deep may one schema lie in another.
_DEPTH = 48

#: So many classes are made.
_RECORDS = 20_000

#: The longest type that is written wherever it is used, in characters: a longer one gets a name.
_LONGEST = 200

#: The longest text that can be a field's key, its default, or one of its values, in characters.
_TEXT = 1000

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
    @ivar aliases: types too long to be written each time, by their names; each needs the records and
        what stands before it.
    """

    def __init__(self, source: Source, names: Names, keys: Iterable[str] = ()) -> None:
        """
        @param keys: fields that tell messages apart.
        """
        self._source = source
        self._names = names
        self._keys = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        # By what a schema is, not where: it may be reached by many ways.  The schema is kept with its
        # type, so that no other gets its id.
        self._known: dict[int, tuple[Any, Kind]] = {}
        self._open: dict[int, Any] = {}
        self.records: list[Record] = []
        self.aliases: dict[str, str] = {}

    def of(self, schema: Any, name: str, where: str, depth: int = 0, streamId: str | None = None) -> Kind:
        """
        @param schema: in the words of draft 7, or a reference to one.
        @param name: what a class for it may be called.
        @param where: its place in the document.
        @param streamId: a field that need not be set.
        @return: the type of what it describes; C{Any} where that cannot be told.
        @raise balws.ConfigurationError: for references that lead nowhere, or to another document, and
            when it is too much.
        """
        resolved, place = self._source.resolve(schema, where)
        if not isinstance(resolved, Mapping):
            return ANY
        key = id(resolved)
        if key in self._known:
            return self._known[key][1]
        if depth > _DEPTH or key in self._open:
            return ANY
        if resolved is not schema:
            name = className(place.rpartition("/")[2])
        self._open[key] = resolved
        kind = self._named(self._made(resolved, name, place, depth + 1, streamId), name, place)
        del self._open[key]
        self._known[key] = resolved, kind
        return kind

    def _named(self, kind: Kind, name: str, where: str) -> Kind:
        """
        @return: the type, under a name of its own where it is long.
        """
        if kind.alias is not None:
            return kind
        self._source.step(where, kind.cost)
        if len(kind.code) <= _LONGEST:
            return kind
        alias = self._names.take(className(name))
        self.aliases[alias] = kind.code
        return Kind(kind.members, alias)

    def _either(self, kinds: list[Kind], where: str) -> Kind:
        self._source.step(where, len(kinds))
        if len(kinds) - kinds.count(NONE) > 1:
            self._source.step(where, sum(kind.cost for kind in kinds))
        return either(kinds)

    def _made(self, schema: Mapping[str, Any], name: str, where: str, depth: int, streamId: str | None) -> Kind:
        if "schema" in schema and "schemaFormat" in schema:
            return self.of(schema["schema"], name, _below(where, "schema"), depth)
        if "const" in schema or "enum" in schema:
            values = [schema["const"]] if "const" in schema else schema["enum"]
            self._source.step(where, len(values) if isinstance(values, list) else 1)  # whatever comes of them
            return _constants(values)
        for key in ("oneOf", "anyOf"):
            if isinstance(schema.get(key), list):
                kinds = [
                    self.of(member, f"{name}{number + 1}", _below(where, key, number), depth)
                    for number, member in enumerate(schema[key])
                ]
                return self._either(kinds, where)
        if isinstance(schema.get("allOf"), list):
            schema = self._merged(schema, where)
            if "properties" not in schema and len(schema.get("allOf", ())) == 1:
                return self.of(schema["allOf"][0], name, _below(where, "allOf", 0), depth)
        given = schema.get("type")
        if isinstance(given, list):
            kinds = [self._typed({**schema, "type": each}, name, where, depth, streamId) for each in given[:7]]
            return self._either(kinds, where)
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
            inside = self.of(values, f"{name}Value", _below(where, "additionalProperties"), depth)
            return single("object", f"dict[str, {inside.code}]")
        plain = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
        groups = {"integer": "number", "number": "number", "boolean": "bool", "null": "none"}
        return single(groups[kind], plain[kind]) if isinstance(kind, str) and kind in plain else ANY

    def _array(self, schema: Mapping[str, Any], name: str, where: str, depth: int) -> Kind:
        items = schema.get("items", True)
        if isinstance(items, list):
            if not 0 < len(items) <= 20 or schema.get("minItems") != len(items):
                return single("array", "list[Any]")
            kinds = [
                self.of(each, f"{name}{number + 1}", _below(where, "items", number), depth)
                for number, each in enumerate(items)
            ]
            return single("array", f"tuple[{', '.join(kind.code for kind in kinds)}]")
        inside = self.of(items, f"{name}Item", _below(where, "items"), depth)
        return single("array", f"list[{inside.code}]")

    def _merged(self, schema: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """
        @return: all that C{allOf} asks for as one schema, where that is of objects; what it refers to
            again, or in a circle, counts once.
        """
        source = self._source
        properties: dict[str, Any] = {}
        required: list[Any] = []
        words = None
        seen: set[int] = set()
        waiting: list[tuple[Any, str]] = [(schema, where)]
        while waiting:
            part, place = source.resolve(*waiting.pop())
            if not isinstance(part, Mapping) or id(part) in seen:
                continue
            seen.add(id(part))
            given, needed = source.table(part, "properties", place), source.listed(part, "required", place)
            members = part["allOf"] if isinstance(part.get("allOf"), list) else []
            source.step(place, len(given) + len(needed) + len(members))
            for key, value in given.items():
                if key not in properties or (isinstance(value, Mapping) and {"const", "enum"} & value.keys()):
                    properties[key] = value  # else what is known of it says more
            required += needed
            words = words or part.get("description")
            waiting += reversed([(member, _below(place, "allOf", number)) for number, member in enumerate(members)])
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
        if len(self.records) >= _RECORDS:
            raise self._source.error("its schemas are too many to make a client of", where)
        record = Record(self._names.take(className(name)), words, tag, [])
        kind = Kind((Member("object", record.name, tag),))
        key = next(reversed(self._open))
        self._known[key] = self._open[key], kind  # it may be in itself
        self.records.append(record)
        names = Names(_TYPES)
        for key, member in properties.items():
            if tag is not None and key == tag[0]:
                continue
            place = _below(where, "properties", key.replace("~", "~0").replace("/", "~1"))
            inside = self.of(member, f"{record.name}{className(key)}", place, depth)
            default = defaultOf(member, inside)
            if key == streamId:
                default = default or _unset(inside)
            elif key in required:
                default = None
            elif default is None:
                inside = inside.optional
                default = "None"
            self._source.step(place, (len(key) + len(default or "")) // 100)
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
        if not found:
            return None
        last = len(self._keys)
        key = min(found, key=lambda each: (self._keys.get(each, last), each not in required))
        return key, found[key]


def _below(where: str, *parts: str | int) -> str:
    """
    @return: a place in another, for errors: of one that is long, its beginning.
    """
    return "/".join((where, *(str(part)[:_LONGEST] for part in parts))) if len(where) < _LONGEST else where


def _isName(key: str) -> bool:
    """
    @return: whether a field can stand under this key: whether it is the same in JSON.
    """
    return len(key) <= _TEXT and key.isprintable() and '"' not in key and "\\" not in key


def _constants(values: Any) -> Kind:
    if not isinstance(values, list) or not 0 < len(values) <= MAX_MEMBERS:
        return ANY
    kinds: list[Kind] = []
    for value in values:
        if isinstance(value, str) and len(value) > _TEXT:
            kinds.append(single("text", "str"))
        elif isinstance(value, str):
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
    if isinstance(value, str) and len(value) > _TEXT:
        return None
    code = literal(value)
    isOne = not {wanted, code}.isdisjoint(kind.values)
    if not isOne and wanted == "int" and "float" in kind.values:
        return f"{code}.0" if abs(value) < 2**53 else None
    return code if isOne else None


def _unset(kind: Kind) -> str | None:
    return '""' if "str" in kind.values else "0" if kind.code == "int" else None
