# -*- test-case-name: tests.server.test_provenance -*-
"""
Where a request comes from, and how, when there may be proxies in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from balws.auth.network import LOCAL
from balws.config.server import TrustedProxy
from balws.server.asked import Asked

_Address = IPv4Address | IPv6Address


class Provenance:
    """
    Believes what the trusted proxies say in C{X-Forwarded-For} and C{X-Forwarded-Proto}, and
    what nobody else says.
    """

    def __init__(self, trustedProxies: Sequence[TrustedProxy] = ()) -> None:
        """
        @param trustedProxies: as in L{balws.config.server.ServerConfiguration}.
        """
        self._networks = tuple(each for each in trustedProxies if not isinstance(each, str))
        self._trustsLocal = "unix" in trustedProxies

    def trusts(self, address: str) -> bool:
        """
        @param address: of a peer, as L{hostOf} writes it.
        @return: whether it is a trusted proxy.
        """
        if address == LOCAL:
            return self._trustsLocal
        found = _read(address) if self._networks else None
        return found is not None and any(found in network for network in self._networks)

    def address(self, asked: Asked) -> str:
        """
        @return: the client's address without its port.  That of the transport, unless this is a
            trusted proxy: then the last address that a trusted proxy has seen and that is
            none itself.
        """
        nearest = hostOf(asked.client)
        lines = asked.fields.get(b"x-forwarded-for")
        if not lines or not self.trusts(nearest):
            return nearest
        for element in reversed(b",".join(lines).split(b",")):
            found = _element(element.strip().decode("latin-1"))
            if found is None:
                break
            nearest = str(found)
            if not self.trusts(nearest):
                break
        return nearest

    def isSecure(self, asked: Asked) -> bool:
        """
        @return: whether the client speaks TLS: with us, or with a trusted proxy that says so.
        """
        if asked.isSecure():
            return True
        lines = asked.fields.get(b"x-forwarded-proto")
        if not lines or not self.trusts(hostOf(asked.client)):
            return False
        # One for each hop, where there are several: none of them may lack it.
        return all(each.strip().lower() == b"https" for each in b",".join(lines).split(b","))


def hostOf(address: Any) -> str:
    """
    @param address: of a transport.
    @return: it without its port; of a socket that is a file L{LOCAL}.
    """
    host: str | None = getattr(address, "host", None)
    return host or LOCAL


def addressOf(request: Any) -> str:
    """
    @return: the client's address, as far as it is known; else the transport's.
    """
    known: str | None = getattr(request, "clientAddress", None)
    return hostOf(request.getClientAddress()) if known is None else known


def _read(text: str) -> _Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A port for both versions sees those of IPv4 so.
    return getattr(found, "ipv4_mapped", None) or found


def _element(text: str) -> _Address | None:
    """
    @return: what one proxy saw; some write the port behind it, and brackets around IPv6.
    """
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        isSound = bool(bracket) and (not port or (port[0] == ":" and _isPort(port[1:])))
    else:
        host, colon, port = text.partition(":")
        if ":" in port:
            host, colon, port = text, "", ""
        isSound = not colon or _isPort(port)
    return _read(host) if isSound and "%" not in host else None


def _isPort(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5
