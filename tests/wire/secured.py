"""
A TLS connection in memory: our server end on a transport double, and OpenSSL's client end
at the other side of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL.SSL import TLS1_3_VERSION, TLS_CLIENT_METHOD, Connection, Context, WantReadError, ZeroReturnError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.task import Clock

from balws.tls.vestibule import InFront
from tests.wire.transports import Transport


@cache
def certificate() -> PrivateCertificate:
    """
    @return: a certificate that nobody trusts, made once.
    """
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    return PrivateCertificate.loadPEM(pem)


class Below(Transport):
    """
    A TCP connection: TLS itself has something to say when that has ended, and ends it
    more than once.

    @ivar writes: how many there were.
    """

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write(self, data: bytes) -> None:
        if not (self.calls or self.lost):
            self.writes += 1
            super().write(data)

    def loseConnection(self) -> None:
        if "lose" not in self.calls:
            super().loseConnection()


class Secured:
    """
    The client's end, and what carries it.

    @ivar below: the TCP transport.
    @ivar tls: the server's transport.
    @ivar heard: what the client has decrypted.
    @ivar ended: whether the server has said that no more comes.
    """

    def __init__(self, factory: IProtocolFactory, clock: Clock, version: int = TLS1_3_VERSION) -> None:
        """
        @param version: of TLS.
        """
        self._clock = clock
        self.below = Below()
        self.tls: Any = InFront(certificate().options(), factory, clock).buildProtocol(None)
        self.below.protocol = self.tls
        self.heard = b""
        self.ended = False
        context = Context(TLS_CLIENT_METHOD)
        context.set_max_proto_version(version)
        self._client = Connection(context)
        self._client.set_connect_state()
        self.tls.makeConnection(self.below)
        while True:
            try:
                self._client.do_handshake()
            except WantReadError:
                self.pump()
            else:
                break
        self.pump()

    def hear(self) -> None:
        """
        The client takes what was written up to now.
        """
        written = self.below.take()
        if written:
            self._client.bio_write(written)
        try:
            while True:
                self.heard += self._client.recv(65536)
        except WantReadError:
            pass
        except ZeroReturnError:
            self.ended = True

    def pump(self) -> None:
        """
        Let bytes move both ways.
        """
        for _ in range(4):
            self._clock.advance(0)
            self.hear()
            try:
                sent = self._client.bio_read(2**20)
            except WantReadError:
                continue
            if self.below.reading and not self.below.lost:
                self.tls.dataReceived(sent)

    def sealed(self, *contents: bytes) -> bytes:
        """
        @return: these as the client sends them, each in records of its own.
        """
        for content in contents:
            self._client.sendall(content)
        return self._client.bio_read(2**20)

    def send(self, data: bytes) -> None:
        """
        Send this.
        """
        self._client.sendall(data)
        self.pump()

    def farewell(self) -> bytes:
        """
        @return: that no more comes, as the client says it.
        """
        self._client.shutdown()
        return self._client.bio_read(2**20)

    def end(self) -> None:
        """
        Say that no more comes.
        """
        self._client.shutdown()
        self.pump()
