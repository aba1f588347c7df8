# -*- test-case-name: tests.asyncapi.test_contract -*-
"""
What a document says of one channel, as its client needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from balws.asyncapi.kind import Kind, single
from balws.asyncapi.names import className
from balws.asyncapi.reading import Source
from balws.asyncapi.shapes import Shapes
from balws.asyncapi.source import LONGEST

__all__ = ["Contract", "Message", "Parameter", "contractsOf"]

_JSON = "application/json"


@attrs.frozen(kw_only=True)
class Message:
    """
    @ivar name: in its channel.
    @ivar words: what is said of it.
    @ivar kind: its type in Python.
    @ivar content: C{"json"}, C{"text"}, C{"xml"} or C{"binary"}.
    @ivar isTied: whether it has the C{streamId}.
    """

    name: str
    words: tuple[str, ...]
    kind: Kind
    content: str
    isTied: bool


@attrs.frozen(kw_only=True)
class Parameter:
    """
    @ivar source: C{"path"}, C{"query"} or C{"header"}.
    @ivar key: what it is called there.
    @ivar schema: of its value.
    @ivar isRequired: whether it must be given.
    @ivar words: what is said of it.
    @ivar where: its place in the document.
    """

    source: str
    key: str
    schema: Mapping[str, Any]
    isRequired: bool
    words: str
    where: str


@attrs.define(kw_only=True)
class Contract:
    """
    One channel.

    @ivar key: what it is called in the document.
    @ivar address: with parameters in braces.
    @ivar words: what is said of it.
    @ivar server: the URL of its first server; L{None} where the document names none.
    @ivar streamId: the field that ties answers to requests; L{None} without.
    @ivar parameters: what it is asked with.
    @ivar sends: the messages that the client sends, by name.
    @ivar receives: those that the service sends, by name.
    @ivar answers: the names of the messages that answer one, by its name.
    """

    key: str
    address: str
    words: tuple[str, ...]
    server: str | None
    streamId: str | None
    parameters: list[Parameter]
    sends: dict[str, Message] = attrs.field(factory=dict)
    receives: dict[str, Message] = attrs.field(factory=dict)
    answers: dict[str, list[str]] = attrs.field(factory=dict)


def contractsOf(source: Source, shapes: Shapes, channel: str | None = None) -> list[Contract]:
    """
    @param channel: the only one that is wanted; L{None}: all.
    @raise balws.ConfigurationError: for a document that cannot be used.
    """
    channels = source.table(source.root, "channels", "#")
    if channel is not None and channel not in channels:
        known = ", ".join(sorted(map(str, channels))[:20])
        raise source.error(f"there is no channel {channel!r}; there are: {known}", "#/channels")
    if not channels:
        raise source.error("there is no channel", "#/channels")
    wanted = [name for name in channels if channel in (None, name)]
    read = [_Channel(source, shapes, name) for name in wanted]
    by: dict[str, list[_Channel]] = {}
    for each in read:
        by.setdefault(each.where, []).append(each)
    operations = source.table(source.root, "operations", "#")
    for name, node in operations.items():
        operation, where = source.resolve(node, f"#/operations/{_escaped(name)}")
        if not isinstance(operation, Mapping):
            raise source.error("is no object", where)
        _, place = source.resolve(operation.get("channel"), f"{where}/channel")
        for each in by.get(place, ()):
            each.add(operation, where)
    for each in read:
        if not operations:
            each.addAll()
    return [each.contract for each in read]


class _Channel:
    """
    @ivar where: its place in the document.
    """

    def __init__(self, source: Source, shapes: Shapes, name: str) -> None:
        self._source = source
        self._shapes = shapes
        self._messages: dict[str, Message] = {}
        node, self.where = source.resolve(source.root["channels"][name], f"#/channels/{_escaped(name)}")
        if not isinstance(node, Mapping):
            raise source.error("is no object", self.where)
        self._node: Mapping[str, Any] = node
        self._given = source.table(node, "messages", self.where)
        address = node.get("address")
        if not isinstance(address, str):
            raise source.error("a client needs the address of the channel", self.where)
        stream = node.get("x-dispatcherStreamId", source.root.get("x-dispatcherStreamId"))
        self.contract = Contract(
            key=name,
            address=address,
            words=_words(node),
            server=_server(source, node, self.where),
            streamId=stream if isinstance(stream, str) else self._correlated(),
            parameters=list(self._parameters(address)),
        )

    def _correlated(self) -> str | None:
        """
        @return: the field that all correlation ids of its messages are in.
        """
        found = set()
        for name, node in self._given.items():
            message, where = self._source.resolve(node, f"{self.where}/messages/{_escaped(name)}")
            if isinstance(message, Mapping):
                found.add(_pointer(self._source, message, where))
        found.discard(None)
        return found.pop() if len(found) == 1 else None

    def _parameters(self, address: str) -> Iterator[Parameter]:
        source = self._source
        names = [part.partition("}")[0] for part in address.split("{")[1:]]
        given = source.table(self._node, "parameters", self.where)
        for name in dict.fromkeys(names):
            node, where = source.resolve(given.get(name, {}), f"{self.where}/parameters/{_escaped(name)}")
            plain = node if isinstance(node, Mapping) else {}
            schema = plain.get("x-schema", {key: plain[key] for key in ("enum", "default") if key in plain})
            schema = {"type": "string", **schema} if isinstance(schema, Mapping) else {"type": "string"}
            yield Parameter(
                source="path",
                key=name,
                schema=schema,
                isRequired="default" not in schema,
                words=self._said(plain, where),
                where=where,
            )
        bindings, place = source.resolve(self._node.get("bindings", {}), f"{self.where}/bindings")
        socket = source.table(bindings, "ws", place) if isinstance(bindings, Mapping) else {}
        for kind, key in (("query", "query"), ("header", "headers")):
            schema, where = source.resolve(socket.get(key, {}), f"{place}/ws/{key}")
            if not isinstance(schema, Mapping):
                raise source.error("is no object", where)
            listed = source.listed(schema, "required", where)
            source.step(where, len(listed))
            required = {each for each in listed if isinstance(each, str)}
            for name, node in source.table(schema, "properties", where).items():
                inside, there = source.resolve(node, f"{where}/properties/{_escaped(name)}")
                if isinstance(inside, Mapping) and not name.lower().startswith("sec-websocket-"):
                    yield Parameter(
                        source=kind,
                        key=name,
                        schema=inside,
                        isRequired=name in required and "default" not in inside,
                        words=self._said(inside, there),
                        where=there,
                    )

    def _said(self, node: Mapping[str, Any], where: str) -> str:
        """
        @return: what is said of a parameter, as far as it is shown.
        """
        words = " ".join(text[:LONGEST] for text in _words(node))[:LONGEST]
        self._source.step(where, len(words) // 100)
        return words

    # Messages

    def add(self, operation: Mapping[str, Any], where: str) -> None:
        """
        @param operation: one of this channel.
        """
        contract = self.contract
        isReceived = operation.get("action") == "receive"
        messages = self._listed(operation, where)
        reply, place = self._source.resolve(operation.get("reply", {}), f"{where}/reply")
        isElsewhere = isinstance(reply, Mapping) and "channel" in reply and (
            self._source.resolve(reply["channel"], f"{place}/channel")[1] != self.where
        )
        answers = [] if not isinstance(reply, Mapping) or not reply or isElsewhere else self._listed(reply, place)
        sends, receives = (messages, answers) if isReceived else (answers, messages)
        contract.sends.update((message.name, message) for message in sends)
        contract.receives.update((message.name, message) for message in receives)
        isStream = operation.get("x-response-type") == "server-streaming"
        if isReceived and answers and not isStream and all(each.isTied for each in (*messages, *answers)):
            names = [answer.name for answer in answers]
            contract.answers.update((message.name, names) for message in messages)

    def addAll(self) -> None:
        """
        Without operations every message may go both ways.
        """
        for message in self._listed({}, self.where):
            self.contract.sends[message.name] = self.contract.receives[message.name] = message

    def _listed(self, node: Mapping[str, Any], where: str) -> list[Message]:
        if "messages" not in node:
            self._source.step(where, len(self._given))
            return [self._message(name) for name in self._given]
        places = self._places
        found = []
        for number, reference in enumerate(self._source.listed(node, "messages", where)):
            own = reference.get("$ref") if isinstance(reference, Mapping) else None
            self._source.step(where)
            if not isinstance(own, str) or own not in places:
                own = self._source.resolve(reference, f"{where}/messages/{number}")[1]
            if own not in places:
                raise self._source.error("is no message of its channel", f"{where}/messages/{number}")
            found.append(self._message(places[own]))
        return found

    @cached_property
    def _places(self) -> dict[str, str]:
        """
        The names of the messages, by all that a reference may call them.
        """
        places: dict[str, str] = {}
        for name, given in self._given.items():
            there = f"{self.where}/messages/{_escaped(name)}"
            # The channel may be a reference, and the message another.
            named = f"#/channels/{_escaped(self.contract.key)}/messages/{_escaped(name)}"
            places[named] = places[there] = places[self._source.resolve(given, there)[1]] = name
        return places

    def _message(self, name: str) -> Message:
        if name not in self._messages:
            self._messages[name] = self._read(name)
        return self._messages[name]

    def _read(self, name: str) -> Message:
        source, stream = self._source, self.contract.streamId
        node, where = source.resolve(self._given[name], f"{self.where}/messages/{_escaped(name)}")
        if not isinstance(node, Mapping):
            raise source.error("is no object", where)
        content = _content(node.get("contentType", source.root.get("defaultContentType", _JSON)))
        kinds = {"text": single("text", "str"), "xml": single("xml", "Element"), "binary": single("text", "bytes")}
        isTied = stream is not None and _pointer(source, node, where) == stream
        kind = kinds.get(content) or self._shapes.of(
            node.get("payload", {}), className(name), f"{where}/payload", streamId=stream if isTied else None
        )
        return Message(name=name, words=_words(node), kind=kind, content=content, isTied=isTied)


def _content(contentType: Any) -> str:
    kind = contentType.partition(";")[0].strip().lower() if isinstance(contentType, str) else _JSON
    if kind.endswith(("/json", "+json")):
        return "json"
    if kind.endswith(("/xml", "+xml")):
        return "xml"
    return "text" if kind.startswith("text/") else "binary"


def _words(node: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(node[key] for key in ("summary", "description") if isinstance(node.get(key), str))


def _pointer(source: Source, message: Mapping[str, Any], where: str) -> str | None:
    """
    @return: the field of a message that its correlation id is in.
    """
    node, _ = source.resolve(message.get("correlationId", {}), f"{where}/correlationId")
    location = node.get("location") if isinstance(node, Mapping) else None
    if not isinstance(location, str) or not location.startswith("$message.payload#/"):
        return None
    pointer = location.partition("#/")[2]
    return None if "/" in pointer else pointer.replace("~1", "/").replace("~0", "~")


def _server(source: Source, channel: Mapping[str, Any], where: str) -> str | None:
    servers: list[Any] = source.listed(channel, "servers", where)
    nodes = servers or list(source.table(source.root, "servers", "#").values())
    for node in nodes:
        server, _ = source.resolve(node, f"{where}/servers")
        if isinstance(server, Mapping) and server.get("protocol") in ("ws", "wss"):
            parts = [server.get(key, "") for key in ("protocol", "host", "pathname")]
            if all(isinstance(part, str) for part in parts) and "{" not in "".join(parts):
                return f"{parts[0]}://{parts[1]}{parts[2]}"
    return None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
