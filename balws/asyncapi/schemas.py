# -*- test-case-name: tests.asyncapi.test_schemas -*-
"""
JSON Schema of the types of a description, in the words of AsyncAPI 3: those of draft 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from balws.asyncapi.docstring import Docstring
from balws.binding.constraints import unalias

__all__ = ["Schemas", "draft7", "isOpen"]

#: Nothing is said of it; msgspec takes no empty schema.
_ANYTHING = {"title": "\0"}

_TEMPLATE = "#/components/schemas/{name}"


class Schemas:
    """
    All types of one description: a class has the same name wherever it is used.

    @ivar components: each class's schema, by name.
    """

    def __init__(self, annotations: Iterable[Any]) -> None:
        """
        @param annotations: all that L{of} will be asked for.
        """
        given = [unalias(annotation) for annotation in annotations]
        # All at once where that goes: types may refer to one another, each to all.
        known = given if _areKnown(given) else [annotation for annotation in given if _areKnown([annotation])]
        schemas, components = msgspec.json.schema_components(known, ref_template=_TEMPLATE, schema_hook=_anything)
        self.components: dict[str, Any] = {name: _component(components[name]) for name in sorted(components)}
        self._schemas: list[tuple[Any, Any]] = []
        stamps = _Stamps(self.components)
        for annotation, schema, info in zip(known, schemas, inspect.multi_type_info(known), strict=True):
            made = draft7(schema)
            stamps.stamp(info, made)
            self._schemas.append((annotation, made))

    def of(self, annotation: Any) -> Any:
        """
        @return: the schema of a type; C{{}} for one of which nothing can be said.
        """
        plain = unalias(annotation)
        for known, schema in self._schemas:
            if known is plain or (type(known) is type(plain) and known == plain):
                return schema
        return {}

    def resolved(self, schema: Any) -> Any:
        """
        @return: what a reference refers to; another schema as it is.
        """
        reference = schema.get("$ref")
        return schema if reference is None else self.components[reference.rpartition("/")[2]]


def isOpen(schema: Any) -> bool:
    """
    @return: whether an object of this schema may have properties that it does not name.
    """
    return not schema or (schema.get("type") == "object" and not schema.get("properties"))


def _areKnown(annotations: list[Any]) -> bool:
    try:
        msgspec.json.schema_components(annotations, schema_hook=_anything)
    except (TypeError, NotImplementedError, NameError, ValueError, RecursionError):
        return False
    return True


def _anything(kind: type) -> dict[str, Any]:
    """
    What msgspec has no schema for.
    """
    if kind is object:
        return dict(_ANYTHING)
    raise NotImplementedError


def _component(schema: Any) -> Any:
    found = draft7(schema)
    if "description" in found:
        said = Docstring.parse(found["description"])
        found["description"] = "\n\n".join(part for part in (said.summary, said.description) if part)
    return found


def draft7(schema: Any) -> Any:
    """
    @param schema: of draft 2020-12, as msgspec writes it.
    @return: the same in draft 7, with the C{discriminator} of AsyncAPI.
    """
    if isinstance(schema, list):
        return [draft7(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    if schema == _ANYTHING:
        return found
    for key, value in schema.items():
        if key in ("default", "examples", "const", "enum"):
            found[key] = value
        elif key in ("properties", "patternProperties"):
            found[key] = {name: draft7(member) for name, member in value.items()}
        elif key == "prefixItems":
            found["items"] = draft7(value)
        elif key == "items" and "prefixItems" in schema:
            found["additionalItems"] = draft7(value)
        elif key == "discriminator":
            found[key] = value["propertyName"]
        else:
            found[key] = draft7(value)
    if "$ref" in found and len(found) > 1:
        # Beside a reference draft 7 hears nothing.
        found = {"allOf": [{"$ref": found.pop("$ref")}], **found}
    if found.get("required") == []:
        del found["required"]
    enum = found.get("enum")
    if isinstance(enum, list) and len(enum) == 1:
        found["const"] = found.pop("enum")[0]
    return found


_FORMATS: Mapping[type, str] = {inspect.DateTimeType: "date-time", inspect.TimeType: "time"}


class _Stamps:
    """
    Says of times that they are times, which msgspec does only for those with a time zone.
    """

    def __init__(self, components: Mapping[str, Any]) -> None:
        self._components = components
        self._seen: set[str] = set()

    def stamp(self, info: inspect.Type, schema: Any) -> None:
        """
        @param info: what msgspec knows of a type.
        @param schema: of the type; is changed.
        """
        if isinstance(info, inspect.Metadata):
            self.stamp(info.type, schema)
            return
        if not isinstance(schema, dict):
            return
        if list(schema.get("allOf", ())) and "$ref" in schema["allOf"][0]:
            schema = schema["allOf"][0]
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name in self._seen:
                return
            self._seen.add(name)
            schema = self._components[name]
        if isinstance(info, inspect.UnionType):
            self._union(info, schema)
        elif type(info) in _FORMATS and schema.get("type") == "string":
            schema.setdefault("format", _FORMATS[type(info)])
        elif isinstance(info, inspect.DictType):
            self.stamp(info.value_type, schema.get("additionalProperties"))
        elif isinstance(info, inspect.TupleType):
            for member, inside in zip(info.item_types, schema.get("items", ()), strict=False):
                self.stamp(member, inside)
        elif isinstance(info, inspect.CollectionType):
            self.stamp(info.item_type, schema.get("items"))
        else:
            properties = schema.get("properties", {})
            for field in getattr(info, "fields", ()):
                self.stamp(field.type, properties.get(getattr(field, "encode_name", field.name)))

    def _union(self, info: inspect.UnionType, schema: Any) -> None:
        members = schema.get("anyOf", [schema])
        for member in info.types:
            name = getattr(getattr(member, "cls", None), "__name__", None)
            kind = _kind(member)
            for inside in members:
                if inside.get("type") == kind or (name and inside.get("$ref", "").endswith(name)):
                    self.stamp(member, inside)


def _kind(info: inspect.Type) -> str | None:
    plain = info.type if isinstance(info, inspect.Metadata) else info
    if type(plain) in _FORMATS:
        return "string"
    if isinstance(plain, inspect.DictType):
        return "object"
    return "array" if isinstance(plain, inspect.CollectionType | inspect.TupleType) else None
