# -*- test-case-name: tests.config.test_claims -*-
"""
Checks of what a token says (RFC 7519 section 4), as configured: audiences, further claims,
and the names of algorithms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from balws.config.positions import extend
from balws.config.values import Unfit, Unlike, convert, items, text

__all__ = ["ALGORITHMS", "HMAC_ALGORITHMS", "algorithm", "audiences", "claims"]

#: Those for a shared secret, and all (RFC 7518 section 3.1, RFC 8037 section 3.1).
HMAC_ALGORITHMS = ("HS256", "HS384", "HS512")
ALGORITHMS = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
    "EdDSA",
    *HMAC_ALGORITHMS,
)

#: The deepest nesting of a claim's value.
MAX_DEPTH = 16

_severalAudiences = items("audiences", text)


def algorithm(value: object) -> str:
    """
    A check for names of algorithms.
    """
    if value not in ALGORITHMS:
        raise Unfit(f"one of {', '.join(ALGORITHMS)}")
    return str(value)


def audiences(value: object) -> tuple[str, ...]:
    """
    A check for one string or a list of some.
    """
    found = (text(value),) if isinstance(value, str) else _severalAudiences(value)
    if not found:
        raise Unfit("at least one audience")
    return found


def claims(value: object) -> Mapping[str, Any]:
    """
    A check for tables of claims: names and values of JSON.

    @return: a copy that does not change.
    """
    if not isinstance(value, Mapping):
        raise Unlike("a table of claims")
    return MappingProxyType(_object(value, MAX_DEPTH))


def _object(value: Mapping[Any, object], depth: int) -> dict[str, Any]:
    found = {}
    for name, each in value.items():
        place = extend("", str(name))
        found[convert(text, place, name)] = convert(lambda one: _json(one, depth), place, each)
    return found


def _json(value: object, depth: int) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case Mapping() if depth:
            return _object(value, depth - 1)
        case list() | tuple() if depth:
            return [convert(lambda one: _json(one, depth - 1), f"[{i}]", each) for i, each in enumerate(value)]
    raise Unfit(f"a value of JSON, nested no deeper than {MAX_DEPTH}")
