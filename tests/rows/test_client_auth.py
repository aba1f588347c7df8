"""
Clients that show credentials: what, to whom, and how often (rows OA10, CL02, CL10 and TL03 of
the reliability catalogue; decision 25).
"""

from __future__ import annotations

from tests.rows.backend import said
from tests.rows.client_authority import Authority, secured
from tests.rows.client_driving import Trusting
from tests.rows.client_hostile import closing
from tests.rows.issuing import FAST, SHOWN, IssuedTestCase, basic, no
from tests.servers import freePort

REDIRECTS = (301, 302, 303, 307, 308)


class KindTests(IssuedTestCase):
    """
    What is shown, and what the issuer is asked.
    """

    def test_fixed(self) -> None:
        """
        A name and password or a token are shown once, in place of a custom field in whatever letters (CL02)
        """
        server = self.server()
        for custom in ("Authorization", "authorization", "AUTHORIZATION"):
            for auth, value in (
                ({"username": "ada", "password": "s3cret: \u00fc"}, basic("ada", "s3cret: \u00fc")),
                ({"token": "t0ken.of~mine=="}, "Bearer t0ken.of~mine=="),
            ):
                name = self.connecting(server.url, auth=auth, customHeaders={custom: "Bearer another"})
                accepted = self.comes(server, value)
                self.succeeds(name)
                self.leave(name, accepted)

    def test_grants(self) -> None:
        """
        Each grant says what it has to in the form, and shows who asks in the header or the form (OA10)
        """
        header = basic("app", "app-s3cret")
        server = self.server()
        for fields, form in (
            ({}, {"grant_type": "client_credentials"}),
            (
                {"username": "ada", "password": "s3cret &=%+\u00fc"},
                {"grant_type": "password", "username": "ada", "password": "s3cret &=%+\u00fc"},
            ),
            ({"refreshToken": "r3fresh"}, {"grant_type": "refresh_token", "refresh_token": "r3fresh"}),
            (
                {"assertion": "a.b.c"},
                {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"},
            ),
        ):
            for bearer in ("AUTH_HEADER_BEARER", "POST_BODY_BEARER"):
                issuer = self.issuer()
                more = {"scopes": ["read", "write"], "optionalParams": {"resource": "urn:x"}}
                auth = self.auth(issuer, credentialBearer=bearer, **more, **fields)
                if "refreshToken" in fields:
                    auth["refreshUrl"] = auth.pop("tokenUrl")
                name = self.connecting(server.url, auth=auth)
                accepted = self.comes(server, "Bearer t0ken-1")
                self.succeeds(name)
                self.leave(name, accepted)
                (question,) = issuer.asked
                wanted = {**form, "scope": "read write", "resource": "urn:x"}
                inForm = bearer == "POST_BODY_BEARER"
                if inForm:
                    wanted |= {"client_id": "app", "client_secret": "app-s3cret"}
                self.assertEqual(question.form, {key: [value] for key, value in wanted.items()})
                shown = [value.decode() for value in SHOWN.findall(question.head.encode())]
                self.assertEqual(shown, [] if inForm else [header])
                self.assertTrue(question.head.startswith("POST /token HTTP/1.1\r\n"))

    def test_together(self) -> None:
        """
        Clients that connect at a time with the same credentials get a token each, and one each (OA10)
        """
        issuer, server = self.issuer(), self.server()
        names = [self.connecting(server.url, auth=self.auth(issuer)) for _ in range(20)]
        accepted = [server.accept() for _ in names]
        shown = [self.shown(each) for each in accepted]
        self.assertEqual(sorted(shown), sorted([f"Bearer t0ken-{number + 1}"] for number in range(20)))
        self.assertEqual(len(issuer.asked), 20)
        for each in accepted:
            each.send(each.answer())
        for name in names:
            self.succeeds(name)
        for each in accepted:
            each.send(closing(1000)).closed()
            each.close()


class RedirectTests(IssuedTestCase):
    """
    Nothing goes where a server points to.
    """

    def test_upgrade(self) -> None:
        """
        A redirect of the upgrade is the end: no token is sent there, and no other one got (CL02)
        """
        other = self.server("127.0.0.2")
        issuer = self.issuer()
        for auth in (self.auth(issuer), {"token": "t0ken-1"}, {"username": "ada", "password": "s3cret"}):
            for status in REDIRECTS:
                asked = len(issuer.asked)
                server = self.server()
                name = self.connecting(server.url, auth=auth, retryConfig=FAST)
                accepted = server.accept()
                self.assertEqual(len(self.shown(accepted)), 1)
                accepted.send(no(status, f"Location: ws://127.0.0.2:{other.port}/ws")).close()
                failed = self.fails(name, "InvalidHandshakeError", str(status))
                self.assertEqual(failed["location"], f"ws://127.0.0.2:{other.port}/ws")
                self.assertLessEqual(len(issuer.asked) - asked, 1)
                self.assertFalse(server.isCalled(0.02))
        self.assertFalse(other.isCalled(0.2))

    def test_reconnection(self) -> None:
        """
        So it is at a reconnection (CL02)
        """
        other = self.server("127.0.0.2")
        for status in REDIRECTS:
            issuer, server = self.issuer(), self.server()
            name = self.telling(server, self.auth(issuer))
            accepted = self.comes(server, "Bearer t0ken-1")
            self.succeeds(name)
            reading = self.calling(name, "readTextMessage")
            accepted.reset()
            self.comes(server, "Bearer t0ken-1", no(status, f"Location: ws://127.0.0.2:{other.port}/ws"))
            self.assertEqual(self.fails(reading, "InvalidHandshakeError")["status"], status)
            self.driver.told(name, "reconnecting")
            self.assertFalse(server.isCalled(0.05))
        self.assertFalse(other.isCalled(0.2))

    def test_tokenEndpoint(self) -> None:
        """
        An issuer that points elsewhere gives no token: nobody gets the secret there, nor the server a word (OA05)
        """
        other, server = self.issuer(), self.server()
        for status in REDIRECTS:
            for place in (other.url, f"https://localhost:{freePort()}/", "/other", "//127.0.0.1/"):
                issuer = self.issuer()
                issuer.answer = lambda _, status=status, place=place: said(b"", status, f"Location: {place}")
                failed = self.unavailable(self.connecting(server.url, auth=self.auth(issuer)), server)
                self.assertIn(str(status), failed["text"])
                self.assertEqual(len(issuer.asked), 1)
        self.assertEqual(other.connections, 0)


class HostTests(IssuedTestCase):
    """
    Who gets to see a token.
    """

    def test_targets(self) -> None:
        """
        The hosts of the URL and of targetUrls see the token, which is got once; where one of them points, nobody (CL02)
        """
        first, second, third = self.server(), self.server(), self.server("127.0.0.2")
        issuer = self.issuer()
        name = self.telling(first, self.auth(issuer), targetUrls=[second.url])
        self.comes(first, "Bearer t0ken-1").close()
        self.succeeds(name)
        self.driver.told(name, "reconnecting")
        accepted = first.accept()
        self.assertEqual(self.shown(accepted), ["Bearer t0ken-1"])
        accepted.reset()
        accepted = self.comes(second, "Bearer t0ken-1")
        self.driver.told(name, "reconnected")
        reading = self.calling(name, "readTextMessage")
        accepted.reset()
        self.comes(first, "Bearer t0ken-1", no(302, f"Location: {third.url}"))
        self.fails(reading, "InvalidHandshakeError", "302")
        self.assertFalse(third.isCalled(0.1) or second.isCalled(0.05))
        self.assertEqual(len(issuer.asked), 1)

    def test_rejectedByOne(self) -> None:
        """
        A 401 of the first host is not carried to the next: one new token, one more attempt there, and that is it (OA10)
        """
        first, second, issuer = self.server(), self.server(), self.issuer()
        name = self.connecting(first.url, auth=self.auth(issuer), targetUrls=[second.url])
        self.comes(first, "Bearer t0ken-1", no(401))
        self.comes(first, "Bearer t0ken-2", no(401))
        self.assertEqual(self.fails(name, "InvalidHandshakeError")["status"], 401)
        self.assertFalse(second.isCalled(0.1))


class TrustTests(Trusting, IssuedTestCase):
    """
    What a client makes of servers whose authority it knows, and of others.
    """

    def test_server(self) -> None:
        """
        A server whose certificate is of somebody else, for another host, or too old gets no byte of HTTP;
        a token is got and kept back (TL03)
        """
        for issued, words in (
            (Authority(self.folder, "stranger").issue("localhost"), "not trusted"),
            (self.authority.issue("other.example"), "for another host"),
            (self.authority.issue("localhost", days=-1), "has expired"),
        ):
            issuer, server = self.issuer(), self.server()
            name = self.connecting(f"wss://localhost:{server.port}/", auth=self.auth(issuer), retryConfig=FAST)
            accepted = server.accept()
            self.assertEqual((secured(accepted, issued), accepted.data), (b"", b""))
            self.fails(name, "SslError", words)
            self.assertEqual(len(issuer.asked), 1)
            self.assertFalse(server.isCalled(0.1))

    def test_issuer(self) -> None:
        """
        Such an issuer is asked nothing, and the server hears nothing; a trusted one is asked (OA05)
        """
        server = self.server()
        for issued in (
            Authority(self.folder, "stranger").issue("localhost"),
            self.authority.issue("other.example"),
            self.authority.issue("localhost", days=-1),
        ):
            issuer = self.issuer(issued.context())
            failed = self.unavailable(self.connecting(server.url, auth=self.auth(issuer)), server)
            self.assertIn("certificate", failed["text"])
            self.assertEqual(issuer.asked, [])
            self.assertGreater(issuer.connections, 0)
        issued = self.authority.issue("localhost")
        issuer = self.issuer(issued.context())
        name = self.connecting(f"wss://localhost:{server.port}/", auth=self.auth(issuer))
        accepted = server.accept()
        self.assertIn(b"\r\nAuthorization: Bearer t0ken-1\r\n", secured(accepted, issued) + b"\r\n")
        accepted.send(accepted.answer())
        self.succeeds(name)
        self.leave(name, accepted)

    def test_downgrade(self) -> None:
        """
        Where a server under TLS points to the same without, nobody goes (CL02)
        """
        issuer, server, plain = self.issuer(), self.server(), self.server()
        name = self.connecting(f"wss://localhost:{server.port}/", auth=self.auth(issuer), retryConfig=FAST)
        accepted = server.accept()
        self.assertIn(b"Bearer t0ken-1", secured(accepted, self.authority.issue("localhost")))
        accepted.send(no(308, f"Location: {plain.url}")).close()
        self.assertEqual(self.fails(name, "InvalidHandshakeError")["location"], plain.url)
        self.assertFalse(plain.isCalled(0.1))


class RejectedTests(IssuedTestCase):
    """
    Servers that do not like a token.
    """

    def test_once(self) -> None:
        """
        After a 401 there is one new token and one more attempt, which may succeed (OA10)
        """
        issuer, server = self.issuer(), self.server()
        name = self.connecting(server.url, auth=self.auth(issuer))
        self.comes(server, "Bearer t0ken-1", no(401, 'WWW-Authenticate: Bearer error="invalid_token"'))
        accepted = self.comes(server, "Bearer t0ken-2")
        self.succeeds(name)
        self.leave(name, accepted)
        self.assertEqual(len(issuer.asked), 2)

    def test_twice(self) -> None:
        """
        A second 401 is the end, whatever retryConfig says, at the first connection and at the next (OA10, CL10)
        """
        for fields in ({}, {"retryConfig": FAST}, {"retryConfig": {**FAST, "maxCount": 5}}):
            issuer, server = self.issuer(), self.server()
            name = self.connecting(server.url, auth=self.auth(issuer), **fields)
            for number in (1, 2):
                self.comes(server, f"Bearer t0ken-{number}", no(401))
            self.assertEqual(self.fails(name, "InvalidHandshakeError", "401")["status"], 401)
            self.assertFalse(server.isCalled(0.1))
            self.assertEqual(len(issuer.asked), 2)
        issuer = self.issuer()
        name = self.telling(server, self.auth(issuer))
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        reading = self.calling(name, "readTextMessage")
        accepted.reset()
        for number in (1, 2):
            self.comes(server, f"Bearer t0ken-{number}", no(401))
        self.assertEqual(self.fails(reading, "InvalidHandshakeError")["status"], 401)
        self.assertFalse(server.isCalled(0.1))
        self.assertEqual(len(issuer.asked), 2)

    def test_fixed(self) -> None:
        """
        What cannot be replaced is shown once: a password, a token, a JWT of our own (OA10)
        """
        server = self.server()
        issued = {"issuer": "me", "signatureConfig": {"algorithm": "HS256", "config": "s3cret" * 6}}
        for auth in ({"username": "ada", "password": "s3cret"}, {"token": "t0ken"}, issued):
            name = self.connecting(server.url, auth=auth, retryConfig=FAST)
            accepted = server.accept()
            self.assertEqual(len(self.shown(accepted)), 1)
            accepted.send(no(401)).close()
            self.assertEqual(self.fails(name, "InvalidHandshakeError")["status"], 401)
            self.assertFalse(server.isCalled(0.1))

    def test_others(self) -> None:
        """
        No other refusal costs a token (OA10)
        """
        for status in (400, 403, 404, 407, 426, 429, 500, 503):
            issuer, server = self.issuer(), self.server()
            name = self.connecting(server.url, auth=self.auth(issuer))
            self.comes(server, "Bearer t0ken-1", no(status))
            self.assertEqual(self.fails(name, "InvalidHandshakeError")["status"], status)
            self.assertEqual(len(issuer.asked), 1)

    def test_reconnection(self) -> None:
        """
        A token that is still good is shown again; one that is not any more is replaced by one, and that is kept (OA10)
        """
        issuer, server = self.issuer(), self.server()
        name = self.telling(server, self.auth(issuer))
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        accepted.reset()
        accepted = self.back(name, server, "Bearer t0ken-1")
        accepted.reset()
        self.comes(server, "Bearer t0ken-1", no(401))
        accepted = self.back(name, server, "Bearer t0ken-2")
        accepted.reset()
        accepted = self.back(name, server, "Bearer t0ken-2")
        self.leave(name, accepted)
        self.assertEqual(len(issuer.asked), 2)

    def test_expired(self) -> None:
        """
        A token that is too old is replaced before each reconnection; a 1008 is followed by none, but connecting
        anew is (OA10, CL10)
        """
        issuer, server = self.issuer(), self.server()
        auth = self.auth(issuer, clockSkew=3600)
        name = self.telling(server, auth)
        accepted = self.comes(server, "Bearer t0ken-1")
        self.succeeds(name)
        for number in (2, 3, 4):
            accepted.reset()
            accepted = self.back(name, server, f"Bearer t0ken-{number}")
        reading = self.calling(name, "readTextMessage")
        accepted.send(closing(1008, b"token expired")).close()
        self.assertEqual(self.fails(reading, "ConnectionClosureError", "token expired")["code"], 1008)
        self.assertFalse(server.isCalled(0.15))
        self.assertEqual(len(issuer.asked), 4)
        name = self.connecting(server.url, auth=auth)
        accepted = self.comes(server, "Bearer t0ken-5")
        self.succeeds(name)
        self.leave(name, accepted)
