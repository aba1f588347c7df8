"""
The rows DB of the reliability catalogue, and what methods return, against twistd.
"""

from __future__ import annotations

import time

from tests.rows.raw import BINARY, CLOSE, TEXT, closing, frame
from tests.rows.serving import ServedTestCase


class AnswerTests(ServedTestCase):
    """
    What methods return.
    """

    def test_values(self) -> None:
        """
        Text, JSON, close frames and streams are sent as what they are; other messages are
        answered while a stream goes on.
        """
        peer = self.open().send(frame(TEXT, b"number"))
        self.assertEqual(peer.receive(), (TEXT, b"1.50"))
        peer.send(frame(TEXT, b"stream") + frame(TEXT, b"between"))
        self.assertEqual(peer.receive(), (TEXT, b"between"))
        self.assertEqual([peer.receive()[1] for _ in range(3)], [b"0", b"1", b"2"])
        peer.send(frame(TEXT, b"frame"))
        self.assertEqual(peer.receive(), (CLOSE, b"\x0f\xa1by frame"))
        peer.send(closing(4001))
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.calls(), [["onClose", 4001, "by frame"]])

    def test_illegalCode(self) -> None:
        """
        A close frame with a code that may not be sent drops the connection.
        """
        peer = self.open().send(frame(TEXT, b"illegal"))
        self.assertEqual(peer.receive(), (0, b""))
        self.assertLogged("Invalid status code: 1005")

    def test_idle(self) -> None:
        """
        DB12: onIdleTimeout comes once in each idle second, and not while there is traffic.
        """
        peer = self.open("/idle")
        for _ in range(3):
            time.sleep(0.6)
            peer.send(frame(TEXT, b"busy"))
        self.assertEqual(self.calls(), [])
        time.sleep(2.5)
        self.assertEqual(self.calls(), ["idle", "idle"])


class FaultTests(ServedTestCase):
    """
    Methods that fail.
    """

    tracebacks = True

    def test_raised(self) -> None:
        """
        DB08: 1011 with a text of ours, onError once, the traceback in the log; others are
        served.
        """
        other = self.open()
        for text, error in ((b"raise", "ValueError"), (b"raise later", "ZeroDivisionError"), (b"object", "TypeError")):
            peer = self.open().send(frame(TEXT, text))
            self.assertEqual(peer.receive(), (CLOSE, b"\x03\xf3Unexpected condition"))
            self.assertEqual(peer.rest(), b"")
            self.assertEqual(self.calls(), [["onError", error]])
        self.assertLogged("secret-xyz")
        self.assertEqual(other.send(frame(TEXT, b"fine")).receive(), (TEXT, b"fine"))


class BindingTests(ServedTestCase):
    """
    Messages that are not what a method declares.
    """

    def fails(self, path: str, data: bytes) -> bytes:
        """
        Check for 1003 within a moment, and one call of onError.

        @return: the reason.
        """
        began = time.monotonic()
        peer = self.open(path).send(data)
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xeb"), data[:60])
        self.assertLess(time.monotonic() - began, 3)
        self.assertLessEqual(len(payload), 125)
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.calls(), [["onError", "PayloadBindingError"]])
        return payload[2:]

    def test_declared(self) -> None:
        """
        DB01: text and binary are bound; what does not fit is 1003 with the place, and one
        line in the log; a broken constraint is onError, and the connection goes on.
        """
        for kind in (TEXT, BINARY):
            self.assertEqual(self.open("/orders").send(frame(kind, b'{"item":"a","count":2}')).receive(), (TEXT, b"2"))
            reason = self.fails("/orders", frame(kind, b'{"item":"a","count":"2"}'))
            self.assertIn(b"count", reason)
        self.fails("/orders", frame(TEXT, b"no json"))
        self.assertLogged("Orders.onMessage: data binding failed")
        peer = self.open("/orders").send(
            frame(TEXT, b'{"item":"a","count":0}') + frame(TEXT, b'{"item":"a","count":1}')
        )
        self.assertEqual(peer.receive(), (TEXT, b"1"))
        self.assertEqual(self.calls(), [["onError", "PayloadValidationError"]])

    def test_json(self) -> None:
        """
        DB02: what is too deep, too large, or no JSON.
        """
        deep = b"[" * 30000 + b"]" * 30000
        for wrong in (
            deep,
            b"1" * 5000,
            b"1e999",
            b"-1e999",
            b"NaN",
            b"Infinity",
            b'"\\ud800"',
            b"\xef\xbb\xbf{}",
            b"\0",
            b"",
        ):
            self.fails("/json", frame(TEXT, wrong))
        fits = b"[" * 64 + b"]" * 64
        self.assertEqual(self.open("/json").send(frame(TEXT, fits)).receive(), (TEXT, b"taken"))
        self.fails("/json", frame(TEXT, b"[" + fits + b"]"))

    def test_xml(self) -> None:
        """
        DB04: a DOCTYPE is refused whatever is in it, and so are depth and odd encodings.
        """
        entities = b"".join(b'<!ENTITY a%d "&a%d;&a%d;">' % (n + 1, n, n) for n in range(30))
        for wrong in (
            b"<!DOCTYPE a><a/>",
            b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><a>&x;</a>',
            b'<!DOCTYPE a [<!ENTITY a0 "a">' + entities + b"]><a>&a30;</a>",
            b"<a>" * 20000,
            b'<?xml version="1.0" encoding="UTF-7"?><a/>',
            b"<a>&x;</a>",
            b"text",
        ):
            self.fails("/xml", frame(TEXT, wrong))
        self.assertEqual(self.open("/xml").send(frame(BINARY, b"<order><item/></order>")).receive(), (TEXT, b"order"))


class DispatchTests(ServedTestCase):
    """
    Custom dispatch.
    """

    def test_types(self) -> None:
        """
        DB05: types go to their methods by value or by name, the fixed methods are out of
        reach, and what fits nothing goes to onTextMessage.
        """
        peer = self.open("/events")
        for message, answer in (
            (b'{"event":"heartbeat"}', b"heartbeat"),
            (b'{"event":"un subscribe"}', b"leave"),
            (b'{"event":"leave"}', b"otherwise"),
            (b'{"event":"order","item":"a","count":3}', b"3"),
            (b'{"event":"order","item":"a","count":"x"}', b"no order"),
            (b'{"event":"close"}', b"otherwise"),
            (b'{"event":"text message"}', b"otherwise"),
            (b'{"event":"order error"}', b"otherwise"),
            (b'{"event":7}', b"otherwise"),
            (b'["event"]', b"otherwise"),
            (b"plain", b"otherwise"),
        ):
            self.assertEqual(peer.send(frame(TEXT, message)).receive(), (TEXT, answer), message)
        self.assertEqual(self.calls(), [])
