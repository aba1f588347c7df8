# -*- test-case-name: tests.cli.test_token_jwk -*-
"""
A key to sign with that is a JWK (RFC 7517), or one of a set of them.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from balws.auth.jwt.compact import encode
from balws.auth.jwt.jwks import readKeys, readPrivateKey
from balws.auth.jwt.keys import SigningKey, UnfitKey, algorithmsOf
from balws.config.claims import HMAC_ALGORITHMS
from balws.config.secret import Secret, resolveSecret
from balws.errors import ConfigurationError

__all__ = ["OPTION", "Jwk", "readJwk"]

#: Where it comes from.
OPTION = "--jwk-file"

#: So many names of keys are told, and so much of one (characters).
MAX_NAMES = 10
MAX_NAME = 80

#: What each kind of key shows to everybody (RFC 7518 section 6, RFC 8037 section 2).
_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "oct": ()}

#: What is private of it.
_PRIVATE = {"RSA": "d", "EC": "d", "OKP": "d", "oct": "k"}

_CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519", "Ed448")}


@attrs.frozen
class Jwk:
    """
    @ivar key: what to sign with: a secret that both sides know, or a private key.
    @ivar algorithm: what it is for.
    @ivar kid: its name; L{None} for one without.
    """

    key: Secret | SigningKey = attrs.field(repr=False)
    algorithm: str
    kid: str | None


def readJwk(path: str, kid: str | None, algorithm: str | None) -> Jwk:
    """
    @param path: of a file with a JWK, or a set of them.
    @param kid: which one of a set; L{None} for the only one.
    @param algorithm: what to sign with; L{None} for what the key says, or what is usual with it.
    @raise ConfigurationError: when there is no such key, or it is for something else.  No text has any of its
        numbers.
    """
    try:
        text = resolveSecret({"file": path}, Path()).reveal()
    except ConfigurationError as error:
        raise ConfigurationError(error.problem, OPTION) from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        # The error of json quotes what it did not understand.
        pem = "; a key in PEM goes with --key-file" if "-----BEGIN" in text else ""
        raise _problem(path, f"is no JSON{pem}") from None
    if not isinstance(document, dict) or not {"keys", "kty"} & document.keys():
        raise _problem(path, "is no JWK, and no set of them")
    jwk = _oneOf(path, document["keys"], kid) if "keys" in document else document
    return _read(path, jwk, algorithm)


def _oneOf(path: str, listed: Any, kid: str | None) -> Mapping[str, Any]:
    keys = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if not keys:
        raise _problem(path, "has no keys")
    found = keys if kid is None else [each for each in keys if each.get("kid") == kid]
    if len(found) > 1:
        raise _problem(path, f"has {len(found)} keys{_which(kid)}; {_names(keys)}")
    if not found:
        raise _problem(path, f"has no key of the name {kid!r}; {_names(keys)}")
    return found[0]


def _which(kid: str | None) -> str:
    return ": say by --kid which" if kid is None else f" of the name {kid!r}: make a file of the one that is meant"


def _names(keys: Sequence[Mapping[str, Any]]) -> str:
    names = [each["kid"][:MAX_NAME] for each in keys if isinstance(each.get("kid"), str)]
    more = ", ..." if len(names) > MAX_NAMES else ""
    return f"it has {', '.join(map(repr, names[:MAX_NAMES]))}{more}" if names else "none of them has a name (kid)"


def _read(path: str, jwk: Mapping[str, Any], algorithm: str | None) -> Jwk:
    kind, own, kid = jwk.get("kty"), jwk.get("alg"), jwk.get("kid")
    if not isinstance(kind, str) or kind not in _PRIVATE:
        raise _problem(path, f"has a key of another kind (kty) than {', '.join(_PRIVATE)}")
    operations = jwk.get("key_ops", ["sign"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list):
        raise _problem(path, "has a key that is not for signatures (use)")
    if _PRIVATE[kind] not in jwk:
        raise _problem(path, "has the public half of a key, which signs nothing: give the private JWK, that with d")
    if "sign" not in operations:
        raise _problem(path, "has a key that is not for signing (key_ops)")
    key, fitting = _keyOf(path, kind, jwk)
    if own is not None and own not in fitting:
        raise _problem(path, f"has a key whose alg does not fit: it is of the kind {kind}, for {', '.join(fitting)}")
    if algorithm is not None and algorithm not in (fitting if own is None else (own,)):
        raise ConfigurationError(f"the key is for {own or ', '.join(fitting)}, not for {algorithm}", "--algorithm")
    chosen = algorithm or own or fitting[0]
    signing = key if isinstance(key, Secret) else SigningKey(chosen, key)
    if isinstance(signing, SigningKey):
        _prove(path, signing, jwk)
    return Jwk(signing, chosen, kid if isinstance(kid, str) and kid else None)


def _keyOf(path: str, kind: str, jwk: Mapping[str, Any]) -> tuple[Any, Sequence[str]]:
    """
    @return: a secret or a private key, and the algorithms that go with it.
    """
    try:
        if kind == "oct":
            return Secret(_bytesOf(jwk["k"]).decode("utf-8", "surrogateescape")), HMAC_ALGORITHMS
        _checkCurve(kind, jwk)
        key = readPrivateKey(jwk)
        return key, algorithmsOf(key.public_key())
    except UnfitKey as unfit:
        raise _problem(path, f"has {unfit}") from None
    except Exception:  # whatever a library finds to complain about; its text could have some of the key
        raise _broken(path, kind) from None


def _checkCurve(kind: str, jwk: Mapping[str, Any]) -> None:
    known = _CURVES.get(kind)
    if known is not None and jwk.get("crv") not in known:
        raise UnfitKey(f"a key on another curve (crv) than {', '.join(known)}")


def _bytesOf(value: str) -> bytes:
    data = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    if encode(data).decode() != value:  # Python passes over foreign letters
        raise ValueError("no base64url")
    return data


def _prove(path: str, signing: SigningKey, jwk: Mapping[str, Any]) -> None:
    """
    Whoever verifies has the public half only: what the private one signs has to suit it.
    """
    kind = jwk["kty"]
    public = {name: jwk.get(name) for name in ("kty", *_PUBLIC[kind])}
    try:
        (verifying,) = readKeys({"keys": [{**public, "kid": "it"}]})["it"]
        isPair = verifying.verifies(signing.algorithm, b"", signing.sign(b""))
    except Exception:  # see above
        isPair = False
    if not isPair:
        raise _broken(path, kind)


def _broken(path: str, kind: str) -> ConfigurationError:
    return _problem(path, f"has a key of the kind {kind} that is broken")


def _problem(path: str, words: str) -> ConfigurationError:
    return ConfigurationError(f"the file {path!r} {words}", OPTION)
