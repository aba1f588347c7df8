"""
Tests of L{balws.auth.presenting}.
"""

from __future__ import annotations

from base64 import b64decode

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.authorization import read
from balws.auth.presenting import Fixed, sourceOf
from balws.config.clientauth import BearerTokenConfig, CredentialsConfig, clientAuth
from balws.errors import ConfigurationError
from tests.auth.checking import CANARY


class FixedTests(SynchronousTestCase):
    """
    Credentials that are there already (table 5.6).
    """

    def test_sample(self) -> None:
        """
        A name and password make the sample of RFC 7617.
        """
        source = sourceOf(CredentialsConfig(username="Aladdin", password="open sesame"), Clock())
        self.assertEqual(self.successResultOf(source.authorization()), b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")

    def test_unicode(self) -> None:
        """
        Both are sent in UTF-8, the password with all that is in it (AB03).
        """
        for password in ("a:b", " x ", "gr\u00fcn", "\U0001f511", "x" * 2000):
            source = sourceOf(CredentialsConfig(username="j\u00f6rg", password=password), Clock())
            value = self.successResultOf(source.authorization())
            self.assertEqual(b64decode(value[6:]).decode(), f"j\u00f6rg:{password}")
            self.assertIsNotNone(read(value))

    def test_bearer(self) -> None:
        """
        A token is sent as it is.
        """
        source = sourceOf(BearerTokenConfig(token="a.b-c"), Clock())
        self.assertEqual(self.successResultOf(source.authorization()), b"Bearer a.b-c")

    def test_same(self) -> None:
        """
        They stay the same: asking again after a 401 brings nothing better.
        """
        source = Fixed(b"Bearer", b"x")
        self.assertFalse(source.rejected(b"Bearer x"))
        self.assertEqual(self.successResultOf(source.authorization()), b"Bearer x")
        self.assertIsNone(self.successResultOf(source.close()))
        self.assertEqual(self.successResultOf(source.authorization()), b"Bearer x")

    def test_quiet(self) -> None:
        """
        Nobody sees what they are (AB13).
        """
        for config in ({"username": "ada", "password": CANARY}, {"token": CANARY}):
            record = clientAuth(config)
            source = sourceOf(record, Clock())
            for shown in (repr(record), str(record), repr(source), str(source), f"{[source]}"):
                self.assertNotIn(CANARY, shown)


class SourceTests(SynchronousTestCase):
    """
    Credentials that must be made or fetched.
    """

    def test_kinds(self) -> None:
        """
        Each kind of configuration has its source, which shows nothing and lets go of
        everything.
        """
        client = {"clientId": "me", "clientSecret": CANARY}
        for config in (
            {"issuer": "me", "signatureConfig": {"algorithm": "HS256", "config": CANARY * 3}},
            {"tokenUrl": "https://127.0.0.1:1/token", **client},
            {"tokenUrl": "https://127.0.0.1:1/token", "username": "ada", "password": CANARY, **client},
            {"refreshUrl": "https://127.0.0.1:1/token", "refreshToken": CANARY, **client},
            {"tokenUrl": "https://127.0.0.1:1/token", "assertion": CANARY, **client},
        ):
            record = clientAuth(config)
            source = sourceOf(record, Clock())
            self.assertNotIsInstance(source, Fixed)
            self.assertNotIn(CANARY, f"{record!r} {source!r}")
            self.successResultOf(source.close())

    def test_unusable(self) -> None:
        """
        A key that cannot be read is found when the client is made.
        """
        record = clientAuth({"issuer": "me", "signatureConfig": {"config": {"keyFile": self.mktemp()}}})
        self.assertRaises(ConfigurationError, sourceOf, record, Clock())
