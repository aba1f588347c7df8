"""
The target C{credentials}: what clients show of themselves, right, wrong and mangled.  Only
what is right to the last byte may let anybody in.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from hmac import digest
from random import Random
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from balws.auth.authorization import read
from balws.auth.chain import Chain, Entry
from balws.auth.jwt.validator import JwtValidator
from balws.auth.ldap.filter import escaped, firstValue
from balws.auth.login import Login
from balws.config import JwtValidatorConfig
from balws.errors import AuthnError
from tests.fuzz.outcome import Outcome
from tests.fuzz.watch import Found, Watch

NOW = 1_700_000_000.0
SECRET = "a secret that is long enough to sign with"

_USERS = {"alice": "xxx", "bob:": "never", "zoë": "pässword", "carol": "a:b"}

_CLAIMS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, NOW, NOW - 1, NOW + 1, NOW + 3600, 1e300, 2**53, 2**70, 0.5, "", "123", "alice",
    [], {}, ["a", "b"], ["balws", 7], {"a": {"a": []}}, "é" * 300, "\u0000", "a b c",
)  # fmt: skip
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="
_NAMES = ("exp", "nbf", "iat", "sub", "aud", "iss", "jti", "scope", "kid", "x", "")
_ALGORITHMS: tuple[Any, ...] = (
    "HS256",
    "HS256",
    "HS256",
    "none",
    "None",
    "",
    "HS512",
    "RS256",
    "ES256",
    None,
    7,
    ["HS256"],
)
_HEADERS: tuple[tuple[str, Any], ...] = (
    ("typ", "JWT"), ("kid", "k"), ("crit", ["x"]), ("b64", False), ("jku", "https://evil.example/"), ("x5u", 7),
    ("jwk", {}),
)  # fmt: skip
_NAMES_OF_USERS = (
    "alice",
    "*",
    "*)(uid=*",
    "admin)(|(uid=*",
    "\\2a",
    "a,dc=x",
    "a+b=c",
    "O'Bob (ops)",
    "\0",
    "é",
    " a ",
    "#01",
    "a" * 500,
)


def _part(value: Any) -> str:
    data = json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _signed(header: Any, claims: Any) -> str:
    text = f"{_part(header)}.{_part(claims)}"
    signature = digest(SECRET.encode(), text.encode(), sha256)
    return f"{text}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


class Credentials:
    """
    The target.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        clock = Clock()
        config = JwtValidatorConfig(signatureConfig={"secret": SECRET}, audience="balws", clockSkew=1)
        users = InMemoryUsernamePasswordDatabaseDontUse(
            **{name: password.encode() for name, password in _USERS.items() if name.isascii()}
        )
        users.users = {name.encode(): password.encode() for name, password in _USERS.items()}
        self._chain = Chain(
            [
                Entry(kind="jwt", checker=JwtValidator(config, clock, lambda: NOW)),
                Entry(kind="users", checker=users),
            ],
            clock,
            now=lambda: NOW,
        )
        good = {"exp": NOW + 60, "aud": "balws", "sub": "alice"}
        self._tokens = [
            _signed({"alg": "HS256"}, good),
            _signed({"alg": "HS256", "typ": "JWT"}, {**good, "scope": "a b"}),
        ]
        self._right = {f"Bearer {token}".encode() for token in self._tokens} | {
            b"Basic " + b64encode(f"{name}:{password}".encode()) for name, password in _USERS.items() if ":" not in name
        }

    def run(self, seed: int) -> None:
        """
        One session.

        @raise Found: when something is wrong.
        """
        random = Random(seed)
        for _ in range(random.randint(1, 6)):
            random.choice((self._mangled, self._mangled, self._token, self._name))(random)
        if self.watch.logged:
            raise Found(f"the log has an error: {self.watch.logged[0]}")

    def _mangled(self, random: Random) -> None:
        value = bytearray(random.choice(sorted(self._right)))
        for _ in range(random.choice((0, 1, 1, 1, 2, 5, 40))):
            at = random.choice((random.randrange(len(value) + 1), len(value) - 1))
            match random.randrange(5):
                case 0:
                    value[at:at] = bytes(
                        [random.choice((0, 9, 10, 32, 44, 46, 58, 61, 127, 255, random.randrange(256)))]
                    )
                case 1:
                    del value[at : at + random.choice((1, 1, 7))]
                case 2 if 0 <= at < len(value):  # a letter that may decode to the same
                    value[at] = random.choice(_BASE64)
                case 3 if 0 <= at < len(value):
                    value[at] = random.randrange(256)
                case _:
                    value[at:at] = value[random.randrange(len(value) + 1) :][: random.choice((1, 20, 9000))]
        self._show(bytes(value), self._isRight(bytes(value)))

    def _isRight(self, value: bytes) -> bool:
        # Blanks around the one word after the scheme are no part of it.
        scheme, _, rest = value.partition(b" ")
        words = rest.split()
        return len(words) == 1 and scheme + b" " + words[0] in self._right

    def _token(self, random: Random) -> None:
        header = dict(random.sample(_HEADERS, random.choice((0, 0, 1, 2))))
        header["alg"] = random.choice(_ALGORITHMS)
        claims = {"exp": NOW + 60, "aud": "balws"} if random.random() < 0.7 else {}
        for _ in range(random.choice((0, 1, 2, 4))):
            claims[random.choice(_NAMES)] = random.choice(_CLAIMS)
        given: Any = claims if random.random() < 0.95 else random.choice(_CLAIMS)
        login = self._show(f"Bearer {_signed(header, given)}".encode(), None)
        if login is not None:
            until = claims.get("exp")
            if (
                header["alg"] != "HS256"
                or {"crit", "b64"} & header.keys()
                or type(until) not in (int, float)
                or not NOW - 1 <= until <= 2**53
                or "balws" not in ([claims.get("aud")] if isinstance(claims.get("aud"), str) else claims.get("aud"))
            ):
                raise Found(f"accepted: {header} {claims}")

    def _show(self, value: bytes, isRight: bool | None) -> Login | None:
        credentials = read(value)
        if credentials is None:
            if isRight:
                raise Found(f"not read: {value!r}")
            return None
        outcome = Outcome(Deferred.fromCoroutine(self._chain.login(credentials, None)))
        outcome.among(AuthnError)
        login = outcome.value
        if isRight is not None and isinstance(login, Login) != isRight:
            raise Found(f"{value!r} gave {login!r}")
        return login if isinstance(login, Login) else None

    def _name(self, random: Random) -> None:
        name = "".join(random.choice(_NAMES_OF_USERS) for _ in range(random.randint(1, 3)))
        inside = escaped(name)
        if any(letter in inside for letter in "()*\0") or _unescaped(inside) != name:
            raise Found(f"{name!r} is {inside!r} in a filter")
        try:
            firstValue(name)
        except ValueError:
            pass


def _unescaped(text: str) -> str:
    found = bytearray()
    at = 0
    while at < len(text):
        if text[at] == "\\":
            found.append(int(text[at + 1 : at + 3], 16))
            at += 3
        else:
            found += text[at].encode()
            at += 1
    return found.decode()
