"""
What lies between balws and a back end, with all that can go wrong there; and a service for each
kind of back end, whose road it is.
"""

from __future__ import annotations

import atexit
import os
import socket
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from tests.auth.fakeldap import FakeDirectory
from tests.auth.tokens import jwk, token
from tests.certificates import Authority
from tests.rows.backend import BackEndHost, Question, said, serving, silent
from tests.rows.directories import Forever, directory
from tests.rows.guarding import basic, bearer, guarded
from tests.servers import freePort

#: What can be wrong with a road.
FAULTS = ("down", "hang", "garbage", "slow", "tls")

#: Seconds that a back end may take.
LIMIT = 0.6

_KEY = ec.generate_private_key(ec.SECP256R1())


class Road:
    """
    Carries bytes to a back end, or has a fault.

    @ivar port: where it begins.
    """

    def __init__(self, port: int, bad: int) -> None:
        """
        @param port: where it leads to.
        @param bad: where it leads to with the fault C{tls}: one whose certificate is good for
            nobody.
        """
        self._ports = {"none": port, "slow": port, "tls": bad}
        self._fault = "none"
        self.port = freePort()
        self._open: list[socket.socket] = []
        self._begin()

    def _begin(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def turn(self, fault: str) -> None:
        """
        @param fault: one of L{FAULTS}, or C{none}; who is on the road loses the connection.
        """
        if self._fault == "down":
            self._begin()
        self._fault = fault
        if fault == "down":
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
        opened, self._open = self._open, []
        for each in opened:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has gone

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, self._fault), daemon=True).start()

    def _serve(self, connection: socket.socket, fault: str) -> None:
        with connection:
            try:
                if fault == "hang":
                    silent(connection)
                elif fault == "garbage":
                    connection.sendall(os.urandom(5000))
                    silent(connection)
                else:
                    self._carry(connection, fault)
            except OSError:
                pass  # one end has gone

    def _carry(self, connection: socket.socket, fault: str) -> None:
        with socket.create_connection(("127.0.0.1", self._ports[fault])) as onward:
            self._open.append(onward)
            pause = 0.1 if fault == "slow" else 0.0
            there = threading.Thread(target=_pump, args=(connection, onward, pause), daemon=True)
            there.start()
            _pump(onward, connection, pause)
            there.join()


def _pump(source: socket.socket, target: socket.socket, pause: float) -> None:
    try:
        while data := source.recv(16 if pause else 65536):
            time.sleep(pause)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one end has gone


def _yes(question: Question) -> bytes:
    return said({"active": True, "sub": "alice"})


def _keys(question: Question) -> bytes:
    return said({"keys": [jwk(_KEY.public_key())]})


class Roads:
    """
    @ivar roads: the roads by the kinds of their back ends.
    @ivar services: the tables of services: one for each kind, with its name as its path; sets of
        keys are remembered, so there is one for each fault, too.
    """

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=".")).absolute()
        authority = Authority()
        cert = authority.write(folder)
        good = serving(authority.issue("localhost", "127.0.0.1"), folder, "good")
        bad = serving(Authority("Other").issue("localhost", "127.0.0.1"), folder, "bad")
        run = Forever()
        ldap = [FakeDirectory(run, tls, isLdaps=True).number for tls in (good, bad)]
        hosts = {answer: [BackEndHost(answer, tls) for tls in (good, bad)] for answer in (_yes, _keys)}
        for pair in hosts.values():
            for each in pair:
                atexit.register(each.stop)
        self.roads = {
            "ldap": Road(*ldap),
            "oauth2": Road(*(each.port for each in hosts[_yes])),
            "jwks": Road(*(each.port for each in hosts[_keys])),
        }
        limits = {"connectionTimeout": LIMIT, "readTimeout": LIMIT, "loginTimeout": LIMIT}
        client = {"secureSocket": {"cert": cert}, "connectTimeout": LIMIT, "reqTimeout": LIMIT}
        self.services = guarded(
            "/ldap", directory(f"ldaps://localhost:{self.roads['ldap'].port}", secureSocket={"cert": cert}, **limits)
        ) + guarded(
            "/oauth2",
            {
                "oauth2IntrospectionConfig": {
                    "url": f"https://127.0.0.1:{self.roads['oauth2'].port}/",
                    "clientConfig": client,
                }
            },
        )
        for fault in (*FAULTS, "descriptors", "none", "waiting"):
            url = f"https://127.0.0.1:{self.roads['jwks'].port}/{fault}"
            jwks = {"jwksConfig": {"url": url, "clientConfig": client}}
            self.services += guarded(f"/jwks/{fault}", {"jwtValidatorConfig": {"signatureConfig": jwks}})
        self.services += guarded("/own", {"checker": "guarded:OwnChecker"})

    def turn(self, fault: str) -> None:
        """
        See L{Road.turn}.
        """
        for each in self.roads.values():
            each.turn(fault)


#: All of them, once for all tests.
roads = cache(Roads)


def fields() -> dict[str, bytes]:
    """
    @return: by the kinds of back ends what they all accept.
    """
    claims = {"sub": "alice", "exp": int(time.time()) + 300}
    return {
        "ldap": basic("alice", "xxx"),
        "oauth2": bearer("a-good-token"),
        "jwks": bearer(token(_KEY, "ES256", claims, {"alg": "ES256", "kid": "one"})),
        "own": basic("alice", "xxx"),
    }
