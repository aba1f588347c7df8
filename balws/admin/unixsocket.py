# -*- test-case-name: tests.admin.test_unixsocket -*-
"""
A socket in the file system, for its owner alone.
"""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.defer import Deferred, execute
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["OwnSocket"]

#: Only who owns it may connect.
MODE = 0o600


@implementer(IStreamServerEndpoint)
class OwnSocket:
    """
    Listens on a file that nobody else can open.  One that a process has left behind which was killed is
    in nobody's way; where somebody listens, nobody else can.
    """

    def __init__(self, reactor: Any, path: str) -> None:
        self._reactor = reactor
        self._path = path

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        See L{IStreamServerEndpoint}.
        """
        return execute(self._listen, factory)

    def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        self._clear()
        # No lock beside it: in a container a former process may have had this one's number.
        port = _Port(os.fsencode(self._path), factory, mode=MODE, reactor=self._reactor)
        port.startListening()
        port.path, port.file = self._path, _identity(self._path)
        return port

    def _clear(self) -> None:
        try:
            mode = os.lstat(self._path).st_mode
        except OSError:
            return  # nothing is there, or what hinders will hinder who listens, too
        if not stat.S_ISSOCK(mode):
            raise CannotListenError(None, self._path, OSError("there is a file that is no socket"))
        if self._isLive():
            raise CannotListenError(None, self._path, OSError("another process listens there"))
        try:
            os.unlink(self._path)
        except OSError as problem:
            raise CannotListenError(None, self._path, problem) from problem

    def _isLive(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            try:
                probe.connect(self._path)
            except ConnectionRefusedError:
                return False
            except OSError:
                return True  # whoever cannot be asked is not disturbed
        return True


class _Port(unix.Port):
    """
    Removes its own file alone: somebody may have removed it before, and another may be there now.  Twisted's
    would not even close its socket then.

    @ivar path: of its file.
    @ivar file: what tells it from others.
    """

    path = ""
    file: tuple[int, int] | None = None

    def connectionLost(self, reason: Failure) -> None:
        """
        It listens no more.
        """
        if self.file is not None and _identity(self.path) == self.file:
            os.unlink(self.path)
        tcp.Port.connectionLost(self, reason)


def _identity(path: str | bytes) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
