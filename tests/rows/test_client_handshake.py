"""
The opening handshake of the client against servers that answer wrongly, slowly, or with
too much (rows CL02, CL03, and CL06 of the reliability catalogue).
"""

from __future__ import annotations

import time
from typing import Any

from tests.rows.client_driving import ClientTestCase
from tests.rows.client_hostile import frame
from tests.rows.waiting import patiently

#: What a handshake may cost the client's process, in MiB.
BOUND = 1.0

SECRETS = {"customHeaders": {"Authorization": "Bearer s3cret", "X-Key": "s3cret"}, "cookies": {"session": "s3cret"}}


class RedirectTests(ClientTestCase):
    """
    A redirect is a refusal.
    """

    def test_redirects(self) -> None:
        """
        301, 302, 303, 307, and 308 to another host fail, tell the place, and nothing is sent there (CL02)
        """
        target = self.server("127.0.0.2")
        for status in (301, 302, 303, 307, 308):
            server = self.server()
            place = f"http://127.0.0.2:{target.port}/elsewhere?status={status}"
            name = self.connecting(server.url, **SECRETS)
            accepted = server.accept()
            self.assertIn(b"Bearer s3cret", accepted.request())
            accepted.send(
                f"HTTP/1.1 {status} Moved\r\nLocation: {place}\r\nContent-Length: 3\r\n\r\nno!".encode("ascii")
            )
            failed = self.fails(name, "InvalidHandshakeError", f"Invalid handshake response getStatus: {status} Moved")
            self.assertEqual((failed["status"], failed["location"]), (status, place))
            self.assertEqual(accepted.rest(), b"")
        self.assertFalse(target.isCalled(0.3))

    def test_redirectsOfScheme(self) -> None:
        """
        A redirect to the same place under ws, wss, or a relative path is not followed either (CL02)
        """
        for place in ("ws://127.0.0.1:{port}/ws", "wss://127.0.0.1:{port}/ws", "/other", "//127.0.0.1:{port}/", ""):
            server = self.server()
            where = place.format(port=server.port)
            name = self.connecting(server.url, retryConfig={"interval": 0, "maxCount": 3}, **SECRETS)
            accepted = server.accept()
            accepted.request()
            accepted.send(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\n\r\n".encode("ascii")).close()
            self.assertEqual(self.fails(name, "InvalidHandshakeError", "302")["location"], where)
            self.assertFalse(server.isCalled(0.1))


class AnswerTests(ClientTestCase):
    """
    Answers that accept something that was not asked for.
    """

    def refused(self, words: str, answer: bytes, **fields: Any) -> None:
        """
        Check that the client takes this answer for none, says why, and drops TCP at once.
        """
        server = self.server()
        name = self.connecting(server.url, **fields)
        accepted = server.accept()
        accepted.request()
        accepted.send(answer.replace(b"%ACCEPT%", accepted.answer().partition(b"Accept: ")[2].split(b"\r\n")[0]))
        self.fails(name, "InvalidHandshakeError", words)
        self.assertEqual(accepted.rest(), b"")

    def head(self, *fields: str, status: str = "101 Switching Protocols") -> bytes:
        """
        @return: an answer with these fields.
        """
        return f"HTTP/1.1 {status}\r\n{''.join(f'{each}{chr(13)}{chr(10)}' for each in fields)}\r\n".encode("ascii")

    def test_accepts(self) -> None:
        """
        An accept for another key, none, or two are no acceptance (CL03)
        """
        words = "sec-websocket-accept"
        upgrade = ("Upgrade: websocket", "Connection: Upgrade")
        self.refused(words, self.head(*upgrade, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        self.refused(words, self.head(*upgrade))
        self.refused(words, self.head(*upgrade, "Sec-WebSocket-Accept: %ACCEPT%", "Sec-WebSocket-Accept: %ACCEPT%"))
        self.refused(words, self.head(*upgrade, "Sec-WebSocket-Accept: %ACCEPT%x"))

    def test_upgrades(self) -> None:
        """
        A 101 without an upgrade, to another protocol, or without a connection header is none (CL03)
        """
        accept = "Sec-WebSocket-Accept: %ACCEPT%"
        self.refused("upgrades to something else", self.head("Connection: Upgrade", accept))
        self.refused("upgrades to something else", self.head("Upgrade: h2c", "Connection: Upgrade", accept))
        self.refused("more than one upgrade", self.head(*["Upgrade: websocket"] * 2, "Connection: Upgrade", accept))
        self.refused("connection header", self.head("Upgrade: websocket", accept))
        self.refused("connection header", self.head("Upgrade: websocket", "Connection: keep-alive", accept))

    def test_subProtocols(self) -> None:
        """
        A sub-protocol that was not offered, none where one was, or two are refused (CL03)
        """
        good = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: %ACCEPT%")
        one = "Sec-WebSocket-Protocol: "
        self.refused("Invalid subprotocol. Actual: xml", self.head(*good, one + "xml"))
        self.refused("Invalid subprotocol. Actual: json", self.head(*good, one + "json"), subProtocols=["xml"])
        self.refused("Invalid subprotocol. Actual: null", self.head(*good), subProtocols=["xml"])
        self.refused("sec-websocket-protocol", self.head(*good, one + "a", one + "b"), subProtocols=["a", "b"])
        self.refused("Invalid subprotocol", self.head(*good, one + "a, b"), subProtocols=["a", "b"])

    def test_extensions(self) -> None:
        """
        An extension or a parameter that was not offered is refused (CL03)
        """
        good = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: %ACCEPT%")
        one = "Sec-WebSocket-Extensions: "
        self.refused("not offered", self.head(*good, one + "x-other"))
        self.refused("not offered", self.head(*good, one + "permessage-deflate"), webSocketCompressionEnabled=False)
        self.refused("not offered", self.head(*good, one + "permessage-deflate, x-other"))
        for parameters in ("server_max_window_bits=16", "client_max_window_bits=012", "x=1", "client_max_window_bits"):
            self.refused("Invalid handshake response", self.head(*good, f"{one}permessage-deflate; {parameters}"))

    def test_statuses(self) -> None:
        """
        200 with all the headers of an upgrade is a refusal; its frames are not read (CL03)
        """
        good = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: %ACCEPT%")
        message = frame(1, b"hello")
        words = "Invalid handshake response getStatus: "
        self.refused(words + "200 OK", self.head(*good, "Content-Length: 7", status="200 OK") + message)
        self.refused(words + "204", self.head(*good, status="204 No Content") + message)
        self.refused("it is not HTTP", b"SSH-2.0-OpenSSH_9.2\r\n\r\n" + message)
        self.refused("it is not HTTP", self.head(*good).replace(b"HTTP/1.1", b"HTTP/1.0"))
        self.refused("it is not HTTP", b"HTTP/1.1 101 \x00\r\n\r\n")
        self.refused("it is not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n")


class BoundTests(ClientTestCase):
    """
    Answers without end.
    """

    fresh = True

    def floods(self, start: bytes, more: bytes, words: str, error: str = "InvalidHandshakeError") -> None:
        """
        Check that the client drops a server that goes on for 10 MB, and keeps nothing.
        """
        server = self.server()
        self.assertAlive()
        self.driver.markMemory()
        name = self.connecting(server.url)
        accepted = server.accept()
        accepted.request()
        accepted.send(start)
        for _ in range(10 * 1024 * 1024 // len(more)):
            accepted.send(more)
        self.fails(name, error, words)
        self.assertLess(self.driver.grown(), BOUND)

    def test_headers(self) -> None:
        """
        10 MB of headers after a 101 fail, under 1 MiB more memory, in one field or in many (CL03)
        """
        start = b"HTTP/1.1 101 Switching Protocols\r\n"
        self.floods(start, b"X-Filler: " + b"y" * 1000 + b"\r\n", "it is not HTTP")
        self.floods(start + b"X-Filler: ", b"y" * 65536, "it is not HTTP")
        self.floods(b"", b"HTTP/1.1 101 " + b"S" * 65536, "it is not HTTP")

    def test_interim(self) -> None:
        """
        Interim answers that never end fail, under 1 MiB more memory (CL03)
        """
        self.floods(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100, "interim answers without end")
        self.floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, "interim answers without end")

    def test_body(self) -> None:
        """
        Of a refusal's endless body no more than 64 KiB are kept (CL03)
        """
        start = b"HTTP/1.1 403 Forbidden\r\n\r\n"
        self.floods(start, b"z" * 65536, "403 Forbidden")
        self.floods(start[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"z" * 65536 + b"\r\n", "403")


class DeadlineTests(ClientTestCase):
    """
    Servers that take their time.
    """

    def test_silent(self) -> None:
        """
        A server that never answers fails the handshake at its timeout (CL06)
        """
        server = self.server()
        name = self.connecting(server.url, handShakeTimeout=1)
        accepted = server.accept()
        accepted.request()
        seconds = self.fails(name, "HandshakeTimedOut", "Handshake timed out")["seconds"]
        self.assertTrue(0.8 <= seconds <= 10, seconds)
        self.assertEqual(accepted.rest(), b"")

    @patiently
    def test_trickling(self) -> None:
        """
        Nor do a byte now and then or interim answers move the deadline; a refusal in time stays one (CL06)
        """
        for text, bite, error in (
            (b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"y" * 100, 1, "HandshakeTimedOut"),
            (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 25, "HandshakeTimedOut"),
            (b"HTTP/1.1 401 Unauthorized\r\n\r\n" + b"y" * 3000, 29, "InvalidHandshakeError"),
        ):
            server = self.server()
            name = self.connecting(server.url, handShakeTimeout=0.7)
            accepted = server.accept()
            accepted.request()
            began = time.monotonic()
            while self.driver.isPending(name) and time.monotonic() < began + 15:
                accepted.send(text[:bite])
                text = text[bite:]
                time.sleep(0.2)
            seconds = self.fails(name, error)["seconds"]
            self.assertTrue(0.5 <= seconds <= 10, seconds)

    def test_unlimited(self) -> None:
        """
        Zero and below do not end the handshake at once: they mean 300 seconds (CL06)
        """
        for timeout in (0, -1):
            server = self.server()
            name = self.connecting(server.url, handShakeTimeout=timeout)
            accepted = server.accept()
            accepted.request()
            time.sleep(0.3)
            self.assertTrue(self.driver.isPending(name))
            accepted.send(accepted.answer())
            self.succeeds(name)

    def test_reads(self) -> None:
        """
        A read fails at its timeout, and the connection goes on: the next message is the next read's (CL06)
        """
        server = self.server()
        name, accepted = self.open(server, readTimeout=0.4)
        reading = self.calling(name, "readTextMessage")
        seconds = self.fails(reading, "ReadTimedOutError", "Read timed out")["seconds"]
        self.assertTrue(0.3 <= seconds <= 10, seconds)
        self.assertTrue(self.driver.ask("about", of=name)["value"]["open"])
        reading = self.calling(name, "readTextMessage")
        accepted.send(frame(1, b"late"))
        self.assertEqual(self.succeeds(reading), "late")

    def test_closes(self) -> None:
        """
        A close that the server does not answer fails at its timeout, and TCP is dropped; 0 waits for nobody (CL06)
        """
        for timeout, least in ((0.5, 0.4), (0, 0.0)):
            server = self.server()
            name, accepted = self.open(server)
            reading = self.calling(name, "readTextMessage")
            closing = self.driver.tell("call", of=name, method="close", args=[1000, "bye", timeout])
            self.assertEqual(accepted.closed(), 1000)
            if timeout:
                seconds = self.fails(closing, "ConnectionClosureError")["seconds"]
            else:
                seconds = self.driver.answer(closing)["seconds"]
            self.assertTrue(least <= seconds <= 4, (timeout, seconds))
            self.fails(reading, "ConnectionClosureError")
            self.assertEqual(accepted.rest(), b"")
            self.assertFalse(self.driver.ask("about", of=name)["value"]["open"])
