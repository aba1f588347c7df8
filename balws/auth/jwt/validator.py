# -*- test-case-name: tests.auth.jwt.test_validator -*-
"""
Who it is, by a JSON Web Token (RFC 7519; table 5.4; decision 14; RFC 8725).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks, succeed
from twisted.logger import Logger
from zope.interface import implementer

from balws.auth.jwt.claims import Expectations, expiry
from balws.auth.jwt.compact import Compact, parse, shown
from balws.auth.jwt.jwks import KeySet
from balws.auth.jwt.keys import VerifyingKey, readVerifyingKey
from balws.auth.jwt.verified import VerifiedSignatures
from balws.auth.principal import Identity, scopesOf
from balws.config.claims import ALGORITHMS
from balws.config.jwt import JwtValidatorConfig, ValidatorSignatureConfig
from balws.config.values import convert
from balws.errors import AuthUnavailableError, ConfigurationError, Error
from balws.interfaces import IBearerToken

__all__ = ["JwtValidator"]

_UNSIGNED = "is missing: anybody could write any token; name the issuer's key, or say allowUnsigned = true"


@implementer(ICredentialsChecker)
class JwtValidator:
    """
    Checks tokens.  Signatures are verified on the reactor's thread: it takes a fraction of a
    millisecond, less than to ask another thread.
    """

    credentialInterfaces = (IBearerToken,)

    _log = Logger(namespace="balws.auth")

    def __init__(
        self, config: JwtValidatorConfig, reactor: Any, now: Callable[[], float] = time.time
    ) -> None:
        """
        Key files are read here.

        @param now: seconds since the epoch.
        @raise ConfigurationError: when there is no key, it cannot be read or is too weak, or
            C{algorithms} has none that goes with it.
        @raise SslError: for certificates that cannot be used.
        """
        self._config = config
        self._now = now
        self._expectations = Expectations(config)
        self._verified: VerifiedSignatures | None = None
        if config.cacheConfig is not None:
            self._verified = VerifiedSignatures(config.cacheConfig, reactor, now)
        self._reported: set[str] = set()
        self._keySet: KeySet | None = None
        self._key: VerifyingKey | None = None
        signature = config.signatureConfig
        if signature is None:
            if not config.allowUnsigned:
                raise ConfigurationError(_UNSIGNED, "signatureConfig")
            self._log.warn("A listener accepts JWTs without verifying their signatures (allowUnsigned).")
        elif signature.jwksConfig is not None:
            self._keySet = convert(
                lambda jwksConfig: KeySet(jwksConfig, reactor, config.algorithms or ALGORITHMS),
                "signatureConfig.jwksConfig",
                signature.jwksConfig,
            )
        else:
            self._key = self._read(signature)

    def _read(self, signature: ValidatorSignatureConfig) -> VerifyingKey:
        key = convert(readVerifyingKey, "signatureConfig", signature)
        narrowed = key.narrowed(self._config.algorithms or ALGORITHMS)
        if not narrowed.algorithms:
            raise ConfigurationError(f"the key is for {', '.join(key.algorithms)}", "algorithms")
        if not narrowed.isInForce(self._now()):
            self._log.warn("The certificate that JWTs are verified with is out of date: all will be refused.")
        return narrowed

    @inlineCallbacks
    def requestAvatarId(self, credentials: Any) -> Generator[Deferred[Any], Any, Any]:
        """
        See L{ICredentialsChecker}.

        @return: fires with an L{Identity}: the name is the claim C{sub}, or empty; fails with
            L{UnauthorizedLogin} for whatever is not as it should be, and with
            L{AuthUnavailableError} when the issuer's keys cannot be had.
        """
        try:
            identity = yield self._checked(credentials.token)
        except (UnauthorizedLogin, AuthUnavailableError, CancelledError):
            raise
        except Exception as problem:
            self._report(problem)
            raise UnauthorizedLogin("The JWT could not be checked.") from None
        return identity

    @inlineCallbacks
    def _checked(self, given: object) -> Generator[Deferred[Any], Any, Identity]:
        token = parse(given)
        algorithm = token.header.get("alg")
        if not isinstance(algorithm, str):
            raise UnauthorizedLogin("Unsupported signing algorithm of an unknown kind.")
        isSigned = self._config.signatureConfig is not None
        if isSigned and algorithm not in ALGORITHMS:
            raise UnauthorizedLogin(f"Unsupported signing algorithm '{shown(algorithm)}'.")
        self._expectations.check(token, self._now())
        if isSigned:
            key = yield self._keyFor(token, algorithm)
            self._verify(token, key, algorithm)
        return self._identity(token)

    def _keyFor(self, token: Compact, algorithm: str) -> Deferred[VerifyingKey]:
        if self._keySet is not None:
            return self._keySet.find(token.header.get("kid"), algorithm)
        assert self._key is not None  # there is one or the other
        return succeed(self._key)

    def _verify(self, token: Compact, key: VerifyingKey, algorithm: str) -> None:
        now = self._now()
        if not key.isInForce(now):
            raise UnauthorizedLogin("The certificate that JWTs are verified with is out of date.")
        if self._verified is not None and self._verified.knows(token, key, algorithm):
            return
        if not key.verifies(algorithm, token.signed, token.signature):
            raise UnauthorizedLogin("JWT signature validation has failed.")
        if self._verified is not None:
            self._verified.add(token, key, algorithm, expiry(token.claims, self._config.clockSkew))

    def _identity(self, token: Compact) -> Identity:
        claims = token.claims
        return Identity(
            claims.get("sub", ""),
            scopesOf(claims.get(self._config.scopeKey)),
            claims,
            expiry(claims, self._config.clockSkew),
        )

    def _report(self, problem: Exception) -> None:
        """
        Say once what nobody has thought of, with nothing of the token.
        """
        frames = problem.__traceback__
        while frames is not None and frames.tb_next is not None:
            frames = frames.tb_next
        place = "" if frames is None else f"{frames.tb_frame.f_code.co_qualname}, line {frames.tb_lineno}"
        name = f"{type(problem).__name__} in {place}"
        if name not in self._reported:
            self._reported.add(name)
            self._log.error("A JWT could not be checked: {name}", name=name)

    def reload(self) -> None:
        """
        Read keys and certificates again; what is broken leaves the old in place, with one line
        in the log.
        """
        signature = self._config.signatureConfig
        try:
            if self._keySet is not None:
                self._keySet.reload()
            elif signature is not None:
                self._key = self._read(signature)
        except Error as problem:
            self._log.error("JWTs are checked with the keys from before: {problem}", problem=problem)

    def close(self) -> Deferred[None]:
        """
        Stop asking for keys, and forget what was verified.
        """
        if self._verified is not None:
            self._verified.clear()
        return succeed(None) if self._keySet is None else self._keySet.close()
