"""
Tests of L{balws.auth.backend}: what is sent.
"""

from __future__ import annotations

from twisted.web.iweb import IAgentEndpointFactory
from zope.interface.verify import verifyObject

from balws.auth.backend import BackEnd
from balws.config.backend import HttpClientConfig
from balws.errors import ConfigurationError
from balws.http.route import MAX_HEAD
from tests.auth.backends import Answering, BackEndCase

CANARY = "canary-secret"


def good(connection: Answering) -> None:
    """
    A script that answers at once.
    """
    connection.say({"all": "well"})


class RequestTests(BackEndCase):
    """
    What is sent.
    """

    def test_get(self) -> None:
        """
        A question without a form is a GET with nothing in it that was not asked for.
        """
        site = self.serve(good)
        answer = self.successResultOf(self.ask(self.backEnd("http://localhost/keys?a=b").fetch))
        self.assertEqual(answer.jsonObject(), {"all": "well"})
        self.assertTrue(answer.isSuccess)
        (request,) = site.requests
        self.assertEqual(request.line, "GET /keys?a=b HTTP/1.1")
        self.assertEqual(
            request.fields,
            {"host": "localhost", "accept": "application/json", "accept-encoding": "identity", "user-agent": "balws"},
        )
        self.assertEqual(request.body, "")

    def test_form(self) -> None:
        """
        A form is encoded, C{customPayload} is added to it, and headers given take the place of
        custom ones.
        """
        site = self.serve(good)
        backEnd = self.backEnd(
            customHeaders={"X-One": "1", "Authorization": "Basic old"}, customPayload="resource=urn%3Ax"
        )
        form = [("token", "a b&c=ü"), ("empty", "")]
        self.successResultOf(self.ask(backEnd.fetch, "POST", form, [("authorization", "Bearer new")]))
        (request,) = site.requests
        self.assertEqual(request.body, "token=a+b%26c%3D%C3%BC&empty=&resource=urn%3Ax")
        self.assertEqual(request.fields["content-type"], "application/x-www-form-urlencoded")
        self.assertEqual(request.fields["authorization"], "Bearer new")
        self.assertEqual(request.fields["x-one"], "1")

    def test_emptyForm(self) -> None:
        """
        A form may be empty, and a mapping.
        """
        site = self.serve(good)
        backEnd = self.backEnd()
        for form, body in (({}, ""), ({"a": "b"}, "a=b")):
            self.successResultOf(self.ask(backEnd.fetch, "POST", form))
            self.assertEqual(site.requests[-1].body, body)

    def test_connectionIsUsedAgain(self) -> None:
        """
        A second question soon after goes the same way; later ones, when the server may have
        ended it, on a new connection.
        """
        site = self.serve(good)
        backEnd = self.backEnd()
        self.successResultOf(self.ask(backEnd.fetch))
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(site.connections), 1)
        self.clock.advance(4)
        self.assertEqual(self.network.connections, [])
        self.successResultOf(self.ask(backEnd.fetch))
        self.assertEqual(len(site.connections), 2)

    def test_limitIsForEachAnswer(self) -> None:
        """
        A connection that is used often does not use its limit up.
        """
        self.serve(lambda connection: connection.say(b"x" * 1000))
        backEnd = self.backEnd(maxBody=1000)
        for _ in range(MAX_HEAD // 1000 + 10):
            self.assertEqual(len(self.successResultOf(self.ask(backEnd.fetch)).body), 1000)

    def test_noCookies(self) -> None:
        """
        A cookie is neither kept nor sent.
        """
        site = self.serve(lambda connection: connection.say(b"{}", 200, "Set-Cookie: a=b; Path=/"))
        backEnd = self.backEnd()
        for _ in range(2):
            self.successResultOf(self.ask(backEnd.fetch))
        self.assertNotIn("cookie", site.requests[1].fields)

    def test_noRedirect(self) -> None:
        """
        A redirect is an answer as any other: nothing goes to another host (OA05).
        """
        for status in (301, 302, 303, 307, 308):
            elsewhere = self.serve(good, port=8000 + status)
            self.serve(
                lambda connection, status=status: connection.say(
                    b"", status, f"Location: http://localhost:{8000 + status}/"
                ),
                port=7000 + status,
            )
            backEnd = self.backEnd(f"http://localhost:{7000 + status}/")
            answer = self.successResultOf(self.ask(backEnd.fetch, "POST", {"token": CANARY}))
            self.assertEqual(answer.status, status)
            self.assertFalse(answer.isSuccess)
            self.assertEqual(elsewhere.connections, [])
            self.assertEqual({port for _, port in self.dialled}, {7000 + status})
            self.dialled.clear()

    def test_refusedUrls(self) -> None:
        """
        Only https, or http to this machine; no user name, and nothing of a bad URL is shown (OA05).
        """
        for url in (
            f"http://example.com/{CANARY}",
            "file:///etc/passwd",
            f"https://user:{CANARY}@example.com/",
            f"https://example.com/#{CANARY}",
            f"https:///{CANARY}",
            f"https://example.com:0/{CANARY}",
            f"https://example.com:99999/{CANARY}",
            f"https://example.com/ {CANARY}",
        ):
            error = self.assertRaises(ConfigurationError, BackEnd, url, HttpClientConfig(), self.clock)
            self.assertNotIn(CANARY, str(error))
            self.assertEqual(error.path, "url")

    def test_oddUrls(self) -> None:
        """
        What is odd in a URL is sent as it was written.
        """
        site = self.serve(good)
        for url, target in (
            ("http://localhost", "/"),
            ("HTTP://LOCALHOST/A", "/A"),
            ("http://localhost:80/?x", "/?x"),
            ("http://localhost/a//b/../c/%2e%2E/;d?e=%zz&e=f&&g", "/a//b/../c/%2e%2E/;d?e=%zz&e=f&&g"),
            ("http://[::1]/a", "/a"),
            ("http://127.0.0.1/a", "/a"),
        ):
            self.successResultOf(self.ask(self.backEnd(url).fetch))
            self.assertEqual(site.requests[-1].line, f"GET {target} HTTP/1.1", url)
        self.assertEqual({host for host, _ in self.dialled}, {"localhost", "::1", "127.0.0.1"})

    def test_noAuth(self) -> None:
        """
        A grant that nobody would ask is refused.
        """
        grant = {"tokenUrl": "https://localhost/", "clientId": "a", "clientSecret": "b"}
        config = HttpClientConfig(auth=grant)
        self.assertRaises(ConfigurationError, BackEnd, "https://localhost/", config, self.clock)
        BackEnd("https://localhost/", config.withoutAuth(), self.clock)

    def test_names(self) -> None:
        """
        Errors name host and port, and nothing else of the URL.
        """
        for url, name in (
            ("https://example.com/a?b=c", "example.com:443"),
            ("http://127.0.0.1:81/", "127.0.0.1:81"),
            ("http://[::1]/", "[::1]:80"),
        ):
            self.assertEqual(self.backEnd(url).name, name)
        verifyObject(IAgentEndpointFactory, self.backEnd())
