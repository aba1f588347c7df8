# -*- test-case-name: tests.config.test_client -*-
"""
The client's records, with the names and defaults of seed 4, section 4, and the new fields of DESIGN 6.10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from balws.config.clientauth import clientAuth
from balws.config.connection import ConnectionConfiguration
from balws.config.headers import headers
from balws.config.positions import extend
from balws.config.records import nested
from balws.config.secret import Secret
from balws.config.secure import ClientSecureSocket
from balws.config.values import (
    MAX_NUMBER,
    Unfit,
    atLeast,
    checked,
    confidential,
    convert,
    flag,
    integer,
    items,
    matching,
    optional,
    text,
    token,
)
from balws.errors import ConfigurationError
from balws.interfaces import PingPongService

__all__ = ["ClientConfiguration", "Cookie", "WebSocketRetryConfig"]

#: How long the opening handshake may take, unless configured (seed 4, section 4).
HANDSHAKE_TIMEOUT = 300

#: What the handshake, or HTTP itself, says in our request: in lower case, and so all that begins like the last.
_RESERVED = frozenset(
    ("connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade")
)
_HANDSHAKE = "sec-websocket-"

#: RFC 6265 section 4.1.1.
_COOKIE_OCTETS = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_COOKIE_VALUE = re.compile(f'{_COOKIE_OCTETS}|"{_COOKIE_OCTETS}"')
_COOKIE_PATH = re.compile(r"/[\x20-\x3a\x3c-\x7e]*")

#: RFC 9110 section 5.5, as Unicode: nothing in front or behind that is a blank, no control character, and no half
#: of a pair, which UTF-8 cannot write.
_HEADER_VALUE = re.compile(r"(?:(?! )[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+(?<! ))?")

_NO_PING_PONG = "The callback service should be a PingPongService"

_CALLBACK = re.compile("on[A-Z]")


def _shownValue(value: str) -> str:
    return repr(Secret(value))


def _checkCookieValue(value: object) -> str:
    if not isinstance(value, str) or not _COOKIE_VALUE.fullmatch(value):
        raise Unfit("the value of a cookie (visible ASCII without comma, semicolon, backslash and inner quotes)")
    return value


_confidentialCookie = confidential(_checkCookieValue)


def _cookieName(value: str) -> str:
    return convert(token, "name", value)


def _cookieValue(value: str | Secret) -> str:
    return convert(_confidentialCookie, "value", value)


@attrs.frozen(kw_only=True)
class Cookie:
    """
    One cookie of the upgrade request (RFC 6265 section 4.1.1).

    @ivar name: a token of HTTP.
    @ivar value: visible ASCII without comma, semicolon and backslash, in double quotes
        or without any; it may be empty.  No repr and no error shows it.
    @ivar path: a path of visible ASCII and blanks that starts with a slash; cookies
        with short paths are sent first.
    """

    name: str = attrs.field(converter=_cookieName)
    value: str = attrs.field(converter=_cookieValue, repr=_shownValue)
    path: str = checked("path", matching(_COOKIE_PATH, 'a path such as "/", without ";"'), "/")


@attrs.frozen(kw_only=True)
class WebSocketRetryConfig:
    """
    How a lost connection is made anew: before attempt n, counted from 0, there is a wait of
    C{min(interval * backOffFactor ** n, maxWaitInterval)} seconds, somewhat scattered
    (seed 4, section 4; decision 25).  All numbers are finite and at most 2147483647.

    @ivar maxCount: the most attempts for one loss; 0 and negative ones have no end.
    @ivar interval: seconds before the first attempt; a negative number means 1.
    @ivar backOffFactor: how much longer each wait is than the one before; below 1 means 1.
    @ivar maxWaitInterval: seconds of the longest wait; a negative number means 30.
    """

    maxCount: int = checked("maxCount", integer(-MAX_NUMBER), 0)
    interval: float = checked("interval", atLeast(0, 1), 1)
    backOffFactor: float = checked("backOffFactor", atLeast(1, 1.0, "a number"), 1.0)
    maxWaitInterval: float = checked("maxWaitInterval", atLeast(0, 30), 30)


def _headerName(value: object) -> str:
    name = token(value)
    lowered = name.lower()
    if lowered in _RESERVED or lowered.startswith(_HANDSHAKE):
        raise ConfigurationError("this header belongs to the handshake")
    return name


def _checkHeaderValue(value: object) -> str:
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise Unfit("the value of a header, without control characters and without blanks in front or behind")
    return value


_headerValue = confidential(_checkHeaderValue)


_checkHeaders = headers(_headerName, _headerValue)


def _customHeaders(value: Mapping[str, str]) -> Mapping[str, str]:
    return convert(_checkHeaders, "customHeaders", value)


def _shownHeaders(headers: Mapping[str, str]) -> str:
    return repr({name: Secret(value) for name, value in headers.items()})


def _cookie(value: object) -> Cookie:
    for name in ("name", "value"):
        if isinstance(value, Mapping) and name not in value:
            raise ConfigurationError("is missing", name)
    return nested(Cookie)(value)


def _checkCookies(value: object) -> tuple[Cookie, ...]:
    if not isinstance(value, Mapping):
        return items("cookies", _cookie)(value)
    found = []
    for key, given in value.items():
        place = extend("", str(key))
        name = convert(token, place, key)
        found.append(Cookie(name=name, value=convert(_confidentialCookie, place, given)))
    return tuple(found)


def _cookies(value: Iterable[Cookie | Mapping[str, Any]] | Mapping[str, Any]) -> tuple[Cookie, ...]:
    return convert(_checkCookies, "cookies", value)


def _handShakeTimeout(value: object) -> float:
    return atLeast(0, 0)(value) or HANDSHAKE_TIMEOUT


def _pingPongHandler(value: object) -> object:
    if isinstance(value, PingPongService):
        return value
    kind = type(value)  # as the methods of a service are, they are those of its class
    callbacks = {name for name in dir(kind) if _CALLBACK.match(name) and callable(getattr(kind, name))}
    if isinstance(value, type) or not callbacks or callbacks - {"onPing", "onPong"}:
        raise ConfigurationError(_NO_PING_PONG)
    return value


def _retryConfig(
    value: WebSocketRetryConfig | Mapping[str, Any] | None,
) -> WebSocketRetryConfig | None:
    return convert(optional(nested(WebSocketRetryConfig)), "retryConfig", value)


def _targetUrls(value: Iterable[str]) -> tuple[str, ...]:
    return convert(items("URLs", text), "targetUrls", value)


def _checkCallable(value: object) -> Callable[..., object]:
    if not callable(value):
        raise Unfit("something that can be called")
    return value


def _onReconnecting(value: Callable[..., object] | None) -> Callable[..., object] | None:
    return convert(optional(_checkCallable), "onReconnecting", value)


def _onReconnected(value: Callable[..., object] | None) -> Callable[..., object] | None:
    return convert(optional(_checkCallable), "onReconnected", value)


@attrs.frozen(kw_only=True)
class ClientConfiguration(ConnectionConfiguration):
    """
    How a client connects, and how its connection behaves (seed 4, section 4).  The fields
    that are not here are those of L{balws.config.connection.ConnectionConfiguration};
    C{subProtocols} are offered in their order, and C{idleTimeout} and C{dispatcherKey}
    are for L{balws.AsyncClient}.

    The fields up to C{retryConfig} are the seeds'; C{targetUrls} is what the reference
    library's fail-over client had; the last two are new here.  All durations are
    seconds, C{int} or C{float}, up to 2147483647.

    @ivar customHeaders: further headers of the upgrade request, names and values.  None
        twice, and none of those with which the handshake or HTTP itself works:
        C{Connection}, C{Upgrade}, C{Content-Length}, C{Transfer-Encoding}, C{TE},
        C{Trailer}, C{Expect}, C{Sec-WebSocket-*}; C{Host} may be given.  Values have no
        control characters, and blanks only inside; no repr and no error shows them.
    @ivar readTimeout: how long one read may take; 0 and negative numbers set no limit.
    @ivar secureSocket: L{ClientSecureSocket} or a mapping of its fields, for C{wss};
        L{None} trusts the certificates that the system trusts.
    @ivar webSocketCompressionEnabled: offer permessage-deflate (decision 20).
    @ivar handShakeTimeout: how long the opening handshake may take, from the first byte
        to the server's answer; 0 and negative numbers mean 300.
    @ivar cookies: L{Cookie}s, mappings of their fields, or one mapping of names to
        values; where there are some, they stand in place of a custom C{Cookie} header.
    @ivar auth: who we are: a record of credentials, as L{balws.config.CredentialsConfig}, or a mapping
        of its fields.  They stand in place of a custom C{Authorization} header, and go to
        each of C{targetUrls}.
    @ivar pingPongHandler: gets the pings and pongs that come: a L{PingPongService}, or
        an object whose remote methods are C{onPing} and C{onPong} or one of them.
        L{None}: pings are answered, pongs ignored.
    @ivar writeTimeout: how long one write may take; 0 and negative numbers set no limit.
    @ivar retryConfig: L{WebSocketRetryConfig} or a mapping of its fields; L{None} never
        connects again.
    @ivar targetUrls: further C{ws} or C{wss} URLs, none twice: they are tried in turn
        when the first cannot be reached.  No repr shows them: a query may hold a token.
    @ivar onReconnecting: called when the connection was lost, before it is made anew.
    @ivar onReconnected: called when it is there again.
    """

    customHeaders: Mapping[str, str] = attrs.field(
        default=MappingProxyType({}), converter=_customHeaders, repr=_shownHeaders
    )
    readTimeout: float = checked("readTimeout", atLeast(0, -1), -1)
    secureSocket: ClientSecureSocket | None = checked("secureSocket", optional(nested(ClientSecureSocket)), None)
    webSocketCompressionEnabled: bool = checked("webSocketCompressionEnabled", flag, True)
    handShakeTimeout: float = checked("handShakeTimeout", _handShakeTimeout, HANDSHAKE_TIMEOUT)
    cookies: tuple[Cookie, ...] = attrs.field(default=(), converter=_cookies)
    auth: Any = checked("auth", clientAuth, None)
    pingPongHandler: object = checked("pingPongHandler", optional(_pingPongHandler), None)
    writeTimeout: float = checked("writeTimeout", atLeast(0, -1), -1)
    retryConfig: WebSocketRetryConfig | None = attrs.field(default=None, converter=_retryConfig)
    targetUrls: tuple[str, ...] = attrs.field(default=(), converter=_targetUrls, repr=False)
    onReconnecting: Callable[..., object] | None = attrs.field(default=None, converter=_onReconnecting)
    onReconnected: Callable[..., object] | None = attrs.field(default=None, converter=_onReconnected)
