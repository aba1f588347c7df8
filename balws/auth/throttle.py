# -*- test-case-name: tests.auth.test_throttle -*-
"""
Who fails again and again is made to wait (row AB12).
"""

from __future__ import annotations

from collections import OrderedDict

import attrs
from twisted.internet.interfaces import IReactorTime

from balws.auth.network import networkOf

__all__ = ["Throttle"]

#: So many addresses are remembered; then the one that was quiet for longest is forgotten.
MAX_ADDRESSES = 4096

#: The failures of a name are forgotten when it was quiet for so many seconds.
MEMORY = 600.0

#: The first wait in seconds, doubled by each further failure, and the longest.
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0

#: So many attempts of one address may wait at a time; further ones are turned away.
MAX_WAITING = 4


#: So many names that were tried from one address are told apart.
MAX_NAMES = 32


@attrs.define
class _Record:
    """
    One address.

    @ivar names: for each name how often it failed, and when it did so last; L{None} for
        those that are not told apart.
    @ivar waiting: how many attempts wait.
    @ivar underway: how many attempts are being looked at that began after the first failure.
    """

    names: dict[int | None, tuple[int, float]] = attrs.field(factory=dict)
    waiting: int = 0
    underway: int = 0

    def failures(self, now: float) -> int:
        """
        @return: how many there were; those of a name are forgotten when it was quiet.
        """
        self.names = {name: known for name, known in self.names.items() if now - known[1] <= MEMORY}
        return sum(count for count, _ in self.names.values())


class Throttle:
    """
    Counts the failures of each address.  After C{free} of them each further attempt waits
    before anybody looks at it: a person does not notice, a list of passwords takes ages.
    Right credentials are never refused for other people's failures as long as not too many
    attempts wait, since a whole office may share an address.  They take back the failures of
    their own name alone: who has an account must not guess at others for it.

    @ivar failures: those of all addresses since the beginning.
    """

    def __init__(self, clock: IReactorTime, free: int) -> None:
        """
        @param free: 0 lets everybody try without end.
        """
        self._clock = clock
        self._free = free
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self.failures = 0

    def __len__(self) -> int:
        return len(self._records)

    def wait(self, address: str) -> float | None:
        """
        An attempt begins.

        @return: the seconds that it has to wait: call L{waited} thereafter, where they are
            not 0, and L{ended} when one that did not wait is over.  L{None}: too many wait
            already.
        """
        record = self._known(address)
        if record is None or not self._free:
            return 0.0
        # Those under way may fail, too: many at a time are no way around it.
        failures = record.failures(self._clock.seconds()) + record.underway
        if failures < self._free:
            record.underway += 1
            return 0.0
        if record.waiting >= MAX_WAITING:
            return None
        record.waiting += 1
        seconds: float = min(FIRST_WAIT * 2.0 ** min(failures - self._free, 16), LONGEST_WAIT)
        return seconds

    def ended(self, address: str) -> None:
        """
        It is known what became of an attempt.
        """
        record = self._records.get(networkOf(address))
        if record is not None and record.underway:
            record.underway -= 1

    def waited(self, address: str) -> None:
        """
        An attempt's wait is over, or it was given up.
        """
        record = self._records.get(networkOf(address))
        if record is not None and record.waiting:
            record.waiting -= 1

    def failed(self, address: str, name: str) -> None:
        """
        It showed credentials that are not right.

        @param name: whose; empty for tokens.
        """
        self.failures += 1
        key = networkOf(address)
        record = self._known(address) or _Record()
        # Not the name itself: a peer makes it as long as it likes.
        found: int | None = hash(name)
        if found not in record.names and len(record.names) >= MAX_NAMES:
            found = None
        record.names[found] = record.names.get(found, (0, 0.0))[0] + 1, self._clock.seconds()
        self._records[key] = record
        self._records.move_to_end(key)
        if len(self._records) > MAX_ADDRESSES:
            # Not one for which somebody waits: more might wait then.
            quiet = next((each for each, known in self._records.items() if not known.waiting), key)
            del self._records[quiet]

    def succeeded(self, address: str, name: str) -> None:
        """
        It showed right ones.

        @param name: whose; empty for tokens.
        """
        record = self._records.get(networkOf(address))
        if record is not None:
            record.names.pop(hash(name), None)

    def _known(self, address: str) -> _Record | None:
        key = networkOf(address)
        record = self._records.get(key)
        if record is not None and not record.waiting and not record.failures(self._clock.seconds()):
            del self._records[key]
            return None
        return record
