# -*- test-case-name: tests.server.test_shortcut -*-
"""
The short way of an upgrade: from the first bytes of a connection to the answer 101 with one
reading.

What is read here is a part of what L{balws.server.channel} and Twisted Web take, and gives the
same fields; the same gate looks at them, the same arguments are bound, the same attempt is
made.  Whatever else comes, and whatever is refused, goes the long way with its bytes as they
were, before anything was said, counted, or asked of an application.  Where an attempt needs a
request of Twisted Web after all, to wait with or to say no with, Twisted Web reads the same
bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import ISSLTransport
from twisted.python.failure import Failure
from twisted.web.http import parse_qs
from twisted.web.server import Request

from balws.server.asked import Asked
from balws.server.attempt import Attempt
from balws.server.refusal import Refusal
from balws.server.upgrade import UpgradeResource
from balws.wire.takeover import release

if TYPE_CHECKING:
    from balws.server.channel import Channel

#: Fields of one request; the size limit allows more only where they are tiny.
MAX_HEADERS = 100

#: Finds a whole head: a GET of a path, and fields of one line each (RFC 9112 sections 3 and 5).
#: No part gives back what it has taken: this is one walk over the bytes.
_head = re.compile(
    rb"GET (/[\x21-\x7e]*+) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n)++)"
    rb"\r\n"
).match

#: What means something to whoever reads a head: a body, an answer before the answer, a part.
_WEIGHTY = frozenset((b"content-length", b"transfer-encoding", b"expect", b"range"))


class Plain(Asked):
    """
    What was read here, while its bytes stay with the channel.
    """

    method = b"GET"
    version = b"HTTP/1.1"
    _args: dict[bytes, list[bytes]] | None = None
    _request: Request | None = None

    def __init__(self, channel: Channel, path: bytes, query: bytes, fields: dict[bytes, list[bytes]], end: int) -> None:
        """
        @param channel: whose first request it is.
        @param path: percent-encoded.
        @param query: what is behind the question mark.
        @param fields: see L{Asked.fields}.
        @param end: of the head among the bytes of the channel.
        """
        self._channel = channel
        self._path = path
        self._query = query
        self._fields = fields
        self._end = end
        transport: Any = channel.transport
        self.client = transport.getPeer()
        self.begun = channel.begun

    @property
    def fields(self) -> dict[bytes, list[bytes]]:
        """
        See L{Asked}.
        """
        return self._fields

    @property
    def path(self) -> bytes:
        """
        See L{Asked}.
        """
        return self._path

    @property
    def args(self) -> dict[bytes, list[bytes]]:
        """
        See L{Asked}.
        """
        if self._args is None:
            self._args = parse_qs(self._query, True)
        return self._args

    @property
    def request(self) -> Request:
        """
        See L{Asked}.
        """
        if self._request is None:
            self._request = self._channel.takeLongWay()
        return self._request

    @property
    def isGone(self) -> bool:
        """
        See L{Asked}.
        """
        return self._channel.isGone

    @property
    def isAnswered(self) -> bool:
        """
        See L{Asked}.  Nobody else has the request.
        """
        return False

    @property
    def principal(self) -> Any:
        """
        See L{Asked}.  Who must be authenticated goes the long way.
        """
        return None

    def isSecure(self) -> bool:
        """
        See L{Asked}.
        """
        return ISSLTransport.providedBy(self._channel.transport)

    def prepared(self) -> list[tuple[bytes, bytes]]:
        """
        See L{Asked}.
        """
        server = self._channel.configuration.server
        return [] if server is None else [(b"Server", server.encode())]

    def release(self) -> tuple[Any, bytes]:
        """
        See L{Asked}.
        """
        return self._channel.release(self._end) if self._request is None else release(self._request)


def shorten(channel: Channel, data: bytes) -> bool:
    """
    Serve an upgrade that is as upgrades are.

    @param channel: a new one, which has read nothing.
    @param data: the first bytes of its connection.
    @return: whether it is served; else nothing has happened.
    """
    head = _head(data)
    if head is None:
        return False
    target, lines = head.groups()
    limits = channel.configuration.requestLimits
    if len(target) > limits.maxUriLength or len(lines) > limits.maxHeaderSize:
        return False
    path, _, query = target.partition(b"?")
    segments = path[1:].split(b"/")
    if b"%" in path:
        segments = [unquote_to_bytes(segment) for segment in segments]
    resource, length = channel.site.tree.find(segments) or (None, 0)
    # A class of somebody's own may have another render(), which takes a request.
    if type(resource) is not UpgradeResource or resource.mount.wantsRequest:
        return False
    fields = _fields(lines)
    if fields is None:
        return False
    plain = Plain(channel, path, query, fields, head.end())
    found = resource.examine(plain, segments[length:])
    if isinstance(found, Refusal):
        return False
    upgrade, values = found
    channel.keep(data)
    try:
        Attempt(resource.mount, plain, upgrade).begin(values)
    except BaseException:  # as of a render(), which Twisted Web would have called
        if channel.transport is None:  # the wire has it: there is nobody to answer
            raise
        plain.request.processingFailed(Failure())
    return True


def _fields(lines: bytes) -> dict[bytes, list[bytes]] | None:
    """
    @param lines: of the fields, sound ones.
    @return: the values by lower-case name; L{None} where there are too many, or one that this
        way does not understand.
    """
    each = lines.split(b"\r\n")
    each.pop()  # what is behind the last line end
    if len(each) > MAX_HEADERS:
        return None
    fields: dict[bytes, list[bytes]] = {}
    for line in each:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in fields:
            fields[name].append(value.strip(b" \t"))
        else:
            fields[name] = [value.strip(b" \t")]
    return fields if _WEIGHTY.isdisjoint(fields) else None
