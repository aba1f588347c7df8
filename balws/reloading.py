# -*- test-case-name: tests.test_reloading -*-
"""
SIGHUP: certificates, keys and users are read again.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger

from balws.server.listener import Listener

__all__ = ["Reloading"]


class Reloading(Service):
    """
    While it runs, SIGHUP makes listeners read again what may have changed.  What is broken
    leaves the old in place.
    """

    _log = Logger(namespace="balws")

    def __init__(self, listeners: Iterable[Listener], reactor: Any = None) -> None:
        """
        @param reactor: in whose thread it is done; L{None} is the global one.
        """
        self._listeners = tuple(listeners)
        self._reactor = reactor
        self._before: Any = None

    def startService(self) -> None:
        """
        Wait for the signal.
        """
        Service.startService(self)
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        self._before = signal.signal(signal.SIGHUP, self._hangUp)

    def stopService(self) -> None:
        """
        Let the signal mean what it meant before.
        """
        Service.stopService(self)
        signal.signal(signal.SIGHUP, self._before)

    def _hangUp(self, number: int, frame: object) -> None:
        # A signal comes between any two steps: nothing is done here.
        self._reactor.callFromThread(self.reload)

    def reload(self) -> None:
        """
        Do it now.
        """
        for listener in self._listeners:
            listener.reload()
        self._log.info("Certificates, keys and users were read again.")
