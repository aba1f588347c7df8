"""
Tests of L{balws.cli.token}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from balws.auth.jwt.compact import encode, parse
from balws.auth.jwt.keys import readVerifyingKey
from balws.cli import asked
from balws.cli import options as commandOptions
from balws.cli.command import main
from balws.cli.token import make, show
from balws.cli.token.show import span
from balws.config.jwt import ValidatorSignatureConfig
from balws.errors import AuthError, AuthUnavailableError
from tests.cli.test_command import CommandTestCase

CANARY = "s3cret-canary-with-thirty-two-bytes-and-more"


def utc(test: Any) -> None:
    """
    Let this place be in UTC.
    """
    before = os.environ.get("TZ")

    def put(name: str | None) -> None:
        os.environ.pop("TZ", None)
        if name is not None:
            os.environ["TZ"] = name
        time.tzset()

    put("UTC")
    test.addCleanup(put, before)


class TokenTestCase(CommandTestCase):
    """
    Keys, and what is printed.
    """

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.secret = self.write("secret.txt", f"{CANARY}\n")
        self.key = ec.generate_private_key(ec.SECP256R1())
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.private = self.write("private.pem", pem.decode())
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public = self.write("public.pem", pem.decode())

    def write(self, name: str, text: str) -> str:
        """
        @return: the path of a new file.
        """
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def printed(self, *arguments: str, status: int = 0) -> str:
        """
        @return: what was printed.
        """
        self.out.truncate(0)
        self.out.seek(0)
        self.assertEqual(main(["token", *arguments]), status, self.err.getvalue())
        self.assertNotIn(CANARY, self.out.getvalue() + self.err.getvalue())
        return self.out.getvalue()

    def made(self, *arguments: str) -> str:
        """
        @return: a token.
        """
        return self.printed("make", *arguments).removesuffix("\n")

    def refused(self, *arguments: str, status: int = 1) -> str:
        """
        @return: the line that says why not.
        """
        self.out.truncate(0)
        self.out.seek(0)
        return self.refusal("token", *arguments, status=status)


class MakeTests(TokenTestCase):
    """
    C{balws token make}.
    """

    def test_claims(self) -> None:
        """
        The options become claims, and the token is good from now on.
        """
        token = parse(
            self.made(
                *("--secret-file", self.secret, "--issuer", "me", "--subject", "ada", "--audience", "chat"),
                *("--scope", "read", "--scope", "write", "--claim", "level=7", "--claim", "name=A=B", "--kid", "k1"),
                *("--expires", "1h"),
            )
        )
        self.assertEqual(token.header, {"alg": "HS256", "typ": "JWT", "kid": "k1"})
        claims = dict(token.claims)
        times = [claims.pop(name) for name in ("iat", "nbf", "exp")]
        self.assertEqual(
            claims, {"iss": "me", "sub": "ada", "aud": "chat", "scope": "read write", "level": 7, "name": "A=B"}
        )
        self.assertLess(abs(times[0] - time.time()), 60)
        self.assertEqual(times[1:], [times[0], times[0] + 3600])

    def test_audiences(self) -> None:
        """
        Several audiences are a list, none is none.
        """
        both = self.made("--secret-file", self.secret, "--audience", "a", "--audience", "b")
        self.assertEqual(parse(both).claims["aud"], ["a", "b"])
        self.assertNotIn("aud", parse(self.made("--secret-file", self.secret)).claims)

    def test_expires(self) -> None:
        """
        Its time has a unit, seconds without one.
        """
        for text, seconds in (("1", 1), ("90s", 90), ("5m", 300), ("1h", 3600), ("7d", 604800)):
            claims = parse(self.made("--secret-file", self.secret, "-e", text)).claims
            self.assertEqual(claims["exp"] - claims["iat"], seconds)
        for text in ("", "0", "-5m", "1w", "1.5h", "999999999d"):
            words = self.refused("make", "--secret-file", self.secret, "-e", text, status=2)
            self.assertTrue("--expires takes a time" in words or words.startswith("expTime: "), words)

    def test_keys(self) -> None:
        """
        The algorithm is that of the key, where none is named.
        """
        token = parse(self.made("--key-file", self.private))
        self.assertEqual(token.header["alg"], "ES256")
        key = readVerifyingKey(ValidatorSignatureConfig(certFile=self.public))
        self.assertTrue(key.verifies("ES256", token.signed, token.signature))
        pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"of the key")
        )
        arguments = ("--key-file", self.write("ed.pem", pem.decode()))
        password = ("--key-password-file", self.write("password.txt", "of the key\n"))
        self.assertEqual(parse(self.made(*arguments, *password)).header["alg"], "EdDSA")
        self.assertIn("is encrypted, and there is no password", self.refused("make", *arguments))
        self.assertEqual(parse(self.made("--secret-file", self.secret, "-a", "HS512")).header["alg"], "HS512")

    def test_json(self) -> None:
        """
        A script gets the token, and what is in it.
        """
        found = json.loads(self.made("--secret-file", self.secret, "--json", "--subject", "ada"))
        token = parse(found["token"])
        self.assertEqual((found["header"], found["claims"]), (token.header, token.claims))

    def test_usage(self) -> None:
        """
        Command lines that cannot be.
        """
        for arguments, words in (
            ([], "give one of --key-file, --jwk-file, --secret-file"),
            (["--key-file", "a", "--secret-file", "b"], "give one of --key-file, --jwk-file, --secret-file"),
            (["--key-password-file", "a", "--secret-file", "b"], "--key-password-file goes with --key-file"),
            ([CANARY], "token make takes no arguments; secrets come from files"),
            (["--secret-file", "b", "--claim", "x"], "--claim is name=value"),
            (["--secret-file", "b", "--claim", "=x"], "--claim is name=value"),
            (["--secret-file", "b", "--claim", "exp=1"], "customClaims.exp: has a field of its own"),
        ):
            self.assertEqual(self.refused("make", *arguments, status=2), words)
        words = self.refused("make", "--secret-file", "b", "--algorithm", "none", status=2)
        self.assertTrue(words.startswith("--algorithm is one of RS256, "), words)
        self.assertEqual(self.refused(status=2), "make or show? See balws token --help")

    def test_noKey(self) -> None:
        """
        Keys that cannot be used are told, without any of them.
        """
        self.assertIn("--key-file: the file 'nowhere' cannot be read", self.refused("make", "--key-file", "nowhere"))
        self.assertIn("--secret-file: the file 'nowhere' cannot", self.refused("make", "--secret-file", "nowhere"))
        password = ("--key-file", self.private, "--key-password-file", "nowhere")
        self.assertIn("--key-password-file: the file 'nowhere' cannot be read", self.refused("make", *password))
        self.assertIn("has no private key in PEM", self.refused("make", "--key-file", self.secret))
        short = self.refused("make", "--secret-file", self.write("short", "x" * 31))
        self.assertIn("--secret-file: is under 32 bytes", short)
        other = self.refused("make", "-k", self.private, "-a", "RS256")
        self.assertIn("--algorithm: the key is for ES256, not for RS256", other)
        self.assertIn("a secret is for HS256", self.refused("make", "--secret-file", self.secret, "-a", "ES256"))

    def test_notSigned(self) -> None:
        """
        A key that does not sign after all is told by one line.
        """
        self.patch(make.IssuedToken, "authorization", lambda issued: fail(AuthError("cannot be signed")))
        self.assertEqual(self.refused("make", "--secret-file", self.secret), "cannot be signed")

    def test_tooLarge(self) -> None:
        """
        One that no service would take is not made.
        """
        for more in ((), ("--json",)):
            words = self.refused("make", "--secret-file", self.secret, "--claim", f"a={'x' * 7000}", *more)
            self.assertEqual(words, "no service would take this token: The JWT is too large.")

    def test_help(self) -> None:
        """
        Each of them has C{--help} with an example.
        """
        for arguments in (["token"], ["token", "make"], ["token", "show"]):
            shown = " ".join(self.exits(*arguments, "--help").split())
            self.assertIn(f"Example: balws {' '.join(arguments)}", shown)


class ShowTests(TokenTestCase):
    """
    C{balws token show}.
    """

    def setUp(self) -> None:
        super().setUp()
        utc(self)
        self.now = 1_000_000_000
        for module in (make, show):
            self.patch(module, "time", lambda: self.now)

    def token(self, *arguments: str) -> str:
        """
        @return: the file of a token that was made now.
        """
        return self.write("token.txt", self.made("--secret-file", self.secret, *arguments) + "\n")

    def verdict(self, *arguments: str, status: int = 0) -> str:
        """
        @return: the last line.
        """
        return self.printed("show", *arguments, status=status).splitlines()[-1]

    def test_shown(self) -> None:
        """
        Header and claims are shown, times as times of this place, and that nothing was checked.
        """
        file = self.token("--issuer", "me", "--claim", 'roles=["a"]', "--expires", "5m")
        self.now += 120
        self.assertEqual(
            self.printed("show", file).splitlines(),
            [
                "Header",
                "  alg  HS256",
                "  typ  JWT",
                "Claims",
                "  iss    me",
                '  roles  ["a"]',
                "  exp    2001-09-09 01:51:40 +0000 (expires in 3 minutes)",
                "  iat    2001-09-09 01:46:40 +0000 (2 minutes ago)",
                "  nbf    2001-09-09 01:46:40 +0000 (2 minutes ago)",
                "signature not checked",
            ],
        )

    def test_expired(self) -> None:
        """
        One that has expired says so, and since when; so does one of the future.
        """
        file = self.token()
        self.now += 480
        lines = self.printed("show", file).splitlines()
        self.assertTrue(any(line.endswith("(expired 3 minutes ago)") for line in lines), lines)
        self.assertEqual(lines[-1], "signature not checked; JWT is expired.")
        self.assertEqual(self.verdict(file, "--secret-file", self.secret, status=1), "invalid: JWT is expired.")
        self.now -= 1000
        lines = self.printed("show", file).splitlines()
        self.assertIn("(in 8 minutes)", lines[-2])
        self.assertEqual(lines[-1], "signature not checked; JWT is used before not-before-time (nbf).")

    def test_secret(self) -> None:
        """
        With the secret it says whether the token is valid.
        """
        file = self.token()
        self.assertEqual(self.verdict(file, "--secret-file", self.secret), "valid")
        other = self.write("other.txt", "x" * 40)
        self.assertEqual(
            self.verdict(file, "--secret-file", other, status=1), "invalid: JWT signature validation has failed."
        )

    def test_key(self) -> None:
        """
        So it does with a public key, which is for its own algorithms only.
        """
        made = self.write("made.txt", self.made("--key-file", self.private))
        self.assertEqual(self.verdict(made, "--key", self.public), "valid")
        file = self.token()
        self.assertEqual(
            self.verdict(file, "--key", self.public, status=1),
            'invalid: no key for its algorithm "HS256", or of its name',
        )

    def test_unsigned(self) -> None:
        """
        A token that says that it has no signature is none that a key could speak for.
        """
        unsigned = ".".join(encode(part).decode() for part in (b'{"alg":"none"}', b'{"sub":"ada"}', b""))
        file = self.write("unsigned.txt", unsigned)
        self.assertEqual(self.verdict(file), "signature not checked")
        self.assertIn("no key for its algorithm", self.verdict(file, "--secret-file", self.secret, status=1))

    def test_expectations(self) -> None:
        """
        Issuer and audience are looked at where they are given.
        """
        file = self.token("--issuer", "me", "--audience", "chat")
        arguments = (file, "--secret-file", self.secret)
        self.assertEqual(self.verdict(*arguments, "--issuer", "me", "--audience", "chat"), "valid")
        self.assertEqual(
            self.verdict(*arguments, "-i", "you", status=1), "invalid: JWT contained invalid issuer name 'me'."
        )
        self.assertEqual(self.verdict(*arguments, "-a", "x", status=1), "invalid: JWT contained invalid audience.")

    def jwks(self, **fields: Any) -> dict[str, Any]:
        """
        @return: the key as an issuer publishes it.
        """
        numbers = self.key.public_key().public_numbers()
        x, y = (encode(each.to_bytes(32, "big")).decode() for each in (numbers.x, numbers.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "k1", **fields}]}

    def test_keySet(self) -> None:
        """
        The keys that an issuer publishes may be in a file.
        """
        made = self.write("made.txt", self.made("--key-file", self.private, "--kid", "k1"))
        nameless = self.write("nameless.txt", self.made("--key-file", self.private))
        keys = self.write("keys.json", json.dumps(self.jwks()))
        self.assertEqual(self.verdict(made, "--jwks", keys), "valid")
        self.assertEqual(self.verdict(nameless, "--jwks", keys), "valid")
        others = self.write("others.json", json.dumps(self.jwks(kid="k2")))
        self.assertIn("or of its name", self.verdict(made, "--jwks", others, status=1))
        for text, words in (
            ("{", "--jwks: the file '{}' is no JSON"),
            ("[]", "--jwks: the file '{}' has no keys: it is no object of JSON"),
            ("{}", "--jwks: the file '{}' has no keys: there is no list of keys"),
        ):
            broken = self.write("broken.json", text)
            self.assertEqual(self.refused("show", made, "--jwks", broken), words.format(broken))
        self.assertIn("cannot be read", self.refused("show", made, "--jwks", "nowhere"))

    def test_fetched(self) -> None:
        """
        Or they are fetched from the issuer.
        """
        made = self.write("made.txt", self.made("--key-file", self.private, "--kid", "k1"))
        asked: list[Any] = []
        key = readVerifyingKey(ValidatorSignatureConfig(certFile=self.public))
        answers = [succeed(key), fail(UnauthorizedLogin("no such key")), fail(AuthUnavailableError("not there"))]

        class FakeKeySet:
            def __init__(self, config: Any, reactor: Any) -> None:
                asked.append(config.url)

            def find(self, name: object, algorithm: str) -> Deferred[Any]:
                asked.append((name, algorithm))
                return answers.pop(0)

            def close(self) -> Deferred[None]:
                asked.append("closed")
                return succeed(None)

        self.patch(show, "KeySet", FakeKeySet)
        self.patch(commandOptions, "react", lambda function: self.successResultOf(function(Clock())))
        url = "https://issuer.example/keys"
        self.assertEqual(self.verdict(made, "--jwks", url), "valid")
        self.assertEqual(asked, [url, ("k1", "ES256"), "closed"])
        self.assertEqual(self.verdict(made, "--jwks", url, status=1), "invalid: no such key")
        self.assertEqual(self.refused("show", made, "--jwks", url), "not there")
        self.assertEqual(asked[-1], "closed")

    def test_json(self) -> None:
        """
        A script gets all of it; what nobody knows is null.
        """
        file = self.token("--subject", "ada")
        found = json.loads(self.printed("show", file, "--json"))
        self.assertEqual((found["header"]["alg"], found["claims"]["sub"]), ("HS256", "ada"))
        self.assertEqual((found["signature"], found["valid"], found["problem"]), ("not checked", None, None))
        found = json.loads(self.printed("show", file, "--json", "--secret-file", self.secret))
        self.assertEqual((found["signature"], found["valid"], found["problem"]), ("valid", True, None))
        self.now += 1000
        found = json.loads(self.printed("show", file, "--json", "--secret-file", self.secret, status=1))
        self.assertEqual((found["signature"], found["valid"], found["problem"]), ("valid", False, "JWT is expired."))

    def test_sources(self) -> None:
        """
        The token is in a file, on the standard input, or in the environment, also with the word
        in front that stands in a request.
        """
        token = self.made("--secret-file", self.secret)
        for arguments in (["show"], ["show", "-"]):
            self.patch(sys, "stdin", TextIOWrapper(BytesIO(f" Bearer {token}\n".encode())))
            self.assertIn("signature not checked", self.printed(*arguments))
        self.patch(os, "environ", {"MY_TOKEN": token, "TZ": "UTC"})
        self.assertIn("signature not checked", self.printed("show", "--env", "MY_TOKEN"))

        class Screen(StringIO):
            def isatty(self) -> bool:
                return True

        self.patch(sys, "stdin", Screen())
        self.patch(asked, "getpass", lambda prompt: token)
        self.assertIn("signature not checked", self.printed("show"))

    def test_hostile(self) -> None:
        """
        Whatever a token says does nothing to the terminal.
        """
        claims = json.dumps({"sub\x1b[2J": "\u202e\n\x9b", "exp": 1e15, "iat": -(10**30), "auth_time": True})
        parts = (b'{"alg":"\\u001b]0;x\\u0007"}', claims.encode(), b"")
        file = self.write("hostile.txt", ".".join(encode(part).decode() for part in parts))
        shown = self.printed("show", file)
        self.assertTrue(shown.replace("\n", "").isprintable(), shown)

    def test_none(self) -> None:
        """
        What is no token is told, without any of it.
        """
        for text, words in (
            ("", "is empty"),
            (" \n", "there is no token"),
            (CANARY, "this is no JWT: Credential format does not match to JWT format."),
            ("x" * 9000 + "..", "this is no JWT: The JWT is too large."),
        ):
            self.assertIn(words, self.refused("show", self.write("no.txt", text)))
        self.assertIn("cannot be read: No such file", self.refused("show", "nowhere"))
        self.patch(os, "environ", {})
        self.assertEqual(self.refused("show", "--env", "NO"), "the environment variable 'NO' is not set")

    def test_usage(self) -> None:
        """
        Command lines that cannot be.
        """
        for arguments, words in (
            (["eyJhbGciOiJIUzI1NiJ9.e30.x"], "give a file; a token is never an argument, for everybody on"),
            (["Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"], "give a file; a token is never an argument, for everybody on"),
            ([CANARY, CANARY], "give one file; a token is never an argument"),
            (["x", "--env", "X"], "take one of --env and a file"),
            (["--key", "a", "--jwks", "b"], "take one of --key, --secret-file, --jwks"),
            (["--jwks", "http://issuer.example/"], "url: expected an https URL"),
        ):
            self.assertIn(words, self.refused("show", *arguments, status=2))

    def test_span(self) -> None:
        """
        Distances are in the unit that suits them.
        """
        for seconds, words in (
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7199, "119 minutes"),
            (7200, "2 hours"),
            (172799, "47 hours"),
            (172800, "2 days"),
        ):
            self.assertEqual(span(seconds), words)
