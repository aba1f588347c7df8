"""
What a server may answer to an upgrade request: yes, yes with a mistake, no, or nothing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha1
from random import Random
from typing import NamedTuple

from balws.config import ClientConfiguration
from tests.fuzz.bench import KEY
from tests.fuzz.oracle import Inflation
from tests.fuzz.requests import mutated

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_isStatus = re.compile(rb"HTTP/1\.1 (\d{3})(?: [\t\x20-\x7e]*)?").fullmatch
_isField = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\x21-\x7e]+(?: [\x21-\x7e]+)*)").fullmatch

#: What a server may say to the compression that we offer, and whether it may be taken.
_EXTENSIONS: tuple[tuple[bytes, Inflation | None], ...] = (
    (b"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", Inflation(12)),
    (b"permessage-deflate; server_max_window_bits=9", Inflation(9)),
    (b"permessage-deflate; server_max_window_bits=12; server_no_context_takeover", Inflation(12, True)),
    (b"permessage-deflate; server_max_window_bits=15", Inflation(15)),
    (b"permessage-deflate; server_max_window_bits=16", None),
    (b"permessage-deflate; server_max_window_bits=7", None),
    (b"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", None),
    (b"permessage-deflate; nonsense", None),
    (b"permessage-deflate, permessage-deflate", None),
    (b"x-webkit-deflate-frame", None),
)

_REFUSALS = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nWWW-Authenticate: Basic\r\n\r\nbody",
    b"HTTP/1.1 301 Moved\r\nLocation: ws://elsewhere/\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n" + b"x" * 70000,
    b"HTTP/1.0 404 \r\n\r\nuntil the end",
    b"HTTP/1.1 204 No Content\r\n\r\n",
)


def accepting() -> bytes:
    """
    @return: the shortest acceptance of an upgrade with L{KEY}.
    """
    accept = b64encode(sha1(KEY + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Answer(NamedTuple):
    """
    A server's answer to an upgrade.

    @ivar good: whether it must be taken; L{None} where nothing is said of it.
    """

    data: bytes
    good: bool | None
    inflation: Inflation | None


def answer(random: Random, key: bytes, config: ClientConfiguration) -> Answer:
    """
    @return: mostly an acceptance; else one with a mistake, or a refusal.
    """
    fields = [
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + b64encode(sha1(key + _GUID).digest()),
    ]
    good, inflation = True, None
    if config.subProtocols:
        fields.append(b"Sec-WebSocket-Protocol: " + config.subProtocols[-1].encode())
    if random.random() < 0.4:
        value, inflation = random.choice(_EXTENSIONS)
        good = inflation is not None and config.webSocketCompressionEnabled
        fields.append(b"Sec-WebSocket-Extensions: " + value)
    before = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * random.choice((0, 0, 0, 1, 3))
    data = before + b"\r\n".join((b"HTTP/1.1 101 Switching Protocols", *fields, b"", b""))
    chance = random.random()
    if chance < 0.7:
        return Answer(data, good, inflation if good else None)
    if chance < 0.8:
        data = mutated(random, data)
        return Answer(data, None if before else acceptable(data, fields), inflation)
    if chance < 0.9:
        fields.append(random.choice((b"Sec-WebSocket-Protocol: other", b"Upgrade: h2c", b"Sec-WebSocket-Accept: x")))
        return Answer(b"\r\n".join((b"HTTP/1.1 101 Switching Protocols", *fields, b"", b"")), False, None)
    return Answer(before + random.choice((*_REFUSALS, random.randbytes(40), b"", b"x" * 40000)), False, None)


def acceptable(data: bytes, fields: list[bytes]) -> bool | None:
    """
    A second opinion on a mutated acceptance: every field must still be there, and no
    other that matters.

    @return: L{None} where it is not plainly the one or the other.
    """
    head, end, _ = data.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    status = _isStatus(line)
    found = [_isField(each) for each in lines]
    if not end or status is None or None in found:
        return None
    if status[1] != b"101":
        return False
    wanted = [each.partition(b": ") for each in fields]
    got = [(each[1].lower(), each[2]) for each in found if each is not None]
    if got == [(name.lower(), value) for name, _, value in wanted]:
        return None if b"xtensions" in head.lower() else True
    values = dict(got)
    if values.get(b"sec-websocket-accept") != wanted[2][2] or values.get(b"upgrade", b"").lower() != b"websocket":
        return False
    return None
