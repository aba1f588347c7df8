# -*- test-case-name: tests.config.test_loopback -*-
"""
Addresses that only this machine reaches.
"""

from __future__ import annotations

from ipaddress import ip_address

__all__ = ["isLoopback"]


def isLoopback(host: str) -> bool:
    """
    @param host: an IP address, or a name.
    @return: whether only this machine can be meant.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
