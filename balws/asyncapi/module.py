# -*- test-case-name: tests.asyncapi.test_module -*-
"""
A typed client of a document's channels, as a module of Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from balws.asyncapi.contract import Contract, Message, contractsOf
from balws.asyncapi.kind import Kind, either
from balws.asyncapi.names import BUILTIN, IMPORTED, Names, className, memberName
from balws.asyncapi.reading import Source
from balws.asyncapi.shapes import Field, Record, Shapes
from balws.asyncapi.signature import connecting
from balws.asyncapi.source import WIDTH, call, docstring, literal
from balws.client.typed.client import TypedClient

__all__ = ["MAX_MODULE", "makeModule"]

#: The largest module, in characters.
MAX_MODULE = 4 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z_]\w*")
_TEXT = re.compile(r"""\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'""")

_TOO_LARGE = f"a client of it would be larger than {MAX_MODULE // 1024**2} MB; --channel picks one channel"

#: What no method may be called.
_METHODS = (*dir(TypedClient), "client", "connect")

_HEAD = "Made by `balws client` from an AsyncAPI document: make it again in place of changing it."


def makeModule(source: Source, channel: str | None = None) -> str:
    """
    @param source: a document of services.
    @param channel: the only channel that is wanted; L{None}: all.
    @return: the code of a module with a class for each channel and each record.
    @raise balws.ConfigurationError: for a document that cannot be used.
    """
    writer = _Writer(source, channel)
    text = writer.text()
    if len(text) > MAX_MODULE:
        raise source.error(_TOO_LARGE)
    return text


class _Writer:
    """
    Writes one module.
    """

    def __init__(self, source: Source, channel: str | None) -> None:
        self._source = source
        self._names = Names([*IMPORTED, *BUILTIN])
        self._shapes = Shapes(source, self._names, _keys(source))
        self._contracts = contractsOf(source, self._shapes, channel)
        #: What was written where types stand: what has to be imported is seen in it.
        self._types: list[str] = []
        self._records = {record.name: record for record in self._shapes.records}
        #: What the lists of answers are, by their ids: many requests may have one list.
        self._answers: dict[int, Kind] = {}
        self._length = 0

    def text(self) -> str:
        info = self._source.table(self._source.root, "info", "#")
        words = [info[key] for key in ("title", "description") if isinstance(info.get(key), str)]
        channels = [
            line
            for contract in self._contracts
            for line in self._counted(self._channel(contract), f"#/channels/{contract.key[:100]}")
        ]
        records = [
            line
            for record in self._shapes.records
            for line in self._counted(self._record(record), f"record {record.name}")
        ]
        aliases = [
            line
            for name, code in self._shapes.aliases.items()
            for line in self._counted(self._alias(name, code), f"type {name}")
        ]
        body = [*records, *aliases, *channels]
        if not body[2].startswith("class"):
            del body[0]  # only a class stands two lines below the imports
        lines = [*docstring([*words[:1], _HEAD, *words[1:]], ""), "", *self._imports(), *body]
        if any(len(line) > WIDTH for line in lines):
            lines.insert(0, "# ruff: noqa: E501")
        return "\n".join(lines) + "\n"

    def _counted(self, lines: Iterable[str], where: str) -> Iterator[str]:
        """
        @raise ConfigurationError: as soon as all lines are too much.
        """
        for line in lines:
            self._length += len(line) + 1
            if self._length > MAX_MODULE:
                raise self._source.error(_TOO_LARGE, where)
            yield line

    def _imports(self) -> Iterator[str]:
        used = {name for each in set(self._types) for name in _NAME.findall(_TEXT.sub("", each))}
        yield "from __future__ import annotations"
        yield ""
        if "datetime" in used:
            yield "import datetime"
        if "Decimal" in used:
            yield "from decimal import Decimal"
        typing = [name for name in ("Any", "Literal", "Self", "TypeAlias") if name in used]
        yield f"from typing import {', '.join(typing)}"
        if "UUID" in used:
            yield "from uuid import UUID"
        if "Element" in used:
            yield "from xml.etree.ElementTree import Element"
        yield ""
        own = [name for name in ("Struct", "TypedClient", "Unknown", "field") if name in used]
        yield f"from balws.client.typed import {', '.join(own)}"

    # Records

    def _record(self, record: Record) -> Iterator[str]:
        self._types.append("Struct")
        arguments = ["Struct", "kw_only=True", "omit_defaults=True"]
        if record.tag is not None:
            arguments += [f"tag_field={literal(record.tag[0])}", f"tag={literal(record.tag[1])}"]
        yield from ("", "")
        yield from call(f"class {record.name}", arguments, "", ":")
        said = docstring(record.words, "    ")
        yield from said
        if said and record.fields:
            yield ""
        for field in record.fields:
            yield self._field(field)
        if not said and not record.fields:
            yield "    pass"

    def _field(self, field: Field) -> str:
        self._types.append(field.kind.code)
        line = f"    {field.name}: {field.kind.code}"
        if field.name == field.key:
            return line if field.default is None else f"{line} = {field.default}"
        self._types.append("field")
        default = "" if field.default is None else f"default={field.default}, "
        return f"{line} = field({default}name={literal(field.key)})"

    def _alias(self, name: str, code: str) -> Iterator[str]:
        self._types += ["TypeAlias", code]
        yield from ("", "", f"{name}: TypeAlias = {code}")

    # Channels

    def _channel(self, contract: Contract) -> Iterator[str]:
        name = self._names.take(f"{className(contract.key)}Client")
        codes = list(dict.fromkeys(code for each in contract.receives.values() for code in each.kind.codes))
        received = "Unknown"
        self._types += ["TypedClient", *codes]
        if codes:
            received = self._names.take(f"{className(contract.key)}Received")
            self._types.append("TypeAlias")
            yield from ("", "", f"#: What {name} receives.")
            yield f"{received}: TypeAlias = {' | '.join(codes)}"
        self._types.append(received)
        yield from ("", "", f"class {name}(TypedClient[{received}]):")
        said = docstring([*contract.words, f"A connection to {contract.address}."], "    ")
        yield from (*said, "")
        yield f"    address = {literal(contract.address)}"
        kinds = list(dict.fromkeys(each.kind.code for each in contract.receives.values()))
        if len(kinds) == 1:
            yield f"    receives = ({kinds[0]},)"
        elif kinds:
            yield from call("receives = ", kinds, "    ")
        if contract.streamId is not None:
            yield f"    streamId = {literal(contract.streamId)}"
            if self._countsIds(contract):
                yield "    countsIds = True"
        yield ""
        yield from self._connect(contract)
        names = Names(_METHODS)
        for key, message in contract.sends.items():
            yield from self._sending(names.take(f"send{className(key)}"), message)
        for key, answers in contract.answers.items():
            yield from self._asking(names.take(memberName(key)), contract.sends[key], contract, answers)
        for key, message in contract.receives.items():
            yield from self._reading(names.take(f"read{className(key)}"), message)

    def _countsIds(self, contract: Contract) -> bool:
        """
        @return: whether the ids of requests must be numbers.
        """
        for key in contract.answers:
            record = self._records.get(contract.sends[key].kind.code)
            for field in record.fields if record is not None else ():
                if field.key == contract.streamId:
                    return "int" in field.kind.values and "str" not in field.kind.values
        return False

    def _connect(self, contract: Contract) -> Iterator[str]:
        signature = connecting(contract, self._shapes)
        self._types += [*signature.codes, "Any", "Self"]
        yield "    @classmethod"
        yield from call("async def connect", ["cls", *signature.arguments], "    ", " -> Self:")
        yield from docstring(["Connect.", *signature.words], " " * 8, signature.said)
        arguments = ["url", *signature.given, "fields"]
        yield from call("return await cls.openAt", arguments, " " * 8)

    def _sending(self, name: str, message: Message) -> Iterator[str]:
        yield from self._method(name, f"message: {message.kind.code}", "None", message.words or ("Send a message.",))
        self._types.append(message.kind.code)
        if message.content == "json":
            yield f"        await self.sendJson(message{', isTied=True' if message.isTied else ''})"
            return
        verb = {"text": "writeTextMessage", "binary": "writeBinaryMessage", "xml": "writeMessage"}[message.content]
        yield f"        await self.client.{verb}(message)"

    def _asking(self, name: str, message: Message, contract: Contract, answers: list[str]) -> Iterator[str]:
        if id(answers) not in self._answers:
            self._answers[id(answers)] = either(contract.receives[each].kind for each in answers)
        code = self._answers[id(answers)].code
        self._types += [message.kind.code, code]
        words = (*message.words, "Waits for the answer, which has the same id; messages may come in between.")
        yield from self._method(name, f"message: {message.kind.code}", code, words)
        yield f"        answer: {code} = await self.askFor(message, {code})"
        yield "        return answer"

    def _reading(self, name: str, message: Message) -> Iterator[str]:
        code = message.kind.code
        words = (*message.words, "Waits for the next message of this type; others wait to be read.")
        yield from self._method(name, "", code, words)
        yield f"        message: {code} = await self.readKind({code})"
        yield "        return message"

    def _method(self, name: str, argument: str, returns: str, words: Iterable[str]) -> Iterator[str]:
        yield ""
        yield f"    async def {name}(self{', ' if argument else ''}{argument}) -> {returns}:"
        yield from docstring(list(words), " " * 8)


def _keys(source: Source) -> list[str]:
    """
    @return: the fields that tell messages apart.
    """
    nodes: list[Any] = [source.root, *source.table(source.root, "channels", "#").values()]
    found = [node.get("x-dispatcherKey") for node in nodes if isinstance(node, dict)]
    return list(dict.fromkeys(key for key in found if isinstance(key, str)))
