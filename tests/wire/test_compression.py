"""
Tests of L{balws.wire.compression}.
"""

from __future__ import annotations

import zlib
from random import Random

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.compression import MEM_LEVEL, WINDOW_BITS, Deflate, accepted, agree
from balws.wire.settings import MIN_COMPRESSED
from tests.rows.raw import BINARY, PING, TEXT, frame
from tests.wire.transports import Rig, WireTestCase, compressing

TAIL = b"\0\0\xff\xff"

#: Compresses well, and better with what came before.
WORDS = " ".join(str(number * number) for number in range(60))


class Squeezer:
    """
    The client's side of an agreement.
    """

    def __init__(self, bits: int = 12, takeover: bool = True) -> None:
        self._bits = bits
        self._takeover = takeover
        self._begin()

    def _begin(self) -> None:
        self._compressor = zlib.compressobj(wbits=-self._bits)

    def squeeze(self, data: bytes) -> bytes:
        """
        @return: the payload of a message, as RFC 7692 section 7.2.1 has it.
        """
        payload = (self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        if not self._takeover:
            self._begin()
        return payload


class AcceptedTests(SynchronousTestCase):
    """
    A server's answer to our offer.
    """

    def test_windows(self) -> None:
        """
        We compress with our window, or the server's wish where it is smaller; we inflate
        with what the server says, or with the largest where it says nothing.
        """
        for answer, ours, theirs in (
            ("", 12, 15),
            ("; server_max_window_bits=12; client_max_window_bits=12", 12, 12),
            ("; client_max_window_bits=15", 12, 15),
            ("; client_max_window_bits=9; server_max_window_bits=8", 9, 9),
            ("; server_no_context_takeover; client_no_context_takeover", 12, 15),
        ):
            compressor = accepted(f"permessage-deflate{answer}")
            self.assertEqual((compressor.client_max_window_bits, compressor.server_max_window_bits), (ours, theirs))
            self.assertEqual(
                (compressor.client_no_context_takeover, compressor.server_no_context_takeover),
                ("client_no" in answer, "server_no" in answer),
            )

    def test_wrong(self) -> None:
        """
        What was not offered, or cannot be, is no answer.
        """
        for answer in (
            "x-webkit-deflate-frame",
            "permessage-deflate, permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=012",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; unknown",
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
        ):
            self.assertRaises(ValueError, accepted, answer)


class AgreeTests(SynchronousTestCase):
    """
    Offers and answers (RFC 7692 section 7.1).
    """

    def answer(self, offered: str) -> bytes | None:
        """
        @return: the answer's value.
        """
        agreed = agree(offered)
        return None if agreed is None else agreed[1]

    def test_offers(self) -> None:
        """
        The first offer that can be taken is; a client's window is only limited where the
        client says that it can, a server's where the client asks for it.
        """
        for offered, answer in (
            ("", None),
            (",", None),
            ("x-webkit-deflate-frame", None),
            ("permessage-deflate", ""),
            ("Permessage-Deflate", ""),
            ("permessage-deflate ; client_max_window_bits", "client_max_window_bits=12"),
            ("foo, permessage-deflate; client_max_window_bits", "client_max_window_bits=12"),
            ("permessage-deflate; client_max_window_bits=15", "client_max_window_bits=12"),
            ("permessage-deflate; client_max_window_bits=9", "client_max_window_bits=9"),
            ('permessage-deflate; client_max_window_bits="10"', "client_max_window_bits=10"),
            ("permessage-deflate; client_no_context_takeover", ""),
            ("permessage-deflate; server_no_context_takeover", "server_no_context_takeover"),
            ("permessage-deflate; server_max_window_bits=9", "server_max_window_bits=9"),
            ("permessage-deflate; server_max_window_bits=15", "server_max_window_bits=15"),
            (
                "permessage-deflate; server_max_window_bits=10; server_no_context_takeover; client_max_window_bits",
                "server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12",
            ),
            (
                "permessage-deflate; server_max_window_bits=10, permessage-deflate",
                "server_max_window_bits=10",
            ),
        ):
            expected = None if answer is None else "; ".join(["permessage-deflate", *filter(None, [answer])]).encode()
            self.assertEqual(self.answer(offered), expected, offered)

    def test_declined(self) -> None:
        """
        An offer with parameters that there are not is declined, and the next one looked at.
        """
        for wrong in (
            "unknown",
            "unknown=1",
            *(
                f"{side}_max_window_bits{value}"
                for side in ("server", "client")
                for value in (
                    "=7",
                    "=8",
                    "=16",
                    "=99",
                    "=0",
                    "=-9",
                    "=+9",
                    "=09",
                    "=1_0",
                    "=9.0",
                    "=x",
                    "=",
                    '=""',
                    "=９",
                )
            ),
            "server_max_window_bits",
            "client_max_window_bits=1" + "0" * 5000,
            "client_no_context_takeover=1",
            "server_no_context_takeover=true",
            "server_no_context_takeover; server_no_context_takeover",
            "client_max_window_bits; client_max_window_bits=10",
            "",
        ):
            self.assertIsNone(self.answer(f"permessage-deflate; {wrong}"), wrong)
            self.assertEqual(self.answer(f"permessage-deflate; {wrong}, permessage-deflate"), b"permessage-deflate")

    def test_manyOffers(self) -> None:
        """
        Sixteen extensions are looked at, and no more.
        """
        self.assertEqual(self.answer("foo, " * 15 + "permessage-deflate"), b"permessage-deflate")
        self.assertIsNone(self.answer("foo, " * 16 + "permessage-deflate"))

    def test_odd(self) -> None:
        """
        Whatever a client writes there, it is an agreement or none.
        """
        random = Random(7692)
        words = [
            "permessage-deflate",
            "server_max_window_bits",
            "=",
            ";",
            ",",
            '"',
            "10",
            " ",
            "é",
            "client_max_window_bits",
        ]
        for _ in range(2000):
            offered = "".join(random.choice(words) for _ in range(random.randrange(12)))
            answer = self.answer(offered)
            self.assertTrue(answer is None or answer.startswith(b"permessage-deflate"), offered)

    def test_received(self) -> None:
        """
        Compressed messages are inflated before they are handed over, whole or in parts,
        with what came before in their window.
        """
        rig, squeezer = compressing(), Squeezer()
        first, second = squeezer.squeeze(WORDS.encode()), squeezer.squeeze(WORDS.encode())
        self.assertLess(len(second), 20)
        rig.read(frame(TEXT, first, rsv=4))
        rig.read(frame(TEXT, second[:3], rsv=4, fin=False) + frame(PING) + frame(0, second[3:]))
        rig.read(frame(TEXT, b"plain"), frame(BINARY, squeezer.squeeze(b""), rsv=4))
        self.assertEqual(rig.session.seen, [WORDS, WORDS, "plain", b""])


def agreed(offer: str = "permessage-deflate; client_max_window_bits") -> Deflate:
    """
    @return: a server's end.
    """
    found = agree(offer)
    assert found is not None
    return found[0]


class InflatedTests(SynchronousTestCase):
    """
    Messages in one piece, and in parts, with no wire around them.
    """

    def inParts(self, deflate: Deflate, parts: list[bytes], limit: int) -> bytes:
        """
        @return: what Autobahn's state machine makes of the parts of a message.
        """
        deflate.start_decompress_message()
        content = b""
        for part in parts:
            content += deflate.decompress_message_data(part, limit - len(content))
        deflate.end_decompress_message()
        return content

    def test_limit(self) -> None:
        """
        A message may hold as much as the limit says, and not one byte more, however it comes.
        """
        data = WORDS.encode() * 200
        squeezed = Squeezer().squeeze(data)
        for size in (0, 1, 100, len(data)):
            payload = Squeezer().squeeze(data[:size])
            for limit in (size - 1, size, size + 1):
                if limit < 0:
                    continue
                for parts in (
                    [payload],
                    [payload[:7], payload[7:]],
                    [payload[at : at + 1] for at in range(len(payload))],
                ):
                    if limit < size:
                        self.assertRaises(PayloadExceededError, self.inParts, agreed(), parts, limit)
                    else:
                        self.assertEqual(self.inParts(agreed(), parts, limit), data[:size])
                if limit < size:
                    self.assertRaises(PayloadExceededError, agreed().inflated, payload, limit)
                else:
                    self.assertEqual(agreed().inflated(payload, limit), data[:size])
        self.assertRaises(PayloadExceededError, agreed().inflated, squeezed, 0)

    def test_bomb(self) -> None:
        """
        Of what is too large no more than one byte too many is ever made.
        """
        bomb = zlib.compressobj(9, wbits=-12)
        payload = (bomb.compress(bytes(50_000_000)) + bomb.flush(zlib.Z_SYNC_FLUSH))[:-4]
        self.assertLess(len(payload), 50_000)
        made: list[int] = []
        deflate = agreed()
        deflate.start_decompress_message()
        decompressor = deflate._decompressor

        class Watched:
            def decompress(self, data: bytes, most: int) -> bytes:
                content: bytes = decompressor.decompress(data, most)
                made.append(len(content))
                return content

        deflate._decompressor = Watched()
        self.assertRaises(PayloadExceededError, deflate.decompress_message_data, payload, 1000)
        self.assertEqual(made, [1001])

    def test_corrupt(self) -> None:
        """
        What is cut, has something behind its end, or is none at all, cannot be inflated.
        """
        whole = Squeezer().squeeze(WORDS.encode())
        ended = zlib.compressobj(wbits=-12)
        end = ended.compress(b"a") + ended.flush()
        wrong = [whole[:at] for at in range(len(whole))] + [end[:at] for at in range(len(end))]
        wrong += [end + b"b", end + b"\0\0", end + end, b"\0\4\0\xfb\xff", b"\xff" * 20, whole + b"\xff\xff"]
        for payload in wrong:
            self.assertRaises(PayloadCorruptError, agreed().inflated, payload, 10_000)
            for at in range(0, len(payload) + 1, 5):
                self.assertRaises(PayloadCorruptError, self.inParts, agreed(), [payload[:at], payload[at:]], 10_000)

    def test_window(self) -> None:
        """
        Each message may refer to those before it, as far back as was agreed and no further,
        in whatever sizes and parts they come.
        """
        random = Random(7)
        noise = random.randbytes(70_000)
        for bits in range(9, 16):
            deflate, squeezer = agreed(f"permessage-deflate; client_max_window_bits={bits}"), Squeezer(min(bits, 12))
            sent = b""
            for _ in range(150):
                size = random.choice((0, 1, 3, 60, 500, 5000))
                # Something that is near, or far, or new.
                at = random.choice((max(len(sent) - random.randrange(1, 6000), 0), random.randrange(60_000)))
                data = sent[at : at + size] if random.random() < 0.5 else noise[at : at + size]
                sent = (sent + data)[-70_000:]
                payload = squeezer.squeeze(data)
                if random.random() < 0.5:
                    self.assertEqual(deflate.inflated(payload, size), data)
                else:
                    cut = random.randrange(len(payload) + 1)
                    self.assertEqual(self.inParts(deflate, [payload[:cut], payload[cut:]], size), data)
                self.assertLessEqual(len(deflate._window), 1 << min(bits, 12))

    def test_largestWindow(self) -> None:
        """
        A client that cannot keep its window small has the largest.
        """
        deflate, squeezer = agreed("permessage-deflate"), Squeezer(15)
        noise = Random(15).randbytes(32_000)
        for _ in range(3):
            payload = squeezer.squeeze(noise)
            self.assertEqual(deflate.inflated(payload, 32_000), noise)
        self.assertLess(len(payload), 1000)

    def test_beyond(self) -> None:
        """
        A message that refers to more than there was is refused.
        """
        squeezer = Squeezer()
        squeezer.squeeze(WORDS.encode())
        self.assertRaises(PayloadCorruptError, agreed().inflated, squeezer.squeeze(WORDS.encode()), 10_000)

    def test_alone(self) -> None:
        """
        Where the messages of the other end stand alone nothing is kept of them, and one that
        does not is refused.
        """
        deflate = accepted("permessage-deflate; server_no_context_takeover; server_max_window_bits=12")
        squeezer = Squeezer()
        self.assertEqual(deflate.inflated(squeezer.squeeze(WORDS.encode()), 10_000), WORDS.encode())
        self.assertEqual(deflate._window, b"")
        self.assertRaises(PayloadCorruptError, deflate.inflated, squeezer.squeeze(WORDS.encode()), 10_000)

    def test_ended(self) -> None:
        """
        The message behind one that has ended its stream begins another.
        """
        deflate = agreed()
        for parts in (1, 2):
            ended = zlib.compressobj(wbits=-12)
            payload = ended.compress(WORDS.encode()) + ended.flush()
            cut = len(payload) // parts
            self.assertEqual(self.inParts(deflate, [payload[:cut], payload[cut:]], 10_000), WORDS.encode())
            self.assertEqual(deflate._window, b"")
            self.assertEqual(deflate.inflated(payload, 10_000), WORDS.encode())
            self.assertEqual(deflate.inflated(Squeezer().squeeze(WORDS.encode()), 10_000), WORDS.encode())


class RestTests(SynchronousTestCase):
    """
    Connections on which nothing is said for a while.
    """

    def test_sent(self) -> None:
        """
        The message behind a rest stands alone, the peer reads it as any other, and what comes
        then may refer to it.
        """
        for offer in ("permessage-deflate", "permessage-deflate; server_no_context_takeover"):
            deflate, inflater, sizes = agreed(offer), zlib.decompressobj(-12), []
            for rests in (False, False, True, False, True):
                if rests:
                    deflate.rest()
                payload = deflate.compressed(WORDS.encode())
                self.assertEqual(inflater.decompress(payload + TAIL), WORDS.encode())
                sizes.append(len(payload) > 30)
            alone = "no_context" in offer
            self.assertEqual(sizes, [True, alone, True, alone, True])

    def test_received(self) -> None:
        """
        What the peer says may refer to what it had said before, nevertheless.
        """
        deflate, squeezer = agreed(), Squeezer()
        for _ in range(3):
            self.assertEqual(deflate.inflated(squeezer.squeeze(WORDS.encode()), 10_000), WORDS.encode())
            deflate.rest()

    def test_between(self) -> None:
        """
        A message whose first part came before the rest is whole behind it.
        """
        deflate = agreed()
        payload = Squeezer().squeeze(WORDS.encode())
        deflate.start_decompress_message()
        content = deflate.decompress_message_data(payload[:50], 10_000)
        deflate.rest()
        content += deflate.decompress_message_data(payload[50:], 10_000)
        deflate.end_decompress_message()
        self.assertEqual(content, WORDS.encode())

    def test_kept(self) -> None:
        """
        No compressor is kept by who rests, nor where each message stands alone.
        """
        deflate = agreed()
        deflate.compressed(WORDS.encode())
        self.assertIsNotNone(deflate._compressor)
        deflate.rest()
        self.assertIsNone(deflate._compressor)
        alone = agreed("permessage-deflate; server_no_context_takeover")
        alone.compressed(WORDS.encode())
        self.assertIsNone(alone._compressor)


class SendTests(SynchronousTestCase):
    """
    What a peer that keeps to the agreement can read.
    """

    def inflated(self, rig: Rig, inflater: zlib._Decompress) -> bytes:
        """
        @return: the content of the one compressed message that was sent.
        """
        sent = rig.sent()
        self.assertEqual([first & 0x70 for first, _ in sent], [0x40] + [0] * (len(sent) - 1))
        content = inflater.decompress(b"".join(payload for _, payload in sent) + TAIL)
        self.assertEqual((inflater.unused_data, inflater.eof), (b"", False))
        return content

    def test_windows(self) -> None:
        """
        Every window that a client may ask for is kept, over messages that are larger than
        it, and over frames.
        """
        random = Random(9)
        far = random.randbytes(9000)
        for bits in (*range(9, 16), None):
            offer = "permessage-deflate" + (f"; server_max_window_bits={bits}" if bits else "")
            for size in (65536, 100):
                rig = compressing(offer, maxFrameSize=size)
                inflater = zlib.decompressobj(-min(bits or 12, 12))
                for data in (far, far, WORDS.encode() * 30, WORDS.encode() * 30):
                    rig.wire.sendBinary(data)
                    self.assertEqual(self.inflated(rig, inflater), data, bits)

    def test_takeover(self) -> None:
        """
        What came before makes the next message smaller, unless the client asked that it
        shall not; then each message stands alone.
        """
        for offer, alone in (
            ("permessage-deflate", False),
            ("permessage-deflate; server_no_context_takeover", True),
        ):
            rig = compressing(offer)
            sizes = []
            for _ in range(2):
                rig.wire.sendText(WORDS)
                sizes.append(len(rig.transport.written))
                if alone:
                    self.assertEqual(self.inflated(rig, zlib.decompressobj(-12)), WORDS.encode())
                rig.transport.take()
            self.assertEqual(sizes[0] == sizes[1], alone)

    def test_small(self) -> None:
        """
        Messages under 128 bytes are left alone.
        """
        rig = compressing()
        for size, squeezed in (
            (0, 0),
            (MIN_COMPRESSED - 1, 0),
            (MIN_COMPRESSED, 0x40),
            (MIN_COMPRESSED + 1, 0x40),
        ):
            rig.wire.sendText("a" * size)
            rig.wire.sendBinary(b"a" * size)
            self.assertEqual([first for first, _ in rig.sent()], [0x81 | squeezed, 0x82 | squeezed], size)

    def test_control(self) -> None:
        """
        Control frames are never compressed.
        """
        rig = compressing()
        rig.wire.sendControl(PING, b"a" * 125)
        rig.read(frame(PING, b"b" * 125))
        rig.wire.sendClose(1000, b"c" * 123)
        self.assertEqual([first for first, _ in rig.sent()], [0x89, 0x8A, 0x88])

    def test_memory(self) -> None:
        """
        The windows are those of decision 20.
        """
        compressor = agree("permessage-deflate; client_max_window_bits")[0]  # type: ignore[index]
        self.assertEqual((WINDOW_BITS, MEM_LEVEL), (12, 5))
        self.assertEqual((compressor.server_max_window_bits, compressor.client_max_window_bits), (12, 12))


class DeflateTests(WireTestCase):
    """
    What Autobahn lets pass.
    """

    def finished(self, data: bytes) -> bytes:
        """
        @return: a message whose stream is ended, as some clients do (RFC 7692 section
            7.2.3.4).
        """
        compressor = zlib.compressobj(wbits=-12)
        return compressor.compress(data) + compressor.flush()

    def test_sample(self) -> None:
        """
        The samples of RFC 7692 section 7.2.3.
        """
        for sample in (
            "f2 48 cd c9 c9 07 00",
            "f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
            "00 05 00 fa ff 48 65 6c 6c 6f 00",
            "f3 48 cd c9 c9 07 00 00",
        ):
            rig = compressing()
            rig.read(frame(TEXT, bytes.fromhex(sample), rsv=4), frame(TEXT, bytes.fromhex(sample), rsv=4))
            self.assertEqual(rig.session.seen, ["Hello", "Hello"], sample)

    def test_endedStreams(self) -> None:
        """
        The message after one that ended its stream begins another; what waits for nobody is
        not kept.
        """
        rig, squeezer = compressing(), Squeezer(takeover=False)
        for number in range(20):
            words = f"{WORDS} {number}"
            for payload in (
                self.finished(words.encode()),
                self.finished(words.encode()) + b"\0",
                squeezer.squeeze(words.encode()),
            ):
                rig.read(frame(TEXT, payload[:9], rsv=4, fin=False) + frame(0, payload[9:]))
                self.assertEqual(rig.session.seen.pop(), words)

    def test_afterTheEnd(self) -> None:
        """
        What comes in a message after its stream has ended is 1007, not forgotten and not
        kept.
        """
        ended = self.finished(b"a")
        for more in (
            frame(TEXT, ended + b"b", rsv=4),
            frame(TEXT, ended + b"\0\0", rsv=4),
            frame(TEXT, ended, rsv=4, fin=False) + frame(0, b"\0", fin=False) + frame(0, b"\0"),
            frame(TEXT, ended + ended, rsv=4),
            frame(TEXT, ended, rsv=4, fin=False) + frame(0, bytes(60000), fin=False),
        ):
            rig = compressing()
            rig.read(more)
            self.hasFailed(rig, 1007, "CorruptedFrameError")

    def test_middleOfABlock(self) -> None:
        """
        A message may not take the end that nobody sends for its content.
        """
        rig = compressing()
        rig.read(frame(TEXT, b"\0\4\0\xfb\xff", rsv=4))
        self.hasFailed(rig, 1007, "CorruptedFrameError")
        self.assertIn("middle of a block", str(rig.session.errors[0]))

    def test_cut(self) -> None:
        """
        Nor may it end anywhere but behind a block: cut at any byte, or empty, which even an
        empty message is not (RFC 7692 section 7.2.3.6), it is refused.
        """
        random = Random(1)
        for words in (WORDS, "a" * 500, " ".join(str(random.random()) for _ in range(20))):
            whole = Squeezer().squeeze(words.encode())
            for end in range(len(whole)):
                rig = compressing()
                rig.read(frame(TEXT, whole[:end], rsv=4))
                self.assertNotEqual(rig.session.seen[:1], [words[:1]], end)
                self.hasFailed(rig, 1007, "CorruptedFrameError")
        rig = compressing()
        rig.read(frame(TEXT, b"\0", rsv=4), frame(TEXT, Squeezer().squeeze(b"then"), rsv=4))
        self.assertEqual(rig.session.seen, ["", "then"])
