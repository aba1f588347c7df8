"""
Tokens, right and wrong: rows JW01 to JW04, JW06, JW10 and JW13 of the reliability catalogue.
"""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.auth.tokens import SECRET, decode, encode, jwk, part, token
from tests.certificates import Authority, rsaKey
from tests.rows.backend import BackEndHost, said
from tests.rows.guarding import GuardedTestCase, bearer, guarded
from tests.rows.raw import CLOSE, TEXT, frame
from tests.rows.waiting import patiently

_ISSUER, _AUDIENCE = "https://issuer.example", "chat"

#: No secret of the tests', but as long.
_OTHER = "another secret of more than 32 bytes, which nobody knows"


@cache
def _ecKey() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _attacker() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _files() -> dict[str, Path]:
    """
    @return: the public keys of the issuer, in all forms.
    """
    folder = Path("jwt-keys").absolute()
    folder.mkdir(exist_ok=True)
    issued = Authority().issue("issuer.example", key=rsaKey())
    forms = {
        "rsa.pem": rsaKey().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "pkcs1.pem": rsaKey().public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "rsa.der": rsaKey().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "cert.pem": issued.certificatePem(),
        "ec.pem": _ecKey().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    for name, data in forms.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in forms}


def _claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    own = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": "ada", "exp": now + 300, "scope": "read write", **more}
    return {name: value for name, value in own.items() if value is not None}


def _rs(header: object = None, algorithm: str = "RS256", key: Any = None, **more: Any) -> str:
    return token(key or rsaKey(), algorithm, _claims(**more), header)


def _ways(**signature: Any) -> dict[str, Any]:
    config = {"issuer": _ISSUER, "audience": _AUDIENCE, "signatureConfig": signature}
    return {"jwtValidatorConfig": config}


class TokenTestCase(GuardedTestCase):
    """
    Services for tokens of an RSA key, of one on a curve, and of a secret.
    """

    def setUp(self) -> None:
        """
        Make the keys, once for all.
        """
        files = {name: str(path) for name, path in _files().items()}
        self.more = (
            guarded("/rsa", _ways(certFile=files["rsa.pem"]))
            + guarded("/cert", _ways(certFile=files["cert.pem"]))
            + guarded("/ec", _ways(certFile=files["ec.pem"]))
            + guarded("/secret", _ways(secret=SECRET))
            + guarded("/write", {**_ways(secret=SECRET), "scopes": ["write"]})
            + guarded("/owners", {**_ways(secret=SECRET), "scopes": ["owners"]})
            + guarded("/kept", _ways(secret=SECRET), closeOnExpiry=False)
        )
        super().setUp()

    def assertNobody(self, path: str, *tokens: str) -> None:
        """
        None of these tokens lets anybody in.
        """
        for each in tokens:
            self.assertAnswered(401, path, bearer(each))


class TokenTests(TokenTestCase):
    """
    What a token says.
    """

    def test_right(self) -> None:
        """
        RS256, ES256 and HS256, by the key that is configured (JW01)
        """
        for path in ("/rsa", "/cert"):
            self.assertKnown("ada", ["read", "write"], path, bearer(_rs()))
        self.assertKnown("ada", ["read", "write"], "/ec", bearer(token(_ecKey(), "ES256", _claims())))
        self.assertKnown("ada", ["read"], "/secret", bearer(token(claims=_claims(scope=["read"]))))
        self.assertKnown("", [], "/secret", bearer(token(claims=_claims(sub=None, scope=None))))
        self.assertAnswered(101, "/write", bearer(token(claims=_claims())))
        self.assertAnswered(403, "/owners", bearer(token(claims=_claims())))
        self.assertAnswered(403, "/owners", bearer(token(claims=_claims(scope={"owners": True}))))

    def test_claims(self) -> None:
        """
        Another issuer or audience, a token of the past, of the future, and one without end (JW01)
        """
        now = int(time.time())
        self.assertNobody(
            "/rsa",
            *(_rs(iss=each) for each in (None, "", "https://issuer.example/", "HTTPS://issuer.example", [_ISSUER], 1)),
            *(_rs(aud=each) for each in (None, "", "chats", [], ["a", "b"], [["chat"]], {"chat": 1}, 1)),
            *(_rs(exp=each) for each in (None, now, now - 1, 0)),
            *(_rs(nbf=each) for each in (now + 60, 4_000_000_000)),
        )
        self.assertAnswered(101, "/rsa", bearer(_rs(aud=["other", "chat"], nbf=now, iat=now)))

    def test_unsigned(self) -> None:
        """
        No algorithm that is none, however it is written; three parts, no more and no fewer (JW02)
        """
        for alg in ("none", "None", "nOnE", "NONE", "", None, 0, [], ["RS256"], {"RS256": 1}, "none ", "n\u043ene"):
            bare = f"{part({'alg': alg})}.{part(_claims())}"
            self.assertNobody("/rsa", f"{bare}.", bare, f"{bare}.{encode(b'x')}")
            self.assertNobody("/secret", f"{bare}.", token(header={"alg": alg}, claims=_claims()))
        good = _rs()
        head, body, signature = good.split(".")
        self.assertNobody(
            "/rsa",
            *(f"{head}.{body}", f"{head}.{body}.", f"{good}.{signature}", f"{good}.", f".{good}", f"{good}="),
            *(f"{good}A", f".{body}.{signature}", f"{head}..{signature}", f"{good[:-4]}", "..", "...", ".", "x"),
            f"{part({'typ': 'JWT'})}.{body}.{signature}",
        )
        self.assertAnswered(101, "/rsa", bearer(good))

    def test_confused(self) -> None:
        """
        A public key, in whatever form, is no secret (JW03)
        """
        text = json.dumps(jwk(rsaKey().public_key()))
        keys = [path.read_bytes() for path in _files().values()]
        keys += [key.strip() for key in keys] + [text.encode(), text.replace(" ", "").encode(), b"", b"\0" * 32]
        for key in keys:
            for algorithm in ("HS256", "HS384", "HS512"):
                forged = token(key, algorithm, _claims())
                self.assertNobody("/rsa", forged)
                self.assertNobody("/ec", forged)
                self.assertNobody("/cert", forged)

    def test_algorithms(self) -> None:
        """
        The algorithm is the key's, not the one that the token likes (JW04)
        """
        self.assertNobody(
            "/rsa",
            token(_ecKey(), "ES256", _claims()),
            token(claims=_claims()),
            _rs({"alg": "HS256"}),
            _rs({"alg": "ES256"}),
            _rs({"alg": "RS512"}),
            _rs({"alg": "rs256"}),
            _rs({"alg": "RS257"}),
            _rs({"alg": "PS256"}),
            _rs({"alg": "RS256"}, "PS256"),
        )
        others = (_OTHER, SECRET + "x", SECRET[:-1], SECRET.upper())
        self.assertNobody("/secret", _rs(), *(token(key, claims=_claims()) for key in others))
        self.assertNobody("/ec", _rs(), token(_ecKey(), "ES256", _claims(), {"alg": "ES384"}))

    def test_changed(self) -> None:
        """
        A signature is for one header and one body (JW01)
        """
        head, body, signature = _rs().split(".")
        for name in range(0, len(signature) - 1, 40):
            other = "A" if signature[name] != "A" else "B"
            self.assertNobody("/rsa", f"{head}.{body}.{signature[:name]}{other}{signature[name + 1 :]}")
        others = (bytes(256), decode(signature) * 2, decode(signature)[1:], b"\0" + decode(signature))
        self.assertNobody("/rsa", *(f"{head}.{body}.{encode(other)}" for other in others))
        self.assertNobody("/rsa", f"{head}.{part(_claims(sub='root'))}.{signature}")
        self.assertNobody("/rsa", f"{part({'alg': 'RS256'})}.{body}.{signature}")

    def test_offered(self) -> None:
        """
        A key that the token brings along, or says where to get, is not looked at, and nobody is
        asked for it (JW06)
        """
        key = _attacker()
        public = jwk(key.public_key())
        host = BackEndHost(lambda question: said({"keys": [public]}))
        self.addCleanup(host.stop)
        certificate = Authority().issue("issuer.example", key=key).certificate.public_bytes(Encoding.DER)
        for field in (
            {"jku": f"{host.url}/keys"},
            {"x5u": f"{host.url}/cert"},
            {"jwk": public},
            {"x5c": [encode(certificate)]},
            {"jku": f"{host.url}/keys", "x5u": f"{host.url}/cert", "jwk": public},
        ):
            for kid in ({}, {"kid": "one"}, {"kid": f"{host.url}/keys"}, {"kid": str(_files()["rsa.pem"])}):
                header = {"alg": "RS256", **field, **kid}
                self.assertNobody("/rsa", _rs(header, key=key))
        self.assertEqual(host.connections, 0)

    def test_malformed(self) -> None:
        """
        Numbers, names and JSON that are none, and what has to be understood and is not (JW10)
        """
        good = json.dumps(_claims())
        dated = json.dumps(_claims(exp=None))[:-1]
        for text in (
            *(f'{dated}, "exp": {exp}}}' for exp in ("1e400", "-1e400", '"123"', "NaN", "Infinity", "-5", "null")),
            *(f'{dated}, "exp": {exp}}}' for exp in ("[]", '"4000000000"', "true", "{}", "0x10", "9" * 5000, "1e-400")),
            *(f'{good[:-1]}, "nbf": {nbf}}}' for nbf in ('"x"', "1e400", "NaN", "true", "[]")),
            good[:-1] + ', "exp": 4000000000}',
            good[:-1] + ', "sub": "root"}',
            json.dumps(_claims(aud=["chat", 1])),
            json.dumps(_claims(aud=["chat", None])),
            json.dumps(_claims(sub=["ada"])),
            *(f"[{good}]", '"x"', "null", "", "{", good[:-1], good + good, "[" * 3000, '{"a":' * 600 + "1" + "}" * 600),
        ):
            self.assertNobody("/secret", token(claims=text.encode()))
        self.assertNobody("/secret", token(claims=good.encode("utf-16")), token(claims=b"\xff" + good.encode()))
        for header in (
            {"alg": "HS256", "crit": ["exp"]},
            {"alg": "HS256", "crit": ["x"], "x": 1},
            {"alg": "HS256", "crit": []},
            {"alg": "HS256", "crit": "b64"},
            {"alg": "HS256", "b64": False, "crit": ["b64"]},
            {"alg": "HS256", "b64": False},
            b'{"alg": "HS256", "alg": "none"}',
            b'{"alg": "none", "alg": "HS256"}',
            b'["HS256"]',
            b"x",
            b"",
        ):
            self.assertNobody("/secret", token(header=header, claims=_claims()))
        self.assertNobody("/secret", token(claims=_claims(note="x" * 9000))[:7900])
        self.assertAnswered(101, "/secret", bearer(token(claims=good.encode())))
        self.assertNotIn("could not be checked", self.logged())


class ExpiryTests(TokenTestCase):
    """
    Tokens that expire while somebody is connected.
    """

    @patiently
    def test_closed(self) -> None:
        """
        The connection is closed with 1008 within a second of the token's end, whatever else goes
        on, and its service is told once (JW13)
        """
        ends = time.time() + 1.5
        good = bearer(token(claims=_claims(exp=ends)))
        peer, *_ = self.enter("/secret", good)
        kept, *_ = self.enter("/kept", good)
        while time.time() < ends - 0.3:
            self.assertEqual(peer.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
            time.sleep(0.1)
        opcode, payload = peer.receive()
        self.assertTrue(-0.1 < time.time() - ends < 1.2)
        self.assertEqual((opcode, payload[:2]), (CLOSE, (1008).to_bytes(2, "big")))
        peer.send(frame(CLOSE, payload[:2]))
        self.assertEqual(peer.rest(), b"")
        (call,) = self.called()
        self.assertEqual(call[:2], ["onClose", 1008])
        self.assertAnswered(401, "/secret", good)
        # Where that is switched off, who is in stays.
        self.assertEqual(kept.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))

    @patiently
    def test_silent(self) -> None:
        """
        A peer that does not answer the close is dropped all the same (JW13)
        """
        peer, *_ = self.enter("/secret", bearer(token(claims=_claims(exp=time.time() + 1))))
        self.assertEqual(peer.receive()[0], CLOSE)
        peer.close()
        (call,) = self.called()
        self.assertEqual(call[:2], ["onClose", 1008])

    def test_far(self) -> None:
        """
        An end that is far away is no end (JW13)
        """
        for exp in (2**31, 2**33, 4_000_000_000.5, 10**12):
            peer, *_ = self.enter("/secret", bearer(token(claims=_claims(exp=exp))))
            self.assertEqual(peer.send(frame(TEXT, b"hi")).receive(), (TEXT, b"hi"))
