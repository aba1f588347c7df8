"""
When remote methods are called, and what becomes of those that fail: rows DB08 and DB12 of
the reliability catalogue.
"""

from __future__ import annotations

import time
from typing import Any

from tests.rows.raw import BINARY, CLOSE, PING, PONG, TEXT, closing, frame, request
from tests.rows.serving import ServedTestCase
from tests.rows.waiting import patiently
from tests.waiting import PATIENCE


class OrderTests(ServedTestCase):
    """
    When methods are called.
    """

    def test_open(self) -> None:
        """
        OnOpen comes first, with all that it waits for; messages that came before it was
        done wait (0.3)
        """
        peer = self.open("/opening", body=frame(TEXT, b"early"))
        self.assertEqual([peer.receive() for _ in range(3)], [(TEXT, b"opening"), (TEXT, b"open"), (TEXT, b"early")])

    def test_openLeft(self) -> None:
        """
        A peer that leaves while onOpen runs is told to the service after it; nothing is
        written any more, and nothing fails.
        """
        peer = self.open("/opening")
        self.assertEqual(peer.receive(), (TEXT, b"opening"))
        peer.send(closing(1000))
        self.assertEqual(peer.rest(), b"\x88\x02\x03\xe8")
        self.assertEqual(self.called(), [["onClose", 1000, ""]])

    def test_closing(self) -> None:
        """
        A peer's close frame is answered at once; onClose waits for the method that runs and
        for the messages before it, and their answers are nobody's.
        """
        peer = self.open("/slow").send(frame(TEXT, b"~~") + frame(TEXT, b"next") + closing(1000))
        self.assertEqual(peer.rest(), b"\x88\x02\x03\xe8")
        self.assertEqual(self.calls(), [["begins", "~~"]])
        self.release()
        expected = [["ends", "~~"], ["begins", "next"], ["ends", "next"], ["onClose", 1000, ""]]
        self.assertEqual(self.called(4), expected)

    def test_wrong(self) -> None:
        """
        So does onError, when the peer breaks the protocol meanwhile; what waits is not
        dispatched any more.
        """
        peer = self.open("/slow").send(frame(TEXT, b"~~") + frame(TEXT, b"next") + frame(3))
        self.assertEqual(peer.receive()[1][:2], b"\x03\xea")
        self.assertEqual(self.calls(), [["begins", "~~"]])
        self.release()
        self.assertEqual(self.called(2), [["ends", "~~"], ["onError", "CorruptedFrameError"]])
        self.assertEqual(self.calls(), [])


class ControlTests(ServedTestCase):
    """
    onPing and onPong.
    """

    def test_ping(self) -> None:
        """
        A service that has onPing answers pings itself, or does not (A4.5)
        """
        peer = self.open("/controls").send(frame(PING, b"nothing") + frame(PING, b"a") + frame(PING))
        self.assertEqual([peer.receive(), peer.receive()], [(PONG, b"<a>"), (PONG, b"<>")])
        self.assertEqual(self.calls(), [["onPing", "nothing"], ["onPing", "a"], ["onPing", ""]])

    def test_pong(self) -> None:
        """
        OnPong sees pongs; text and bytes that it returns are sent, a close frame closes
        (B2)
        """
        peer = self.open("/controls").send(frame(PONG, b"text") + frame(PONG, b"bytes") + frame(PONG, b"other"))
        self.assertEqual([peer.receive(), peer.receive()], [(TEXT, b"text"), (BINARY, b"bytes")])
        peer.send(frame(PONG, b"close"))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8by pong"))
        self.assertEqual(len(self.calls()), 4)

    def test_own(self) -> None:
        """
        A service sends pings and pongs of its own (A5.19)
        """
        peer = self.open("/controls").send(frame(TEXT, b"ping") + frame(TEXT, b"pong"))
        self.assertEqual([peer.receive(), peer.receive()], [(PING, b"of mine"), (PONG, b"of mine")])


class IdleTests(ServedTestCase):
    """
    C{idleTimeout = 0.6}.
    """

    def test_idle(self) -> None:
        """
        OnIdleTimeout comes once in each idle period; the connection stays, and what it
        returns is not sent (DB12)
        """
        began = time.monotonic()
        peer = self.open("/idle").send(frame(TEXT, b"text"))
        calls = self.called(2)
        took = time.monotonic() - began
        self.assertEqual(calls, [["idle"]] * len(calls))
        self.assertTrue(len(calls) * 0.55 < took < 15, (calls, took))
        self.assertTrue(peer.quiet(0.1))
        self.assertEqual(peer.send(frame(PING, b"p")).receive(), (PONG, b"p"))

    @patiently
    def test_traffic(self) -> None:
        """
        Not while there are messages, and never where it is 0 (DB12)
        """
        busy, off = self.open("/idle"), self.open("/idle/off")
        other = f"{self.tag}-idle"
        self.ask(request(f"/idle?tag={other}"))
        idle = 0
        while idle < 2:
            time.sleep(0.05)
            busy.send(frame(TEXT, b"")).send(frame(PING))
            self.assertEqual(busy.receive()[0], PONG)
            idle += len(self.records(f"tag={other}")["calls"])
        self.assertEqual(self.calls(), [])
        self.assertEqual(off.send(frame(PING)).receive()[0], PONG)

    def test_pings(self) -> None:
        """
        Pings keep no connection from being idle (DB12)
        """
        peer = self.open("/idle")
        calls: list[Any] = []
        deadline = time.monotonic() + PATIENCE
        while len(calls) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
            self.assertEqual(peer.send(frame(PING, b"p")).receive(), (PONG, b"p"))
            calls += self.calls()

    def test_close(self) -> None:
        """
        A close frame that it returns closes (decision 3)
        """
        peer = self.open("/idle").send(frame(TEXT, b"close"))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8idle"))

    def test_raise(self) -> None:
        """
        One that raises is 1011 (A4.7)
        """
        self.faults = True
        peer = self.open("/idle").send(frame(TEXT, b"raise"))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xf3Unexpected condition"))
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.called(2), [["idle"], ["onError", "ValueError"]])


class FaultTests(ServedTestCase):
    """
    Methods that fail (DB08).
    """

    def setUp(self) -> None:
        """
        The log has the traceback.
        """
        super().setUp()
        self.faults = True

    def failed(self, where: str, data: bytes, error: str = "ValueError", before: list[bytes] | None = None) -> None:
        """
        Check that a message, or none, ends a connection with 1011 and a text of ours, and one
        call of onError, while another connection goes on.
        """
        other = self.open("/faulty/nowhere")
        self.assertEqual(other.receive(), (TEXT, b"open"))
        peer = self.open(f"/faulty/{where}")
        if where != "onOpen":
            self.assertEqual(peer.receive(), (TEXT, b"open"))
        peer.send(data)
        for payload in before or []:
            self.assertEqual(peer.receive(), (TEXT, payload))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xf3Unexpected condition"), where)
        self.assertEqual((peer.rest(), peer.reset), (b"", False))
        self.assertEqual(self.called(), [["onError", error]], where)
        self.assertEqual(other.send(frame(TEXT, b"fine")).receive(), (TEXT, b"fine"))
        other.close()
        self.assertEqual(self.called(), [["onClose", 1006, ""]])

    def test_raised(self) -> None:
        """
        Every method that raises, at once or later, or returns what cannot be sent (DB08)
        """
        message = frame(TEXT, b"x")
        self.failed("onOpen", b"")
        self.failed("onTextMessage", message)
        self.failed("later", message + message)
        self.failed("onBinaryMessage", frame(BINARY, b"x"))
        self.failed("onPing", frame(PING))
        self.failed("onPong", frame(PONG))
        self.failed("written", message, before=[b"said before"])
        self.failed("value", message, "TypeError")
        self.failed("nested", message, "TypeError")
        self.failed("surrogate", message, "ValueError")
        self.failed("pong", frame(PING), "CorruptedFrameError")
        self.assertIn("secret-xyz", self.logged())

    def test_last(self) -> None:
        """
        A service's onClose and onError may fail: there is nobody left to tell but the log
        (DB08)
        """
        for where, data in (("onClose", closing(1000)), ("onError", frame(3))):
            peer = self.open(f"/faulty/{where}").send(data)
            peer.rest()
            self.assertEqual(len(self.called()), 1)
            self.assertIn("secret-xyz", self.logged())
        self.assertAlive()

    def test_waiting(self) -> None:
        """
        After a method that failed the messages that wait are not dispatched (DB08)
        """
        peer = self.open("/faulty/later")
        self.assertEqual(peer.receive(), (TEXT, b"open"))
        peer.send(frame(TEXT, b"x") * 5 + frame(BINARY, b"y"))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xf3Unexpected condition"))
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.called(), [["onError", "ValueError"]])
        self.assertEqual(self.logged().count("Traceback"), 1)
