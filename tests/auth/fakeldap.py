"""
A directory that does as it is told, on loopback: for faults that no real one has.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from balws.config.ldap import LdapUserStoreConfig
from tests.auth.threaded import PATIENCE

#: Tags of the requests and answers that are used here (RFC 4511).
BIND, BOUND = 0x60, 0x61
UNBIND = 0x42
SEARCH, ENTRY, DONE, REFERENCE = 0x63, 0x64, 0x65, 0x73
EXTENDED, EXTENDED_DONE = 0x77, 0x78

SUFFIX = "dc=balws,dc=test"


def fields(url: str) -> dict[str, Any]:
    """
    @return: of C{ldapUserStoreConfig}, as the real directory of the tests has them.
    """
    return {
        "domainName": "balws.test",
        "connectionUrl": url,
        "connectionName": f"cn=admin,{SUFFIX}",
        "connectionPassword": "admin-secret",
        "userSearchBase": f"ou=Users,{SUFFIX}",
        "userEntryObjectClass": "inetOrgPerson",
        "userNameAttribute": "uid",
        "userNameSearchFilter": "(&(objectClass=inetOrgPerson)(uid=?))",
        "userNameListFilter": "(objectClass=inetOrgPerson)",
        "groupSearchBase": [f"ou=Groups,{SUFFIX}"],
        "groupEntryObjectClass": "groupOfNames",
        "groupNameAttribute": "cn",
        "groupNameSearchFilter": "(&(objectClass=groupOfNames)(cn=?))",
        "groupNameListFilter": "(objectClass=groupOfNames)",
        "membershipAttribute": "member",
    }


def config(url: str, **others: Any) -> LdapUserStoreConfig:
    """
    @param others: fields that are not as the real directory of the tests has them.
    """
    return LdapUserStoreConfig(**{**fields(url), **others})


def ber(tag: int, *parts: bytes) -> bytes:
    """
    @return: one element of BER, with a length of five bytes.
    """
    content = b"".join(parts)
    return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content


def integer(value: int, tag: int = 0x02) -> bytes:
    return ber(tag, value.to_bytes(4, "big"))


def text(value: str | bytes, tag: int = 0x04) -> bytes:
    return ber(tag, value.encode() if isinstance(value, str) else value)


def result(tag: int, code: int = 0, *more: bytes) -> bytes:
    """
    @return: what ends an operation.
    """
    return ber(tag, integer(code, 0x0A), text(""), text("what the directory says"), *more)


def entry(name: str, **attributes: Iterable[str | bytes]) -> bytes:
    """
    @return: one thing that was found.
    """
    lists = (ber(0x30, text(key), ber(0x31, *map(text, values))) for key, values in attributes.items())
    return ber(ENTRY, text(name), ber(0x30, *lists))


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """
    @return: tags and contents of elements of BER in a row.
    """
    found = []
    while data:
        tag, length, start = data[0], data[1], 2
        if length > 127:
            start += length - 128
            length = int.from_bytes(data[2:start], "big")
        found.append((tag, data[start : start + length]))
        data = data[start + length :]
    return found


def values(filter: bytes) -> list[bytes]:
    """
    @return: what an encoded filter compares attributes with, of C{&} and equality alone.
    """
    found = []
    for tag, content in elements(filter):
        if tag == 0xA0:
            found += values(content)
        elif tag == 0xA3:
            found.append(elements(content)[1][1])
        else:
            raise AssertionError(f"a filter of kind {tag:x}")
    return found


@attrs.frozen
class Asked:
    """
    A request.

    @ivar isSecure: whether it came by TLS.
    @ivar connection: the number of the connection, from 1.
    """

    kind: int
    content: bytes
    isSecure: bool
    connection: int

    @property
    def name(self) -> str:
        """
        Whose bind it is, or below what is searched.
        """
        return elements(self.content)[1 if self.kind == BIND else 0][1].decode()

    @property
    def password(self) -> bytes:
        return elements(self.content)[2][1]

    @property
    def aliases(self) -> int:
        return elements(self.content)[2][1][-1]

    @property
    def sizeLimit(self) -> int:
        return int.from_bytes(elements(self.content)[3][1], "big")

    @property
    def compared(self) -> list[bytes]:
        """
        See L{values}.
        """
        tag, content = elements(self.content)[6]
        return values(ber(tag, content))


#: What a directory does with a request: the answers, without their envelope; L{None} hangs up; bytes go out as they
#: are; anything that can be called is called with the connection.
Answers = Any


class FakeDirectory:
    """
    Knows C{alice} with the password C{xxx}, in the group C{admins}.  Change L{answers} for others.

    @ivar asked: all requests.
    @ivar connections: how many there were.
    """

    def __init__(self, test: Any, tls: ssl.SSLContext | None = None, isLdaps: bool = False) -> None:
        """
        @param tls: for C{ldaps} or StartTLS, which is refused without.
        """
        self.asked: list[Asked] = []
        self.connections = 0
        self.answers: dict[int, Callable[[Asked], Answers]] = {
            BIND: self.bind,
            SEARCH: self.search,
            EXTENDED: lambda asked: [result(EXTENDED_DONE, 0 if tls else 2)],
        }
        self.onConnect: Callable[[socket.socket], None] | None = None
        self._tls = tls
        self._isLdaps = isLdaps
        self._open: list[Any] = []
        self._stopped = threading.Event()
        self._port = socket.create_server(("127.0.0.1", 0))
        self.number = self._port.getsockname()[1]
        self.url = f"{'ldaps' if isLdaps else 'ldap'}://127.0.0.1:{self.number}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        test.addCleanup(self.stop)

    def bind(self, asked: Asked) -> Answers:
        right = {f"cn=admin,{SUFFIX}": b"admin-secret", f"uid=alice,ou=Users,{SUFFIX}": b"xxx"}
        return [result(BOUND, 0 if right.get(asked.name) == asked.password else 49)]

    def search(self, asked: Asked) -> Answers:
        if asked.name.startswith("ou=Groups"):
            return [entry(f"cn=admins,{asked.name}", cn=["admins"]), result(DONE)]
        if b"alice" in asked.compared:
            return [entry(f"uid=alice,{asked.name}", uid=["alice"]), result(DONE)]
        return [result(DONE)]

    def kinds(self) -> list[int]:
        return [each.kind for each in self.asked]

    def binds(self) -> list[tuple[str, bytes]]:
        return [(each.name, each.password) for each in self.asked if each.kind == BIND]

    def searches(self) -> list[Asked]:
        return [each for each in self.asked if each.kind == SEARCH]

    def hang(self, *_: object) -> None:
        """
        Do nothing until the end.
        """
        self._stopped.wait(PATIENCE)

    def hangUp(self) -> None:
        """
        End all connections, as a directory does that restarts.
        """
        opened, self._open = self._open, []
        for each in opened:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads[1:]:
            thread.join(PATIENCE)
        for each in opened:
            each.close()

    def stop(self) -> None:
        self._stopped.set()
        try:
            self._port.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._threads[0].join(PATIENCE)
        self._port.close()
        self.hangUp()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._port.accept()
            except OSError:
                return
            self._open.append(connection)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Any, number: int) -> None:
        try:
            if self.onConnect is not None:
                self.onConnect(connection)
            if self._isLdaps:
                connection = self._secure(connection)
            self._talk(connection, number)
        except (OSError, ValueError, IndexError):
            pass  # the peer has gone, did not like the certificate, or talks TLS where there is none
        finally:
            connection.close()

    def _secure(self, connection: Any) -> Any:
        assert self._tls is not None
        secured = self._tls.wrap_socket(connection, server_side=True)
        self._open.append(secured)
        return secured

    def _talk(self, connection: Any, number: int) -> None:
        data = b""
        while not self._stopped.is_set():
            more = connection.recv(65536)
            if not more:
                return
            data += more
            for _, envelope in elements(data):
                (_, identity), (kind, content), *_ = elements(envelope)
                isSecure = isinstance(connection, ssl.SSLSocket)
                asked = Asked(kind, content, isSecure, number)
                self.asked.append(asked)
                if kind == UNBIND:
                    return
                answers = self.answers[kind](asked)
                if answers is None:
                    return
                if callable(answers):
                    answers(connection)
                elif isinstance(answers, bytes):
                    connection.sendall(answers)
                else:
                    wrapped = (ber(0x30, ber(0x02, identity), each) for each in answers)
                    connection.sendall(b"".join(wrapped))
                    if kind == EXTENDED and self._tls is not None:
                        connection = self._secure(connection)
            data = b""
