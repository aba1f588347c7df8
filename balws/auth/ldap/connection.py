# -*- test-case-name: tests.auth.ldap.test_connection -*-
"""
A connection to a directory, with an end to everything: how long it takes, how much comes,
and whom it trusts.

All of this blocks, and is for threads of its own.
"""

from __future__ import annotations

import socket
from math import ceil
from time import monotonic
from typing import Any

import attrs

from balws.auth.ldap.library import DEREF_NEVER, NONE, SIMPLE, SUBTREE, SYNC, Connection, LDAPCommunicationError, Server
from balws.auth.ldap.socket import BoundedSocket, LdapProblem, VerifiedTls, secureContext
from balws.config.ldap import LdapUserStoreConfig

__all__ = ["Connector", "Entry", "Found", "LdapConnection"]

#: Numbers of results (RFC 4511 appendix A.1).
SUCCESS = 0
SIZE_LIMIT_EXCEEDED = 4

#: How a directory says that a name and a password are not right, or are of no use: wrong type of name, locked, without
#: a password, no such entry any more, no name at all, wrong password, not allowed to, not willing to.
REFUSALS = frozenset((19, 32, 34, 48, 49, 50, 53))


@attrs.frozen
class Entry:
    """
    What a search found.

    @ivar name: the distinguished name.
    @ivar values: those of the attribute that was asked for; others than texts are left out.
    """

    name: str
    values: tuple[str, ...]


@attrs.frozen
class Found:
    """
    @ivar isCut: whether there is more than was asked for.
    """

    entries: tuple[Entry, ...]
    isCut: bool


class Connector:
    """
    Opens connections to one directory.
    """

    def __init__(self, config: LdapUserStoreConfig) -> None:
        """
        @raise balws.ConfigurationError: when the trusted certificates cannot be read.
        """
        self._config = config
        self._address = config.address
        self._startTls = config.secureSocket is not None and config.secureSocket.startTls
        self._context = secureContext(config.secureSocket) if self._address.isSecure or self._startTls else None

    def open(self, deadline: float) -> LdapConnection:
        """
        @param deadline: when the login must be over, by L{monotonic}.
        @return: with TLS where that is configured; nobody is bound.
        @raise LdapProblem: when there is none.
        """
        end = min(monotonic() + self._config.connectionTimeout, deadline)
        try:
            # Each address is tried by itself, so that none keeps its socket.
            found = socket.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise LdapProblem(f"the host {self._address.host} is not found ({_words(problem)})") from None
        why = "the time is over"
        hosts = list(dict.fromkeys(str(each[4][0]) for each in found))
        while hosts and (left := end - monotonic()) > 0:
            # One that does not answer leaves the others their share of the time.
            opened = self._openOne(hosts[0], end - left + left / len(hosts))
            del hosts[0]
            if isinstance(opened, Connection):
                return LdapConnection(opened, self._config.readTimeout, deadline)
            why = opened
        raise LdapProblem(f"no connection: {why}")

    def _openOne(self, host: str, end: float) -> Any:
        """
        @return: ldap3's connection, or why there is none.
        """
        tls = None if self._context is None else VerifiedTls(self._context, self._address.host, end)
        connection = None
        try:
            server = Server(
                host,
                port=self._address.port,
                use_ssl=self._address.isSecure,
                get_info=NONE,
                tls=tls,
                connect_timeout=max(end - monotonic(), 0.001),
                allowed_referral_hosts=[],
            )
            connection = Connection(
                server,
                client_strategy=SYNC,
                auto_referrals=False,
                auto_range=False,
                auto_escape=False,
                check_names=False,
                read_only=True,
                return_empty_attributes=False,
            )
            connection.open(read_server_info=False)
            connection.socket = BoundedSocket(connection.socket)
            if self._startTls:
                connection.socket.begin(end)
                connection.start_tls(read_server_info=False)
                if not connection.tls_started:
                    raise LdapProblem("the directory does not go over to TLS")
                connection.socket = BoundedSocket(connection.socket)
            return connection
        except Exception as problem:  # ldap3 raises whatever comes along when it meets nonsense
            why = tls.problem if tls is not None and tls.problem else _openWords(connection, problem)
        if connection is not None and connection.socket is not None:
            connection.socket.close()
        return why


def _openWords(connection: Any, problem: Exception) -> str:
    if isinstance(problem, LdapProblem):
        return str(problem)
    # No password was there to be said again.
    return str(getattr(connection, "last_error", None) or _words(problem))[:200]


def _words(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or type(problem).__name__


class LdapConnection:
    """
    A connection of one thread at a time.

    @ivar deadline: when the login that it is used for must be over, by L{monotonic}.
    """

    def __init__(self, connection: Any, readTimeout: float, deadline: float) -> None:
        """
        @param connection: ldap3's, which is open.
        """
        self._connection = connection
        self._readTimeout = readTimeout
        self.deadline = deadline

    def bind(self, name: str, password: bytes) -> int:
        """
        @param name: a distinguished name; not empty.
        @param password: not empty: else every name would be right (RFC 4513 section 5.1.2).
        @return: the number of the result.
        """
        if not name or not password:
            raise LdapProblem("a bind without name or password is none")
        connection = self._connection
        connection.authentication, connection.user, connection.password = SIMPLE, name, password
        try:
            self._ask("bindResponse", connection.bind, read_server_info=False)
        finally:
            connection.password = connection.request = None
        return int(connection.result["result"])

    def search(self, base: str, filter: str, attribute: str, limit: int) -> Found:
        """
        Search a whole subtree.  Aliases are not followed, nor are references to other
        directories.

        @param limit: the most entries to ask for.
        @raise LdapProblem: when the directory does not say what there is.
        """
        wait = min(self._readTimeout, max(self.deadline - monotonic(), 1))
        self._ask(
            "searchResDone",
            self._connection.search,
            base,
            filter,
            search_scope=SUBTREE,
            dereference_aliases=DEREF_NEVER,
            attributes=[attribute],
            size_limit=limit,
            time_limit=ceil(wait),
        )
        result = self._connection.result
        if result["result"] not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
            raise LdapProblem(f"the search below {base!r} ended with {result['description']}")
        entries = [each for each in self._connection.response if each["type"] == "searchResEntry"]
        isCut = result["result"] == SIZE_LIMIT_EXCEEDED or len(entries) > limit
        return Found(tuple(Entry(each["dn"], _texts(each, attribute)) for each in entries), isCut)

    def close(self) -> None:
        """
        Say good-bye.
        """
        connection = self._connection
        if connection.closed:
            return
        try:
            connection.socket.begin(monotonic() + 1)
            connection.unbind()
        except Exception:  # who is gone already needs no good-bye
            self.drop()

    def drop(self) -> None:
        """
        Close without a word; this does not block.
        """
        self._connection.strategy.close()

    def _ask(self, answer: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """
        @param answer: of which type the last of the answers must be.
        """
        connection = self._connection
        why = ""
        try:
            connection.socket.begin(min(monotonic() + self._readTimeout, self.deadline))
            request(*args, **kwargs)
            if connection.result.get("type") != answer:
                why = "an answer to something else"
        except (OSError, LDAPCommunicationError) as problem:  # their texts are ldap3's, the system's, or ours
            why = str(problem)[:200]
        except Exception as problem:  # whatever nonsense makes of ldap3
            why = f"no answer that can be understood ({type(problem).__name__})"
        if why:
            self.drop()
            raise LdapProblem(why)


def _texts(entry: Any, attribute: str) -> tuple[str, ...]:
    found = []
    for value in entry["raw_attributes"].get(attribute) or ():
        try:
            found.append(value.decode())
        except UnicodeDecodeError:
            continue
    return tuple(found)
