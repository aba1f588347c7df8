"""
Tests of L{balws.cli.healthcheck}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.protocol import Factory, Protocol
from twisted.python.usage import UsageError

from balws import Caller, Listener, Service, UpgradeError, UpgradeService
from balws.cli.healthcheck import HealthCheck
from balws.errors import ConfigurationError, Error
from balws.http.unreachable import Unreachable
from tests.certificates import Authority
from tests.cli.fakeadmin import AskingCase


class Open(UpgradeService):
    """
    Lets everybody in.
    """

    def get(self) -> Service:
        return Service()


class Closed(UpgradeService):
    """
    Lets nobody in.
    """

    def get(self) -> UpgradeError:
        return UpgradeError("not today", 403)


class Rude(Service):
    """
    Lets nobody say good-bye.
    """

    def onOpen(self, caller: Caller) -> None:
        caller.close(4000, timeout=0)


class RudeUpgrade(UpgradeService):
    """
    Lets everybody in, for a moment.
    """

    def get(self) -> Rude:
        return Rude()


class HealthCase(AskingCase):
    """
    Asks with C{--admin} only where no URL is given.
    """

    def check(self, *arguments: str) -> Deferred[int]:
        return self.run_(HealthCheck, *arguments, admin=not any("//" in each for each in arguments))


class AdminTests(HealthCase):
    """
    The admin endpoint.
    """

    async def test_ready(self) -> None:
        """
        Ready and degraded are fine; no token is needed.
        """
        self.fake.token = None
        for words in (b"ready\n", b"degraded\n"):
            self.fake.answers["/readyz"] = words
            self.assertEqual(await self.check(), 0)
            self.assertEqual(self.printed().encode(), words)
        self.assertEqual(await self.check("--quiet"), 0)
        self.assertEqual((self.printed(), self.said()), ("", ""))

    async def test_notReady(self) -> None:
        """
        Whatever else is answered is not, and the standard error says what it was.
        """
        for answer, words in (
            ((503, b"draining\n"), "503 draining"),
            ((404, b""), "404; is that the admin endpoint of balws?"),
            ((500, b"\x1b[2J\nmore"), r"500 \x1b[2J"),
            ((500, b"<html>"), "500"),
            ((500, b"<title>Oops</title><h1>Not <b>now</b></h1>"), "500 Not now"),
            ((500, b'{"a": 1}'), "500"),
            ((301, b"x" * 80), f"301 {'x' * 80}"),
            ((301, b"x" * 81), f"301 {'x' * 79}…"),
        ):
            self.fake.answers["/readyz"] = answer
            self.assertEqual(await self.check("-q"), 1)
            shown = f"balws: not ready: http://127.0.0.1:{self.port} answers {words}\n"
            self.assertEqual((self.printed(), self.said()), ("", shown))

    async def test_silent(self) -> None:
        """
        No answer in time is not ready.
        """
        self.fake.answers["/readyz"] = None
        error = await self.assertFailure(self.check("--timeout", "0.1"), Unreachable)
        self.assertIn("no answer within 0.1 seconds", str(error))

    def test_usage(self) -> None:
        """
        Options that mean nothing, and URLs that cannot be asked, are refused.
        """
        badUrl = "the URL is one of http, https, ws or wss, without user and password"
        seconds = "--timeout takes a number from 0.001 to 3600"
        for arguments, problem in (
            (("http://a", "http://b"), "one URL is asked"),
            (("ftp://a",), badUrl),
            (("a",), badUrl),
            (("http://",), badUrl),
            (("http://a:b@c",), badUrl),
            (("http://a:x",), badUrl),
            (("http://a/ b",), badUrl),
            (("http://ä",), badUrl),
            (("--timeout", "0"), seconds),
            (("--timeout", "nan"), seconds),
            (("--timeout", "3601"), seconds),
            (("--timeout", "soon"), seconds),
            (("--admin=tcp:1", "http://a"), "either a URL, or the admin endpoint by --admin or --config"),
            (("--ca-file=a.pem", "http://a"), "--ca-file and --server-name go with a URL of https or wss"),
            (("--server-name=a",), "--ca-file and --server-name go with a URL of https or wss"),
        ):
            self.assertEqual(str(self.assertRaises(UsageError, self.parsed, HealthCheck, *arguments)), problem)
        self.assertEqual(self.parsed(HealthCheck, "-t", "3600", "wss://a:1/b")["timeout"], 3600)

    def test_dockerfile(self) -> None:
        """
        The help has a line for a Dockerfile.
        """
        self.assertIn("HEALTHCHECK CMD balws healthcheck --config ", HealthCheck().getUsage(width=1000))


class UrlTests(HealthCase):
    """
    Any URL.
    """

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def test_http(self) -> None:
        """
        A page that is there is ready; one that is not, and one that is elsewhere, are not.
        """
        self.fake.answers["/a"] = b"whatever"
        self.assertEqual(await self.check(self.url("/a")), 0)
        self.assertEqual(self.printed(), "answers 200\n")
        public = "; ask a page that everybody may see, such as balws.server.health:ReadyResource"
        for status, mend in (
            (302, "; ask where it leads to: no redirection is followed"),
            (401, public),
            (403, public),
            (
                404,
                "; mount balws.server.health:ReadyResource there, or ask a WebSocket service by ws:// or wss://",
            ),
            (426, f"; ask ws://127.0.0.1:{self.port}/a"),
            (500, ""),
        ):
            self.fake.answers["/a"] = (status, b"")
            self.assertEqual(await self.check(self.url("/a?token=canary")), 1)
            self.assertEqual(self.said(), f"balws: not ready: {self.url('/a')} answers {status}{mend}\n")

    async def test_nobody(self) -> None:
        """
        Where nobody listens the error says so.
        """
        error = await self.assertFailure(self.check("http://127.0.0.1:1/"), Unreachable)
        self.assertTrue(str(error).startswith("127.0.0.1:1: cannot be reached"), error)


class ListenerTests(HealthCase):
    """
    C{ws}, C{wss} and C{https}.
    """

    @inlineCallbacks
    def listen(self, **fields: object):  # type: ignore[no-untyped-def]
        """
        @return: fires with the port.
        """
        listener = Listener(0, host="127.0.0.1", **fields)
        listener.attach(Open, "/open")
        listener.attach(Closed, "/closed")
        listener.attach(RudeUpgrade, "/rude")
        yield listener.start()
        self.addCleanup(listener.gracefulStop, 0)
        return listener.port

    async def test_ws(self) -> None:
        """
        Who is let in knows that it is ready, and leaves.
        """
        port = await self.listen()
        self.assertEqual(await self.check(f"ws://127.0.0.1:{port}/open"), 0)
        self.assertEqual(self.printed(), "accepts connections\n")
        self.assertEqual(await self.check("-q", f"ws://127.0.0.1:{port}/rude"), 0)
        error = await self.assertFailure(self.check(f"ws://127.0.0.1:{port}/closed"), Error)
        self.assertEqual(str(error), f"ws://127.0.0.1:{port}/closed: refused: 403 Forbidden: not today")
        error = await self.assertFailure(self.check(f"ws://127.0.0.1:{port}/nowhere?token=canary"), Error)
        self.assertEqual(
            str(error),
            f"ws://127.0.0.1:{port}/nowhere: refused: 404 Not Found: "
            "No Such Resource - No service found to handle the service request",
        )
        error = await self.assertFailure(self.check("ws://127.0.0.1:1/open"), Unreachable)
        self.assertEqual(str(error), "ws://127.0.0.1:1/open: the connection was refused; is it running? balws serve")

    async def test_escaped(self) -> None:
        """
        What a server says does not steer the terminal.
        """

        class Painter(Protocol):
            def dataReceived(self, data: bytes) -> None:
                self.transport.write(b"HTTP/1.1 403 \x9b2J\x1b[2J\r\nContent-Length: 0\r\n\r\n")

        port = self.serve(Factory.forProtocol(Painter)).getHost().port
        error = await self.assertFailure(self.check(f"ws://127.0.0.1:{port}/"), Unreachable)
        self.assertTrue(str(error).isprintable(), error)

    async def test_mute(self) -> None:
        """
        Who accepts and says nothing is not waited for beyond the time.
        """
        port = self.serve(Factory.forProtocol(Protocol)).getHost().port
        await self.assertFailure(self.check("-t", "0.1", f"ws://127.0.0.1:{port}/open"), Error)

    async def test_tls(self) -> None:
        """
        Certificates are verified: those of the system's authorities, or of C{--ca-file}; for the host of the
        URL, or for C{--server-name}.
        """
        authority = Authority()
        certFile, keyFile = authority.issue("service.example").write(Path())
        port = await self.listen(secureSocket={"key": {"certFile": certFile, "keyFile": keyFile}})
        trusted = ("--ca-file", authority.write(Path()), "--server-name", "service.example")
        for url, words in ((f"wss://127.0.0.1:{port}/open", "accepts connections"), (f"https://127.0.0.1:{port}/", "")):
            await self.assertFailure(self.check(url), Error)
            await self.assertFailure(self.check(*trusted[:2], url), Error)
            self.assertEqual(await self.check(*trusted, url), 0 if words else 1)
            self.assertEqual(self.printed(), f"{words}\n" if words else "")
        self.assertTrue(self.said().startswith(f"balws: not ready: https://127.0.0.1:{port}/ answers 404; mount "))
        for each in (url, f"wss://127.0.0.1:{port}/open"):
            error = await self.assertFailure(self.check("--ca-file", "none.pem", each), ConfigurationError)
            self.assertTrue(str(error).startswith("--ca-file: the file 'none.pem' cannot be read"), error)
