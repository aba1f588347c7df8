"""
The target C{between}: what other machines and processes say to a node.  What is right to the
last byte is taken for what it means; all the rest is dropped and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.fuzz.absences import Absences
from tests.fuzz.envelopes import Envelopes, Positions, tooLong
from tests.fuzz.fronted import connections, forwarded, headers
from tests.fuzz.logged import children, events, lines
from tests.fuzz.watch import Found, Watch

_PARTS: tuple[Callable[[Random], None], ...] = (
    lambda random: Envelopes(random).run(),
    lambda random: Envelopes(random).run(),
    lambda random: Absences(random).run(),
    lambda random: Absences(random).run(),
    lambda random: Positions().run(random),
    tooLong,
    headers,
    headers,
    connections,
    forwarded,
    events,
    children,
    lines,
)


class Between:
    """
    The target.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def run(self, seed: int) -> None:
        """
        One session.

        @raise Found: when something is wrong.
        """
        random = Random(seed)
        for _ in range(random.randint(1, 4)):
            random.choice(_PARTS)(random)
        if self.watch.logged:
            raise Found(f"the log has an error: {self.watch.logged[0]}")
