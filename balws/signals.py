# -*- test-case-name: tests.test_signals -*-
"""
What the operating system asks for: SIGHUP reads again, SIGTERM and SIGINT end the process.

Twisted's own way ends a process with the signal's status, as if it had been killed. What
was told to stop and did has done its duty: the status is 0.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

__all__ = ["Signals"]

_log = Logger(namespace="balws")


class Signals(MultiService):
    """
    The services of a process, and the signals that it gets from their start until the
    last of them has stopped:

      - SIGHUP: each reads again what may have changed; what is broken leaves the old in place;
      - SIGTERM or SIGINT: the process drains: each service stops in its own time, then the
        process ends with status 0;
      - a second one while it drains: everything ends at once, with status 0 too.

    A child may have C{reload()}, which does what SIGHUP asks for, and C{stopNow()}, which makes
    its C{stopService} end without delay; those that have not are passed over.

    @ivar draining: whether the services were told to stop.
    """

    def __init__(self, reactor: Any, escort: Service | None = None) -> None:
        """
        @param reactor: in whose thread it is done, and what stops.
        @param escort: is started before all children and stopped when the last of them has
            stopped, such as L{balws.notifying.Notifying}.
        """
        super().__init__()
        self._reactor = reactor
        self._escort = escort
        self._before: dict[int, Any] = {}
        self._hooks: list[Callable[[], object]] = []
        self._asked = False
        self.draining = False

    def atDrain(self, hook: Callable[[], object]) -> None:
        """
        Call this as soon as the process begins to end, by a signal or otherwise, and before
        any service is stopped: such as to say that nobody should send us new peers. Each
        hook is called once; one that raises leaves a line in the log and stops nothing.
        """
        self._hooks.append(hook)

    # Life

    def startService(self) -> None:
        """
        Start, and wait for signals.
        """
        self.draining = self._asked = False
        if self._escort is not None:
            self._escort.startService()
        super().startService()
        self._take(signal.SIGHUP, self._hangUp)
        # The ports may be open already: whoever ends us now shall see the same end.
        self._take(signal.SIGTERM, self._end)
        # The reactor takes both when it begins to run: ours come after its.
        self._reactor.callWhenRunning(self._takeEnds)

    def _takeEnds(self) -> None:
        if not self.running or self.draining:
            return
        self._take(signal.SIGTERM, self._end)
        # Who ignores Ctrl-C, as a shell does for what runs in the background, or debugs with
        # it, goes on to.
        if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, getattr(self._reactor, "sigInt", None)):
            self._take(signal.SIGINT, self._end)

    def _take(self, number: int, handler: Callable[[int, object], None]) -> None:
        before = signal.signal(number, handler)
        if before != handler:
            self._before[number] = before

    def stopService(self) -> Deferred[Any]:
        """
        Stop. Then the signals mean what they meant before; but where one of them ends the
        process, one more means nothing: it must not change the status.

        @return: fires when every service has stopped.
        """
        self._drain()
        stopped: Deferred[Any] = super().stopService()
        return stopped.addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        if self._escort is not None:
            self._escort.stopService()
        before, self._before = self._before, {}
        for number, handler in before.items():
            if self._asked:
                # Python sets all others back to the default on its way out, but leaves these.
                handler = signal.SIG_IGN
            # What was not set from Python cannot be set back from there.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        return result

    # Signals come between any two steps: nothing is done in their handlers.

    def _hangUp(self, number: int, frame: object) -> None:
        self._reactor.callFromThread(self._reloadUnlessDraining)

    def _end(self, number: int, frame: object) -> None:
        self._reactor.callFromThread(self.end, signal.Signals(number).name)

    def _reloadUnlessDraining(self) -> None:
        if not self.draining:
            self.reload()

    # What they ask for

    def reload(self) -> None:
        """
        Have every service read again, now.  What comes of it each says itself.
        """
        self._tell("reload")

    def end(self, why: str) -> None:
        """
        Drain and end the process with status 0; where it drains already, end it at once.

        @param why: for the log.
        """
        self._asked = True
        if self.draining:
            _log.info("{why}: stopping at once.", why=why)
            self._tell("stopNow")
            return
        _log.info("{why}: draining; a second signal stops at once.", why=why)
        self._drain()
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            # It is stopping already, and will come to us.
            pass

    def _drain(self) -> None:
        self.draining = True
        hooks, self._hooks = self._hooks, []
        for hook in hooks:
            self._call(hook)

    def _tell(self, what: str) -> None:
        for service in list(self):
            method = getattr(service, what, None)
            if method is not None:
                self._call(method)

    def _call(self, what: Callable[[], object]) -> None:
        try:
            what()
        except Exception:
            _log.failure("A service failed at a signal")
