# -*- test-case-name: tests.cli.test_clientauth -*-
"""
What C{connect} and C{bench} have in common: where to connect to, what to trust, and who we
are.  A secret is never an argument: everybody on the machine can read those.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from twisted.logger import ILogObserver, LogLevel, formatEvent, globalLogPublisher
from twisted.python.usage import UsageError
from zope.interface import provider

from balws.cli.asked import askSecret
from balws.cli.hint import EXAMPLE, hinted, withExample
from balws.cli.numbers import whole
from balws.cli.options import ReactingOptions
from balws.client.address import Address
from balws.config.client import ClientConfiguration
from balws.config.clientauth import BearerTokenConfig, CredentialsConfig
from balws.config.connection import DEFAULT_FRAME_SIZE
from balws.config.oauth2 import (
    OAuth2ClientCredentialsGrantConfig,
    OAuth2PasswordGrantConfig,
    OAuth2RefreshTokenGrantConfig,
)
from balws.config.secret import Secret, resolveSecret
from balws.errors import ConfigurationError, Error
from balws.logs.escape import escaped

__all__ = ["ClientOptions", "tellingWarnings"]

#: Which environment variables the secrets may be in that go with these options.
_VARIABLES = {
    "user": "BALWS_PASSWORD",
    "bearer": "BALWS_TOKEN",
    "client-id": "BALWS_CLIENT_SECRET",
    "oauth2-refresh": "BALWS_REFRESH_TOKEN",
}

_GRANTS = ("oauth2-client-credentials", "oauth2-password", "oauth2-refresh")


class ClientOptions(ReactingOptions):
    """
    A command that connects to a URL.

    @ivar url: where to.
    @ivar address: its parts.
    @ivar given: what L{fields} has read.
    """

    optParameters: ClassVar[Any] = [
        ["user", "u", None, "The user's name. The password is asked for, or in BALWS_PASSWORD, or in --password-file."],
        ["password-file", None, None, "The file with the user's password."],
        ["bearer-file", None, None, "Send the token that is in this file."],
        ["oauth2-client-credentials", None, None, "Get a token for a client at this token endpoint."],
        ["oauth2-password", None, None, "Get a token for --user at this token endpoint."],
        ["oauth2-refresh", None, None, "Get a token for one granted before, at this token endpoint."],
        ["client-id", None, None, "Who asks the token endpoint."],
        ["client-secret-file", None, None, "The file with the client's secret, which may be in BALWS_CLIENT_SECRET."],
        ["refresh-token-file", None, None, "The file with the refresh token, which may be in BALWS_REFRESH_TOKEN."],
        ["origin", None, None, "The page that we claim to come from, such as https://example.org."],
        ["ca-file", None, None, "Trust these certificates (PEM), and no others."],
        ["cert", None, None, "Our certificate (PEM), for servers that ask for one."],
        ["key", None, None, "Its private key (PEM)."],
        ["max-frame", None, str(DEFAULT_FRAME_SIZE), "The largest frame in bytes, both ways."],
    ]
    optFlags: ClassVar[Any] = [
        ["bearer", None, "Send the token that is in the environment variable BALWS_TOKEN."],
        ["insecure", "k", "Do not verify the server: anybody can pose as it, and read everything."],
        ["no-compression", None, "Do not offer compression."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self._headers: list[tuple[str, str]] = []
        self._subProtocols: list[str] = []
        self._scopes: list[str] = []

    def opt_header(self, header: str) -> None:
        """
        A further header of the request, 'Name: value'; may be given several times.
        """
        name, colon, value = header.partition(":")
        if not colon:
            raise UsageError("--header is 'Name: value'")
        self._headers.append((name.strip(), value.strip()))

    opt_H = opt_header

    def opt_sub_protocol(self, name: str) -> None:
        """
        A sub-protocol that we speak; may be given several times, the best first.
        """
        self._subProtocols.append(name)

    opt_s = opt_sub_protocol

    def opt_scope(self, scope: str) -> None:
        """
        A scope to ask the token endpoint for; may be given several times.
        """
        self._scopes.append(scope)

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for anything but one URL.
        """
        if len(arguments) != 1:
            raise UsageError(f"give one URL, {EXAMPLE}")
        (self.url,) = arguments

    def postOptions(self) -> None:
        """
        @raise UsageError: for what can be seen to be wrong before anything is read or asked.
        """
        try:
            self.address = Address.parse(self.url)
        except Error as error:
            raise UsageError(withExample(error, self.url)) from None
        try:
            ClientConfiguration(**self._fields())
        except Error as error:
            raise UsageError(str(hinted(error, self.url))) from None
        self._checkCredentials()
        if (self["cert"] is None) != (self["key"] is None):
            raise UsageError("--cert and --key go together")
        if not self.address.secure:
            for name in ("ca-file", "cert", "insecure"):
                if self[name]:
                    raise UsageError(f"--{name} is for wss URLs")

    def _checkCredentials(self) -> None:
        kinds = [name for name in ("bearer", "bearer-file", *_GRANTS) if self[name]]
        if self["user"] is not None and "oauth2-password" not in kinds:
            kinds.append("user")
        if len(kinds) > 1:
            raise UsageError(f"these are different credentials, take one: {', '.join(f'--{each}' for each in kinds)}")
        granted = [each for each in kinds if each in _GRANTS]
        if "oauth2-password" in kinds and self["user"] is None:
            raise UsageError("--oauth2-password needs --user")
        if granted and granted != ["oauth2-password"] and self["client-id"] is None:
            raise UsageError(f"--{granted[0]} needs --client-id")
        if not granted and (self["client-id"] is not None or self._scopes):
            raise UsageError(f"--client-id and --scope go with one of {', '.join(f'--{each}' for each in _GRANTS)}")
        for name, needed in (
            ("password-file", "user"),
            ("client-secret-file", "client-id"),
            ("refresh-token-file", "oauth2-refresh"),
        ):
            if self[name] is not None and self[needed] is None:
                raise UsageError(f"--{name} goes with --{needed}")

    def run(self) -> int | None:
        """
        See L{ReactingOptions}.  Passwords are asked for before there is a reactor.
        """
        self.given = self.fields()
        return super().run()

    def fields(self) -> dict[str, Any]:
        """
        Read the secrets, and ask for the password where it is nowhere to be read.

        @return: fields of L{ClientConfiguration}.
        @raise balws.ConfigurationError: when a secret cannot be had.
        """
        return {**self._fields(), "auth": self._auth()}

    def _fields(self) -> dict[str, Any]:
        if len({name.lower() for name, _ in self._headers}) < len(self._headers):
            raise ConfigurationError("--header: a header is given twice")
        headers = dict(self._headers)
        if self["origin"] is not None:
            headers["Origin"] = self["origin"]
        return {
            "customHeaders": headers,
            "subProtocols": self._subProtocols,
            "secureSocket": self._secureSocket(),
            "webSocketCompressionEnabled": not self["no-compression"],
            "maxFrameSize": whole(self, "max-frame", 125),
        }

    def _secureSocket(self) -> dict[str, Any] | None:
        if self["ca-file"] is None and self["cert"] is None and not self["insecure"]:
            return None
        key = None if self["cert"] is None else {"certFile": self["cert"], "keyFile": self["key"] or ""}
        return {"enable": not self["insecure"], "cert": self["ca-file"], "key": key}

    # Credentials

    def _auth(self) -> Any:
        if self["bearer"]:
            return BearerTokenConfig(token=self._secret("bearer"))
        if self["bearer-file"] is not None:
            return BearerTokenConfig(token=self._secret("bearer", "bearer-file"))
        if self["oauth2-client-credentials"] is not None:
            return OAuth2ClientCredentialsGrantConfig(
                tokenUrl=self["oauth2-client-credentials"], **self._client(), **self._grant()
            )
        if self["oauth2-refresh"] is not None:
            token = self._secret("oauth2-refresh", "refresh-token-file")
            return OAuth2RefreshTokenGrantConfig(
                refreshUrl=self["oauth2-refresh"], refreshToken=token, **self._client(), **self._grant()
            )
        if self["oauth2-password"] is not None:
            client = {} if self["client-id"] is None else self._client()
            return OAuth2PasswordGrantConfig(
                tokenUrl=self["oauth2-password"], **client, **self._named(), **self._grant()
            )
        return None if self["user"] is None else CredentialsConfig(**self._named())

    def _named(self) -> dict[str, Any]:
        password = self._secret("user", "password-file", f"Password for {escaped(self['user'])}: ")
        return {"username": self["user"], "password": password.reveal()}

    def _client(self) -> dict[str, Any]:
        secret = self._secret("client-id", "client-secret-file", "Secret of the client: ")
        return {"clientId": self["client-id"], "clientSecret": secret.reveal()}

    def _secret(self, option: str, fileOption: str = "", question: str = "") -> Secret:
        """
        @return: what the file holds; without one the environment variable; without that what is
            said when somebody is asked.
        """
        if fileOption and self[fileOption] is not None:
            try:
                return resolveSecret({"file": self[fileOption]}, Path())
            except ConfigurationError as error:
                raise ConfigurationError(str(error), f"--{fileOption}") from None
        variable = _VARIABLES[option]
        try:
            return resolveSecret({"env": variable}, Path())
        except ConfigurationError:
            if not question:
                raise
        try:
            return Secret(askSecret(question))
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; give it by --{fileOption} FILE, or in {variable}") from None

    def _grant(self) -> dict[str, Any]:
        given: dict[str, Any] = {"scopes": self._scopes}
        url = next(self[each] for each in _GRANTS if self[each])
        if self["ca-file"] is not None and url.startswith("https:"):
            given["clientConfig"] = {"secureSocket": {"cert": self["ca-file"]}}
        return given


def tellingWarnings(tell: Callable[[str], object]) -> Callable[[], None]:
    """
    Hand on what the library warns of, such as credentials that everybody can read.

    @param tell: gets one line, of what any terminal may show.
    @return: ends that.
    """

    @provider(ILogObserver)
    def observe(event: Any) -> None:
        if event["log_level"] >= LogLevel.warn and str(event.get("log_namespace", "")).startswith("balws"):
            tell(escaped(formatEvent(event)).replace("(enable = false)", "(--insecure)"))

    globalLogPublisher.addObserver(observe)
    return lambda: globalLogPublisher.removeObserver(observe)
