"""
Tests of L{balws.auth.users.passwords}.
"""

from __future__ import annotations

from base64 import b64encode

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.users import passwords
from balws.auth.users.passwords import (
    MAX_PASSWORD,
    Argon2id,
    HashedPassword,
    Pbkdf2,
    Recipe,
    Scrypt,
    hashPassword,
    parsePassword,
)
from balws.errors import ConfigurationError
from tests.auth.hashed import cheapHash

CANARY = "p4ssw0rd-canary"
SALT = "c29kaXVtY2hsb3JpZGU"
DIGEST = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"

try:
    import argon2
except ImportError:
    argon2 = None  # type: ignore[assignment]
    NO_ARGON2: str | None = "argon2-cffi is not installed"
else:
    NO_ARGON2 = None


def encoded(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


class VectorTests(SynchronousTestCase):
    """
    Hashes that others made.
    """

    def test_scrypt(self) -> None:
        """
        The line of a published scrypt digest takes its password, and no other (RFC 7914 section 12).
        """
        digest = bytes.fromhex(
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        )
        stored = parsePassword(f"$scrypt$ln=14,r=8,p=1${encoded(b'SodiumChloride')}${encoded(digest)}")
        self.assertTrue(stored.verify(b"pleaseletmein"))
        for wrong in (b"pleaseletmeIn", b"pleaseletmein ", b"pleaseletmei", b""):
            self.assertFalse(stored.verify(wrong))

    def test_argon2(self) -> None:
        """
        What argon2-cffi writes is read, and it reads what balws writes. (AB06)
        """
        hasher = argon2.PasswordHasher(time_cost=4, memory_cost=4096, parallelism=2)
        stored = parsePassword(hasher.hash(CANARY))
        self.assertTrue(stored.verify(CANARY.encode()))
        self.assertFalse(stored.verify(b"another"))
        self.assertTrue(hasher.verify(hashPassword(CANARY, "argon2"), CANARY))

    test_argon2.skip = NO_ARGON2  # type: ignore[attr-defined]

    def test_pbkdf2(self) -> None:
        """
        A digest that another library derives is read, with and without its length. (AB06)
        """
        digest = PBKDF2HMAC(SHA256(), 24, b"sodiumchloride", 100_000).derive(CANARY.encode())
        for parameters in ("i=100000", "i=100000,l=24"):
            stored = parsePassword(f"$pbkdf2-sha256${parameters}${encoded(b'sodiumchloride')}${encoded(digest)}")
            self.assertTrue(stored.verify(CANARY.encode()))
            self.assertFalse(stored.verify(b"another"))


class HashPasswordTests(SynchronousTestCase):
    """
    Making hashes.
    """

    def test_scrypt(self) -> None:
        """
        By default it is scrypt of the promised parameters, with another salt each time. (AB06)
        """
        lines = [hashPassword("pä:ss wörd ") for _ in range(2)]
        for line in lines:
            self.assertRegex(line, r"^\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$")
        self.assertNotEqual(*lines)
        self.assertTrue(parsePassword(lines[0]).verify("pä:ss wörd ".encode()))
        self.assertFalse(parsePassword(lines[0]).verify("pä:ss wörd".encode()))

    def test_argon2(self) -> None:
        """
        Argon2id comes with the parameters that OWASP names, and with its version.
        """
        line = hashPassword(CANARY, "argon2")
        self.assertRegex(line, r"^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$")
        self.assertTrue(parsePassword(line).verify(CANARY.encode()))

    test_argon2.skip = NO_ARGON2  # type: ignore[attr-defined]

    def test_length(self) -> None:
        """
        A password has 1 to 1024 bytes of UTF-8.
        """
        self.patch(passwords, "KINDS", {"scrypt": lambda: Scrypt(13, 8, 1)})
        for fine in ("a", "a" * MAX_PASSWORD, "ä" * (MAX_PASSWORD // 2)):
            self.assertTrue(parsePassword(hashPassword(fine)).verify(fine.encode()))
        for bad in ("", "a" * (MAX_PASSWORD + 1), "ä" * (MAX_PASSWORD // 2) + "a"):
            error = self.assertRaises(ConfigurationError, hashPassword, bad)
            self.assertEqual(str(error), "a password has 1 to 1024 bytes")

    def test_control(self) -> None:
        """
        A password that HTTP cannot carry is refused, and not shown.
        """
        for bad in ("\0", "\n", "\t", "\x1f", "\x7f", "\x85"):
            error = self.assertRaises(ConfigurationError, hashPassword, f"{CANARY}{bad}")
            self.assertEqual(str(error), "a password has no control characters")

    def test_kind(self) -> None:
        """
        Other kinds are not made.
        """
        error = self.assertRaises(ConfigurationError, hashPassword, CANARY, "pbkdf2")
        self.assertEqual(str(error), "kind: the kind of a hash is one of scrypt, argon2")

    def test_noArgon2(self) -> None:
        """
        Without argon2-cffi both ways fail with what to install. (AB06)
        """
        self.patch(passwords, "find_spec", lambda name: None)
        line = f"$argon2id$v=19$m=19456,t=2,p=1${SALT}${DIGEST}"
        for function, arguments in ((hashPassword, (CANARY, "argon2")), (parsePassword, (line,))):
            error = self.assertRaises(ConfigurationError, function, *arguments)
            self.assertIn('pip install "balws[argon2]"', str(error))


class ParseTests(SynchronousTestCase):
    """
    Reading lines of a file.
    """

    def refusal(self, line: str, allowPlaintext: bool = False) -> str:
        error = self.assertRaises(ConfigurationError, parsePassword, line, allowPlaintext)
        self.assertNotIn(line, str(error))
        return str(error)

    def test_otherKinds(self) -> None:
        """
        Hashes of other kinds, weak ones and unknown ones, are refused with the mend, even where
        plain text is allowed: the line would be the password. (AB06)
        """
        for line in (
            "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "$6$rounds=5000$saltsalt$abcdef",
            "$apr1$saltsalt$abcdef",
            "$y$j9T$abc$def",
            "{MD5}X03MO1qnZdYdgyfeuILPmQ==",
            "{SSHA}X03MO1qnZdYdgyfeuILPmQ==",
            f"$argon2i$v=19$m=19456,t=2,p=1${SALT}${DIGEST}",
            f"$argon2d$v=19$m=19456,t=2,p=1${SALT}${DIGEST}",
            f"$pbkdf2-sha1$i=600000${SALT}${DIGEST}",
            f"$scrypt$v=1$ln=14,r=8,p=5${SALT}${DIGEST}",
            f"$argon2id$m=19456,t=2,p=1${SALT}${DIGEST}",
            f"$argon2id$v=16$m=19456,t=2,p=1${SALT}${DIGEST}",
        ):
            for allowPlaintext in (False, True):
                refusal = self.refusal(line, allowPlaintext)
                self.assertIn("expected a hash of scrypt, argon2id or pbkdf2-sha256", refusal)
                self.assertIn("`balws hash-password`", refusal)

    def test_plain(self) -> None:
        """
        Plain text, bare digests in hexadecimal too, is refused unless it is allowed. (AB06)
        """
        for line in (CANARY, "5f4dcc3b5aa765d61d8327deb882cf99", "$", "$scrypt", "{}"):
            refusal = self.refusal(line)
            self.assertIn("allowPlaintextPasswords", refusal)
            self.assertIn("`balws hash-password`", refusal)
            stored = parsePassword(line, allowPlaintext=True)
            self.assertTrue(stored.verify(line.encode()))
            self.assertFalse(stored.verify(line.encode() + b" "))
            self.assertNotIn(line, repr(stored))

    def test_plainLength(self) -> None:
        """
        Plain text that nobody could log in with is refused.
        """
        long = "a" * MAX_PASSWORD
        self.assertTrue(parsePassword(long, True).verify(long.encode()))
        self.assertIn("1 to 1024 bytes", self.refusal(long + "a", True))
        self.assertIn("control characters", self.refusal("a\0", True))

    def test_broken(self) -> None:
        """
        A line that was cut or changed is refused, and is no plain text either.
        """
        for line in (
            "$scrypt$ln=14,r=8,p=5",
            f"$scrypt$ln=14,r=8,p=5${SALT}",
            f"$scrypt$ln=14,r=8,p=5${SALT}$",
            f"$scrypt$ln=14,r=8,p=5${SALT}${DIGEST}=",
            f"$scrypt$ln=14,r=8,p=5${SALT}${DIGEST}$",
            f"$scrypt$ln=14,r=8,p=5${SALT}${DIGEST}\n",
            f"$scrypt$ln=14,r=8,p=5${SALT}${DIGEST[:-1]}F",
            f"$scrypt$ln=14,r=8,p=5${SALT}${DIGEST[:-2]}",
            f"$scrypt$ln=14,r=8${SALT}${DIGEST}",
            f"$scrypt$r=8,ln=14,p=5${SALT}${DIGEST}",
            f"$scrypt$ln=14,ln=14,r=8,p=5${SALT}${DIGEST}",
            f"$scrypt$ln=14,r=8,p=5,x=1${SALT}${DIGEST}",
            f"$scrypt$ln=-1,r=8,p=5${SALT}${DIGEST}",
            f"$scrypt$ln=,r=8,p=5${SALT}${DIGEST}",
            f"$pbkdf2-sha256$i=600000,l=31${SALT}${DIGEST}",
        ):
            self.assertIn("expected a hash", self.refusal(line, True))

    def test_lengths(self) -> None:
        """
        A salt has 8 to 64 bytes, a digest 16 to 64.
        """
        for salt, digest in ((8, 16), (64, 64)):
            parsePassword(f"$scrypt$ln=14,r=8,p=5${encoded(bytes(salt))}${encoded(bytes(digest))}")
        for salt, digest in ((7, 32), (65, 32), (16, 15), (16, 65)):
            self.refusal(f"$scrypt$ln=14,r=8,p=5${encoded(bytes(salt))}${encoded(bytes(digest))}")

    def test_bounds(self) -> None:
        """
        Parameters that would take all memory or many seconds are refused, those that protect
        nothing too.
        """
        weak, costly, none = "too weak", "more than 256 MiB or some seconds", "expected a hash"
        cases: list[tuple[Recipe, str | None]] = [
            (Scrypt(17, 8, 4), None),
            (Scrypt(18, 8, 2), None),
            (Scrypt(18, 9, 1), costly),
            (Scrypt(18, 8, 3), costly),
            (Scrypt(14, 8, 33), costly),
            (Scrypt(30, 8, 1), costly),
            (Scrypt(31, 999999999, 999999999), costly),
            (Scrypt(13, 8, 1), None),
            (Scrypt(12, 8, 2), weak),
            (Scrypt(12, 8, 1), weak),
            (Scrypt(16, 1, 1), none),
            (Scrypt(15, 2, 1), None),
            (Scrypt(32, 8, 1), none),
            (Scrypt(0, 8, 1), none),
            (Scrypt(14, 0, 1), none),
            (Scrypt(14, 8, 0), none),
            (Pbkdf2(99_999), weak),
            (Pbkdf2(100_000), None),
            (Pbkdf2(5_000_000), None),
            (Pbkdf2(5_000_001), costly),
            (Pbkdf2(0), weak),
        ]
        if NO_ARGON2 is None:
            cases += [
                (Argon2id(2**18, 8, 4), None),
                (Argon2id(2**18 + 1, 1, 1), costly),
                (Argon2id(2**18, 9, 1), costly),
                (Argon2id(19456, 2, 64), None),
                (Argon2id(19456, 2, 65), costly),
                (Argon2id(4096, 4, 1), None),
                (Argon2id(4095, 5, 1), weak),
                (Argon2id(4096, 3, 1), weak),
                (Argon2id(0, 2, 1), none),
                (Argon2id(19456, 0, 1), none),
                (Argon2id(19456, 2, 0), none),
            ]
        for recipe, problem in cases:
            line = HashedPassword(recipe, bytes(16), bytes(32)).line()  # type: ignore[arg-type]
            if problem is None:
                self.assertEqual(parsePassword(line).recipe, recipe)
            else:
                self.assertIn(problem, self.refusal(line), recipe)


class VerifyTests(SynchronousTestCase):
    """
    Read lines at work.
    """

    def test_round(self) -> None:
        """
        A read line is written as it was.
        """
        line = cheapHash(CANARY)
        stored = parsePassword(line)
        assert isinstance(stored, HashedPassword)
        self.assertEqual(stored.line(), line)
        self.assertNotIn(line[-10:], repr(stored))

    def test_long(self) -> None:
        """
        A password over 1024 bytes is wrong without any work.
        """
        stored = parsePassword(cheapHash(CANARY))
        seen: list[bytes] = []
        self.patch(Scrypt, "derive", lambda self, password, *rest: (seen.append(password), bytes(32))[1])
        self.assertFalse(stored.verify(b"a" * (MAX_PASSWORD + 1)))
        self.assertEqual(seen, [])
        self.assertFalse(stored.verify(b"a" * MAX_PASSWORD))
        self.assertEqual(len(seen), 1)
        plain = parsePassword(CANARY, True)
        self.assertFalse(plain.verify(b"a" * (MAX_PASSWORD + 1)))

    def test_decoy(self) -> None:
        """
        A decoy takes the same work, and not the password of its model.
        """
        for stored in (parsePassword(cheapHash(CANARY)), parsePassword(CANARY, True)):
            decoy = stored.decoy()
            self.assertEqual(decoy.recipe, stored.recipe)
            self.assertTrue(stored.verify(CANARY.encode()))
            self.assertFalse(decoy.verify(CANARY.encode()))

    def test_constantTime(self) -> None:
        """
        Digests are compared in constant time. (AB05)
        """
        seen: list[tuple[bytes, bytes]] = []
        self.patch(passwords, "compare_digest", lambda a, b: bool(seen.append((a, b))))
        for stored in (parsePassword(cheapHash(CANARY)), parsePassword(CANARY, True)):
            self.assertFalse(stored.verify(CANARY.encode()))
        self.assertEqual([len(a) == len(b) == 32 for a, b in seen], [True, True])
