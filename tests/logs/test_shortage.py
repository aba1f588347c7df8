"""
Tests of L{balws.logs.shortage}.
"""

from __future__ import annotations

from errno import EAGAIN, EMFILE
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.task import Clock
from twisted.logger import LogEvent, Logger, LogLevel, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from balws.logs.shortage import Shortage
from balws.server.adopted import _TcpPort, _UnixPort


class _Full:
    """
    A port's socket in a process that can open nothing, with so many peers.
    """

    def __init__(self, peers: int) -> None:
        self.peers = peers
        self.reserved = True

    def accept(self) -> Any:
        if not self.peers:
            raise OSError(EAGAIN, "none")
        if self.reserved:
            raise OSError(EMFILE, "full")
        self.peers -= 1
        return self, ("127.0.0.1", 1)

    def close(self) -> None:
        """
        A peer is turned away.
        """

    def available(self) -> bool:
        return True

    def __enter__(self) -> None:
        self.reserved = False

    def __exit__(self, *_: object) -> None:
        self.reserved = True


class ShortageTests(SynchronousTestCase):
    """
    A process that can open no more files.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.shortage = Shortage(self.clock.seconds)
        self.events: list[LogEvent] = []
        self.logger = Logger(namespace="twisted.internet.tcp.Port", observer=self.tell)

    def tell(self, event: LogEvent) -> None:
        """
        Keep what is left.
        """
        told = self.shortage.told(event)
        if told is not None:
            self.events.append(told)

    def test_ofTwisted(self) -> None:
        """
        What Twisted's port says of each peer is one warning a second (RL06)
        """
        for second in range(2):
            for peers in (3, 4, 5):
                full = _Full(peers)
                self.assertEqual(list(tcp._accept(self.logger, range(100), full, full)), [])
                self.assertEqual(full.peers, 0)
                self.assertEqual(len(self.events), second + 1)
            self.clock.advance(1)
        self.assertEqual([event["count"] for event in self.events], [1, 12])
        for event in self.events:
            self.assertEqual(event["log_level"], LogLevel.warn)
            self.assertIn(" connections could not be accepted: ", formatEvent(event))

    def test_withoutReserve(self) -> None:
        """
        So is it where not even that is possible (RL06)
        """
        for _ in range(1000):
            self.logger.info("Could not accept new connection ({acceptError})", acceptError="ENFILE")
        self.assertEqual(len(self.events), 1)

    def test_kinds(self) -> None:
        """
        Ports of all kinds are heard, those of UNIX sockets and those that workers share among them.
        """
        for kind in (tcp.Port, unix.Port, _TcpPort, _UnixPort):
            self.events.clear()
            logger = Logger(namespace=f"{kind.__module__}.{kind.__name__}", observer=self.tell)
            logger.info("EMFILE encountered; releasing reserved file descriptor.")
            logger.info("EMFILE recovery: Closed socket from {address}", address="x")
            self.assertEqual(
                [formatEvent(each)[:40] for each in self.events], ["1 connections could not be accepted: this"[:40]]
            )
            self.clock.advance(1)

    def test_inTheMidst(self) -> None:
        """
        An event that comes while another is looked at, as from what is collected as garbage, does
        not wait for itself.
        """
        given = {
            "log_namespace": "twisted.internet.tcp.Port",
            "log_format": "Could not accept new connection ({acceptError})",
        }
        inner: list[LogEvent | None] = []

        def seconds() -> float:
            if not inner:
                inner.append(None)
                inner.append(self.shortage.told(given))
            return 1.0

        self.shortage = Shortage(seconds)
        self.assertIsNone(self.shortage.told(given))
        self.assertIsNotNone(inner[1])

    def test_others(self) -> None:
        """
        Everything else is left alone, also what others say in the same words.
        """
        self.logger.info("something else")
        other = {"log_format": "Could not accept new connection ({acceptError})", "log_namespace": "some.other"}
        for event in (other, other, {"log_format": "x"}, {"log_namespace": 5}):
            self.assertIs(self.shortage.told(event), event)
        self.assertEqual(len(self.events), 1)
