"""
A certificate authority in memory, what it issues, and the files that these come in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

#: The kinds of keys that are made here.
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_DAY = timedelta(days=1)


@cache
def rsaKey() -> rsa.RSAPrivateKey:
    """
    @return: an RSA key of 2048 bits, which takes a while to make: made once.
    """
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _named(host: str) -> x509.GeneralName:
    if "@" in host:
        return x509.RFC822Name(host)
    return x509.IPAddress(ip_address(host)) if host[-1].isdigit() or ":" in host else x509.DNSName(host)


def _encryption(password: str | None) -> KeySerializationEncryption:
    return NoEncryption() if password is None else BestAvailableEncryption(password.encode())


def pem(*certificates: x509.Certificate) -> bytes:
    """
    @return: these certificates as one PEM file has them.
    """
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def keyStore(
    certificate: x509.Certificate | None,
    key: Key | None,
    password: str,
    others: tuple[x509.Certificate, ...] = (),
) -> bytes:
    """
    @return: a PKCS12 store: with a key, or with certificates alone as a trust store.
    """
    return pkcs12.serialize_key_and_certificates(b"own", key, certificate, others or None, _encryption(password))


@attrs.frozen(eq=False)
class Issued:
    """
    A certificate and its key.

    @ivar chain: the certificates of intermediate authorities, the nearest first.
    """

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    def certificatePem(self) -> bytes:
        """
        @return: the certificate, and the chain behind it.
        """
        return pem(self.certificate, *self.chain)

    def keyPem(self, password: str | None = None, *, old: bool = False) -> bytes:
        """
        @param old: write the form of OpenSSL before PKCS8 (PKCS1 for an RSA key).
        @param password: encrypt the key with it.
        """
        form = PrivateFormat.TraditionalOpenSSL if old else PrivateFormat.PKCS8
        return self.key.private_bytes(Encoding.PEM, form, _encryption(password))

    def store(self, password: str) -> bytes:
        """
        @return: a PKCS12 key store.
        """
        return keyStore(self.certificate, self.key, password, self.chain)

    def write(self, folder: Path, name: str = "own", password: str | None = None) -> tuple[str, str]:
        """
        Write C{name.crt} and C{name.key}.

        @return: their paths, for C{certFile} and C{keyFile}.
        """
        certFile, keyFile = folder / f"{name}.crt", folder / f"{name}.key"
        certFile.write_bytes(self.certificatePem())
        keyFile.write_bytes(self.keyPem(password))
        return str(certFile), str(keyFile)

    def writeStore(self, folder: Path, password: str, name: str = "own") -> str:
        """
        Write C{name.p12}.

        @return: its path.
        """
        path = folder / f"{name}.p12"
        path.write_bytes(self.store(password))
        return str(path)


class Authority:
    """
    Issues certificates.

    @ivar certificate: its own: signed by itself, or by its issuer.
    @ivar key: what it signs with.
    """

    def __init__(self, common: str = "Test CA", *, issuer: Authority | None = None, days: float = 1) -> None:
        """
        @param issuer: makes this an intermediate authority.
        @param days: how long its certificate is still good; negative: since when it is not.
        """
        self.key: Key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        self._issuer = issuer
        signer = self if issuer is None else issuer
        builder = signer.builder(self._name, self.key, days, isAuthority=True)
        self.certificate = builder.sign(signer.key, SHA256())

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """
        What a peer that trusts the root alone needs beside a certificate from here.
        """
        return () if self._issuer is None else (self.certificate, *self._issuer.chain)

    def builder(
        self, subject: x509.Name, key: Key, days: float, *, isAuthority: bool = False
    ) -> x509.CertificateBuilder:
        """
        @return: a certificate that L{key} has only to sign.
        """
        now = datetime.now(UTC)
        end = now + days * _DAY
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, end) - _DAY)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=isAuthority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )

    def issue(
        self,
        *hosts: str,
        common: str = "server",
        days: float = 1,
        key: Key | None = None,
        ocspUrls: tuple[str, ...] = (),
        crlUrls: tuple[str, ...] = (),
        extensions: tuple[x509.ExtensionType, ...] = (),
    ) -> Issued:
        """
        @param hosts: names, IP addresses and addresses of mail that the certificate is for;
            none makes one with a common name alone.
        @param common: its subject's common name.
        @param days: how long it is still good; negative: since when it is not.
        @param key: L{None} makes a new one (P-256).
        @param ocspUrls: where its state can be asked for.
        @param crlUrls: where the list of the revoked is.
        @param extensions: further ones, none of them critical.
        """
        own = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        builder = self.builder(subject, own, days)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_named, hosts)), critical=False)
        if ocspUrls:
            access = [_askedAt(url) for url in ocspUrls]
            builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
        if crlUrls:
            points = [_listedAt(url) for url in crlUrls]
            builder = builder.add_extension(x509.CRLDistributionPoints(points), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return Issued(builder.sign(self.key, SHA256()), own, self.chain)

    def write(self, folder: Path, name: str = "ca") -> str:
        """
        Write C{name.pem}.

        @return: its path, for C{cert}.
        """
        path = folder / f"{name}.pem"
        path.write_bytes(pem(self.certificate))
        return str(path)


def _askedAt(url: str) -> x509.AccessDescription:
    return x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))


def _listedAt(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def selfSigned(*hosts: str, common: str = "server") -> Issued:
    """
    @return: a certificate that is its own authority, and trusted by nobody.
    """
    authority = Authority(common)
    builder = authority.builder(authority.certificate.subject, authority.key, 1)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(map(_named, hosts)), critical=False)
    return Issued(builder.sign(authority.key, SHA256()), authority.key)
