"""
Tests of L{balws.server.upgrade}.
"""

from __future__ import annotations

import zlib
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, inlineCallbacks, succeed
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws import (
    AuthnError,
    AuthzError,
    Service,
    UpgradeError,
    UpgradeService,
    WSServiceConfig,
    get,
    serviceConfig,
)
from balws.errors import PayloadBindingError
from balws.server.attempt import FAILED
from tests.server.peers import Peer, body, fields, frame, head, status, upgrade
from tests.server.samples import Echo, EchoUpgrade, Port, WaitingUpgrade


class UpgradeTestCase(SynchronousTestCase):
    """
    Upgrade services on a port in memory.
    """

    def setUp(self) -> None:
        self.lines: list[str] = []

        def observe(event: Any) -> None:
            if event["log_level"].name in ("error", "critical"):
                self.lines.append(formatEvent(event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def serve(self, service: Any, config: WSServiceConfig | None = None, **configuration: Any) -> Port:
        """
        @param service: an upgrade service, or a function that is its C{get}.
        """
        if not isinstance(service, (UpgradeService, type)):
            service = type("Door", (UpgradeService,), {"get": service})()
        port = Port(**configuration)
        port.listener.attach(service, "/door", config=config)
        return port

    def ask(self, service: Any, config: Any = None, path: str = "/door", **more: Any) -> Peer:
        """
        @return: a peer that has asked for an upgrade.
        """
        return self.serve(service, config).connect().send(upgrade(path, **more))

    def assertRefused(self, peer: Peer, expected: int, text: str = "") -> dict[str, list[str]]:
        """
        One ordinary answer, and the connection is closed.

        @return: its header fields.
        """
        answer = peer.answer
        self.assertEqual((status(answer), body(answer).decode()), (expected, text))
        self.assertTrue(peer.isClosed)
        return fields(answer)

    def assertFailed(self, peer: Peer) -> None:
        """
        The fixed text of 500.
        """
        self.assertRefused(peer, 500, FAILED)


class AcceptTests(UpgradeTestCase):
    """
    A C{get} that returns a service.
    """

    def test_kinds(self) -> None:
        """
        Plain, with a Deferred, as a coroutine and with C{inlineCallbacks}.
        """

        def plain(self):
            return Echo()

        def deferred(self):
            return succeed(Echo())

        async def coroutine(self):
            return await succeed(Echo())

        @inlineCallbacks
        def generator(self):
            yield succeed(None)
            return Echo()

        for function in (plain, deferred, coroutine, generator):
            peer = self.ask(function)
            self.assertEqual(status(peer.take()), 101, function)
            self.assertEqual(peer.send(frame(b"hi")).take(), b"\x81\x02hi")

    def test_later(self) -> None:
        """
        The answer comes when the Deferred fires; nothing is left of the wait.
        """
        service = WaitingUpgrade()
        port = self.serve(service, WSServiceConfig(pingInterval=0))
        peer = port.connect().send(upgrade("/door"))
        self.assertEqual(peer.answer, b"")
        service.waiting[0].callback(Echo())
        self.assertEqual(status(peer.settle().answer), 101)
        self.assertEqual(port.clock.getDelayedCalls(), [])

    def test_eachItsOwn(self) -> None:
        """
        Every upgrade calls C{get} anew, with its own request.
        """
        service = WaitingUpgrade()
        port = self.serve(service)
        peers = [port.connect().send(upgrade(f"/door?n={n}")) for n in range(3)]
        service.waiting[1].callback(Echo())
        self.assertEqual([status(peer.settle().answer) for peer in peers], [0, 101, 0])
        self.assertEqual(
            [request.uri for request in service.requests], [b"/door?n=0", b"/door?n=1", b"/door?n=2"]
        )
        for peer in peers:
            peer.leave()

    def test_parameters(self) -> None:
        """
        Path and query parameters arrive; what is wrong with them is said before C{get} is
        called, and after form and origin (ruling 2).
        """
        calls: list[Any] = []

        class Door(UpgradeService):
            @get("rooms/{room}")
            def enter(self, room: str, limit: int):
                calls.append((room, limit))
                return Echo()

        config = WSServiceConfig(allowedOrigins=[])
        self.assertEqual(status(self.ask(Door(), config, "/door/rooms/a%20b?limit=5").answer), 101)
        self.assertEqual(calls, [("a b", 5)])
        evil = {"Origin": "http://evil.example"}
        for path, more, expected in (
            ("/door/rooms", {"Sec_WebSocket_Key": "x", **evil}, 404),
            ("/door/rooms/a", {"Sec_WebSocket_Key": "x", **evil}, 400),
            ("/door/rooms/a", evil, 403),
            ("/door/rooms/a", {}, 400),
            ("/door/rooms/a?limit=x", {}, 400),
        ):
            self.assertEqual(status(self.ask(Door(), config, path, **more).answer), expected)
        self.assertEqual(len(calls), 1)

    def test_subPath(self) -> None:
        """
        A C{get} without a path matches the service's path and nothing below (decision 4).
        """
        self.assertEqual(status(self.ask(EchoUpgrade, path="/door/").answer), 101)
        self.assertRefused(self.ask(EchoUpgrade, path="/door/x"), 404, "No resource found for this path\n")

    def test_headersOfTheRequest(self) -> None:
        """
        What C{get} sets on the request goes into the 101, cookies too.
        """

        def get(self, request):
            request.setHeader(b"X-One", b"1")
            request.responseHeaders.setRawHeaders(b"X-Two", [b"a", b"b"])
            request.addCookie("session", "abc", httpOnly=True)
            return Echo()

        found = fields(self.ask(get).answer)
        self.assertEqual(found["x-one"], ["1"])
        self.assertEqual(found["x-two"], ["a", "b"])
        self.assertEqual(found["set-cookie"], ["session=abc; HttpOnly"])
        for name in ("date", "server", "content-type", "content-length"):
            self.assertNotIn(name, found)
        self.assertEqual(found["connection"], ["Upgrade"])

    def test_headersOfTheHandshake(self) -> None:
        """
        What the handshake says itself, nobody says a second time.
        """

        def get(self, request):
            for name in (
                b"Upgrade",
                b"Connection",
                b"Sec-WebSocket-Accept",
                b"Sec-WebSocket-Protocol",
                b"Sec-WebSocket-Extensions",
                b"Sec-WebSocket-Version",
                b"Content-Length",
                b"Content-Type",
                b"Transfer-Encoding",
            ):
                request.setHeader(name, b"evil")
            return Echo()

        answer = self.ask(get).answer
        self.assertEqual(status(answer), 101)
        self.assertNotIn(b"evil", answer)

    def test_injectionThroughTheRequest(self) -> None:
        """
        A line end in such a header or cookie is no line end in the answer; other control
        characters are 500.
        """

        def lineEnd(self, request):
            request.setHeader(b"X-One", b"1\r\nX-Injected: 1")
            request.addCookie("a", "b\r\nX-Injected: 1")
            return Echo()

        answer = self.ask(lineEnd).answer
        self.assertEqual(status(answer), 101)
        self.assertNotIn("x-injected", fields(answer))

        def control(self, request):
            request.setHeader(b"X-One", b"1\x0bX-Injected: 1")
            return Echo()

        def cookie(self, request):
            request.cookies.append(b"a=b\r\nX-Injected: 1")
            return Echo()

        for function in (control, cookie):
            self.assertFailed(self.ask(function))
        self.assertEqual(len(self.lines), 2)
        self.assertIn("control character", self.lines[0])

    def test_service(self) -> None:
        """
        The configured C{Server} field is in the 101, too.
        """
        peer = self.serve(EchoUpgrade, server="Shop").connect().send(upgrade("/door"))
        self.assertEqual(fields(peer.answer)["server"], ["Shop"])


class CustomHeaderTests(UpgradeTestCase):
    """
    C{customHeaders} of the service (table A3.5).
    """

    def custom(self, headers: Any, onClass: bool = False) -> Peer:
        class Talk(Service):
            pass

        def get(self):
            service = Talk()
            service.customHeaders = headers
            return service

        def getWithClass(self):
            Talk.customHeaders = headers
            return Talk()

        return self.ask(getWithClass if onClass else get)

    def test_added(self) -> None:
        """
        Those of the class and those of the object are in the 101.
        """
        for onClass in (True, False):
            found = fields(self.custom({"X-Room": "1", "X-Name": " ä "}, onClass).answer)
            self.assertEqual(found["x-room"], ["1"])
            self.assertEqual(found["x-name"], ["\xc3\xa4"])

    def test_none(self) -> None:
        """
        An empty mapping, and no mapping, is fine.
        """
        for headers in ({}, None):
            self.assertEqual(status(self.custom(headers).answer), 101)

    def test_bad(self) -> None:
        """
        Names and values that would break the answer, and those of the handshake, are 500
        with a line in the log; none of it reaches the peer.
        """
        for headers in (
            {"X": "a\r\nX-Injected: 1"},
            {"X": "a\nb"},
            {"X": "a\x00b"},
            {"X\r\nX-Injected": "1"},
            {"X Y": "1"},
            {"": "1"},
            {"Ä": "1"},
            {"Sec-WebSocket-Accept": "x"},
            {"upgrade": "x"},
            {"Content-Length": "5"},
            {"Transfer-Encoding": "chunked"},
        ):
            peer = self.custom(headers)
            self.assertFailed(peer)
            self.assertNotIn(b"Injected", peer.answer)
        self.assertEqual(len(self.lines), 11)
        for line in self.lines:
            self.assertTrue(line.isprintable(), line)

    def test_noMapping(self) -> None:
        """
        What is no mapping is 500 with a traceback in the log, also when the service comes
        later.
        """
        self.assertFailed(self.custom(["X"]))
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)
        service = WaitingUpgrade()
        peer = self.serve(service).connect().send(upgrade("/door"))
        talk = Echo()
        talk.customHeaders = ["X"]
        service.waiting[0].callback(talk)
        self.assertFailed(peer.settle())
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)


class RefuseTests(UpgradeTestCase):
    """
    A C{get} that says no.
    """

    def test_upgradeError(self) -> None:
        """
        Raised or returned, at once or later, it is 400 with its text (table A3.4).
        """

        def raised(self):
            raise UpgradeError("no room, ä")

        def returned(self):
            return UpgradeError("no room, ä")

        def failed(self):
            return fail(UpgradeError("no room, ä"))

        async def coroutine(self):
            return UpgradeError("no room, ä")

        for function in (raised, returned, failed, coroutine):
            self.assertRefused(self.ask(function), 400, "no room, ä")
        self.assertEqual(self.lines, [])

    def test_statusAndHeaders(self) -> None:
        """
        It may have another status, and header fields.
        """

        def get(self):
            raise UpgradeError("gone", status=410, headers={"Retry-After": "5", "X-Why": "ä"})

        found = self.assertRefused(self.ask(get), 410, "gone")
        self.assertEqual((found["retry-after"], found["x-why"]), (["5"], ["\xc3\xa4"]))

    def test_oddValues(self) -> None:
        """
        A header value that is no text, and a text that is none, do not keep the answer back.
        """
        headers: Any = {"Retry-After": 5}
        service = WaitingUpgrade()
        peer = self.serve(service).connect().send(upgrade("/door"))
        service.waiting[0].errback(UpgradeError("a\ud800b", 503, headers))
        found = self.assertRefused(peer.settle(), 503, "a?b")
        self.assertEqual(found["retry-after"], ["5"])

    def test_badHeaders(self) -> None:
        """
        Header fields that would break the answer are 500 with a line in the log.
        """
        for headers in ({"X": "a\r\nX-Injected: 1"}, {"X\n": "1"}, {"Content-Length": "1"}, {"Upgrade": "x"}):
            peer = self.ask(refusing(UpgradeError("no", headers=headers)))
            self.assertFailed(peer)
            self.assertNotIn(b"Injected", peer.answer)
        self.assertEqual(len(self.lines), 4)

    def test_authnError(self) -> None:
        """
        401 has an empty body and names the scheme, which the application may choose
        (decision 11).
        """
        found = self.assertRefused(self.ask(refusing(AuthnError("secret-xyz"))), 401)
        self.assertEqual(found["www-authenticate"], ['Basic realm="balws"'])
        error = AuthnError("secret-xyz", {"www-authenticate": "Bearer", "X": "1"})
        found = self.assertRefused(self.ask(refusing(error)), 401)
        self.assertEqual((found["www-authenticate"], found["x"]), (["Bearer"], ["1"]))

    def test_authzError(self) -> None:
        """
        403 has an empty body.
        """
        found = self.assertRefused(self.ask(refusing(AuthzError("secret-xyz", {"X": "1"}))), 403)
        self.assertEqual(found["x"], ["1"])

    def test_otherError(self) -> None:
        """
        Another error of balws that is returned refuses without its text.
        """

        def get(self):
            return PayloadBindingError("secret-xyz")

        self.assertRefused(self.ask(get), 400, "Invalid upgrade request\n")

    def test_cookiesOfARefusal(self) -> None:
        """
        What C{get} put on the request goes out with the refusal.
        """

        def get(self, request):
            request.addCookie("tried", "1")
            raise UpgradeError("no")

        self.assertEqual(self.assertRefused(self.ask(get), 400, "no")["set-cookie"], ["tried=1"])


class FailureTests(UpgradeTestCase):
    """
    A C{get} that does not work.
    """

    def test_raises(self) -> None:
        """
        An error, at once or later, is 500 with a fixed text, and a traceback in the log
        (row HS25).
        """

        def plain(self):
            raise ValueError("secret-xyz")

        def deferred(self):
            return fail(ValueError("secret-xyz"))

        async def coroutine(self):
            raise ValueError("secret-xyz")

        for function in (plain, deferred, coroutine):
            peer = self.ask(function)
            self.assertFailed(peer)
            self.assertNotIn(b"secret", peer.answer)
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(
            [line.splitlines()[0] for line in self.lines],
            [
                "Door.plain failed",
                "Door.deferred failed",
                "Door.coroutine failed",
            ],
        )

    def test_errorOfOurs(self) -> None:
        """
        An error of balws that escapes and is no refusal is a failure like any other.
        """
        self.assertFailed(self.ask(refusing(PayloadBindingError("secret-xyz"))))
        self.assertEqual(len(self.flushLoggedErrors(PayloadBindingError)), 1)

    def test_wrongResult(self) -> None:
        """
        Anything but a service or an error is 500, and the log says what came.
        """
        for result, name in ((None, "NoneType"), (Echo, "type"), ("{x}", "str"), (UpgradeError, "type")):
            holder = type("Door", (UpgradeService,), {"result": result, "get": lambda self: self.result})
            self.assertFailed(self.ask(holder))
            self.assertEqual(self.lines.pop(), f"Door.<lambda> returned {name} in place of a Service")

    def test_badService(self) -> None:
        """
        A service class that was not seen before and cannot work is found before the 101.
        """

        class Bad(Service):
            def onTextMesage(self, text: str) -> None: ...

        holder = type("Door", (UpgradeService,), {"made": Bad, "get": lambda self: self.made()})
        self.assertFailed(self.ask(holder))
        self.assertIn("did you mean onTextMessage?", self.lines[0])

    def test_answersItself(self) -> None:
        """
        A C{get} that answers the request itself is told so, in the log; nothing is added to
        its answer.
        """

        def finishes(self, request):
            request.setHeader(b"Content-Length", b"3")
            request.write(b"own")
            request.finish()
            return Echo()

        def writes(self, request):
            request.setHeader(b"Content-Length", b"30")
            request.write(b"own")
            raise UpgradeError("no")

        for function in (finishes, writes):
            peer = self.ask(function)
            self.assertEqual((status(peer.answer), body(peer.answer)), (200, b"own"))
            self.assertTrue(peer.isClosed)
            self.assertEqual(self.lines.pop(), f"Door.{function.__name__} answered the request itself")

    def test_answersItselfAndWaits(self) -> None:
        """
        One that has answered and then keeps us waiting is stopped at the deadline.
        """
        cancelled: list[Any] = []

        def get(self, request):
            request.finish()
            return Deferred(cancelled.append)

        port = self.serve(get, timeout=10)
        peer = port.connect().send(upgrade("/door"))
        self.assertEqual(status(peer.answer), 200)
        port.advance(10, peer)
        self.assertEqual(len(cancelled), 1)
        self.assertEqual(self.lines, ["Door.get answered the request itself"])

    def test_answersItselfLater(self) -> None:
        """
        The same where the rest comes later: the connection does not stay open.
        """
        service = WaitingUpgrade()
        peer = self.serve(service).connect().send(upgrade("/door"))
        service.requests[0].setHeader(b"Content-Length", b"30")
        service.requests[0].write(b"own")
        self.assertTrue(peer.settle().isOpen)
        service.waiting[0].callback(Echo())
        self.assertEqual((status(peer.settle().answer), body(peer.answer)), (200, b"own"))
        self.assertTrue(peer.isClosed)
        self.assertEqual(self.lines, ["WaitingUpgrade.get answered the request itself"])


class TimeTests(UpgradeTestCase):
    """
    A C{get} that takes its time.
    """

    def test_deadline(self) -> None:
        """
        It has what the request's coming has left of the listener's timeout; then 503, and
        its Deferred is cancelled (row HS26).
        """
        cancelled: list[Any] = []

        class Door(UpgradeService):
            def get(self):
                return Deferred(cancelled.append)

        port = self.serve(Door, timeout=10)
        peer = port.connect()
        request = upgrade("/door")
        peer.send(request[:9])
        port.advance(4, peer)
        peer.send(request[9:])
        port.advance(5.9, peer)
        self.assertEqual((peer.answer, cancelled), (b"", []))
        port.advance(0.2, peer)
        self.assertRefused(peer, 503, "The service did not answer in time.\n")
        self.assertEqual(len(cancelled), 1)
        self.assertEqual(port.clock.getDelayedCalls(), [])
        self.assertEqual(self.lines, [])

    def test_second(self) -> None:
        """
        On a kept connection the time begins with the answer before.
        """
        service = WaitingUpgrade()
        port = self.serve(service, timeout=10)
        peer = port.connect()
        port.advance(9, peer)
        peer.send(head("GET /nowhere HTTP/1.1"))
        self.assertEqual(status(peer.take()), 404)
        port.advance(1, peer)
        peer.send(upgrade("/door"))
        port.advance(8.9, peer)
        self.assertEqual(peer.answer, b"")
        port.advance(0.2, peer)
        self.assertEqual(status(peer.answer), 503)

    def test_noDeadline(self) -> None:
        """
        With the timeout 0 it may take for ever.
        """
        service = WaitingUpgrade()
        port = self.serve(service, timeout=0)
        peer = port.connect().send(upgrade("/door"))
        port.advance(1e6, peer)
        service.waiting[0].callback(Echo())
        self.assertEqual(status(peer.settle().answer), 101)

    def test_lateResult(self) -> None:
        """
        What comes after the deadline, or on being cancelled, is ignored.
        """
        service = WaitingUpgrade()
        port = self.serve(service, timeout=10)
        peer = port.connect().send(upgrade("/door"))
        port.advance(10, peer)
        self.assertEqual(status(peer.take()), 503)
        service.waiting[0].callback(Echo())
        self.assertEqual(peer.settle().answer, b"")
        for late in (Echo(), UpgradeError("no"), None):

            class Door(UpgradeService):
                late: Any = None

                def get(self):
                    return Deferred(lambda result: result.callback(self.late))

            Door.late = late
            port = self.serve(Door, timeout=10)
            peer = port.connect().send(upgrade("/door"))
            port.advance(10, peer)
            self.assertEqual(peer.answer.count(b"HTTP/1.1"), 1)
            self.assertEqual(status(peer.answer), 503)
        self.assertEqual(self.lines, [])

    def test_lateFailure(self) -> None:
        """
        A C{get} that fails on being cancelled, with an error of its own, is in the log.
        """

        class Door(UpgradeService):
            async def get(self):
                try:
                    await Deferred()
                except CancelledError:
                    raise ValueError("could not clean up") from None

        port = self.serve(Door, timeout=10)
        peer = port.connect().send(upgrade("/door"))
        port.advance(10, peer)
        self.assertEqual(status(peer.answer), 503)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_peerLeaves(self) -> None:
        """
        A peer that leaves cancels it, and takes the deadline with it; what comes later is
        ignored.
        """
        cancelled: list[Any] = []

        class Door(UpgradeService):
            def get(self):
                return Deferred(cancelled.append)

        port = self.serve(Door)
        peer = port.connect().send(upgrade("/door"))
        peer.leave()
        self.assertEqual(len(cancelled), 1)
        self.assertEqual(peer.answer, b"")
        self.assertEqual(port.clock.getDelayedCalls(), [])
        self.assertEqual(self.lines, [])

    def test_peerLeavesAndTheServiceComes(self) -> None:
        """
        A service that comes for a peer that has left is not opened.
        """
        opened: list[Any] = []

        class Talk(Service):
            def onOpen(self, caller: Any) -> None:
                opened.append(caller)

        class Door(UpgradeService):
            def get(self):
                self.result = Deferred(lambda result: result.callback(Talk()))
                return self.result

        port = self.serve(Door)
        port.connect().send(upgrade("/door")).leave()
        self.assertEqual(opened, [])
        self.assertEqual(port.listener._roster.members, set())


class AgreementTests(UpgradeTestCase):
    """
    What is agreed on in the 101.
    """

    def test_subProtocol(self) -> None:
        """
        The client's first that the service speaks; none in common is none (table A3.7).
        """
        config = WSServiceConfig(subProtocols=["xml", "json"])
        for offered, agreed in (
            ("json, xml", ["json"]),
            ("soap, xml", ["xml"]),
            ("soap", None),
            ("XML", None),
            (None, None),
        ):
            found = fields(self.ask(EchoUpgrade, config, Sec_WebSocket_Protocol=offered).answer)
            self.assertEqual(found.get("sec-websocket-protocol"), agreed)

    def test_callerKnows(self) -> None:
        """
        The conversation knows what was agreed on.
        """

        class Talk(Service):
            def onOpen(self, caller: Any) -> str:
                return repr(caller.getNegotiatedSubProtocol())

        def get(self):
            return Talk()

        config = WSServiceConfig(subProtocols=["xml"])
        self.assertTrue(self.ask(get, config, Sec_WebSocket_Protocol="xml").answer.endswith(b"'xml'"))
        self.assertTrue(self.ask(get, config).answer.endswith(b"None"))

    def test_compression(self) -> None:
        """
        permessage-deflate is agreed on when the client offers it, and used.
        """
        peer = self.ask(EchoUpgrade, Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
        [agreed] = fields(peer.take())["sec-websocket-extensions"]
        self.assertTrue(agreed.startswith("permessage-deflate"))
        deflate = zlib.compressobj(wbits=-12)
        packed = (deflate.compress(b"hi" * 20) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
        self.assertEqual(peer.send(frame(packed, 0xC1)).take(), b"\x81\x28" + b"hi" * 20)

    def test_noCompression(self) -> None:
        """
        It is not agreed on when it is not offered, when the offer is none, and when the
        listener does not want it.
        """
        for offered, wanted in ((None, True), ("", True), ("x-other", True), ("permessage-deflate", False)):
            port = self.serve(EchoUpgrade, webSocketCompressionEnabled=wanted)
            peer = port.connect().send(upgrade("/door", Sec_WebSocket_Extensions=offered))
            self.assertEqual(status(peer.answer), 101)
            self.assertNotIn("sec-websocket-extensions", fields(peer.answer))

    def test_decoratorCounts(self) -> None:
        """
        The decorator's configuration counts where C{attach} is given none.
        """
        door = serviceConfig(subProtocols=["xml"])(type("Door", (EchoUpgrade,), {}))
        found = fields(self.ask(door, Sec_WebSocket_Protocol="xml").answer)
        self.assertEqual(found["sec-websocket-protocol"], ["xml"])


class KeepTests(UpgradeTestCase):
    """
    What a conversation keeps of the request.
    """

    def kept(self, keep: bool) -> Any:
        """
        @return: a caller whose service keeps its request, or does not.
        """
        callers: list[Any] = []

        class Talk(Service):
            keepRequest = keep

            def onOpen(self, caller: Any) -> None:
                callers.append(caller)

        def get(self, request):
            request.principal = "Ada"
            return Talk()

        self.ask(get, None, "/door?a=1&a=%C3%A4&b=%FF", X_Token="\xe4")
        return callers[0]

    def test_request(self) -> None:
        """
        A service with C{keepRequest} gets a snapshot: method, path, arguments, headers.
        """
        found = self.kept(True).getHttpRequest()
        self.assertEqual((found.method, found.path), ("GET", "/door"))
        self.assertEqual(found.arguments, {"a": ("1", "ä"), "b": ("\ufffd",)})
        self.assertEqual(found.headers["x-token"], ("\ufffd",))
        self.assertEqual(found.headers["host"], ("example.com",))

    def test_noRequest(self) -> None:
        """
        Others get none (ruling 11).
        """
        self.assertIsNone(self.kept(False).getHttpRequest())

    def test_principal(self) -> None:
        """
        Who was authenticated is known to the conversation; nobody is L{None}.
        """
        self.assertEqual(self.kept(False).getPrincipal(), "Ada")

        class Talk(Service):
            def onOpen(self, caller: Any) -> str:
                return repr(caller.getPrincipal())

        def get(self):
            return Talk()

        self.assertTrue(self.ask(get).answer.endswith(b"None"))


def refusing(error: Exception) -> Any:
    """
    @return: a C{get} that raises this.
    """

    def get(self):
        raise error

    return get
