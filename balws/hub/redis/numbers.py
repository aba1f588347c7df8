# -*- test-case-name: tests.hub.redis.test_numbers -*-
"""
Each node numbers what it publishes on each channel: so a receiver sees what it missed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container

__all__ = ["ABSENCES", "MAX_CHANNELS", "Arrivals", "Departures"]

#: Of so many channels a node remembers its numbers.
MAX_CHANNELS = 100_000

#: Who was looked for in vain so many times is dead, and will not come back.
ABSENCES = 100


class Departures:
    """
    The numbers of what this node publishes.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[bytes, int] = OrderedDict()

    def next(self, channel: bytes) -> int:
        """
        @return: the next number of a channel, from 1; from 1 again where too many others were
            used since.
        """
        number = self._last.pop(channel, 0) + 1
        self._last[channel] = number
        if len(self._last) > MAX_CHANNELS:
            self._last.popitem(last=False)
        return number


class Arrivals:
    """
    The numbers of what came from others.
    """

    def __init__(self) -> None:
        self._last: dict[bytes, dict[bytes, int]] = {}
        #: Each sender with how often it was looked for in vain.
        self._absent: dict[bytes, int] = {}

    def missed(self, channel: bytes, sender: bytes, number: int) -> int:
        """
        Something came.

        @param number: 0 where it has none.
        @return: how many are missing before it: 0 for the first one of a sender, and when that
            began anew.
        """
        if not number:
            return 0
        senders = self._last.setdefault(channel, {})
        self._absent.setdefault(sender, 0)
        last = senders.get(sender, number)
        senders[sender] = number
        return max(0, number - last - 1)

    def forget(self, channel: bytes) -> None:
        """
        The channel is not listened to any more: what comes later has no past.
        """
        self._last.pop(channel, None)

    def keep(self, living: Container[bytes]) -> None:
        """
        Forget nodes that are dead.  Not at once: one that comes back shall have a past.

        @param living: those that live now.
        """
        for sender, count in self._absent.items():
            self._absent[sender] = 0 if sender in living else count + 1
        dead = {sender for sender, count in self._absent.items() if count >= ABSENCES}
        if not dead:
            return
        for sender in dead:
            del self._absent[sender]
        for channel, known in tuple(self._last.items()):
            left = {sender: number for sender, number in known.items() if sender not in dead}
            if left:
                self._last[channel] = left
            else:
                del self._last[channel]
