"""
Tests of L{balws.auth.throttle}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from balws.auth import throttle
from balws.auth.throttle import MAX_ADDRESSES, MAX_NAMES, MAX_WAITING, MEMORY, Throttle

EVE = "192.0.2.7"


class ThrottleTests(SynchronousTestCase):
    """
    Who fails again and again waits (AB12).
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.throttle = Throttle(self.clock, 3)

    def fail(self, times: int, address: str = EVE, name: str = "ada") -> None:  # type: ignore[override]
        """
        Show wrong credentials so often.
        """
        for _ in range(times):
            self.throttle.failed(address, name)

    def wait(self, address: str = EVE) -> float | None:
        """
        @return: what an attempt waits; it has done so then, and is over.
        """
        seconds = self.throttle.wait(address)
        if seconds:
            self.throttle.waited(address)
        elif seconds is not None:
            self.throttle.ended(address)
        return seconds

    def test_underway(self) -> None:
        """
        After a failure attempts that are under way count: many at a time are no way around the limit.
        """
        self.assertEqual([self.throttle.wait(EVE) for _ in range(9)], [0] * 9)
        self.fail(1)
        self.assertEqual([self.throttle.wait(EVE) for _ in range(3)], [0, 0, 0.5])
        self.throttle.waited(EVE)
        self.throttle.ended(EVE)
        self.assertEqual([self.throttle.wait(EVE) for _ in range(2)], [0, 0.5])
        for _ in range(20):
            self.throttle.ended(EVE)
        self.assertEqual(self.throttle.wait(EVE), 0)

    def test_free(self) -> None:
        """
        The first failures cost nothing; then the wait doubles, up to 8 s.
        """
        waits = []
        for _ in range(10):
            waits.append(self.wait())
            self.fail(1)
        self.assertEqual(waits, [0, 0, 0, 0.5, 1, 2, 4, 8, 8, 8])
        self.assertEqual(self.throttle.failures, 10)
        self.fail(100_000)
        self.assertEqual(self.wait(), 8)

    def test_success(self) -> None:
        """
        Right credentials set an address back.
        """
        self.fail(5)
        self.throttle.succeeded(EVE, "ada")
        self.assertEqual(self.wait(), 0)
        self.fail(2)
        self.assertEqual(self.wait(), 0)
        self.throttle.succeeded("198.51.100.1", "ada")
        self.assertEqual(len(self.throttle), 1)

    def test_ownName(self) -> None:
        """
        They take back the failures of their own name alone: an account is no licence to guess
        at others, neither is a token.
        """
        self.fail(2)
        self.fail(1, name="bob")
        for name in ("eve", ""):
            self.throttle.succeeded(EVE, name)
            self.assertEqual(self.wait(), 0.5, name)
        self.throttle.succeeded(EVE, "bob")
        self.assertEqual(self.wait(), 0)
        self.fail(1, name="")
        self.assertEqual(self.wait(), 0.5)
        self.throttle.succeeded(EVE, "eve")
        self.assertEqual(self.wait(), 0.5)
        self.throttle.succeeded(EVE, "ada")
        self.assertEqual(self.wait(), 0)

    def test_guesses(self) -> None:
        """
        One right login after each two wrong ones does not make guesses free.
        """
        waits = []
        for number in range(4):
            self.fail(2, name=f"name{number}")
            waits.append(self.wait())
            self.throttle.succeeded(EVE, "eve")
        self.assertEqual(waits, [0, 1, 4, 8])

    def test_names(self) -> None:
        """
        So many names of an address are told apart; the failures of further ones are counted,
        and not taken back.
        """
        self.throttle = Throttle(self.clock, MAX_NAMES + 2)
        for number in range(MAX_NAMES + 2):
            self.assertEqual(self.wait(), 0)
            self.fail(1, name=f"name{number}")
        self.assertEqual(self.wait(), 0.5)
        for name in (f"name{MAX_NAMES}", f"name{MAX_NAMES + 1}", "", "eve"):
            self.throttle.succeeded(EVE, name)
            self.assertEqual(self.wait(), 0.5, name)
        self.throttle.succeeded(EVE, f"name{MAX_NAMES - 1}")
        self.assertEqual(self.wait(), 0)
        self.fail(1)
        self.assertEqual(self.wait(), 0.5)

    def test_longNames(self) -> None:
        """
        No name is kept, however long a peer makes it.
        """
        name = "n" * 3000
        self.fail(3, name=name)
        self.assertNotIn("nnn", repr(self.throttle._records))
        self.throttle.succeeded(EVE, name)
        self.assertEqual(self.wait(), 0)

    def test_others(self) -> None:
        """
        Nobody waits for another address.
        """
        self.fail(5)
        self.assertEqual((self.wait(), self.wait("192.0.2.8")), (2, 0))

    def test_never(self) -> None:
        """
        With 0 nobody waits.
        """
        self.throttle = Throttle(self.clock, 0)
        self.fail(1000)
        self.assertEqual([self.throttle.wait(EVE) for _ in range(MAX_WAITING + 1)], [0] * (MAX_WAITING + 1))

    def test_waiting(self) -> None:
        """
        Four attempts of an address may wait; one more is turned away until one has waited.
        """
        self.fail(3)
        self.assertEqual([self.throttle.wait(EVE) for _ in range(5)], [0.5] * MAX_WAITING + [None])
        self.throttle.waited(EVE)
        self.assertEqual(self.throttle.wait(EVE), 0.5)
        self.assertIsNone(self.throttle.wait(EVE))
        for _ in range(9):
            self.throttle.waited(EVE)
        self.assertEqual(self.throttle.wait(EVE), 0.5)
        self.throttle.waited("198.51.100.1")

    def test_memory(self) -> None:
        """
        An address that was quiet for ten minutes starts anew.
        """
        self.fail(3)
        self.clock.advance(MEMORY)
        self.assertEqual(self.wait(), 0.5)
        self.clock.advance(1)
        self.assertEqual((self.wait(), len(self.throttle)), (0, 0))
        self.fail(2)
        self.assertEqual(self.wait(), 0)

    def test_memoryOfWaiting(self) -> None:
        """
        Attempts that wait are remembered when the failures are not any more.
        """
        self.fail(3)
        self.clock.advance(MEMORY - 0.1)
        self.assertEqual(self.throttle.wait(EVE), 0.5)
        self.clock.advance(0.2)
        self.assertEqual(self.throttle.wait(EVE), 0)
        self.throttle.ended(EVE)
        self.fail(3)
        self.assertEqual([self.throttle.wait(EVE) for _ in range(4)], [0.5, 0.5, 0.5, None])

    def test_memoryOfNames(self) -> None:
        """
        Each name is forgotten for itself; one that fails on is not.
        """
        self.fail(2)
        self.clock.advance(MEMORY - 1)
        self.fail(2, name="bob")
        self.assertEqual(self.wait(), 1)
        self.clock.advance(2)
        self.assertEqual(self.wait(), 0)
        self.fail(1, name="bob")
        self.assertEqual(self.wait(), 0.5)
        self.clock.advance(MEMORY - 1)
        self.assertEqual(self.wait(), 0.5)

    def test_bounded(self) -> None:
        """
        The memory has room for 4096 addresses; who was quiet for longest is forgotten.
        """
        for number in range(MAX_ADDRESSES):
            self.fail(3, f"10.0.{number >> 8}.{number & 255}")
        self.fail(1, "10.0.0.0")
        self.assertEqual((len(self.throttle), self.wait("10.0.0.1")), (MAX_ADDRESSES, 0.5))
        self.fail(3)
        self.assertEqual(len(self.throttle), MAX_ADDRESSES)
        self.assertEqual([self.wait(each) for each in ("10.0.0.0", "10.0.0.1", "10.0.0.2", EVE)], [1, 0, 0.5, 0.5])

    def test_notForgottenWhileWaiting(self) -> None:
        """
        Nobody is forgotten while attempts of his wait: no more of them could wait then.
        """
        self.fail(3)
        for _ in range(MAX_WAITING):
            self.throttle.wait(EVE)
        for number in range(MAX_ADDRESSES):
            self.fail(1, f"10.0.{number >> 8}.{number & 255}")
        self.assertEqual((self.throttle.wait(EVE), len(self.throttle)), (None, MAX_ADDRESSES))
        self.assertNotIn("10.0.0.0", self.throttle._records)
        for _ in range(MAX_WAITING):
            self.throttle.waited(EVE)
        self.fail(1, "198.51.100.1")
        self.assertEqual((self.wait(), len(self.throttle)), (0, MAX_ADDRESSES))

    def test_allWait(self) -> None:
        """
        Where everybody waits there is no room for one more.
        """
        self.patch(throttle, "MAX_ADDRESSES", 2)
        for address in ("10.0.0.1", "10.0.0.2"):
            self.fail(3, address)
            self.throttle.wait(address)
        self.fail(3)
        self.assertEqual((self.wait(), len(self.throttle)), (0, 2))

    def test_networks(self) -> None:
        """
        The addresses of one IPv6 network are one, and an IPv4 address in the clothes of IPv6
        is that.
        """
        for first, second, same in (
            ("2001:db8::1", "2001:db8::ffff:2", True),
            ("2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::", True),
            ("2001:db8:0:1::1", "2001:db8::1", False),
            ("fe80::1%eth0", "fe80::2%eth1", True),
            ("::ffff:198.51.100.1", "198.51.100.1", True),
            ("::ffff:198.51.100.2", "198.51.100.1", False),
            ("a local socket", "a local socket", True),
        ):
            found = Throttle(self.clock, 1)
            found.failed(first, "ada")
            self.assertEqual(found.wait(second) == 0.5, same, (first, second))
