# -*- test-case-name: tests.auth.users.test_passwords -*-
"""
Hashes of passwords, as lines of text in the PHC format: the kind, its parameters, salt and
digest, so that each can be checked years after it was made (decision 16).

A line is read once, into an object that checks passwords.  Its parameters are bounded from
above, since a slip of the pen must not take all memory, and from below, since a digest
that is made in no time is guessed in no time.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from hashlib import pbkdf2_hmac, scrypt, sha256
from hmac import compare_digest
from importlib.util import find_spec
from typing import ClassVar

import attrs

from balws.errors import ConfigurationError

__all__ = [
    "KINDS",
    "MAX_PASSWORD",
    "HashedPassword",
    "PlainPassword",
    "Scrypt",
    "StoredPassword",
    "hashPassword",
    "parsePassword",
]

#: The longest password, in bytes of UTF-8.
MAX_PASSWORD = 1024

#: What the check of one password may take, in KiB.
MAX_MEMORY = 256 * 1024

_SALTS = range(8, 65)
_DIGESTS = range(16, 65)
_NEW_SALT = 16
_NEW_DIGEST = 32

_MEND = "make a new one with `balws hash-password`"
_NO_HASH = f"expected a hash of scrypt, argon2id or pbkdf2-sha256 that balws can read; {_MEND}"
_PLAIN = f"plain text is refused unless allowPlaintextPasswords is true; {_NO_HASH}"
_TOO_WEAK = f"the parameters of this hash are too weak; {_MEND}"
_TOO_COSTLY = f"the parameters of this hash take more than 256 MiB or some seconds; {_MEND}"
_NO_ARGON2 = 'argon2 needs the package argon2-cffi: pip install "balws[argon2]"'

#: How hashes of other programs begin: even where plain text is allowed these are none.
_HASH_LIKE = re.compile(r"\$[0-9A-Za-z-]+\$|\{[0-9A-Za-z.-]+\}")
_PHC = re.compile(
    r"\$(?P<kind>[a-z0-9-]+)(?:\$v=(?P<version>\d{1,9}))?\$(?P<parameters>[a-z]+=\d{1,9}(?:,[a-z]+=\d{1,9})*)"
    r"\$(?P<salt>[0-9A-Za-z+/]+)\$(?P<digest>[0-9A-Za-z+/]+)"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Recipe(ABC):
    """
    A kind of hash with its parameters, which are the fields.  Equal ones take equal time.

    @cvar kind: its name in the PHC format.
    @cvar version: its version there, where it has some.
    """

    kind: ClassVar[str]
    version: ClassVar[str | None] = None

    @abstractmethod
    def problem(self) -> str | None:
        """
        @return: why hashes of these parameters are refused; L{None}: they are not.
        """

    @abstractmethod
    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """
        @return: the digest, of so many bytes.
        """


def _judged(memory: int, isWeak: bool, isSlow: bool) -> str | None:
    """
    @param memory: in KiB.
    """
    if isSlow or memory > MAX_MEMORY:
        return _TOO_COSTLY
    return _TOO_WEAK if isWeak else None


@attrs.frozen
class Scrypt(Recipe):
    """
    RFC 7914; the parameters are its own, but for C{ln}, the logarithm of N to base 2.
    """

    kind: ClassVar[str] = "scrypt"

    ln: int = 14
    r: int = 8
    p: int = 5

    def problem(self) -> str | None:
        """
        See L{Recipe.problem}.
        """
        # RFC 7914 section 2: N is less than 2 to the power of 16 r.
        if not 1 <= self.ln < min(32, 16 * self.r) or not self.p:
            return _NO_HASH
        work = self.r * self.p << self.ln
        # The default is 5 * 2**17, a third of a second of an old machine.
        return _judged(self.r << self.ln >> 3, work < 2**16 or self.r << self.ln < 2**16, work > 2**22)

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """
        See L{Recipe.derive}.
        """
        n = 1 << self.ln
        # What OpenSSL counts, and some room.
        memory = 128 * self.r * (n + self.p + 4) + 65536
        return scrypt(password, salt=salt, n=n, r=self.r, p=self.p, maxmem=memory, dklen=length)


@attrs.frozen
class Argon2id(Recipe):
    """
    RFC 9106: C{m} KiB of memory, C{t} passes, C{p} lanes.
    """

    kind: ClassVar[str] = "argon2id"
    version: ClassVar[str | None] = "19"

    m: int = 19456
    t: int = 2
    p: int = 1

    def problem(self) -> str | None:
        """
        See L{Recipe.problem}.
        """
        if not self.t or not self.p or self.m < 8 * self.p:
            return _NO_HASH
        work = self.m * self.t
        judgement = _judged(self.m, work < 2**14 or self.m < 2**12, work > 2**21 or self.p > 64)
        return judgement or (None if find_spec("argon2") else _NO_ARGON2)

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """
        See L{Recipe.derive}.
        """
        from argon2.low_level import Type, hash_secret_raw

        return hash_secret_raw(password, salt, self.t, self.m, self.p, length, Type.ID)


@attrs.frozen
class Pbkdf2(Recipe):
    """
    RFC 8018 with HMAC-SHA-256, C{i} iterations.
    """

    kind: ClassVar[str] = "pbkdf2-sha256"

    i: int = 600_000

    def problem(self) -> str | None:
        """
        See L{Recipe.problem}.
        """
        return _judged(0, self.i < 100_000, self.i > 5_000_000)

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """
        See L{Recipe.derive}.
        """
        return pbkdf2_hmac("sha256", password, salt, self.i, length)


_RECIPES: dict[str, type[Scrypt | Argon2id | Pbkdf2]] = {each.kind: each for each in (Scrypt, Argon2id, Pbkdf2)}

#: What L{hashPassword} makes, by the names of C{balws hash-password}.
KINDS: dict[str, type[Scrypt | Argon2id]] = {"scrypt": Scrypt, "argon2": Argon2id}


@attrs.frozen(repr=False)
class HashedPassword:
    """
    One line, read.

    @ivar recipe: the kind of hash, with its parameters.
    """

    recipe: Scrypt | Argon2id | Pbkdf2
    _salt: bytes
    _digest: bytes

    def verify(self, password: bytes) -> bool:
        """
        Blocks for as long as the recipe takes; the interpreter is free meanwhile.

        @param password: in UTF-8; one over L{MAX_PASSWORD} is wrong.
        """
        if len(password) > MAX_PASSWORD:
            return False
        return compare_digest(self.recipe.derive(password, self._salt, len(self._digest)), self._digest)

    def decoy(self) -> HashedPassword:
        """
        @return: what no password fits and takes the same time.
        """
        return HashedPassword(self.recipe, os.urandom(len(self._salt)), os.urandom(len(self._digest)))

    def line(self) -> str:
        """
        @return: the line in the PHC format; L{parsePassword} reads it.
        """
        recipe = self.recipe
        version = f"$v={recipe.version}" if recipe.version else ""
        parameters = ",".join(f"{name}={value}" for name, value in attrs.asdict(recipe).items())
        return f"${recipe.kind}{version}${parameters}${_encoded(self._salt)}${_encoded(self._digest)}"


@attrs.frozen(repr=False)
class PlainPassword:
    """
    A password that stood there as it is.

    @ivar recipe: all are of one.
    """

    recipe: ClassVar[None] = None

    _digest: bytes

    def verify(self, password: bytes) -> bool:
        """
        @param password: in UTF-8; one over L{MAX_PASSWORD} is wrong.
        """
        return len(password) <= MAX_PASSWORD and compare_digest(sha256(password).digest(), self._digest)

    def decoy(self) -> PlainPassword:
        """
        @return: what no password fits.
        """
        return PlainPassword(os.urandom(len(self._digest)))


#: What a user store holds.
StoredPassword = HashedPassword | PlainPassword


def parsePassword(line: str, allowPlaintext: bool = False) -> StoredPassword:
    """
    Read a stored password.

    @param allowPlaintext: whether a text that is no hash of any kind is the password itself.
    @raise ConfigurationError: when it cannot be used; the text shows nothing of it.
    """
    match = _PHC.fullmatch(line)
    if match is not None:
        return _hashed(match)
    if _HASH_LIKE.match(line):
        raise ConfigurationError(_NO_HASH)
    if not allowPlaintext:
        raise ConfigurationError(_PLAIN)
    return PlainPassword(sha256(_checkedText(line)).digest())


def hashPassword(password: str, kind: str = "scrypt") -> str:
    """
    Make what a user store keeps.  Blocks for some tenths of a second.

    @param password: 1 to L{MAX_PASSWORD} bytes in UTF-8, without control characters, which
        no Basic header carries (RFC 7617 section 2).
    @param kind: C{scrypt} or C{argon2}.
    @return: a line in the PHC format.
    @raise ConfigurationError: for such a password, an unknown kind, or C{argon2} without
        its package.
    """
    data = _checkedText(password)
    if kind not in KINDS:
        raise ConfigurationError(f"the kind of a hash is one of {', '.join(KINDS)}", "kind")
    recipe = KINDS[kind]()
    problem = recipe.problem()
    if problem is not None:
        raise ConfigurationError(problem)
    salt = os.urandom(_NEW_SALT)
    return HashedPassword(recipe, salt, recipe.derive(data, salt, _NEW_DIGEST)).line()


def _checkedText(password: str) -> bytes:
    data = password.encode("utf-8", "replace")
    if not 1 <= len(data) <= MAX_PASSWORD:
        raise ConfigurationError(f"a password has 1 to {MAX_PASSWORD} bytes")
    if _CONTROL.search(password):
        raise ConfigurationError("a password has no control characters")
    return data


def _hashed(match: re.Match[str]) -> HashedPassword:
    recipeType = _RECIPES.get(match["kind"])
    if recipeType is None or match["version"] != recipeType.version:
        raise ConfigurationError(_NO_HASH)
    salt, digest = _decoded(match["salt"]), _decoded(match["digest"])
    if len(salt) not in _SALTS or len(digest) not in _DIGESTS:
        raise ConfigurationError(_NO_HASH)
    given = match["parameters"].split(",")
    if recipeType is Pbkdf2 and given[-1] == f"l={len(digest)}":
        given.pop()
    names = [pair.partition("=")[0] for pair in given]
    if names != [field.name for field in attrs.fields(recipeType)]:
        raise ConfigurationError(_NO_HASH)
    recipe = recipeType(*(int(pair.partition("=")[2]) for pair in given))
    problem = recipe.problem()
    if problem is not None:
        raise ConfigurationError(problem)
    return HashedPassword(recipe, salt, digest)


def _encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii").rstrip("=")


def _decoded(text: str) -> bytes:
    """
    @return: nothing for what nobody would write like this.
    """
    try:
        data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""
    return data if _encoded(data) == text else b""
