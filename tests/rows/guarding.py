"""
Services with C{auth}, and who knocks at them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from base64 import b64encode
from collections.abc import Mapping
from hashlib import scrypt
from typing import Any

from tests.rows.raw import Peer, request
from tests.rows.serving import ServedTestCase
from tests.waiting import PATIENCE

#: A service that says who came.
KNOWN = "guarded:KnownUpgrade"


def basic(username: str | bytes, password: str | bytes = b"", *, field: bytes = b"Authorization") -> bytes:
    """
    @return: a header field that shows this pair.
    """
    pair = b":".join(each.encode() if isinstance(each, str) else each for each in (username, password))
    return field + b": Basic " + b64encode(pair) + b"\r\n"


def bearer(token: str | bytes) -> bytes:
    """
    @return: a header field that shows this token.
    """
    return b"Authorization: Bearer " + (token.encode() if isinstance(token, str) else token) + b"\r\n"


def toml(value: Any) -> str:
    """
    @return: a value on one line of TOML.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def guarded(path: str, *entries: Mapping[str, Any], **fields: Any) -> str:
    """
    @return: the table of a service with these entries of C{auth}.
    """
    own = {"path": path, "service": KNOWN, "auth": entries, **fields}
    return "[[listeners.services]]\n" + "".join(f"{name} = {toml(each)}\n" for name, each in own.items())


def hashed(password: str, ln: int = 13, p: int = 1) -> str:
    """
    @return: the line of a user store for a password, made without balws; with the defaults the
        cheapest that it takes.
    """
    salt = os.urandom(16)
    digest = scrypt(password.encode(), salt=salt, n=1 << ln, r=8, p=p, maxmem=1 << 28, dklen=32)
    parts = (b64encode(each).decode().rstrip("=") for each in (salt, digest))
    return f"$scrypt$ln={ln},r=8,p={p}${'$'.join(parts)}"


def user(name: str, password: str, *scopes: str, table: str = "auth.users") -> str:
    """
    @param password: a hash, or plain text.
    @return: the table of a user.
    """
    own = {"username": name, "password": password, "scopes": scopes}
    return f"[[{table}]]\n" + "".join(f"{key} = {toml(each)}\n" for key, each in own.items())


#: Two users of the file itself.
USERS = user("alice", hashed("xxx"), "admins", "developers") + user("bob", hashed("yyy"), "developers")


class From(Peer):
    """
    A peer with another address of this machine.
    """

    def __init__(self, address: str, port: int) -> None:
        """
        @param address: such as 127.0.0.2.
        """
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.bind((address, 0))
        self.connect(port)


class GuardedTestCase(ServedTestCase):
    """
    Has an open service, too; who fails is not made to wait.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    listener = "timeout = 20\nmaxAuthFailures = 0"

    def knock(self, path: str, *more: bytes) -> Peer:
        """
        @return: a connection on which an upgrade was asked for with these fields.
        """
        return self.ask(request(self.tagged(path), more=b"".join(more)))

    def crowd(self, count: int) -> list[Peer]:
        """
        @return: so many connections, made no faster than they are accepted.
        """
        peers = []
        for number in range(count):
            peers.append(self.peer())
            if number % 25 == 24:
                time.sleep(0.03)
        return peers

    def knockFrom(self, address: str, path: str, *more: bytes) -> Peer:
        """
        @return: the same from another address of this machine.
        """
        peer = From(address, self.port)
        self._peers.append(peer)
        return peer.send(request(self.tagged(path), more=b"".join(more)))

    def answered(self, path: str, *more: bytes) -> tuple[int, dict[bytes, bytes]]:
        """
        @return: status and fields of the answer, which has no body.
        """
        peer = self.knock(path, *more)
        status, fields, body = peer.response()
        if status != 101:
            self.assertEqual(body + peer.rest(), b"")
        peer.close()
        return status, fields

    def assertAnswered(self, status: int, path: str, *more: bytes) -> dict[bytes, bytes]:
        """
        Check how an upgrade with these fields is answered.

        @return: the fields of the answer.
        """
        found, fields = self.answered(path, *more)
        self.assertEqual(found, status, (path, [each[:200] for each in more]))
        return fields

    def enter(self, path: str, *more: bytes) -> tuple[Peer, str, list[str]]:
        """
        @return: a connection after its upgrade, and whom the service takes that for: name and
            scopes.
        """
        peer = self.knock(path, *more)
        self.assertEqual(peer.status(), 101, (path, more))
        known = json.loads(peer.receive()[1])
        return peer, known["username"], known["scopes"]

    def assertKnown(self, username: str, scopes: list[str], path: str, *more: bytes) -> None:
        """
        Check that somebody is let in, and whom the service takes that for.
        """
        peer, *known = self.enter(path, *more)
        self.assertEqual(known, [username, scopes])
        peer.close()

    def reread(self) -> None:
        """
        Have the server read users, keys and certificates again.
        """
        before = self.server.output().count("The configuration ")
        os.kill(self.server.process.pid, signal.SIGHUP)
        self.until(lambda: self.server.output().count("The configuration ") > before)

    def until(self, true: Any, seconds: float = PATIENCE) -> None:
        """
        Wait for this.
        """
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                self.fail(f"not within {seconds} s")
            time.sleep(0.02)
