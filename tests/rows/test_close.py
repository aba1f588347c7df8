"""
How connections end: rows FR08 to FR11 of the reliability catalogue.
"""

from __future__ import annotations

import json
import time

from tests.rows.raw import BINARY, CLOSE, PING, TEXT, Peer, closing, frame
from tests.rows.serving import ServedTestCase


class PeerTests(ServedTestCase):
    """
    The peer closes.
    """

    def refused(self, data: bytes, code: int) -> None:
        """
        Check that a close frame is answered with one of our own, and that the service is
        told once.
        """
        peer = self.open(body=data)
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, code.to_bytes(2, "big")), data)
        self.assertEqual((peer.rest(), peer.reset), (b"", False))
        self.assertEqual(self.called(), [["onError", "CorruptedFrameError"]])

    def test_codes(self) -> None:
        """
        Codes that may be sent are echoed without words, in four bytes; then TCP ends (FR08)
        """
        for code in (1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999):
            for reason in (b"", b"bye", "é".encode() * 61):
                peer = self.open().send(closing(code, reason))
                self.assertEqual(peer.rest(), b"\x88\x02" + code.to_bytes(2, "big"))
                self.assertFalse(peer.reset)
                self.assertEqual(self.called(), [["onClose", code, reason.decode()]])

    def test_noCode(self) -> None:
        """
        A close frame without a code is echoed as it is, and is 1005 to the service (FR08)
        """
        peer = self.open().trickle(frame(CLOSE))
        self.assertEqual((peer.rest(), peer.reset), (b"\x88\x00", False))
        self.assertEqual(self.called(), [["onClose", 1005, ""]])

    def test_wrongCodes(self) -> None:
        """
        Codes that may not be sent are 1002, as is one byte (FR08)
        """
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 65535):
            self.refused(closing(code), 1002)
            self.refused(closing(code, b"words"), 1002)
        self.refused(frame(CLOSE, b"\x03"), 1002)

    def test_wrongReasons(self) -> None:
        """
        A reason that is not UTF-8 is 1007 (FR08)
        """
        for reason in (b"\xff", b"ok\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"a" * 120 + b"\xe2\x98"):
            self.refused(closing(1000, reason), 1007)

    def test_after(self) -> None:
        """
        What comes after a close frame is ignored, be it right or wrong (FR09)
        """
        for late in (frame(TEXT, b"late"), closing(1001), frame(PING), frame(TEXT, b"x", masked=False), b"\xff" * 1000):
            peer = self.open().send(closing(1000) + late)
            self.assertEqual((peer.rest(), peer.reset), (b"\x88\x02\x03\xe8", False))
            self.assertEqual(self.called(), [["onClose", 1000, ""]])

    def test_midst(self) -> None:
        """
        A close frame in the midst of a message ends it; the message is never there.
        """
        peer = self.open().send(frame(TEXT, b"never", fin=False) + closing(1001))
        self.assertEqual(peer.rest(), b"\x88\x02\x03\xe9")
        self.assertEqual(self.called(), [["onClose", 1001, ""]])


class ServiceTests(ServedTestCase):
    """
    The service closes.  Its C{connectionClosureTimeout} is 20 s, or 0.3 s at C{/leaving/soon}.
    """

    def tell(self, peer: Peer | None = None, **how: object) -> Peer:
        """
        Have the service close.
        """
        return (peer or self.open("/leaving")).send(frame(TEXT, json.dumps(how).encode()))

    def tellSoon(self, **how: object) -> Peer:
        """
        Have the one close that does not wait for long.
        """
        return self.tell(self.open("/leaving/soon"), **how)

    def test_answered(self) -> None:
        """
        A peer that answers ends it: close() succeeds, and onClose has our code and words.
        """
        for code, reason in ((1000, "bye"), (1001, ""), (1003, "é"), (1007, ""), (1011, "x"), (3000, ""), (4999, "y")):
            peer = self.tell(statusCode=code, reason=reason)
            self.assertEqual(peer.receive(), (CLOSE, code.to_bytes(2, "big") + reason.encode()))
            peer.send(closing(code))
            self.assertEqual((peer.rest(), peer.reset), (b"", False))
            self.assertCountEqual(self.called(2), [["closed"], ["onClose", code, reason]])
        peer = self.tell(statusCode=None)
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8"))

    def test_otherCode(self) -> None:
        """
        A peer that answers with another code fails close() (B9)
        """
        peer = self.tell(statusCode=1000)
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8"))
        self.assertEqual(peer.send(closing(1001)).rest(), b"")
        self.assertCountEqual(self.called(2), [["failed", "ConnectionClosureError"], ["onClose", 1000, ""]])

    def test_deaf(self) -> None:
        """
        When the peer does not answer TCP ends in time, the method's own or the service's,
        and close() fails (FR11)
        """
        for how, least in (({}, 0.3), ({"timeout": None}, 0.3), ({"timeout": 0.6}, 0.6)):
            began = time.monotonic()
            peer = self.tellSoon(**how)
            self.assertEqual(peer.rest(), b"\x88\x02\x03\xe8")
            self.assertTrue(least - 0.05 < time.monotonic() - began < 4)
            self.assertCountEqual(self.called(2), [["failed", "ConnectionClosureError"], ["onClose", 1000, ""]])

    def test_busy(self) -> None:
        """
        A peer that goes on talking, and never answers, is no better (FR11)
        """
        began = time.monotonic()
        peer = self.tell(timeout=0.5)
        while not peer.ended and time.monotonic() - began < 10:
            peer.send(frame(TEXT, b'{"reason":"never"}') + frame(PING))
            time.sleep(0.02)
        self.assertTrue(0.45 < time.monotonic() - began < 4)
        self.assertCountEqual(self.called(2), [["failed", "ConnectionClosureError"], ["onClose", 1000, ""]])

    def test_atOnce(self) -> None:
        """
        A timeout of 0 sends the close frame, drops TCP, and succeeds (decision 1)
        """
        began = time.monotonic()
        peer = self.tell(timeout=0, statusCode=4000)
        self.assertEqual(peer.rest(), b"\x88\x02\x0f\xa0")
        self.assertLess(time.monotonic() - began, 4)
        self.assertCountEqual(self.called(2), [["closed"], ["onClose", 4000, ""]])

    def test_limitless(self) -> None:
        """
        Any negative timeout waits, and still ends with the peer, by its answer or by its
        loss (decision 1)
        """
        answering, lost = self.tellSoon(timeout=-1), self.tellSoon(timeout=-5)
        for peer in (answering, lost):
            self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8"))
        self.assertTrue(answering.quiet(0.7) and lost.quiet(0.1))
        self.assertEqual(self.calls(), [])
        self.assertEqual(answering.send(closing(1000)).rest(), b"")
        self.assertCountEqual(self.called(2), [["closed"], ["onClose", 1000, ""]])
        lost.abort()
        self.assertCountEqual(self.called(2), [["failed", "ConnectionClosureError"], ["onClose", 1000, ""]])

    def test_impossible(self) -> None:
        """
        What cannot be sent fails before anything is, and the connection goes on (FR10)
        """
        peer = self.open("/leaving")
        codes = (0, 999, 1004, 1005, 1006, 1012, 1015, 1016, 2999, 5000, 65535, 65536, 70000, -1, 1000.5, "1000", True)
        for code in codes:
            self.tell(peer, statusCode=code)
            self.assertEqual(peer.receive(), (TEXT, b"failed Error"), code)
        for how in ({"reason": 5}, {"reason": ["x"]}, {"reason": False}, {"timeout": "1"}, {"timeout": True}):
            self.tell(peer, **how)
            self.assertEqual(peer.receive(), (TEXT, b"failed TypeError"), how)
        self.tell(peer, timeout=2e17)
        self.assertEqual(peer.receive(), (TEXT, b"failed Error"))
        self.assertEqual({call[0] for call in self.calls()}, {"failed"})
        self.assertEqual(self.tell(peer).receive(), (CLOSE, b"\x03\xe8"))

    def test_reasons(self) -> None:
        """
        A reason is cut to 123 bytes, on a character (FR10)
        """
        for reason, sent in (
            ("a" * 123, b"a" * 123),
            ("a" * 124, b"a" * 123),
            ("é" * 62, "é".encode() * 61),
            ("a" * 122 + "𝄞", b"a" * 122),
            ("𝄞" * 1000, "𝄞".encode() * 30),
        ):
            self.assertEqual(self.tell(reason=reason).receive(), (CLOSE, b"\x03\xe8" + sent))

    def test_after(self) -> None:
        """
        After our close frame nothing is written any more, writes fail, and what the peer
        still sends reaches no method (FR09)
        """
        peer = self.tell(timeout=20, writes=True, again=True)
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8"))
        peer.send(frame(TEXT, b'{"reason":"never"}') + frame(PING, b"4001") + frame(TEXT, b"x", fin=False))
        peer.send(closing(1000))
        self.assertEqual(peer.rest(), b"")
        calls = self.called(9)
        closed = "ConnectionClosureError"
        self.assertEqual(calls[:7], [["again", closed], ["isOpen", False]] + [["write", closed]] * 5)
        self.assertCountEqual(calls[7:], [["closed"], ["onClose", 1000, ""]])

    def test_wrongAfter(self) -> None:
        """
        Nor is there a second close frame when the peer breaks the protocol after ours
        (FR09)
        """
        wrongs = [frame(TEXT, b"x", masked=False), frame(3), closing(1005), frame(TEXT, b"\xff")]
        for wrong in (*wrongs, frame(BINARY, length=2**62)):
            peer = self.tell(timeout=20)
            self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8"))
            self.assertEqual(peer.send(wrong).rest(), b"")
            peer.close()
            self.assertEqual(len(self.called(2)), 2)

    def test_crossing(self) -> None:
        """
        Close frames that cross are an answer to each other.
        """
        peer = self.open("/leaving").send(frame(TEXT, b"{}") + closing(1000))
        self.assertEqual(peer.rest(), b"\x88\x02\x03\xe8")
        self.assertCountEqual(self.called(2), [["closed"], ["onClose", 1000, ""]])

    def test_frames(self) -> None:
        """
        A returned close frame is sent, with its words cut to fit; TCP ends in time; one
        whose code may not be sent drops TCP and is a line in the log (B7)
        """
        peer = self.open("/leaving").send(frame(PING, b"4005"))
        self.assertEqual(peer.receive(), (CLOSE, b"\x0f\xa5"))
        self.assertEqual(peer.send(closing(4005)).rest(), b"")
        began = time.monotonic()
        peer = self.open("/leaving/soon").send(frame(PING))
        self.assertEqual(peer.rest(), b"\x88\x7c\x03\xe9" + "é".encode() * 61)
        self.assertTrue(0.25 < time.monotonic() - began < 10)
        self.assertEqual(self.called(2), [["onClose", 4005, ""], ["onClose", 1001, "é" * 61]])
        for code in (b"1005", b"0", b"70000"):
            peer = self.open("/leaving").send(frame(PING, code))
            self.assertEqual(peer.rest(), b"")
            self.assertEqual(self.called(), [["onClose", 1006, ""]])
            self.assertIn(f"Invalid status code: {int(code)}", self.logged())
