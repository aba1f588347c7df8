"""
Tests of L{balws.asyncapi.module}.
"""

from __future__ import annotations

import ast
import datetime
import random
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from balws.asyncapi import module
from balws.errors import ConfigurationError
from tests import ROOT
from tests.asyncapi.documents import channelDocument, clientOf, codeOf

#: What documents should not be able to run.
CANARY = "__import__('sys').exit(99)"

#: What somebody might put anywhere into a document to be let out of a string, a comment, or a line.
NASTY = (
    f'"""\n{CANARY}\n"""',
    f"'\n{CANARY}",
    f'"\n{CANARY}\n"',
    f"\\\n{CANARY}",
    f"x): {CANARY} #",
    f"\\\"\"\"\r{CANARY}\u2028{CANARY}",
    "class",
    "__init__",
    "_x",
    "",
    "1st",
    "名前",
    "self",
    "{lot}",
    "int",
    "Any",
    "field",
    "datetime",
    "\x1b[31m",
    "\x00",
    "a" * 300,
)

#: What stands where something else should.
ODD = (None, 1, -1, 2**60, 1.5, True, [], {}, "object", "array", "string", ["string", "null"], {"$ref": "#/channels"})


def nameless(code: str) -> list[str]:
    """
    @return: all that the code of a client would do beside what clients do.
    """
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name) and node.id in ("__import__", "eval", "exec", "sys"):
            found.append(node.id)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [each.name for each in node.names]
            found += [name for name in names if name not in ALLOWED]
        if isinstance(node, ast.Call):
            found += [ast.unparse(node)] if ast.unparse(node.func) not in CALLS else []
    return found


ALLOWED = {
    *("annotations", "datetime", "Decimal", "Any", "Literal", "Self", "TypeAlias", "UUID", "Element"),
    *("TypedClient", "Struct", "Unknown", "field"),
}
CALLS = {
    *("cls.openAt", "self.sendJson", "self.askFor", "self.readKind", "field"),
    *("self.client.writeTextMessage", "self.client.writeBinaryMessage", "self.client.writeMessage"),
}


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """
    @return: everything that stands in a document: in what, and under which key.
    """
    if isinstance(node, (dict, list)):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from places(node[key])


def breakOne(document: Any, chance: random.Random) -> None:
    """
    Put something else in the place of anything.
    """
    found = list(places(document))
    if not found:
        return
    node, key = chance.choice(found)
    if isinstance(node, dict) and chance.random() < 0.3:
        node[chance.choice(NASTY)] = node.pop(key)
    elif chance.random() < 0.3:
        node[key] = deepcopy(chance.choice(found)[0])
    else:
        node[key] = deepcopy(chance.choice((*NASTY, *ODD)))


class ModuleTests(SynchronousTestCase):
    """
    What is written for a document.
    """

    def test_records(self) -> None:
        """
        Objects become records with typed fields; those that need not be there may be left out, and
        what is not their names' in Python is still their key in JSON.
        """
        order = {
            "type": "object",
            "description": "What is wanted.",
            "properties": {
                "at": {"type": "string", "format": "date-time"},
                "day": {"type": "string", "format": "date"},
                "price": {"type": "string", "format": "decimal"},
                "key": {"type": "string", "format": "uuid"},
                "from": {"type": "string"},
                "x-count": {"type": "integer", "default": 3},
                "side": {"enum": ["buy", "sell"]},
                "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                "pair": {"type": "array", "minItems": 2, "items": [{"type": "integer"}, {"type": "string"}]},
                "extra": {"type": "object", "additionalProperties": {"type": "number"}},
                "data": {"type": "string", "contentEncoding": "base64"},
                "any": {},
            },
            "required": ["at", "from"],
        }
        made = clientOf(channelDocument({"order": order}))
        given = made.Order(at=datetime.datetime(2026, 1, 2), from_="here")
        self.assertEqual(
            msgspec.json.decode(msgspec.json.encode(given)), {"at": "2026-01-02T00:00:00", "from": "here"}
        )
        text = (
            b'{"at":"2026-01-02T03:04:05Z","day":"2026-01-02","price":"9.99","from":"a","x-count":4,"side":"buy",'
            b'"key":"9f1b2f3c-0f5e-4f0a-8d0a-3a5c1a2b4c5d","lines":[{"n":1}],"pair":[1,"b"],"extra":{"c":2},'
            b'"data":"YmFsd3M=","any":[]}'
        )
        read = msgspec.json.decode(text, type=made.Order)
        self.assertEqual(read.at, datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC))
        self.assertEqual((read.day, read.price), (datetime.date(2026, 1, 2), Decimal("9.99")))
        self.assertEqual(read.key, UUID("9f1b2f3c-0f5e-4f0a-8d0a-3a5c1a2b4c5d"))
        self.assertEqual((read.from_, read.xCount, read.side), ("a", 4, "buy"))
        self.assertEqual((read.lines[0].n, read.pair, read.extra), (1, (1, "b"), {"c": 2.0}))
        self.assertEqual((read.data, read.any), (b"balws", []))
        with self.assertRaises(msgspec.ValidationError):
            msgspec.json.decode(text.replace(b'"buy"', b'"by"'), type=made.Order)
        self.assertEqual(made.Order.__doc__.strip(), "What is wanted.")

    def test_dispatched(self) -> None:
        """
        What a message must have under the dispatcher key it has without being asked, and a union of
        such records is read by it.
        """
        event = {"type": "object", "properties": {"event": {"const": "sold"}, "n": {"type": "integer"}}}
        sold = {**event, "required": ["event", "n"]}
        lost = {**event, "properties": {"event": {"const": "lost"}}, "required": ["event"]}
        schemas = {"Sold": sold, "Lost": lost}
        either = {"oneOf": [{"$ref": "#/components/schemas/Sold"}, {"$ref": "#/components/schemas/Lost"}]}
        made = clientOf(channelDocument({}, {"end": either}, schemas, **{"x-dispatcherKey": "event"}))
        self.assertEqual(msgspec.json.encode(made.Sold(n=1)), b'{"event":"sold","n":1}')
        self.assertEqual(msgspec.json.decode(b'{"event":"lost"}', type=made.ChatReceived), made.Lost())

    def test_recursion(self) -> None:
        """
        A record may be in itself, and references that lead in a circle are refused.
        """
        kids = {"type": "array", "items": {"$ref": "#/components/schemas/T"}}
        tree = {"type": "object", "properties": {"kids": kids}}
        made = clientOf(channelDocument({"t": {"$ref": "#/components/schemas/T"}}, schemas={"T": tree}))
        read = msgspec.json.decode(b'{"kids":[{"kids":[]}]}', type=made.T)
        self.assertEqual(read, made.T(kids=[made.T(kids=[])]))
        circle = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
        document = channelDocument({"t": {"$ref": "#/components/schemas/A"}}, schemas=circle)
        self.assertIn("circle", str(self.assertRaises(ConfigurationError, codeOf, document)))

    def test_recursionWithoutRecords(self) -> None:
        """
        A list of itself becomes one of anything: no annotation can say it.
        """
        lists = {"L": {"type": "array", "items": {"$ref": "#/components/schemas/L"}}}
        code = codeOf(channelDocument({"t": {"$ref": "#/components/schemas/L"}}, schemas=lists))
        self.assertIn("message: list[Any]", code)

    def test_elsewhere(self) -> None:
        """
        A reference to another document is refused: nothing is downloaded.
        """
        for reference in ("https://example.org/a.json#/A", "other.json", "file:///etc/passwd", "#anchor", 7):
            document = channelDocument({"t": {"$ref": reference}})
            self.assertIn("to this document", str(self.assertRaises(ConfigurationError, codeOf, document)))
        document = channelDocument({"t": {"$ref": "#/components/schemas/None"}})
        self.assertIn("there is no", str(self.assertRaises(ConfigurationError, codeOf, document)))

    def test_nasty(self) -> None:
        """
        Nothing that a document says becomes code, wherever it stands.
        """
        for text in NASTY:
            schema = {
                "type": "object",
                "title": text,
                "description": text,
                "properties": {
                    text: {"type": "string", "default": text},
                    "kind": {"const": text},
                    "word": {"enum": [text, "b"], "default": text},
                    "when": {"type": "string", "format": text},
                    "inside": {"type": "object", "properties": {text: {"type": text}}},
                },
                "required": ["kind", text],
            }
            document = channelDocument(
                {text: schema, "plain": {"$ref": "#/components/schemas/x"}},
                {f"{text}2": schema},
                {"x": schema},
                description=text,
                parameters={text: {"description": text, "x-schema": {"type": "string", "default": text}}},
                bindings={"ws": {"query": {"properties": {text: {"description": text, "type": "integer"}}}}},
                **{"x-dispatcherKey": text, "x-dispatcherStreamId": text},
            )
            document["info"] = {"title": text, "version": text, "description": text}
            document["channels"]["chat"]["address"] = f"/{{{text}}}"
            document["servers"] = {"s": {"host": text, "protocol": "ws"}}
            for message in document["channels"]["chat"]["messages"].values():
                message["correlationId"] = {"location": f"$message.payload#/{text}"}
            document["operations"] = {}
            code = codeOf(document)
            self.assertEqual(nameless(code), [], code)
            self.assertTrue(all(char == "\n" or char.isprintable() for char in code), code)
            clientOf(document)

    def test_broken(self) -> None:
        """
        Whatever is broken in a document, it is refused, or what is made of it is code that can be
        imported and does nothing but what clients do.
        """
        whole = (ROOT / "examples/contract/auction.json").read_bytes()
        chance = random.Random(7)
        made = 0
        for _ in range(300):
            document = msgspec.json.decode(whole)
            for _ in range(chance.randint(1, 6)):
                breakOne(document, chance)
            try:
                code = codeOf(document)
            except ConfigurationError:
                continue
            self.assertEqual(nameless(code), [], code)
            clientOf(document)
            made += 1
        self.assertGreater(made, 50)

    def test_duplicates(self) -> None:
        """
        Names that would be the same in Python are told apart.
        """
        same = {"type": "object", "properties": {"a-b": {"type": "integer"}, "a_b": {}, "a.b": {}, "aB": {}}}
        made = clientOf(channelDocument({"a-b": same, "a.b": same, "AB": same}))
        self.assertEqual({name for name in vars(made) if name.startswith("AB")}, {"AB", "AB2", "AB3"})
        self.assertEqual(set(made.AB.__struct_fields__), {"aB", "a_b", "aB_", "aB3"})
        self.assertEqual(set(made.AB.__struct_encode_fields__), {"a-b", "a_b", "a.b", "aB"})
        methods = {name for name in vars(made.ChatClient) if name.startswith("send")}
        self.assertEqual(methods, {"sendAB", "sendAB_", "sendAB3"})

    def test_methods(self) -> None:
        """
        No message takes the place of a method that every client has.
        """
        names = ("connect", "close", "readNext", "askFor", "sendJson", "client", "openAt", "address")
        asked: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}}}
        document = channelDocument({name: {**asked, "properties": {**asked["properties"]}} for name in names})
        for message in document["channels"]["chat"]["messages"].values():
            message["correlationId"] = {"location": "$message.payload#/id"}
        references = document["operations"]["receive"]["messages"]
        document["operations"]["receive"]["reply"] = {"messages": references}
        document["channels"]["chat"]["messages"]["close"]["payload"]["properties"]["n"] = {"type": "integer"}
        own = vars(clientOf(document).ChatClient)
        self.assertEqual(set(names) & own.keys(), {"connect", "address"})
        self.assertTrue({f"{name}_" for name in names} <= own.keys())
        self.assertIsInstance(own["connect"], classmethod)

    def test_open(self) -> None:
        """
        Where the type of an id is not known it is a text.
        """
        document = channelDocument({"go": {"type": "object"}, "run": {"properties": {"n": {"type": "integer"}}}})
        for message in document["channels"]["chat"]["messages"].values():
            message["correlationId"] = {"location": "$message.payload#/id"}
        receive = document["operations"]["receive"]
        receive["reply"] = {"messages": receive["messages"]}
        made = clientOf(document).ChatClient
        self.assertEqual((made.streamId, made.countsIds), ("id", False))
        self.assertTrue(hasattr(made, "go"))

    def test_many(self) -> None:
        """
        Ten thousand schemas become ten thousand records.
        """
        schemas = {f"S{n}": {"type": "object", "properties": {"n": {"type": "integer"}}} for n in range(10_000)}
        references = {f"p{n}": {"$ref": f"#/components/schemas/S{n}"} for n in range(10_000)}
        every = {"type": "object", "properties": references}
        code = codeOf(channelDocument({"every": every}, schemas=schemas))
        self.assertEqual(code.count("\nclass "), 10_002)

    def test_multiplied(self) -> None:
        """
        A small document does not become an endless module.
        """
        schemas: dict[str, Any] = {}
        for n in range(40):
            below = {"$ref": f"#/components/schemas/L{n + 1}"}
            kinds = [{"type": "array", "items": below}, {"type": "object", "additionalProperties": below}]
            schemas[f"L{n}"] = {"anyOf": kinds}
        schemas["L40"] = {"type": "string"}
        code = codeOf(channelDocument({"t": {"$ref": "#/components/schemas/L0"}}, schemas=schemas))
        self.assertLess(len(code), 100_000)
        schemas = {f"A{n}": {"allOf": [{"$ref": f"#/components/schemas/A{n + 1}"}] * 3} for n in range(40)}
        schemas["A40"] = {"properties": {"a": {}}}
        document = channelDocument({"t": {"$ref": "#/components/schemas/A0"}}, schemas=schemas)
        self.assertLess(len(codeOf(document)), 2000)

    def test_enum(self) -> None:
        """
        A type with many values is written once, and everybody refers to it by its name.
        """
        schemas = {"E": {"enum": [f"value{n}" for n in range(1000)]}}
        every = {"properties": {f"p{n}": {"$ref": "#/components/schemas/E"} for n in range(1000)}}
        one = {"$ref": "#/components/schemas/E"}
        document = channelDocument({"every": every}, {"one": one}, schemas, parameters={"p": {"x-schema": one}})
        document["channels"]["chat"]["address"] = "/chat/{p}"
        code = codeOf(document)
        self.assertEqual(code.count("value999"), 1)
        self.assertEqual(nameless(code), [])
        made = clientOf(document)
        self.assertEqual(msgspec.json.decode(b'{"p7":"value3"}', type=made.Every).p7, "value3")
        with self.assertRaises(msgspec.ValidationError):
            msgspec.json.decode(b'{"p7":"value"}', type=made.Every)
        self.assertEqual(made.ChatReceived, made.E)

    def test_multipliedMessages(self) -> None:
        """
        Channels, operations and messages that refer to one another again and again are refused, with
        the place where it was too much.
        """
        channel = {"$ref": "#/channels/chat"}
        document = channelDocument({f"m{n}": {} for n in range(300)})
        document["channels"].update({f"c{n}": channel for n in range(2000)})
        self.assertIn("#/channels/chat", str(self.assertRaises(ConfigurationError, codeOf, document)))
        document = channelDocument({f"m{n}": {} for n in range(1000)})
        document["operations"] = {f"o{n}": {"action": "send", "channel": channel} for n in range(1000)}
        error = str(self.assertRaises(ConfigurationError, codeOf, document))
        self.assertRegex(error, r"#/operations/o\d+: too many")

    def test_answers(self) -> None:
        """
        Many requests with one list of answers are written once for each request, and not more than the
        limit.
        """
        schemas = {
            f"A{n}": {"properties": {"id": {"type": "string"}, "k": {"const": f"k{n}"}}, "required": ["id", "k"]}
            for n in range(500)
        }
        names = {f"m{n}": {"$ref": f"#/components/schemas/A{n}"} for n in range(500)}
        document = channelDocument(names, schemas=schemas)
        for message in document["channels"]["chat"]["messages"].values():
            message["correlationId"] = {"location": "$message.payload#/id"}
        document["operations"]["receive"]["reply"] = {"channel": {"$ref": "#/channels/chat"}}
        self.patch(module, "MAX_MODULE", 500_000)
        error = str(self.assertRaises(ConfigurationError, codeOf, document))
        self.assertIn("#/channels/chat: a client of it would be larger", error)

    def test_tooLarge(self) -> None:
        """
        A module over the limit is not written.
        """
        document = channelDocument({"t": {}})
        size = len(codeOf(document))
        self.patch(module, "MAX_MODULE", size)
        codeOf(document)
        for less in (1, size // 2, size):
            self.patch(module, "MAX_MODULE", size - less)
            self.assertRaises(ConfigurationError, codeOf, document)

    def test_deep(self) -> None:
        """
        What is nested deeply becomes anything at last.
        """
        schema: Any = {"type": "string"}
        for _ in range(300):
            schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
        self.assertIn(": Any", codeOf(channelDocument({"t": schema})))

    def test_checked(self) -> None:
        """
        What is written passes ruff with the settings of this project.
        """
        schema = {
            "type": "object",
            "properties": {"list": {"type": "array", "items": {"type": "string"}}, "str": {"type": "string"}, "b": {}},
        }
        document = channelDocument(
            {"go": schema, "word": {"enum": ["a", "b" * 150]}},
            {"any": {}, "came": {"type": ["object", "null"], "properties": {"int": {"type": "integer"}}}},
            parameters={"class": {}},
            bindings={"ws": {"query": {"properties": {"n": {"type": "integer"}}}}},
        )
        document["channels"]["chat"]["address"] = "/chat/{class}"
        folder = Path(self.mktemp())
        folder.mkdir()
        file = folder / "chatclient.py"
        file.write_text(codeOf(document), "utf-8")
        command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml")]
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
