# -*- test-case-name: tests.session.test_counted -*-
"""
How much was said.
"""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Traffic"]


@attrs.define
class Traffic:
    """
    Messages, and their bytes without frames.

    @ivar received: messages of peers.
    @ivar sent: messages to them.
    @ivar receivedBytes: of the first, in UTF-8.
    @ivar sentBytes: of the others.
    """

    received: int = 0
    sent: int = 0
    receivedBytes: int = 0
    sentBytes: int = 0

    def add(self, part: Any) -> None:
        """
        @param part: what has the same numbers.
        """
        self.received += part.received
        self.sent += part.sent
        self.receivedBytes += part.receivedBytes
        self.sentBytes += part.sentBytes
