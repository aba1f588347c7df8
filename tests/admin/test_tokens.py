"""
Tests of L{balws.admin.tokens}.
"""

from __future__ import annotations

import hmac

from twisted.trial.unittest import SynchronousTestCase

from balws.admin.tokens import Token
from balws.config.secret import Secret
from tests.admin.observed import TOKEN


class TokenTests(SynchronousTestCase):
    """
    Who shows the token is the operator.
    """

    def setUp(self) -> None:
        self.token = Token(Secret(TOKEN))

    def test_fits(self) -> None:
        """
        The token fits, and nothing that is nearly it.
        """
        self.assertTrue(self.token.fits(TOKEN))
        for shown in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), f" {TOKEN}", "ä", "\ud800"):
            self.assertFalse(self.token.fits(shown), shown)

    def test_constantTime(self) -> None:
        """
        Texts of one length are compared, whatever is shown, and in a time that tells nothing.
        """
        lengths = []

        def compare(one: bytes, other: bytes) -> bool:
            lengths.append((len(one), len(other)))
            return False

        self.patch(hmac, "compare_digest", compare)
        for shown in ("", "x", TOKEN * 100):
            self.assertFalse(self.token.fits(shown))
        self.assertEqual(lengths, [(32, 32)] * 3)

    def test_hidden(self) -> None:
        """
        Nothing shows it.
        """
        self.assertNotIn(TOKEN, repr(self.token) + str(vars(self.token)))
