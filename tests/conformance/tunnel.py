"""
TLS in front of a server that has none, at the same port of another address.
C{python tunnel.py ADDRESS ADDRESS-BEHIND PORT CERTIFICATE KEY}
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import SSL4ServerEndpoint
from twisted.internet.ssl import DefaultOpenSSLContextFactory
from twisted.internet.task import react
from twisted.protocols.portforward import ProxyFactory


def main(reactor: Any, address: str, behind: str, port: str, certificate: str, key: str) -> Deferred[Any]:
    """
    Pass everything on, both ways, until a signal ends it.
    """
    context = DefaultOpenSSLContextFactory(key, certificate)
    endpoint = SSL4ServerEndpoint(reactor, int(port), context, interface=address)
    listening: Deferred[Any] = endpoint.listen(ProxyFactory(behind, int(port)))
    return listening.addCallback(lambda _: Deferred())


if __name__ == "__main__":
    react(main, sys.argv[1:])
