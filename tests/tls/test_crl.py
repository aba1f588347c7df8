"""
Tests of L{balws.tls.crl}.
"""

from __future__ import annotations

import os
import time
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA224, SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import CRLEntryExtensionOID, ObjectIdentifier
from twisted.trial.unittest import SynchronousTestCase

from balws.tls import crl
from balws.tls.verdict import SKEW, CannotTell, Verdict
from tests.certificates import Authority, Issued
from tests.tls.responder import moment, revocationList

URL = "http://list.test/a.crl"


def uri(url: str) -> x509.GeneralName:
    """
    A URL as certificates have it.
    """
    return x509.UniformResourceIdentifier(url)


def scope(*names: str, **changes: Any) -> tuple[x509.ExtensionType, bool]:
    """
    What a list says that it is about.
    """
    fields: dict[str, Any] = {
        "full_name": [uri(name) for name in names] or None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(fields | changes)), True


class ListTests(SynchronousTestCase):
    """
    What a list is worth.
    """

    def setUp(self) -> None:
        """
        Issue a certificate that names a list.
        """
        self.now = float(int(time.time()))
        self.authority = Authority()
        self.certificate = self.authority.issue("localhost", crlUrls=(URL,)).certificate
        self.serial = self.certificate.serial_number

    def read(self, data: bytes) -> Verdict:
        """
        What is made of a list.
        """
        [place] = crl.places(self.certificate)
        return crl.read(data, self.authority.certificate, self.now).verdict(self.certificate, place)

    def say(self, *serials: int, **changes: Any) -> Verdict:
        """
        What is made of a list with these numbers.
        """
        return self.read(revocationList(self.authority, serials, self.now, **changes))

    def refused(self, words: str, data: bytes) -> None:
        """
        A list tells nothing, for the reason in these words.
        """
        problem = self.assertRaises(CannotTell, self.read, data)
        self.assertIn(words, str(problem))

    def refusedWith(self, words: str, **changes: Any) -> None:
        """
        A list with these changes tells nothing.
        """
        self.refused(words, revocationList(self.authority, (), self.now, **changes))

    def test_verdicts(self) -> None:
        """
        Who is on the list is revoked, until there is a newer one; who is not is not.
        """
        self.assertEqual(self.say(), Verdict(isRevoked=False, until=self.now + 3600))
        self.assertFalse(self.say(self.serial + 1, self.serial - 1).isRevoked)
        self.assertTrue(self.say(1, self.serial, 2).isRevoked)

    def test_time(self) -> None:
        """
        Yesterday's list cannot be shown again, nor tomorrow's now; the clocks may differ a
        little.
        """
        self.say(begin=-7200, end=-SKEW)
        self.refusedWith("not of this time", begin=-7200, end=-SKEW - 1)
        self.say(begin=SKEW)
        self.refusedWith("not of this time", begin=SKEW + 1)

    def test_forged(self) -> None:
        """
        Who only says that he is the authority is not.
        """
        self.refusedWith("not signed by whoever may", signer=Authority())

    def test_otherAuthority(self) -> None:
        """
        The list of another authority is about other certificates.
        """
        self.refused("somebody else's", revocationList(Authority("Other CA"), (), self.now))

    def test_mayNotSign(self) -> None:
        """
        An authority that may not sign lists has none (RFC 5280 section 6.3.3).
        """
        usage: dict[str, Any] = dict.fromkeys(
            (
                "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                "key_agreement", "encipher_only", "decipher_only",
            ),
            False,
        )  # fmt: skip
        for mayList in (True, False):
            key, name = ec.generate_private_key(ec.SECP256R1()), self.authority.certificate.subject
            builder = self.authority.builder(name, key, 1, isAuthority=True).add_extension(
                x509.KeyUsage(key_cert_sign=True, crl_sign=mayList, **usage), critical=True
            )
            self.authority.certificate = builder.sign(self.authority.key, SHA256())
            self.authority.key = key
            if mayList:
                self.say()
            else:
                self.refusedWith("somebody else's")

    def test_strength(self) -> None:
        """
        SHA-2 signs well; SHA-224 is too short.
        """
        self.say(algorithm=SHA384())
        self.refusedWith("not signed by whoever may", algorithm=SHA224())

    def test_kindOfCertificate(self) -> None:
        """
        A list about authorities says nothing about users, and the other way round.
        """
        self.refusedWith("about others", extensions=[scope(only_contains_ca_certs=True)])
        self.assertTrue(self.say(self.serial, extensions=[scope(only_contains_user_certs=True)]).isRevoked)
        below = Authority("Below", issuer=self.authority).certificate
        [place] = crl.places(self.certificate)
        for only, isFine in (("only_contains_ca_certs", True), ("only_contains_user_certs", False)):
            data = revocationList(self.authority, (), self.now, extensions=[scope(**{only: True})])
            found = crl.read(data, self.authority.certificate, self.now)
            if isFine:
                self.assertFalse(found.verdict(below, place).isRevoked)
            else:
                self.assertRaises(CannotTell, found.verdict, below, place)

    def test_noKind(self) -> None:
        """
        A certificate that does not say what it is is a user's.
        """
        full = self.certificate
        builder = x509.CertificateBuilder(
            full.issuer,
            full.subject,
            full.public_key(),
            self.serial,
            full.not_valid_before_utc,
            full.not_valid_after_utc,
        )
        points = full.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        self.certificate = builder.add_extension(points, critical=False).sign(self.authority.key, SHA256())
        self.assertFalse(self.say(extensions=[scope(only_contains_user_certs=True)]).isRevoked)
        self.refusedWith("about others", extensions=[scope(only_contains_ca_certs=True)])

    def test_part(self) -> None:
        """
        Of a list in parts only that part counts which the certificate names: who is on the
        way cannot give another one.
        """
        self.assertTrue(self.say(self.serial, extensions=[scope("http://other.test/", URL)]).isRevoked)
        self.refusedWith("about others", extensions=[scope("http://list.test/b.crl")])
        # By another name than the one that it was read by.
        point = x509.DistributionPoint([uri("ldap://list.test/"), uri(URL)], None, None, None)
        points = x509.CRLDistributionPoints([point])
        self.certificate = self.authority.issue("localhost", extensions=(points,)).certificate
        self.assertFalse(self.say(extensions=[scope("ldap://list.test/")]).isRevoked)

    def test_someReasons(self) -> None:
        """
        A list that is about some reasons, others' certificates, or what changed since
        another list is not the whole.
        """
        reasons = frozenset((x509.ReasonFlags.key_compromise,))
        relative = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
        for changes in (
            {"only_some_reasons": reasons},
            {"indirect_crl": True},
            {"only_contains_attribute_certs": True},
            {"relative_name": relative},
        ):
            self.refusedWith("a part of them only", extensions=[scope(**changes)])
        for critical in (True, False):
            self.refusedWith("conditions", extensions=[(x509.DeltaCRLIndicator(1), critical)])

    def test_conditions(self) -> None:
        """
        An extension that must be understood and is not makes a list worthless.
        """
        strange = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        self.say(extensions=[(strange, False), (x509.CRLNumber(3), False)])
        self.refusedWith("conditions", extensions=[(strange, True)])

    def test_garbage(self) -> None:
        """
        What is no list is none, however it is broken.
        """
        whole = revocationList(self.authority, (self.serial,), self.now)
        broken = [b"", b"\x30", b"0" * 100, b"<html>", os.urandom(200), b"\x30\x84\xff\xff\xff\xff", whole + b"\x00"]
        broken += [whole[:end] for end in range(1, len(whole), 13)]
        broken.append(b"-----BEGIN X509 CRL-----\n")
        for each in broken:
            self.refused("cannot be read", each)

    def test_noByteMayChange(self) -> None:
        """
        Whichever byte of a list is changed, who is on it does not get off.
        """
        whole = revocationList(self.authority, (self.serial,), self.now)
        for at in range(len(whole)):
            for flip in (1, 0x80):
                changed = bytearray(whole)
                changed[at] ^= flip
                try:
                    self.assertTrue(self.read(bytes(changed)).isRevoked)
                except CannotTell:
                    continue

    def test_size(self) -> None:
        """
        A list up to 4 MiB is read, and one byte more is not.
        """

        def padded(size: int) -> bytes:
            filler = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x00" * size)
            return revocationList(self.authority, (self.serial,), self.now, extensions=[(filler, False)])

        guess = crl.MAX_LIST - 400
        # An ECDSA signature has no fixed length: look for each size until it is met.
        for size, isFine in ((crl.MAX_LIST - 1, True), (crl.MAX_LIST, True), (crl.MAX_LIST + 1, False)):
            data = padded(guess)
            while len(data) != size:
                guess += size - len(data)
                data = padded(guess)
            if isFine:
                self.assertTrue(self.read(data).isRevoked)
            else:
                self.refused("too large", data)

    def test_entryOfOthers(self) -> None:
        """
        What stands beside a number on the list does not take it off.
        """
        remove = x509.CRLReason(x509.ReasonFlags.remove_from_crl)
        entry = x509.RevokedCertificateBuilder().serial_number(self.serial).revocation_date(moment(self.now))
        for extension in (remove, x509.UnrecognizedExtension(CRLEntryExtensionOID.CERTIFICATE_ISSUER, b"\x30\x00")):
            builder = x509.CertificateRevocationListBuilder(
                self.authority.certificate.subject,
                moment(self.now),
                moment(self.now + 60),
                [],
                [entry.add_extension(extension, critical=True).build()],
            )
            signed = builder.sign(self.authority.key, SHA256())
            self.assertTrue(self.read(signed.public_bytes(Encoding.DER)).isRevoked)


class PlacesTests(SynchronousTestCase):
    """
    Where a certificate says that lists are.
    """

    def placed(self, *points: x509.DistributionPoint) -> tuple[str, ...]:
        """
        The URLs of a certificate's places.
        """
        issued: Issued = Authority().issue("localhost", extensions=(x509.CRLDistributionPoints(points),))
        return tuple(place.url for place in crl.places(issued.certificate))

    def test_http(self) -> None:
        """
        Those of C{http} and C{https}, each once; files and directories are never read.
        """
        urls = ("file:///etc/passwd", "http://a.test/", "ldap://a.test/cn=a", "https://b.test/", "http://a.test/")
        found = crl.places(Authority().issue("localhost", crlUrls=urls).certificate)
        self.assertEqual([place.url for place in found], ["http://a.test/", "https://b.test/"])

    def test_none(self) -> None:
        """
        A certificate may name none, or none that can be read.
        """
        self.assertEqual(crl.places(Authority().issue("localhost").certificate), ())
        broken = x509.UnrecognizedExtension(x509.CRLDistributionPoints.oid, b"\x30\x05nope")
        self.assertEqual(crl.places(Authority().issue("localhost", extensions=(broken,)).certificate), ())

    def test_partial(self) -> None:
        """
        A list for some reasons only, or one that another signs, or one in a directory, does
        not tell enough.
        """
        somebody = [x509.DirectoryName(Authority("Other").certificate.subject)]
        relative = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
        self.assertEqual(
            self.placed(
                x509.DistributionPoint([uri(URL)], None, frozenset((x509.ReasonFlags.key_compromise,)), None),
                x509.DistributionPoint([uri(URL)], None, None, somebody),
                x509.DistributionPoint(None, relative, None, None),
                x509.DistributionPoint([x509.DNSName("http://a.test/")], None, None, None),
            ),
            (),
        )
