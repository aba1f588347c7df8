# -*- test-case-name: tests.wire.test_watch -*-
"""
Tells an application's observer of connections.
"""

from __future__ import annotations

from twisted.logger import Logger

from balws.errors import ConfigurationError
from balws.interfaces import IConnectionObserver


class Watch:
    """
    One for each mounted service.  What an observer does wrong is logged and disturbs
    no connection.
    """

    _log = Logger(namespace="balws.wire")

    def __init__(self, observer: IConnectionObserver | None, path: str) -> None:
        """
        @param observer: L{None} is told nothing.
        @param path: where the service is mounted.
        @raise ConfigurationError: when it is no observer.
        """
        if observer is not None and not IConnectionObserver.providedBy(observer):
            raise ConfigurationError(
                f"expected an object that provides IConnectionObserver, such as Tally(), got {observer!r}", "observer"
            )
        self._observer = observer
        self._path = path

    def opened(self) -> None:
        """
        A connection is open.
        """
        if self._observer is not None:
            try:
                self._observer.connectionOpened(self._path)
            except Exception:
                self._log.failure("A connection observer failed")

    def closed(self, code: int) -> None:
        """
        It has ended.
        """
        if self._observer is not None:
            try:
                self._observer.connectionClosed(self._path, code)
            except Exception:
                self._log.failure("A connection observer failed")

    def slow(self) -> None:
        """
        It is cut: its peer does not read.
        """
        if self._observer is not None:
            try:
                self._observer.slowConsumer(self._path)
            except Exception:
                self._log.failure("A connection observer failed")


UNWATCHED = Watch(None, "")
