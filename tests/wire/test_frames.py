"""
Tests of L{balws.wire.frames}.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from balws.wire.frames import BINARY, CLOSE, CONTINUATION, FIN, MASKED, PING, PONG, RSV1, SHORT, TEXT, head, header
from balws.wire.speed import mask
from tests.rows.raw import frame


class HeaderTests(SynchronousTestCase):
    """
    Headers of the frames that we send.
    """

    def test_forms(self) -> None:
        """
        A length takes its shortest form (RFC 6455 section 5.2).
        """
        for length, expected in (
            (0, b"\x81\x00"),
            (1, b"\x81\x01"),
            (125, b"\x81\x7d"),
            (126, b"\x81\x7e\x00\x7e"),
            (65535, b"\x81\x7e\xff\xff"),
            (65536, b"\x81\x7f" + (65536).to_bytes(8, "big")),
            (2**31, b"\x81\x7f" + (2**31).to_bytes(8, "big")),
        ):
            self.assertEqual(header(FIN | TEXT, length), expected, length)

    def test_firstByte(self) -> None:
        """
        FIN, RSV1 and the opcode are the first byte, whatever the length.
        """
        self.assertEqual((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG), (0, 1, 2, 8, 9, 10))
        for first in (CONTINUATION, TEXT, FIN | BINARY, FIN | RSV1 | TEXT, FIN | PONG):
            for length in (0, 125, 126, 65535, 65536):
                self.assertEqual(header(first, length)[0], first)

    def test_short(self) -> None:
        """
        The table of short headers says what L{header} says.
        """
        self.assertEqual(sorted(SHORT), [0x81, 0x82])
        for first, headers in SHORT.items():
            self.assertEqual(headers, [header(first, length) for length in range(126)])


class HeadTests(SynchronousTestCase):
    """
    Headers of the frames that we read.
    """

    def test_everyForm(self) -> None:
        """
        What was written is read: the first byte, where the payload begins and how long it is,
        however much of the payload has come.
        """
        for length in (0, 1, 125, 126, 127, 65535, 65536, 65537, 2**31, 2**32, 2**62):
            for first in (CONTINUATION, TEXT, FIN | TEXT, FIN | RSV1 | BINARY, FIN | CLOSE, 0xFF):
                for masked in (False, True):
                    data = header(first, length, MASKED if masked else 0) + b"\x81\xfe\x00\xff" * masked
                    for payload in (b"", b"\x81", b"\x81\x82\x83\x84\x85"):
                        self.assertEqual(head(data + payload, masked), (first, len(data), length))

    def test_cut(self) -> None:
        """
        Nothing is said of a header that is not whole, its mask included.
        """
        for length in (0, 125, 126, 65535, 65536):
            for masked in (False, True):
                data = header(FIN | TEXT, length, MASKED if masked else 0) + b"abcd" * masked
                for cut in range(len(data)):
                    self.assertIsNone(head(data[:cut], masked), (length, masked, cut))

    def test_mask(self) -> None:
        """
        Nor of one that is masked where it must not be, or is not where it must be (RFC 6455
        section 5.1).
        """
        for length in (0, 1, 125, 126, 65535, 65536):
            for masked in (False, True):
                data = header(FIN | TEXT, length, MASKED if masked else 0) + b"abcd" + b"payload"
                self.assertIsNotNone(head(data, masked))
                self.assertIsNone(head(data, not masked))

    def test_longForm(self) -> None:
        """
        Nor of one whose length would fit into a shorter form.
        """
        for form, length, sound in (
            (126, 0, False),
            (126, 125, False),
            (126, 126, True),
            (127, 0, False),
            (127, 126, False),
            (127, 65535, False),
            (127, 65536, True),
        ):
            for masked in (False, True):
                data = frame(BINARY, length=length, form=form, masked=masked)
                self.assertEqual(head(data, masked), (0x82, len(data), length) if sound else None, (form, length))


class MaskTests(SynchronousTestCase):
    """
    Masking of payloads (RFC 6455 section 5.3).
    """

    def test_sample(self) -> None:
        """
        The sample of RFC 6455 section 5.7.
        """
        self.assertEqual(mask(bytes.fromhex("7f9f4d5158"), bytes.fromhex("37fa213d")), b"Hello")

    def test_definition(self) -> None:
        """
        Every byte is combined with the byte of the key at its place modulo four, in every
        length around the places where the way of doing it changes.
        """
        random = Random(6455)
        for length in (*range(20), 63, 64, 65, 127, 128, 1023, 1024, 1025, 1026, 1027, 1028, 4096, 65537):
            data, key = random.randbytes(length), random.randbytes(4)
            expected = bytes(byte ^ key[place % 4] for place, byte in enumerate(data))
            masked = mask(data, key)
            self.assertEqual(masked, expected, length)
            self.assertIs(type(masked), bytes)
            self.assertEqual(mask(masked, key), data, length)

    def test_zeroes(self) -> None:
        """
        Zeroes at either end of key or payload are kept.
        """
        for key in (bytes(4), b"\x00\x00\x00\x01", b"\x01\x00\x00\x00"):
            for length in (1, 4, 5, 1024, 1025):
                self.assertEqual(mask(mask(bytes(length), key), key), bytes(length))
