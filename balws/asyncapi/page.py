# -*- test-case-name: tests.asyncapi.test_page -*-
"""
A document as a page for people: one file, without scripts and without anything from elsewhere.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

from twisted.web.template import Tag, flattenString, tags

from balws.asyncapi.figure import WORDS, definitionOf, exampleOf, properties, tableOf, wordsOf

__all__ = ["pageOf"]


def pageOf(document: Mapping[str, Any]) -> str:
    """
    @param document: one that L{balws.asyncapi.document.makeDocument} made.
    @return: the page, in HTML.
    """
    # Nothing in it has to be escaped, and so it is what its hash says.
    style = files("balws.asyncapi").joinpath("page.css").read_text("utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    info = document["info"]
    page = tags.html(
        tags.head(
            tags.meta(charset="utf-8"),
            tags.meta(**{"http-equiv": "Content-Security-Policy", "content": policy}),
            tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
            tags.title(info["title"]),
            tags.style(style),
        ),
        tags.body(
            tags.a("To the content", href="#main", class_="skip"),
            tags.div(
                tags.header(
                    tags.h1(info["title"]),
                    tags.p("Version ", info["version"], class_="soft"),
                    *wordsOf(info),
                ),
                _contents(document),
                Tag("main")(*_sections(document), id="main"),
                tags.footer(tags.p("AsyncAPI ", document["asyncapi"])),
                class_="frame",
            ),
        ),
        lang="en",
    )
    made: list[bytes] = []
    flattenString(None, page).addCallback(made.append)
    return "<!DOCTYPE html>\n" + made[0].decode() + "\n"


def _contents(document: Mapping[str, Any]) -> Tag:
    channels = [
        tags.li(
            tags.a(channel["address"], href=f"#channel-{key}"),
            tags.ul(
                tags.li(tags.a(name, href=f"#operation-{name}")) for name, _ in _operations(document, key)
            ),
        )
        for key, channel in document.get("channels", {}).items()
    ]
    named = [
        tags.li(tags.a(title, href=f"#{anchor}"))
        for anchor, title, part in (
            ("servers", "Servers", document.get("servers")),
            ("security", "Security", _component(document, "securitySchemes")),
            ("schemas", "Records", _component(document, "schemas")),
        )
        if part
    ]
    return tags.nav(
        tags.h2("Contents", id="contents"),
        tags.ul(*named[:1], *channels, *named[1:]) if document.get("servers") else tags.ul(*channels, *named),
        **{"aria-labelledby": "contents"},
    )


def _component(document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.get("components", {}).get(kind, {})
    return found


def _operations(document: Mapping[str, Any], channel: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, operation in document.get("operations", {}).items():
        if operation["channel"]["$ref"] == f"#/channels/{channel}":
            yield name, operation


def _sections(document: Mapping[str, Any]) -> Iterator[Tag]:
    if servers := document.get("servers"):
        rows = [
            (
                tags.code(f"{server['protocol']}://{server['host']}{server.get('pathname', '')}"),
                server.get("description", ""),
            )
            for server in servers.values()
        ]
        yield _card("servers", "Servers", [tableOf(("URL", WORDS), rows)])
    for key, channel in document.get("channels", {}).items():
        yield _channel(document, key, channel)
    if schemes := _component(document, "securitySchemes"):
        rows = [
            (tags.code(name), [scheme.get("description", ""), _scopes(scheme)]) for name, scheme in schemes.items()
        ]
        yield _card("security", "Security", [tableOf(("Name", WORDS), rows)])
    if schemas := _component(document, "schemas"):
        records = [each for name, schema in schemas.items() for each in definitionOf(name, schema)]
        yield _card("schemas", "Records", records)


def _card(anchor: str, title: Any, inside: Iterable[Any]) -> Tag:
    heading = tags.h2(title, id=f"{anchor}-title")
    return tags.section(heading, *inside, class_="card", id=anchor, **{"aria-labelledby": f"{anchor}-title"})


def _scopes(scheme: Mapping[str, Any]) -> Any:
    scopes = scheme.get("x-scopes", ())
    if not scopes:
        return ""
    return [" One of these scopes: ", *(part for scope in scopes for part in (tags.code(scope), " "))]


def _channel(document: Mapping[str, Any], key: str, channel: Mapping[str, Any]) -> Tag:
    inside: list[Any] = [*wordsOf(channel)]
    socket = channel.get("bindings", {}).get("ws", {})
    path = {
        name: {**parameter.get("x-schema", {}), "description": parameter.get("description", "")}
        for name, parameter in channel.get("parameters", {}).items()
    }
    asked = (
        ("In the path", {"properties": path, "required": list(path)}),
        ("In the query", socket.get("query", {})),
        ("In the headers", socket.get("headers", {})),
    )
    for title, schema in asked:
        if schema.get("properties"):
            inside += [tags.h3(title), properties(schema)]
    if protocols := channel.get("x-subProtocols"):
        inside.append(tags.p("Sub-protocols: ", *(part for each in protocols for part in (tags.code(each), " "))))
    operations = list(_operations(document, key))
    schemes = [each["$ref"].rpartition("/")[2] for _, operation in operations for each in operation.get("security", ())]
    if schemes:
        links = [part for name in dict.fromkeys(schemes) for part in (tags.a(name, href="#security"), " ")]
        inside.append(tags.p("Who connects shows who he is by one of: ", *links))
    inside.append(tags.h3("Messages"))
    for name, operation in operations:
        inside.append(_operation(channel, name, operation))
    inside += [tags.h3("How it may be closed")]
    codes = [(tags.code(code), words) for code, words in channel.get("x-closeCodes", {}).items()]
    inside.append(tableOf(("Code", WORDS), codes))
    return _card(f"channel-{key}", tags.code(channel["address"]), inside)


def _operation(channel: Mapping[str, Any], name: str, operation: Mapping[str, Any]) -> Tag:
    isTaken = operation["action"] == "receive"
    inside: list[Any] = [
        tags.h4(
            tags.span("You send" if isTaken else "You get", class_="way " + ("out" if isTaken else "in")),
            tags.code(name),
        ),
        *wordsOf(operation),
        *(part for message in _messages(channel, operation) for part in _message(message)),
    ]
    reply = operation.get("reply")
    if reply:
        isStream = operation.get("x-response-type") == "server-streaming"
        words = "and get, any number of times" if isStream else "and get"
        inside.append(tags.p(tags.span(words, class_="way in")))
        inside += [part for message in _messages(channel, reply) for part in _message(message)]
    return tags.div(*inside, class_="operation", id=f"operation-{name}")


def _messages(channel: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for reference in node.get("messages", ()):
        yield channel["messages"][reference["$ref"].rpartition("/")[2]]


def _message(message: Mapping[str, Any]) -> Iterator[Any]:
    yield from exampleOf(message)
