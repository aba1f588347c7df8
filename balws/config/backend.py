# -*- test-case-name: tests.config.test_backend -*-
"""
How a back end of authentication is asked by HTTP: an introspection or token endpoint, a
set of keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import attrs

from balws.config.headers import headers
from balws.config.loopback import isLoopback
from balws.config.records import fieldConverters, nested
from balws.config.secret import Secret
from balws.config.secure import CertKey, ClientSecureSocket, KeyStore, TrustStore
from balws.config.values import Check, Unfit, atLeast, checked, confidential, flag, optional, token
from balws.errors import ConfigurationError

__all__ = ["BackEndSecureSocket", "HttpClientConfig", "backEndUrl", "shownUrl"]

#: Seconds until a connection must be there, and until an answer must be, body and all (feature table 5.5).
CONNECT_TIMEOUT = 15
REQUEST_TIMEOUT = 30

_URL = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")

#: RFC 9110 section 5.5, in visible ASCII.
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

#: A payload that is one or more pairs of a form, encoded.
_FORM = re.compile(r"[0-9A-Za-z*._~+%-]+=[0-9A-Za-z*._~+%-]*(?:&[0-9A-Za-z*._~+%-]+=[0-9A-Za-z*._~+%-]*)*")

#: What HTTP, or whoever asks, says by itself.
_RESERVED = frozenset(
    (
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


def _checkUrl(value: object) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise Unfit("a URL in visible ASCII")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Unfit("a URL with a host and a port that can be") from None
    if "@" in parts.netloc:
        raise Unfit("a URL without user name and password")
    if "#" in value:
        raise Unfit('a URL without "#"')
    if not host or port == 0:
        raise Unfit("a URL with a host and a port that can be")
    if parts.scheme != "https" and not (parts.scheme == "http" and isLoopback(host)):
        raise Unfit("an https URL; http is for this machine alone, such as http://127.0.0.1:9000")
    return value


#: A check for URLs of back ends: https, or http to a loopback address; no user name, no fragment.  No error shows
#: what was given: a query may hold a secret.
backEndUrl: Check[str] = confidential(_checkUrl)


def shownUrl(url: str) -> str:
    """
    @return: a URL for a repr, without its query.
    """
    return repr(url.split("?", 1)[0])


def _httpVersion(value: object) -> str:
    if value in ("HTTP_2", "HTTP_2_0", "2.0"):
        raise ConfigurationError('HTTP/2 is not offered: say "HTTP_1_1"')
    if value not in ("HTTP_1_1", "1.1"):
        raise Unfit('"HTTP_1_1"')
    return "HTTP_1_1"


def _headerName(value: object) -> str:
    name = token(value)
    if name.lower() in _RESERVED:
        raise ConfigurationError("this header is not free to choose")
    return name


def _checkValue(value: object) -> Secret:
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise Unfit("the value of a header, in visible ASCII")
    return Secret(value)


_headerValue = confidential(_checkValue)


_customHeaders = headers(_headerName, _headerValue)


def _checkPayload(value: object) -> Secret:
    if not isinstance(value, str) or not _FORM.fullmatch(value):
        raise Unfit('pairs of a form, encoded, such as "resource=urn%3Achat"')
    return Secret(value)


_customPayload = optional(confidential(_checkPayload))


def _grant(value: object) -> Any:
    from balws.config.oauth2 import grant  # whose records hold this one

    return grant(value)


def _timeout(default: float) -> Check[float]:
    check = atLeast(0, 0)
    return lambda value: check(value) or default


_secured = fieldConverters(ClientSecureSocket)


def _cert(value: TrustStore | Mapping[str, Any] | str | None) -> TrustStore | str | None:
    found: TrustStore | str | None = _secured["cert"](value)
    return found


def _key(value: KeyStore | CertKey | Mapping[str, Any] | None) -> KeyStore | CertKey | None:
    found: KeyStore | CertKey | None = _secured["key"](value)
    return found


@attrs.frozen(kw_only=True)
class BackEndSecureSocket:
    """
    TLS to a back end (feature table 5.5).

    @ivar disable: verify nobody: whoever is in between reads and writes as he likes.
    @ivar cert: whom to trust, and nobody else: the path of a PEM file of certificates, or
        a L{TrustStore}.  L{None} trusts whom the system trusts.
    @ivar key: who we are, for back ends that ask: a L{KeyStore}, a L{CertKey}, or a mapping
        of the fields of one.
    """

    disable: bool = checked("disable", flag, False)
    cert: TrustStore | str | None = attrs.field(default=None, converter=_cert)
    key: KeyStore | CertKey | None = attrs.field(default=None, converter=_key)

    def asClient(self) -> ClientSecureSocket:
        """
        @return: the same, as clients say it.
        """
        return ClientSecureSocket(enable=not self.disable, cert=self.cert, key=self.key)


@attrs.frozen(kw_only=True)
class HttpClientConfig:
    """
    How a back end is asked (feature table 5.5).  A redirect is never followed, no cookie
    is kept, and no proxy is used.

    @ivar httpVersion: C{"HTTP_1_1"} (or C{"1.1"}), the only one.
    @ivar customHeaders: further headers of each request, names and values in visible ASCII;
        none with which HTTP itself works.  No repr and no error shows the values.
    @ivar customPayload: pairs of a form, encoded, that are added to each form that is sent,
        such as C{resource=urn%3Achat}; L{None} adds nothing.
    @ivar auth: one of the OAuth2 grants, which gives the
        token with which the introspection endpoint is asked; it takes the place of an
        C{Authorization} in C{customHeaders}.  L{None} for all other endpoints.
    @ivar secureSocket: L{BackEndSecureSocket} or a mapping of its fields; L{None} trusts
        whom the system trusts.
    @ivar connectTimeout: seconds until a verified connection must be there; 0 and negative
        numbers mean 15.
    @ivar reqTimeout: seconds until the whole answer must be there, connecting included; 0
        and negative numbers mean 30.
    """

    httpVersion: str = checked("httpVersion", _httpVersion, "HTTP_1_1")
    customHeaders: Mapping[str, Secret] = checked("customHeaders", _customHeaders, MappingProxyType({}))
    customPayload: Secret | None = checked("customPayload", _customPayload, None)
    auth: Any = checked("auth", optional(_grant), None)
    secureSocket: BackEndSecureSocket | None = checked("secureSocket", optional(nested(BackEndSecureSocket)), None)
    connectTimeout: float = checked("connectTimeout", _timeout(CONNECT_TIMEOUT), CONNECT_TIMEOUT)
    reqTimeout: float = checked("reqTimeout", _timeout(REQUEST_TIMEOUT), REQUEST_TIMEOUT)

    def withoutAuth(self) -> HttpClientConfig:
        """
        @return: the same for L{balws.auth.backend.BackEnd}, for whom somebody else sees to C{auth}.
        """
        return attrs.evolve(self, auth=None)
