"""
Tests of L{balws.server.observers}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from balws.interfaces import IConnectionObserver
from balws.server.observers import Observers
from balws.server.tally import Tally


class Broken:
    """
    Raises at everything.
    """

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class ObserversTests(SynchronousTestCase):
    """
    Several are told the same.
    """

    def tell(self, observer: Any) -> None:
        """
        Everything there is to tell.
        """
        observer.connectionOpened("/a")
        observer.slowConsumer("/a")
        observer.connectionClosed("/a", 1006)

    def test_all(self) -> None:
        """
        Each is told of everything.
        """
        tallies = [Tally(), Tally()]
        observers = Observers(tallies)
        verifyObject(IConnectionObserver, observers)
        self.tell(observers)
        for tally in tallies:
            self.assertEqual((tally.opened, tally.slowConsumers), ({"/a": 1}, {"/a": 1}))
            self.assertEqual(tally.closed, {("/a", 1006): 1})

    def test_broken(self) -> None:
        """
        One that raises is logged, and those behind it are told all the same.
        """
        tally = Tally()
        broken: Any = Broken()
        self.tell(Observers([broken, tally]))
        self.assertEqual((tally.opened["/a"], tally.present), (1, 0))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)
