"""
Tests of L{balws.tls.ocsp}, and of L{balws.tls.verdict}.
"""

from __future__ import annotations

import os
import time
from base64 import b64decode
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA1, SHA224, SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPResponseBuilder, OCSPResponseStatus, load_der_ocsp_request
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ObjectIdentifier
from twisted.trial.unittest import SynchronousTestCase

from balws.tls import ocsp
from balws.tls.verdict import SKEW, CannotTell, Verdict, isCurrent, isSigned
from tests.certificates import Authority, Issued, rsaKey
from tests.tls.responder import REVOKED, UNKNOWN, Pages, Statement, answer, moment, rebuilt, request

SIGNING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])


class CaseOfOne(SynchronousTestCase):
    """
    An authority, one certificate from it, and one moment.
    """

    def setUp(self) -> None:
        """
        Issue it.
        """
        self.now = float(int(time.time()))
        self.authority = Authority()
        self.certificate = self.authority.issue("localhost", ocspUrls=("http://ocsp.test/",)).certificate

    def read(self, response: bytes) -> Verdict:
        """
        What is made of a response.
        """
        return ocsp.read(response, self.certificate, self.authority.certificate, self.now)

    def say(self, **changes: Any) -> Verdict:
        """
        What is made of a response with these changes.
        """
        return self.read(answer(self.authority, self.certificate, self.now, **changes))

    def refused(self, words: str, response: bytes) -> None:
        """
        A response tells nothing, for the reason in these words.
        """
        problem = self.assertRaises(CannotTell, self.read, response)
        self.assertIn(words, str(problem))

    def refusedWith(self, words: str, **changes: Any) -> None:
        """
        A response with these changes tells nothing.
        """
        self.refused(words, answer(self.authority, self.certificate, self.now, **changes))


class ReadTests(CaseOfOne):
    """
    What a response is worth.
    """

    def test_statuses(self) -> None:
        """
        Good is good and revoked is revoked, until the responder knows more; a certificate
        that it does not know is neither.
        """
        self.assertEqual(self.say(), Verdict(isRevoked=False, until=self.now + 3600))
        self.assertEqual(self.say(status=REVOKED), Verdict(isRevoked=True, until=self.now + 3600))
        self.refusedWith("does not know", status=UNKNOWN)

    def test_noEnd(self) -> None:
        """
        A response without C{nextUpdate} is good for now only.
        """
        self.assertEqual(self.say(end=None, begin=0), Verdict(isRevoked=False, until=self.now))
        self.refusedWith("not of this time", end=None, begin=-SKEW - 1)

    def test_time(self) -> None:
        """
        Yesterday's answer cannot be shown again, nor tomorrow's now; the clocks may differ
        a little.
        """
        self.say(begin=-7200, end=-SKEW)
        self.refusedWith("not of this time", begin=-7200, end=-SKEW - 1)
        self.say(begin=SKEW)
        self.refusedWith("not of this time", begin=SKEW + 1)

    def test_otherCertificate(self) -> None:
        """
        The answer about another certificate, or about one of another authority with the
        same number, says nothing about this one.
        """
        other = self.authority.issue("localhost").certificate
        self.refused("another certificate", answer(self.authority, other, self.now))
        namesake, stranger = Authority(), Authority("Other CA")
        for issuer in (namesake, stranger):
            question = request(self.certificate, issuer.certificate)
            self.refused("another certificate", Statement().about(question, self.authority, self.now))

    def test_severalCertificates(self) -> None:
        """
        An answer about several certificates is not the answer to our question.
        """
        whole = answer(self.authority, self.certificate, self.now)
        key = self.authority.key
        self.assertFalse(self.read(rebuilt(whole, key)).isRevoked)
        self.refused("several certificates", rebuilt(whole, key, times=2))
        self.refused("several certificates", rebuilt(whole, key, times=0))

    def test_hashes(self) -> None:
        """
        The responder may name the certificate by other hashes than we did.
        """
        for algorithm in (SHA1(), SHA256(), SHA384()):
            question = request(self.certificate, self.authority.certificate, algorithm)
            self.assertFalse(self.read(Statement().about(question, self.authority, self.now)).isRevoked)

    def test_errors(self) -> None:
        """
        A responder that does not want to answer says nothing, signed or not.
        """
        for status in OCSPResponseStatus:
            if status is not OCSPResponseStatus.SUCCESSFUL:
                refusal = OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
                self.refused(status.name, refusal)

    def test_garbage(self) -> None:
        """
        What is no OCSP response is none, however it is broken.
        """
        whole = answer(self.authority, self.certificate, self.now)
        broken = [b"", b"\x30", b"0" * 100, b"<html>", os.urandom(200), b"\x30\x84\xff\xff\xff\xff", whole + b"\x00"]
        broken += [whole[:end] for end in range(1, len(whole), 17)]
        for each in broken:
            self.refused("cannot be read", each)

    def test_noByteMayChange(self) -> None:
        """
        Whichever byte of a response about a revoked certificate is changed, it does not
        become a good one.
        """
        whole = answer(self.authority, self.certificate, self.now, status=REVOKED)
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
        A response up to 64 KiB is read, and one byte more is not.
        """

        def padded(size: int) -> bytes:
            filler = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x00" * size)
            return answer(self.authority, self.certificate, self.now, extension=(filler, False))

        guess = ocsp.MAX_RESPONSE - 600
        # An ECDSA signature has no fixed length: look for each size until it is met.
        for size, isFine in ((ocsp.MAX_RESPONSE - 1, True), (ocsp.MAX_RESPONSE, True), (ocsp.MAX_RESPONSE + 1, False)):
            response = padded(guess)
            while len(response) != size:
                guess += size - len(response)
                response = padded(guess)
            if isFine:
                self.assertFalse(self.read(response).isRevoked)
            else:
                self.refused("too large", response)

    def test_conditions(self) -> None:
        """
        An extension that must be understood and is not makes a response worthless; a nonce
        and what may be ignored do not.
        """
        strange = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        self.say(extension=(strange, False))
        self.refusedWith("conditions", extension=(strange, True))
        self.say(extension=(x509.OCSPNonce(b"12345678"), True))


class SignerTests(CaseOfOne):
    """
    Who may have signed.
    """

    def delegate(self, *extensions: x509.ExtensionType, **how: Any) -> Issued:
        """
        Somebody whom the authority lets sign.
        """
        return self.authority.issue(common="responder", extensions=extensions or (SIGNING,), **how)

    def test_issuer(self) -> None:
        """
        The authority itself, known by its key or by its name.
        """
        self.say(byName=False)
        self.say(byName=True)

    def test_delegate(self) -> None:
        """
        Somebody with a certificate for just that, which comes along.
        """
        delegate = self.delegate()
        for byName in (False, True):
            self.say(signer=delegate, shown=(delegate.certificate,), byName=byName)
        self.refusedWith("not signed by whoever may", signer=delegate)

    def test_delegateAmongOthers(self) -> None:
        """
        It is found among the certificates that come along, of which four are looked at.
        """
        delegate = self.delegate()
        others = tuple(self.authority.issue("a").certificate for _ in range(ocsp.MAX_DELEGATES))
        self.say(signer=delegate, shown=(*others[:-1], delegate.certificate))
        self.refusedWith("not signed by whoever may", signer=delegate, shown=(*others, delegate.certificate))

    def test_noPermission(self) -> None:
        """
        Another certificate of the same authority does not do: that of a server could speak
        for itself.
        """
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
        for delegate in (self.delegate(server), self.authority.issue("localhost")):
            self.refusedWith("not signed by whoever may", signer=delegate, shown=(delegate.certificate,))

    def test_expired(self) -> None:
        """
        Nor does one whose time is over, or has not come.
        """
        delegate = self.delegate(days=-1)
        self.refusedWith("not signed by whoever may", signer=delegate, shown=(delegate.certificate,))
        early = self.delegate()
        self.now = early.certificate.not_valid_before_utc.timestamp() - SKEW - 1
        self.refusedWith("not signed by whoever may", signer=early, shown=(early.certificate,))
        self.now += 1
        self.say(signer=early, shown=(early.certificate,))

    def test_otherAuthority(self) -> None:
        """
        Nor one from another authority, not even from one of the same name, nor from one
        below.
        """
        for other in (Authority("Other CA"), Authority(), Authority("Below", issuer=self.authority)):
            delegate = other.issue(common="responder", extensions=(SIGNING,))
            self.refusedWith(
                "not signed by whoever may", signer=delegate, shown=(delegate.certificate, *delegate.chain)
            )

    def test_otherName(self) -> None:
        """
        Nor one that names another issuer, although the authority's key has signed it.
        """
        other = Authority("Other CA")
        other.key = self.authority.key
        delegate = other.issue(common="responder", extensions=(SIGNING,))
        self.refusedWith("not signed by whoever may", signer=delegate, shown=(delegate.certificate,))

    def test_forged(self) -> None:
        """
        Who only says that he is the authority, or the delegate, is not.
        """
        self.refusedWith("not signed by whoever may", signer=Authority(), byName=True)
        self.refusedWith("not signed by whoever may", signer=Authority("Other CA"))
        delegate = self.delegate()
        for whole in (
            answer(self.authority, self.certificate, self.now),
            answer(self.authority, self.certificate, self.now, signer=delegate, shown=(delegate.certificate,)),
        ):
            self.refused("not signed by whoever may", rebuilt(whole, Authority().key))

    def test_weakDelegate(self) -> None:
        """
        A delegate's certificate counts when its own signature is a strong one.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "responder")])
        for algorithm, isFine in ((SHA256(), True), (SHA224(), False)):
            builder = self.authority.builder(name, key, 1).add_extension(SIGNING, critical=False)
            weak = Issued(builder.sign(self.authority.key, algorithm), key)
            if isFine:
                self.say(signer=weak, shown=(weak.certificate,))
            else:
                self.refusedWith("not signed by whoever may", signer=weak, shown=(weak.certificate,))

    def test_strength(self) -> None:
        """
        SHA-2 signs well; SHA-1 can be forged and SHA-224 is short.
        """
        for algorithm in (SHA256(), SHA384(), SHA512()):
            self.say(algorithm=algorithm)
        self.refusedWith("not signed by whoever may", algorithm=SHA224())


class SignatureTests(SynchronousTestCase):
    """
    L{isSigned}.
    """

    def test_kinds(self) -> None:
        """
        Each kind of key that authorities have.
        """
        from cryptography.hazmat.primitives.asymmetric import dsa, ed448, padding

        data = b"what is signed"
        signed: list[tuple[Any, bytes, Any]] = [
            (rsaKey(), rsaKey().sign(data, padding.PKCS1v15(), SHA256()), SHA256()),
        ]
        for curve in (ec.SECP256R1(), ec.SECP384R1()):
            key = ec.generate_private_key(curve)
            signed.append((key, key.sign(data, ec.ECDSA(SHA384())), SHA384()))
        for edwards in (ed25519.Ed25519PrivateKey.generate(), ed448.Ed448PrivateKey.generate()):
            signed.append((edwards, edwards.sign(data), None))
        for key, signature, algorithm in signed:
            public = key.public_key()
            self.assertTrue(isSigned(public, signature, data, algorithm), key)
            self.assertFalse(isSigned(public, signature, data + b"!", algorithm), key)
            self.assertFalse(isSigned(public, b"", data, algorithm), key)
        weak = rsaKey().sign(data, padding.PKCS1v15(), SHA1())
        self.assertFalse(isSigned(rsaKey().public_key(), weak, data, SHA1()))
        self.assertFalse(isSigned(rsaKey().public_key(), weak, data, None))
        old = dsa.generate_private_key(1024)
        self.assertFalse(isSigned(old.public_key(), old.sign(data, SHA256()), data, SHA256()))

    def test_time(self) -> None:
        """
        What is of this time is from its begin to its end, with some seconds to spare.
        """
        begin, end = moment(1_000_000), moment(2_000_000)
        for now, isFine in (
            (1_000_000 - SKEW - 1, False),
            (1_000_000 - SKEW, True),
            (2_000_000 + SKEW, True),
            (2_000_000 + SKEW + 1, False),
        ):
            self.assertEqual(isCurrent(begin, end, now), isFine)


class AskTests(CaseOfOne):
    """
    How a responder is asked.
    """

    def asked(self, url: str) -> tuple[str, bytes]:
        """
        What was sent to a responder at this URL.
        """
        pages = Pages(ocsp=b"it")
        got = ocsp.ask(pages, url, self.certificate, self.authority.certificate, 3)
        self.assertEqual(self.successResultOf(got), b"it")
        self.assertEqual(pages.limits, [(65536, 3)])
        [found] = pages.asked
        return found

    def assertAsks(self, data: bytes) -> None:
        """
        These bytes ask about our certificate.
        """
        self.assertEqual(load_der_ocsp_request(data).serial_number, self.certificate.serial_number)

    def test_get(self) -> None:
        """
        A short question is in the URL, behind one slash (RFC 6960 appendix A.1).
        """
        for url in ("http://ocsp.test", "http://ocsp.test/", "http://ocsp.test/a/"):
            path, posted = self.asked(url)
            self.assertEqual(posted, b"")
            base, _, question = path.rpartition("/")
            self.assertEqual(base, url.rstrip("/"))
            self.assertAsks(b64decode(unquote(question), validate=True))

    def test_post(self) -> None:
        """
        A question that would make a URL of more than 255 bytes is posted, and so is one to a
        URL with a query.
        """
        length = len(self.asked("http://ocsp.test/")[0]) - len("http://ocsp.test/")
        for more, isPosted in ((-1, False), (0, False), (1, True)):
            room = ocsp.MAX_GET + more - length - len("http://ocsp.test//")
            url, posted = self.asked(f"http://ocsp.test/{'a' * room}")
            self.assertEqual(bool(posted), isPosted)
            self.assertEqual(url == f"http://ocsp.test/{'a' * room}", isPosted)
        url, posted = self.asked("http://ocsp.test/?a=b")
        self.assertEqual(url, "http://ocsp.test/?a=b")
        self.assertAsks(posted)


class RespondersTests(SynchronousTestCase):
    """
    Whom a certificate names.
    """

    def test_http(self) -> None:
        """
        Those of C{http} and C{https}, each once; files, directories and whatever else there
        is are never asked.
        """
        urls = (
            "ldap://ocsp.test/", "file:///etc/passwd", "http://a.test/", "ftp://a.test/", "https://b.test:8443/x",
            "http://a.test/", "http://user@c.test/", "gopher://d.test/", "http:///", "//e.test/", "data:,x",
        )  # fmt: skip
        found = ocsp.responders(Authority().issue("localhost", ocspUrls=urls).certificate)
        self.assertEqual(found, ("http://a.test/", "https://b.test:8443/x"))

    def test_none(self) -> None:
        """
        A certificate may name nobody.
        """
        self.assertEqual(ocsp.responders(Authority().issue("localhost").certificate), ())

    def test_otherKinds(self) -> None:
        """
        What is no responder, and what is no URL, is left out.
        """
        access = x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.DNSName("http://a.test/")),
                x509.AccessDescription(
                    AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://b.test/")
                ),
            ]
        )
        self.assertEqual(ocsp.responders(Authority().issue("localhost", extensions=(access,)).certificate), ())

    def test_broken(self) -> None:
        """
        An extension that cannot be read names nobody.
        """
        broken = x509.UnrecognizedExtension(x509.AuthorityInformationAccess.oid, b"\x30\x05nope")
        self.assertEqual(ocsp.responders(Authority().issue("localhost", extensions=(broken,)).certificate), ())
