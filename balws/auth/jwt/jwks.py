# -*- test-case-name: tests.auth.jwt.test_jwks -*-
"""
The keys that an issuer publishes (RFC 7517 section 5): fetched when there is use for them,
kept for a while, and fetched no more often than somebody who makes up names of keys should
be able to cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jwt.algorithms import get_default_algorithms
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.auth.backend import BackEnd
from balws.auth.jwt.compact import MAX_KEY_ID, shown
from balws.auth.jwt.keys import VerifyingKey, algorithmsOf
from balws.config.claims import ALGORITHMS
from balws.config.jwt import JwksConfig
from balws.errors import AuthUnavailableError
from balws.http.answer import Answer

__all__ = ["KeySet", "readKeys", "readPrivateKey"]

#: Bytes of the longest answer, and the most keys that are looked at.
MAX_BODY = 256 * 1024
MAX_KEYS = 100

#: Seconds: how long keys are kept, unless configured; how long at most, while new ones cannot be had.
MAX_AGE = 300
MAX_STALE = 3600

#: From this part of their time on, a token makes them be fetched before it ends.
EARLY = 0.8

#: Seconds from one attempt to the next for a name that is not known, and when there are no keys.
COOLDOWN = 30
RETRY = 5

#: What of each kind of key is public: a careless issuer's private half is not even looked at.
_MEMBERS = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}
_READERS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}

_known = get_default_algorithms()

#: Keys by their names; one name may stand for keys of several kinds (RFC 7517 section 4.5).
Keys = Mapping[str, Sequence[VerifyingKey]]


def readKeys(document: Mapping[str, Any], algorithms: Iterable[str] = ALGORITHMS) -> Keys:
    """
    Take the keys for signatures out of a set.  What is malformed, for something else, or
    shared (C{oct}) is passed over.

    @param algorithms: those that are wanted.
    @raise ValueError: when there is none of use.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("there is no list of keys")
    wanted = frozenset(algorithms)
    found: dict[str, list[VerifyingKey]] = {}
    for each in listed[:MAX_KEYS]:
        key = _readKey(each, wanted)
        if key is not None:
            found.setdefault(each["kid"], []).append(key)
    if not found:
        raise ValueError("there is no key of use")
    return found


def _readKey(jwk: Any, wanted: frozenset[str]) -> VerifyingKey | None:
    if not isinstance(jwk, dict) or not _isForUs(jwk):
        return None
    kind = jwk["kty"]
    try:
        key = _known[_READERS[kind]].from_jwk({name: jwk[name] for name in _MEMBERS[kind]})
        fitting = algorithmsOf(key)
    except Exception:  # whatever a library finds to complain about: it is no key
        return None
    own = jwk.get("alg")
    narrowed = VerifyingKey(fitting, key).narrowed(wanted if own is None else wanted & {own})
    return narrowed if narrowed.algorithms else None


def readPrivateKey(jwk: Mapping[str, Any]) -> Any:
    """
    @param jwk: of the kind RSA, EC or OKP, with its private half.
    @return: the key, as cryptography has it.
    @raise Exception: whatever a library finds to complain about; its text may have some of the key.
    """
    return _known[_READERS[jwk["kty"]]].from_jwk(dict(jwk))


def _isForUs(jwk: dict[str, Any]) -> bool:
    name, operations = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    return (
        isinstance(name, str)
        and 0 < len(name) <= MAX_KEY_ID
        and isinstance(jwk.get("kty"), str)
        and jwk["kty"] in _MEMBERS
        and jwk.get("use", "sig") == "sig"
        and isinstance(jwk.get("alg", ""), str)
        and isinstance(operations, list)
        and "verify" in operations
    )


class KeySet:
    """
    The keys at one URL.

    Times are those of the reactor's clock; keys of the future, after somebody set it back,
    count as too old.
    """

    _log = Logger(namespace="balws.auth")

    def __init__(self, config: JwksConfig, reactor: Any, algorithms: Iterable[str] = ALGORITHMS) -> None:
        """
        Nothing is fetched, unless there is a C{cacheConfig}.

        @param algorithms: those that are wanted.
        @raise ConfigurationError: for a URL or a file that cannot be used.
        @raise SslError: for certificates that cannot be used.
        """
        self._clock = reactor
        self._algorithms = tuple(algorithms)
        self._backEnd = BackEnd(config.url, config.clientConfig, reactor, MAX_BODY)
        cache = config.cacheConfig
        configured = MAX_AGE if cache is None or cache.defaultMaxAge <= 0 else cache.defaultMaxAge
        self._maxAge = max(RETRY, min(configured, MAX_STALE))
        self._keys: Keys = {}
        self._fetchedAt = self._triedAt = float("-inf")
        self._isOld = self._isWarned = False
        #: Why there is no telling that an unknown key is none of the issuer's.
        self._problem: str | None = "the keys of tokens were not fetched yet"
        self._fetch: Deferred[Answer] | None = None
        self._waiting: list[Deferred[None]] = []
        if cache is not None:
            self._start()

    def find(self, name: object, algorithm: str) -> Deferred[VerifyingKey]:
        """
        @param name: C{kid} of a token's header.
        @return: fires with the key; fails with L{UnauthorizedLogin} when the issuer has no
            such key, and with L{AuthUnavailableError} when the issuer cannot be asked and
            what is known is too old, or does not say.  Cancellable; others go on waiting.
        """
        if not isinstance(name, str) or not name:
            return fail(UnauthorizedLogin("JWT must contain a key ID (kid)."))
        return self._upToDate(name).addCallback(lambda _: self._chosen(name, algorithm))

    def reload(self) -> None:
        """
        Read certificates and keys for the connection again, and fetch with the next token.

        @raise ConfigurationError: when they cannot be used; the old ones stay.
        @raise SslError: the same.
        """
        self._backEnd.reload()
        self._isOld = True
        self._triedAt = float("-inf")

    def close(self) -> Deferred[None]:
        """
        Stop asking; who waits has to do with what is known.  It works again when it is asked again.
        """
        fetch, self._fetch = self._fetch, None
        if fetch is not None:
            fetch.cancel()
            self._triedAt = float("-inf")
        return self._backEnd.close()

    def _since(self, moment: float) -> float:
        passed = self._clock.seconds() - moment
        return passed if passed >= 0 else float("inf")

    def _upToDate(self, name: str) -> Deferred[None]:
        """
        Fetch the keys if it is time to.

        @return: fires when there is nothing to wait for.  While the issuer cannot be asked, keys
            that are not too old do all the same, and nobody waits for the next attempt.
        """
        age = self._since(self._fetchedAt)
        isWaiting = True
        if self._isOld or age > self._maxAge:
            pause, isWaiting = RETRY, age > MAX_STALE or self._problem is None
        elif name not in self._keys:
            pause = COOLDOWN
        elif age > self._maxAge * EARLY:
            pause, isWaiting = RETRY, False
        else:
            return succeed(None)
        if self._fetch is None and self._since(self._triedAt) < pause:
            return succeed(None)
        waiting = self._wait() if isWaiting else succeed(None)
        if self._fetch is None:
            self._start()
        return waiting

    def _wait(self) -> Deferred[None]:
        waiting: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def _chosen(self, name: str, algorithm: str) -> VerifyingKey:
        found = self._keys.get(name, ())
        if self._problem is not None and (not found or self._since(self._fetchedAt) > MAX_STALE):
            raise AuthUnavailableError(self._problem)
        if not found:
            raise UnauthorizedLogin(f"No JWK found for kid '{shown(name)}'.")
        return next((each for each in found if algorithm in each.algorithms), found[0])

    def _start(self) -> None:
        self._triedAt = self._clock.seconds()
        self._fetch = self._backEnd.fetch()
        self._fetch.addCallback(self._take).addErrback(self._note).addCallback(self._end)

    def _take(self, answer: Answer) -> None:
        if answer.status != 200:
            raise ValueError(f"the answer's status is {answer.status}")
        self._keys = readKeys(answer.jsonObject(), self._algorithms)
        self._fetchedAt = self._clock.seconds()
        self._isOld = self._isWarned = False
        self._problem = None

    def _note(self, failure: Failure) -> None:
        if self._fetch is None:  # we were closed
            return
        problem = failure.value
        if isinstance(problem, AuthUnavailableError):
            words = str(problem)  # which says where
        else:
            words = f"{self._backEnd.name}: {problem if isinstance(problem, ValueError) else type(problem).__name__}"
        self._problem = f"the keys of tokens cannot be had: {words}"
        if not self._isWarned:
            self._isWarned = True
            self._log.warn("{problem}", problem=self._problem)

    def _end(self, _: object) -> None:
        self._fetch = None
        waiting, self._waiting = self._waiting, []
        for each in tuple(waiting):
            if not each.called:  # cancelled by one before it
                each.callback(None)
