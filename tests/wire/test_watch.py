"""
Tests of L{balws.wire.watch}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.errors import CorruptedFrameError
from balws.server.tally import Tally
from balws.wire.frames import TEXT
from balws.wire.watch import Watch
from tests.wire.transports import Rig, closing, frame


class WatchTests(SynchronousTestCase):
    """
    What an observer is told.
    """

    def rig(self, tally: Any, **settings: Any) -> Rig:
        """
        @return: a connection that is watched from its beginning.
        """
        return Rig(watch=Watch(tally, "/chat"), **settings)

    def test_ends(self) -> None:
        """
        The code that counts: the peer's, ours, or 1006.
        """
        tally = Tally()
        rig = self.rig(tally)
        self.assertEqual((tally.opened, tally.closed), ({"/chat": 1}, {}))
        rig.read(closing(3001))
        self.assertEqual(tally.present, 1)
        rig.lose()
        rig = self.rig(tally)
        rig.lose()
        rig = self.rig(tally)
        rig.wire.fail(1002, "", CorruptedFrameError("x"))
        rig.lose()
        self.assertEqual(tally.closed, {("/chat", 3001): 1, ("/chat", 1006): 1, ("/chat", 1002): 1})
        self.assertEqual((tally.present, tally.slowConsumers), (0, {}))

    def test_slow(self) -> None:
        """
        A peer that does not read is counted when it is cut.
        """
        tally = Tally()
        rig = self.rig(tally, maxSendBuffer=1000, slowConsumerTimeout=1)
        rig.wire.pauseProducing()
        rig.transport.dataBuffer = b"x" * 1001
        rig.wire.sendText("x")
        rig.clock.advance(0.9)
        self.assertEqual(tally.slowConsumers, {})
        rig.clock.advance(0.1)
        self.assertEqual(tally.slowConsumers, {"/chat": 1})

    def test_raising(self) -> None:
        """
        An observer that raises disturbs no connection; the log says so.
        """

        class Wrong(Tally):
            def connectionOpened(self, path: str) -> None:
                raise ValueError("opened")

            connectionClosed = slowConsumer = connectionOpened  # type: ignore[assignment]

        rig = self.rig(Wrong())
        rig.read(frame(TEXT, b"a"))
        self.assertEqual(rig.session.seen, ["a"])
        rig.wire.factory.watch.slow()
        rig.lose()
        self.assertEqual(len(self.flushLoggedErrors(ValueError, TypeError)), 3)
