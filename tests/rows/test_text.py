"""
Text is UTF-8: row FR06 of the reliability catalogue.
"""

from __future__ import annotations

from tests.rows.ending import PAYLOAD, EndingTestCase
from tests.rows.raw import BINARY, CONTINUATION, PING, PONG, TEXT, frame

LETTERS = "é☃𝄞\x00\x7f\u0800\uffff\U0010ffff".encode()

#: Not UTF-8: what may not begin, overlong forms, surrogates, beyond Unicode, cut short.
BAD = [
    b"\xff\xfe",
    b"\x80",
    b"\xbf",
    b"\xc0\xaf",
    b"\xc1\x80",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf",
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x81\xed\xb0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"ok\xc3",
    b"ok\xe2\x98",
    b"ok\xf0\x9d\x84",
    b"\xc3(",
    b"\xe2\x98(",
    b"\xe2(\x83",
    b"\xf0\x9d\x84(",
]


class TextTests(EndingTestCase):
    """
    Text is UTF-8 (FR06).
    """

    def test_invalid(self) -> None:
        """
        What is not UTF-8 is 1007, in one frame or in two (FR06)
        """
        for wrong in BAD:
            self.ends(frame(TEXT, wrong), PAYLOAD)
            for cut in range(1, len(wrong)):
                self.ends(frame(TEXT, wrong[:cut], fin=False) + frame(CONTINUATION, wrong[cut:]), PAYLOAD)
        self.ends(frame(TEXT, b"a" * 300 + b"\xff" + b"a" * 300), PAYLOAD)

    def test_fast(self) -> None:
        """
        The first wrong byte counts, before the end of its frame or message (FR06)
        """
        for wrong in BAD:
            if wrong.startswith(b"ok"):
                continue  # may still become right
            self.ended(self.open().send(frame(TEXT, wrong, fin=False)), PAYLOAD)
            self.ended(self.open().send(frame(TEXT, b"a" * 200 + wrong, length=60000)), PAYLOAD)
            start = frame(TEXT, b"ok", fin=False) + frame(PING, b"p")
            peer = self.open().send(start + frame(CONTINUATION, wrong, length=1000))
            self.assertEqual(peer.receive(), (PONG, b"p"))
            self.ended(peer, PAYLOAD)

    def test_split(self) -> None:
        """
        Text may be split anywhere, in frames and in segments (FR06)
        """
        peer = self.open()
        for cut in range(len(LETTERS) + 1):
            peer.send(frame(TEXT, LETTERS[:cut], fin=False) + frame(CONTINUATION, LETTERS[cut:]))
            self.assertEqual(peer.receive(), (TEXT, LETTERS))
        parts = [frame(CONTINUATION, LETTERS[at : at + 1], fin=False) for at in range(len(LETTERS))]
        peer.trickle(frame(TEXT, fin=False) + b"".join(parts) + frame(CONTINUATION))
        self.assertEqual(peer.receive(), (TEXT, LETTERS))
        peer.trickle(frame(TEXT, LETTERS))
        self.assertEqual(peer.receive(), (TEXT, LETTERS))

    def test_binary(self) -> None:
        """
        Binary messages, pings and pongs may hold any bytes (FR06)
        """
        peer = self.open()
        for data in BAD:
            peer.send(frame(PONG, data) + frame(PING, data) + frame(BINARY, data[:1], fin=False))
            peer.send(frame(CONTINUATION, data[1:]))
            self.assertEqual([peer.receive(), peer.receive()], [(PONG, data), (BINARY, data)])
