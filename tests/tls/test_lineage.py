"""
Tests of L{balws.tls.lineage}.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from twisted.trial.unittest import SynchronousTestCase

from balws.tls.lineage import MAX_CHAIN, hasIssued, lineage
from balws.tls.verdict import CannotTell
from tests.certificates import Authority, Issued


class LineageTests(SynchronousTestCase):
    """
    The way up from a certificate.
    """

    def setUp(self) -> None:
        """
        A root, an authority below it, and somebody below that.
        """
        self.root = Authority("Root")
        self.middle = Authority("Middle", issuer=self.root)
        self.issued = self.middle.issue("localhost")
        self.leaf = self.issued.certificate

    def assertWay(
        self, expected: list[x509.Certificate], chain: list[x509.Certificate], trust: list[x509.Certificate]
    ) -> None:
        """
        These are on the way: each with the next as its issuer.
        """
        self.assertEqual(lineage(chain, trust), list(zip(expected, expected[1:], strict=False)))

    def assertLost(self, chain: list[x509.Certificate], trust: list[x509.Certificate]) -> None:
        """
        There is no way.
        """
        self.assertRaises(CannotTell, lineage, chain, trust)

    def test_way(self) -> None:
        """
        From the peer over all in between to the root, whether the peer shows the root or
        not, and in whatever order.
        """
        middle, root = self.middle.certificate, self.root.certificate
        way = [self.leaf, middle, root]
        self.assertWay(way, [self.leaf, middle], [root])
        self.assertWay(way, [self.leaf, middle, root], [root])
        self.assertWay(way, [self.leaf, root, middle], [Authority().certificate, root])
        self.assertWay(way, [self.leaf], [middle, root])
        self.assertWay(way, [self.leaf], [root, middle])

    def test_trusted(self) -> None:
        """
        Who is trusted needs nobody above: a root, a certificate that was trusted by itself,
        an authority whose issuer is not known.
        """
        middle, root = self.middle.certificate, self.root.certificate
        self.assertWay([], [root], [root])
        self.assertWay([], [self.leaf], [self.leaf])
        self.assertWay([self.leaf, middle], [self.leaf, middle, root], [middle])
        below = Authority("Below", issuer=self.middle)
        leaf = below.issue("localhost").certificate
        self.assertWay([leaf, below.certificate], [leaf, below.certificate, middle], [below.certificate])

    def test_unknown(self) -> None:
        """
        Nobody vouches for the others.
        """
        self.assertLost([], [self.root.certificate])
        self.assertLost([self.leaf], [self.root.certificate])
        self.assertLost([self.leaf, self.middle.certificate], [])
        self.assertLost([self.leaf, self.middle.certificate], [Authority("Root").certificate])

    def test_rootOfTheirOwn(self) -> None:
        """
        An authority that shows a root of its own making for its key is still asked about.
        """
        middle = self.middle.certificate
        builder = self.middle.builder(middle.subject, self.middle.key, 1, isAuthority=True)
        own = builder.sign(self.middle.key, SHA256())
        self.assertTrue(hasIssued(own, self.leaf))
        self.assertWay([self.leaf, middle, self.root.certificate], [self.leaf, own, middle], [self.root.certificate])
        self.assertLost([self.leaf, own], [self.root.certificate])

    def test_renewedRoot(self) -> None:
        """
        Two certificates of one root, both trusted, are not each other's issuers.
        """
        root = self.root.certificate
        again = self.root.builder(root.subject, self.root.key, 2, isAuthority=True).sign(self.root.key, SHA256())
        for trust in ([root, again], [again, root]):
            self.assertWay([self.leaf, self.middle.certificate, trust[0]], [self.leaf, self.middle.certificate], trust)

    def test_circle(self) -> None:
        """
        Two authorities that vouch for each other lead nowhere.
        """
        other = Authority("Other")
        there = self.middle.builder(other.certificate.subject, other.key, 1, isAuthority=True)
        back = other.builder(self.middle.certificate.subject, self.middle.key, 1, isAuthority=True)
        self.assertLost(
            [self.leaf, back.sign(other.key, SHA256()), there.sign(self.middle.key, SHA256())],
            [self.root.certificate],
        )

    def test_length(self) -> None:
        """
        Ten certificates are looked at; a peer with more is refused.
        """
        authorities = [Authority("A0")]
        while len(authorities) < MAX_CHAIN + 1:
            authorities.append(Authority(f"A{len(authorities)}", issuer=authorities[-1]))
        root = authorities[0].certificate
        for depth, isFine in ((MAX_CHAIN - 2, True), (MAX_CHAIN - 1, True), (MAX_CHAIN, False)):
            issued: Issued = authorities[depth].issue("localhost")
            chain = [issued.certificate, *(each.certificate for each in reversed(authorities[1 : depth + 1]))]
            if isFine:
                self.assertEqual(len(lineage(chain, [root])), depth + 1)
            else:
                self.assertLost(chain, [root])

    def test_hasIssued(self) -> None:
        """
        Name and signature must both fit.
        """
        self.assertTrue(hasIssued(self.middle.certificate, self.leaf))
        self.assertFalse(hasIssued(self.root.certificate, self.leaf))
        self.assertFalse(hasIssued(Authority("Middle").certificate, self.leaf))
