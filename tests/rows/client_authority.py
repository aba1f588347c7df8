"""
Certificates, good and bad, and a TLS server that shows them.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rows.client_hostile import Accepted

_DAY = datetime.timedelta(days=1)


@attrs.frozen
class Issued:
    """
    @ivar chain: the certificate in a file.
    @ivar key: its key in another.
    """

    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """
        @return: what a server needs.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def _named(host: str) -> x509.GeneralName:
    if "@" in host:
        return x509.RFC822Name(host)
    return x509.IPAddress(ipaddress.ip_address(host)) if host[-1].isdigit() else x509.DNSName(host)


class Authority:
    """
    A certificate authority of its own.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """
        @param folder: for its files and those of what it issues.
        """
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        now = datetime.datetime.now(datetime.UTC)
        own = self._signed(self._name, self._key, now - _DAY, now + _DAY, ["localhost"], isAuthority=True)
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begin: datetime.datetime,
        end: datetime.datetime,
        hosts: list[str],
        isAuthority: bool,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=isAuthority, path_length=None), critical=True)
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_named, hosts)), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def issue(self, *hosts: str, common: str = "server", days: int = 1) -> Issued:
        """
        @param hosts: names and addresses that it is for, of mail too.
        @param common: its subject's common name.
        @param days: how long it is still good; negative: since when it is not.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        now = datetime.datetime.now(datetime.UTC)
        end = now + days * _DAY
        certificate = self._signed(subject, key, min(now, end) - _DAY, end, list(hosts), isAuthority=False)
        return self._written(certificate, key)

    def own(self) -> Issued:
        """
        @return: its own certificate, as a server would show it.
        """
        return self._written(x509.load_pem_x509_certificate(self.file.read_bytes()), self._key)

    def _written(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Issued:
        stem = f"{certificate.serial_number:x}"
        issued = Issued(self._folder / f"{stem}.crt", self._folder / f"{stem}.key")
        issued.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        issued.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return issued


def secured(accepted: Accepted, issued: Issued) -> bytes:
    """
    Make the TLS handshake, and read the first of what comes under it.

    @return: what the client said; C{b""} where it left without a word.
    """
    plain = accepted.socket
    try:
        accepted.socket = issued.context().wrap_socket(plain, server_side=True)
        return accepted.request()
    except (ssl.SSLError, ConnectionResetError):
        return b""
    finally:
        if accepted.socket is not plain and accepted.head == b"":
            try:
                accepted.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
