"""
Tests of L{balws.cli.admin} and L{balws.http.asking}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from balws.admin.facts import ConnectionPage, Summary
from balws.admin.operations import Send, Target
from balws.cli import admin as module
from balws.cli.admin import Admin, AdminAddress, Denied
from balws.config.secret import Secret
from balws.errors import ConfigurationError
from balws.http.unreachable import Unreachable
from tests.cli.fakeadmin import GOOD, AskingCase, facts, page, pathFacts, summary


class AddressTests(SynchronousTestCase):
    """
    How an endpoint is written.
    """

    def test_forms(self) -> None:
        """
        URLs, endpoint strings of TCP and sockets in the file system are understood.
        """
        for given, name, where in (
            ("http://127.0.0.1:9091", "http://127.0.0.1:9091", ("127.0.0.1", 9091, "")),
            ("http://127.0.0.1:9091/", "http://127.0.0.1:9091", ("127.0.0.1", 9091, "")),
            ("http://localhost", "http://localhost:80", ("localhost", 80, "")),
            ("http://[::1]:9091", "http://[::1]:9091", ("::1", 9091, "")),
            ("tcp:9091", "http://127.0.0.1:9091", ("127.0.0.1", 9091, "")),
            ("tcp:9091:interface=127.0.0.2", "http://127.0.0.2:9091", ("127.0.0.2", 9091, "")),
            (r"tcp:9091:interface=\:\:1", "http://[::1]:9091", ("::1", 9091, "")),
            ("unix:admin.sock", "unix:admin.sock", ("", 0, "admin.sock")),
        ):
            found = AdminAddress.parse(given)
            self.assertEqual((found.name, (found.host, found.port, found.path)), (name, where))
        self.assertEqual(AdminAddress.parse("unix:/run/x.sock").origin, "http://localhost")
        self.assertEqual(AdminAddress.parse("tcp:1").origin, "http://127.0.0.1:1")

    def test_others(self) -> None:
        """
        Whatever else is given is refused with the forms that there are.
        """
        for given in (
            "",
            "9091",
            "unix:",
            "tcp:",
            "tcp:0",
            "tcp:65536",
            "tcp:9091:backlog=3",
            "https://127.0.0.1:9091",
            "http://127.0.0.1:0",
            "http://127.0.0.1:x",
            "http://127.0.0.1:9091/metrics",
            "http://127.0.0.1:9091/?a=b",
            "http://ada:pass@127.0.0.1:9091",
            "http://:9091",
            "http://[::1",
        ):
            error = self.assertRaises(ConfigurationError, AdminAddress.parse, given)
            self.assertEqual(str(error), "expected http://127.0.0.1:9091, tcp:9091 or unix:PATH", given)

    def test_elsewhere(self) -> None:
        """
        Another machine is not asked: the token would go there in the clear.
        """
        for given in ("http://example.org:9091", "http://192.0.2.1:9091", "tcp:9091:interface=0.0.0.0"):
            self.assertIn("ssh -L", str(self.assertRaises(ConfigurationError, AdminAddress.parse, given)))


class Mute(Protocol):
    """
    Says something that is no HTTP, or nothing.
    """

    words = b""

    def dataReceived(self, data: bytes) -> None:
        if self.words:
            self.transport.write(self.words)
            self.transport.loseConnection()


class AskingTests(AskingCase):
    """
    Questions and orders.
    """

    def admin(self, token: str | None = None, **fields: Any) -> Admin:
        address = AdminAddress.parse(f"tcp:{self.port}")
        return Admin(address, None if token is None else Secret(token), reactor, **fields)

    def get(self, path: str = "/api/summary", kind: Any = Summary, **fields: Any) -> Deferred[Any]:
        return Deferred.fromCoroutine(self.admin(**fields).get(path, kind))

    async def test_get(self) -> None:
        """
        The query is encoded, and what nobody asked for is left out.
        """
        self.fake.answers["/api/connections"] = page(facts(user="ada"))
        query = {"user": "a&b=ü", "path": None, "limit": 3}
        found = await self.admin().get("/api/connections", ConnectionPage, query)
        self.assertEqual(found, page(facts(user="ada")))
        self.assertEqual(self.fake.asked, [("GET", "/api/connections", {"user": "a&b=ü", "limit": "3"}, None)])

    async def test_post(self) -> None:
        """
        An order is JSON, and its answer a count.
        """
        self.fake.answers["/api/send"] = {"count": 3}
        order = Send(target=Target(user="ada"), data=b"\xff\x00")
        self.assertEqual(await self.admin().post("/api/send", order), 3)
        ((method, path, _, body),) = self.fake.asked
        self.assertEqual((method, path), ("POST", "/api/send"))
        self.assertEqual((body["target"]["user"], body["data"]), ("ada", "/wA="))

    async def test_token(self) -> None:
        """
        The token is shown; without it, and with another, the error says what is missing, and not the token.
        """
        self.fake.token = GOOD
        self.fake.answers["/api/summary"] = summary(pathFacts())
        self.assertEqual(await self.get(token=GOOD), summary(pathFacts()))
        error = await self.assertFailure(self.get(), Denied)
        self.assertEqual(
            str(error),
            f"http://127.0.0.1:{self.port} wants a token: give --token-file FILE, "
            "or BALWS_ADMIN_TOKEN in the environment",
        )
        error = await self.assertFailure(self.get(token="another-token-0123"), Denied)
        self.assertEqual((str(error), error.status), (f"http://127.0.0.1:{self.port} does not accept this token", 401))

    async def test_denied(self) -> None:
        """
        What the endpoint says is passed on, safe for a terminal.
        """
        self.fake.answers["/api/summary"] = (400, {"error": "no\x1b[2J\nway"})
        error = await self.assertFailure(self.get(), Denied)
        self.assertEqual((str(error), error.status), (r"no\x1b[2J\nway", 400))

    async def test_others(self) -> None:
        """
        What is no balws is told from a balws of another version.
        """
        name = f"http://127.0.0.1:{self.port}"
        for answer, words in (
            ((404, b"<html>"), f"{name} answers 404, as no admin endpoint of balws does"),
            ((500, b'{"error": 5}'), f"{name} answers 500, as no admin endpoint of balws does"),
            ((302, b""), f"{name} answers 302, as no admin endpoint of balws does"),
            (b"<html>", f"what answers at {name} is no admin endpoint of balws"),
            (b"\xff", f"what answers at {name} is no admin endpoint of balws"),
            (b'{"x":' + b"[" * 200_000, f"what answers at {name} is no admin endpoint of balws"),
            ((400, b'{"x":' + b"[" * 200_000), f"{name} answers 400, as no admin endpoint of balws does"),
            (
                {"version": "0.1"},
                f"{name} answers like another version of balws than this one: Object missing required field `pids`",
            ),
        ):
            self.fake.answers["/api/summary"] = answer
            self.assertEqual(str(await self.assertFailure(self.get(), Unreachable)), words)

    async def test_negative(self) -> None:
        """
        Nothing is done for less than nobody.
        """
        self.fake.answers["/api/send"] = {"count": -1}
        sent = Deferred.fromCoroutine(self.admin().post("/api/send", Send(target=Target(user="ada"), text="")))
        self.assertIn("like another version of balws", str(await self.assertFailure(sent, Unreachable)))

    async def test_newer(self) -> None:
        """
        A newer version that says more is understood.
        """
        self.fake.answers["/api/connections"] = {"total": 5, "connections": [], "mood": "fine"}
        self.assertEqual((await self.get("/api/connections", ConnectionPage)).total, 5)

    async def test_nobody(self) -> None:
        """
        Where nothing listens, the error says what should.
        """
        self.port = 1
        error = await self.assertFailure(self.get(), Unreachable)
        self.assertTrue(str(error).startswith("http://127.0.0.1:1: cannot be reached ("), error)
        self.assertTrue(str(error).endswith("; does a service run that has its [admin] there?"), error)

    async def test_noHttp(self) -> None:
        """
        What speaks no HTTP, and what says nothing in time, is no endless wait.
        """
        for words, timeout, problem in (
            (b"SSH-2.0-x\r\n", 5.0, "no answer of HTTP that is whole"),
            (b"", 0.1, "no answer within 0.1 seconds"),
        ):
            factory = Factory.forProtocol(type("Words", (Mute,), {"words": words}))
            self.port = self.serve(factory).getHost().port
            self.assertIn(problem, str(await self.assertFailure(self.get(timeout=timeout), Unreachable)))

    async def test_long(self) -> None:
        """
        An answer that is too long is given up.
        """
        for size in (30, 31):
            self.patch(module, "MAX_ANSWER", 30)
            self.fake.answers["/api/connections"] = b'{"total":5,"connections":[]}'.ljust(size)
            asked = self.get("/api/connections", ConnectionPage)
            if size == 30:
                self.assertEqual((await asked).total, 5)
            else:
                self.assertIn("the answer is too long", str(await self.assertFailure(asked, Unreachable)))

    async def test_unix(self) -> None:
        """
        A socket of the file system is asked alike; one that is not there is said by name.
        """
        self.serve(Site(self.fake), "a.sock")
        self.fake.answers["/api/summary"] = summary()
        for path in ("a.sock", "b.sock"):
            asked = Deferred.fromCoroutine(
                Admin(AdminAddress.parse(f"unix:{path}"), None, reactor).get("/api/summary", Summary)
            )
            if path == "a.sock":
                self.assertEqual(await asked, summary())
            else:
                error = await self.assertFailure(asked, Unreachable)
                self.assertTrue(str(error).startswith("unix:b.sock: cannot be reached ("), error)

    async def test_surrogates(self) -> None:
        """
        An argument that is not UTF-8 is not asked for.
        """
        asked = Deferred.fromCoroutine(self.admin().get("/api/summary", Summary, {"user": "\udcff"}))
        self.assertIn("not UTF-8", str(await self.assertFailure(asked, ConfigurationError)))
        sent = Deferred.fromCoroutine(self.admin().post("/api/send", Send(target=Target(user="\udcff"), text="")))
        self.assertIn("not UTF-8", str(await self.assertFailure(sent, ConfigurationError)))
        self.assertEqual(self.fake.asked, [])
