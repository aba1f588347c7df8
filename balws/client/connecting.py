# -*- test-case-name: tests.client.test_connecting -*-
"""
One attempt to reach one address: TCP, TLS, the opening handshake, within one time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.interfaces import IStreamClientEndpoint

from balws.client.address import Address
from balws.client.handshake import Handshake
from balws.client.request import fieldsFor, newKey
from balws.client.response import HttpResponse
from balws.config.client import ClientConfiguration
from balws.config.secret import Secret
from balws.errors import ConnectionError, HandshakeTimedOut
from balws.tls.client import TlsClient
from balws.tls.single import Single

#: Takes over a transport whose handshake was answered with 101: the transport, the
#: answer, our key, and the bytes that came after the answer.
Accept = Callable[[Any, HttpResponse, bytes, bytes], None]


async def attempt(
    address: Address,
    config: ClientConfiguration,
    reactor: Any,
    endpoint: IStreamClientEndpoint | None,
    accept: Accept,
    authorization: Secret | None = None,
) -> None:
    """
    @param endpoint: what to connect by; L{None} connects to the address by TCP, IPv6 and
        IPv4 in parallel (RFC 8305).  For C{wss} it has TLS of its own, unless there is a
        C{secureSocket}, which then goes on top.
    @param authorization: the value of that field; L{None} for none but a custom one.
    @raise ConnectionError: when nobody is there.
    @raise SslError: when it cannot be shown who is there.
    @raise HandshakeTimedOut: when all together takes longer than C{handShakeTimeout}.
    @raise InvalidHandshakeError: when the server does not accept.
    """
    key = newKey()
    by: Any = endpoint
    if by is None:
        by = HostnameEndpoint(reactor, address.host, address.port, timeout=config.handShakeTimeout)
    tls = None
    if address.secure and (endpoint is None or config.secureSocket is not None):
        tls = TlsClient(address.host, config.secureSocket, reactor, address.port)
        by = wrapClientTLS(tls, by, clock=reactor)
    handshake = Handshake(
        reactor,
        address.target,
        fieldsFor(address, config, key, authorization),
        lambda transport, response, rest: accept(transport, response, key, rest),
        tls,
        address.secure,
    )
    try:
        await _cancellable(_shake(by, handshake)).addTimeout(config.handShakeTimeout, reactor)
    except TooLate:
        # A server that said no, and then went on speaking too slowly, has said no.
        raise handshake.refusal() or HandshakeTimedOut("Handshake timed out") from None
    finally:
        handshake.giveUp()


def _cancellable(shaking: Coroutine[Any, Any, None]) -> Deferred[None]:
    """
    @return: fires as the coroutine ends; cancelled, it fails with L{CancelledError}
        whatever that makes of its own end: a cancelled look-up of a name says that there is
        no such name.
    """

    def cancel(_: Deferred[None]) -> None:
        outcome.errback(CancelledError())
        inner.cancel()

    def ended(result: Any) -> None:
        if not outcome.called:
            outcome.callback(result)

    outcome: Deferred[None] = Deferred(cancel)
    inner = Deferred.fromCoroutine(shaking)
    inner.addBoth(ended)
    return outcome


async def _shake(endpoint: IStreamClientEndpoint, handshake: Handshake) -> None:
    try:
        await endpoint.connect(Single(handshake, lambda: handshake.done.called))
        await handshake.done
    except (ConnectError, ConnectionClosed, OSError) as problem:
        if isinstance(problem, ConnectionError):
            raise
        raise ConnectionError(f"IO Error: {problem}") from problem
