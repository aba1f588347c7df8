# -*- test-case-name: tests.hub.redis.test_address -*-
"""
Where Redis is: C{url} of C{[hub]}.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

import attrs
from twisted.internet.abstract import isIPAddress, isIPv6Address

from balws.errors import ConfigurationError

__all__ = ["RedisAddress"]

#: Where Redis and its sentinels listen unless somebody says otherwise.
PORT = 6379
SENTINEL_PORT = 26379

#: What an operator may write.
_FORMS = (
    "redis:// or rediss://HOST:PORT/DB, unix:///PATH?db=DB, or "
    "redis+sentinel:// or rediss+sentinel://HOST:PORT,HOST:PORT/MASTER/DB"
)

#: The names of hosts: RFC 1123 section 2.1, and the underscore that containers have in theirs.
_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")

#: What C{sentinel.conf} takes for a master's name.
_MASTER = re.compile(r"[A-Za-z0-9._-]{1,128}")

_NUMBER = re.compile(r"[0-9]{1,5}")

#: Scheme, hosts, path, query.  Releases of Python do not agree on brackets among several hosts.
_URL = re.compile(r"([a-z+]+)://([^/?#]*)([^?#]*)(?:\?([^#]*))?")


@attrs.frozen
class RedisAddress:
    """
    @ivar secure: whether TLS is spoken, to sentinels too.
    @ivar hosts: host and port of Redis, or of each sentinel; none for a socket of this machine.
        A host is a name in ASCII or an IP address without brackets.
    @ivar path: that socket's path, else empty.
    @ivar master: the name by which the sentinels know the master; empty without sentinels.
    @ivar database: its number, from 0.
    """

    secure: bool
    hosts: tuple[tuple[str, int], ...]
    path: str = ""
    master: str = ""
    database: int = 0

    @classmethod
    def parse(cls, url: str) -> RedisAddress:
        """
        @param url: one of C{redis://HOST:PORT/DB}, C{unix:///PATH?db=DB}, and
            C{redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB}; C{rediss} for TLS; IPv6 in brackets.
            Without a port it is 6379, of sentinels 26379; without DB it is 0.
        @raise ConfigurationError: when it is none of these.
        """
        if not url.isascii() or any(each <= " " or each == "\x7f" for each in url):
            raise _wrong("a blank or a character beyond ASCII")
        if "#" in url:
            raise _wrong('a "#"')
        parts = _URL.fullmatch(url)
        if parts is None:
            raise _wrong("another form")
        scheme, netloc, path, query = parts.groups()
        if "@" in netloc:
            raise _wrong("a user or a password, which have keys of their own")
        if scheme == "unix":
            return cls(False, (), _path(netloc, path), "", _queried(query or ""))
        if query:
            raise _wrong('a "?"')
        secure = scheme.startswith("rediss")
        steps = path.split("/")[1:]
        if scheme in ("redis+sentinel", "rediss+sentinel"):
            hosts = tuple(_host(each, SENTINEL_PORT) for each in netloc.split(","))
            master, *rest = steps or [""]
            if not _MASTER.fullmatch(master):
                raise _wrong("no name of a master, or one that cannot be")
            return cls(secure, hosts, "", master, _database(rest))
        if scheme in ("redis", "rediss"):
            return cls(secure, (_host(netloc, PORT),), "", "", _database(steps))
        raise _wrong("another scheme")

    @property
    def name(self) -> str:
        """
        Where it is, for people.
        """
        where = self.path or ",".join(map(shown, self.hosts))
        return f"{self.master} of {where}" if self.master else where


def shown(host: tuple[str, int]) -> str:
    """
    @return: host and port, for people.
    """
    name, port = host
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def isHost(name: str) -> bool:
    """
    @return: whether it is an IP address or a name in ASCII.
    """
    return isIPAddress(name) or isIPv6Address(name) or _NAME.fullmatch(name) is not None


def _wrong(what: str) -> ConfigurationError:
    return ConfigurationError(f"{_FORMS} was expected, and this has {what}", "url")


def _host(text: str, port: int) -> tuple[str, int]:
    host, colon, number = text.rpartition(":")
    if not colon or number.endswith("]"):
        host, number = text, str(port)
    bracketed = host.startswith("[") and host.endswith("]")
    name = host[1:-1] if bracketed else host
    if not (isIPv6Address(name) if bracketed else ":" not in name and isHost(name)):
        raise _wrong("no host, or one that cannot be")
    if not _NUMBER.fullmatch(number) or not 0 < int(number) < 65536:
        raise _wrong("a port that is not 1 to 65535")
    return name, int(number)


def _path(netloc: str, path: str) -> str:
    found = unquote(path)
    if netloc or len(found) < 2 or "\0" in found:
        raise _wrong("no path from the root")
    return found


def _queried(query: str) -> int:
    if not query:
        return 0
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        pairs = []
    if len(pairs) != 1 or pairs[0][0] != "db":
        raise _wrong("something else than db behind its ?")
    return _database([pairs[0][1]])


def _database(steps: list[str]) -> int:
    if not steps or steps == [""]:
        return 0
    if len(steps) > 1 or not _NUMBER.fullmatch(steps[0]):
        raise _wrong("something else than a database's number at its end")
    return int(steps[0])
