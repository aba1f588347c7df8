"""
What remote methods return: tables B1 to B7 of the inventory.
"""

from __future__ import annotations

import json

from tests.rows.raw import BINARY, CLOSE, PING, TEXT, closing, frame
from tests.rows.serving import ServedTestCase


class ValueTests(ServedTestCase):
    """
    What is returned is sent.
    """

    def test_values(self) -> None:
        """
        Text and XML as text, bytes as binary, everything else as JSON; None is nothing. A
        Deferred changes none of it (B1)
        """
        expected = {
            "text": (TEXT, "é☃𝄞".encode()),
            "empty text": (TEXT, b""),
            "bytes": (BINARY, b"\x00\xff"),
            "empty bytes": (BINARY, b""),
            "integer": (TEXT, b"7"),
            "large": (TEXT, b"9223372036854775808"),
            "float": (TEXT, b"0.5"),
            "true": (TEXT, b"true"),
            "list": (TEXT, b'[1,"a",null]'),
            "dictionary": (TEXT, '{"a":{"b":"é"}}'.encode()),
            "colour": (TEXT, b'"red"'),
            "element": (TEXT, '<order item="é" />'.encode()),
        }
        peer = self.open("/answers")
        for prefix in ("", "later "):
            for name, answer in expected.items():
                if prefix and name == "element":
                    continue
                peer.send(frame(TEXT, f"{prefix}nothing".encode()) + frame(TEXT, (prefix + name).encode()))
                self.assertEqual(peer.receive(), answer, prefix + name)
        peer.send(frame(TEXT, b"order") + frame(TEXT, b"decimal"))
        self.assertEqual(json.loads(peer.receive()[1])["item"], "tea")
        self.assertEqual(peer.receive(), (TEXT, b"1.50"))
        peer.send(frame(TEXT, b"remembered"))
        self.assertEqual(peer.receive(), (TEXT, b"done"))

    def test_written(self) -> None:
        """
        What a method writes itself arrives in order (A5.14)
        """
        peer = self.open("/answers").send(frame(BINARY, b"x"))
        self.assertEqual([peer.receive() for _ in range(3)], [(TEXT, b"1"), (BINARY, b"2"), (TEXT, b'{"3":"x"}')])

    def test_error(self) -> None:
        """
        A returned Error is a line in the log; the peer gets nothing, and the connection
        goes on (ruling 7)
        """
        peer = self.open("/answers").send(frame(TEXT, b"error") + frame(TEXT, b"later error") + frame(TEXT, b"integer"))
        self.assertEqual(peer.receive(), (TEXT, b"7"))
        self.assertEqual(self.logged().count("secret-xyz"), 2)
        self.assertEqual(self.calls(), [])

    def test_closeFrames(self) -> None:
        """
        A returned close frame closes, with its own code and words (B7)
        """
        for name, payload in (
            ("close", b"\x03\xe8"),
            ("later close", b"\x03\xe8"),
            ("away", b"\x03\xe9back soon"),
            ("policy", b"\x03\xf0Received message violates its policy"),
            ("custom", b"\x13\x87" + b"x" * 123),
        ):
            peer = self.open("/answers").send(frame(TEXT, name.encode()) + frame(TEXT, b"integer"))
            self.assertEqual(peer.receive(), (CLOSE, payload))
            code = int.from_bytes(payload[:2], "big")
            self.assertEqual(peer.send(closing(code)).rest(), b"")
            self.assertEqual(self.called(), [["onClose", code, payload[2:].decode()]])

    def test_illegal(self) -> None:
        """
        One whose code may not be sent drops the connection, and the log says why (B7)
        """
        peer = self.open("/answers").send(frame(TEXT, b"illegal"))
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.called(), [["onClose", 1006, ""]])
        self.assertIn("Failed to send close frame. Invalid status code: 1005", self.logged())


class StreamTests(ServedTestCase):
    """
    Methods that return generators.
    """

    def test_elements(self) -> None:
        """
        Each element is a message; at the end the connection is still there (B6)
        """
        peer = self.open("/answers").send(frame(TEXT, b"numbers"))
        self.assertEqual([peer.receive()[1] for _ in range(3)], [b"0", b"1", b"2"])
        peer.send(frame(TEXT, b"integer"))
        self.assertEqual(peer.receive(), (TEXT, b"7"))

    def test_between(self) -> None:
        """
        Messages, pings and other streams are answered while a stream goes on (B6)
        """
        peer = self.open("/answers").send(frame(TEXT, b"slowly"))
        self.assertEqual(peer.receive(), (TEXT, b"a"))
        peer.send(frame(TEXT, b"integer") + frame(PING, b"p") + frame(TEXT, b"numbers"))
        got = [peer.receive()[1] for _ in range(5)]
        self.assertCountEqual(got, [b"7", b"p", b"0", b"1", b"2"])
        self.release()
        rest = [peer.receive() for _ in range(3)]
        self.assertEqual([payload for _, payload in rest], [b"b", b'{"c":1}', b"d"])

    def test_left(self) -> None:
        """
        A stream ends with its connection, however that ends (ruling 7)
        """
        for end in ("close", "abort", "frame"):
            peer = self.open("/answers").send(frame(TEXT, b"endless"))
            self.assertEqual(peer.receive(), (TEXT, b"tick"))
            if end == "frame":
                peer.send(closing(1000))
                self.assertTrue(peer.rest().endswith(b"\x88\x02\x03\xe8"))
            else:
                getattr(peer, end)()
            calls = self.called(2)
            self.assertCountEqual(calls, [["stream over"], ["onClose", 1000 if end == "frame" else 1006, ""]])

    def test_closes(self) -> None:
        """
        A close frame among the elements closes, and is the last of them (B6)
        """
        peer = self.open("/answers").send(frame(TEXT, b"closes"))
        self.assertEqual([peer.receive(), peer.receive()], [(TEXT, b"last"), (CLOSE, b"\x0f\xa1streamed")])
        self.assertEqual(peer.send(closing(4001)).rest(), b"")

    def test_failing(self) -> None:
        """
        A stream that fails, or gives what cannot be sent, is 1011 with a fixed text and
        onError; what went before was sent (B6)
        """
        self.faults = True
        for name, error in ((b"broken", "ValueError"), (b"wrong", "TypeError")):
            peer = self.open("/answers").send(frame(TEXT, name))
            self.assertEqual(peer.receive(), (TEXT, b"1"))
            self.assertEqual(peer.receive(), (CLOSE, b"\x03\xf3streaming failed"))
            self.assertEqual(peer.rest(), b"")
            self.assertEqual(self.called(), [["onError", error]])
        self.assertIn("secret-xyz", self.logged())

    def test_errors(self) -> None:
        """
        An Error among the elements is 1011, too, and its text is in the log alone (B6)
        """
        peer = self.open("/answers").send(frame(TEXT, b"errs"))
        self.assertEqual([peer.receive(), peer.receive()], [(TEXT, b"last"), (CLOSE, b"\x03\xf3streaming failed")])
        self.assertEqual(peer.rest(), b"")
        self.assertEqual(self.called(), [["onError", "Error"]])
        self.assertIn("secret-xyz", self.logged())

    def test_forgotten(self) -> None:
        """
        A generator of Deferreds is 1011, and the log names what was forgotten (ruling 7)
        """
        peer = self.open("/answers").send(frame(TEXT, b"forgotten"))
        opcode, payload = peer.receive()
        self.assertEqual((opcode, payload[:2]), (CLOSE, b"\x03\xf3"))
        self.assertEqual(peer.rest(), b"")
        self.assertIn("inlineCallbacks", self.logged())
        self.assertEqual(len(self.called()), 1)


class RoomTests(ServedTestCase):
    """
    Broadcasts.
    """

    def test_broadcast(self) -> None:
        """
        Everybody connected to the service gets it, the sender too, and nobody else (A1.8)
        """
        peers = [self.open("/room") for _ in range(3)]
        stranger = self.open("/ws")
        peers[0].send(frame(TEXT, "é".encode()))
        self.assertEqual([peer.receive() for peer in peers], [(TEXT, "é".encode())] * 3)
        peers[2].close()
        self.assertEqual(self.called(), [["onClose", 1006, ""]])
        peers[1].send(frame(BINARY, b"1234"))
        got = [peer.receive() for peer in peers[:2]]
        self.assertEqual(got[0], got[1])
        self.assertEqual(json.loads(got[0][1])["size"], 4)
        self.assertTrue(stranger.quiet(0.1))
