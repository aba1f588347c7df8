"""
Tests of L{balws.server.guard}, by whole upgrades in memory.
"""

from __future__ import annotations

from typing import Any

from balws.auth.principal import Identity
from balws.errors import AuthUnavailableError
from balws.server.guard import RETRY_AFTER
from tests.auth.checking import ADA, CANARY, NO, Answering, AnsweringTokens, CountingRealm, Raising, Waiting
from tests.server.guarded import BEARER, GuardedTestCase, basic
from tests.server.peers import Peer, body, fields, status
from tests.server.samples import EchoUpgrade, Port

DOWN = AuthUnavailableError("the directory is down")
BASIC_CHALLENGE = 'Basic realm="balws", charset="UTF-8"'
BEARER_CHALLENGE = 'Bearer realm="balws"'


class AnswerTests(GuardedTestCase):
    """
    What a peer is answered (decision 11).
    """

    def assertRefused(self, expected: int, *arguments: Any, **more: Any) -> dict[str, list[str]]:
        """
        @return: the fields of the answer, which has no body and closes.
        """
        answer = self.ask(*arguments, **more)
        self.assertEqual((status(answer), body(answer)), (expected, b""))
        found = fields(answer)
        self.assertEqual((found["content-length"], found["connection"]), (["0"], ["close"]))
        return found

    def test_open(self) -> None:
        """
        A service without auth takes everybody, whatever he shows, and audits nobody.
        """
        self.port = Port()
        self.port.listener.attach(EchoUpgrade(), "/echo")
        for authorization in (None, basic(), "nonsense"):
            self.assertEqual(status(self.ask(authorization)), 101)
        self.assertEqual(self.audit, [])

    def test_accepted(self) -> None:
        """
        Right credentials are let in (AB01).
        """
        checker = Answering(ADA)
        self.serve(checker)
        self.assertEqual(status(self.ask(basic())), 101)
        self.assertEqual(
            [(each.username, each.password) for each in checker.asked], [(b"ada", CANARY.encode())]
        )
        self.assertEqual(self.audit, ['accepted: "ada" from 192.0.2.7 by Answering at /echo'])

    def test_nothingShown(self) -> None:
        """
        Without credentials it is 401 with a challenge, and no checker is asked (AB01).
        """
        checker = Answering(ADA)
        self.serve(checker)
        found = self.assertRefused(401)
        self.assertEqual(found["www-authenticate"], [BASIC_CHALLENGE])
        self.assertEqual(checker.asked, [])
        self.assertEqual(self.audit, ["no credentials from 192.0.2.7 at /echo"])

    def test_wrong(self) -> None:
        """
        Wrong credentials are 401, and the reason is in the log alone (AB01).
        """
        self.serve(Answering(NO))
        self.assertEqual(self.assertRefused(401, basic())["www-authenticate"], [BASIC_CHALLENGE])
        self.assertEqual(
            self.audit, ['unauthenticated: "ada" from 192.0.2.7 at /echo: "nobody knows that one"']
        )

    def test_malformed(self) -> None:
        """
        What cannot be read is nobody, and no checker is asked (AB02).
        """
        checker, tokens = Answering(ADA), AnsweringTokens(ADA)
        self.serve(checker, tokens)
        for value in (
            "Basic",
            "Basic ???",
            "Basic YWRh",
            "basic YWRhOng=",
            "Basic YWRhOng= x",
            "Basic OjE=",
            "Basic YWRhOg==",
            "Basic YWRhOgA=",
            "Basic YWRhOv8=",
            "Bearer",
            "Bearer a b",
            "bearer abc",
            "Digest abc",
        ):
            self.assertRefused(401, value)
        self.assertEqual((checker.asked, tokens.asked), ([], []))

    def test_twice(self) -> None:
        """
        Two Authorization fields are 400 (AB02).
        """
        checker = Answering(ADA)
        self.serve(checker)
        self.assertRefused(400, basic() + "\r\nAuthorization: " + basic())
        self.assertEqual(checker.asked, [])

    def test_large(self) -> None:
        """
        A megabyte of credentials is 431, long before anybody looks at it (AB02).
        """
        self.serve(Answering(ADA))
        self.assertEqual(status(self.begin("Basic " + "x" * 1_000_000).answer), 431)
        self.assertEqual(self.audit, [])

    def test_forbidden(self) -> None:
        """
        Who is known and may not is 403, without a challenge; later entries are not asked
        (AB01).
        """
        later = Answering(ADA)
        self.serve({"checker": Answering(ADA), "scopes": ["admin"]}, later)
        self.assertNotIn("www-authenticate", self.assertRefused(403, basic()))
        self.assertEqual(later.asked, [])
        self.assertEqual(
            self.audit,
            ['forbidden: "ada" from 192.0.2.7 at /echo: "Answering: none of the scopes that are wanted (admin)"'],
        )

    def test_anyScope(self) -> None:
        """
        One of the scopes is enough (decision 13).
        """
        self.serve({"checker": Answering(ADA), "scopes": ["admin", "write"]})
        self.assertEqual(status(self.ask(basic())), 101)

    def test_inTurn(self) -> None:
        """
        The entries are asked in turn, those of another kind passed over (decision 12).
        """
        first, tokens, second = Answering(NO), AnsweringTokens(Identity("bob")), Answering(ADA)
        self.serve(first, tokens, second)
        self.assertEqual(status(self.ask(basic())), 101)
        self.assertEqual([len(each.asked) for each in (first, tokens, second)], [1, 0, 1])
        self.assertEqual(status(self.ask(BEARER)), 101)
        self.assertEqual([each.token for each in tokens.asked], [CANARY])
        self.assertEqual([len(each.asked) for each in (first, second)], [1, 1])

    def test_unavailable(self) -> None:
        """
        When nobody could tell it is 503 with a time to come back, never 101.
        """
        self.serve(Answering(DOWN), Answering(NO))
        self.assertEqual(self.assertRefused(503, basic())["retry-after"], [str(RETRY_AFTER)])
        self.assertEqual(
            self.audit, ['unavailable: "ada" from 192.0.2.7 at /echo: "the directory is down"']
        )

    def test_unavailableThenSuccess(self) -> None:
        """
        One that cannot tell does not keep out whom another one knows.
        """
        self.serve(Answering(DOWN), Answering(ADA))
        self.assertEqual(status(self.ask(basic())), 101)

    def test_raising(self) -> None:
        """
        A checker that raises lets nobody in; its traceback is in the log alone.
        """
        self.serve(Raising(ZeroDivisionError("inner words")))
        answer = self.ask(basic())
        self.assertEqual((status(answer), body(answer)), (503, b""))
        self.assertNotIn(b"inner words", answer)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_challenges(self) -> None:
        """
        The challenge names what is taken, and of a token that it is not accepted (RFC 6750
        section 3).
        """
        invalid = f'{BEARER_CHALLENGE}, error="invalid_token"'
        for entries, shown, challenge in (
            ((Answering(NO),), BEARER, BASIC_CHALLENGE),
            ((AnsweringTokens(NO),), None, BEARER_CHALLENGE),
            ((AnsweringTokens(NO),), basic(), BEARER_CHALLENGE),
            ((AnsweringTokens(NO),), BEARER, invalid),
            ((AnsweringTokens(NO), Answering(NO)), basic(), f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),
            ((AnsweringTokens(NO), Answering(NO)), BEARER, f"{BASIC_CHALLENGE}, {invalid}"),
        ):
            self.serve(*entries)
            self.assertEqual(self.assertRefused(401, shown)["www-authenticate"], [challenge], shown)

    def test_order(self) -> None:
        """
        Nobody is asked who he is for what is no upgrade, or not there (ruling 2).
        """
        checker = Answering(ADA)
        self.serve(checker)
        for expected, more in (
            (404, {"path": "/echo/none"}),
            (426, {"Sec_WebSocket_Version": "8"}),
            (400, {"Sec_WebSocket_Key": "x"}),
            (403, {"Origin": "https://evil.example"}),
        ):
            self.assertEqual(status(self.ask(basic(), **more)), expected)
        self.assertEqual(checker.asked, [])

    def test_oddPrincipal(self) -> None:
        """
        A realm's principal may have any name, or none.
        """
        for username in (b"ada", None, 5):
            realm = CountingRealm(username=username)
            self.serve({"checker": Answering(ADA), "realm": realm})
            self.assertEqual(status(self.ask(basic())), 101)
            self.assertEqual(realm.gone, [])
            self.serve({"checker": Answering(ADA), "realm": realm, "scopes": "admin"})
            self.assertEqual(status(self.ask(basic())), 403)
            self.assertEqual(realm.gone, [b"ada"])
        self.assertEqual(len(self.audit), 6)


class RefusedOriginTests(GuardedTestCase):
    """
    Pages of other sites, whose browsers send cookies and passwords along.
    """

    def test_default(self) -> None:
        """
        With auth only pages of the same origin may connect, whatever they show (HS30).
        """
        checker = AnsweringTokens(ADA)
        self.serve(checker, bearerCookie="token")
        for origin, expected in (
            (None, 101),
            ("http://example.com", 101),
            ("https://example.com:80", 403),
            ("http://example.com:8080", 403),
            ("https://evil.example", 403),
            ("http://example.com.evil.example", 403),
            ("http://example.com@evil.example", 403),
            ("null", 403),
        ):
            for more in ({"authorization": BEARER}, {"Cookie": f"token={CANARY}"}):
                self.assertEqual(status(self.ask(Origin=origin, **more)), expected, origin)
        self.assertEqual(len(checker.asked), 4)

    def test_allowed(self) -> None:
        """
        A list of origins stands in place of that (HS28).
        """
        self.serve(Answering(ADA), allowedOrigins=["https://good.example"])
        for origin, expected in (
            ("https://good.example", 101),
            ("HTTPS://GOOD.EXAMPLE", 101),
            ("http://good.example", 403),
            ("https://good.example:444", 403),
            ("https://good.example.evil.com", 403),
            ("https://good.example@evil", 403),
            ("http://example.com", 403),
        ):
            self.assertEqual(status(self.ask(basic(), Origin=origin)), expected, origin)

    def test_line(self) -> None:
        """
        A page sees nothing of its refusal: the log says which one it was (HS30).
        """
        self.serve(Answering(ADA))
        self.assertEqual(status(self.begin(basic() + "\r\nOrigin: https://evil.example").answer), 403)
        self.assertEqual(
            self.audit, ['forbidden: "" from 192.0.2.7 at /echo: "pages of https://evil.example may not connect"']
        )


class TokenTests(GuardedTestCase):
    """
    Tokens of those who cannot set a header (decision 19).
    """

    def setUp(self) -> None:
        super().setUp()
        self.checker = AnsweringTokens(ADA)

    def assertShown(self, *tokens: str) -> None:
        """
        These are the tokens that were asked about.
        """
        self.assertEqual(tuple(each.token for each in self.checker.asked), tokens)

    def test_pair(self) -> None:
        """
        A token may stand behind balws.bearer among the sub-protocols; it is never echoed.
        """
        self.serve(self.checker, subProtocols=["xml"])
        for offered, echoed in (
            (f"balws.bearer, {CANARY}", "balws.bearer"),
            (f"xml, balws.bearer, {CANARY}", "xml"),
            (f"balws.bearer, {CANARY}, xml", "xml"),
            (f"json, balws.bearer, {CANARY}", "balws.bearer"),
        ):
            answer = self.ask(Sec_WebSocket_Protocol=offered)
            self.assertEqual((status(answer), fields(answer)["sec-websocket-protocol"]), (101, [echoed]))
        self.assertShown(*[CANARY] * 4)

    def test_pairIsNoProtocol(self) -> None:
        """
        A token that is called as a sub-protocol is none.
        """
        self.serve(self.checker, subProtocols=["xml"])
        answer = self.ask(Sec_WebSocket_Protocol="balws.bearer, xml")
        self.assertEqual(fields(answer)["sec-websocket-protocol"], ["balws.bearer"])
        self.assertShown("xml")

    def test_brokenPair(self) -> None:
        """
        The word without a token is a broken offer.
        """
        self.serve(self.checker)
        for offered in ("balws.bearer", "xml, balws.bearer", "balws.bearer, balws.bearer"):
            self.assertEqual(status(self.ask(Sec_WebSocket_Protocol=offered)), 400)
        self.assertShown()

    def test_pairRefused(self) -> None:
        """
        A pair with a wrong token is 401, without a word on sub-protocols.
        """
        self.serve(AnsweringTokens(NO))
        answer = self.ask(Sec_WebSocket_Protocol=f"balws.bearer, {CANARY}")
        self.assertEqual((status(answer), body(answer)), (401, b""))
        self.assertNotIn("sec-websocket-protocol", fields(answer))

    def test_query(self) -> None:
        """
        A query parameter counts where the service names it, once, and nowhere else.
        """
        path = f"/echo?access_token={CANARY}"
        self.serve(self.checker)
        self.assertEqual(status(self.ask(path=path)), 401)
        self.serve(self.checker, bearerQueryParameter="access_token")
        self.assertEqual(status(self.ask(path=path)), 101)
        for other in (f"{path}&access_token=x", "/echo?access_token=", "/echo?access_token", "/echo?Access_Token=x"):
            self.assertEqual(status(self.ask(path=other)), 401, other)
        self.assertShown(CANARY)

    def test_queryTwice(self) -> None:
        """
        Where a parameter is given with two values, or an empty one, the cookie does not count in
        its place.
        """
        self.serve(self.checker, bearerQueryParameter="t", bearerCookie="t")
        for query in ("t=a&t=b", "t=&t=a", "t=a&t=", "t="):
            self.assertEqual(status(self.ask(path=f"/echo?{query}", Cookie="t=cookie")), 401, query)
        self.assertShown()
        self.assertEqual(status(self.ask(path="/echo?u=a", Cookie="t=cookie")), 101)
        self.assertShown("cookie")

    def test_queryEscapes(self) -> None:
        """
        The parameter is decoded; what is no token then is nobody.
        """
        self.serve(self.checker, bearerQueryParameter="t\u00f6ken")
        self.assertEqual(status(self.ask(path="/echo?t%C3%B6ken=a%2Eb")), 101)
        for value in ("a%20b", "%00", "a%0d%0a", "%ff"):
            self.assertEqual(status(self.ask(path=f"/echo?t%C3%B6ken={value}")), 401)
        self.assertShown("a.b")

    def test_cookie(self) -> None:
        """
        A cookie counts where the service names it.
        """
        self.serve(self.checker)
        self.assertEqual(status(self.ask(Cookie=f"token={CANARY}")), 401)
        self.serve(self.checker, bearerCookie="token")
        for value in (
            f"token={CANARY}",
            f"theme=dark; token={CANARY}; lang=en",
            f'token="{CANARY}"',
            f'prefs={{"a": [1, 2]}}; token={CANARY}',
            f"odd name=x; =; ;;token={CANARY}",
        ):
            self.assertEqual(status(self.ask(Cookie=value)), 101, value)
        self.assertShown(*[CANARY] * 5)
        for value in ("", "token", "token=", "Token=x", "xtoken=x", "token=a b"):
            self.assertEqual(status(self.ask(Cookie=value)), 401, value)
        self.assertShown(*[CANARY] * 5)

    def test_cookieTwice(self) -> None:
        """
        Of two cookies of the name, of which another site of the domain may have set one, neither
        counts, unless they are the same.
        """
        self.serve(self.checker, bearerCookie="token")
        for value in (
            "token=ada; token=eve",
            "token=eve; token=ada",
            "token=ada;x=y;token=",
            'token=; token="ada"',
            "token=ada\r\nCookie: token=eve",
        ):
            self.assertEqual(status(self.ask(Cookie=value)), 401, value)
        self.assertShown()
        for value in ("token=ada; token=ada", 'token=ada; token="ada"', "token=ada\r\nCookie: x=y; token=ada"):
            self.assertEqual(status(self.ask(Cookie=value)), 101, value)
        self.assertShown("ada", "ada", "ada")

    def test_first(self) -> None:
        """
        Of several the header counts, then the pair, the parameter, the cookie; there is no
        second try.
        """
        self.serve(self.checker, bearerQueryParameter="t", bearerCookie="t")
        more = {"path": "/echo?t=parameter", "Cookie": "t=cookie"}
        pair = {"Sec_WebSocket_Protocol": "balws.bearer, pair"}
        self.ask("Bearer header", **more, **pair)
        self.ask(**more, **pair)
        self.ask(**more)
        self.ask(Cookie="t=cookie")
        self.assertShown("header", "pair", "parameter", "cookie")
        self.assertEqual(status(self.ask("Digest x", **more, **pair)), 401)
        self.assertShown("header", "pair", "parameter", "cookie")


class ThrottleTests(GuardedTestCase):
    """
    Who fails again and again (AB12).
    """

    def advance(self, seconds: float, *peers: Peer) -> None:
        """
        Let time pass.
        """
        self.port.advance(seconds, *peers)

    def test_delay(self) -> None:
        """
        After maxAuthFailures an attempt waits before anybody is asked, longer each time.
        """
        checker = Answering(NO)
        self.serve(checker, listener={"maxAuthFailures": 2})
        for _ in range(2):
            self.assertEqual(status(self.ask(basic())), 401)
        for wait in (0.5, 1, 2, 4, 8, 8):
            asked = len(checker.asked)
            peer = self.begin(basic())
            self.advance(wait - 0.01, peer)
            self.assertEqual((peer.answer, len(checker.asked)), (b"", asked))
            self.advance(0.02, peer)
            self.assertEqual((status(peer.answer), len(checker.asked)), (401, asked + 1))

    def test_success(self) -> None:
        """
        Right credentials are let in after the wait, and set it back.
        """
        checker = Answering(NO)
        self.serve(checker, listener={"maxAuthFailures": 1})
        self.ask(basic())
        checker.answer = ADA
        peer = self.begin(basic())
        self.advance(0.5, peer)
        self.assertEqual(status(peer.answer), 101)
        self.assertEqual(status(self.ask(basic())), 101)

    def test_tooMany(self) -> None:
        """
        When four attempts of an address wait, one more is 429.
        """
        self.serve(Answering(NO), listener={"maxAuthFailures": 1})
        self.ask(basic())
        waiting = [self.begin(basic()) for _ in range(4)]
        answer = self.ask(basic())
        self.assertEqual((status(answer), body(answer)), (429, b""))
        self.assertEqual(fields(answer)["retry-after"], ["8"])
        self.assertIn("throttled", self.audit[-1])
        self.advance(0.5, *waiting)
        self.assertEqual([status(each.answer) for each in waiting], [401] * 4)

    def test_leaving(self) -> None:
        """
        Who leaves while he waits makes room, and nobody is asked for him.
        """
        checker = Answering(NO)
        self.serve(checker, listener={"maxAuthFailures": 1})
        self.ask(basic())
        for _ in range(6):
            self.begin(basic()).leave()
        self.advance(10)
        self.assertEqual(len(checker.asked), 1)
        peer = self.begin(basic())
        self.advance(0.5, peer)
        self.assertEqual(status(peer.answer), 401)

    def test_allServices(self) -> None:
        """
        The services of a listener share the count.
        """
        self.serve(Answering(NO), listener={"maxAuthFailures": 1})
        self.port.listener.attach(EchoUpgrade(), "/other", config={"auth": [{"checker": Answering(ADA)}]})
        self.ask(basic())
        self.assertEqual(self.begin(basic(), "/other").answer, b"")

    def test_counted(self) -> None:
        """
        Wrong credentials alone are counted: not their absence, a missing scope, or a back
        end that is down.
        """
        checker = Answering(ADA)
        self.serve({"checker": checker, "scopes": "admin"}, AnsweringTokens(NO), listener={"maxAuthFailures": 1})
        self.ask()
        self.ask("Basic ???")
        self.ask(basic())
        checker.answer = DOWN
        self.ask(basic())
        self.assertEqual(status(self.ask(basic())), 503)

    def test_whileDown(self) -> None:
        """
        Guesses are not free while another entry is down.
        """
        for checkers in ((Answering(NO), Answering(DOWN)), (Answering(DOWN), Answering(NO))):
            self.serve(*checkers, listener={"maxAuthFailures": 2})
            for _ in range(2):
                self.assertEqual(status(self.ask(basic())), 503)
            self.assertEqual(self.begin(basic()).answer, b"")

    def test_givenUp(self) -> None:
        """
        Who leaves before the answer has failed: the work was done.
        """
        checker = Waiting()
        self.serve(checker, listener={"maxAuthFailures": 2})
        for _ in range(2):
            self.begin(basic()).leave()
        self.assertEqual(checker.cancelled, 2)
        self.begin(basic())
        self.assertEqual(len(checker.waiting), 2)
        self.advance(0.5)
        self.assertEqual(len(checker.waiting), 3)

    def test_otherAccount(self) -> None:
        """
        Who has an account guesses at others no faster for it: neither a right login, nor a
        missing scope, nor a token that is good takes back the failures of another name.
        """
        checker = Answering(NO)
        for right in (basic("eve"), BEARER):
            for scopes, expected in ((["read"], 101), (["admin"], 403)):
                entries = [{"checker": each, "scopes": scopes} for each in (checker, AnsweringTokens(ADA))]
                self.serve(*entries, listener={"maxAuthFailures": 2})
                checker.answer = NO
                self.assertEqual(status(self.ask(basic())), 401)
                checker.answer = ADA
                self.assertEqual(status(self.ask(right)), expected)
                checker.answer = NO
                self.assertEqual(status(self.ask(basic())), 401)
                self.assertEqual(self.begin(basic("eve")).answer, b"")

    def test_off(self) -> None:
        """
        With 0 nobody waits.
        """
        self.serve(Answering(NO), listener={"maxAuthFailures": 0})
        for _ in range(30):
            self.assertEqual(status(self.ask(basic())), 401)


class AuditTests(GuardedTestCase):
    """
    One line for each attempt, without secrets (AB13).
    """

    def test_injection(self) -> None:
        """
        A name with line ends writes no line of its own.
        """
        self.serve(Answering(NO))
        self.ask(basic('eve"\r\naccepted: "root" from 127.0.0.1\x1b[2J', "x"))
        (line,) = self.audit
        self.assertEqual(len(line.splitlines()), 1)
        self.assertTrue(line.startswith('unauthenticated: "eve\\"\\r\\naccepted'), line)

    def test_oneEach(self) -> None:
        """
        Every attempt leaves one line.
        """
        checker = Answering(ADA)
        self.serve(checker)
        for answer in (ADA, NO, DOWN):
            checker.answer = answer
            self.ask(basic())
        self.ask()
        self.assertEqual(
            [line.partition(":")[0] for line in self.audit],
            ["accepted", "unauthenticated", "unavailable", "no credentials from 192.0.2.7 at /echo"],
        )

    def test_tokens(self) -> None:
        """
        Of a token that is refused no name is known.
        """
        self.serve(AnsweringTokens(NO))
        self.ask(BEARER)
        self.assertEqual(self.audit, ['unauthenticated: "" from 192.0.2.7 at /echo: "nobody knows that one"'])

    def test_forbiddenToken(self) -> None:
        """
        Of a token that is good and not good enough its user is known.
        """
        self.serve({"checker": AnsweringTokens(ADA), "scopes": "admin"})
        self.ask(BEARER)
        (line,) = self.audit
        self.assertTrue(line.startswith('forbidden: "ada" from 192.0.2.7 at /echo: '), line)

    def test_waiting(self) -> None:
        """
        Who leaves before he is known leaves a line, and counts as one that failed: the work was done.
        """
        checker = Waiting()
        self.serve(checker)
        self.begin(basic()).leave()
        self.assertEqual(checker.cancelled, 1)
        self.assertEqual(self.audit, ['given up: "ada" from 192.0.2.7 at /echo: "nobody waits for the answer"'])


class ProxyTests(GuardedTestCase):
    """
    Clients behind a trusted proxy.
    """

    def test_address(self) -> None:
        """
        Failures are those of the client that the proxy names, in the log and where they are counted.
        """
        self.serve(Answering(NO), listener={"maxAuthFailures": 1, "serverConfig": {"trustedProxies": ["192.0.2.7"]}})
        self.assertEqual(status(self.ask(basic(), X_Forwarded_For="203.0.113.9")), 401)
        self.assertEqual(self.audit[0], 'unauthenticated: "ada" from 203.0.113.9 at /echo: "nobody knows that one"')
        self.assertEqual(status(self.ask(basic(), X_Forwarded_For="203.0.113.8")), 401)
        self.assertEqual(self.begin(basic(), X_Forwarded_For="203.0.113.9").answer, b"")

    def test_origin(self) -> None:
        """
        So it is for pages that may not connect.
        """
        self.serve(Answering(NO), listener={"serverConfig": {"trustedProxies": ["192.0.2.7"]}})
        self.ask(basic(), X_Forwarded_For="203.0.113.9", Origin="http://evil.example")
        self.assertIn("from 203.0.113.9 at /echo", self.audit[0])
