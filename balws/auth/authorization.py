# -*- test-case-name: tests.auth.test_authorization -*-
"""
Credentials in an C{Authorization} field: Basic (RFC 7617) and Bearer (RFC 6750).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode

from balws.auth.credentials import BasicCredentials, BearerToken

__all__ = ["MAX_TOKEN", "bearer", "read"]

#: The longest token and the longest pair of name and password, in bytes.
MAX_TOKEN = 8192
MAX_BASIC = 4096

_isToken = re.compile(rb"[\x21-\x7e]+").fullmatch


def read(value: bytes) -> BasicCredentials | BearerToken | None:
    """
    @param value: the field.  Schemes are told apart by case, as the reference library
        does (table 5.1).
    @return: what it shows; L{None} for another scheme, and for what is not as its scheme
        writes it: nobody is known by that.
    """
    scheme, _, rest = value.partition(b" ")
    words = rest.split()
    if len(words) != 1:
        return None
    if scheme == b"Bearer":
        return bearer(words[0])
    return _basic(words[0]) if scheme == b"Basic" else None


def bearer(token: bytes) -> BearerToken | None:
    """
    @return: a token from wherever it was found; L{None} when it is none.
    """
    if len(token) > MAX_TOKEN or not _isToken(token):
        return None
    return BearerToken(token.decode("ascii"))


def _basic(encoded: bytes) -> BasicCredentials | None:
    if len(encoded) > MAX_BASIC:
        return None
    try:
        pair = b64decode(encoded, validate=True)
        pair.decode()
    except (binascii.Error, ValueError):
        return None
    if b64encode(pair) != encoded:  # Python passes over what is too much: two spellings of one pair
        return None
    name, colon, password = pair.partition(b":")
    if not colon or not name or not password or b"\0" in pair:
        return None
    return BasicCredentials(name, password)
