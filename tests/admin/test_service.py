"""
Tests of L{balws.admin.service}.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import stat
import tempfile
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase
from twisted.web import http as http_

from balws.admin.service import makeAdmin
from balws.auth.throttle import MAX_WAITING
from balws.config.admin import AdminConfiguration
from balws.config.listener import MAX_AUTH_FAILURES
from balws.errors import ListenerError
from tests.admin.observed import BEARER, TOKEN, Ask, ObservedTestCase
from tests.server.peers import fields, head, status, upgrade


class AdminTests(ObservedTestCase):
    """
    The endpoint as a whole, in memory.
    """

    def setUp(self) -> None:
        super().setUp()
        self.ask = Ask(self.process)

    def live(self, **more: str | None) -> tuple[int, dict[str, list[str]]]:
        """
        @return: status and fields of the answer to an upgrade at C{/live}.
        """
        answer = self.ask.peer().send(upgrade("/live", **{"Host": "localhost:9099", **more})).answer
        return status(answer), fields(answer)

    def test_console(self) -> None:
        """
        The page is at the root, and needs no token: it asks for one.
        """
        found, fields, said = self.ask("GET /", headers={"Host": "localhost:9099"})
        self.assertEqual(found, 200)
        self.assertIn(b"<html", said)
        self.assertIn("content-security-policy", fields)
        self.assertEqual(self.ask("GET /page.js")[0], 200)
        self.assertEqual(self.ask("GET /nothing")[0], 404)

    def test_forms(self) -> None:
        """
        What a form posts is not looked at: that could take a stranger a second of everybody's time.
        """
        parsed: list[Any] = []
        self.patch(http_, "_parseContentType", lambda given: parsed.append(given) or b"")
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            found = self.ask("POST /api/kick", b"a=b", headers={"Content-Type": kind, "Host": "localhost:9099"})[0]
            self.assertEqual(found, 401)
        self.assertEqual(parsed, [])

    def test_live(self) -> None:
        """
        The console's conversation is for who shows the token: in a field, or as a page can.
        """
        self.assertEqual(self.live(Authorization=f"Bearer {TOKEN}")[0], 101)
        found, answer = self.live(Sec_WebSocket_Protocol=f"balws.bearer, {TOKEN}", Origin="http://localhost:9099")
        self.assertEqual((found, answer["sec-websocket-protocol"]), (101, ["balws.bearer"]))
        self.assertEqual(self.live()[0], 401)
        self.assertEqual(self.live(Authorization=f"Bearer {TOKEN}x")[0], 401)

    def test_liveGuessed(self) -> None:
        """
        Who guesses there waits as at the API, and is turned away when too many do; the right token is let in at once.
        """
        for _ in range(MAX_AUTH_FAILURES):
            self.assertEqual(self.live(Authorization="Bearer wrong")[0], 401)
        for _ in range(MAX_WAITING):
            peer = self.ask.peer().send(upgrade("/live", Host="localhost:9099", Authorization="Bearer wrong"))
            self.assertEqual(peer.answer, b"")
        found, answer = self.live(Sec_WebSocket_Protocol="balws.bearer, wrong")
        self.assertEqual((found, answer["retry-after"]), (429, ["8"]))
        self.assertEqual(self.ask("GET /api/summary", headers={**BEARER, "Authorization": "Bearer wrong"})[0], 429)
        self.assertEqual(self.live(Authorization=f"Bearer {TOKEN}")[0], 101)
        self.assertEqual(self.ask("GET /api/summary")[0], 200)

    def test_livePlace(self) -> None:
        """
        A page of another place does not get there, nor one that calls this machine by its own name.
        """
        shown = {"Authorization": f"Bearer {TOKEN}"}
        self.assertEqual(self.live(Origin="http://evil.example", **shown)[0], 403)
        self.assertEqual(self.live(Origin="http://evil.example", Host="evil.example", **shown)[0], 421)

    def test_liveForeign(self) -> None:
        """
        A page of another place has nothing to guess: it makes nobody wait, and is no line of the audit.
        """
        lines: list[Any] = []
        globalLogPublisher.addObserver(lines.append)
        self.addCleanup(globalLogPublisher.removeObserver, lines.append)
        for _ in range(MAX_AUTH_FAILURES + 1):
            found, _ = self.live(Sec_WebSocket_Protocol="balws.bearer, wrong", Origin="http://evil.example")
            self.assertEqual(found, 403)
        self.assertEqual(self.live(Authorization="Bearer wrong")[0], 401)
        self.assertEqual(len([each for each in lines if each.get("log_namespace") == "balws.audit"]), 1)

    def test_notObserved(self) -> None:
        """
        Consoles are not among the connections that they show, and use up none of their places.
        """
        self.assertEqual(self.live(Authorization=f"Bearer {TOKEN}")[0], 101)
        self.assertEqual(self.ask.json("GET /api/summary")[1]["connections"], 0)
        self.assertEqual(self.listener.admission.connections, 0)
        self.assertEqual(self.ask.admin.admission.connections, 1)
        self.assertIsNot(self.ask.admin.hub, self.listener.hub)

    def test_watches(self) -> None:
        """
        Failed attempts are counted while it listens; when it has stopped nothing is left of that.
        """
        self.assertIn(self.process.authFailures, globalLogPublisher._observers)
        self.failureResultOf(self.ask.admin.start(), ListenerError)
        self.assertIn(self.process.authFailures, globalLogPublisher._observers)
        self.successResultOf(self.ask.admin.gracefulStop())
        self.assertNotIn(self.process.authFailures, globalLogPublisher._observers)
        self.assertEqual(self.ask.network.open, {})

    def test_full(self) -> None:
        """
        There is an end to how many may ask at a time.
        """
        peers = [self.ask.peer() for _ in range(200)]
        self.assertTrue(all(each.isOpen for each in peers))
        answer = self.ask.peer().send(head("GET /healthz HTTP/1.1", BEARER)).answer
        self.assertEqual(answer, b"")


class UnixTests(TestCase):
    """
    The endpoint on a real socket in the file system.
    """

    def setUp(self) -> None:
        self.observed = ObservedTestCase()
        self.observed.setUp()
        self.addCleanup(self.observed.process.stop)
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.path = os.path.join(folder, "admin")

    def ask(self, line: str, **headers: str) -> tuple[int, bytes]:
        """
        Another thread asks, as a command does.
        """
        connection = http.client.HTTPConnection("localhost")
        with socket.socket(socket.AF_UNIX) as connection.sock:
            connection.sock.settimeout(20)
            connection.sock.connect(self.path)
            connection.request(*line.split(), headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    @inlineCallbacks
    def test_withoutToken(self) -> Any:
        """
        Whom the system lets in needs no token; a page of another place is not let in with him.
        """
        admin = makeAdmin(AdminConfiguration(endpoint=f"unix:{self.path}"), self.observed.process, reactor)
        yield admin.start()
        self.addCleanup(admin.immediateStop)
        self.assertEqual(stat.S_IMODE(os.lstat(self.path).st_mode), 0o600)
        found, said = yield deferToThread(self.ask, "GET /api/summary")
        self.assertEqual((found, said[:11]), (200, b'{"version":'))
        found, said = yield deferToThread(self.ask, "GET /api/summary", Host="evil.example:8080")
        self.assertEqual(found, 421)
        found, said = yield deferToThread(self.ask, "GET /readyz")
        self.assertEqual((found, said), (200, b"ready\n"))
        found, _ = yield deferToThread(
            self.ask, "GET /live", **{name: value for name, value in _UPGRADE.items() if name != "Host"}
        )
        self.assertEqual(found, 101)
        yield admin.gracefulStop()
        self.assertFalse(os.path.lexists(self.path))

    @inlineCallbacks
    def test_token(self) -> Any:
        """
        With a token it is asked for here, too.
        """
        configuration = AdminConfiguration(endpoint=f"unix:{self.path}", token=TOKEN)
        admin = makeAdmin(configuration, self.observed.process, reactor)
        yield admin.start()
        self.addCleanup(admin.immediateStop)
        found, _ = yield deferToThread(self.ask, "GET /api/summary")
        self.assertEqual(found, 401)
        found, _ = yield deferToThread(self.ask, "GET /api/summary", Authorization=f"Bearer {TOKEN}")
        self.assertEqual(found, 200)

    @inlineCallbacks
    def test_taken(self) -> Any:
        """
        A second endpoint at the same place says so, and the first one goes on.
        """
        first = makeAdmin(AdminConfiguration(endpoint=f"unix:{self.path}"), self.observed.process, reactor)
        yield first.start()
        self.addCleanup(first.immediateStop)
        second = makeAdmin(AdminConfiguration(endpoint=f"unix:{self.path}"), self.observed.process, reactor)
        failure = yield self.assertFailure(second.start(), ListenerError)
        self.assertIn(f"the listener on 'unix:{self.path}'", str(failure))
        self.assertIn("another process listens there", str(failure))
        found, _ = yield deferToThread(self.ask, "GET /healthz")
        self.assertEqual(found, 200)


_UPGRADE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
