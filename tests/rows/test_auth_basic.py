"""
Names and passwords, scopes, and several ways to tell: rows AB01 to AB03 and HS30 of the
reliability catalogue, and the order of decision 12.
"""

from __future__ import annotations

from base64 import b64encode

from tests.auth.tokens import SECRET, token
from tests.rows.guarding import USERS, GuardedTestCase, basic, bearer, guarded, hashed, user
from tests.rows.raw import TEXT, frame, request

_FILE = {"fileUserStoreConfig": {}}
_JWT = {"jwtValidatorConfig": {"signatureConfig": {"secret": SECRET}}}
_OWN = {"checker": "guarded:OwnChecker"}

_ALICE, _BOB = basic("alice", "xxx"), basic("bob", "yyy")

#: Passwords, and what they are for.
_PASSWORDS = (
    *("a:b", ":", "pässwörd", "pa\u0308sswo\u0308rd", "trailing ", " leading"),
    *("日本語", "\U0001f511", "x" * 1024),
)

_SERVICES = (
    USERS
    + "".join(user(f"user{number}", hashed(password)) for number, password in enumerate(_PASSWORDS))
    + user("josé", hashed("olé"))
    + guarded("/known", _FILE)
    + guarded("/admins", {**_FILE, "scopes": ["admins", "owners"]})
    + guarded("/owners", {**_FILE, "scopes": "owners"})
    + guarded("/tokens", _JWT)
    + guarded("/several", {**_FILE, "scopes": "developers"}, _OWN, _JWT)
    + guarded("/later", {**_OWN, "scopes": "none"}, _FILE)
    + guarded("/cookie", _JWT, bearerCookie="session", bearerQueryParameter="token")
    + guarded("/pages", _FILE, allowedOrigins=["https://page.example"])
)


def _good(**claims: object) -> str:
    return token(exp=4_000_000_000, **claims)


class BasicTests(GuardedTestCase):
    """
    A service with users.
    """

    more = _SERVICES

    def test_credentials(self) -> None:
        """
        Nobody, and who shows a wrong password or an unknown name, is told to authenticate; who
        is known comes in; who may not is told so (AB01)
        """
        for more in (b"", basic("alice", "yyy"), basic("alice", "xxx "), basic("nobody", "xxx"), basic("Alice", "xxx")):
            fields = self.assertAnswered(401, "/known", more)
            self.assertEqual(fields[b"www-authenticate"], b'Basic realm="balws", charset="UTF-8"')
            self.assertEqual(fields[b"content-length"], b"0")
            self.assertEqual(fields[b"connection"].lower(), b"close")
        self.assertKnown("alice", ["admins", "developers"], "/known", _ALICE)
        self.assertKnown("alice", ["admins", "developers"], "/admins", _ALICE)
        fields = self.assertAnswered(403, "/admins", _BOB)
        self.assertNotIn(b"www-authenticate", fields)
        self.assertAnswered(403, "/owners", _ALICE)

    def test_forms(self) -> None:
        """
        What is no name and password in the form of the scheme is 401, and no fault (AB02)
        """
        for value in (
            b"Basic",
            b"Basic ",
            b"Basic x",
            b"Basic ====",
            b"Basic YWxpY2U6eHh4!",
            b"Basic YWxpY2U6eHh4=",
            b"Basic YWxpY2U6eHh4 YWxpY2U6eHh4",
            b"Basic YWxpY2U6eHh5=",
            b"Basic YWxpY2U6-_-_",
            b"Basic " + b64encode(b"alice"),
            b"Basic " + b64encode(b"alice:"),
            b"Basic " + b64encode(b":xxx"),
            b"Basic " + b64encode(b":"),
            b"Basic " + b64encode(b"alice:xxx\0"),
            b"Basic " + b64encode(b"alice\0:xxx"),
            b"Basic " + b64encode(b"alice:\xff\xfe"),
            b"Basic " + b64encode(b"\xff\xfe:xxx"),
            b"Basic " + b64encode(b"alice:xxx\r\nX-Injected: 1"),
            b"Basic " + b64encode(b"alice:" + b"x" * 2000),
            b"basic YWxpY2U6eHh4",
            b"BASIC YWxpY2U6eHh4",
            b"Basic:YWxpY2U6eHh4",
            b"Digest YWxpY2U6eHh4",
            b"YWxpY2U6eHh4",
            b"alice:xxx",
            b"Negotiate",
            b"Bearer YWxpY2U6eHh4",
            b"Bearer",
            b"",
        ):
            self.assertAnswered(401, "/known", b"Authorization: " + value + b"\r\n")
        self.assertAnswered(401, "/known", basic("alice", "xxx", field=b"Proxy-Authorization"))
        self.assertAnswered(401, "/known", basic("alice", "xxx", field=b"X-Authorization"))

    def test_fields(self) -> None:
        """
        Two fields, and one without end, are refused before anybody reads them (AB02)
        """
        self.assertRefused(request("/known", more=_ALICE + _ALICE), 400)
        self.assertRefused(request("/known", more=_ALICE + _BOB), 400)
        self.assertRefused(request("/known", more=basic("alice", b"x" * 9000)), 431)
        peer = self.ask(request("/known", more=basic("alice", b"x" * 1_000_000)))
        self.assertNotIn(b" 101 ", peer.rest())
        self.assertAlive()

    def test_passwords(self) -> None:
        """
        Colons, blanks and letters of any alphabet belong to the password, and nothing else is
        taken for it (AB03)
        """
        for number, password in enumerate(_PASSWORDS):
            self.assertKnown(f"user{number}", [], "/known", basic(f"user{number}", password))
        for number, password in ((0, "a"), (0, "a:"), (0, "b"), (2, _PASSWORDS[3]), (3, _PASSWORDS[2])):
            self.assertAnswered(401, "/known", basic(f"user{number}", password))
        for number, password in ((4, "trailing"), (4, "trailing  "), (5, "leading"), (8, "x" * 1023), (8, "x" * 1025)):
            self.assertAnswered(401, "/known", basic(f"user{number}", password))
        self.assertAnswered(401, "/known", basic("user2", _PASSWORDS[2].encode("latin-1")))
        self.assertKnown("josé", [], "/known", basic("josé", "olé"))
        self.assertAnswered(401, "/known", basic("josé".encode("latin-1"), "olé"))

    def test_nothingElse(self) -> None:
        """
        Credentials come in the one field, and not in the URL, a cookie or a sub-protocol (AB02)
        """
        for path in ("/known?username=alice&password=xxx", "/known?token=x", "/known?Authorization=Basic+YWxpY2U6eHh4"):
            self.assertAnswered(401, path)
        self.assertAnswered(401, "/known", b"Cookie: Authorization=Basic YWxpY2U6eHh4\r\n")
        self.assertAnswered(401, "/known", b"Sec-WebSocket-Protocol: balws.bearer, YWxpY2U6eHh4\r\n")

    def test_frames(self) -> None:
        """
        Frames that follow a refused upgrade are read by nobody
        """
        peer = self.ask(request(self.tagged("/known"), body=frame(TEXT, b"x") * 100))
        self.assertEqual(peer.rest().count(b"HTTP/1.1 "), 1)
        self.assertEqual(self.calls(), [])


class OriginTests(GuardedTestCase):
    """
    Pages of other origins, whose browsers know the password or have the cookie.
    """

    more = _SERVICES

    def test_others(self) -> None:
        """
        Wherever there is auth, another page gets 403, whatever its browser shows (HS30)
        """
        cookie = b"Cookie: session=" + _good(sub="ada").encode() + b"\r\n"
        for origin in (b"https://evil.example", b"http://localhost.evil.example", b"null", b"http://localhost:1", b"x"):
            field = b"Origin: " + origin + b"\r\n"
            for path, more in (("/known", _ALICE), ("/known", b""), ("/cookie", cookie), ("/cookie", bearer(_good()))):
                self.assertAnswered(403, path, field, more)
        self.assertAnswered(403, "/pages", b"Origin: http://localhost\r\n", _ALICE)
        self.assertAnswered(403, "/pages", b"Origin: https://page.example.evil.example\r\n", _ALICE)
        self.assertNotIn("accepted:", self.logged())

    def test_own(self) -> None:
        """
        The service's own page may ask, and one that is named, if they show who asks (HS30)
        """
        own = b"Origin: http://localhost\r\n"
        self.assertAnswered(101, "/known", own, _ALICE)
        self.assertAnswered(401, "/known", own)
        self.assertAnswered(101, "/cookie", own, b"Cookie: a=b; session=" + _good().encode() + b"; c=d\r\n")
        self.assertAnswered(101, "/pages", b"Origin: https://page.example\r\n", _ALICE)
        self.assertAnswered(401, "/pages", b"Origin: https://page.example\r\n")


class SeveralTests(GuardedTestCase):
    """
    Several ways to tell, tried in turn.
    """

    more = _SERVICES

    def test_order(self) -> None:
        """
        The first way that knows somebody decides; those for other credentials are passed over
        (decision 12)
        """
        both = b'Basic realm="balws", charset="UTF-8", Bearer realm="balws"'
        self.assertEqual(self.assertAnswered(401, "/several")[b"www-authenticate"], both)
        self.assertKnown("bob", ["developers"], "/several", _BOB)
        self.assertKnown("ada", [], "/several", bearer(_good(sub="ada")))
        # The user file does not let josé in for want of a scope: nobody asks further.
        self.assertAnswered(403, "/several", basic("josé", "olé"))
        self.assertAnswered(403, "/later", _ALICE)
        self.assertKnown("bob", ["developers"], "/later", _BOB)
        self.assertAnswered(401, "/several", basic("alice", "yyy"))

    def test_tokens(self) -> None:
        """
        A token is told that it is not accepted (RFC 6750 section 3)
        """
        fields = self.assertAnswered(401, "/tokens", bearer(token()))
        self.assertEqual(fields[b"www-authenticate"], b'Bearer realm="balws", error="invalid_token"')
        self.assertEqual(self.assertAnswered(401, "/tokens")[b"www-authenticate"], b'Bearer realm="balws"')

    def test_places(self) -> None:
        """
        A token may come as a sub-protocol, and where it is configured in a cookie or in the
        query; the answer never has it, nor can two of one kind be told apart (decision 19)
        """
        good = _good(sub="ada").encode()
        fields = self.assertAnswered(101, "/tokens", b"Sec-WebSocket-Protocol: balws.bearer, " + good + b"\r\n")
        self.assertEqual(fields[b"sec-websocket-protocol"], b"balws.bearer")
        self.assertAnswered(401, "/tokens", b"Sec-WebSocket-Protocol: balws.bearer, x\r\n")
        self.assertRefused(request("/tokens", more=b"Sec-WebSocket-Protocol: balws.bearer\r\n"), 400)
        self.assertAnswered(401, "/tokens", b"Sec-WebSocket-Protocol: x, " + good + b"\r\n")
        cookie, query = b"Cookie: session=" + good + b"\r\n", f"?token={good.decode()}"
        self.assertAnswered(401, "/tokens", cookie)
        self.assertAnswered(401, f"/tokens{query}")
        self.assertKnown("ada", [], "/cookie", cookie)
        self.assertKnown("ada", [], f"/cookie{query}")
        self.assertAnswered(401, f"/cookie{query}&token=x")
        # What stands in the field counts, be it right or wrong.
        self.assertAnswered(401, f"/cookie{query}", bearer("x"), cookie)
