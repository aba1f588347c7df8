"""
Tests of L{balws.tls.client}.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from OpenSSL import crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.errors import SslError
from balws.tls.client import TlsClient


class Connection:
    """
    An established connection to somebody with this certificate.
    """

    def __init__(self, *names: x509.GeneralName, common: str = "localhost") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self.certificate = crypto.X509.from_cryptography(builder.sign(key, SHA256()))

    def get_peer_certificate(self, *, as_cryptography: bool = False) -> Any:
        """
        As pyOpenSSL's.
        """
        return self.certificate.to_cryptography() if as_cryptography else self.certificate


class VerifyTests(SynchronousTestCase):
    """
    Whose certificate it is.
    """

    def test_right(self) -> None:
        """
        A certificate for the host's name, or for its address.
        """
        TlsClient("localhost").verify(Connection(x509.DNSName("localhost")))  # type: ignore[arg-type]
        for address in ("127.0.0.1", "::1"):
            names = (x509.IPAddress(ip_address(address)),)
            TlsClient(address).verify(Connection(*names))  # type: ignore[arg-type]

    def test_wrong(self) -> None:
        """
        A certificate for somebody else, for part of the name, or for nobody at all: the
        common name does not count (RFC 9525).
        """
        for host, names in (
            ("localhost", [x509.DNSName("elsewhere")]),
            ("a.example", [x509.DNSName("example")]),
            ("127.0.0.1", [x509.DNSName("127.0.0.1")]),
            ("localhost", [x509.IPAddress(ip_address("127.0.0.1"))]),
            ("localhost", []),
            ("127.0.0.1", []),
        ):
            connection: Any = Connection(*names, common=host)
            problem = self.assertRaises(SslError, TlsClient(host).verify, connection)
            self.assertTrue(str(problem).startswith("the certificate "), problem)

    def test_noCertificate(self) -> None:
        """
        A peer without a certificate is nobody.
        """

        class Anonymous:
            def get_peer_certificate(self, *, as_cryptography: bool = False) -> None:
                return None

        anonymous: Any = Anonymous()
        self.assertRaises(SslError, TlsClient("localhost").verify, anonymous)

    def test_serverName(self) -> None:
        """
        A name is told to the server, so that it can choose its certificate; an address is
        not (RFC 6066 section 3).
        """
        for host, told in (("localhost", b"localhost"), ("127.0.0.1", None)):
            creator = TlsClient(host)
            verifyObject(IOpenSSLClientConnectionCreator, creator)
            self.assertEqual(creator.clientConnectionForTLS(None).get_servername(), told)
