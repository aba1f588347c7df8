"""
Tests of L{balws.admin.api}: whole requests to an endpoint in memory.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any
from unittest.mock import patch

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.defer import Deferred, fail

from balws.admin.api import MAX_BODY
from balws.admin.orders import MAX_MESSAGE
from balws.errors import Error, HubUnavailableError
from tests.admin.observed import BEARER, TOKEN, Ask, ObservedTestCase
from tests.server.peers import body, head, status, statuses


class ApiTestCase(ObservedTestCase):
    """
    A service, its admin endpoint, and somebody who asks.
    """

    def setUp(self) -> None:
        super().setUp()
        self.ask = Ask(self.process)

    def refused(self, status: int, words: str, line: str, content: bytes | None = None, **more: Any) -> None:
        """
        Ask, and hear no, in JSON that nobody keeps.
        """
        found, fields, said = self.ask(line, content, **more)
        self.assertEqual((found, json.loads(said)), (status, {"error": words}))
        self.assertEqual(fields["content-type"], ["application/json"])
        self.assertEqual(fields["cache-control"], ["no-store"])
        self.assertEqual(fields["x-content-type-options"], ["nosniff"])


class HealthTests(ApiTestCase):
    """
    What load balancers and supervisors ask, without a token.
    """

    def words(self, path: str) -> tuple[int, bytes]:
        found, fields, said = self.ask(f"GET {path}", headers={"Host": "127.0.0.1"})
        self.assertEqual(fields["cache-control"], ["no-store"])
        self.assertEqual(fields["content-type"], ["text/plain; charset=utf-8"])
        return found, said

    def test_alive(self) -> None:
        """
        Who lives says so, also while it drains.
        """
        self.assertEqual(self.words("/healthz"), (200, b"ok\n"))
        self.readiness.drain()
        self.assertEqual(self.words("/healthz"), (200, b"ok\n"))

    def test_ready(self) -> None:
        """
        Ready until it drains; degraded while other nodes cannot be reached (RL18)
        """
        self.assertEqual(self.words("/readyz"), (200, b"ready\n"))
        self.patch(type(self.listener.hub), "isDegraded", True)
        self.assertEqual(self.words("/readyz"), (200, b"degraded\n"))
        self.readiness.drain()
        self.assertEqual(self.words("/readyz"), (503, b"draining\n"))

    def test_methods(self) -> None:
        """
        A body is not sent for HEAD; nothing else than GET and HEAD is understood.
        """
        found, fields, said = self.ask("HEAD /readyz")
        self.assertEqual((found, said, fields["content-length"]), (200, b"", ["6"]))
        found, fields, said = self.ask("POST /readyz", b"{}")
        self.assertEqual((found, fields["allow"], said), (405, ["GET, HEAD"], b"expected GET, HEAD\n"))


class MetricsTests(ApiTestCase):
    """
    What Prometheus asks.
    """

    def test_scrape(self) -> None:
        """
        The text format of Prometheus, for who has the token (RL18).
        """
        found, fields, said = self.ask("GET /metrics")
        self.assertEqual((found, fields["content-type"]), (200, ["text/plain; version=0.0.4; charset=utf-8"]))
        self.assertEqual(fields["x-content-type-options"], ["nosniff"])
        names = {each.name for each in text_string_to_metric_families(said.decode())}
        self.assertIn("balws_connections_closed", names)

    def test_withoutToken(self) -> None:
        """
        Figures are not for everybody.
        """
        found, fields, said = self.ask("GET /metrics", headers={"Host": "localhost"})
        self.assertEqual((found, fields["www-authenticate"]), (401, ['Bearer realm="balws admin"']))
        self.assertNotIn(b"balws_", said)

    def test_notInstalled(self) -> None:
        """
        Without prometheus-client one line says what to install, and all else is as before.
        """
        with patch.dict(sys.modules, {"prometheus_client": None}):
            found, _, said = self.ask("GET /metrics")
            self.assertEqual(found, 501)
            self.assertEqual(said, b'metrics need prometheus-client: pip install "balws[metrics]"\n')
            self.assertEqual(self.ask("GET /api/summary")[0], 200)


class QuestionTests(ApiTestCase):
    """
    Questions by JSON.
    """

    def test_summary(self) -> None:
        """
        The whole at a glance.
        """
        self.client()
        found, said = self.ask.json("GET /api/summary")
        self.assertEqual((found, said["connections"], said["state"]), (200, 1, "ready"))
        self.assertEqual(said["paths"][0]["path"], "/echo")

    def test_connections(self) -> None:
        """
        Connections, as the query says.
        """
        self.client("/echo", "name Ada")
        self.client("/other")
        found, said = self.ask.json("GET /api/connections")
        self.assertEqual((found, said["total"]), (200, 2))
        found, said = self.ask.json("GET /api/connections?search=ada&path=%2Fecho&sort=sent&limit=1")
        self.assertEqual([each["names"] for each in said["connections"]], [["Ada"]])
        self.assertEqual(self.ask.json("GET /api/connections?group=red")[1], {"total": 0, "connections": []})
        self.assertEqual(self.ask.json("GET /api/connections?user=")[1]["total"], 0)

    def test_groups(self) -> None:
        """
        Groups, as the query says.
        """
        self.client("/echo", "group red")
        found, said = self.ask.json("GET /api/groups?search=r&limit=5")
        self.assertEqual((found, said), (200, {"total": 1, "groups": [{"name": "red", "members": 1}]}))

    def test_wrongQuery(self) -> None:
        """
        What is wrong in a query is named.
        """
        allowed = "expected only group, limit, path, search, sort, user in the query"
        ask = "GET /api/connections?"
        self.refused(400, allowed, ask + "lmit=5")
        self.refused(400, "expected only limit, search in the query", "GET /api/groups?sort=age")
        self.refused(400, "limit: Expected `int`, got `str`", ask + "limit=x")
        self.refused(400, "limit: expected a number from 0 to 10000", ask + "limit=10001")
        self.refused(400, "limit: expected one value", ask + "limit=1&limit=2")
        self.refused(400, "search: expected UTF-8", ask + "search=%ff")
        self.refused(
            400, "sort: expected one of age, queue, pending, received, sent, receivedBytes, sentBytes", ask + "sort=id"
        )

    def test_noSuchThing(self) -> None:
        """
        Nothing else is there, and questions are asked with GET.
        """
        for path in ("/api", "/api/", "/api/x", "/api/summary/x", "/api/summary/"):
            self.refused(404, "there is no such thing", f"GET {path}")
        self.refused(405, "expected GET, HEAD", "POST /api/summary", b"{}")
        self.refused(405, "expected POST", "GET /api/send")
        self.assertEqual(self.ask("GET /api/kick")[1]["allow"], ["POST"])

    def test_head(self) -> None:
        """
        HEAD has the fields alone.
        """
        found, fields, said = self.ask("HEAD /api/summary")
        self.assertEqual((found, said), (200, b""))
        self.assertGreater(int(fields["content-length"][0]), 100)


class OrderTests(ApiTestCase):
    """
    Orders by JSON.
    """

    def order(self, name: str, **order: Any) -> tuple[int, Any]:
        with self.listener.network.turn():
            return self.ask.json(f"POST /api/{name}", order)

    def test_send(self) -> None:
        """
        A text or bytes go to whom they are meant for.
        """
        client = self.client("/echo", "name ada")
        self.assertEqual(self.order("send", target={"name": "ada"}, text="hä"), (200, {"count": 1}))
        data = base64.b64encode(b"\0\xff").decode()
        self.assertEqual(self.order("send", target={"path": "/echo"}, data=data), (200, {"count": 1}))
        self.assertEqual([self.read(client), self.read(client)], ["hä", b"\0\xff"])

    def test_largest(self) -> None:
        """
        A message of 1 MiB is sent; a byte more is not.
        """
        client = self.client("/echo", "name ada")
        data = base64.b64encode(b"x" * MAX_MESSAGE).decode()
        self.assertEqual(self.order("send", target={"name": "ada"}, data=data)[0], 200)
        self.assertEqual(self.read(client), b"x" * MAX_MESSAGE)
        found, said = self.order("send", target={"name": "ada"}, text="x" * (MAX_MESSAGE + 1))
        self.assertEqual((found, said["error"]), (400, "text: at most 1048576 bytes can be sent"))

    def test_kick(self) -> None:
        """
        Connections are closed.
        """
        client = self.client()
        order = {"target": {"connection": self.idOf(client)}, "code": 4000, "reason": "enough"}
        self.assertEqual(self.order("kick", **order), (200, {"count": 1}))
        self.assertEqual(self.tally.closed["/echo", 4000], 1)

    def test_wrongOrder(self) -> None:
        """
        What is wrong in an order is named, and nothing is done.
        """
        client = self.client("/echo", "name ada")
        for words, order in (
            ("Object missing required field `target`", b"{}"),
            ("target: Expected `object`, got `str`", b'{"target": "x"}'),
            ("target: Object contains unknown field `nam`", b'{"target": {"nam": "ada"}}'),
            ("Object contains unknown field `words`", b'{"target": {"name": "ada"}, "words": "x"}'),
            ("text: Expected `str | null`, got `int`", b'{"target": {"name": "ada"}, "text": 1}'),
            ("data: Invalid base64 encoded string", b'{"target": {"name": "ada"}, "data": "~"}'),
            ("Expected `object`, got `array`", b"[]"),
            ("the body is no JSON", b"text=x"),
            ("the body is no JSON", b""),
            ("the body is no JSON", b'{"target": {"name": "\xff"}, "text": "x"}'),
            ("expected just one of text and data", b'{"target": {"name": "ada"}}'),
            (
                "target: expected just one of connection, user, name, group, path",
                b'{"target": {"name": "ada", "path": "/echo"}, "text": "x"}',
            ),
        ):
            self.refused(400, words, "POST /api/send", order)
        self.refused(400, "code: expected 1000-1003, 1007-1011 or 3000-4999", "POST /api/kick",
                     b'{"target": {"user": "ada"}, "code": 1012}')  # fmt: skip
        self.refused(400, "code: Expected `int | null`, got `str`", "POST /api/kick",
                     b'{"target": {"name": "ada"}, "code": "1000"}')  # fmt: skip
        self.assertEqual(self.listener.conversations()[0].sent, 1)
        self.assertTrue(client.isOpen())

    def test_deep(self) -> None:
        """
        Nesting without end is refused where it begins.
        """
        deep = b"[" * 200_000 + b"]" * 200_000
        self.refused(400, "target: Expected `object`, got `array`", "POST /api/send", b'{"target": ' + deep + b"}")
        self.refused(400, "Object contains unknown field `x`", "POST /api/send", b'{"x": ' + deep + b"}")
        self.refused(400, "Expected `object`, got `array`", "POST /api/send", deep)

    def test_longWords(self) -> None:
        """
        What is quoted of an order is cut.
        """
        _, said = self.order("send", target={"name": "ada"}, **{"x" * 10_000: 1})
        self.assertEqual(len(said["error"]), 300)

    def test_contentType(self) -> None:
        """
        A form of another page, whose browser sends what it likes without asking, is no order.
        """
        order = b'{"target": {"path": "/echo"}}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
            self.refused(415, "expected application/json", "POST /api/kick", order, Content_Type=kind)
        for kind in ("application/json; charset=utf-8", "Application/JSON"):
            self.assertEqual(self.ask("POST /api/kick", order, Content_Type=kind)[0], 200)

    def test_tooBig(self) -> None:
        """
        A body over the limit is refused in words; one far over it is cut off.
        """
        order = b'{"target": {"path": "/other"}, "text": ""}'
        largest = order + b" " * (MAX_BODY - len(order))
        self.assertEqual(self.ask("POST /api/send", largest)[0], 200)
        self.refused(413, "expected at most 1572864 bytes", "POST /api/send", largest + b" ")
        self.assertEqual(self.ask("POST /api/send", b" " * ((1 << 21) + 1))[0], 413)

    def test_nobody(self) -> None:
        """
        Who is not there is 404, in words.
        """
        found = self.order("send", target={"name": "bob"}, text="x")
        self.assertEqual(found, (404, {"error": "no connection is stored as 'bob'"}))
        found = self.order("kick", target={"group": "red"})
        self.assertEqual(found, (404, {"error": "nobody is in the group 'red'"}))
        found = self.order("kick", target={"connection": "7"})
        self.assertEqual(found, (404, {"error": "no connection has the id '7'"}))


class FaultTests(ApiTestCase):
    """
    When something goes wrong behind the endpoint.
    """

    def test_ours(self) -> None:
        """
        Errors of balws speak to the operator.
        """
        for expected, error in ((400, Error("not so")), (503, HubUnavailableError("other nodes are away"))):
            self.process.summary = lambda error=error: fail(error)  # type: ignore[method-assign,misc]
            self.ask = Ask(self.process)
            self.refused(expected, str(error), "GET /api/summary")

    def test_others(self) -> None:
        """
        Other errors are in the log alone; the answer is a fixed text.
        """
        for broken in (lambda: fail(KeyError("secret")), lambda: {}["secret"]):
            self.process.summary = broken  # type: ignore[method-assign]
            self.ask = Ask(self.process)
            self.refused(500, "it failed: the log of the service says why", "GET /api/summary")
            self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_gone(self) -> None:
        """
        Who leaves before the answer leaves no error behind.
        """
        for result in (None, KeyError("late")):
            waiting: Deferred[Any] = Deferred()
            self.process.summary = lambda waiting=waiting: waiting  # type: ignore[method-assign,misc]
            self.ask = Ask(self.process)
            peer = self.ask.peer().send(head("GET /api/summary HTTP/1.1", BEARER))
            self.assertEqual(peer.answer, b"")
            peer.leave()
            if result is None:
                waiting.callback({})
            else:
                waiting.errback(result)
                self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
            self.assertEqual(self.flushLoggedErrors(), [])
            self.assertEqual(peer.answer, b"")

    def test_pipelined(self) -> None:
        """
        Several questions on one connection are answered in their order.
        """
        peer = self.ask.peer().send(head("GET /readyz HTTP/1.1", BEARER) + head("GET /api/x HTTP/1.1", BEARER))
        self.assertEqual(statuses(peer.answer), [200, 404])


class PlaceTests(ApiTestCase):
    """
    Other pages' names for this machine.
    """

    def test_hosts(self) -> None:
        """
        Whoever calls it by another name is answered with 421, whatever he asks for, and whatever he shows.
        """
        for line in ("GET /", "GET /healthz", "GET /readyz", "GET /metrics", "GET /api/summary", "POST /api/kick",
                     "GET /page.js", "GET /nothing"):  # fmt: skip
            self.refused(421, "call it localhost, 127.0.0.1 or [::1]", line, Host="evil.example:9099")
        for host in ("localhost", "127.0.0.1:9099", "[::1]:80"):
            self.assertEqual(self.ask("GET /api/summary", Host=host)[0], 200)

    def test_absoluteTarget(self) -> None:
        """
        The host of a whole URL counts, too.
        """
        self.refused(421, "call it localhost, 127.0.0.1 or [::1]", "GET http://evil.example/api/summary")

    def test_old(self) -> None:
        """
        A client of HTTP/1.0 need not say it: no browser is one.
        """
        peer = self.ask.peer().send(b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertEqual((status(peer.answer), body(peer.answer)), (200, b"ok\n"))

    def test_noCors(self) -> None:
        """
        No page of another place may read an answer.
        """
        for line in ("GET /api/summary", "OPTIONS /api/summary"):
            _, fields, _ = self.ask(line, Origin="http://evil.example", Access_Control_Request_Method="GET")
            self.assertEqual([name for name in fields if name.startswith("access-control")], [])

    def test_token(self) -> None:
        """
        Without the token nobody learns what is there.
        """
        for line in ("GET /api/summary", "GET /api/nothing", "POST /api/kick", "DELETE /api/kick"):
            found, fields, said = self.ask(line, headers={"Host": "localhost"})
            self.assertEqual((found, fields["www-authenticate"]), (401, ['Bearer realm="balws admin"']))
            self.assertEqual(json.loads(said), {"error": "show the token: Authorization: Bearer TOKEN"})
        found, _, said = self.ask("GET /api/summary", Authorization=f"Bearer {TOKEN}x")
        self.assertEqual((found, json.loads(said)), (401, {"error": "it is not the right token"}))
        self.assertEqual(self.process.adminRefusals.counts["unauthenticated"], 1)

    def test_notOfTheService(self) -> None:
        """
        A wrong token of an operator is no login of a peer, in the summary and in the metrics.
        """
        self.ask("GET /api/summary", headers={"Host": "localhost"})
        self.ask("GET /api/summary", Authorization=f"Bearer {TOKEN}x")
        _, summary = self.ask.json("GET /api/summary")
        self.assertEqual((summary["authFailures"], summary["adminRefusals"]), (0, 1))
        text = self.ask("GET /metrics")[2].decode()
        self.assertIn('balws_auth_failures_total{result="unauthenticated"} 0.0\n', text)
        self.assertIn('balws_admin_refusals_total{result="unauthenticated"} 1.0\n', text)
        self.assertIn('balws_admin_refusals_total{result="throttled"} 0.0\n', text)

    def test_slow(self) -> None:
        """
        The answers to who guesses come later and later, and a queue of them has an end.
        """
        wrong = head("GET /metrics HTTP/1.1", BEARER, Authorization="Bearer wrong")
        for _ in range(10):
            self.assertEqual(status(self.ask.peer().send(wrong).answer), 401)
        waiting = [self.ask.peer().send(wrong) for _ in range(4)]
        self.assertEqual([each.answer for each in waiting], [b""] * 4)
        peer = self.ask.peer().send(wrong)
        self.assertEqual((status(peer.answer), body(peer.answer)), (429, b"too many wrong tokens were shown\n"))
        waiting.pop().leave()
        self.ask.network.advance(10)
        self.assertEqual([status(each.settle().answer) for each in waiting], [401] * 3)
