# -*- test-case-name: tests.auth.ldap.test_socket -*-
"""
The sockets that ldap3 works with: with an end, and with TLS that verifies.
"""

from __future__ import annotations

import ssl
from time import monotonic
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from balws.auth.ldap.library import Tls
from balws.config.ldap import LdapSecureSocket
from balws.tls.material import readTrust

__all__ = ["BoundedSocket", "LdapProblem", "VerifiedTls", "secureContext"]

#: The most bytes that the answers to one request may have.
MAX_ANSWER = 1 << 20


class LdapProblem(Exception):
    """
    A directory cannot be asked.  The text says what and why, and nothing secret.
    """


def secureContext(config: LdapSecureSocket | None) -> ssl.SSLContext:
    """
    @return: which verifies certificate and host; for all connections.
    @raise balws.ConfigurationError: when C{cert} cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False  # RFC 9525 section 2
    if config is None or config.cert is None:
        context.load_default_certs()
    else:
        trusted = readTrust(config.cert, "secureSocket.cert")
        context.load_verify_locations(cadata=b"".join(each.public_bytes(Encoding.DER) for each in trusted))
    return context


class BoundedSocket:
    """
    A socket for ldap3 that gives up in time: ldap3 itself waits anew for each few bytes.

    @ivar plain: the socket.
    """

    def __init__(self, plain: Any) -> None:
        self.plain = plain
        self._end = 0.0
        self._left = 0

    def begin(self, end: float) -> None:
        """
        A request begins.

        @param end: until when its answer must be there, by L{monotonic}.
        """
        self._end = end
        self._left = MAX_ANSWER

    def recv(self, size: int) -> bytes:
        self._limit()
        try:
            data: bytes = self.plain.recv(size)
        except TimeoutError:
            raise TimeoutError("no answer in time") from None
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"an answer of over {MAX_ANSWER} bytes")
        return data

    def sendall(self, data: bytes) -> None:
        self._limit()
        self.plain.sendall(data)

    def shutdown(self, how: int) -> None:
        self.plain.shutdown(how)

    def close(self) -> None:
        self.plain.close()

    def _limit(self) -> None:
        wait = self._end - monotonic()
        if wait <= 0:
            raise TimeoutError("no answer in time")
        self.plain.settimeout(wait)


class VerifiedTls(Tls):  # type: ignore[misc]
    """
    TLS for one connection, by our own context: ldap3's trusts everybody unless told.

    @ivar problem: why there is none.
    """

    def __init__(self, context: ssl.SSLContext, host: str, end: float) -> None:
        """
        @param host: who must be there.
        @param end: until when, by L{monotonic}.
        """
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._host = host
        self._end = end
        self.problem = ""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """
        Called by ldap3 for C{ldaps} and for StartTLS.
        """
        plain = connection.socket.plain if isinstance(connection.socket, BoundedSocket) else connection.socket
        try:
            plain.settimeout(max(self._end - monotonic(), 0.001))
            connection.socket = self._context.wrap_socket(plain, server_hostname=self._host)
        except Exception as problem:
            plain.close()
            self.problem = _tlsWords(problem)
            raise LdapProblem(self.problem) from None


def _tlsWords(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"TLS: the certificate is not accepted: {problem.verify_message}"
    if isinstance(problem, TimeoutError):
        return "TLS: no handshake in time"
    return f"TLS: {getattr(problem, 'reason', None) or type(problem).__name__}"
