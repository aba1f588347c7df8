# -*- test-case-name: tests.cli.test_token -*-
"""
C{balws token make}.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from time import time
from typing import Any, ClassVar

from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.python.usage import UsageError

from balws.auth.jwt.compact import parse
from balws.auth.jwt.issuing import IssuedToken
from balws.auth.jwt.keys import SigningKey
from balws.cli.clientauth import tellingWarnings
from balws.cli.options import CommandOptions
from balws.cli.records import sayJson
from balws.cli.token.jwk import readJwk
from balws.config.claims import ALGORITHMS
from balws.config.jwt import JwtIssuerConfig
from balws.config.records import build
from balws.config.secret import resolveSecret
from balws.errors import ConfigurationError, Error

__all__ = ["Make", "lifetime"]

#: What is tried for a key whose algorithm is not given: each goes with another kind of key.
_USUAL = ("RS256", "ES256", "ES384", "ES512", "EdDSA")

#: Where a key comes from.
_KEYS = ("key-file", "jwk-file", "secret-file")

_lifetime = re.compile(r"(\d{1,9})([smhd]?)").fullmatch
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def lifetime(text: str) -> int:
    """
    @param text: such as C{90}, C{90s}, C{5m}, C{1h}, C{7d}.
    @return: seconds.
    @raise UsageError: for anything else.
    """
    match = _lifetime(text)
    if match is None:
        raise UsageError("--expires takes a time, such as 90s, 5m, 1h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


class Make(CommandOptions):
    """
    Prints one token.
    """

    synopsis = "Usage: balws token make --key-file PEM | --jwk-file JWK | --secret-file FILE [options]"
    longdesc = (
        "Prints a JWT, signed with a private key, or with a secret of at least 32 bytes. A JWK says itself "
        "for which algorithm it is, and its name, unless the options do; one of a set is chosen by --kid. "
        "Example: balws token make --issuer robots --audience chat --subject robot-7 --scope write "
        "--expires 1h --secret-file secret.txt"
    )
    optParameters: ClassVar[Any] = [
        ["issuer", "i", None, "Who makes it (iss)."],
        ["subject", "s", None, "Who it is for (sub)."],
        ["expires", "e", "5m", "For how long it is good: 90s, 5m, 1h, 7d."],
        ["key-file", "k", None, "The private key (PEM)."],
        ["jwk-file", None, None, "The file with the private key or the secret as a JWK, or with a set of them."],
        ["key-password-file", None, None, "The file with what the key is encrypted with."],
        ["secret-file", None, None, "The file with the secret that both sides know, for HS256, HS384 and HS512."],
        ["algorithm", "a", None, f"One of {', '.join(ALGORITHMS)}; else what goes with the key."],
        ["kid", None, None, "The name of the key (kid), for the header; with a set of JWK, of the one to take."],
    ]
    optFlags: ClassVar[Any] = [["json", "j", "Print an object of JSON: token, header, claims."]]

    def __init__(self) -> None:
        super().__init__()
        self._audience: list[str] = []
        self._scopes: list[str] = []
        self._claims: dict[str, Any] = {}

    def opt_audience(self, audience: str) -> None:
        """
        Whom it is for (aud); may be given several times.
        """
        self._audience.append(audience)

    def opt_scope(self, scope: str) -> None:
        """
        What it allows; may be given several times.
        """
        self._scopes.append(scope)

    def opt_claim(self, claim: str) -> None:
        """
        A further claim, name=value; the value is JSON, or else a text; may be given several times.
        """
        name, equals, value = claim.partition("=")
        if not equals or not name:
            raise UsageError("--claim is name=value")
        try:
            self._claims[name] = json.loads(value)
        except (ValueError, RecursionError):
            self._claims[name] = value

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for any; its text does not repeat them.
        """
        if arguments:
            raise UsageError("token make takes no arguments; secrets come from files")

    def postOptions(self) -> None:
        """
        @raise UsageError: for what cannot be, or not together.
        """
        if sum(1 for name in _KEYS if self[name] is not None) != 1:
            raise UsageError(f"give one of {', '.join(f'--{name}' for name in _KEYS)}")
        if self["key-password-file"] is not None and self["key-file"] is None:
            raise UsageError("--key-password-file goes with --key-file")
        if self["algorithm"] not in (None, *ALGORITHMS):
            raise UsageError(f"--algorithm is one of {', '.join(ALGORITHMS)}")
        if self._scopes:
            self._claims.setdefault("scope", " ".join(self._scopes))
        self._fields = {
            "issuer": self["issuer"],
            "username": self["subject"],
            "audience": self._audience[0] if len(self._audience) == 1 else self._audience or None,
            "keyId": self["kid"],
            "customClaims": self._claims,
            "expTime": lifetime(self["expires"]),
        }
        try:
            JwtIssuerConfig(**self._fields)
        except ConfigurationError as error:
            raise UsageError(str(error)) from None

    def run(self) -> int | None:
        """
        Sign and print.

        @raise balws.Error: when the key cannot be used.
        """
        stop = tellingWarnings(lambda line: print(f"balws: warning: {line}", file=sys.stderr))
        try:
            token = self._ofJwk() if self["jwk-file"] is not None else _tokenOf(self._issued())
        except ConfigurationError as error:
            raise ConfigurationError(error.problem, self._optionOf(error.path)) from None
        finally:
            stop()
        try:
            compact = parse(token)
        except UnauthorizedLogin as problem:
            raise Error(f"no service would take this token: {problem}") from None
        if self["json"]:
            sayJson({"token": token, "header": compact.header, "claims": compact.claims})
        else:
            print(token)
        return 0

    def _ofJwk(self) -> str:
        """
        @return: a token.
        """
        jwk = readJwk(self["jwk-file"], self["kid"], self["algorithm"])
        self._fields["keyId"] = self["kid"] or jwk.kid
        if isinstance(jwk.key, SigningKey):
            return _tokenOf(IssuedToken(build(JwtIssuerConfig, self._fields), time, jwk.key))
        return _tokenOf(self._with(jwk.key.reveal(), jwk.algorithm))

    def _issued(self) -> IssuedToken:
        if self["secret-file"] is not None:
            key: Any = resolveSecret({"file": self["secret-file"]}, Path()).reveal()
            return self._with(key, self["algorithm"] or "HS256")
        key = {"keyFile": self["key-file"], **self._password()}
        if self["algorithm"] is not None:
            return self._with(key, self["algorithm"])
        for algorithm in _USUAL[:-1]:
            try:
                return self._with(key, algorithm)
            except ConfigurationError as error:
                if not error.path.endswith("algorithm"):
                    raise
        return self._with(key, _USUAL[-1])

    def _optionOf(self, path: str) -> str:
        """
        @param path: of the configuration's field at fault.
        @return: the option that it came from.
        """
        if path.startswith("--"):
            return path
        if path.endswith("algorithm") and self["algorithm"] is not None:
            return "--algorithm"
        return next(f"--{name}" for name in _KEYS if self[name] is not None)

    def _with(self, key: Any, algorithm: str) -> IssuedToken:
        signature = {"algorithm": algorithm, "config": key}
        return IssuedToken(build(JwtIssuerConfig, {**self._fields, "signatureConfig": signature}), time)

    def _password(self) -> Mapping[str, str]:
        if self["key-password-file"] is None:
            return {}
        try:
            return {"keyPassword": resolveSecret({"file": self["key-password-file"]}, Path()).reveal()}
        except ConfigurationError as error:
            raise ConfigurationError(error.problem, "--key-password-file") from None


def _tokenOf(issued: IssuedToken) -> str:
    """
    @raise balws.AuthError: when it cannot be signed.
    """
    found: list[Any] = []
    made: Deferred[bytes] = issued.authorization()
    made.addCallbacks(found.append, lambda failure: found.append(failure.value))
    if isinstance(found[0], Error):
        raise found[0]
    header: bytes = found[0]
    return header.decode("ascii").removeprefix("Bearer ")
