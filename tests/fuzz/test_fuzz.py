"""
Tests for L{tests.fuzz}: a few hundred sessions of every target, and those that failed once.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz.run import Run
from tests.fuzz.seeds import SEEDS
from tests.fuzz.story import Provoked

SESSIONS = 400


class FuzzTests(SynchronousTestCase):
    """
    C{python -m tests.fuzz} in small.
    """

    def holds(self, target: str) -> None:
        """
        None of the sessions did what it must not.
        """
        run = Run(forget=lambda: self.flushLoggedErrors(Provoked))
        kept = [seed for name, seed in SEEDS if name == target]
        count = run.sessions(target, [*kept, *range(SESSIONS)])
        self.assertEqual(run.faults, [])
        self.assertEqual(count, len(kept) + SESSIONS)

    def test_frames(self) -> None:
        """
        Whatever a client sends, and in whatever pieces, a service sees what a second reading of
        the same bytes says, and the connection ends once and leaves nothing behind.
        """
        self.holds("frames")

    def test_deflate(self) -> None:
        """
        So it is with compressed messages, broken ones and bombs.
        """
        self.holds("deflate")

    def test_head(self) -> None:
        """
        Only a request that is a valid upgrade becomes a connection.
        """
        self.holds("head")

    def test_close(self) -> None:
        """
        Both sides may close in every order.
        """
        self.holds("close")

    def test_client(self) -> None:
        """
        Whatever a server answers and sends, a client connects only to what accepted it, reads
        what was sent and nothing else, and leaves nothing behind.
        """
        self.holds("client")

    def test_credentials(self) -> None:
        """
        Only credentials that are right to the last byte let anybody in.
        """
        self.holds("credentials")

    def test_between(self) -> None:
        """
        Whatever stands in Redis, comes from a proxy or a worker, or is logged, only what is right is
        taken, and all else is dropped and counted (RL16).
        """
        self.holds("between")

    def test_ways(self) -> None:
        """
        In whichever way the bytes of a connection are taken, a service sees the same, and so does
        its peer.
        """
        self.holds("ways")
