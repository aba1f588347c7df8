# -*- test-case-name: tests.asyncapi.test_upgrade -*-
"""
What a peer asks for when it connects: the address of a channel, and its parameters.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from balws.asyncapi.catalogue import Found
from balws.asyncapi.docstring import Docstring
from balws.server.arguments import CONVERSIONS, Parameter
from balws.server.declare import resourceOf

__all__ = ["addressOf", "bindingOf", "parametersOf"]

_SCHEMAS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Decimal: {"type": "string", "format": "decimal"},
}


def addressOf(found: Found) -> str:
    """
    @return: the path of the service and that of its C{get}, with parameters in braces.
    """
    below = resourceOf(type(found.mount.service)).path.strip("/.")
    path = found.mount.path.rstrip("/")
    return f"{path}/{below}" if below else path or "/"


def parametersOf(found: Found) -> dict[str, Any]:
    """
    @return: those in the path; AsyncAPI has texts only, so the type stands under C{x-schema}.
    """
    said = _said(found)
    parameters = {}
    for parameter in found.mount.arguments.parameters:
        if parameter.source == "path":
            described = {"description": said.get(parameter.name)}
            parameters[parameter.key] = {
                **({} if described["description"] is None else described),
                "x-schema": _schemaOf(parameter),
            }
    return parameters


def bindingOf(found: Found) -> dict[str, Any]:
    """
    @return: the WebSocket binding: the query and the headers of the upgrade request.
    """
    binding: dict[str, Any] = {"method": "GET"}
    for source, key in (("query", "query"), ("header", "headers")):
        schema = _together(found, source)
        if schema is not None:
            binding[key] = schema
    return {**binding, "bindingVersion": "0.1.0"}


def _together(found: Found, source: str) -> dict[str, Any] | None:
    said = _said(found)
    properties, required = {}, []
    for parameter in found.mount.arguments.parameters:
        if parameter.source != source:
            continue
        schema = _schemaOf(parameter)
        if parameter.name in said:
            schema["description"] = said[parameter.name]
        if not parameter.optional:
            required.append(parameter.key)
        elif parameter.default is not None:
            schema["default"] = str(parameter.default) if isinstance(parameter.default, Decimal) else parameter.default
        properties[parameter.key] = schema
    if not properties:
        return None
    schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _schemaOf(parameter: Parameter) -> dict[str, Any]:
    kind = next(kind for kind, convert in CONVERSIONS.items() if convert is parameter.convert)
    schema = dict(_SCHEMAS[kind])
    return {"type": "array", "items": schema} if parameter.many else schema


def _said(found: Found) -> dict[str, str]:
    return dict(Docstring.of(resourceOf(type(found.mount.service)).function).parameters)
