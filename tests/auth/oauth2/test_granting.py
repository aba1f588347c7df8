"""
Tests of L{balws.auth.oauth2.granting}, and of the token endpoint below it.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from balws.auth.oauth2 import granting
from balws.auth.oauth2.granting import GrantedToken, grantFor
from balws.auth.oauth2.tokenendpoint import GrantRefused
from balws.config.oauth2 import INFER_REFRESH_CONFIG, grant
from balws.errors import AuthError, AuthUnavailableError
from tests.auth.backends import Answering, BackEndCase, Site, silent

TOKEN = "http://localhost/token"
CLIENT = {"clientId": "app", "clientSecret": "canary-secret"}
USER = {"username": "ann", "password": "canary-password"}

#: What no error and no repr may show.
CANARIES = ("canary-secret", "canary-password", "canary-refresh", "canary-assertion", "canary-token")

FAILED = "Failed to enrich request with OAuth2 token."


class GrantCase(BackEndCase):
    """
    Has a token endpoint.

    @ivar answers: what it says, the last again and again.
    """

    def setUp(self) -> None:
        super().setUp()
        self.answers: list[Any] = []
        self.status = 200
        self.site: Site = self.serve(self._answer)

    def _answer(self, connection: Answering) -> None:
        number = len(self.site.requests)
        said = self.answers[min(number, len(self.answers)) - 1] if self.answers else {"access_token": f"t{number}"}
        status, body = said if isinstance(said, tuple) else (200, said)
        connection.say(body, status)

    def source(self, **fields: Any) -> GrantedToken:
        """
        @return: for one of the grants.
        """
        made: GrantedToken = self.kept(grantFor(grant(fields), self.clock))
        for canary in CANARIES:
            self.assertNotIn(canary, repr(grant(fields)) + repr(made))
        return made

    def password(self, **fields: Any) -> GrantedToken:
        """
        @return: for the password grant.
        """
        return self.source(tokenUrl=TOKEN, **USER, **CLIENT, **fields)

    def client(self, **fields: Any) -> GrantedToken:
        """
        @return: for the client credentials grant.
        """
        return self.source(tokenUrl=TOKEN, **{**CLIENT, **fields})

    def get(self, source: GrantedToken) -> Deferred[bytes]:
        """
        Ask for the value of the field.
        """
        return self.ask(source.authorization)

    def value(self, source: GrantedToken) -> str:
        """
        @return: the token.
        """
        found: bytes = self.successResultOf(self.get(source))
        self.assertTrue(found.startswith(b"Bearer "))
        return found.decode().removeprefix("Bearer ")

    def problem(self, source: GrantedToken, kind: type[Exception] = AuthError) -> str:
        """
        @return: why there is no token.
        """
        failure = self.failureResultOf(self.get(source), kind)
        why = str(failure.value)
        self.assertTrue(why.startswith(FAILED), why)
        for canary in CANARIES:
            self.assertNotIn(canary, why + failure.getTraceback())
        return why.removeprefix(FAILED).strip()

    def forms(self) -> list[dict[str, str]]:
        """
        @return: what was asked.
        """
        return [each.form for each in self.site.requests]


class RequestTests(GrantCase):
    """
    What a token endpoint is asked.
    """

    def test_clientCredentials(self) -> None:
        """
        The client's own grant says which grant it is, and who asks in the header (OA10).
        """
        self.value(self.client())
        (request,) = self.site.requests
        self.assertEqual(request.line, "POST /token HTTP/1.1")
        self.assertEqual(request.form, {"grant_type": "client_credentials"})
        self.assertEqual(request.fields["authorization"], "Basic " + b64encode(b"app:canary-secret").decode())

    def test_inTheBody(self) -> None:
        """
        With C{POST_BODY_BEARER} id and secret stand in the form, and not in the header (OA10).
        """
        self.value(self.client(credentialBearer="POST_BODY_BEARER"))
        (request,) = self.site.requests
        self.assertEqual(
            request.form,
            {"grant_type": "client_credentials", "client_id": "app", "client_secret": "canary-secret"},
        )
        self.assertNotIn("authorization", request.fields)

    def test_encodedPair(self) -> None:
        """
        Id and secret are encoded as forms are before they become a pair (RFC 6749 section 2.3.1).
        """
        self.value(self.client(clientId="a:b c", clientSecret="s%/+ü".replace("ü", "~")))
        (request,) = self.site.requests
        pair = b64encode(b"a%3Ab+c:s%25%2F%2B~").decode()
        self.assertEqual(request.fields["authorization"], f"Basic {pair}")

    def test_scopesAndParameters(self) -> None:
        """
        Scopes are one parameter; further parameters and custom headers are sent.
        """
        config = {"customHeaders": {"X-Tenant": "t"}, "customPayload": "a=b"}
        for scopes in (["read", "write"], "read write"):
            self.value(self.client(scopes=scopes, optionalParams={"resource": "urn:x"}, clientConfig=config))
            request = self.site.requests[-1]
            self.assertEqual(
                request.form,
                {"grant_type": "client_credentials", "scope": "read write", "resource": "urn:x", "a": "b"},
            )
            self.assertEqual(request.fields["x-tenant"], "t")

    def test_password(self) -> None:
        """
        The password grant sends name and password, encoded (OA10).
        """
        self.value(self.source(tokenUrl=TOKEN, username="änn", password="p&w=", **CLIENT))
        (request,) = self.site.requests
        self.assertEqual(request.form, {"grant_type": "password", "username": "änn", "password": "p&w="})
        self.assertIn("authorization", request.fields)

    def test_publicClient(self) -> None:
        """
        A client without a secret is named in the form; one without an id is not named.
        """
        self.value(self.source(tokenUrl=TOKEN, **USER, clientId="public"))
        self.value(self.source(tokenUrl=TOKEN, **USER))
        self.assertEqual(self.forms()[0]["client_id"], "public")
        self.assertNotIn("client_id", self.forms()[1])
        for each in self.site.requests:
            self.assertNotIn("authorization", each.fields)

    def test_assertion(self) -> None:
        """
        The JWT bearer grant sends the statement (RFC 7523).
        """
        self.value(self.source(tokenUrl=TOKEN, assertion="canary-assertion"))
        self.assertEqual(
            self.forms(),
            [{"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "canary-assertion"}],
        )

    def test_refreshToken(self) -> None:
        """
        The refresh grant sends what it was given, and the newest one from then on (OA10).
        """
        self.answers = [
            {"access_token": "a", "expires_in": 1, "refresh_token": "second"},
            {"access_token": "b", "expires_in": 1},
            {"access_token": "c", "expires_in": 1, "refresh_token": ""},
            {"access_token": "d", "expires_in": 1, "refresh_token": "third"},
            {"access_token": "e"},
        ]
        source = self.source(refreshUrl=TOKEN, refreshToken="canary-refresh", **CLIENT)
        for expected in "abcde":
            self.assertEqual(self.value(source), expected)
            self.clock.advance(1)
        self.assertEqual({each["grant_type"] for each in self.forms()}, {"refresh_token"})
        self.assertEqual(
            [each["refresh_token"] for each in self.forms()],
            ["canary-refresh", "second", "second", "second", "third"],
        )


class LifetimeTests(GrantCase):
    """
    How long a token is used.
    """

    def untilAgain(self, source: GrantedToken) -> float:
        """
        @return: seconds after which a new one is got, in steps of a second.
        """
        first, begun = self.value(source), self.clock.seconds()
        while self.value(source) == first:
            self.clock.advance(1)
            self.assertLess(self.clock.seconds() - begun, 10000)
        return self.clock.seconds() - begun

    def lives(self, said: Any, **fields: Any) -> float:
        """
        @return: how long a token lives of which this is said.
        """
        self.site.script = lambda connection: connection.say(
            {"access_token": f"t{len(self.site.requests)}", **({} if said is None else {"expires_in": said})}
        )
        return self.untilAgain(self.client(**fields))

    def test_lifetimes(self) -> None:
        """
        Until C{expires_in} has passed, which may be a number or a string that is one; else for
        C{defaultTokenExpTime}; C{clockSkew} earlier (OA10).
        """
        self.assertEqual(self.lives(2), 2)
        self.assertEqual(self.lives("7"), 7)
        self.assertEqual(self.lives(10, clockSkew=3), 7)
        self.assertEqual(self.lives(None, defaultTokenExpTime=30), 30)
        self.assertEqual(self.lives(None, defaultTokenExpTime=30, clockSkew=10), 20)
        self.assertEqual(self.lives(None), 3600)
        for nonsense in ("soon", True, [], {}, "9" * 30):
            self.assertEqual(self.lives(nonsense, defaultTokenExpTime=5), 5)
        for none in (0, -5, 1e-9):
            self.assertLessEqual(self.lives(none), 1)

    def test_slowAnswer(self) -> None:
        """
        A token's time begins when it is asked for: nobody knows when the issuer made it.
        """
        self.site.script = silent
        source = self.client()
        asked = self.get(source)
        self.clock.advance(6)
        with self.network.turn():
            self.site.connections[0].say({"access_token": "old", "expires_in": 10})
        self.assertEqual(self.successResultOf(asked), b"Bearer old")
        self.clock.advance(3.9)
        self.assertEqual(self.value(source), "old")
        self.site.script = lambda connection: connection.say({"access_token": "new"})
        self.clock.advance(0.1)
        self.assertEqual(self.value(source), "new")

    def test_shorterThanSkew(self) -> None:
        """
        A token that is as good as expired is used once.
        """
        self.answers = [{"access_token": "t", "expires_in": 5}]
        source = self.client(clockSkew=5)
        for _ in range(3):
            self.assertEqual(self.value(source), "t")
        self.assertEqual(len(self.site.requests), 3)

    def test_endless(self) -> None:
        """
        A life without end is not a fault.
        """
        self.answers = [
            b'{"access_token": "t", "expires_in": 1e999}',
            b'{"access_token": "t", "expires_in": ' + b"9" * 99 + b"}",
        ]
        for _ in range(2):
            source = self.client()
            self.value(source)
            self.value(source)
        self.assertEqual(len(self.site.requests), 2)

    def test_rejected(self) -> None:
        """
        A token that a server did not take is not used again: the next one is got anew, once
        (OA10).
        """
        source = self.client()
        self.assertEqual([self.value(source), self.value(source)], ["t1", "t1"])
        self.assertTrue(source.rejected(b"Bearer t1"))
        self.assertEqual([self.value(source), self.value(source)], ["t2", "t2"])

    def test_rejectedLate(self) -> None:
        """
        Who hears late that the old token was refused takes the new one, which stays.
        """
        source = self.client()
        self.value(source)
        source.rejected(b"Bearer t1")
        self.assertEqual(self.value(source), "t2")
        self.assertTrue(source.rejected(b"Bearer t1"))
        self.assertEqual(self.value(source), "t2")

    def test_rejectedAll(self) -> None:
        """
        A server that refuses every token costs one grant in some seconds, not one for each.
        """
        source = self.client()
        self.value(source)
        self.assertTrue(source.rejected(b"Bearer t1"))
        self.assertEqual(self.value(source), "t2")
        self.assertFalse(source.rejected(b"Bearer t2"))
        self.network.clock.advance(granting.PATIENCE - 0.1)
        self.assertFalse(source.rejected(b"Bearer t2"))
        self.assertEqual(self.value(source), "t2")
        self.network.clock.advance(0.1)
        self.assertTrue(source.rejected(b"Bearer t2"))
        self.assertEqual(self.value(source), "t3")

    def test_rejectedTogether(self) -> None:
        """
        All whose old token was refused at a time wait for the one renewal.
        """
        source = self.client()
        self.value(source)
        self.network.hold()
        asked = []
        for _ in range(3):
            self.assertTrue(source.rejected(b"Bearer t1"))
            asked.append(self.get(source))
        self.network.release()
        self.assertEqual([self.successResultOf(each) for each in asked], [b"Bearer t2"] * 3)
        self.assertEqual(len(self.site.requests), 2)

    def test_together(self) -> None:
        """
        Who want one at a time wait for one answer.
        """
        source = self.client()
        self.network.hold()
        asked = [self.get(source) for _ in range(5)]
        self.network.release()
        self.assertEqual({self.successResultOf(each) for each in asked}, {b"Bearer t1"})
        self.assertEqual(len(self.site.requests), 1)

    def test_nobodyWaits(self) -> None:
        """
        Who stops waiting does not stop the asking: what the issuer gives instead of a refresh token
        that it used up is not lost (OA10).
        """
        self.answers = [{"access_token": "a", "refresh_token": "second", "expires_in": 0}, {"access_token": "b"}]
        source = self.source(refreshUrl=TOKEN, refreshToken="first", **CLIENT)
        self.network.hold()
        asked = self.get(source)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.network.release()
        self.assertEqual(self.value(source), "b")
        self.assertEqual([each["refresh_token"] for each in self.forms()], ["first", "second"])

    def test_failureIsForgotten(self) -> None:
        """
        After a failure the next who wants a token asks again.
        """
        self.answers = [(500, b""), {"access_token": "t"}]
        source = self.client()
        self.problem(source, AuthUnavailableError)
        self.assertEqual(self.value(source), "t")

    def test_close(self) -> None:
        """
        Closing ends what is asked; then it works again, with what there was to refresh with.
        """
        self.answers = [{"access_token": "a", "refresh_token": "second"}, {"access_token": "b"}]
        source = self.source(refreshUrl=TOKEN, refreshToken="first", **CLIENT)
        self.assertEqual(self.value(source), "a")
        script, self.site.script = self.site.script, silent
        source.rejected(b"Bearer a")
        asked = self.get(source)
        with self.network.turn():
            closed = source.close()
        self.successResultOf(closed)
        self.failureResultOf(asked, AuthUnavailableError)
        self.site.script = script
        self.assertEqual(self.value(source), "b")
        self.assertEqual(self.forms()[-1]["refresh_token"], "second")


class RefreshTests(GrantCase):
    """
    The password grant, when its token has expired.
    """

    def expire(self, source: GrantedToken, *expected: str) -> None:
        """
        See that these tokens are got, one after the other, each when the one before has expired.
        """
        for token in expected:
            self.assertEqual(self.value(source), token)
            self.clock.advance(10)

    def test_infer(self) -> None:
        """
        C{INFER_REFRESH_CONFIG} refreshes where the token came from, without scopes: those that were
        given stay (OA10).
        """
        self.answers = [
            {"access_token": "a", "expires_in": 10, "refresh_token": "canary-refresh"},
            {"access_token": "b", "expires_in": 10, "refresh_token": "second"},
            {"access_token": "c", "expires_in": 10},
        ]
        source = self.password(
            refreshConfig=INFER_REFRESH_CONFIG, scopes="read write", optionalParams={"resource": "urn:x"}
        )
        self.expire(source, *"abc")
        first, second, third = self.forms()
        self.assertEqual(first["grant_type"], "password")
        self.assertEqual(first["scope"], "read write")
        self.assertEqual(
            second, {"grant_type": "refresh_token", "refresh_token": "canary-refresh", "resource": "urn:x"}
        )
        self.assertEqual(third["refresh_token"], "second")

    def test_elsewhere(self) -> None:
        """
        A C{refreshConfig} says where and how.
        """
        refreshing = self.serve(lambda connection: connection.say({"access_token": "b"}), port=81)
        self.answers = [{"access_token": "a", "expires_in": 10, "refresh_token": "canary-refresh"}]
        source = self.password(
            refreshConfig={
                "refreshUrl": "http://localhost:81/refresh",
                "scopes": ["read"],
                "optionalParams": {"a": "b"},
                "credentialBearer": "POST_BODY_BEARER",
                "clientConfig": {"customHeaders": {"X": "1"}},
            }
        )
        self.expire(source, "a", "b")
        (request,) = refreshing.requests
        self.assertEqual(request.line, "POST /refresh HTTP/1.1")
        self.assertEqual(
            request.form,
            {
                "grant_type": "refresh_token",
                "refresh_token": "canary-refresh",
                "scope": "read",
                "a": "b",
                "client_id": "app",
                "client_secret": "canary-secret",
            },
        )
        self.assertEqual(request.fields["x"], "1")
        self.assertEqual(len(self.site.requests), 1)

    def test_none(self) -> None:
        """
        Without C{refreshConfig}, and without anything to refresh with, the password is sent again.
        """
        for fields in ({}, {"refreshConfig": INFER_REFRESH_CONFIG}):
            self.site.requests.clear()
            self.answers = [
                {"access_token": "a", "expires_in": 10, **({} if fields else {"refresh_token": "x"})},
                {"access_token": "b", "expires_in": 10},
            ]
            self.expire(self.password(**fields), "a", "b")
            self.assertEqual([each["grant_type"] for each in self.forms()], ["password"] * 2)

    def test_refused(self) -> None:
        """
        Where the issuer does not refresh any more, the password is sent once (OA10).
        """
        self.answers = [
            {"access_token": "a", "expires_in": 10, "refresh_token": "canary-refresh"},
            (400, {"error": "invalid_grant"}),
            {"access_token": "b", "expires_in": 10, "refresh_token": "canary-refresh"},
            (400, {"error": "invalid_grant"}),
            (400, {"error": "invalid_grant"}),
            (400, {"error": "invalid_grant"}),
        ]
        source = self.password(refreshConfig=INFER_REFRESH_CONFIG)
        self.expire(source, "a", "b")
        self.assertIn("invalid_grant", self.problem(source))
        self.assertEqual(
            [each["grant_type"] for each in self.forms()],
            ["password", "refresh_token", "password", "refresh_token", "password"],
        )
        self.problem(source)
        self.assertEqual(self.forms()[-1]["grant_type"], "password")

    def test_otherRefusals(self) -> None:
        """
        Any other no, and no answer, leaves what there is to refresh with: the password is not sent.
        """
        self.answers = [
            {"access_token": "a", "expires_in": 10, "refresh_token": "canary-refresh"},
            (401, {"error": "invalid_client"}),
            (503, b""),
            {"access_token": "b", "expires_in": 10},
        ]
        source = self.password(refreshConfig=INFER_REFRESH_CONFIG)
        self.expire(source, "a")
        self.assertIn("invalid_client", self.problem(source, GrantRefused))
        self.problem(source, AuthUnavailableError)
        self.expire(source, "b")
        self.assertEqual([each["grant_type"] for each in self.forms()], ["password"] + ["refresh_token"] * 3)

    def test_rejected(self) -> None:
        """
        A token that a server does not take is refreshed, once (OA10).
        """
        self.answers = [
            {"access_token": "a", "refresh_token": "canary-refresh"},
            {"access_token": "b"},
        ]
        source = self.password(refreshConfig=INFER_REFRESH_CONFIG)
        self.assertEqual(self.value(source), "a")
        source.rejected(b"Bearer a")
        self.assertEqual([self.value(source), self.value(source)], ["b", "b"])
        self.assertEqual([each["grant_type"] for each in self.forms()], ["password", "refresh_token"])

    def test_reload(self) -> None:
        """
        Reloading goes on to both endpoints.
        """
        refreshing = self.serve(lambda connection: connection.say({"access_token": "b", "expires_in": 0}), port=81)
        self.answers = [{"access_token": "a", "expires_in": 0, "refresh_token": "x"}]
        source = self.password(refreshConfig={"refreshUrl": "http://localhost:81/"})
        self.value(source)
        self.value(source)
        with self.network.turn():
            source.reload()
        self.value(source)
        self.assertEqual((len(self.site.connections), len(refreshing.connections)), (1, 2))
        self.assertEqual(len(self.network.connections), 1)


class AnswerTests(GrantCase):
    """
    What a token endpoint may say.
    """

    def test_refusals(self) -> None:
        """
        A refusal says which, in the words of RFC 6749, and nothing else of what came.
        """
        for status, body, words in (
            (400, {"error": "invalid_grant", "error_description": "canary-secret"}, "answered 400 (invalid_grant)"),
            (401, {"error": "invalid_client"}, "answered 401 (invalid_client)"),
            (400, {"error": "canary-secret"}, "answered 400"),
            (400, {"error": "bad\r\nX: y"}, "answered 400"),
            (400, {"error": "x" * 41}, "answered 400"),
            (400, {"error": 5}, "answered 400"),
            (403, b"<html>canary-secret", "answered 403"),
            (404, b"", "answered 404"),
        ):
            self.answers = [(status, body)]
            self.assertEqual(self.problem(self.client(), GrantRefused), f"localhost:80 {words}")

    def test_unavailable(self) -> None:
        """
        What is no decision is told apart: asking again may help (OA05).
        """
        for status in (301, 302, 307, 308, 408, 425, 429, 500, 502, 503):
            self.answers = [(status, {"access_token": "canary-token", "error": "server_error"})]
            self.assertEqual(
                self.problem(self.client(), AuthUnavailableError), f"localhost:80 answered {status} (server_error)"
            )

    def test_nonsense(self) -> None:
        """
        An answer without a token that can be sent gives none: no header can be made of it.
        """
        for body in (
            b"",
            b"access_token=canary-token",
            b'["canary-token"]',
            {},
            {"access_token": ""},
            {"access_token": None},
            {"access_token": ["canary-token"]},
            {"access_token": "canary-token\r\nX-Other: 1"},
            {"access_token": "canary-token x"},
            {"access_token": "canary-tokenü"},
            {"access_token": "canary-token\0"},
            {"access_token": "canary-token", "token_type": "DPoP"},
            {"access_token": "canary-token", "token_type": ["bearer"]},
            {"access_token": "canary-token", "token_type": "mac"},
        ):
            self.answers = [body]
            self.problem(self.client(), AuthUnavailableError)

    def test_kinds(self) -> None:
        """
        The kind of a token may be spelt in any case, or be left out.
        """
        for kind in ("Bearer", "bearer", "BEARER", None, ""):
            self.answers = [{"access_token": "t", "token_type": kind}]
            self.assertEqual(self.value(self.client()), "t")

    def test_down(self) -> None:
        """
        Nobody there, and nobody who answers.
        """
        self.network.refusing = True
        self.assertIn("cannot be reached", self.problem(self.client(), AuthUnavailableError))
        self.network.refusing = False
        self.site.script = silent
        asked = self.get(self.client(clientConfig={"reqTimeout": 5}))
        self.clock.advance(5)
        self.assertEqual(self.unavailable(asked), f"{FAILED} localhost:80: no answer within 5 seconds")

    def test_otherRecords(self) -> None:
        """
        Only the grants are grants.
        """
        self.assertRaises(TypeError, grantFor, object(), self.clock)
