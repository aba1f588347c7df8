# -*- test-case-name: tests.auth.ldap.test_filter -*-
"""
Names of peers in filters of a directory (RFC 4515), and out of its distinguished names
(RFC 4514).
"""

from __future__ import annotations

import re
import string

from balws.auth.ldap.library import DEREF_NEVER, SUBTREE, search_operation
from balws.errors import ConfigurationError

__all__ = ["escaped", "firstValue", "membersFilter", "parsedFilter", "parsedTemplate"]

#: Whatever else stands in a name goes as hexadecimal digits, which mean themselves only.
_PLAIN = frozenset((string.ascii_letters + string.digits + "@._-").encode())

#: Where a name would be an attribute's: C{(?=...)}.
_ASKED_ATTRIBUTE = re.compile(r"\([^()=]*\?[^()=]*=")

_HEX = frozenset(string.hexdigits)


def escaped(value: str) -> str:
    """
    @return: a text as a filter's value, which means this text and nothing else.
    """
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in value.encode())


def parsedFilter(text: str, field: str) -> str:
    """
    @param field: whose value it is, for errors.
    @return: the same.
    @raise ConfigurationError: when it is no filter.
    """
    try:
        search_operation("", text, SUBTREE, DEREF_NEVER, [], 0, 0, False, False, False)
    except Exception:  # the parser raises whatever comes along
        raise ConfigurationError('expected a filter such as "(objectClass=inetOrgPerson)"', field) from None
    return text.strip()


def parsedTemplate(text: str, field: str) -> str:
    """
    @return: the same.
    @raise ConfigurationError: when it is no filter with a name in place of each C{?}.
    """
    if _ASKED_ATTRIBUTE.search(text):
        raise ConfigurationError('"?" stands for a value, not for the name of an attribute', field)
    parsedFilter(text.replace("?", "name"), field)
    return text.strip()


def membersFilter(groups: str, attribute: str, member: str) -> str:
    """
    @param groups: a filter for groups.
    @param attribute: which names their members.
    @param member: a distinguished name or, for C{memberUid}, its first value.
    @return: a filter for those that have this member.
    """
    return f"(&{groups}({attribute}={escaped(member)}))"


def firstValue(name: str) -> str:
    """
    @param name: a distinguished name, such as C{uid=bob,ou=Users,dc=example}.
    @return: the value that it begins with, without escapes: C{bob}.
    @raise ValueError: when there is none, or it is no text.
    """
    _, equals, rest = name.partition("=")
    rest = rest.lstrip(" ")
    if not equals or rest.startswith("#"):
        raise ValueError("a distinguished name that does not begin with a text")
    found = bytearray()
    end = 0  # of what is not a blank before the separator
    at = 0
    while at < len(rest) and rest[at] not in ",+;":
        letter, at = rest[at], at + 1
        if letter == "\\":
            pair = rest[at : at + 2]
            isHex = len(pair) == 2 and _HEX.issuperset(pair)
            found += bytes.fromhex(pair) if isHex else rest[at : at + 1].encode()
            at += 2 if isHex else 1
            end = len(found)
        else:
            found += letter.encode()
            end = end if letter == " " else len(found)
    value = found[:end].decode()
    if not value:
        raise ValueError("a distinguished name that begins with nothing")
    return value
