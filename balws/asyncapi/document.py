# -*- test-case-name: tests.asyncapi.test_document -*-
"""
An AsyncAPI 3 document of services.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from balws.asyncapi.catalogue import Found
from balws.asyncapi.channel import Channel
from balws.asyncapi.content import JSON
from balws.asyncapi.reading import NO_YAML
from balws.asyncapi.schemas import Schemas
from balws.asyncapi.security import schemesOf
from balws.asyncapi.servers import serverAt, serverOf
from balws.errors import ConfigurationError

__all__ = ["asText", "asYaml", "makeDocument"]

_EXTENSIONS = ("x-dispatcherKey", "x-dispatcherStreamId")


def makeDocument(
    found: Sequence[Found],
    *,
    title: str = "WebSocket services",
    version: str = "1.0.0",
    servers: Iterable[str] = (),
) -> dict[str, Any]:
    """
    @param found: the services.
    @param version: of the services, not of AsyncAPI.
    @param servers: URLs that stand in place of the listeners' own addresses.
    @return: the document; the same for the same services.
    @raise balws.ServiceDefinitionError: when no message can reach a method.
    @raise balws.ConfigurationError: for an URL that is no server's.
    """
    given = {f"server{number}": serverAt(url) for number, url in enumerate(servers, 1)}
    listeners = {} if given else _listeners(found)
    channels = [Channel(key, each) for key, each in _keyed(found)]
    schemas = Schemas([annotation for channel in channels for annotation in channel.annotations()])
    schemes: dict[str, Any] = {}
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": JSON,
        "servers": given or {name: server for name, server, _ in listeners.values()},
        "channels": {},
        "operations": {},
    }
    for channel in channels:
        security = _security(channel, schemes)
        described, operations = channel.describe(schemas, security)
        if channel.found.entry is not None and listeners:
            described["servers"] = [{"$ref": f"#/servers/{listeners[id(channel.found.entry)][0]}"}]
        document["channels"][channel.key] = described
        document["operations"].update(operations)
    for extension in _EXTENSIONS:
        values = {channel.get(extension) for channel in document["channels"].values()}
        if len(values) == 1 and None not in values:
            document[extension] = values.pop()
    components = {"schemas": schemas.components, "securitySchemes": schemes}
    document["components"] = {name: part for name, part in components.items() if part}
    return {key: part for key, part in document.items() if part not in ({}, None)}


def asText(document: dict[str, Any]) -> str:
    """
    @return: the document as JSON.
    """
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def asYaml(document: dict[str, Any]) -> str:
    """
    @return: the document as YAML, in blocks.
    @raise balws.ConfigurationError: without PyYAML.
    """
    try:
        from balws.asyncapi.yamlwriting import writeYaml
    except ImportError as problem:
        if problem.name != "yaml":
            raise
        raise ConfigurationError(NO_YAML) from None
    return writeYaml(msgspec.json.decode(msgspec.json.encode(document)))


def _listeners(found: Sequence[Found]) -> dict[int, tuple[str, dict[str, Any], Any]]:
    """
    @return: name and server of each listener, by what tells it apart.
    """
    named: dict[int, tuple[str, dict[str, Any], Any]] = {}
    for each in found:
        if each.entry is not None and id(each.entry) not in named:
            named[id(each.entry)] = (f"listener{len(named) + 1}", serverOf(each.entry), each.entry)
    return named


def _keyed(found: Sequence[Found]) -> list[tuple[str, Found]]:
    """
    @return: each service with a name that tells it apart, made of its path.
    """
    keyed: dict[str, Found] = {}
    for each in found:
        name = re.sub(r"\W+", "_", each.mount.path, flags=re.ASCII).strip("_") or "root"
        key, number = name, 1
        while key in keyed:
            number += 1
            key = f"{name}_{number}"
        keyed[key] = each
    return list(keyed.items())


def _security(channel: Channel, schemes: dict[str, Any]) -> list[Any]:
    """
    @param schemes: those of the document so far; gets more.
    @return: references to those of this channel.
    """
    references = []
    for name, scheme in schemesOf(channel.found.config).items():
        key = name
        if schemes.get(key, scheme) != scheme:
            key = f"{name}_{channel.key}"
        schemes[key] = scheme
        references.append({"$ref": f"#/components/securitySchemes/{key}"})
    return references
