# -*- test-case-name: tests.logs.test_outlet -*-
"""
The log of an application goes where twistd would write its own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from errno import ENOSPC
from typing import Any

from twisted.logger import ILogObserver
from twisted.python import threadable
from twisted.python.components import Componentized
from twisted.python.logfile import LogFile

from balws.logs.observer import observer

__all__ = ["LastingFile", "install"]

#: Where a twistd in the background writes when nothing is said.
_DEFAULT = "twistd.log"


class LastingFile(LogFile):
    """
    A log file that survives a full disk: where a new one could not be begun there is none for a
    while, and where a line was cut off the next one begins on a line of its own.
    """

    synchronized = ["write"]
    _isCut = False

    def write(self, data: str) -> None:
        """
        @param data: whole lines.
        @raise OSError: when it cannot be written, or not all of it.
        """
        log: Any = self
        if self._file.closed:
            log._openFile()
        whole = ("\n" * self._isCut + data).encode()
        if log.shouldRotate():
            log.rotate()
        written = self._file.write(whole)
        self.size += written
        self._isCut = written < len(whole)
        if self._isCut:
            raise OSError(ENOSPC, os.strerror(ENOSPC))


# From several threads; what rotates is so already.
threadable.synchronize(LastingFile)


def install(application: Componentized, form: str, options: Mapping[str, Any]) -> None:
    """
    Give an application the observer that twistd takes in place of its own.  Call it while the
    application is assembled: twistd asks for it right after.

    A C{--logger} or C{--syslog} of the user's stays as it is, and so does an observer that the
    application has.  C{--logfile} and C{--nodaemon} mean what they mean to twistd, and SIGUSR1
    begins a new file.

    @param application: what C{twisted.application.service.Application} made.
    @param form: C{"text"} or C{"json"}.
    @param options: twistd's own: the C{parent} of those of C{twistd balws}.
    """
    if options.get("logger") or options.get("syslog") or application.getComponent(ILogObserver, None) is not None:
        return
    stream = _stream(options.get("logfile"), bool(options.get("nodaemon")))
    if stream is not None:
        application.setComponent(ILogObserver, observer(form, stream))


def _stream(name: str | None, isForeground: bool) -> Any:
    """
    @return: where twistd would write; L{None} where it would refuse to.
    """
    if name == "-" or (isForeground and not name):
        return sys.stdout if isForeground else None
    opened: Any = LastingFile
    file = opened.fromFullPath(name or _DEFAULT)
    # Somebody else's use of the signal stays, as with twistd.
    if signal.getsignal(signal.SIGUSR1) in (None, signal.SIG_DFL):
        signal.signal(signal.SIGUSR1, lambda number, frame: _later(file))
    return file


def _later(file: Any) -> None:
    # A signal comes between any two steps: nothing is done here.
    from twisted.internet import reactor

    fromThread: Any = reactor
    fromThread.callFromThread(file.rotate)
