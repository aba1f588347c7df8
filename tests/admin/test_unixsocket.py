"""
Tests of L{balws.admin.unixsocket}, with real sockets.
"""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from balws.admin.unixsocket import OwnSocket


class OwnSocketTests(TestCase):
    """
    A file to listen on.
    """

    def setUp(self) -> None:
        # Not mktemp(): its paths are too long for a socket.
        self.path = os.path.join(os.path.relpath(self.mktemp()))
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.endpoint = OwnSocket(reactor, self.path)

    @inlineCallbacks
    def listen(self) -> Any:
        port = yield self.endpoint.listen(Factory())
        self.addCleanup(port.stopListening)
        return port

    @inlineCallbacks
    def test_owner(self) -> Any:
        """
        Nobody but its owner can open it, and it is gone when nobody listens.
        """
        verifyObject(IStreamServerEndpoint, self.endpoint)
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        port = yield self.listen()
        self.assertEqual(stat.S_IMODE(os.lstat(self.path).st_mode), 0o600)
        self.assertFalse(os.path.lexists(f"{self.path}.lock"))
        yield port.stopListening()
        self.assertFalse(os.path.lexists(self.path))

    @inlineCallbacks
    def test_left(self) -> Any:
        """
        What a killed process left behind is in nobody's way.
        """
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(self.path)
        yield self.listen()

    @inlineCallbacks
    def test_live(self) -> Any:
        """
        Where somebody listens, nobody else can, and the former goes on.
        """
        yield self.listen()
        failure = yield self.assertFailure(self.endpoint.listen(Factory()), CannotListenError)
        self.assertIn("another process listens there", str(failure))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.path)

    @inlineCallbacks
    def test_full(self) -> Any:
        """
        Somebody whose queue is full listens, too.
        """
        with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
            busy.bind(self.path)
            busy.listen(0)
            waiting.connect(self.path)
            failure = yield self.assertFailure(self.endpoint.listen(Factory()), CannotListenError)
            self.assertIn("another process listens there", str(failure))

    @inlineCallbacks
    def test_noSocket(self) -> Any:
        """
        A file of somebody's is not removed.
        """
        with open(self.path, "w") as file:
            file.write("mine")
        failure = yield self.assertFailure(self.endpoint.listen(Factory()), CannotListenError)
        self.assertIn("there is a file that is no socket", str(failure))
        self.assertTrue(os.path.exists(self.path))

    @inlineCallbacks
    def test_link(self) -> Any:
        """
        A link is no socket, wherever it leads.
        """
        os.symlink("/nowhere", self.path)
        yield self.assertFailure(self.endpoint.listen(Factory()), CannotListenError)
        self.assertTrue(os.path.islink(self.path))

    @inlineCallbacks
    def test_nowhere(self) -> Any:
        """
        Without its folder there is no socket.
        """
        endpoint = OwnSocket(reactor, f"{self.path}/in/nothing")
        yield self.assertFailure(endpoint.listen(Factory()), CannotListenError)

    @inlineCallbacks
    def test_folder(self) -> Any:
        """
        A socket that cannot be removed stays, and nobody listens.
        """
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(self.path)

        def refuse(path: str) -> None:
            raise PermissionError(13, "Permission denied")

        self.patch(os, "unlink", refuse)
        failure = yield self.assertFailure(self.endpoint.listen(Factory()), CannotListenError)
        self.assertIn("Permission denied", str(failure))

    @inlineCallbacks
    def test_removed(self) -> Any:
        """
        When somebody has removed the file it stops all the same.
        """
        port = yield self.listen()
        os.unlink(self.path)
        yield port.stopListening()
        self.assertFalse(port.connected)

    @inlineCallbacks
    def test_replaced(self) -> Any:
        """
        When another listens there by now, it goes on.
        """
        port = yield self.listen()
        os.rename(self.path, f"{self.path}2")
        another = yield self.listen()
        yield port.stopListening()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.path)
        yield another.stopListening()
        self.assertFalse(os.path.lexists(self.path))
