# -*- test-case-name: tests.auth.test_network -*-
"""
Whom an address stands for, where peers are counted.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

__all__ = ["LOCAL", "isNear", "networkOf"]

#: In place of the address of a peer that has none: its socket is a file.
LOCAL = "a local socket"

#: An address of IPv6 is read in some 10 us, and most peers come again.
_REMEMBERED = 1024


def networkOf(address: str) -> str:
    """
    @return: the address; of IPv6 the /64 network, since one host has a whole one; what is
        no address as it is.
    """
    return _read(address)[0]


def isNear(address: str) -> bool:
    """
    @return: whether it is this machine's own.
    """
    return _read(address)[1]


@lru_cache(_REMEMBERED)
def _read(address: str) -> tuple[str, bool]:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address, address == LOCAL
    if not isinstance(found, IPv6Address):
        return address, found.is_loopback
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped), found.ipv4_mapped.is_loopback
    return str(IPv6Address(int(found) >> 64 << 64)), found.is_loopback
