# -*- test-case-name: tests.server.test_admission -*-
"""
How many may come in: over all listeners of a process, of one address, and in a second (rows
SZ13 and SZ14).
"""

from __future__ import annotations

from collections import Counter, OrderedDict

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from balws.auth.network import isNear, networkOf
from balws.config.server import ServerConfiguration
from balws.server.refusal import Refusal

#: The limits of one address that nobody configured; this machine itself has none then.
MAX_PER_ADDRESS = 1000
MAX_PER_SECOND = 100

#: The rates of so many addresses are known; then the one that was quiet for longest is forgotten.
MAX_ADDRESSES = 4096

#: So many times as many connections may be open that have not been upgraded, or not yet.
UNDECIDED = 2

#: Seconds between two lines of the log about the same limit: anybody may reach one.
QUIET = 60.0

#: Seconds after which somebody may try again.
RETRY_AFTER = "1"

_log = Logger(namespace="balws.server")


class Admission:
    """
    One for all listeners of a process.  An upgrade has its place from before anybody looks at
    its credentials until its connection has ended.

    @ivar connections: how many places are taken.
    @ivar refused: how often a limit said no, by the limit's name.
    """

    def __init__(self, clock: IReactorTime, config: ServerConfiguration | None = None) -> None:
        """
        @param config: L{None} takes the defaults.
        """
        self._clock = clock
        self._config = ServerConfiguration() if config is None else config
        self._places: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._undecided = 0
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._said: dict[str, float] = {}
        self.connections = 0
        self.refused: Counter[str] = Counter()

    def configure(self, config: ServerConfiguration) -> None:
        """
        Take other limits from now on; nobody has to leave.
        """
        self._config = config

    # Upgrades

    def enter(self, address: str) -> Refusal | None:
        """
        Somebody asks for an upgrade.

        @param address: of the client, as L{balws.server.provenance} tells it.
        @return: L{None}: a place is taken, until L{leave}; else the answer that says no.
        """
        config, key = self._config, networkOf(address)
        rate = _limit(config.maxUpgradesPerSecond, MAX_PER_SECOND, address)
        if rate and not self._mayAsk(key, rate):
            return self._refusal(429, "maxUpgradesPerSecond", "Too many upgrades of one address at a time.\n")
        if config.maxConnections and self.connections >= config.maxConnections:
            return self._refusal(503, "maxConnections", "There are too many connections.\n")
        most = _limit(config.maxConnectionsPerAddress, MAX_PER_ADDRESS, address)
        taken = self._places.get(key, 0)
        if most and taken >= most:
            return self._refusal(429, "maxConnectionsPerAddress", "There are too many connections of one address.\n")
        self._places[key] = taken + 1
        self.connections += 1
        return None

    def leave(self, address: str) -> None:
        """
        Give a place back: its connection has ended, or there will be none.

        @param address: the one with which it was taken.
        """
        if _less(self._places, networkOf(address)):
            self.connections -= 1

    def _mayAsk(self, key: str, rate: int) -> bool:
        """
        @return: whether there is a token for it: C{rate} of them at most, and as many anew in
            each second.
        """
        now = self._clock.seconds()
        rates = self._rates
        # After a second a bucket is full, and as good as none.
        while rates and next(iter(rates.values()))[1] <= now - 1.0:
            rates.popitem(last=False)
        tokens, then = rates.get(key, (float(rate), now))
        tokens = min(rate, tokens + (now - then) * rate)
        isFree = tokens >= 1.0
        rates[key] = tokens - isFree, now
        rates.move_to_end(key)
        if len(rates) > MAX_ADDRESSES:
            rates.popitem(last=False)
        return isFree

    def _refusal(self, status: int, limit: str, words: str) -> Refusal:
        self._count(limit)
        return Refusal(status, words, {"Retry-After": RETRY_AFTER})

    # Connections that are not upgraded

    def arrived(self, address: str, isProxy: bool = False) -> bool:
        """
        Somebody has connected, and may ask for an upgrade, or for a page.

        @param address: of the transport's peer.
        @param isProxy: whether it speaks for others: then it has no limit of its own.
        @return: whether to let it in: until L{departed} it counts among the undecided.  Of
            those twice as many are let in as may be upgraded.
        """
        config, key = self._config, networkOf(address)
        if config.maxConnections and self._undecided >= UNDECIDED * config.maxConnections:
            self._count("maxConnections")
            return False
        most = 0 if isProxy else _limit(config.maxConnectionsPerAddress, MAX_PER_ADDRESS, address)
        open = self._channels.get(key, 0)
        if most and open >= UNDECIDED * most:
            self._count("maxConnectionsPerAddress")
            return False
        self._channels[key] = open + 1
        self._undecided += 1
        return True

    def departed(self, address: str) -> None:
        """
        Who L{arrived} is gone, or was upgraded.
        """
        if _less(self._channels, networkOf(address)):
            self._undecided -= 1

    def _count(self, limit: str) -> None:
        self.refused[limit] += 1
        now = self._clock.seconds()
        if now - self._said.get(limit, -QUIET) >= QUIET:
            self._said[limit] = now
            _log.warn(
                "[server] {limit} turns peers away: {count} since the beginning", limit=limit, count=self.refused[limit]
            )


def _limit(configured: int | None, usual: int, address: str) -> int:
    """
    @return: what counts for an address; 0 is no limit.
    """
    if configured is not None:
        return configured
    return 0 if isNear(address) else usual


def _less(counts: dict[str, int], key: str) -> bool:
    """
    @return: whether there was one to take away.
    """
    count = counts.get(key, 0)
    if count > 1:
        counts[key] = count - 1
    elif count:
        del counts[key]
    return count > 0
