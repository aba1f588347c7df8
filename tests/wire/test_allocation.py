"""
Tests for L{balws.wire.allocation}.
"""

from __future__ import annotations

import builtins

from twisted.trial.unittest import SynchronousTestCase

from balws.wire import allocation
from balws.wire.allocation import MAX_KEPT, expect


class ExpectTests(SynchronousTestCase):
    """
    The C library is taught once, and with no more than is bearable.
    """

    def setUp(self) -> None:
        self.patch(allocation, "_learnt", 0)
        self.blocks: list[int] = []
        allocation.bytes = self.block  # type: ignore[attr-defined]
        self.addCleanup(delattr, allocation, "bytes")

    def block(self, size: int) -> builtins.bytes:
        self.blocks.append(size)
        return b""

    def test_once(self) -> None:
        """
        Services whose messages are no larger than those of another need no larger block.
        """
        for size in (1000, 1000, 999, 1001):
            expect(size)
        self.assertEqual(self.blocks, [4000, 4004])

    def test_bound(self) -> None:
        """
        However large messages may be, no more than 16 MiB are kept.
        """
        for size in (MAX_KEPT // 4 - 1, MAX_KEPT // 4, MAX_KEPT // 4 + 1, 2**40):
            expect(size)
        self.assertEqual(self.blocks, [MAX_KEPT - 4, MAX_KEPT])
