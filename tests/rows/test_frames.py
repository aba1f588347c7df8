"""
The rows FR and SZ of the reliability catalogue, as raw bytes against twistd.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.rows.raw import BINARY, CLOSE, PING, PONG, TEXT, Peer, closing, frame, request
from tests.rows.serving import ServedTestCase

PROTOCOL, PAYLOAD, SIZE = 1002, 1007, 1009


class FrameTests(ServedTestCase):
    """
    What a peer may send, and what ends its connection.
    """

    def ends(self, data: bytes, *codes: int) -> None:
        """
        Check that this ends a connection: one close frame with one of the codes, then
        TCP, then exactly one call of onError.
        """
        peer = self.open().send(data)
        opcode, payload = peer.receive()
        self.assertEqual(opcode, CLOSE, data[:50])
        self.assertIn(int.from_bytes(payload[:2], "big"), codes, data[:50])
        self.assertEqual(peer.rest(), b"")
        peer.close()
        kind = "PayloadTooLargeError" if codes[0] == SIZE else "CorruptedFrameError"
        self.assertEqual(self.calls(), [["onError", kind]], data[:50])

    def test_masks(self) -> None:
        """
        FR02: a frame without a mask is 1002.
        """
        self.ends(frame(TEXT, b"x", masked=False), PROTOCOL)

    def test_reserved(self) -> None:
        """
        FR03, FR04: reserved bits and reserved opcodes are 1002, whatever length they claim.
        """
        for rsv in (1, 2, 4):
            self.ends(frame(TEXT, b"x", rsv=rsv), PROTOCOL)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            self.ends(frame(opcode, length=2**62), PROTOCOL)

    def test_lengths(self) -> None:
        """
        FR05: lengths over 2^63, and those not in their shortest form.
        """
        for length in (2**63, 2**64 - 1):
            self.ends(frame(BINARY, length=length), PROTOCOL, SIZE)
        self.ends(frame(TEXT, b"abc", form=126), PROTOCOL)
        self.ends(frame(TEXT, b"abc", form=127), PROTOCOL)
        self.ends(frame(BINARY, length=2**62), SIZE)

    def test_unicode(self) -> None:
        """
        FR06: text is UTF-8 as a whole, split wherever; what is not fails at once.
        """
        for wrong in (b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ok\xc3"):
            self.ends(frame(TEXT, wrong), PAYLOAD)
        self.ends(frame(TEXT, b"\xc3(", fin=False), PAYLOAD)
        letters = "é☃𝄞".encode()
        for cut in range(len(letters) + 1):
            peer = self.open().send(frame(TEXT, letters[:cut], fin=False) + frame(0, letters[cut:]))
            self.assertEqual(peer.receive(), (TEXT, letters))
        whole = frame(TEXT, letters)
        peer = self.open()
        for byte in whole:
            peer.send(bytes((byte,)))
            time.sleep(0.005)
        self.assertEqual(peer.receive(), (TEXT, letters))

    def test_fragments(self) -> None:
        """
        FR07: continuations continue something, control frames are whole and short.
        """
        self.ends(frame(0, b"x"), PROTOCOL)
        self.ends(frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), PROTOCOL)
        self.ends(frame(PING, fin=False), PROTOCOL)
        self.ends(frame(PING, b"a" * 126), PROTOCOL)

    def test_closeCodes(self) -> None:
        """
        FR08: codes that may be sent are echoed without words, others are 1002.
        """
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535):
            self.ends(closing(code), PROTOCOL)
        self.ends(frame(CLOSE, b"\x03"), PROTOCOL)
        self.ends(closing(1000, b"\xff"), PAYLOAD)
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
            peer = self.open().send(closing(code, b"bye"))
            self.assertEqual(peer.receive(), (CLOSE, code.to_bytes(2, "big")))
            self.assertEqual(peer.rest(), b"")
            self.assertEqual(self.calls(), [["onClose", code, "bye"]])
        peer = self.open().send(frame(CLOSE))
        self.assertEqual(peer.receive(), (CLOSE, b""))
        self.assertEqual((peer.rest(), self.calls()), (b"", [["onClose", 1005, ""]]))

    def test_afterClose(self) -> None:
        """
        FR09: what comes after a close frame is ignored.
        """
        peer = self.open().send(closing(1000) + frame(TEXT, b"late") + closing(1001))
        self.assertEqual(peer.receive(), (CLOSE, b"\x03\xe8"))
        self.assertEqual((peer.rest(), self.calls()), (b"", [["onClose", 1000, ""]]))

    def test_noAnswer(self) -> None:
        """
        FR11: when the service closes and the peer does not answer, TCP ends in time.
        """
        began = time.monotonic()
        peer = self.open().send(frame(TEXT, b"close"))
        self.assertEqual(peer.receive(), (CLOSE, b"\x0f\xa0enough"))
        self.assertEqual(peer.rest(), b"")
        self.assertTrue(0.4 < time.monotonic() - began < 4)
        self.assertEqual(self.calls(), [["onClose", 4000, "enough"]])

    def test_pings(self) -> None:
        """
        FR12: each ping has its pong, in order, in the midst of a message, too.
        """
        peer = self.open()
        payloads = [os.urandom(size) for size in (0, 1, 64, 125)]
        peer.send(frame(TEXT, b"a", fin=False) + b"".join(frame(PING, data) for data in payloads) + frame(0, b"b"))
        self.assertEqual([peer.receive() for _ in payloads], [(PONG, data) for data in payloads])
        self.assertEqual(peer.receive(), (TEXT, b"ab"))

    def test_portions(self) -> None:
        """
        FR15: a stream of bytes and chunks of ten thousand frames give the same messages.
        """
        stream = frame(TEXT, b"one") + frame(BINARY, b"two" * 50, fin=False) + frame(PING, b"p") + frame(0, b"three")
        expected = [(TEXT, b"one"), (PONG, b"p"), (BINARY, b"two" * 50 + b"three")]
        peer = self.open()
        for byte in stream:
            peer.send(bytes((byte,)))
        self.assertEqual([peer.receive() for _ in expected], expected)
        flood = self.open()
        frames = b"".join(frame(TEXT, b"%d" % number) for number in range(10000))
        for start in range(0, len(frames), 65536):
            flood.send(frames[start : start + 65536])
        for number in range(10000):
            self.assertEqual(flood.receive(), (TEXT, b"%d" % number))

    def test_resets(self) -> None:
        """
        FR17: a peer that resets in the midst of anything has one terminal call with 1006.
        """
        import socket
        import struct

        for begun in (b"", frame(TEXT, b"x", fin=False), frame(TEXT, b"abc")[:5], frame(BINARY, length=60000)):
            peer = self.open().send(begun)
            time.sleep(0.05)
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            for _ in range(20):
                if found := self.calls():
                    break
                time.sleep(0.05)
            self.assertEqual(found, [["onClose", 1006, ""]])


class SizeTests(ServedTestCase):
    """
    Sizes, counts, and memory.
    """

    def memory(self) -> int:
        """
        @return: resident bytes of the server.
        """
        return int(Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1]) * 4096

    def refused(self, peer: Peer) -> None:
        """
        1009, and TCP ends.
        """
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xf1"))
        self.assertEqual(peer.rest(), b"")

    def test_frames(self) -> None:
        """
        SZ01: a frame of maxFrameSize is delivered, one byte more is 1009.
        """
        for size in (65535, 65536):
            self.assertEqual(self.open().send(frame(BINARY, b"a" * size)).receive(), (BINARY, b"a" * size))
        self.refused(self.open().send(frame(BINARY, b"a" * 65537)))

    def test_messages(self) -> None:
        """
        SZ02: a message of maxMessageSize is delivered; 1009 comes when it is crossed, not
        at the end, and memory does not grow with what is claimed.
        """
        before = self.memory()
        full = [frame(BINARY, b"a" * 65536, fin=False)] + [frame(0, b"a" * 65536, fin=False)] * 15
        peer = self.open().send(b"".join(full) + frame(0))
        got = b""
        while len(got) < 1048576:
            got += peer.receive()[1]
        self.assertEqual(len(got), 1048576)
        self.refused(self.open().send(b"".join(full) + frame(0, b"a", fin=False)))
        self.assertLess(self.memory() - before, 8 * 1048576)

    def test_fragments(self) -> None:
        """
        SZ03: 1024 frames may be one message, empty ones counted; 1025 are 1009.
        """
        start, empty = frame(BINARY, fin=False), frame(0, fin=False)
        self.assertEqual(self.open().send(start + empty * 1022 + frame(0, b"x")).receive(), (BINARY, b"x"))
        self.refused(self.open().send(start + empty * 1024))

    def test_busy(self) -> None:
        """
        SZ11: while a method is busy a bounded number of messages waits, the transport is
        paused, and the order is kept.
        """
        before = self.memory()
        peer = self.open("/slow")
        payload = b"%05d" + b"a" * 10000
        sent = 0
        peer.socket.settimeout(0.5)
        try:
            while sent < 5000:
                peer.socket.sendall(frame(TEXT, payload % sent))
                sent += 1
        except TimeoutError:
            pass
        self.assertLess(sent, 5000)
        self.assertLess(self.memory() - before, 8 * 1048576)
        peer.socket.settimeout(5)
        for number in range(5):
            self.assertEqual(peer.receive(), (TEXT, payload % number))
        self.assertAlive()

    def test_slowReader(self) -> None:
        """
        SZ07, SZ08: a peer that sends echoes and pings and never reads is no longer read.
        """
        before = self.memory()
        for data in (frame(BINARY, b"a" * 60000), frame(PING, b"p" * 125) * 500):
            peer = self.open()
            peer.socket.settimeout(0.5)
            sent = 0
            try:
                while sent < 85 * 1048576:
                    peer.socket.sendall(data)
                    sent += len(data)
            except TimeoutError:
                pass
            self.assertLess(self.memory() - before, 8 * 1048576)
        self.assertAlive()

    def test_request(self) -> None:
        """
        A request is not kept with its connection: two thousand connections take little.
        """
        peers = [Peer(self.port).send(request(more=b"X-Pad: " + b"a" * 4000 + b"\r\n")) for _ in range(100)]
        for peer in peers:
            self.assertEqual(peer.status(), 101)
        before = self.memory()
        more = [Peer(self.port).send(request(more=b"X-Pad: " + b"a" * 4000 + b"\r\n")) for _ in range(500)]
        for peer in more:
            self.assertEqual(peer.status(), 101)
        self.assertLess((self.memory() - before) / 500, 6000)
        for peer in peers + more:
            peer.close()
