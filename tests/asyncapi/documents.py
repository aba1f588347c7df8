"""
Documents and services for tests.
"""

from __future__ import annotations

import sys
from itertools import count
from types import ModuleType
from typing import Any

import msgspec

from balws.asyncapi.catalogue import Catalogue
from balws.asyncapi.document import makeDocument
from balws.asyncapi.module import makeModule
from balws.asyncapi.reading import Source
from balws.hub.hub import Hub

_numbers = count()


def describe(*services: Any, path: str | None = None, **options: Any) -> Any:
    """
    @return: the document of services.
    """
    catalogue = Catalogue(Hub())
    for service in services:
        catalogue.attach(service, path)
    return makeDocument(catalogue.found, **options)


def channelDocument(
    sends: dict[str, Any] | None = None,
    receives: dict[str, Any] | None = None,
    schemas: dict[str, Any] | None = None,
    **channel: Any,
) -> dict[str, Any]:
    """
    @param sends: the payloads that the client sends, by the name of the message.
    @param receives: those that it gets.
    @return: a document with one channel, C{chat}.
    """
    messages = {name: {"payload": payload} for name, payload in {**(sends or {}), **(receives or {})}.items()}
    operations = {
        action: {
            "action": action,
            "channel": {"$ref": "#/channels/chat"},
            "messages": [{"$ref": f"#/channels/chat/messages/{name}"} for name in names],
        }
        for action, names in (("receive", sends), ("send", receives))
        if names
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Chat", "version": "1"},
        "channels": {"chat": {"address": "/chat", "messages": messages, **channel}},
        "operations": operations,
        "components": {"schemas": schemas or {}},
    }


def source(document: Any) -> Source:
    """
    @return: a document as if it had been read.
    """
    return Source.parse(msgspec.json.encode(document), "chat.json")


def codeOf(document: Any, channel: str | None = None) -> str:
    """
    @return: the code of its client.
    """
    return makeModule(source(document), channel)


def clientOf(document: Any) -> Any:
    """
    @return: its client, imported.
    """
    name = f"balwsmade{next(_numbers)}"
    module = ModuleType(name)
    sys.modules[name] = module  # where msgspec looks for the names in annotations
    exec(compile(codeOf(document), f"{name}.py", "exec"), vars(module))
    return module
