# -*- test-case-name: tests.benchmarks.test_cases -*-
"""
What is measured.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import attrs
import frames
from frames import Volley
from server import CONTENDERS

#: What one connection costs in memory is measured with so many.
RESIDENTS = 5000


def _same(content: str | bytes) -> Callable[[bytes], bool]:
    expected = content.encode() if isinstance(content, str) else content
    return lambda payload: payload == expected


def _json(value: object) -> Callable[[bytes], bool]:
    return lambda payload: bool(json.loads(payload) == value)


@attrs.frozen(kw_only=True)
class Case:
    """
    One thing to measure, the same for all servers.

    @ivar name: for the command line, and in the file of results.
    @ivar title: what people read; C{ping} in braces becomes the seconds between two pings.
    @ivar way: how: C{"echo"}, C{"broadcast"}, C{"call"} (connections are made and closed),
        C{"memory"} of connections that stay, or C{"idle"} (what they cost in CPU time).
    @ivar service: which of the servers' services.
    @ivar volleys: what is sent; the first is a single message, or begins with one.
    @ivar isAnswer: whether this is the right answer to the first message.
    @ivar connections: how many there are.
    @ivar mutes: how many more there are that never read.
    @ivar servers: which know how to; L{None}: all that serve the service.
    @ivar maxSize: the largest frame, in bytes.
    @ivar deflate: the client offers to compress.
    @ivar secure: by TLS.
    @ivar isPlain: an echo without understanding would do: what is no server can be measured, too.
    """

    name: str
    title: str
    way: str = "echo"
    service: str = "echo"
    volleys: Sequence[Volley] = ()
    isAnswer: Callable[[bytes], bool]
    connections: int = 100
    mutes: int = 0
    servers: frozenset[str] | None = None
    maxSize: int = 65536
    deflate: bool = False
    secure: bool = False
    isPlain: bool = False

    @property
    def unit(self) -> str:
        """
        @return: of the figures.
        """
        return {
            "echo": "µs of CPU a message",
            "broadcast": "µs of CPU a delivery",
            "call": "µs of CPU a connection",
            "memory": "KB of RSS a connection",
            "idle": "ms of CPU a second",
        }[self.way]

    def contenders(self) -> list[str]:
        """
        @return: which servers know how to, installed or not.
        """
        return [
            name
            for name, each in CONTENDERS.items()
            if self.service in each.services
            and (self.servers is None or name in self.servers)
            and (self.isPlain or each.isServer)
            and (each.canDeflate or not self.deflate)
            and (each.canSecure or not self.secure)
        ]


def _letters(size: int) -> str:
    return ("The quick brown fox jumps over the lazy dog. " * (size // 45 + 1))[:size]


def _multiByte(size: int) -> str:
    """
    @return: text in letters of one to four bytes, of so many bytes in all.
    """
    text = ("Grüße, Καλημέρα, Привет, 你好, 🦉! " * size).encode()[:size].decode(errors="ignore")
    return text + "." * (size - len(text.encode()))


def _page(number: int) -> str:
    """
    @return: 1 KiB of JSON, such as a server of prices sends; each number has other figures.
    """
    random = Random(number)
    items = [
        {
            "id": random.randrange(10_000),
            "item": f"part {each}",
            "price": random.randrange(1000) / 4,
            "stock": each % 3 == 0,
        }
        for each in range(14)
    ]
    text = json.dumps({"event": "prices", "items": items, "note": ""})
    return text[:-2] + "x" * (1024 - len(text)) + '"}'


def _echo(name: str, title: str, content: str, depth: int = 1, **fields: Any) -> Case:
    volley = Volley(frames.message(content) * depth, depth)
    return Case(name=name, title=title, volleys=(volley,), isAnswer=_same(content), **{"isPlain": True, **fields})


def _mixture() -> tuple[Volley, ...]:
    sizes = (64, 16, 300, 5, 125, 2000, 126, 20_000, 40, 700, 64_000, 1)
    return tuple(
        Volley(frames.message(_letters(size) if index % 3 else _letters(size).encode()))
        for index, size in enumerate(sizes)
    )


_order = {"event": "order", "item": "nail", "count": 12, "tags": ["iron", "small"]}
_receipt = {"item": "nail", "count": 12}


def _bound(name: str, title: str, service: str) -> Case:
    volley = Volley(frames.message(json.dumps(_order)))
    return Case(name=name, title=title, service=service, volleys=(volley,), isAnswer=_json(_receipt))


def _inflated(content: str) -> Callable[[bytes], bool]:
    def isAnswer(payload: bytes) -> bool:
        return zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff") == content.encode()

    return isAnswer


_short = _letters(64)
#: More than the largest window holds, so that none comes again while it is remembered.
_pages = [_page(number) for number in range(64)]
_fragmented = _letters(1024)

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        _echo("echo-64", "Echo of 64 B, 100 connections", _short),
        _echo("pipelined", "Echo of 64 B, 10 connections, 16 in flight", _short, 16, connections=10),
        _echo("echo-1k", "Echo of 1 KiB, 100 connections", _letters(1024)),
        _echo("echo-64k", "Echo of 64 KiB, 20 connections", _letters(65536), connections=20),
        _echo("echo-1m", "Echo of 1 MiB, 4 connections", _letters(1 << 20), connections=4, maxSize=1 << 20),
        _echo(
            "broadcast",
            "Broadcast of 64 B to 1,000 members",
            _short,
            way="broadcast",
            service="broadcast",
            connections=1000,
            isPlain=False,
        ),
        _echo(
            "crowd",
            "Broadcast of 64 B to 10,000 members, one never reads",
            _short,
            way="broadcast",
            service="broadcast",
            connections=10_000,
            mutes=1,
            servers=frozenset(("balws", "balws-reactor", "balws-python")),  # others keep all of it, or wait for it
            isPlain=False,
        ),
        _echo("connect", "Connect, upgrade, close", _short, way="call", connections=16),
        _echo("memory", "Memory of an idle connection", _short, way="memory", connections=RESIDENTS),
        Case(
            name="deflate",
            title="Compressed echo of 1 KiB JSON",
            volleys=[Volley(frames.deflated(page)) for page in _pages],
            isAnswer=_inflated(_pages[0]),
            deflate=True,
        ),
        _echo("tls", "Echo of 64 B over TLS, 100 connections", _short, secure=True),
        Case(
            name="fragmented",
            title="Echo of 1 KiB in four fragments",
            volleys=(Volley(frames.fragmented(_fragmented, 4)),),
            isAnswer=_same(_fragmented),
        ),
        _echo("multibyte", "Echo of 1 KiB text of many scripts", _multiByte(1024)),
        Case(
            name="mixed",
            title="Echo of 1 B to 64 KB, text and binary",
            volleys=_mixture(),
            isAnswer=_same(_letters(64)),
            isPlain=True,
        ),
        _bound("dict", "JSON to a dict and back", "dict"),
        _bound("struct", "JSON to a Struct and back", "struct"),
        _bound("dispatch", "Dispatch by key", "dispatch"),
        _echo("returned", "Echo of 64 B that the method returns", _short, service="returned", isPlain=False),
        _echo("async", "Echo of 64 B by an async method", _short, service="async", isPlain=False),
        _echo(
            "groups",
            "64 B to a group of 1,000",
            _short,
            way="broadcast",
            service="groups",
            connections=1000,
            isPlain=False,
        ),
        _echo(
            "idle",
            "10,000 idle connections, a ping every {ping:g} s",
            _short,
            way="idle",
            connections=10_000,
            isPlain=False,
        ),
    )
}
