"""
Tests of L{balws.cli.clientauth}.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.logger import Logger, LogLevel
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from balws.cli import asked, clientauth
from balws.cli.clientauth import ClientOptions, tellingWarnings
from balws.config.client import ClientConfiguration
from balws.config.clientauth import BearerTokenConfig, CredentialsConfig
from balws.config.oauth2 import (
    OAuth2ClientCredentialsGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
)
from balws.config.secure import ClientSecureSocket
from balws.errors import ConfigurationError
from balws.tls import client

CANARY = "s3cret-canary"
WS, WSS, ISSUER = "ws://localhost/", "wss://localhost/", "https://issuer.example/token"


class Some(ClientOptions):
    """
    A command.
    """

    synopsis = "Usage: some URL"


class ClientOptionsTestCase(SynchronousTestCase):
    """
    Takes what is said of the environment.
    """

    def setUp(self) -> None:
        self.variables: dict[str, str] = {}
        self.patch(os, "environ", self.variables)
        self.asked: list[str] = []
        self.patch(asked, "getpass", self.ask)

    def ask(self, prompt: str) -> str:
        self.asked.append(prompt)
        return CANARY

    def fields(self, *arguments: str) -> dict[str, Any]:
        """
        @return: the fields that a command line makes; they make a configuration.
        """
        options = Some()
        options.parseOptions(list(arguments))
        fields = options.fields()
        ClientConfiguration(**fields)
        return fields

    def wrong(self, *arguments: str) -> str:
        """
        @return: why a command line cannot be; nobody was asked for a secret.
        """
        problem = self.assertRaises(UsageError, Some().parseOptions, list(arguments))
        self.assertEqual(self.asked, [])
        return str(problem)

    def file(self, text: str = f"{CANARY}\n") -> str:
        """
        @return: the name of a file with this text.
        """
        path = Path(self.mktemp())
        path.write_text(text)
        path.chmod(0o600)
        return str(path)


class CredentialsTests(ClientOptionsTestCase):
    """
    Who we are.
    """

    def test_none(self) -> None:
        """
        Without an option nothing is shown, whatever is in the environment.
        """
        self.variables.update(BALWS_TOKEN=CANARY, BALWS_PASSWORD=CANARY)
        self.assertIsNone(self.fields(WS)["auth"])

    def test_user(self) -> None:
        """
        A user's password is in a file, or in the environment, or is asked for, in this order.
        """
        self.assertEqual(self.fields(WS, "--user", "ada")["auth"], CredentialsConfig(username="ada", password=CANARY))
        self.assertEqual(self.asked, ["Password for ada: "])
        self.variables["BALWS_PASSWORD"] = "of the environment"
        self.assertEqual(self.fields(WS, "-u", "ada")["auth"].password.reveal(), "of the environment")
        auth = self.fields(WS, "-u", "ada", "--password-file", self.file("of the file\n"))["auth"]
        self.assertEqual(auth.password.reveal(), "of the file")
        self.assertEqual(len(self.asked), 1)

    def test_bearer(self) -> None:
        """
        A token is in the environment or in a file.
        """
        self.variables["BALWS_TOKEN"] = CANARY
        self.assertEqual(self.fields(WS, "--bearer")["auth"], BearerTokenConfig(token=CANARY))
        auth = self.fields(WS, "--bearer-file", self.file("another"))["auth"]
        self.assertEqual(auth.token.reveal(), "another")
        self.assertEqual(self.asked, [])

    def test_grants(self) -> None:
        """
        Or an issuer is asked for one, by one of three grants.
        """
        client = ("--client-id", "robot", "--client-secret-file", self.file())
        auth = self.fields(WS, "--oauth2-client-credentials", ISSUER, *client, "--scope", "a", "--scope", "b")["auth"]
        self.assertIsInstance(auth, OAuth2ClientCredentialsGrantConfig)
        self.assertEqual((auth.clientId, auth.clientSecret.reveal(), auth.scopes), ("robot", CANARY, ("a", "b")))
        self.variables["BALWS_REFRESH_TOKEN"] = "first"
        auth = self.fields(WS, "--oauth2-refresh", ISSUER, *client)["auth"]
        self.assertIsInstance(auth, OAuth2RefreshTokenGrantConfig)
        self.assertEqual((auth.refreshUrl, auth.refreshToken.reveal()), (ISSUER, "first"))
        auth = self.fields(WS, "--oauth2-refresh", ISSUER, *client, "--refresh-token-file", self.file("2nd"))["auth"]
        self.assertEqual(auth.refreshToken.reveal(), "2nd")
        self.variables["BALWS_PASSWORD"] = "of ada"
        auth = self.fields(WS, "--oauth2-password", ISSUER, "--user", "ada")["auth"]
        self.assertIsInstance(auth, OAuth2PasswordGrantConfig)
        self.assertEqual((auth.username, auth.password.reveal(), auth.clientId), ("ada", "of ada", None))
        self.variables["BALWS_CLIENT_SECRET"] = "of the client"
        auth = self.fields(WS, "--oauth2-password", ISSUER, "--user", "ada", "--client-id", "robot")["auth"]
        self.assertEqual(auth.clientSecret.reveal(), "of the client")
        self.assertEqual(self.asked, [])

    def test_asksForClient(self) -> None:
        """
        A client's secret that is nowhere is asked for.
        """
        auth = self.fields(WS, "--oauth2-client-credentials", ISSUER, "--client-id", "robot")["auth"]
        self.assertEqual((auth.clientSecret.reveal(), self.asked), (CANARY, ["Secret of the client: "]))

    def test_authorities(self) -> None:
        """
        The certificates that are trusted are those for the issuer, too.
        """
        client = ("--client-id", "robot", "--ca-file", "ca.pem", WSS)
        auth = self.fields("--oauth2-client-credentials", ISSUER, *client)["auth"]
        self.assertEqual(auth.clientConfig.secureSocket.cert, "ca.pem")
        auth = self.fields("--oauth2-client-credentials", "http://127.0.0.1:1/t", *client)["auth"]
        self.assertIsNone(auth.clientConfig.secureSocket)

    def test_wrong(self) -> None:
        """
        What does not go together, and what is missing, is said before anything is asked.
        """
        self.assertEqual(self.wrong("foo"), "a URL begins with ws:// or wss://; did you mean ws://foo?")
        for arguments, words in (
            (["--user", "a", "--bearer"], "these are different credentials, take one: --bearer, --user"),
            (["--bearer", "--bearer-file", "x"], "these are different credentials, take one: --bearer, --bearer-file"),
            (["--oauth2-password", ISSUER], "--oauth2-password needs --user"),
            (["--oauth2-refresh", ISSUER], "--oauth2-refresh needs --client-id"),
            (["--oauth2-client-credentials", ISSUER], "--oauth2-client-credentials needs --client-id"),
            (
                ["--scope", "a"],
                "--client-id and --scope go with one of --oauth2-client-credentials, --oauth2-password, "
                "--oauth2-refresh",
            ),
            (["--password-file", "x"], "--password-file goes with --user"),
            (["--client-secret-file", "x"], "--client-secret-file goes with --client-id"),
            (["--refresh-token-file", "x"], "--refresh-token-file goes with --oauth2-refresh"),
        ):
            self.assertEqual(self.wrong(WS, *arguments), words)

    def test_noTerminal(self) -> None:
        """
        Where nobody can be asked, it is said how else a password is given.
        """

        def noTerminal(question: str) -> str:
            raise ConfigurationError("nothing was given")

        self.patch(clientauth, "askSecret", noTerminal)
        problem = self.assertRaises(ConfigurationError, self.fields, WS, "--user", "a")
        self.assertEqual(str(problem), "nothing was given; give it by --password-file FILE, or in BALWS_PASSWORD")

    def test_notThere(self) -> None:
        """
        A secret that cannot be had is told without any of it.
        """
        for arguments, words in (
            (["--bearer"], "the environment variable 'BALWS_TOKEN' is not set"),
            (["--bearer-file", "nowhere"], "--bearer-file: the file 'nowhere' cannot be read: No such file"),
            (["--user", "a", "--password-file", "nowhere"], "--password-file: the file 'nowhere' cannot be read"),
            (["--oauth2-refresh", ISSUER, "--client-id", "a"], "the environment variable 'BALWS_REFRESH_TOKEN' is"),
            (["--bearer-file", self.file("a b")], "token: expected a token: visible ASCII"),
        ):
            problem = self.assertRaises(ConfigurationError, self.fields, WS, *arguments)
            self.assertIn(words, str(problem))


class RequestTests(ClientOptionsTestCase):
    """
    What else is said.
    """

    def test_headers(self) -> None:
        """
        Headers, the origin and sub-protocols are those of the configuration.
        """
        fields = self.fields(
            *("-H", "X-One: a: b ", "--header", "X-Two:"),
            *("--origin", "https://example.org", "-s", "v2", "--sub-protocol", "v1", "--no-compression", WS),
        )
        self.assertEqual(fields["customHeaders"], {"X-One": "a: b", "X-Two": "", "Origin": "https://example.org"})
        self.assertEqual(list(fields["subProtocols"]), ["v2", "v1"])
        self.assertFalse(fields["webSocketCompressionEnabled"])
        self.assertTrue(self.fields(WS)["webSocketCompressionEnabled"])

    def test_wrong(self) -> None:
        """
        Those that cannot be are refused, without their values.
        """
        self.assertEqual(self.wrong(WS, "--header", CANARY), "--header is 'Name: value'")
        self.assertEqual(self.wrong(WS, "-H", "a: 1", "-H", "A: 2"), "--header: a header is given twice")
        self.assertIn("this header belongs to the handshake", self.wrong(WS, "-H", "Upgrade: h2c"))
        problem = self.wrong(WS, "-H", f"X-A: {CANARY}\x01.")
        self.assertIn("X-A", problem)
        self.assertNotIn(CANARY, problem)
        self.assertIn("--sub-protocol: ", self.wrong(WS, "-s", "a b"))


class TrustTests(ClientOptionsTestCase):
    """
    TLS.
    """

    def test_secured(self) -> None:
        """
        Whom to trust, who we are, and that nobody is verified.
        """
        self.assertIsNone(self.fields(WSS)["secureSocket"])
        self.assertEqual(
            self.fields(WSS, "--ca-file", "ca.pem", "--cert", "c.pem", "--key", "k.pem")["secureSocket"],
            {"enable": True, "cert": "ca.pem", "key": {"certFile": "c.pem", "keyFile": "k.pem"}},
        )
        self.assertFalse(self.fields(WSS, "--insecure")["secureSocket"]["enable"])

    def test_wrong(self) -> None:
        """
        What means nothing without TLS, and half of a pair, are refused.
        """
        self.assertEqual(self.wrong(WS, "--insecure"), "--insecure is for wss URLs")
        self.assertEqual(self.wrong(WS, "--ca-file", "x"), "--ca-file is for wss URLs")
        self.assertEqual(self.wrong(WSS, "--key", "x"), "--cert and --key go together")
        self.assertIn("Private key file location must be provided", self.wrong(WSS, "--cert", "x"))


class WarningsTests(SynchronousTestCase):
    """
    What the library warns of.
    """

    def test_told(self) -> None:
        """
        Warnings of balws are handed on in one line, until that ends; nothing else is.
        """
        lines: list[str] = []
        stop = tellingWarnings(lines.append)
        log = Logger(namespace="balws.tls")
        log.warn("one\n{two}", two="\x1b")
        log.info("nothing")
        Logger(namespace="other").emit(LogLevel.warn, "nothing")
        stop()
        log.warn("nothing")
        self.assertEqual(lines, ["one\\n\\x1b"])

    def test_insecure(self) -> None:
        """
        What is a field of the configuration elsewhere is called by its option.
        """
        client._warn.cache_clear()  # it is said once a process
        lines: list[str] = []
        stop = tellingWarnings(lines.append)
        self.addCleanup(stop)
        client.TlsClient("a.example", ClientSecureSocket(enable=False))
        self.assertEqual(len(lines), 1)
        self.assertIn("TLS without verification (--insecure): ", lines[0])
