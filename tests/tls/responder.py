"""
What authorities say about their certificates: signed in memory, and told by HTTP on
loopback.
"""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequest,
    OCSPRequestBuilder,
    OCSPResponderEncoding,
    OCSPResponseBuilder,
    load_der_ocsp_request,
    load_der_ocsp_response,
)
from twisted.internet.defer import Deferred, fail, succeed
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from balws.tls.verdict import CannotTell
from tests.certificates import Authority, Issued

GOOD = OCSPCertStatus.GOOD
REVOKED = OCSPCertStatus.REVOKED
UNKNOWN = OCSPCertStatus.UNKNOWN

_SHA256 = SHA256()


def moment(seconds: float) -> datetime:
    """
    @param seconds: since the epoch.
    """
    return datetime.fromtimestamp(int(seconds), UTC)


def request(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: HashAlgorithm | None = None
) -> OCSPRequest:
    """
    @return: the question about a certificate.
    """
    return OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm or SHA1()).build()


@attrs.frozen(kw_only=True)
class Statement:
    """
    How an OCSP response is made: a good one, unless something is said.

    @ivar signer: who signs; L{None} the authority itself.
    @ivar shown: certificates that come along.
    @ivar begin: C{thisUpdate}, in seconds from now.
    @ivar end: C{nextUpdate}, in seconds from now.
    """

    status: OCSPCertStatus = GOOD
    signer: Issued | Authority | None = None
    shown: tuple[x509.Certificate, ...] = ()
    byName: bool = False
    algorithm: HashAlgorithm | None = SHA256()
    begin: float = -60
    end: float | None = 3600
    extension: tuple[x509.ExtensionType, bool] | None = None

    def about(self, question: OCSPRequest, authority: Authority, now: float) -> bytes:
        """
        @return: the response in DER.
        """
        signer = self.signer or authority
        isRevoked = self.status is REVOKED
        builder = OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=question.issuer_name_hash,
            issuer_key_hash=question.issuer_key_hash,
            serial_number=question.serial_number,
            algorithm=question.hash_algorithm,
            cert_status=self.status,
            this_update=moment(now + self.begin),
            next_update=None if self.end is None else moment(now + self.end),
            revocation_time=moment(now - 100) if isRevoked else None,
            revocation_reason=None,
        )
        how = OCSPResponderEncoding.NAME if self.byName else OCSPResponderEncoding.HASH
        builder = builder.responder_id(how, signer.certificate)
        if self.shown:
            builder = builder.certificates(list(self.shown))
        if self.extension:
            builder = builder.add_extension(*self.extension)
        return builder.sign(signer.key, self.algorithm).public_bytes(Encoding.DER)


def answer(authority: Authority, certificate: x509.Certificate, now: float | None = None, **changes: Any) -> bytes:
    """
    @param changes: fields of L{Statement}.
    @return: an OCSP response about a certificate.
    """
    question = request(certificate, authority.certificate)
    return Statement(**changes).about(question, authority, time.time() if now is None else now)


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes((tag, *([0x80 | len(length)] if size > 127 else []))) + length + content


def _parts(data: bytes) -> list[bytes]:
    """
    @return: the elements inside of one element of DER.
    """
    found, at = [], None
    end = len(data)
    while at is None or at < end:
        begin = at or 0
        size, at = data[begin + 1], begin + 2
        if size & 0x80:
            size, at = int.from_bytes(data[at : at + (size & 0x7F)], "big"), at + (size & 0x7F)
        if begin:
            found.append(data[begin : at + size])
            at += size
    return found


def rebuilt(response: bytes, key: Any, times: int = 1) -> bytes:
    """
    Make a response that cryptography does not make.

    @param key: who signs it (P-256), whomever it names.
    @param times: how often it says what it says.
    """
    whole = load_der_ocsp_response(response)
    responder, produced, answers = _parts(whole.tbs_response_bytes)[:3]
    data = _der(0x30, responder, produced, _der(0x30, *_parts(answers) * times))
    signature = key.sign(data, ec.ECDSA(SHA256()))
    basic = _der(0x30, data, _der(0x30, b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"), _der(3, b"\0", signature))
    kind = b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
    return _der(0x30, b"\x0a\x01\x00", _der(0xA0, _der(0x30, kind, _der(4, basic))))


def revocationList(
    authority: Authority,
    serials: Iterable[int] = (),
    now: float | None = None,
    *,
    begin: float = -60,
    end: float = 3600,
    signer: Authority | None = None,
    algorithm: HashAlgorithm | None = _SHA256,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """
    @param begin: C{thisUpdate}, in seconds from now.
    @param end: C{nextUpdate}, in seconds from now.
    @param signer: who signs in the authority's name; L{None} the authority itself.
    @return: a list of revoked certificates in DER.
    """
    start = time.time() if now is None else now
    revoked = [
        x509.RevokedCertificateBuilder().serial_number(each).revocation_date(moment(start - 100)).build()
        for each in serials
    ]
    builder = x509.CertificateRevocationListBuilder(
        authority.certificate.subject, moment(start + begin), moment(start + end), [], revoked
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign((signer or authority).key, algorithm).public_bytes(Encoding.DER)


class Pages:
    """
    An authority without a network, which gives what a test puts there.

    @ivar pages: by the beginning of a URL: a body, an error, or a L{Deferred}.
    @ivar asked: all URLs that were asked, and what was posted there.
    """

    def __init__(self, **pages: Any) -> None:
        self.pages: dict[str, Any] = {f"http://{name}.test": page for name, page in pages.items()}
        self.asked: list[tuple[str, bytes]] = []
        self.limits: list[tuple[int, float]] = []

    def __call__(self, url: str, limit: int, seconds: float, question: bytes = b"") -> Deferred[bytes]:
        """
        See L{balws.tls.download.Fetch}.
        """
        self.asked.append((url, question))
        self.limits.append((limit, seconds))
        for begin, page in self.pages.items():
            if url.startswith(begin):
                page = page() if callable(page) else page
                if isinstance(page, Exception):
                    return fail(page)
                return page if isinstance(page, Deferred) else succeed(page)
        return fail(CannotTell(f"{url}: nobody is there"))


class Page(Resource):
    """
    Answers everything below one URL with what a function makes of the request.
    """

    isLeaf = True

    def __init__(self, render: Callable[[Any], Any]) -> None:
        super().__init__()
        self.render = render


class Responder:
    """
    An authority's servers on loopback: OCSP, and its list of revoked certificates.

    @ivar revoked: serial numbers of revoked certificates, for both.
    @ivar statement: how OCSP answers about the others.
    @ivar asked: the methods and paths of all requests.
    @ivar instead: what both answer instead, for a test of broken ones: a function of the
        request.
    """

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.revoked: set[int] = set()
        self.statement = Statement()
        self.asked: list[tuple[bytes, bytes]] = []
        self.instead: Callable[[Any], Any] | None = None
        self._port: Any = None
        self._base = ""

    def start(self, reactor: Any) -> None:
        """
        Listen on a free port.
        """
        root = Resource()
        root.putChild(b"ocsp", Page(self._ocsp))
        root.putChild(b"list", Page(self._list))
        self._port = reactor.listenTCP(0, Site(root), interface="127.0.0.1")
        self._base = f"http://127.0.0.1:{self._port.getHost().port}"

    def stop(self) -> Any:
        """
        @return: a L{Deferred} that fires when the port is closed.
        """
        return self._port.stopListening()

    @property
    def ocspUrl(self) -> str:
        """
        For C{ocspUrls} of L{Authority.issue}.
        """
        return f"{self._base}/ocsp"

    @property
    def listUrl(self) -> str:
        """
        For C{crlUrls} of L{Authority.issue}.
        """
        return f"{self._base}/list"

    def _ocsp(self, asked: Any) -> Any:
        self.asked.append((asked.method, asked.path))
        if self.instead is not None:
            return self.instead(asked)
        if asked.method == b"POST":
            assert asked.getHeader("content-type") == "application/ocsp-request"
            data = asked.content.read()
        else:
            data = b64decode(unquote_to_bytes(asked.path.rpartition(b"/")[2]), validate=True)
        question = load_der_ocsp_request(data)
        isRevoked = question.serial_number in self.revoked
        statement = attrs.evolve(self.statement, status=REVOKED) if isRevoked else self.statement
        asked.setHeader("Content-Type", "application/ocsp-response")
        return statement.about(question, self.authority, time.time())

    def _list(self, asked: Any) -> Any:
        self.asked.append((asked.method, asked.path))
        if self.instead is not None:
            return self.instead(asked)
        return revocationList(self.authority, self.revoked)


def hang(asked: Any) -> Any:
    """
    For C{instead}: never answer.
    """
    return NOT_DONE_YET
