# -*- test-case-name: tests.wire.test_allocation -*-
"""
Large messages need large blocks of memory, again and again.

The C library asks the system for a large block and gives it back when it is freed: each of its
pages is cleared and mapped anew for each message, which costs more than all else that is done
with it.  From the first large block that is freed glibc learns to keep what is not larger
(M_MMAP_THRESHOLD in mallopt(3)); so one is freed before there are messages.  Other libraries do
not mind.
"""

from __future__ import annotations

#: A message is there as what was read, as what was decoded and as what is sent.
_COPIES = 4

#: The most that the library is made to keep, in bytes.
MAX_KEPT = 16777216

_learnt = 0


def expect(size: int) -> None:
    """
    There may be messages of this size.

    @param size: in bytes; 0 and anything that was expected before asks for nothing.
    """
    global _learnt
    block = min(size * _COPIES, MAX_KEPT)
    if block > _learnt:
        _learnt = block
        bytes(block)  # from pages that nobody touches
