"""
Tests of L{balws.auth.oauth2.introspection}.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from balws.auth.credentials import BearerToken
from balws.auth.oauth2.introspection import OAuth2Introspection
from balws.auth.principal import Identity
from balws.config.oauth2 import OAuth2IntrospectionConfig
from balws.config.records import build
from balws.interfaces import IBearerToken
from tests.auth.backends import Answering, BackEndCase, Site, silent

CANARY = "canary-token"


class IntrospectionCase(BackEndCase):
    """
    Has an introspection endpoint.

    @ivar site: the endpoint.
    @ivar answer: what it says.
    """

    def setUp(self) -> None:
        super().setUp()
        self.time = 1000.0
        self.answer: Any = {"active": True}
        self.status = 200
        self.site: Site = self.serve(lambda connection: connection.say(self.answer, self.status))

    def checker(self, **fields: Any) -> OAuth2Introspection:
        """
        @return: one with these fields of its configuration.
        """
        config = build(OAuth2IntrospectionConfig, {"url": "http://localhost/introspect", **fields})
        made: OAuth2Introspection = self.kept(OAuth2Introspection(config, self.clock, lambda: self.time))
        return made

    def show(self, checker: OAuth2Introspection, token: str = CANARY) -> Deferred[Any]:
        """
        Show a token.
        """
        return self.ask(checker.requestAvatarId, BearerToken(token))

    def admitted(self, checker: OAuth2Introspection, token: str = CANARY) -> Identity:
        """
        @return: who it is.
        """
        identity: Identity = self.successResultOf(self.show(checker, token))
        return identity

    def refused(self, checker: OAuth2Introspection, token: str = CANARY) -> str:
        """
        @return: why it was a no.
        """
        why = str(self.failureResultOf(self.show(checker, token), UnauthorizedLogin).value)
        self.assertNotIn(CANARY, why)
        return why

    def undecided(self, checker: OAuth2Introspection, token: str = CANARY) -> str:
        """
        @return: why nobody could tell.
        """
        why = self.unavailable(self.show(checker, token))
        self.assertNotIn(CANARY, why)
        return why


class RequestTests(IntrospectionCase):
    """
    What the endpoint is asked.
    """

    def test_plain(self) -> None:
        """
        The token is asked about in a form, and nothing else.
        """
        checker = self.checker()
        verifyObject(ICredentialsChecker, checker)
        self.assertEqual(checker.credentialInterfaces, (IBearerToken,))
        self.admitted(checker, "a+b/c=")
        (request,) = self.site.requests
        self.assertEqual(request.line, "POST /introspect HTTP/1.1")
        self.assertEqual(request.form, {"token": "a+b/c="})
        self.assertNotIn("authorization", request.fields)

    def test_everyField(self) -> None:
        """
        Hint, further parameters, further headers and a payload are sent.
        """
        checker = self.checker(
            tokenTypeHint="access_token",
            optionalParams={"client_id": "rs", "client_secret": "s&s"},
            clientConfig={
                "customHeaders": {"Authorization": "Basic cnM6cw==", "X-Tenant": "t"},
                "customPayload": "resource=urn%3Ax",
            },
        )
        self.admitted(checker)
        (request,) = self.site.requests
        self.assertEqual(
            request.form,
            {
                "token": CANARY,
                "token_type_hint": "access_token",
                "client_id": "rs",
                "client_secret": "s&s",
                "resource": "urn:x",
            },
        )
        self.assertEqual(request.fields["authorization"], "Basic cnM6cw==")
        self.assertEqual(request.fields["x-tenant"], "t")

    def test_noToken(self) -> None:
        """
        What is no token is refused without asking: empty, too long, with other characters.
        """
        checker = self.checker()
        self.admitted(checker, "x" * 8192)
        for token in ("", "x" * 8193, "a b", "a\0", "a\r\nb", "ü"):
            self.refused(checker, token)
        self.assertEqual(len(self.site.requests), 1)


class AnswerTests(IntrospectionCase):
    """
    What the endpoint says, and what becomes of it.
    """

    def test_active(self) -> None:
        """
        A token that is active says who it is, what they may do, and until when (OA01).
        """
        self.answer = {"active": True, "username": "ann", "sub": "1", "scope": "read  write", "exp": 2000}
        identity = self.admitted(self.checker())
        self.assertEqual(identity, b"ann")
        self.assertEqual(identity.scopes, ("read", "write"))
        self.assertEqual(identity.expires, 2000)
        self.assertEqual(identity.claims["sub"], "1")

    def test_names(self) -> None:
        """
        The user's name, else the subject, else the client; none of them is no name.
        """
        for said, name in (
            ({"username": "ann", "sub": "1", "client_id": "c"}, b"ann"),
            ({"username": "", "sub": "1", "client_id": "c"}, b"1"),
            ({"username": 5, "client_id": "c"}, b"c"),
            ({}, b""),
        ):
            self.answer = {"active": True, **said}
            self.assertEqual(self.admitted(self.checker()), name)

    def test_inactive(self) -> None:
        """
        A token that is not active is refused, whatever else is said of it (OA02).
        """
        self.answer = {"active": False, "scope": "read", "exp": 9999, "username": "ann"}
        self.assertEqual(self.refused(self.checker()), "The OAuth2 token is not active.")

    def test_onlyTrue(self) -> None:
        """
        Only C{true} is a yes; what is neither yes nor no lets nobody in (OA01).
        """
        for answer in (
            {},
            {"active": "true"},
            {"active": 1},
            {"active": None},
            {"active": [True]},
            {"Active": True},
            [{"active": True}],
            True,
        ):
            self.answer = answer if isinstance(answer, dict) else str(answer).lower().encode()
            self.undecided(self.checker())

    def test_noJson(self) -> None:
        """
        An answer that is not JSON lets nobody in (OA01).
        """
        for answer in (b"", b"active=true", b"<html>", b'{"active": true', b'{"active": true} x', b"\xff"):
            self.answer = answer
            self.assertIn("not JSON", self.undecided(self.checker()))

    def test_statuses(self) -> None:
        """
        A good answer under a bad status lets nobody in (OA01, OA05).
        """
        for status in (301, 302, 307, 400, 401, 403, 404, 429, 500, 502, 503):
            self.status = status
            self.assertEqual(self.undecided(self.checker()), f"localhost:80 answered {status}")
        for status in (200, 201):
            self.status = status
            self.admitted(self.checker())

    def test_scopes(self) -> None:
        """
        Scopes are words in a string, or a list of strings, where C{scopeKey} says; anything else is
        none (decision 13).
        """
        for scope, found in (
            ("read\twrite", ("read", "write")),
            ("", ()),
            (["read", "a b"], ("read", "a b")),
            (["read", 1], ()),
            (5, ()),
            (None, ()),
            ({"read": True}, ()),
        ):
            self.answer = {"active": True, "scp": scope, "scope": "other"}
            self.assertEqual(self.admitted(self.checker(scopeKey="scp")).scopes, found)

    def test_expiry(self) -> None:
        """
        The end may be a number or a string that is one; one that has come is a no; one that is
        no number is an answer of nobody (OA02).
        """
        for exp, end in ((1001, 1001), ("1001", 1001), (1000.5, 1000.5), ("1001.5", 1001.5), (None, None)):
            self.answer = {"active": True, "exp": exp}
            self.assertEqual(self.admitted(self.checker()).expires, end)
        for exp in (1000, 999, "1000", 0, -1, "-inf"):
            self.answer = {"active": True, "exp": exp}
            self.assertEqual(self.refused(self.checker()), "The OAuth2 token is expired.")
        for exp in (True, "", "soon", "nan", [2000], {}):
            self.answer = {"active": True, "exp": exp}
            self.assertIn("exp is no number", self.undecided(self.checker()))
        for large in (b"1e999", b"9" * 400, b'"1e999"'):
            self.answer = b'{"active": true, "exp": ' + large + b"}"
            self.assertEqual(self.admitted(self.checker()).expires, 2**53)

    def test_kinds(self) -> None:
        """
        A token that wants more than to be shown is no bearer token: anybody may have stolen it
        (RFC 9449, RFC 8705).
        """
        for kind in ("Bearer", "bearer", "access_token", None):
            self.answer = {"active": True, "token_type": kind}
            self.admitted(self.checker())
        for said in ({"token_type": "DPoP"}, {"token_type": "refresh_token"}, {"token_type": 5}, {"cnf": {"jkt": "x"}}):
            self.answer = {"active": True, **said}
            self.assertEqual(self.refused(self.checker()), "The OAuth2 token is no bearer token.")


class CacheTests(IntrospectionCase):
    """
    What is remembered.
    """

    def calls(self, checker: OAuth2Introspection, token: str = CANARY) -> int:
        """
        @return: how many questions this token needs.
        """
        before = len(self.site.requests)
        self.admitted(checker, token)
        return len(self.site.requests) - before

    def test_none(self) -> None:
        """
        Without C{cacheConfig} each login is a question.
        """
        checker = self.checker()
        self.assertEqual([self.calls(checker) for _ in range(3)], [1, 1, 1])

    def test_untilItsEnd(self) -> None:
        """
        A yes is remembered until the token expires, and then it is asked again (OA06).
        """
        self.answer = {"active": True, "exp": 1010}
        checker = self.checker(cacheConfig={})
        self.assertEqual([self.calls(checker) for _ in range(3)], [1, 0, 0])
        self.time = 1009.9
        self.assertEqual(self.calls(checker), 0)
        self.time = 1010
        self.refused(checker)

    def test_noLongerThan(self) -> None:
        """
        C{defaultMaxAge} is the limit where the token lives longer: a token that was revoked is
        refused then (OA06).
        """
        self.answer = {"active": True, "exp": 5000}
        checker = self.checker(cacheConfig={"defaultMaxAge": 60})
        self.assertEqual(self.calls(checker), 1)
        self.answer = {"active": False}
        self.time = 1059.9
        self.assertEqual(self.calls(checker), 0)
        self.time = 1060
        self.refused(checker)

    def test_noEnd(self) -> None:
        """
        A token of which nobody says when it expires is remembered for C{defaultTokenExpTime}, or
        C{defaultMaxAge} where that is less.
        """
        for cache, end in (({}, 1200), ({"defaultMaxAge": 100}, 1100), ({"defaultMaxAge": 300}, 1200)):
            self.time = 1000
            checker = self.checker(cacheConfig=cache, defaultTokenExpTime=200)
            self.assertEqual(self.calls(checker), 1)
            self.time = end - 0.1
            self.assertEqual(self.calls(checker), 0)
            self.time = end
            self.assertEqual(self.calls(checker), 1)

    def test_onlyYes(self) -> None:
        """
        A no, and what is neither yes nor no, is asked again (OA06).
        """
        checker = self.checker(cacheConfig={})
        for answer, ask in (({"active": False}, self.refused), ({}, self.undecided)):
            self.answer = answer
            ask(checker)
            ask(checker)
        self.assertEqual(len(self.site.requests), 4)
        self.answer = {"active": True}
        self.assertEqual(self.calls(checker), 1)

    def test_capacity(self) -> None:
        """
        No more than C{capacity} are remembered, and tokens themselves never are.
        """
        checker = self.checker(cacheConfig={"capacity": 2, "evictionFactor": 0.5})
        for token in "abc":
            self.assertEqual(self.calls(checker, token), 1)
        self.assertEqual([self.calls(checker, token) for token in "cb"], [0, 0])
        self.assertEqual(self.calls(checker, "a"), 1)
        cache: Any = checker._cache
        self.assertEqual(len(cache), 2)
        self.assertIsNotNone(cache.get(sha256(b"a").digest()))

    def test_close(self) -> None:
        """
        Nothing is remembered over a close, and then it works again.
        """
        checker = self.checker(cacheConfig={"cleanupInterval": 10})
        self.assertEqual(self.calls(checker), 1)
        with self.network.turn():
            closed = checker.close()
        self.successResultOf(closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.calls(checker), 1)


class TogetherTests(IntrospectionCase):
    """
    Several at a time.
    """

    def test_oneQuestion(self) -> None:
        """
        Who show the same token at a time wait for one question; another token is another.
        """
        checker = self.checker()
        self.network.hold()
        shown = [self.show(checker) for _ in range(5)]
        other = self.show(checker, "other")
        self.network.release()
        for each in [*shown, other]:
            self.successResultOf(each)
        self.assertEqual(len(self.site.requests), 2)

    def test_oneLeaves(self) -> None:
        """
        Who does not wait any more takes nothing from the others; when nobody waits, the question
        ends.
        """
        self.site.script = silent
        checker = self.checker()
        first, second = self.show(checker), self.show(checker)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertIsNone(self.site.connections[0].lost)
        with self.network.turn():
            second.cancel()
        self.failureResultOf(second, CancelledError)
        self.assertIsNotNone(self.site.connections[0].lost)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.site.script = lambda connection: connection.say({"active": True})
        self.admitted(checker)

    def test_hangsAndHeals(self) -> None:
        """
        An endpoint that hangs has so many questions and no more, and as soon as it answers again
        everybody is let in (OA09).
        """
        self.site.script = silent
        checker = self.checker()
        shown = [self.show(checker, str(number)) for number in range(100)]
        for each in shown[64:]:
            self.unavailable(each)
        with self.network.turn():  # as whoever waits for a login does after some seconds
            for each in shown[:64]:
                each.cancel()
                self.failureResultOf(each, CancelledError)
        self.site.script = lambda connection: connection.say({"active": True})
        self.admitted(checker)

    def test_down(self) -> None:
        """
        Nobody is let in while the endpoint is down, and everybody when it is there again (OA09).
        """
        checker = self.checker()
        self.network.refusing = True
        self.undecided(checker)
        self.network.refusing = False
        self.admitted(checker)

    def test_slow(self) -> None:
        """
        An endpoint that does not answer within C{reqTimeout} is given up (OA09).
        """
        self.site.script = silent
        shown = self.show(self.checker(clientConfig={"reqTimeout": 5}))
        self.clock.advance(5)
        self.assertEqual(self.unavailable(shown), "localhost:80: no answer within 5 seconds")

    def test_closed(self) -> None:
        """
        Who waits when the checker is closed is not let in.
        """
        self.site.script = silent
        checker = self.checker()
        shown = self.show(checker)
        with self.network.turn():
            closed = checker.close()
        self.successResultOf(closed)
        self.unavailable(shown)


class GrantTests(IntrospectionCase):
    """
    An endpoint that is asked with a token of our own.
    """

    def setUp(self) -> None:
        super().setUp()
        self.granted = 0
        self.tokens = self.serve(self._grant, port=81)

    def _grant(self, connection: Answering) -> None:
        self.granted += 1
        connection.say({"access_token": f"own-{self.granted}", "token_type": "Bearer", "expires_in": 60})

    def authorized(self, **fields: Any) -> OAuth2Introspection:
        """
        @return: a checker with C{auth}.
        """
        auth = {"tokenUrl": "http://localhost:81/token", "clientId": "rs", "clientSecret": "s"}
        return self.checker(clientConfig={"auth": auth, **fields})

    def test_token(self) -> None:
        """
        The endpoint is asked with the token, in place of a custom C{Authorization}; it is used
        again.
        """
        checker = self.authorized(customHeaders={"Authorization": "Basic old"})
        for _ in range(2):
            self.admitted(checker)
        self.assertEqual([each.fields["authorization"] for each in self.site.requests], ["Bearer own-1"] * 2)
        self.assertEqual(len(self.tokens.requests), 1)

    def test_rejected(self) -> None:
        """
        A token that the endpoint does not take is fetched anew, once.
        """
        checker = self.authorized()
        self.admitted(checker)

        def expired(connection: Answering) -> None:
            isOld = self.site.requests[-1].fields["authorization"] == "Bearer own-1"
            connection.say({"active": True}, 401 if isOld else 200)

        self.site.script = expired
        self.admitted(checker)
        self.assertEqual(len(self.tokens.requests), 2)
        self.site.script = lambda connection: connection.say(b"", 401)
        self.network.clock.advance(5)
        before = len(self.site.requests)
        self.assertEqual(self.undecided(checker), "localhost:80 answered 401")
        self.assertEqual(len(self.site.requests) - before, 2)

    def test_noToken(self) -> None:
        """
        Nobody is let in when there is no token to ask with.
        """
        self.tokens.script = lambda connection: connection.say({"error": "invalid_client"}, 401)
        why = self.undecided(self.authorized())
        self.assertIn("localhost:80 cannot be asked: ", why)
        self.assertIn("invalid_client", why)
        self.assertEqual(self.site.requests, [])

    def test_reload(self) -> None:
        """
        Reloading goes on to whoever gives the token.
        """
        checker = self.authorized()
        self.admitted(checker)
        with self.network.turn():
            checker.reload()
        self.admitted(checker)
        self.assertEqual((len(self.tokens.connections), len(self.site.connections)), (1, 2))
