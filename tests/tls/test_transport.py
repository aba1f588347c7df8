"""
Tests of L{balws.tls.transport}.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from OpenSSL.SSL import (
    TLS1_2_VERSION,
    TLS1_3_VERSION,
    TLS_CLIENT_METHOD,
    Connection,
    Context,
    Error,
    WantReadError,
)
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from balws.tls import transport as module
from balws.tls.vestibule import InFront
from tests.wire.secured import Below, Secured, certificate


class Owner(Protocol):
    """
    @ivar heard: the content of each read.
    @ivar then: what to do in each.
    @ivar atEnd: what to do at the end.
    """

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.then: Callable[[bytes], object] = lambda data: None
        self.atEnd: Callable[[], object] = lambda: None
        self.ended: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)
        self.then(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended = reason
        self.atEnd()


class Producer:
    """
    @ivar told: what it was told, letter by letter: to pause, to resume.
    """

    def __init__(self) -> None:
        self.told = ""

    def pauseProducing(self) -> None:
        """
        Too much waits.
        """
        self.told += "p"

    def resumeProducing(self) -> None:
        """
        Nothing does.
        """
        self.told += "r"


class Between:
    """
    OpenSSL's connection, some of whose methods are other ones.
    """

    def __init__(self, connection: Any, **others: Any) -> None:
        self._connection = connection
        self.__dict__.update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class TransportTestCase(SynchronousTestCase):
    """
    An owner on TLS whose handshake is complete.
    """

    version = TLS1_3_VERSION

    def setUp(self) -> None:
        self.clock = Clock()
        self.owner = Owner()
        self.secured = Secured(Factory.forProtocol(lambda: self.owner), self.clock, self.version)  # type: ignore[arg-type]
        self.below, self.tls = self.secured.below, self.secured.tls
        self.below.writes = 0

    def heard(self) -> bytes:
        """
        @return: what the client has got since the last time, without that any time passes.
        """
        self.secured.hear()
        heard, self.secured.heard = self.secured.heard, b""
        return heard

    def read(self, *contents: bytes) -> None:
        """
        Each is in a record of its own, and all in one read.
        """
        self.tls.dataReceived(self.secured.sealed(*contents))

    def end(self) -> None:
        """
        TCP ends, and nothing is left.
        """
        self.below.lose(ConnectionDone())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.flushLoggedErrors(), [])


class PromptTests(TransportTestCase):
    """
    When what is written leaves.
    """

    def test_oneRead(self) -> None:
        """
        What is written while a read is handled leaves at its end, with one write, whoever the
        owner is.
        """
        for prompt in (False, True):
            self.tls.prompt = prompt
            self.owner.heard.clear()
            before = self.below.writes

            def answer(data: bytes) -> None:
                self.tls.write(b"1")
                self.tls.writeSequence([b"2", b"3"])
                self.tls.write(b"")
                self.assertEqual(self.below.written, b"")

            self.owner.then = answer
            self.read(b"question")
            self.assertEqual((self.below.writes - before, self.heard()), (1, b"123"))
            self.assertEqual(self.clock.getDelayedCalls(), [])
        self.end()

    def test_prompt(self) -> None:
        """
        At any other time a wire's writes leave at once, each by itself.
        """
        self.tls.prompt = True
        for number, data in enumerate((b"1", b"23", bytes(50_000)), 1):
            self.tls.write(data)
            self.assertEqual((self.below.writes, self.heard()), (number, data))
        self.tls.writeSequence([b"4", b"5"])
        self.assertEqual((self.below.writes, self.heard()), (4, b"45"))
        self.end()

    def test_notPrompt(self) -> None:
        """
        Another owner's leave together in the next round of the reactor.
        """
        for _ in range(2):
            self.below.writes = 0
            self.tls.write(b"1")
            self.tls.writeSequence([b"2", b"3"])
            self.assertEqual((len(self.clock.getDelayedCalls()), self.below.writes), (1, 0))
            self.clock.advance(0)
            self.assertEqual((self.below.writes, self.heard()), (1, b"123"))
        self.end()

    def test_order(self) -> None:
        """
        When the owner changes, what the first one had written goes in front.
        """
        self.tls.write(b"1")
        self.tls.prompt = True
        self.tls.write(b"2")
        self.assertEqual((self.below.writes, self.heard()), (1, b"12"))
        self.tls.write(b"3")
        self.assertEqual(self.heard(), b"3")
        self.clock.advance(0)
        self.assertEqual(self.heard(), b"")
        self.end()

    def test_bound(self) -> None:
        """
        What is gathered is 64 KiB at most; of more, all is sent.
        """
        for more, left in ((-1, 0), (0, 0), (1, 65537)):

            def answer(data: bytes, more: int = more) -> None:
                self.tls.write(bytes(65535))
                self.tls.write(bytes(1 + more))
                self.sent = len(self.heard())

            self.owner.then = answer
            self.read(b"question")
            self.assertEqual(self.sent, left, more)
            self.assertEqual(self.sent + len(self.heard()), 65536 + more)
        self.end()

    def test_types(self) -> None:
        """
        Whoever writes what is no bytes learns it at once; of what can change a copy is sent.
        """
        for prompt in (True, False):
            self.tls.prompt = prompt
            self.assertRaises(TypeError, self.tls.write, "text")
            self.assertRaises(TypeError, self.tls.writeSequence, ["text"])
        data = bytearray(b"before")
        self.tls.write(data)
        data[:] = b"behind"
        self.clock.advance(0)
        self.assertEqual(self.heard(), b"before")
        self.end()

    def test_error(self) -> None:
        """
        What was written before the owner failed is sent.
        """

        def answer(data: bytes) -> None:
            self.tls.write(b"1")
            raise ZeroDivisionError

        self.owner.then = answer
        self.assertRaises(ZeroDivisionError, self.read, b"question")
        self.assertEqual(self.heard(), b"1")
        self.owner.then = lambda data: None
        self.tls.prompt = True
        self.tls.write(b"2")
        self.assertEqual(self.heard(), b"2")
        self.end()


class CorkTests(TransportTestCase):
    """
    Writes that belong together.
    """

    def test_cork(self) -> None:
        """
        They are sent with one write, in one record; and those behind them each by itself.
        """
        for prompt in (True, False):
            self.tls.prompt = prompt
            self.below.writes = 0
            self.tls.cork()
            self.tls.write(b"1" * 100)
            self.tls.writeSequence([b"2" * 100, b"3" * 100])
            self.clock.advance(1)
            self.assertEqual(self.below.writes, 0)
            self.tls.uncork()
            self.assertEqual(self.below.writes, 1)
            self.assertLess(len(self.below.written), 350)
            self.assertEqual(self.heard(), b"1" * 100 + b"2" * 100 + b"3" * 100)
            self.assertEqual(self.clock.getDelayedCalls(), [])
        self.tls.prompt = True
        self.tls.write(b"4")
        self.assertEqual(self.heard(), b"4")
        self.end()

    def test_nothing(self) -> None:
        """
        Where nothing is written nothing is sent.
        """
        self.tls.cork()
        self.tls.uncork()
        self.assertEqual(self.below.writes, 0)
        self.end()

    def test_behind(self) -> None:
        """
        What waits for the next round of the reactor goes with them.
        """
        self.tls.write(b"1")
        self.tls.cork()
        self.clock.advance(0)
        self.tls.write(b"2")
        self.assertEqual(self.below.writes, 0)
        self.tls.uncork()
        self.assertEqual((self.below.writes, self.heard()), (1, b"12"))
        self.end()

    def test_inRead(self) -> None:
        """
        While a read is handled they leave at its end, with everything else.
        """

        def answer(data: bytes) -> None:
            self.tls.cork()
            self.tls.write(b"1")
            self.tls.uncork()
            self.tls.write(b"2")
            self.assertEqual(self.below.writes, 0)

        self.owner.then = answer
        self.read(b"question")
        self.assertEqual((self.below.writes, self.heard()), (1, b"12"))
        self.end()

    def test_readWhile(self) -> None:
        """
        A read that ends in between sends nothing of them.
        """
        self.tls.cork()
        self.owner.then = self.tls.write
        self.read(b"1")
        self.assertEqual(self.below.writes, 0)
        self.tls.uncork()
        self.assertEqual(self.heard(), b"1")
        self.end()

    def test_bound(self) -> None:
        """
        Of more than 64 KiB all is sent at once.
        """
        for more, sent in ((-1, 0), (0, 0), (1, 65537)):
            self.tls.cork()
            self.tls.write(bytes(65535))
            self.tls.write(bytes(1 + more))
            self.assertEqual(len(self.heard()), sent)
            self.tls.uncork()
            self.assertEqual(len(self.heard()), 65536 + more - sent)
        self.end()


class RecordTests(TransportTestCase):
    """
    Records of every size, cut anywhere.
    """

    def test_cuts(self) -> None:
        """
        However records are cut by the reads, their content arrives, once, in order, and as
        soon as it is whole.
        """
        random = Random(8446)
        for _ in range(60):
            contents = [
                random.randbytes(random.choice((1, 2, 70, 300, 5000, 16384))) for _ in range(random.randrange(1, 8))
            ]
            ends, sealed = [], b""
            for content in contents:
                sealed += self.secured.sealed(content)
                ends.append((len(sealed), content))
            at = 0
            self.owner.heard.clear()
            while at < len(sealed):
                stop = min(at + random.choice((1, 3, 5, 6, 90, 4096, 4097, 30000)), len(sealed))
                self.tls.dataReceived(sealed[at:stop])
                at = stop
                self.assertEqual(b"".join(self.owner.heard), b"".join(each for end, each in ends if end <= at))
        self.end()

    def test_together(self) -> None:
        """
        The content of records that come in one read is handed over in one piece.
        """
        for contents in ([b"1"], [b"1", b"2"], [b"%d" % number for number in range(100)]):
            self.owner.heard.clear()
            self.read(*contents)
            self.assertEqual(self.owner.heard, [b"".join(contents)])
        self.end()

    def test_pieces(self) -> None:
        """
        OpenSSL gets a read in pieces, larger ones only of a read that is large: what it has
        buffered once it never gives back.
        """
        written: list[int] = []
        connection = self.tls._tlsConnection

        def bioWrite(data: Any) -> None:
            written.append(len(data))
            connection.bio_write(data)

        self.tls._tlsConnection = Between(connection, bio_write=bioWrite)
        small, large = module.PIECE, module.LARGE_PIECE
        for size, most in ((small, small), (small + 1, small), (large - 1, small), (large, large), (5 * large, large)):
            written.clear()
            content = Random(size).randbytes(min(size - 22, 16384))
            sealed = self.secured.sealed(content)
            while len(sealed) < size:
                sealed += self.secured.sealed(b"x" * min(size - len(sealed), 16000))
            self.owner.heard.clear()
            for start in range(0, len(sealed), size):
                self.tls.dataReceived(sealed[start : start + size])
            self.assertEqual((written[0], max(written), sum(written)), (most, most, len(sealed)))
            self.assertEqual(b"".join(self.owner.heard)[: len(content)], content)
            self.assertLessEqual(max(map(len, self.owner.heard)), 16384 + most)
        self.end()

    def test_noQuestion(self) -> None:
        """
        OpenSSL is asked for content no more often than there is some, and not for answers of
        its own.
        """
        asked: list[str] = []
        connection = self.tls._tlsConnection

        def recv(size: int) -> Any:
            asked.append("content")
            return connection.recv(size)

        def bioRead(size: int) -> Any:
            asked.append("answer")
            return connection.bio_read(size)

        self.tls._tlsConnection = Between(connection, recv=recv, bio_read=bioRead)
        self.read(b"1")
        self.read(b"2", b"3")
        self.assertEqual((asked, self.owner.heard), (["content"] * 3, [b"1", b"23"]))
        for cut in (3, 5, 10):
            asked.clear()
            self.owner.heard.clear()
            sealed = self.secured.sealed(b"4")
            self.tls.dataReceived(sealed[:cut])
            self.tls.dataReceived(sealed[cut:])
            self.assertEqual((asked, self.owner.heard), (["content"] * 2, [b"4"]), cut)
        self.end()

    def test_unknown(self) -> None:
        """
        Behind what is no record nobody knows where one begins: OpenSSL is asked until it has
        nothing.
        """
        self.assertEqual(self.tls._follow(b"\x80\x2e\x01\x03\x03"), -1)
        self.read(b"1", b"2")
        self.read(b"3")
        self.assertEqual((self.owner.heard, self.tls._left), ([b"12", b"3"], -1))
        self.end()

    def test_lookalike(self) -> None:
        """
        A part of a record that looks like one is none.
        """
        random, found = Random(23), None
        while found is None:
            sealed = self.secured.sealed(random.randbytes(3000))
            for at in range(10, len(sealed) - 10):
                length = sealed[at + 3] << 8 | sealed[at + 4]
                if sealed[at] == 23 and at + 5 + length < len(sealed):
                    found = at, at + 5 + length
            if found is None:
                self.tls.dataReceived(sealed)
        for start, stop in ((0, found[0]), found, (found[1], len(sealed))):
            self.tls.dataReceived(sealed[start:stop])
        self.assertEqual((self.tls._left, self.tls._head), (0, b""))
        self.owner.heard.clear()
        self.read(b"1", b"2")
        self.assertEqual(self.owner.heard, [b"12"])
        self.end()

    def test_long(self) -> None:
        """
        What is written arrives, however many records it takes; each is as large as can be.
        """
        self.tls.prompt = True
        for size in (1, 16383, 16384, 16385, 65536, 131072, 131073, 1_000_000):
            data = Random(size).randbytes(size)
            self.tls.write(data)
            self.assertEqual(self.heard(), data)
        self.assertEqual(self.below.writes, 1 + 1 + 1 + 1 + 1 + 1 + 2 + 8)
        self.end()

    def test_smallRecords(self) -> None:
        """
        So it does where the peer wants small records (RFC 6066 section 4).
        """
        connection = self.tls._tlsConnection
        self.tls._tlsConnection = Between(connection, send=lambda data: connection.send(bytes(data[:512])))
        self.tls.prompt = True
        for size in (1, 512, 513, 40_000):
            data = Random(size).randbytes(size)
            self.tls.write(data)
            self.assertEqual(self.heard(), data)
        self.end()

    def test_own(self) -> None:
        """
        What OpenSSL has to say itself goes in front, and nothing is left behind, however much
        it is.
        """
        self.tls.prompt = True
        for size in (1, 83, 84, 85, 1000, 16000):
            self.tls._tlsConnection.send(b"x" * size)
            self.tls.write(b"y")
            self.assertEqual(self.heard(), b"x" * size + b"y")
        self.end()


class OldRecordTests(RecordTests):
    """
    The same with TLS 1.2.
    """

    version = TLS1_2_VERSION

    def test_asksAgain(self) -> None:
        """
        A peer that wants another handshake in the middle is told at once that there is none.
        """
        self.tls.prompt = True
        client = self.secured._client
        client.renegotiate()
        self.assertRaises(WantReadError, client.do_handshake)
        self.tls.dataReceived(client.bio_read(65536))
        self.assertEqual(self.below.writes, 1)
        client.bio_write(self.below.take())
        problem = self.assertRaises(Error, client.do_handshake)
        self.assertEqual([each[-1] for each in problem.args[0]], ["no renegotiation"])
        self.end()


class PressureTests(TransportTestCase):
    """
    Peers that do not keep up.
    """

    def test_below(self) -> None:
        """
        The producer is told what the transport below holds.
        """
        producer = Producer()
        self.tls.registerProducer(producer, True)
        self.tls.prompt = True
        self.below.peerReads = False
        self.tls.write(bytes(65000))
        self.assertEqual(producer.told, "")
        self.tls.write(bytes(1000))
        self.assertEqual(producer.told, "p")
        self.below.drain()
        self.assertEqual(producer.told, "pr")
        self.end()

    def test_cannotWrite(self) -> None:
        """
        While OpenSSL must read before it can write, writes wait in order, and the producer
        with them; none overtakes them.
        """
        producer = Producer()
        self.tls.registerProducer(producer, True)
        self.tls.prompt = True
        connection = self.tls._tlsConnection
        room = 20_000

        def send(data: Any) -> int:
            nonlocal room
            if not room:
                raise WantReadError
            taken: int = connection.send(bytes(data[:room]))
            room -= taken
            return taken

        self.tls._tlsConnection = Between(connection, send=send)
        data = Random(1).randbytes(30_000)
        self.tls.write(data)
        self.assertEqual((producer.told, self.heard()), ("p", data[:20_000]))
        room = 5000
        self.tls.write(b"then")
        self.assertEqual(self.heard(), b"")
        self.read(b"x")
        self.assertEqual((producer.told, self.heard(), self.owner.heard), ("p", data[20_000:25_000], [b"x"]))
        room = 100_000
        self.read(b"y")
        self.assertEqual((producer.told, self.heard(), self.owner.heard), ("pr", data[25_000:] + b"then", [b"x", b"y"]))
        self.end()


class EndTests(TransportTestCase):
    """
    How it ends.
    """

    def test_lose(self) -> None:
        """
        What was written before the owner asks for the end goes in front of TLS's own
        good-bye, and nothing behind it.
        """
        self.tls.write(b"1")
        self.tls.loseConnection()
        self.tls.write(b"2")
        self.clock.advance(0)
        self.assertEqual((self.heard(), self.secured.ended, self.below.calls), (b"1", True, []))
        self.tls.dataReceived(self.secured.farewell())
        self.assertEqual(self.below.calls, ["lose"])
        self.end()

    def test_producer(self) -> None:
        """
        A producer may go on until it is unregistered; all of it is sent.
        """
        self.tls.registerProducer(Producer(), True)
        self.tls.write(b"1")
        self.tls.loseConnection()
        self.tls.write(b"2")
        self.assertEqual((self.heard(), self.secured.ended), (b"1", False))
        self.tls.unregisterProducer()
        self.assertEqual((self.heard(), self.secured.ended), (b"2", True))
        self.end()

    def test_corked(self) -> None:
        """
        The end waits for no L{module.Transport.uncork}.
        """
        self.tls.cork()
        self.tls.write(b"1")
        self.tls.loseConnection()
        self.assertEqual((self.heard(), self.secured.ended), (b"1", True))
        self.tls.uncork()
        self.end()

    def test_abort(self) -> None:
        """
        An abort throws away what was not yet sent, and what comes.
        """
        self.tls.registerProducer(Producer(), True)

        def answer(data: bytes) -> None:
            self.tls.write(data)
            self.tls.abortConnection()
            self.tls.write(data)

        self.owner.then = answer
        self.read(b"question")
        self.read(b"1", b"2")
        self.assertEqual((self.heard(), self.owner.heard, self.below.calls), (b"", [b"question"], ["abort"]))
        self.end()

    def test_abortSaysNothing(self) -> None:
        """
        An abort does not say good-bye: the peer would believe that it has got everything.
        """
        self.below.__class__ = type("Prompt", (Below,), {"prompt": True})
        self.tls.abortConnection()
        self.assertFalse(self.below.prompt)  # type: ignore[attr-defined]
        self.end()

    def test_abortAtOnce(self) -> None:
        """
        The connection may be gone within the call.
        """
        self.patch(self.below, "abortConnection", lambda: self.below.lose(ConnectionDone()))
        sealed = self.secured.sealed(b"1") + self.secured.sealed(bytes(40_000)) + self.secured.farewell()

        def answer(data: bytes) -> None:
            self.tls.write(data)
            self.tls.abortConnection()

        self.owner.then = answer
        self.tls.dataReceived(sealed)
        self.assertEqual((self.below.writes, len(self.owner.heard)), (1, 1))
        self.assertIsNotNone(self.owner.ended)
        self.end()

    def test_abortInHandshake(self) -> None:
        """
        Also when the handshake has just been completed.
        """
        owner = Owner()
        directlyProvides(owner, IHandshakeListener)

        def handshakeCompleted() -> None:
            transport: Any = owner.transport
            transport.abortConnection()

        owner.handshakeCompleted = handshakeCompleted  # type: ignore[attr-defined]
        below = Below()
        self.patch(below, "abortConnection", lambda: below.lose(ConnectionDone()))
        tls: Any = InFront(certificate().options(), Factory.forProtocol(lambda: owner), self.clock).buildProtocol(None)  # type: ignore[arg-type]
        below.protocol = tls
        tls.makeConnection(below)
        client = Connection(Context(TLS_CLIENT_METHOD))
        client.set_connect_state()
        self.assertRaises(WantReadError, client.do_handshake)
        tls.dataReceived(client.bio_read(65536))
        client.bio_write(below.take())
        client.do_handshake()
        client.send(b"early")
        tls.dataReceived(client.bio_read(65536))
        self.assertIsNotNone(owner.ended)
        self.assertEqual((owner.heard, self.clock.getDelayedCalls()), ([], []))

    def test_abortLater(self) -> None:
        """
        So does one while something waits for the reactor.
        """
        self.tls.write(b"1")
        self.tls.abortConnection()
        self.clock.advance(0)
        self.assertEqual(self.heard(), b"")
        self.end()

    def test_abortInPieces(self) -> None:
        """
        One in the middle of a large read throws away the rest of that.
        """
        self.owner.then = lambda data: self.tls.abortConnection()
        self.read(*[bytes(1000)] * 100)
        self.assertEqual(len(self.owner.heard), 1)
        self.end()

    def test_lost(self) -> None:
        """
        When TCP is gone nothing waits any more, and who writes then is not heard.
        """
        self.tls.write(b"1")
        self.owner.atEnd = lambda: self.tls.write(b"2")
        self.end()
        self.tls.write(b"3")
        self.tls.uncork()
        self.assertEqual((self.clock.getDelayedCalls(), self.below.writes), ([], 0))
        self.assertIsNotNone(self.owner.ended)

    def test_lastWords(self) -> None:
        """
        What the peer says before its good-bye, in the same read, is heard and answered; then
        we say it, too.
        """
        self.owner.then = self.tls.write
        self.tls.dataReceived(self.secured.sealed(b"last") + self.secured.farewell())
        self.assertEqual((self.owner.heard, self.heard(), self.secured.ended), ([b"last"], b"last", True))
        self.assertEqual(self.below.calls, ["lose"])
        self.end()

    def test_farewell(self) -> None:
        """
        A good-bye alone is answered.
        """
        self.tls.prompt = True
        self.tls.dataReceived(self.secured.farewell())
        self.secured.hear()
        self.assertEqual((self.secured.ended, self.below.calls), (True, ["lose"]))
        self.end()

    def test_damaged(self) -> None:
        """
        A record that was changed ends the connection; what came before it is heard, and the
        owner learns why.
        """
        sealed = bytearray(self.secured.sealed(b"1", b"2"))
        sealed[-1] ^= 1
        self.tls.dataReceived(bytes(sealed))
        self.assertEqual((self.owner.heard, self.below.calls), ([b"1"], ["lose"]))
        self.end()
        assert self.owner.ended is not None
        self.assertIsInstance(self.owner.ended.value, Error)

    def test_noRecord(self) -> None:
        """
        So does what is no record at all, wherever it stands, however it is cut.
        """
        for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 50, b"\x17\xff\xff\xff\xff" + b"x" * 50):
            for cut in range(1, 8):
                self.setUp()
                self.tls.dataReceived(self.secured.sealed(b"1") + nonsense[:cut])
                self.tls.dataReceived(nonsense[cut:])
                self.tls.dataReceived(b"more")
                self.assertEqual((self.owner.heard, self.below.calls), ([b"1"], ["lose"]))
                self.end()

    def test_sendFails(self) -> None:
        """
        When OpenSSL cannot go on in the middle of a write, what it has sealed is sent, and the
        connection ends.
        """
        connection = self.tls._tlsConnection
        left = [20_000]

        def send(data: Any) -> int:
            if not left:
                raise Error([("SSL routines", "", "broken")])
            return connection.send(bytes(data[: left.pop()]))

        self.tls._tlsConnection = Between(connection, send=send)
        self.tls.prompt = True
        self.tls.write(bytes(30_000))
        self.assertEqual((self.heard(), self.below.calls), (bytes(16384), ["lose"]))
        self.tls.write(b"more")
        self.end()
        assert self.owner.ended is not None
        self.assertIn("broken", str(self.owner.ended.value))
