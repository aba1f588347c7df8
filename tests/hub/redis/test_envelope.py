"""
Tests of L{balws.hub.redis.envelope}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.hub.broker import Verb
from balws.hub.redis import envelope
from balws.hub.redis.envelope import Envelope, Kind, body, head, message, presence, read

SENDER = bytes(range(16))


class ReadTests(SynchronousTestCase):
    """
    What lies in Redis.
    """

    def test_layout(self) -> None:
        """
        Version, kind, sender, number, body: so nodes of later versions know it.
        """
        data = Envelope(Kind.BINARY, SENDER, 258, b"\xff").data()
        self.assertEqual(data, b"\x01\x02" + SENDER + b"\0\0\0\0\0\0\x01\x02" + b"\xff")
        self.assertEqual(read(data), Envelope(Kind.BINARY, SENDER, 258, b"\xff"))

    @given(st.sampled_from(Kind), st.binary(min_size=16, max_size=16), st.integers(0, 2**64 - 1), st.binary())
    def test_roundTrip(self, kind: Kind, sender: bytes, number: int, content: bytes) -> None:
        """
        What was written is read.
        """
        found = Envelope(kind, sender, number, content)
        self.assertEqual(read(found.data()), found)

    def test_strange(self) -> None:
        """
        Another version, an unknown kind, and what is too short are no envelopes.
        """
        data = head(Kind.TEXT, SENDER, 1)
        self.assertIsNotNone(read(data))
        for other in (b"", data[:-1], b"\x02" + data[1:], b"\x01\x00" + data[2:], b"\x01\x0c" + data[2:]):
            self.assertIsNone(read(other))

    def test_long(self) -> None:
        """
        Nothing is longer than the limit.
        """
        self.patch(envelope, "MAX_SIZE", 30)
        data = head(Kind.TEXT, SENDER, 1)
        for size, isRead in ((29, True), (30, True), (31, False)):
            self.assertEqual(read(data.ljust(size, b"x")) is not None, isRead)

    @given(st.binary(max_size=200))
    def test_garbage(self, data: bytes) -> None:
        """
        Whatever comes, nothing is raised, by what reads the body either.
        """
        for content in (data, b"\x01" + data, head(Kind.TEXT, SENDER, 1) + data):
            found = read(content)
            if found is not None:
                found.message(), found.presence(), found.addressed(), found.stored()


class BodyTests(SynchronousTestCase):
    """
    What the kinds hold.
    """

    def test_message(self) -> None:
        """
        Text has to be UTF-8, binary data may be anything, other kinds have none.
        """
        for kind in (Kind.TEXT, Kind.STORED_TEXT):
            found = message(kind, "ä".encode())
            assert found is not None
            self.assertEqual((found.payload, found.isBinary), ("ä".encode(), False))
            self.assertIsNone(message(kind, b"\xff"))
            self.assertIsNone(message(kind, b"\xed\xa0\x80"))
        for kind in (Kind.BINARY, Kind.STORED_BINARY):
            found = message(kind, b"\xff")
            assert found is not None
            self.assertEqual((found.payload, found.isBinary), (b"\xff", True))
        self.assertIsNone(message(Kind.JOIN, b""))

    def test_verbs(self) -> None:
        """
        Kinds of messages mean delivering; others nothing of that sort.
        """
        verbs = {kind: kind.verb for kind in Kind if kind.verb is not None}
        deliver = dict.fromkeys((Kind.TEXT, Kind.BINARY, Kind.STORED_TEXT, Kind.STORED_BINARY), Verb.DELIVER)
        self.assertEqual(verbs, {**deliver, Kind.REMOVE: Verb.REMOVE, Kind.CLOSE: Verb.CLOSE})

    def test_addressed(self) -> None:
        """
        Name, fence and payload; a name that is longer than what is there is none.
        """
        content = b"\0\0\0\0\0\0\0\x07" + body("ä\ud800") + b"rest"
        found = Envelope(Kind.TEXT, SENDER, 1, content)
        self.assertEqual(found.addressed(), ("ä\ud800", 7, b"rest"))
        for end in (0, 11, 12, len(content) - 5):
            self.assertIsNone(Envelope(Kind.TEXT, SENDER, 1, content[:end]).addressed())
        self.assertEqual(Envelope(Kind.TEXT, SENDER, 1, content[:-4]).addressed(), ("ä\ud800", 7, b""))

    def test_stored(self) -> None:
        """
        Epoch and time come before the payload.
        """
        content = b"0123456789abcdef" + b"\0\0\0\0\0\0\x01\0" + b"rest"
        self.assertEqual(Envelope(Kind.STORED_TEXT, SENDER, 1, content).stored(), ("0123456789abcdef", 256, b"rest"))
        for other in (content[:23], b"\xff" + content[1:], b"." + content[1:]):
            self.assertIsNone(Envelope(Kind.STORED_TEXT, SENDER, 1, other).stored())

    def test_presence(self) -> None:
        """
        A pair of an id and a value of JSON, and nothing else.
        """
        self.assertEqual(presence(b'["1", {"a": null}]'), ("1", {"a": None}))
        for data in (b"", b"1", b'"12"x', b'"ab"', b'{"a": 1, "b": 2}', b"[1, 2]", b'["1"]', b"\xff", b'"12'):
            self.assertIsNone(presence(data))
        for data in (b"[" * 100_000, b"[1, 2, 3]", b"9" * 10_000):
            self.assertIsNone(presence(data))
