# -*- test-case-name: tests.test_reloading -*-
"""
SIGHUP: certificates, keys and users are read again.
"""

from __future__ import annotations

import signal
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.logger import Logger

__all__ = ["Reloading"]


class Reloading(MultiService):
    """
    The services of listeners.  From their start until the last has stopped SIGHUP makes the
    listeners read again what may have changed; what is broken leaves the old in place.
    """

    _log = Logger(namespace="balws")

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: in whose thread it is done; L{None} is the global one.
        """
        super().__init__()
        self._reactor = reactor
        self._before: Any = None

    def startService(self) -> None:
        """
        Start, and wait for the signal.
        """
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        super().startService()
        self._before = signal.signal(signal.SIGHUP, self._hangUp)

    def stopService(self) -> Deferred[Any]:
        """
        Stop; then the signal means what it meant before.
        """
        stopped: Deferred[Any] = super().stopService()
        return stopped.addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        # What was not set from Python cannot be set back from there.
        signal.signal(signal.SIGHUP, signal.SIG_DFL if self._before is None else self._before)
        return result

    def _hangUp(self, number: int, frame: object) -> None:
        # A signal comes between any two steps: nothing is done here.
        self._reactor.callFromThread(self.reload)

    def reload(self) -> None:
        """
        Do it now.
        """
        for service in self:
            service.listener.reload()
        self._log.info("Certificates, keys and users are read again; what is broken stays as it was.")
