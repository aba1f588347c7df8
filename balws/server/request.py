# -*- test-case-name: tests.server.test_request -*-
"""
Requests on our own port: they do not say what serves them, and keep to their limit.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.server import Request as TwistedRequest

from balws.server.asked import Rendered
from balws.server.host import isHost
from balws.server.refusal import Refusal, answer

if TYPE_CHECKING:
    from balws.server.channel import Channel

_absolute = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE).fullmatch


class Request(TwistedRequest):
    """
    @ivar channel: one of ours.
    @ivar principal: who was authenticated; L{None} where nobody asked.
    """

    channel: Channel
    content: Any
    principal: Any = None

    @cached_property
    def clientAddress(self) -> str:
        """
        The client's address without its port, as the trusted proxies tell it (C{[server]}'s
        C{trustedProxies}).  Twisted's C{getClientAddress()} is the transport's peer: with a
        proxy in between, the proxy.
        """
        address: str = self.channel.site.provenance.address(Rendered(self))
        return address

    def __repr__(self) -> str:
        # Without the query: it may hold a token.
        path = getattr(self, "uri", b"-").partition(b"?")[0].decode("ascii", "replace")
        return f"<{type(self).__name__} at {id(self):#x} {path}>"

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """
        The request is whole.  Where its target is a URL, the host there counts (RFC 9112
        section 3.2.2).
        """
        found = _absolute(path)
        if found:
            path = found[2] if found[2].startswith(b"/") else b"/" + found[2]
            if isHost(self.requestHeaders.getRawHeaders(b"Host", [])):  # one that is none is refused below
                self.requestHeaders.setRawHeaders(b"Host", [found[1]])
        super().requestReceived(command, path, version)

    def handleContentChunk(self, data: bytes) -> None:
        """
        A piece of a body, whose length may not have been declared.
        """
        limit = self.channel.configuration.requestLimits.maxEntityBodySize
        if 0 <= limit < self.content.tell() + len(data):
            self.channel.refuse(413, b"HTTP/1.1")
        else:
            super().handleContentChunk(data)

    def setLastModified(self, when: float) -> Any:
        """
        A resource tells its age.  An C{If-Modified-Since} that is no date does not count (RFC
        9110 section 13.1.3); Twisted Web's own reading fails on some of those.
        """
        try:
            return super().setLastModified(when)
        except IndexError:
            return None

    def render(self, resource: IResource) -> None:
        """
        The resource was found.
        """
        self._nameServer()
        if self.clientproto == b"HTTP/1.1" and not isHost(self.requestHeaders.getRawHeaders(b"Host", [])):
            # RFC 9112 section 3.2: none, two, or one that is no host.
            answer(self, Refusal(400))
        else:
            super().render(resource)

    def processingFailed(self, reason: Failure) -> Failure:
        """
        Whoever looked for the resource failed, or the resource itself.
        """
        self._nameServer()
        failed: Failure = super().processingFailed(reason)
        return failed

    def _handleStar(self) -> None:
        self._nameServer()
        super()._handleStar()

    def _nameServer(self) -> None:
        server = self.channel.configuration.server
        if server is None:
            self.responseHeaders.removeHeader(b"Server")
        else:
            self.setHeader(b"Server", server)
