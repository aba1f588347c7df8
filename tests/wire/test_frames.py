"""
Tests of L{balws.wire.frames}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.wire.frames import BINARY, CLOSE, CONTINUATION, FIN, MASKED, PING, PONG, RSV1, TEXT, head, header
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
