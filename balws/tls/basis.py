# -*- test-case-name: tests.tls.test_basis -*-
"""
What the connections of one client configuration share: one context, for the system's
authorities alone take nearly a megabyte, and the sessions that make handshakes short.
"""

from __future__ import annotations

import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from OpenSSL import SSL
from twisted.logger import Logger

from balws.config.secure import (
    CertKey,
    CertValidation,
    CertValidationType,
    ClientSecureSocket,
    KeyStore,
    TrustStore,
)
from balws.errors import ConfigurationError
from balws.tls.ciphers import suitesFor
from balws.tls.context import contextFor, show, trust, verify
from balws.tls.material import readKey, readTrust
from balws.tls.revocation import Revocation

__all__ = ["Basis", "basisFor"]

_log = Logger()

#: So many configurations are remembered, and for each so many servers.
MAX_KEPT = 16
MAX_SESSIONS = 64

#: Seconds after which a handshake is a full one again, at the latest.
MAX_SESSION_AGE = 86400.0

#: When the files were written, as the file system says.
_Stamp = tuple[object, ...]


class Owner(Protocol):
    """
    Whose connection it is, and what becomes known of the server on the way.

    @ivar target: which server it is for; sessions are kept under it.
    @ivar problem: what is wrong with its certificates; L{None} for nothing.
    @ivar proof: what it staples to its certificate; empty for nothing.
    """

    target: str
    problem: str | None
    proof: bytes


#: What pyOpenSSL itself keeps with a connection for its owner is Twisted's.
_owners: WeakKeyDictionary[SSL.Connection, Owner] = WeakKeyDictionary()


class Basis:
    """
    @ivar trusted: the authorities; L{None} for those of the system.
    @ivar stamp: of the files that were read.
    """

    def __init__(self, config: ClientSecureSocket, stamp: _Stamp, now: Callable[[], float] = time.monotonic) -> None:
        """
        @param now: seconds, from wherever.
        @raise ConfigurationError: when a file cannot be used.
        """
        self.stamp = stamp
        self.trusted = None if config.cert is None else readTrust(config.cert, "secureSocket.cert")
        self._context = context = contextFor(suitesFor(config.ciphers, config.protocol))
        if config.enable:
            if self.trusted is None:
                context.set_default_verify_paths()
            else:
                trust(context, self.trusted)
            verify(context, SSL.VERIFY_PEER, _tell)
        if config.key is not None:
            show(context, readKey(config.key, "secureSocket.key"), "secureSocket.key")
        self._now = now
        # Sessions are kept here: OpenSSL's own store is of use for servers only.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        self._sessionTimeout = config.sessionTimeout or math.inf
        self._ends: WeakKeyDictionary[SSL.Connection, float] = WeakKeyDictionary()
        self._sessions: OrderedDict[str, tuple[SSL.Session | None, float]] = OrderedDict()
        validation = config.certValidation
        if config.shareSession and validation is None:
            # In a short handshake there is no chain, so nothing that could be found revoked.
            context.set_info_callback(self._keep)
        self._asksProof = validation is not None and validation.type is CertValidationType.OCSP_STAPLING
        if self._asksProof:
            context.set_ocsp_client_callback(_accept)
        self._revocation: tuple[Any, Revocation] | None = None

    def connection(self, owner: Owner) -> SSL.Connection:
        """
        @return: a new connection, which goes on with the last session where there is one.
        """
        connection = SSL.Connection(self._context, None)
        _owners[connection] = owner
        if self._asksProof:
            connection.request_ocsp()
        # A session is good for one connection: whoever is on the way must not see that two
        # are of one client (RFC 8446 appendix C.4).
        session, end = self._sessions.pop(owner.target, (None, 0.0))
        if session is not None and self._now() < end:
            connection.set_session(session)
            self._ends[connection] = end
        return connection

    def _keep(self, connection: SSL.Connection, where: int, result: int) -> None:
        # The end of a handshake; with TLS 1.3, where tickets come later, the end of each ticket.
        owner = _owners.get(connection)
        if where == SSL.SSL_CB_CONNECT_EXIT and result == 1 and owner is not None:
            session = connection.get_session()
            self._sessions.pop(owner.target, None)
            # A short handshake looks at no certificate: what it brings ends with what began it.
            end = self._ends.get(connection, math.inf)
            self._sessions[owner.target] = session, min(end, self._endOf(connection))
            if len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)

    def _endOf(self, connection: SSL.Connection) -> float:
        """
        @return: until when a session may stand for the certificates that were verified now.
        """
        chain = connection.get_verified_chain(as_cryptography=True) or []
        valid = min((each.not_valid_after_utc.timestamp() for each in chain), default=math.inf) - time.time()
        return self._now() + min(self._sessionTimeout, MAX_SESSION_AGE, valid)

    def revocation(self, config: CertValidation, reactor: Any) -> Revocation:
        """
        @return: the one for this reactor.
        """
        if self._revocation is None or self._revocation[0] is not reactor:
            self._revocation = reactor, Revocation(config, reactor)
        return self._revocation[1]


def _tell(connection: SSL.Connection, problem: str) -> None:
    owner = _owners.get(connection)
    if owner is not None and owner.problem is None:
        owner.problem = problem


def _accept(connection: SSL.Connection, proof: bytes, _: object) -> bool:
    # What it is worth is seen after the handshake (DESIGN 6.13).
    owner = _owners.get(connection)
    if owner is not None:
        owner.proof = proof
    return True


_kept: OrderedDict[object, Basis] = OrderedDict()


def basisFor(config: ClientSecureSocket) -> Basis:
    """
    Find or make the one for a configuration.  Files that were written since are read again;
    what cannot be used leaves the old in place, with one ERROR in the log.

    @raise ConfigurationError: when a file cannot be used.
    """
    # Where OpenSSL looks for the system's authorities.
    key = config, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    stamp = tuple(_written(path) for path in _paths(config))
    basis = _kept.get(key)
    if basis is None or basis.stamp != stamp:
        try:
            basis = Basis(config, stamp)
        except ConfigurationError as problem:
            if basis is None:
                raise
            basis.stamp = stamp
            _log.error("TLS goes on with the old certificates: {problem}", problem=str(problem))
        _kept[key] = basis
        if len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return basis


def _paths(config: ClientSecureSocket) -> Iterator[str]:
    for each in (config.cert, config.key):
        match each:
            case str():
                yield each
            case TrustStore() | KeyStore():
                yield each.path
            case CertKey():
                yield from (each.certFile, each.keyFile)


def _written(path: str) -> tuple[int, int, int] | None:
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
