# -*- test-case-name: tests.auth.jwt.test_compact -*-
"""
A signed token as it is written (RFC 7515 section 7.1, RFC 7519): a header, claims and a
signature, each in base64url, with dots between them.  Nothing is checked here but the form,
and that it is small and means one thing only.
"""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NoReturn

import attrs
from twisted.cred.error import UnauthorizedLogin

from balws.auth.authorization import MAX_TOKEN

__all__ = ["Compact", "encode", "parse", "shown"]

#: The largest header, in bytes of JSON.
MAX_HEADER = 2048

#: The deepest nesting of lists and objects, and the most values and names in one part.
MAX_DEPTH = 16
MAX_VALUES = 1024

#: The longest identifier of a key, in characters.
MAX_KEY_ID = 128

#: Names and values in the log are cut here.
MAX_SHOWN = 60

_FORM = "Credential format does not match to JWT format."


@attrs.frozen(eq=False, repr=False)
class Compact:
    """
    A token that was taken apart.  No repr shows any of it.

    @ivar header: the JOSE header, an object of JSON.
    @ivar claims: the claims, an object of JSON.
    @ivar signed: what the signature is for.
    @ivar signature: may be empty.
    """

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def parse(token: object) -> Compact:
    """
    Take a token apart.

    @raise UnauthorizedLogin: when it is none, is too large, or could be read in two ways:
        numbers that are not finite, names given twice, text that is no Unicode.
    """
    if not isinstance(token, str) or not token.isascii():
        raise UnauthorizedLogin(_FORM)
    parts = token.split(".", 3)
    if len(parts) != 3:
        raise UnauthorizedLogin(_FORM)
    if len(token) > MAX_TOKEN:
        raise UnauthorizedLogin("The JWT is too large.")
    header, claims, signature = (_decoded(part) for part in parts)
    if len(header) > MAX_HEADER:
        raise UnauthorizedLogin("The header of the JWT is too large.")
    signed = token.rpartition(".")[0].encode("ascii")
    return Compact(_object(header, "header"), _object(claims, "payload"), signed, signature)


def encode(data: bytes) -> bytes:
    """
    @return: base64url without padding (RFC 7515 section 2).
    """
    return urlsafe_b64encode(data).rstrip(b"=")


def shown(value: str) -> str:
    """
    @return: what a peer said, in ASCII, without line ends, and cut: for the log.
    """
    return json.dumps(value[:MAX_SHOWN])[1:-1]


def _decoded(part: str) -> bytes:
    given = part.encode("ascii")
    try:
        data = urlsafe_b64decode(given + b"=" * (-len(given) % 4))
    except ValueError:
        raise UnauthorizedLogin(_FORM) from None
    if encode(data) != given:  # Python passes over foreign letters and left-over bits: two spellings of one token
        raise UnauthorizedLogin(_FORM)
    return data


def _object(data: bytes, noun: str) -> dict[str, Any]:
    try:
        found = _read(data.decode("utf-8"))
        if not isinstance(found, dict):
            raise ValueError("no object")
        if _count(found, MAX_DEPTH) > MAX_VALUES:
            raise ValueError("too many values")
    except (ValueError, RecursionError):  # without the error's text, which may show the token
        raise UnauthorizedLogin(f"The {noun} of the JWT is not as JSON should be.") from None
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no finite number")
    return number


def _refuse(word: str) -> NoReturn:
    raise ValueError("no number of JSON")


_read = json.JSONDecoder(object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse).decode


def _count(value: object, depth: int) -> int:
    """
    @param depth: how much deeper it may go.
    @return: how many values and names there are.
    @raise ValueError: when it goes too deep, or a text has half of a pair: no two users
        may look like one (L{balws.auth.principal.Identity}).
    """
    if isinstance(value, str):
        value.encode("utf-8")
        return 1
    if not isinstance(value, (dict, list)):
        return 1
    if not depth:
        raise ValueError("too deep")
    inner = value if isinstance(value, list) else [*value.keys(), *value.values()]
    return 1 + sum(_count(each, depth - 1) for each in inner)
