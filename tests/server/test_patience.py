"""
Tests of L{balws.server.patience}.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.internet import tcp
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.server.patience import PAUSE, patient


class _Socket:
    """
    Accepts as it is told.

    @ivar descriptor: of something that is open: Twisted before 26.10 sets flags on what it accepts.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.outcomes: list[Any] = []
        self.closed: list[Any] = []

    def accept(self) -> Any:
        outcome = self.outcomes.pop(0) if self.outcomes else errno.EAGAIN
        if isinstance(outcome, int):
            raise OSError(outcome, "no")
        return self, ("127.0.0.1", 1)

    def close(self) -> None:
        self.closed.append(self)

    def fileno(self) -> int:
        return self.descriptor


class _Reserve:
    """
    Twisted's reserve, or none.
    """

    def __init__(self, isThere: bool) -> None:
        self.isThere = isThere

    def available(self) -> bool:
        return self.isThere

    def __enter__(self) -> None:
        """
        It is let go.
        """

    def __exit__(self, *_: object) -> None:
        """
        It is taken again.
        """


class PatientTests(SynchronousTestCase):
    """
    A port in a process that is short of something.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        something = os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, something)
        self.socket = _Socket(something)
        factory = Factory.forProtocol(Protocol)
        self.patch(factory, "buildProtocol", lambda address: None)
        self.port: Any = tcp.Port(0, factory, reactor=self.clock)
        self.port.socket = self.socket
        self.port.connected = True
        self.port.numberAccepts = 100
        self.reading = [True]
        self.port.stopReading = lambda: self.reading.append(False)
        self.port.startReading = lambda: self.reading.append(True)
        patient(self.port, self.clock)

    def read(self, isThere: bool, *outcomes: Any) -> bool:
        """
        @param isThere: whether there is a reserve.
        @param outcomes: what comes of each attempt to accept.
        @return: whether the port is still read.
        """
        self.patch(tcp, "_reservedFD", _Reserve(isThere))
        self.socket.outcomes += outcomes
        self.port.doRead()
        return self.reading[-1]

    def test_usual(self) -> None:
        """
        Peers are accepted, and when there are no more nothing is wrong.
        """
        for _ in range(3):
            self.assertTrue(self.read(True, "peer"))
        self.assertEqual(len(self.socket.closed), 3)
        self.assertEqual(self.port.socket.fileno(), self.socket.descriptor)

    def test_reserve(self) -> None:
        """
        As long as the reserve helps the port is read on: peers are turned away at once (RL06)
        """
        for _ in range(5):
            self.assertTrue(self.read(True, errno.EMFILE, "peer"))
        self.assertEqual(len(self.socket.closed), 5)

    def test_pause(self) -> None:
        """
        When nothing helps the port waits for a second, each time anew (RL06)
        """
        for problem in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            self.assertTrue(self.read(False, problem))
            self.assertFalse(self.read(False, problem))
            self.clock.advance(PAUSE - 0.1)
            self.assertFalse(self.reading[-1])
            self.clock.advance(0.1)
            self.assertTrue(self.reading[-1])

    def test_uselessReserve(self) -> None:
        """
        So it does where not even the reserve helps (RL06)
        """
        self.assertFalse(self.read(True, errno.EMFILE, errno.EMFILE))

    def test_once(self) -> None:
        """
        A single failure, or others, are no reason to wait.
        """
        for outcomes in (
            (errno.EMFILE,),
            ("peer",),
            (errno.EMFILE,),
            (errno.EAGAIN,),
            (errno.EMFILE,),
            (errno.ECONNABORTED,),
            (errno.ECONNABORTED,),
        ):
            self.assertTrue(self.read(False, *outcomes))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopped(self) -> None:
        """
        A port that was closed meanwhile stays closed.
        """
        for name, value in (("connected", False), ("disconnecting", True)):
            self.read(False, errno.EMFILE)
            self.assertFalse(self.read(False, errno.EMFILE))
            self.patch(self.port, name, value)
            self.clock.advance(PAUSE)
            self.assertFalse(self.reading[-1])
            self.port.connected, self.port.disconnecting = True, False

    def test_others(self) -> None:
        """
        What is no port of Twisted's is left alone.
        """
        with socket.socket() as other:
            patient(other, self.clock)
            self.assertIsInstance(other, socket.socket)
        patient(object(), self.clock)
