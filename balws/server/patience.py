# -*- test-case-name: tests.server.test_patience -*-
"""
A port that cannot accept waits a while before it tries again (row RL06).

Twisted keeps one file in reserve, with which it turns peers away when there is no other. Where
that is gone, too, or the whole machine is short of files or memory, the port stays readable
and is read again at once: all of a processor goes into trying.
"""

from __future__ import annotations

import errno
from typing import Any

from twisted.internet import tcp
from twisted.internet.interfaces import IReactorTime

__all__ = ["PAUSE", "patient"]

#: Seconds until it tries again; whoever connects meanwhile waits.
PAUSE = 1.0

_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class _Watched:
    """
    A listening socket, whose failures are counted.
    """

    def __init__(self, port: Any, clock: IReactorTime) -> None:
        self._port = port
        self._socket = port.socket
        self._clock = clock
        self._failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def accept(self) -> Any:
        """
        Accept; the second failure in a row is one that the reserve has not helped.
        """
        try:
            accepted = self._socket.accept()
        except OSError as error:
            again, self._failed = self._failed, error.errno in _SHORT
            if again and self._failed:
                self._failed = False
                self._port.stopReading()
                self._clock.callLater(PAUSE, self._resume)
            raise
        self._failed = False
        return accepted

    def _resume(self) -> None:
        if self._port.connected and not self._port.disconnecting:
            self._port.startReading()


def patient(port: object, clock: IReactorTime) -> None:
    """
    @param port: one that listens; what is none of Twisted's own is left alone.
    """
    if isinstance(port, tcp.Port):
        port.socket = _Watched(port, clock)
