"""
Tests of L{balws.server.admission}.
"""

from __future__ import annotations

import gc
import os
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from balws.auth.network import LOCAL
from balws.config.server import ServerConfiguration
from balws.server.admission import MAX_ADDRESSES, MAX_PER_ADDRESS, MAX_PER_SECOND, QUIET, Admission
from balws.server.refusal import Refusal

#: Nothing but what a test is about.
FREE = {"maxConnections": 0, "maxConnectionsPerAddress": 0, "maxUpgradesPerSecond": 0}

#: Peers of this machine.
NEAR = ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", LOCAL)


def resident() -> int:
    """
    @return: how many bytes of memory this process has.
    """
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class AdmissionTestCase(SynchronousTestCase):
    """
    An admission, and what it logs.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def make(self, **fields: Any) -> Admission:
        """
        @param fields: the limits that there are.
        """
        return Admission(self.clock, ServerConfiguration(**{**FREE, **fields}))

    def assertRefused(self, refusal: Refusal | None, status: int) -> None:
        """
        It is this answer, which says when to come again.
        """
        assert refusal is not None
        self.assertEqual((refusal.status, refusal.headers), (status, {"Retry-After": "1"}))
        self.assertTrue(refusal.body)

    def let(self, admission: Admission, address: str, tries: int) -> int:
        """
        @return: how many of so many upgrades get in.
        """
        return sum(admission.enter(address) is None for _ in range(tries))


class PlaceTests(AdmissionTestCase):
    """
    How many there may be at a time.
    """

    def test_inAll(self) -> None:
        """
        One more than maxConnections is answered with 503, wherever it comes from, until
        somebody leaves (SZ13)
        """
        admission = self.make(maxConnections=2)
        self.assertIsNone(admission.enter("192.0.2.1"))
        self.assertIsNone(admission.enter(LOCAL))
        for address in ("192.0.2.1", "192.0.2.2", *NEAR):
            self.assertRefused(admission.enter(address), 503)
        self.assertEqual(admission.connections, 2)
        admission.leave("192.0.2.1")
        self.assertEqual(admission.connections, 1)
        self.assertIsNone(admission.enter("192.0.2.2"))
        self.assertRefused(admission.enter("192.0.2.3"), 503)

    def test_ofOneAddress(self) -> None:
        """
        One more than maxConnectionsPerAddress is answered with 429; others get in (SZ14)
        """
        admission = self.make(maxConnectionsPerAddress=2)
        self.assertEqual(self.let(admission, "192.0.2.1", 2), 2)
        self.assertRefused(admission.enter("192.0.2.1"), 429)
        self.assertIsNone(admission.enter("192.0.2.2"))
        admission.leave("192.0.2.1")
        self.assertEqual(self.let(admission, "192.0.2.1", 2), 1)
        self.assertEqual(admission.refused, {"maxConnectionsPerAddress": 2})

    def test_network(self) -> None:
        """
        An IPv6 network counts as one address, whoever of it comes and goes.
        """
        admission = self.make(maxConnectionsPerAddress=1)
        self.assertIsNone(admission.enter("2001:db8::1"))
        self.assertRefused(admission.enter("2001:db8::2"), 429)
        self.assertIsNone(admission.enter("2001:db8:0:1::1"))
        admission.leave("2001:db8::2")
        self.assertIsNone(admission.enter("2001:db8::3"))

    def test_defaults(self) -> None:
        """
        Without numbers an address has many places, and this machine as many as there are.
        """
        admission = Admission(self.clock, ServerConfiguration(maxUpgradesPerSecond=0))
        for address in NEAR:
            self.assertEqual(self.let(admission, address, MAX_PER_ADDRESS + 1), MAX_PER_ADDRESS + 1)
        self.assertEqual(self.let(admission, "192.0.2.1", MAX_PER_ADDRESS + 1), MAX_PER_ADDRESS)

    def test_explicit(self) -> None:
        """
        A number counts for this machine, too, and 0 for nobody.
        """
        for address in NEAR:
            self.assertEqual(self.let(self.make(maxConnectionsPerAddress=1), address, 2), 1)
            self.assertEqual(self.let(self.make(maxUpgradesPerSecond=1), address, 2), 1)
        self.assertEqual(self.let(self.make(), "192.0.2.1", MAX_PER_ADDRESS + 1), MAX_PER_ADDRESS + 1)

    def test_leaveTwice(self) -> None:
        """
        Who was not there takes nobody's place away.
        """
        admission = self.make(maxConnections=1)
        admission.leave("192.0.2.1")
        self.assertIsNone(admission.enter("192.0.2.1"))
        admission.leave("192.0.2.1")
        admission.leave("192.0.2.1")
        self.assertEqual(admission.connections, 0)
        self.assertIsNone(admission.enter("192.0.2.1"))
        self.assertRefused(admission.enter("192.0.2.1"), 503)

    def test_configure(self) -> None:
        """
        Other limits count from now on; who is there stays.
        """
        admission = self.make(maxConnections=3)
        self.assertEqual(self.let(admission, "192.0.2.1", 3), 3)
        admission.configure(ServerConfiguration(**{**FREE, "maxConnections": 2}))
        self.assertEqual(admission.connections, 3)
        admission.leave("192.0.2.1")
        self.assertRefused(admission.enter("192.0.2.1"), 503)
        admission.leave("192.0.2.1")
        self.assertIsNone(admission.enter("192.0.2.1"))


class RateTests(AdmissionTestCase):
    """
    How many there may be in a second.
    """

    def test_burst(self) -> None:
        """
        So many at a time, and then as many in each second, however they are spread (SZ14)
        """
        admission = self.make(maxUpgradesPerSecond=4)
        self.assertEqual(self.let(admission, "192.0.2.1", 10), 4)
        self.assertRefused(admission.enter("192.0.2.1"), 429)
        self.assertEqual(self.let(admission, "192.0.2.2", 10), 4)
        self.clock.advance(0.24)
        self.assertEqual(self.let(admission, "192.0.2.1", 10), 0)
        self.clock.advance(0.26)
        self.assertEqual(self.let(admission, "192.0.2.1", 10), 2)
        self.clock.advance(3600)
        self.assertEqual(self.let(admission, "192.0.2.1", 10), 4)

    def test_gone(self) -> None:
        """
        Who leaves has asked all the same, and so has who was refused a place.
        """
        admission = self.make(maxUpgradesPerSecond=2, maxConnections=1)
        self.assertIsNone(admission.enter("192.0.2.1"))
        self.assertRefused(admission.enter("192.0.2.1"), 503)
        admission.leave("192.0.2.1")
        self.assertRefused(admission.enter("192.0.2.1"), 429)

    def test_default(self) -> None:
        """
        Without a number an address may ask often, and this machine as often as it likes.
        """
        admission = Admission(self.clock, ServerConfiguration(maxConnections=0, maxConnectionsPerAddress=0))
        self.assertEqual(self.let(admission, "192.0.2.1", MAX_PER_SECOND + 1), MAX_PER_SECOND)
        for address in NEAR:
            self.assertEqual(self.let(admission, address, MAX_PER_SECOND + 1), MAX_PER_SECOND + 1)

    def test_forgotten(self) -> None:
        """
        When there are too many addresses, the one that was quiet for longest is forgotten, and
        nobody else.
        """
        admission = self.make(maxUpgradesPerSecond=1)
        addresses = [str(IPv6Address(number << 64)) for number in range(1, MAX_ADDRESSES + 1)]
        for address in addresses:
            self.assertIsNone(admission.enter(address))
        self.assertRefused(admission.enter(addresses[0]), 429)
        self.assertIsNone(admission.enter("192.0.2.1"))
        self.assertRefused(admission.enter(addresses[0]), 429)
        self.assertRefused(admission.enter(addresses[2]), 429)
        self.assertIsNone(admission.enter(addresses[1]))

    def test_quiet(self) -> None:
        """
        After a second of silence nothing is kept of an address.
        """
        admission = self.make(maxUpgradesPerSecond=1)
        for number in range(100):
            admission.enter(f"192.0.2.{number}")
        self.clock.advance(1)
        admission.enter("192.0.2.1")
        self.assertEqual(len(admission._rates), 1)

    def test_spoofed(self) -> None:
        """
        A hundred thousand addresses, most of which come and go, take a few MiB: no more than
        those that are remembered (SZ14)
        """
        admission = self.make(maxUpgradesPerSecond=1, maxConnectionsPerAddress=1, maxConnections=100)
        gc.collect()
        before = resident()
        for number in range(100_000):
            address = f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"
            if admission.enter(address) is None and number >= 100:
                admission.leave(address)
        self.assertEqual(admission.connections, 100)
        self.assertLess(resident() - before, 8 * 2**20)


class UndecidedTests(AdmissionTestCase):
    """
    Connections that have not been upgraded.
    """

    def test_ofOneAddress(self) -> None:
        """
        One address may have twice as many as it may have upgraded; then it waits until one of
        them goes.
        """
        admission = self.make(maxConnectionsPerAddress=2)
        self.assertEqual([admission.arrived("192.0.2.1") for _ in range(5)], [True] * 4 + [False])
        self.assertTrue(admission.arrived("192.0.2.2"))
        admission.departed("192.0.2.1")
        self.assertEqual([admission.arrived("192.0.2.1") for _ in range(2)], [True, False])
        self.assertEqual(admission.connections, 0)

    def test_inAll(self) -> None:
        """
        So may all of them.
        """
        admission = self.make(maxConnections=1)
        self.assertEqual([admission.arrived(f"192.0.2.{each}") for each in range(3)], [True, True, False])
        self.assertFalse(admission.arrived("127.0.0.1", isProxy=True))
        admission.departed("192.0.2.9")
        self.assertFalse(admission.arrived("192.0.2.1"))
        admission.departed("192.0.2.1")
        self.assertTrue(admission.arrived("192.0.2.1"))

    def test_proxy(self) -> None:
        """
        A proxy that is trusted has no limit of its own.
        """
        admission = self.make(maxConnectionsPerAddress=1)
        self.assertTrue(all(admission.arrived("192.0.2.1", isProxy=True) for _ in range(10)))

    def test_here(self) -> None:
        """
        Nor has this machine, where none was set.
        """
        admission = Admission(self.clock, ServerConfiguration(maxConnections=0))
        for address in NEAR:
            self.assertTrue(all(admission.arrived(address) for _ in range(2 * MAX_PER_ADDRESS + 1)))
        self.assertEqual(
            sum(admission.arrived("192.0.2.1") for _ in range(2 * MAX_PER_ADDRESS + 1)), 2 * MAX_PER_ADDRESS
        )

    def test_places(self) -> None:
        """
        They take no places: a crowd that asks for pages keeps no upgrade out.
        """
        admission = self.make(maxConnections=1)
        self.assertTrue(admission.arrived("192.0.2.1"))
        self.assertTrue(admission.arrived("192.0.2.1"))
        self.assertIsNone(admission.enter("192.0.2.1"))


class LogTests(AdmissionTestCase):
    """
    What an operator sees of it.
    """

    def test_seldom(self) -> None:
        """
        A limit that turns peers away says so once a minute, with its count, and no oftener.
        """
        admission = self.make(maxConnections=1)
        admission.enter("192.0.2.1")
        self.assertEqual(self.events, [])
        for _ in range(100):
            admission.enter("192.0.2.1")
        self.clock.advance(QUIET)
        admission.enter("192.0.2.1")
        self.assertEqual(
            [formatEvent(event) for event in self.events],
            [f"[server] maxConnections turns peers away: {count} since the beginning" for count in (1, 101)],
        )
