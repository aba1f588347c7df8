# -*- test-case-name: tests.client.typed.test_address -*-
"""
From a channel's address and parameters to the URL to connect to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from balws.errors import Error

__all__ = ["urlOf", "wordOf"]

_PARAMETER = re.compile(r"\{([^{}]*)\}")


def urlOf(url: str, address: str, path: Mapping[str, Any], query: Mapping[str, Any]) -> str:
    """
    @param url: of the server.
    @param address: of the channel, with parameters in braces.
    @param path: their values.
    @param query: L{None} leaves a parameter out, a list is all of its values.
    @raise Error: for a server's URL with a query, or a value that no path can have.
    """
    if "?" in url or "#" in url:
        raise Error("the URL of a server has no query: give the parameters by name")

    def filled(match: re.Match[str]) -> str:
        word = wordOf(path[match[1]])
        if word in ("", ".", ".."):
            raise Error(f"the parameter {match[1]} cannot be {word!r} in a path")
        return quote(word, safe="")

    target = url.rstrip("/") + "/" + _PARAMETER.sub(filled, address).lstrip("/")
    pairs = [
        (name, wordOf(each))
        for name, value in query.items()
        for each in (value if isinstance(value, list) else [value])
        if each is not None
    ]
    return f"{target}?{urlencode(pairs, quote_via=quote)}" if pairs else target


def wordOf(value: Any) -> str:
    """
    @return: a parameter as text: as services read it.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
