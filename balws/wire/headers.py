# -*- test-case-name: tests.wire.test_headers -*-
"""
The header fields of an upgrade: what a client asks for, checked, and the answer.

The request was parsed before; nothing here looks at raw lines, so there is no second
reading that could see other fields than the first (DESIGN, fact 1).
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from hashlib import sha1

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#: RFC 9110 section 5.6.2.
_isToken = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
#: RFC 9110 section 5.5: visible characters, blanks, tabs and bytes above ASCII.
_isValue = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch

#: What the handshake itself, or HTTP, says in the answer; no service may say it.
RESERVED = frozenset(
    (
        b"connection",
        b"content-length",
        b"sec-websocket-accept",
        b"sec-websocket-extensions",
        b"sec-websocket-protocol",
        b"sec-websocket-version",
        b"transfer-encoding",
        b"upgrade",
    )
)


def isValue(value: bytes) -> bool:
    """
    @return: whether this may stand in a header field: no control characters.
    """
    return _isValue(value) is not None


def isToken(value: bytes) -> bool:
    """
    @return: whether this may be the name of a field or of a sub-protocol.
    """
    return _isToken(value) is not None


def tokens(values: Iterable[bytes]) -> list[bytes]:
    """
    @param values: a list field's lines.
    @return: its elements; empty ones are left out (RFC 9110 section 5.6.1).
    """
    return [token for value in values for element in value.split(b",") if (token := element.strip(b" \t"))]


def isKey(value: bytes) -> bool:
    """
    @return: whether this is the base64 form of 16 bytes (RFC 6455 section 4.1).
    """
    if len(value) != 24:
        return False
    try:
        raw = a2b_base64(value, strict_mode=True)
    except Base64Error:
        return False
    return len(raw) == 16


def acceptKey(key: bytes) -> bytes:
    """
    @return: the proof that we understood the client's key (RFC 6455 section 4.2.2).
    """
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest())


def checkedFields(fields: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """
    Header fields that an application wants in the answer.

    @raise ValueError: for a name or value that would break the answer or that the
        handshake says itself; the text names the field.
    """
    checked = []
    for name, value in fields.items():
        try:
            rawName, rawValue = str(name).encode("ascii"), str(value).strip().encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"header {name!r} cannot be written: its name is ASCII, its value Unicode") from None
        if not isToken(rawName):
            raise ValueError(f"header {name!r} has a name that is not a token")
        if rawName.lower() in RESERVED:
            raise ValueError(f"header {name!r} belongs to the handshake")
        if not isValue(rawValue):
            raise ValueError(f"header {name!r} has a control character in its value")
        checked.append((rawName, rawValue))
    return checked


def switching(
    key: bytes, protocol: bytes | None, extension: bytes | None, fields: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """
    @param key: the client's C{Sec-WebSocket-Key}, checked.
    @param protocol: the sub-protocol agreed on, or L{None}.
    @param extension: the extension agreed on with its parameters, or L{None}.
    @param fields: further header fields, checked.
    @return: the answer 101, complete.
    """
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + acceptKey(key),
    ]
    if protocol is not None:
        lines.append(b"Sec-WebSocket-Protocol: " + protocol)
    if extension is not None:
        lines.append(b"Sec-WebSocket-Extensions: " + extension)
    lines += [name + b": " + value for name, value in fields]
    lines += (b"", b"")
    return b"\r\n".join(lines)
