# -*- test-case-name: tests.server.test_proxyheader -*-
"""
The header that the PROXY protocol puts in front of a connection, in its versions 1 and 2.

Twisted has it too, but does not take a header that comes in parts, fails with a traceback on
some that are broken, and believes names where addresses should be.
"""

from __future__ import annotations

from ipaddress import ip_address
from struct import unpack_from

import attrs
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

#: The longest line of version 1, its end included.
MAX_LINE = 107

#: What may follow the fixed part in version 2: addresses, and what the proxy says beside them.
MAX_REST = 4096

_LINE = b"PROXY "
_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = len(_SIGNATURE) + 4

#: By family, how long a version 2 address is.
_SIZES = {1: 4, 2: 16, 3: 108}

Address = IPv4Address | IPv6Address | UNIXAddress


@attrs.frozen
class Header:
    """
    @ivar size: its bytes; what follows them is the peer's.
    @ivar source: who has connected to the proxy; L{None} where the proxy speaks for itself, or
        does not know.
    @ivar destination: to which of its addresses.
    """

    size: int
    source: Address | None = None
    destination: Address | None = None


def read(data: bytes) -> Header | None:
    """
    @param data: what has come so far.
    @return: L{None}: the rest has not come yet.
    @raise ValueError: when it is no such header.
    """
    if data[: len(_SIGNATURE)] == _SIGNATURE[: len(data)]:
        return _binary(data) if len(data) >= _FIXED else None
    if data[: len(_LINE)] != _LINE[: len(data)]:
        raise ValueError("no PROXY header")
    line, end, _ = data[:MAX_LINE].partition(b"\r\n")
    if end:
        return _text(line.decode("ascii"))
    if len(data) >= MAX_LINE:
        raise ValueError("a line that does not end")
    return None


def _text(line: str) -> Header:
    size = len(line) + 2
    words = line.split(" ")
    if words[1] == "UNKNOWN":
        return Header(size)
    _, family, source, destination, sourcePort, destinationPort = words
    kind = {"TCP4": 4, "TCP6": 6}.get(family)
    return Header(size, _tcp(source, sourcePort, kind), _tcp(destination, destinationPort, kind))


def _tcp(host: str, port: str, kind: int | None) -> Address:
    found = ip_address(host)
    if found.version != kind or "%" in host or not port.isdigit() or int(port) > 65535:
        raise ValueError("not an address of its family")
    return (IPv4Address if kind == 4 else IPv6Address)("TCP", str(found), int(port))


def _binary(data: bytes) -> Header | None:
    command, family = data[12], data[13]
    (rest,) = unpack_from("!H", data, 14)
    size = _FIXED + rest
    if command not in (0x20, 0x21) or rest > MAX_REST:
        raise ValueError("not version 2, or too long")
    if len(data) < size:
        return None
    kind, transport = family >> 4, family & 0x0F
    if kind > 3 or transport > 2:
        raise ValueError("no such family")
    if command == 0x20 or not kind or not transport:
        return Header(size)
    width = _SIZES[kind]
    if rest < 2 * width + (4 if kind != 3 else 0):
        raise ValueError("too short for its addresses")
    hosts = [data[start : start + width] for start in (_FIXED, _FIXED + width)]
    if kind == 3:
        source, destination = (UNIXAddress(host.rstrip(b"\0")) for host in hosts)
        return Header(size, source, destination)
    ports = unpack_from("!HH", data, _FIXED + 2 * width)
    make = IPv4Address if kind == 1 else IPv6Address
    return Header(size, *(make("TCP", str(ip_address(host)), port) for host, port in zip(hosts, ports, strict=True)))
