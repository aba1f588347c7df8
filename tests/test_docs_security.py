"""
Tests of what the pages on TLS and authentication say beside the tables of settings.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from balws import config
from balws.auth import authorization, throttle
from balws.auth.jwt import jwks
from balws.auth.users import passwords
from balws.server.gate import BEARER
from balws.tls import revocation, server
from balws.tls.ciphers import suitesFor
from tests import ROOT

DOCS = ROOT / "docs"

def page(name: str) -> str:
    """
    A page of the reference.
    """
    return (DOCS / "reference" / f"{name}.rst").read_text("utf-8")


class DetailTests(SynchronousTestCase):
    """
    What the pages say in figures and names; the tables of records are in L{tests.test_reference}.
    """

    def test_ciphers(self) -> None:
        """
        The suites that the page lists are those that are spoken when none are given.
        """
        block = re.search(r"\.\. code-block:: none\n\n(.*?)\n\n\S", page("tls"), re.DOTALL)
        assert block is not None
        listed = suitesFor(tuple(re.findall(r"TLS_\w+", block[1])), None)
        usual = suitesFor((), None)
        self.assertEqual({*listed.tls12, *listed.tls13}, {*usual.tls12, *usual.tls13})

    def test_figures(self) -> None:
        """
        The limits that the pages name are those of the code.
        """
        for name, words in (
            ("explanation/limits", f"{throttle.MAX_ADDRESSES} addresses are remembered"),
            ("explanation/limits", f"0.5 s and up to {throttle.LONGEST_WAIT:g}"),
            ("explanation/limits", f"{authorization.MAX_TOKEN >> 10} KiB, {authorization.MAX_BASIC >> 10} KiB"),
            ("explanation/limits", f"{passwords.MAX_PASSWORD} bytes"),
            ("explanation/limits", f"of a set of keys {jwks.MAX_BODY >> 10} KiB"),
            ("explanation/trust", f"oldest of {throttle.MAX_ADDRESSES} addresses"),
            ("reference/tls", f"within {revocation.DEADLINE} seconds"),
            ("reference/authentication", f"at most {passwords.MAX_PASSWORD} bytes"),
            ("howto/browsers", f'"{BEARER.decode()}"'),
        ):
            self.assertIn(words, " ".join((DOCS / f"{name}.rst").read_text("utf-8").split()), name)

    def test_records(self) -> None:
        """
        What the records say of their fields, and so the tables of the reference, is what the code does.
        """
        for record, words in (
            (config.CertValidation, f"0 means {revocation.CACHE_SIZE}"),
            (config.CertValidation, f"0 means {revocation.CACHE_PERIOD}"),
            (config.ListenerSecureSocket, f"L{{None}} and 0 mean {server.HANDSHAKE_TIMEOUT:g}"),
            (config.JwksConfig, f"else for {jwks.MAX_AGE}"),
        ):
            self.assertIn(words, " ".join((record.__doc__ or "").split()), record.__name__)

    def test_dependencies(self) -> None:
        """
        The extra that the page names is one of the package's.
        """
        self.assertIn('pip install "balws[argon2]"', page("command"))
        self.assertIn('"argon2": [', (ROOT / "setup.py").read_text("utf-8"))
