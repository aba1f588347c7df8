"""
Tests of L{balws.config.backend}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.backend import BackEndSecureSocket, HttpClientConfig, backEndUrl, shownUrl
from balws.config.records import build
from balws.config.secret import Secret
from balws.config.secure import CertKey, TrustStore
from balws.config.values import MAX_NUMBER, convert
from balws.errors import ConfigurationError

CANARY = "canary-secret"


class UrlTests(SynchronousTestCase):
    """
    URLs of back ends.
    """

    def test_good(self) -> None:
        """
        https anywhere, and http to this machine.
        """
        for url in (
            "https://example.com",
            "https://example.com:8443/a/b?c=d%20e",
            "https://[2001:db8::1]/",
            "https://192.0.2.1/",
            "http://localhost:9000/token",
            "http://127.0.0.1/",
            "http://127.9.9.9:1/",
            "http://[::1]:65535/",
        ):
            self.assertEqual(convert(backEndUrl, "url", url), url)

    def test_bad(self) -> None:
        """
        Everything else is refused, and nothing of it is shown (OA05).
        """
        for url in (
            None,
            5,
            "",
            CANARY,
            f"http://example.com/{CANARY}",
            f"http://192.0.2.1/{CANARY}",
            f"http://localhost.example.com/{CANARY}",
            f"http://127.0.0.1.example.com/{CANARY}",
            f"http://[2001:db8::1]/{CANARY}",
            f"ftp://localhost/{CANARY}",
            f"file:///{CANARY}",
            f"//example.com/{CANARY}",
            f"https://user:{CANARY}@example.com/",
            f"https://{CANARY}@example.com/",
            "https://@example.com/",
            f"https://example.com/{CANARY}#x",
            f"https:///{CANARY}",
            f"https://:443/{CANARY}",
            f"https://example.com:0/{CANARY}",
            f"https://example.com:65536/{CANARY}",
            f"https://example.com:x/{CANARY}",
            f"https://[::1/{CANARY}",
            f"https://example.com/ {CANARY}",
            f"https://example.com/\r\nX: {CANARY}",
            f"https://exämple.com/{CANARY}",
            f"https://example.com\\{CANARY}",
        ):
            error = self.assertRaises(ConfigurationError, convert, backEndUrl, "tokenUrl", url)
            self.assertEqual(error.path, "tokenUrl")
            self.assertNotIn(CANARY, str(error))

    def test_shown(self) -> None:
        """
        A query is not shown: it may hold a secret.
        """
        self.assertEqual(shownUrl(f"https://a/b?c={CANARY}"), "'https://a/b'")


class HttpClientConfigTests(SynchronousTestCase):
    """
    The record.
    """

    def refused(self, path: str, **fields: Any) -> str:
        """
        @return: what is wrong.
        """
        error = self.assertRaises(ConfigurationError, build, HttpClientConfig, fields)
        self.assertEqual(error.path, path)
        self.assertNotIn(CANARY, str(error))
        return error.problem

    def test_defaults(self) -> None:
        """
        The reference library's defaults.
        """
        config = HttpClientConfig()
        self.assertEqual((config.httpVersion, config.connectTimeout, config.reqTimeout), ("HTTP_1_1", 15, 30))
        self.assertEqual(dict(config.customHeaders), {})
        for each in (config.customPayload, config.auth, config.secureSocket):
            self.assertIsNone(each)
        self.assertEqual(config, HttpClientConfig())

    def test_httpVersion(self) -> None:
        """
        There is one version, with two names.
        """
        for version in ("HTTP_1_1", "1.1"):
            self.assertEqual(HttpClientConfig(httpVersion=version).httpVersion, "HTTP_1_1")
        for version in ("HTTP_2", "2.0"):
            self.assertIn("HTTP/2", self.refused("httpVersion", httpVersion=version))
        for other in ("1.0", 1.1, None, [], {}):
            self.refused("httpVersion", httpVersion=other)

    def test_customHeaders(self) -> None:
        """
        Headers are checked, and their values are shown by nobody.
        """
        config = HttpClientConfig(customHeaders={"X-Key": CANARY, "Authorization": Secret(f"Basic {CANARY}")})
        self.assertEqual(config.customHeaders["X-Key"].reveal(), CANARY)
        self.assertEqual(config.customHeaders["Authorization"].reveal(), f"Basic {CANARY}")
        self.assertNotIn(CANARY, repr(config))
        for value in ("", " x", "x ", f"{CANARY}\r\nX: y", f"{CANARY}\n", f"{CANARY}ü", f"{CANARY}\0", 5, None):
            self.refused("customHeaders.X-Key", customHeaders={"X-Key": value})
        for name in ("Host", "content-length", "Transfer-Encoding", "Cookie", "Accept-Encoding", "Connection"):
            self.refused(f"customHeaders.{name}", customHeaders={name: "x"})
        self.refused("customHeaders.x-key", customHeaders={"X-Key": "1", "x-key": "2"})
        self.refused('customHeaders."a b"', customHeaders={"a b": "1"})
        self.refused("customHeaders", customHeaders=["X-Key"])

    def test_customPayload(self) -> None:
        """
        A payload is pairs of a form, encoded; nothing else can get into a request.
        """
        for payload in ("a=b", "a=", "resource=urn%3Ax&b=c+d"):
            config = HttpClientConfig(customPayload=payload)
            assert config.customPayload is not None
            self.assertEqual(config.customPayload.reveal(), payload)
        self.assertNotIn(CANARY, repr(HttpClientConfig(customPayload=f"key={CANARY}")))
        for bad in ("", CANARY, f"{CANARY}=b&", f"{CANARY}=b c", f"=b{CANARY}", f'{{"a": "{CANARY}"}}', 5):
            self.refused("customPayload", customPayload=bad)

    def test_timeouts(self) -> None:
        """
        0 and negative numbers are the defaults: nothing waits for ever.
        """
        config = HttpClientConfig(connectTimeout=0.5, reqTimeout=MAX_NUMBER)
        self.assertEqual((config.connectTimeout, config.reqTimeout), (0.5, MAX_NUMBER))
        for none in (0, -1):
            self.assertEqual(HttpClientConfig(connectTimeout=none, reqTimeout=none), HttpClientConfig())
        for bad in (float("inf"), float("nan"), MAX_NUMBER + 1, "5", True, None):
            self.refused("reqTimeout", reqTimeout=bad)
            self.refused("connectTimeout", connectTimeout=bad)

    def test_auth(self) -> None:
        """
        A grant is told by its keys; what is none is refused.
        """
        grant = {"tokenUrl": "https://a/", "clientId": "a", "clientSecret": CANARY}
        config = HttpClientConfig(auth=grant)
        self.assertEqual(type(config.auth).__name__, "OAuth2ClientCredentialsGrantConfig")
        self.assertNotIn(CANARY, repr(config))
        self.assertIsNone(config.withoutAuth().auth)
        self.assertEqual(config.withoutAuth(), HttpClientConfig())
        self.refused("auth", auth={"username": "a", "password": CANARY})
        self.refused("auth.clientConfig.auth", auth={**grant, "clientConfig": {"auth": grant}})

    def test_secureSocket(self) -> None:
        """
        TLS as clients have it, by fewer fields.
        """
        config = HttpClientConfig(
            secureSocket={
                "cert": {"path": "a.p12", "password": CANARY},
                "key": {"certFile": "a.crt", "keyFile": "a.key", "keyPassword": CANARY},
            }
        )
        secure = config.secureSocket
        assert secure is not None
        self.assertIsInstance(secure.cert, TrustStore)
        self.assertIsInstance(secure.key, CertKey)
        self.assertNotIn(CANARY, repr(config))
        client = secure.asClient()
        self.assertEqual((client.enable, client.cert, client.key), (True, secure.cert, secure.key))
        self.assertFalse(BackEndSecureSocket(disable=True).asClient().enable)
        self.assertEqual(BackEndSecureSocket(cert="a.pem").cert, "a.pem")
        self.refused("secureSocket.disable", secureSocket={"disable": "no"})
        self.refused("secureSocket.cert", secureSocket={"cert": 5})
        self.refused("secureSocket.key.keyFile", secureSocket={"key": {"certFile": "a", "keyFile": ""}})
        self.refused("secureSocket.enable", secureSocket={"enable": False})
