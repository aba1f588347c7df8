"""
Tests of L{balws.wire.frames}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from balws.wire.frames import FIN, SHORT, TEXT, header, mask


class HeaderTests(SynchronousTestCase):
    """
    RFC 6455 section 5.2.
    """

    def test_forms(self) -> None:
        """
        The length takes its shortest form on both sides of each edge.
        """
        for length, form in (
            (0, b"\x81\x00"),
            (125, b"\x81\x7d"),
            (126, b"\x81\x7e\x00\x7e"),
            (65535, b"\x81\x7e\xff\xff"),
            (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ):
            self.assertEqual(header(FIN | TEXT, length), form)
        self.assertEqual(SHORT[FIN | TEXT][125], b"\x81\x7d")


class MaskTests(SynchronousTestCase):
    """
    RFC 6455 section 5.3.
    """

    def test_everyLength(self) -> None:
        """
        Each byte is combined with the key's, on both sides of the edge between two ways.
        """
        key = b"\x01\x80\xff\x00"
        for length in (*range(20), 1023, 1024, 1025, 70000):
            data = bytes(index % 251 for index in range(length))
            expected = bytes(byte ^ key[index % 4] for index, byte in enumerate(data))
            self.assertEqual(mask(data, key), expected)

    @given(st.binary(max_size=3000), st.binary(min_size=4, max_size=4))
    def test_twice(self, data: bytes, key: bytes) -> None:
        """
        Masking twice is nothing.
        """
        self.assertEqual(mask(mask(data, key), key), data)
