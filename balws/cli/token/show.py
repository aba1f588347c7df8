# -*- test-case-name: tests.cli.test_token -*-
"""
C{balws token show}.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any, ClassVar

import attrs
from twisted.cred.error import UnauthorizedLogin
from twisted.python.usage import UsageError

from balws.auth.authorization import MAX_TOKEN
from balws.auth.jwt.claims import Expectations
from balws.auth.jwt.compact import Compact, parse
from balws.auth.jwt.jwks import KeySet, readKeys
from balws.auth.jwt.keys import VerifyingKey, readVerifyingKey
from balws.cli.asked import askSecret
from balws.cli.options import ReactingOptions
from balws.cli.records import sayJson
from balws.cli.tables import plural
from balws.config.jwt import JwksConfig, JwtValidatorConfig, ValidatorSignatureConfig
from balws.config.records import build
from balws.config.secret import resolveSecret
from balws.errors import ConfigurationError, Error
from balws.logs.escape import escaped

__all__ = ["Show", "Verdict", "span"]

#: Bytes of a file of keys.
MAX_KEYS = 256 * 1024

#: How every token begins that has a header, an object of JSON with a name in it.
_isToken = re.compile(r"(?:[Bb]earer )?eyJ[\w-]*\.").match

_TIMES = ("exp", "nbf", "iat", "auth_time", "updated_at")

_KEYS = ("key", "secret-file", "jwks")


@attrs.frozen
class Verdict:
    """
    @ivar signature: C{valid}, C{invalid}, or C{not checked}.
    @ivar problem: what is wrong with the token; L{None} where nothing was found.
    """

    signature: str
    problem: str | None

    @property
    def isValid(self) -> bool | None:
        """
        L{None} where nobody knows.
        """
        if self.signature == "not checked":
            return None
        return self.problem is None

    def words(self) -> str:
        """
        @return: the same for people.
        """
        if self.isValid is None:
            return "signature not checked" + (f"; {self.problem}" if self.problem else "")
        return f"invalid: {self.problem}" if self.problem else "valid"


class Show(ReactingOptions):
    """
    Takes a token apart.  It never says that one is good without a key to see that by.
    """

    synopsis = "Usage: balws token show [FILE] [options]"
    longdesc = (
        "Shows the header and the claims of a JWT, which is in a file, on the standard input (also as -), or in "
        "an environment variable. With a key it says, too, whether the token is valid. "
        "Example: balws token show token.txt --secret-file secret.txt. "
        "Example: balws token make ... | balws token show --json. "
        "Exit status: 0 valid, or not checked; 1 invalid, or no token; 2 the command line is wrong."
    )
    optParameters: ClassVar[Any] = [
        ["env", None, None, "The environment variable with the token."],
        ["key", "k", None, "Check with this public key, or certificate (PEM)."],
        ["secret-file", None, None, "Check with the secret in this file."],
        ["jwks", None, None, "Check with the issuer's keys: a file, or an https URL."],
        ["issuer", "i", None, "Who must have made it (iss)."],
        ["audience", "a", None, "Whom it must be for (aud)."],
    ]
    optFlags: ClassVar[Any] = [["json", "j", "Print an object of JSON: header, claims, signature, valid, problem."]]

    def parseArgs(self, *arguments: str) -> None:
        """
        @raise UsageError: for several; its text does not repeat them.
        """
        if len(arguments) > 1:
            raise UsageError("give one file; a token is never an argument")
        self._file = arguments[0] if arguments else None
        if self._file is not None and _isToken(self._file) and not Path(self._file).exists():
            raise UsageError("give a file; a token is never an argument, for everybody on the machine can read those")

    def postOptions(self) -> None:
        """
        @raise UsageError: for what cannot be, or not together.
        """
        if self["env"] is not None and self._file is not None:
            raise UsageError("take one of --env and a file")
        if sum(1 for name in _KEYS if self[name] is not None) > 1:
            raise UsageError(f"take one of {', '.join(f'--{name}' for name in _KEYS)}")
        try:
            self._expectations = Expectations(
                JwtValidatorConfig(
                    issuer=self["issuer"], audience=self["audience"], allowNoExpiry=True, allowUnsigned=True
                )
            )
            self._keysAt = JwksConfig(url=self["jwks"]) if (self["jwks"] or "").startswith("http") else None
        except ConfigurationError as error:
            raise UsageError(str(error)) from None

    def run(self) -> int | None:
        """
        @raise balws.Error: when there is no token, or no key.
        """
        self._token = _parsed(self._read())
        if self._keysAt is not None:
            return super().run()
        return self._tell(self._keys())

    async def main(self, reactor: Any) -> int:
        """
        Fetch the issuer's keys.
        """
        assert self._keysAt is not None  # else run() has done it
        keySet = KeySet(self._keysAt, reactor)
        try:
            header = self._token.header
            key = await keySet.find(header.get("kid"), str(header.get("alg")))
        except UnauthorizedLogin as problem:
            return self._say(Verdict("invalid", str(problem)))
        finally:
            await keySet.close()
        return self._tell([key])

    def _read(self) -> str:
        if self["env"] is not None:
            return resolveSecret({"env": self["env"]}, Path()).reveal()
        if self._file not in (None, "-"):
            return resolveSecret({"file": self._file}, Path()).reveal()
        if sys.stdin.isatty():
            return askSecret("Token: ")
        return sys.stdin.buffer.read(MAX_TOKEN * 2).decode("utf-8", "replace")

    def _keys(self) -> list[VerifyingKey] | None:
        if self["key"] is not None:
            return [readVerifyingKey(ValidatorSignatureConfig(certFile=self["key"]))]
        if self["secret-file"] is not None:
            secret = resolveSecret({"file": self["secret-file"]}, Path())
            return [readVerifyingKey(build(ValidatorSignatureConfig, {"secret": secret.reveal()}))]
        if self["jwks"] is not None:
            name = self._token.header.get("kid")
            return [each for key, of in _published(self["jwks"]).items() if name in (None, key) for each in of]
        return None

    def _tell(self, keys: Iterable[VerifyingKey] | None) -> int:
        now = time()
        problem: str | None = None
        try:
            self._expectations.check(self._token, now)
        except UnauthorizedLogin as found:
            problem = str(found)
        if keys is None:
            return self._say(Verdict("not checked", problem))
        wrong = _wrong(self._token, keys, now)
        return self._say(Verdict("invalid" if wrong else "valid", wrong or problem))

    def _say(self, verdict: Verdict) -> int:
        token = self._token
        if self["json"]:
            sayJson(
                {
                    "header": token.header,
                    "claims": token.claims,
                    "signature": verdict.signature,
                    "valid": verdict.isValid,
                    "problem": verdict.problem,
                }
            )
        else:
            lines = ["Header", *_listed(token.header), "Claims", *_listed(token.claims, time())]
            print("\n".join([*lines, escaped(verdict.words())]))
        return 1 if verdict.isValid is False else 0


def _wrong(token: Compact, keys: Iterable[VerifyingKey], now: float) -> str | None:
    """
    @return: what is wrong with the signature.
    """
    algorithm = token.header.get("alg")
    fitting = [each for each in keys if isinstance(algorithm, str) and algorithm in each.algorithms]
    if not fitting:
        return f"no key for its algorithm {json.dumps(algorithm)}, or of its name"
    if not any(each.verifies(str(algorithm), token.signed, token.signature) for each in fitting):
        return "JWT signature validation has failed."
    return None if any(each.isInForce(now) for each in fitting) else "The certificate is out of date."


def _published(name: str) -> Mapping[str, Any]:
    try:
        with Path(name).open("rb") as stream:
            document = json.loads(stream.read(MAX_KEYS))
        if not isinstance(document, dict):
            raise ValueError("it is no object of JSON")
        return readKeys(document)
    except OSError as problem:
        raise ConfigurationError(f"the file {name!r} cannot be read: {problem.strerror}", "--jwks") from None
    except json.JSONDecodeError:
        raise ConfigurationError(f"the file {name!r} is no JSON", "--jwks") from None
    except (ValueError, RecursionError) as problem:
        raise ConfigurationError(f"the file {name!r} has no keys: {problem}", "--jwks") from None


def _parsed(text: str) -> Compact:
    words = text.strip()
    if words[:7].lower() == "bearer ":
        words = words[7:].strip()
    if not words:
        raise Error("there is no token")
    try:
        return parse(words)
    except UnauthorizedLogin as problem:
        raise Error(f"this is no JWT: {problem}") from None


def _listed(values: Mapping[str, Any], now: float | None = None) -> Iterable[str]:
    width = min(max((len(name) for name in values), default=0), 24)
    for name, value in values.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if now is not None and name in _TIMES:
            shown = _moment(name, value, now) or shown
        yield f"  {escaped(name):<{width}}  {escaped(shown)}"


def _moment(name: str, value: object, now: float) -> str | None:
    """
    @return: a time of this place, and how far it is; L{None} for what is no time.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        moment = datetime.fromtimestamp(value).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    far = span(abs(now - value))
    if value < now:
        words = f"expired {far} ago" if name == "exp" else f"{far} ago"
    else:
        words = f"expires in {far}" if name == "exp" else f"in {far}"
    return f"{moment:%Y-%m-%d %H:%M:%S %z} ({words})"


def span(seconds: float) -> str:
    """
    @return: a time in words, such as C{3 minutes}.
    """
    for unit, length, up in (("second", 1, 120), ("minute", 60, 7200), ("hour", 3600, 172800)):
        if seconds < up:
            return plural(int(seconds / length), unit)
    return plural(int(seconds / 86400), "day")
