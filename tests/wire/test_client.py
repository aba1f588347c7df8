"""
Tests of L{balws.wire.client}: what the client's role has of its own.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from balws.hub.message import Message
from balws.wire.client import ClientWire
from balws.wire.compression import accepted
from balws.wire.factory import ClientWireFactory
from balws.wire.frames import BINARY, CLOSE, FIN, PING, PONG, TEXT, header
from balws.wire.roster import Roster
from balws.wire.settings import LINGER, WireSettings
from balws.wire.speed import mask
from balws.wire.wheel import TimerWheel
from tests.rows.raw import frame as maskedFrame
from tests.wire.transports import Rig, Session, Transport, WireTestCase

ACCEPTED = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"


class ClientRig(Rig):
    """
    A client's wire between a transport and a session.
    """

    wire: Any

    def __init__(self, compressor: Any = None, **settings: Any) -> None:
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)
        self.roster = Roster()
        values = WireSettings(clock=self.clock, wheel=self.wheel, **{"pingInterval": 0, **settings})
        self.wire = ClientWireFactory(values, self.clock, self.roster).buildProtocol(None)
        self.roster.add(self.wire)
        self.transport = Transport()
        self.session = Session()
        self.transport.protocol = self.wire
        self.wire.makeConnection(self.transport)
        self.wire.open(self.session, compressor=compressor)
        assert self.transport.take() == b""
        self.session.seen.clear()

    def sent(self) -> list[tuple[int, bytes]]:
        """
        @return: first byte and payload of the frames that were written since the last
            time, all of which must be masked.
        """
        return [(first, payload) for first, payload, _ in self.keyed()]

    def keyed(self) -> list[tuple[int, bytes, bytes]]:
        """
        @return: as L{sent}, with the keys.
        """
        data = self.transport.take()
        found = []
        while data:
            assert data[1] & 0x80, "not masked"
            length, start = data[1] & 0x7F, 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10], "big"), 10
            key, payload = data[start : start + 4], data[start + 4 : start + 4 + length]
            assert len(payload) == length, "cut off"
            found.append((data[0], mask(payload, key), key))
            data = data[start + 4 + length :]
        return found


def plain(opcode: int, payload: bytes = b"", fin: bool = True) -> bytes:
    """
    @return: a server's frame.
    """
    return header((FIN if fin else 0) | opcode, len(payload)) + payload


class ClientWireTests(WireTestCase):
    """
    Masks, and who closes first.
    """

    def test_masked(self) -> None:
        """
        Every frame goes out masked, whatever its kind and size, each with another key.
        """
        rig = ClientRig()
        self.assertIsInstance(rig.wire, ClientWire)
        expected = []
        for size in (0, 1, 125, 126, 65535, 65536):
            rig.wire.sendText("a" * size)
            rig.wire.sendBinary(b"b" * size)
            expected += [(FIN | TEXT, b"a" * size), (FIN | BINARY, b"b" * size)]
        rig.wire.sendControl(PING, b"p")
        rig.read(plain(PING, b"q"))
        rig.wire.deliver(Message.of("to many"))
        rig.wire.deliver(Message.of(b"to many"))
        expected += [(FIN | PING, b"p"), (FIN | PONG, b"q"), (FIN | TEXT, b"to many"), (FIN | BINARY, b"to many")]
        sent = rig.keyed()
        self.assertEqual([each[:2] for each in sent], expected)
        self.assertEqual(len({key for _, _, key in sent}), len(sent))

    def test_keys(self) -> None:
        """
        Keys are of the system's random numbers: ten thousand differ as chance has it
        (RFC 6455 section 10.3).
        """
        rig = ClientRig()
        for _ in range(10000):
            rig.wire.sendText("")
        keys = [key for _, _, key in rig.keyed()]
        self.assertEqual(len(keys), 10000)
        self.assertGreater(len(set(keys)), 9990)

    def test_fragments(self) -> None:
        """
        Each frame of a long message has a key of its own.
        """
        rig = ClientRig(maxFrameSize=4)
        rig.wire.sendText("abcdefghi")
        sent = rig.keyed()
        self.assertEqual([each[:2] for each in sent], [(TEXT, b"abcd"), (0, b"efgh"), (FIN, b"i")])
        self.assertEqual(len({key for _, _, key in sent}), 3)

    def test_read(self) -> None:
        """
        Plain frames of every length form, whole and cut at every byte.
        """
        stream = b"".join(
            (
                plain(TEXT, "é".encode()),
                plain(PING, b"p"),
                plain(BINARY, b"x" * 125),
                plain(BINARY, b"y" * 126),
                plain(TEXT, b"on", fin=False),
                plain(PING),
                plain(0, b"e"),
                plain(TEXT),
            )
        )
        expected = ["é", b"x" * 125, b"y" * 126, "one", ""]
        for cut in range(len(stream) + 1):
            rig = ClientRig()
            rig.read(stream[:cut], stream[cut:])
            self.assertEqual(rig.session.seen, expected, cut)
            self.assertEqual(rig.sent(), [(FIN | PONG, b"p"), (FIN | PONG, b"")])
        for size in (65535, 65536):
            rig = ClientRig()
            rig.read(plain(BINARY, b"z" * size))
            self.assertEqual(rig.session.seen, [b"z" * size])

    def test_maskedByServer(self) -> None:
        """
        A server that masks breaks the protocol, in every length form (RFC 6455 section 5.1).
        """
        for size in (0, 1, 125, 126, 65536):
            for portions in (1, 100000):
                rig = ClientRig(maxFrameSize=70000)
                data = maskedFrame(TEXT, b"a" * size)
                rig.read(data[:portions], data[portions:])
                self.hasFailed(rig, 1002, "CorruptedFrameError")

    def test_limits(self) -> None:
        """
        A client has a server's limits: 1009 as soon as one is crossed.
        """
        for stream, settings in (
            (plain(TEXT, b"a" * 11)[:2], {"maxFrameSize": 10}),
            (plain(TEXT, b"a" * 10, fin=False) + plain(0, b"b")[:2], {"maxMessageSize": 10}),
            (plain(TEXT, fin=False) + plain(0, fin=False) * 3, {"maxFragments": 3}),
            (header(FIN | BINARY, 2**62), {}),
        ):
            rig = ClientRig(**settings)
            rig.read(stream)
            self.hasFailed(rig, 1009, "PayloadTooLargeError")

    def test_compressed(self) -> None:
        """
        A client that agreed on compression compresses what is worth it, and inflates.
        """
        rig = ClientRig(compressor=accepted(ACCEPTED))
        words = "so many words " * 40
        rig.wire.sendText(words)
        rig.wire.deliver(Message.of(words))
        rig.wire.sendText("few")
        (first, payload), (again, alone), (second, few) = rig.sent()
        self.assertEqual((first, again, second, few), (FIN | 0x40 | TEXT, FIN | 0x40 | TEXT, FIN | TEXT, b"few"))
        self.assertLess(len(payload), 60)
        rig.read(plain(0x40 | TEXT, payload), plain(0x40 | TEXT, alone))
        self.assertEqual(rig.session.seen, [words, words])

    def test_deliverSlow(self) -> None:
        """
        A server that does not read is watched also for what goes to many; after the end
        nothing is written.
        """
        rig = ClientRig(maxSendBuffer=1000)
        rig.transport.bufferSize = 100
        rig.transport.peerReads = False
        for _ in range(6):
            rig.wire.deliver(Message.of(b"a" * 200))
        self.assertEqual(len(rig.clock.getDelayedCalls()), 1)
        rig.clock.advance(10)
        self.assertEqual(rig.transport.calls, ["abort"])
        rig.wire.deliver(Message.of("late"))
        rig.lose()
        rig.wire.deliver(Message.of("later"))

    # Closing

    def test_serverCloses(self) -> None:
        """
        The answer goes out; TCP is the server's to close, for five seconds.
        """
        rig = ClientRig()
        rig.read(plain(CLOSE, b"\x0b\xb9bye"), plain(TEXT, b"late"))
        self.assertEqual(rig.sent(), [(FIN | CLOSE, b"\x0b\xb9")])
        self.assertEqual((rig.session.seen, rig.transport.calls), ([("closing", True)], []))
        self.assertTrue(rig.transport.reading)
        rig.lose()
        self.assertEqual(rig.session.seen[1:], [("ended", 3001, "bye")])
        self.assertEqual(rig.clock.getDelayedCalls(), [])

    def test_serverLingers(self) -> None:
        """
        A server that does not close TCP loses it.
        """
        rig = ClientRig()
        rig.wire.pauseReading()
        rig.wire.resumeReading()
        rig.read(plain(CLOSE))
        rig.clock.advance(LINGER - 0.1)
        self.assertEqual(rig.transport.calls, [])
        rig.clock.advance(0.1)
        self.assertEqual(rig.transport.calls, ["abort"])

    def test_weClose(self) -> None:
        """
        When the server has answered our close frame TCP is closed at once.
        """
        rig = ClientRig()
        rig.wire.sendClose(1000, b"")
        self.assertEqual(rig.sent(), [(FIN | CLOSE, b"\x03\xe8")])
        rig.read(plain(CLOSE, b"\x03\xe8"))
        self.assertEqual(rig.session.seen, [("closing", False), ("answered", 1000)])
        self.assertEqual(rig.transport.calls, ["lose"])

    def test_keepAlive(self) -> None:
        """
        A dead server is found in interval and timeout.
        """
        rig = ClientRig(pingInterval=30, pingTimeout=20)
        rig.clock.advance(30)
        ((first, token),) = rig.sent()
        self.assertEqual((first, len(token)), (FIN | PING, 4))
        rig.read(plain(PONG, token))
        rig.clock.pump([20, 10.2])
        self.assertEqual(len(rig.sent()), 1)
        rig.clock.advance(19.5)
        self.assertEqual(rig.transport.calls, [])
        rig.clock.advance(0.7)
        self.assertEqual(rig.transport.calls, ["abort"])
