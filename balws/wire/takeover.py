# -*- test-case-name: tests.wire.test_takeover -*-
"""
A transport changes its owner: from Twisted Web's channel to a wire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web.server import Request

from balws.interfaces import ISession
from balws.wire.factory import WireFactory
from balws.wire.server import ServerWire
from balws.wire.transport import give


def release(request: Request) -> tuple[Any, bytes]:
    """
    Take the transport from the channel of a request that will never be answered by
    Twisted Web.

    @return: the transport, with no owner that reads, and what came after the request.
    """
    channel: Any = request.channel
    transport: Any = channel.transport
    channel.setTimeout(None)
    released = getattr(channel, "released", None)  # our own channel keeps a deadline
    if released is not None:
        released()
    # What the channel read beyond the request: held back while the request was
    # handled, or still in the line buffer when all came in one read.
    rest = b"".join(channel._dataBuffer) + channel.clearLineBuffer()
    channel._dataBuffer = []
    channel.requests.remove(request)
    channel._networkProducer.unregisterProducer()
    # The channel may have stopped reading: too much came while the request was handled.
    transport.resumeProducing()
    channel.transport = None
    del request.channel
    request.transport = None
    request.notifications.clear()
    if request.content is not None:
        request.content.close()
        del request.content
    return transport, rest


def takeOver(
    release: Callable[[], tuple[Any, bytes]],
    factory: WireFactory,
    session: ISession,
    response: bytes,
    compressor: Any,
) -> ServerWire:
    """
    Answer a validated upgrade and let a new wire own its connection.

    @param release: takes the transport from its owner, and gives it with what came after the
        request.
    @param response: the complete answer 101.
    """
    wire: ServerWire = factory.buildProtocol(None)
    factory.roster.add(wire)
    transport, rest = release()
    give(transport, wire)
    wire.open(session, response, compressor)
    if rest:
        wire.dataReceived(rest)
    return wire
