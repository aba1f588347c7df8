# -*- test-case-name: tests.tls.test_ciphers -*-
"""
Which versions and cipher suites a connection may use (tables A2.10 and A2.12, decision 24).

A list of suites means what it says: a version of which no suite is listed is not spoken.
"""

from __future__ import annotations

import re
import tempfile

import attrs
from OpenSSL import SSL

from balws.config.positions import extend
from balws.config.secure import VERSIONS, Protocol
from balws.config.values import show
from balws.errors import SslConfigurationError

__all__ = ["Suites", "suitesFor"]

_TLS12, _TLS13 = VERSIONS
_NUMBERS = {_TLS12: SSL.TLS1_2_VERSION, _TLS13: SSL.TLS1_3_VERSION}

#: What is spoken unless configured: key exchange by elliptic curves, authenticated encryption.
_DEFAULT_12 = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
_DEFAULT_13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")

#: The ciphers of TLS 1.2, as IANA and as OpenSSL spell them.
_BULK = {
    "AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
    "AES_128_CBC_SHA256": "AES128-SHA256",
    "AES_128_CBC_SHA": "AES128-SHA",
    "AES_256_CBC_SHA": "AES256-SHA",
}
#: These go with one kind of key exchange only.
_BULK_OF = {
    "ECDHE": {"AES_256_CBC_SHA384": "AES256-SHA384"},
    "DHE": {"AES_256_CBC_SHA256": "AES256-SHA256"},
}


def _names() -> dict[str, str]:
    """
    @return: for each name of IANA the one of OpenSSL.
    """
    found = {name: name for name in _DEFAULT_13}
    for exchange, signed in (("ECDHE", "ECDSA"), ("ECDHE", "RSA"), ("DHE", "RSA")):
        for bulk, short in (_BULK | _BULK_OF[exchange]).items():
            found[f"TLS_{exchange}_{signed}_WITH_{bulk}"] = f"{exchange}-{signed}-{short}"
    return found


_OPENSSL = _names()
_KNOWN = frozenset(_OPENSSL.values())

#: What is wrong with those that have one of these words in their names.
_BROKEN = {
    "NULL": "encrypts nothing",
    "EXPORT": "has keys that are meant to be broken",
    "EXP": "has keys that are meant to be broken",
    "EXP1024": "has keys that are meant to be broken",
    "ANON": "shows nobody who is there",
    "ADH": "shows nobody who is there",
    "AECDH": "shows nobody who is there",
    "RC4": "is broken (RFC 7465)",
    "RC2": "is broken",
    "DES": "is broken (RFC 9325 section 4.1)",
    "3DES": "is broken (RFC 9325 section 4.1)",
    "CBC3": "is broken (RFC 9325 section 4.1)",
    "MD5": "is broken",
}

#: Who knows the server's key reads everything that was ever recorded.
_STATIC = re.compile(
    r"(?:TLS|SSL)_(?:RSA|DH|ECDH)_(?!ANON).*|(?:AES|CAMELLIA|ARIA)\d+-.*|(?:DH|ECDH)-(?:RSA|DSS|ECDSA)-.*"
)

#: The group ffdhe2048 of RFC 7919, appendix A.1.
_FFDHE2048 = b"""-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


@attrs.frozen
class Suites:
    """
    Versions and suites that fit each other.

    @ivar versions: in rising order; at least one.
    @ivar tls12: the suites of TLS 1.2, the best first, as OpenSSL calls them.
    @ivar tls13: those of TLS 1.3.
    """

    versions: tuple[str, ...]
    tls12: tuple[str, ...]
    tls13: tuple[str, ...]

    def applyTo(self, context: SSL.Context) -> None:
        """
        @param context: one that no connection uses yet.
        """
        context.set_min_proto_version(_NUMBERS[self.versions[0]])
        context.set_max_proto_version(_NUMBERS[self.versions[-1]])
        # OpenSSL wants one for each version, even where it is not spoken.
        context.set_cipher_list(":".join(self.tls12 or _DEFAULT_12).encode())
        context.set_tls13_ciphersuites(":".join(self.tls13 or _DEFAULT_13).encode())
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
        if any(name.startswith("DHE") for name in self.tls12):
            with tempfile.NamedTemporaryFile() as file:  # pyOpenSSL takes nothing else
                file.write(_FFDHE2048)
                file.flush()
                context.load_tmp_dh(file.name)

    def fit(self, kind: str) -> bool:
        """
        @param kind: of a server's key, C{"RSA"} or C{"ECDSA"}.
        @return: whether a server with such a key can use one of them.
        """
        return _TLS13 in self.versions or any(kind in name.split("-") for name in self.tls12)


def suitesFor(ciphers: tuple[str, ...], protocol: Protocol | None, place: str = "secureSocket") -> Suites:
    """
    @param ciphers: names of IANA or of OpenSSL; empty for the default.
    @param place: the key path of the record that they come from, for errors.
    @raise SslConfigurationError: for a name that is unknown or broken, and where no suite is
        listed for a version that is asked for by its name.
    """
    where = extend(place, "ciphers")
    asked = () if protocol is None else protocol.versions
    if not ciphers:
        return _spoken(asked or VERSIONS, _DEFAULT_12, _DEFAULT_13)
    names: list[str] = []
    for index, given in enumerate(ciphers):
        name = _openssl(given, extend(where, index))
        if name in names:
            raise SslConfigurationError(f"{given} is given twice", extend(where, index))
        names.append(name)
    tls13 = tuple(name for name in names if name in _DEFAULT_13)
    tls12 = tuple(name for name in names if name not in _DEFAULT_13)
    listed = tuple(version for version, suites in zip(VERSIONS, (tls12, tls13), strict=True) if suites)
    for version in asked:
        if version not in listed:
            raise SslConfigurationError(f"has no suite of {version}, which protocol.versions asks for", where)
    return _spoken(asked or listed, tls12, tls13)


def _spoken(versions: tuple[str, ...], tls12: tuple[str, ...], tls13: tuple[str, ...]) -> Suites:
    return Suites(
        tuple(sorted(versions)),
        tls12 if _TLS12 in versions else (),
        tls13 if _TLS13 in versions else (),
    )


def _openssl(given: str, place: str) -> str:
    name = _OPENSSL.get(given, given)
    if name in _KNOWN:
        return name
    upper = given.upper()
    for word in re.split("[-_]", upper):
        if word in _BROKEN:
            raise SslConfigurationError(f"{show(given)} {_BROKEN[word]}, and is not offered", place)
    if _STATIC.fullmatch(upper):
        raise SslConfigurationError(
            f"{show(given)} is not offered: who learns the server's key reads what was recorded before", place
        )
    raise SslConfigurationError(
        f"{show(given)} is no cipher suite that is offered: such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is", place
    )
