"""
Tests of the pages on TLS and authentication for which more is needed than Python: openssl, a
browser, a directory, an issuer of tokens.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT
from tests.certificates import Authority
from tests.documents.blocks import blocksOf
from tests.documents.walk import Walk
from tests.integration.browser import BrowserCase
from tests.integration.oidc import OidcCase
from tests.integration.slapd import Slapd

HOWTO = ROOT / "docs" / "howto"

#: Why tests that need it are skipped; L{None} where they are not.
NO_OPENSSL = None if os.environ.get("BALWS_REQUIRE_ALL") or shutil.which("openssl") else "there is no openssl"


class OpenSslTests(SynchronousTestCase):
    """
    Pages whose reader makes keys and certificates.
    """

    skip = NO_OPENSSL

    def walk(self, name: str) -> Walk:
        """
        Go through a page.
        """
        walk = Walk(self, HOWTO / f"{name}.rst")
        walk.go()
        return walk

    def test_tls(self) -> None:
        """
        A listener speaks TLS with a certificate of one's own, and its clients know it.
        """
        self.walk("tls")

    def test_mutualTls(self) -> None:
        """
        Clients show a certificate, and who has none stays outside.
        """
        self.walk("mutual-tls")

    def test_jwt(self) -> None:
        """
        Whoever has a token of the issuer gets in, until it expires.
        """
        self.walk("jwt")


class BrowserPageTests(BrowserCase):
    """
    The page on browsers, in one.
    """

    def talk(self, walk: Walk) -> None:
        """
        Open the page that the guide shows, and see that its token was accepted.
        """
        self.awaitLine(self.visit(f"http://127.0.0.1:{walk.serve()}/"), "#log", "ada: Hello")
        self.assertEqual(self.errors, [])

    def test_bearer(self) -> None:
        """
        A token among the sub-protocols opens a connection.
        """
        page = HOWTO / "browsers.rst"
        blocks = [block.language for block in blocksOf(page)]
        walk = Walk(self, page)
        walk.skip(blocks.index("text"))
        self.talk(walk)

    def test_cookie(self) -> None:
        """
        So does one in a cookie.
        """
        walk = Walk(self, HOWTO / "browsers.rst")
        walk.skip()
        self.talk(walk)


class DirectoryTests(SynchronousTestCase):
    """
    The page on directories, with OpenLDAP.
    """

    def test_ldap(self) -> None:
        """
        Users log in with the password of the directory, by LDAPS and by StartTLS, and its
        groups are their scopes.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        slapd = Slapd(folder)
        self.addCleanup(slapd.stop)
        walk = Walk(
            self,
            HOWTO / "ldap.rst",
            {
                "ldaps://directory.example.org": slapd.ldaps,
                "ldap://directory.example.org": slapd.ldap,
                "dc=example,dc=org": "dc=balws,dc=test",
            },
        )
        shutil.copy(slapd.authority, walk.folder / "ca.crt")
        walk.go()


class IssuerTests(OidcCase):
    """
    The page on OAuth2, with oidc-provider.
    """

    def test_oauth2(self) -> None:
        """
        Clients get tokens from the server, and the service asks the same server about them.
        """
        authority = Authority()
        server = self.begin(issued=authority.issue("localhost"))
        walk = Walk(self, HOWTO / "oauth2.rst", {"https://login.example": server.issuer})
        shutil.move(authority.write(walk.folder), walk.folder / "ca.crt")
        walk.go()
