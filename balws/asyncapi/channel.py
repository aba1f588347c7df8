# -*- test-case-name: tests.asyncapi.test_channel -*-
"""
One upgrade service as AsyncAPI has it: a channel, its messages, and its operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from balws.asyncapi.catalogue import Found
from balws.asyncapi.content import BINARY, JSON, TEXT, XML, Content
from balws.asyncapi.docstring import Docstring
from balws.asyncapi.exchange import Exchange, exchangesOf
from balws.asyncapi.sample import NO_SAMPLE, sampleOf
from balws.asyncapi.schemas import Schemas, isOpen
from balws.asyncapi.upgrade import addressOf, bindingOf, parametersOf
from balws.asyncapi.written import writtenBy

__all__ = ["Channel"]

_PAYLOADS: dict[str, dict[str, Any]] = {
    TEXT: {"type": "string"},
    BINARY: {"type": "string", "format": "binary"},
    XML: {"type": "string", "description": "An XML document without a document type declaration."},
}

_CLOSURES = {
    "1000": "The service is done with the connection.",
    "1001": "The service stops, or the connection is too old: connect again.",
    "1002": "The protocol of WebSocket was not kept.",
    "1003": "A message was not what its method declares.",
    "1007": "A text was not UTF-8.",
    "1008": "An operator closed the connection, or a rule of the service was not kept.",
    "1009": "A message or a frame was too large.",
    "1011": "Something went wrong in the service.",
    "3000-4999": "The service's own, or an operator's.",
}

_EXPIRY = "The credentials have expired, an operator closed the connection, or a rule of the service was not kept."

#: Those that come of whatever service: the protocol's, those of who stops it or kicks, and those that any
#: method may choose (L{balws.Caller.close}), of which no declaration tells.
_ALWAYS = frozenset(_CLOSURES) - {"1003"}


class Channel:
    """
    @ivar key: what it is called in the document.
    @ivar found: its service.
    @ivar messages: its messages, by name.
    """

    def __init__(self, key: str, found: Found) -> None:
        """
        @raise balws.ServiceDefinitionError: when no message can reach a method.
        """
        self.key = key
        self.found = found
        self.messages: dict[str, dict[str, Any]] = {}
        tables = sorted(found.mount.terms.tables.values(), key=lambda table: table.owner)
        self._kinds = [table.kind for table in tables]
        self._exchanges = [exchange for table in tables for exchange in exchangesOf(table)]
        kinds = (*self._kinds, type(found.mount.service))
        unasked = [content for each in self._exchanges if not each.takes for content in each.answers.contents]
        unasked += [content for kind in kinds for content in writtenBy(kind)]
        self._unasked = tuple({repr(content): content for content in unasked}.values())

    def annotations(self) -> Iterator[Any]:
        """
        @return: the types of all its JSON messages.
        """
        for content in self._contents():
            if content.contentType == JSON:
                yield content.annotation

    def _contents(self) -> Iterator[Content]:
        yield from self._unasked
        for exchange in self._exchanges:
            yield from exchange.takes
            yield from exchange.answers.contents

    def describe(self, schemas: Schemas, security: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """
        @param security: for its operations.
        @return: the channel, and its operations by name.
        """
        self._schemas = schemas
        operations: dict[str, Any] = {}
        for exchange in self._exchanges:
            if exchange.takes:
                name = self._free(f"{self.key}.{exchange.name}", operations)
                operations[name] = self._receiving(exchange)
        if self._unasked:
            operations[f"{self.key}.send"] = {
                "action": "send",
                "channel": self._reference(),
                "summary": "What comes without being asked for.",
                "messages": [self._sent(content) for content in self._unasked],
            }
        if security:
            for operation in operations.values():
                operation["security"] = security
        return self._described(), operations

    def _described(self) -> dict[str, Any]:
        said = [Docstring.of(kind) for kind in (type(self.found.mount.service), *self._kinds)]
        config = self.found.config
        channel: dict[str, Any] = {"address": addressOf(self.found), "title": self.found.mount.owner}
        channel.update(_words(next((each for each in said if each.summary), Docstring())))
        if parameters := parametersOf(self.found):
            channel["parameters"] = parameters
        channel["messages"] = self.messages
        channel["bindings"] = {"ws": bindingOf(self.found)}
        if config.subProtocols:
            channel["x-subProtocols"] = list(config.subProtocols)
        if config.dispatcherKey is not None:
            channel["x-dispatcherKey"] = config.dispatcherKey
        if config.dispatcherStreamId is not None:
            channel["x-dispatcherStreamId"] = config.dispatcherStreamId
        channel["x-closeCodes"] = self._closures()
        return channel

    def _closures(self) -> dict[str, str]:
        codes = set(_ALWAYS)
        if any(exchange.isStrict for exchange in self._exchanges):
            codes.add("1003")
        codes.update(str(code) for exchange in self._exchanges for code in exchange.answers.closures)
        words = {code: _CLOSURES.get(code, "The service's own.") for code in sorted(codes)}
        if self.found.config.auth and self.found.config.closeOnExpiry:
            words["1008"] = _EXPIRY
        return words

    def _reference(self, message: str | None = None) -> dict[str, str]:
        below = "" if message is None else f"/messages/{message}"
        return {"$ref": f"#/channels/{self.key}{below}"}

    # Operations

    def _receiving(self, exchange: Exchange) -> dict[str, Any]:
        taken = [self._taken(exchange, content) for content in exchange.takes]
        operation = {
            "action": "receive",
            "channel": self._reference(),
            **_words(exchange.said),
            "messages": taken,
        }
        answers = [self._sent(content, exchange.value is not None) for content in exchange.answers.contents]
        if answers:
            operation["reply"] = {"channel": self._reference(), "messages": answers}
            operation["x-response-type"] = "server-streaming" if exchange.answers.isStream else "simple-rpc"
        return operation

    def _taken(self, exchange: Exchange, content: Content) -> dict[str, str]:
        message = self._message(content)
        if exchange.value is not None:
            message["payload"] = self._dispatched(message["payload"], exchange.value)
            self._correlate(message)
        message.update(_words(exchange.said))
        name = exchange.name
        if len(exchange.takes) > 1:
            name += content.noun[0].upper() + content.noun[1:]
        return self._add(name, message)

    def _sent(self, content: Content, isAnswer: bool = False) -> dict[str, str]:
        message = self._message(content)
        if isAnswer and content.contentType == JSON:
            self._correlate(message)
        return self._add(content.noun, message)

    # Messages

    def _message(self, content: Content) -> dict[str, Any]:
        payload = _PAYLOADS.get(content.contentType)
        if payload is None:
            payload = self._schemas.of(content.annotation)
        return {"contentType": content.contentType, "payload": payload}

    def _add(self, name: str, message: dict[str, Any]) -> dict[str, str]:
        sample = sampleOf(message["payload"], self._schemas.components)
        if sample is not NO_SAMPLE and message["contentType"] in (JSON, TEXT):
            message["examples"] = [{"payload": sample}]
        name = self._free(name, self.messages, message)
        message = {"name": name, **message}
        self.messages[name] = message
        return self._reference(name)

    @staticmethod
    def _free(name: str, taken: dict[str, Any], same: Any = None) -> str:
        """
        @return: the name, with a number where it means something else already.
        """
        number, free = 1, name
        while free in taken and {**(same or {}), "name": free} != taken[free]:
            number += 1
            free = f"{name}{number}"
        return free

    def _dispatched(self, payload: Any, value: str) -> Any:
        """
        @return: the schema of messages whose C{dispatcherKey} has this value.
        """
        key = self.found.config.dispatcherKey or ""
        plain = self._schemas.resolved(payload)
        if plain.get("properties", {}).get(key, {}).get("const") == value and key in plain.get("required", ()):
            return payload
        properties = {key: {"type": "string", "const": value}}
        if not isOpen(payload):
            return {"allOf": [payload, {"type": "object", "properties": properties, "required": [key]}]}
        stream = self.found.config.dispatcherStreamId
        if stream is not None:
            properties[stream] = {"type": ["string", "integer"]}  # type: ignore[dict-item]
        return {**payload, "type": "object", "properties": properties, "required": [key]}

    def _correlate(self, message: dict[str, Any]) -> None:
        stream = self.found.config.dispatcherStreamId
        if stream is None:
            return
        named = [self._schemas.resolved(each) for each in (message["payload"], *message["payload"].get("allOf", ()))]
        if any(isOpen(each) or stream in each.get("properties", {}) for each in named):
            pointer = stream.replace("~", "~0").replace("/", "~1")
            message["correlationId"] = {
                "location": f"$message.payload#/{pointer}",
                "description": "Ties an answer to its request.",
            }


def _words(said: Docstring) -> dict[str, str]:
    given: Iterable[tuple[str, str]] = (("summary", said.summary), ("description", said.description))
    return {key: words for key, words in given if words}
