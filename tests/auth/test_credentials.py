"""
Tests of L{balws.auth.credentials}.
"""

from __future__ import annotations

from twisted.cred.credentials import ICredentials, IUsernamePassword
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.auth.credentials import BasicCredentials, BearerToken
from balws.interfaces import IBearerToken
from tests.auth.checking import CANARY


class CredentialsTests(SynchronousTestCase):
    """
    What checkers are given.
    """

    def test_interfaces(self) -> None:
        """
        A name and password are Cred's own kind, and a token is a kind of balws.
        """
        self.assertTrue(verifyObject(IUsernamePassword, BasicCredentials(b"ada", b"x")))
        token = BearerToken("x")
        self.assertTrue(verifyObject(IBearerToken, token))
        self.assertTrue(ICredentials.providedBy(token))
        self.assertFalse(IUsernamePassword.providedBy(token))

    def test_checkPassword(self) -> None:
        """
        A checker that knows a password in plain text can compare the whole of it.
        """
        credentials = BasicCredentials(b"ada", "gr\u00fcn ".encode())
        self.assertTrue(credentials.checkPassword("gr\u00fcn ".encode()))
        for other in (b"", b"gr", "gr\u00fcn".encode(), "gr\u00fcn  ".encode()):
            self.assertFalse(credentials.checkPassword(other), other)

    def test_quiet(self) -> None:
        """
        Neither shows what it holds (AB13).
        """
        for credentials in (BasicCredentials(CANARY.encode(), CANARY.encode()), BearerToken(CANARY)):
            self.assertNotIn(CANARY, f"{credentials!r} {credentials!s} {[credentials]}")
