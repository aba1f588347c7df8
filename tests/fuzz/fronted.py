"""
What proxies say of those for whom they come.
"""

from __future__ import annotations

import ipaddress
from random import Random
from struct import pack
from typing import Any, NamedTuple

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.http_headers import Headers

from balws.server.provenance import Provenance
from balws.server.proxied import PATIENCE, behindProxy
from balws.server.proxyheader import MAX_LINE, MAX_REST, Header, read
from tests.fuzz.envelopes import mangled
from tests.fuzz.watch import Found

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FOURS = ("192.0.2.1", "0.0.0.0", "255.255.255.255", "10.0.0.1")
_SIXES = ("2001:db8::1", "::", "::ffff:192.0.2.1", "fe80::1")
_PORTS = (0, 1, 80, 65535)
_PROXY = IPv4Address("TCP", "10.0.0.1", 7000)
_TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


class Front(NamedTuple):
    """
    A header, and who is behind it.

    @ivar source: L{None} where that is not told.
    """

    data: bytes
    source: Any = None
    destination: Any = None


def front(random: Random) -> Front:
    """
    @return: a header without a mistake.
    """
    isSix = random.random() < 0.4
    hosts = random.choices(_SIXES if isSix else _FOURS, k=2)
    ports = random.choices(_PORTS, k=2)
    make: Any = IPv6Address if isSix else IPv4Address
    ends = [make("TCP", str(ipaddress.ip_address(host)), port) for host, port in zip(hosts, ports, strict=True)]
    if random.random() < 0.4:
        if random.random() < 0.2:
            return Front(b"PROXY UNKNOWN%b\r\n" % random.choice((b"", b" ", b" ::1 ::1 1 2", b" " + b"x" * 91)))
        words = ("PROXY", "TCP6" if isSix else "TCP4", *hosts, *map(str, ports))
        return Front(" ".join(words).encode() + b"\r\n", *ends)
    more = random.randbytes(random.choice((0, 0, 7, 3000)))
    match random.randrange(6):
        case 0:
            return Front(_binary(0x20, random.choice((0x00, 0x11, 0x31)), random.choice((b"", bytes(216), more))))
        case 1:
            return Front(_binary(0x21, 0x00, more))
        case 2:
            names = [random.choice((b"/run/a", b"/run/b", b"n" * 108)) for _ in range(2)]
            content = b"".join(name.ljust(108, b"\0") for name in names)
            return Front(_binary(0x21, 0x31, content + more), *map(UNIXAddress, names))
    content = b"".join(ipaddress.ip_address(host).packed for host in hosts) + pack(">HH", *ports)
    return Front(_binary(0x21, 0x21 if isSix else 0x11, content + more), *ends)


def _binary(command: int, family: int, rest: bytes) -> bytes:
    return _SIGNATURE + bytes((command, family)) + pack(">H", len(rest)) + rest


def headers(random: Random) -> None:
    """
    A header in front of something else.

    @raise Found: where it is not read as it is, or another is not one.
    """
    made = front(random)
    behind = random.randbytes(random.choice((0, 1, 40)))
    header = read(made.data + behind)
    if header != Header(len(made.data), made.source, made.destination):
        raise Found(f"{made} was read as {header}")
    for size in {0, random.randrange(len(made.data)), len(made.data) - 1}:
        if read(made.data[:size]) is not None:
            raise Found(f"{size} bytes of {made} are enough")
    data = mangled(random, made.data)
    try:
        header = read(data + behind)
    except ValueError:
        if data == made.data:
            raise Found(f"{made} was refused") from None
        return
    most = MAX_LINE if data.startswith(b"PROXY") else len(_SIGNATURE) + 4 + MAX_REST
    if header is None:
        if len(data + behind) >= most:
            raise Found(f"{len(data + behind)} bytes are not enough: {data!r}")
    else:
        _checkHeader(data + behind, header)


def _checkHeader(data: bytes, header: Header) -> None:
    """
    A second reading of what was taken.
    """
    if not 0 < header.size <= len(data):
        raise Found(f"{data!r} has {header.size} bytes")
    if data.startswith(b"PROXY "):
        words = data[: header.size].split(b" ")
        good = data[: header.size].endswith(b"\r\n") and data.count(b"\n", 0, header.size) >= 1
        told = [] if words[1].strip() == b"UNKNOWN" else [word.strip().decode() for word in words[2:4]]
    else:
        good = data.startswith(_SIGNATURE) and data[12] in (0x20, 0x21)
        good = good and header.size == 16 + int.from_bytes(data[14:16], "big")
        width = {1: 4, 2: 16}.get(data[13] >> 4, 0) if data[12] == 0x21 and data[13] & 15 else 0
        told = [str(ipaddress.ip_address(data[at : at + width])) for at in (16, 16 + width)] if width else []
    hosts = [str(ipaddress.ip_address(host)) for host in told]
    found = [getattr(end, "host", None) for end in (header.source, header.destination)]
    if not good or (hosts or [None, None]) != found:
        raise Found(f"{data[: header.size]!r} was read as {header}")


class _Behind(Protocol):
    """
    Who speaks behind the header.
    """

    def __init__(self, address: Any) -> None:
        self.address = address
        self.got = b""
        self.isOver = False

    def dataReceived(self, data: bytes) -> None:
        self.got += data

    def connectionLost(self, reason: Any = None) -> None:
        self.isOver = True


class _Factory(Factory):
    """
    Keeps what it makes.
    """

    noisy = False

    def __init__(self) -> None:
        self.made: list[_Behind] = []

    def buildProtocol(self, addr: Any) -> _Behind:
        self.made.append(_Behind(addr))
        return self.made[-1]


class _Transport(StringTransport):
    """
    Is lost when it is aborted.
    """

    def abortConnection(self) -> None:
        self.disconnecting = True


def connections(random: Random) -> None:
    """
    A connection of a proxy, its bytes in any pieces.

    @raise Found: where what is behind the header is not what comes out, with the address told.
    """
    clock, factory = Clock(), _Factory()
    proxied: Any = behindProxy(factory, _TRUSTED, clock).buildProtocol(_PROXY)
    transport = _Transport(hostAddress=IPv4Address("TCP", "10.0.0.2", 80), peerAddress=_PROXY)
    proxied.makeConnection(transport)
    made = front(random)
    isWhole = random.random() < 0.5
    data = made.data if isWhole else mangled(random, made.data)
    behind = random.randbytes(random.choice((0, 1, 300)))
    rest = data + behind
    while rest and not transport.disconnecting:
        size = random.choice((1, 1, 2, 7, len(rest)))
        proxied.dataReceived(rest[:size])
        rest = rest[size:]
        if len(proxied._early) > 16 + MAX_REST:
            raise Found(f"{len(proxied._early)} bytes wait")
    if isWhole or data == made.data:
        source = _PROXY if made.source is None else made.source
        if len(factory.made) != 1 or factory.made[0].got != behind:
            raise Found(f"{made}: {[each.got for each in factory.made]} came out")
        if factory.made[0].address != source or proxied.getPeer() != source:
            raise Found(f"{made}: {factory.made[0].address}")
    elif transport.disconnecting and factory.made:
        raise Found(f"{data!r} was refused after it was taken")
    clock.advance(PATIENCE)
    if not factory.made and not transport.disconnecting:
        raise Found(f"{data!r} may wait for ever")
    proxied.connectionLost()
    if clock.getDelayedCalls() or not all(each.isOver for each in factory.made):
        raise Found("something is left")


class _Request:
    """
    What a request says of its way.
    """

    def __init__(self, address: Any, isSecure: bool) -> None:
        self.requestHeaders = Headers()
        self.client = address
        self._isSecure = isSecure

    @property
    def fields(self) -> dict[bytes, list[bytes]]:
        return {name.lower(): list(values) for name, values in self.requestHeaders.getAllRawHeaders()}

    def isSecure(self) -> bool:
        return self._isSecure


#: What a proxy may write, whom it means, and whether he is trusted.
_ELEMENTS: tuple[tuple[bytes, str | None, bool], ...] = (
    (b"192.0.2.7", "192.0.2.7", False),
    (b"192.0.2.8:1234", "192.0.2.8", False),
    (b"10.1.2.3", "10.1.2.3", True),
    (b"10.1.2.3:99999", "10.1.2.3", True),
    (b"[2001:db8::5]:80", "2001:db8::5", False),
    (b"[2001:db8::6]", "2001:db8::6", False),
    (b"2001:db8::7", "2001:db8::7", False),
    (b"fd00::1", "fd00::1", True),
    (b"::ffff:10.0.0.9", "10.0.0.9", True),
    (b"unknown", None, False), (b"", None, False), (b"1.2.3", None, False), (b"10.0.0.1:", None, False),
    (b"[::1", None, False), (b"fe80::1%eth0", None, False), (b"10.0.0.1:1a", None, False), (b"\xb2", None, False),
    (b"[::1]x", None, False), (b"010.0.0.1", None, False), (b"10.0.0.1 10.0.0.2", None, False),
)  # fmt: skip


def forwarded(random: Random) -> None:
    """
    C{X-Forwarded-For} and C{X-Forwarded-Proto}.

    @raise Found: where somebody is believed who is not trusted, or the other way round.
    """
    provenance = Provenance(_TRUSTED)
    isTrusted = random.random() < 0.8
    near = random.choice(("10.0.0.1", "fd00::7")) if isTrusted else random.choice(("192.0.2.99", "2001:db8::99"))
    request: Any = _Request(IPv6Address("TCP", near, 1) if ":" in near else IPv4Address("TCP", near, 1), False)
    chain = random.choices(_ELEMENTS, k=random.choice((0, 1, 2, 3, 40)))
    blank = random.choice((b"", b" ", b"\t "))
    at = random.randint(0, len(chain))
    for part in (chain[:at], chain[at:]):
        if part:
            request.requestHeaders.addRawHeader(b"x-forwarded-for", (blank + b",").join(each[0] for each in part))
    expected = near
    for _, host, goesOn in reversed(chain if isTrusted else []):
        if host is None:
            break
        expected = host
        if not goesOn:
            break
    if (found := provenance.address(request)) != expected:
        raise Found(f"{near} says {chain}: {found}, not {expected}")
    said = random.choices((b"https", b"HTTPS ", b"http", b"", b"https;", b"\xff"), k=random.choice((0, 1, 1, 2)))
    for each in said:
        request.requestHeaders.addRawHeader(b"X-Forwarded-Proto", each)
    isSecure = isTrusted and bool(said) and all(each in (b"https", b"HTTPS ") for each in said)
    if provenance.isSecure(request) is not isSecure:
        raise Found(f"{near} says {said}: {not isSecure}")
    _wild(random, provenance, request)


def _wild(random: Random, provenance: Provenance, request: Any) -> None:
    value = mangled(random, b", ".join(each[0] for each in random.choices(_ELEMENTS, k=4)))
    request.requestHeaders.setRawHeaders(b"X-Forwarded-For", [value.replace(b"\r", b"").replace(b"\n", b"")])
    found = provenance.address(request)
    if str(ipaddress.ip_address(found)) != found:
        raise Found(f"{value!r} is {found!r}")
