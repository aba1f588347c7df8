"""
Server CPU time of a broadcast for each delivery, side by side: see README.rst.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import statistics
import time

from load import connect, frame
from run import Server, cpuSeconds

SERVERS = ("balws", "autobahn", "websockets", "picows")


class Audience:
    """
    Members that read what is broadcast, and perhaps some that do not.

    @ivar peers: those that read; the first asks for broadcasts.
    """

    def __init__(self, port: int, members: int, stuck: int, size: int) -> None:
        self.peers = [connect(port) for _ in range(members)]
        self.stuck = [connect(port) for _ in range(stuck)]
        self.request = frame(size)
        self.expected = size + (2 if size < 126 else 4 if size < 65536 else 10)
        self.selector = selectors.EpollSelector()
        for peer in self.peers:
            peer.setblocking(False)
            self.selector.register(peer, selectors.EVENT_READ, [0])

    def broadcast(self) -> float:
        """
        Ask for one, and wait until every member that reads has it.

        @return: seconds.
        """
        missing = len(self.peers)
        begun = time.perf_counter()
        self.peers[0].send(self.request)
        while missing:
            for key, _ in self.selector.select(30) or self._late(missing):
                peer = key.fileobj
                assert isinstance(peer, socket.socket)
                key.data[0] += len(peer.recv(262144))
                if key.data[0] == self.expected:
                    key.data[0] = 0
                    missing -= 1
        return time.perf_counter() - begun

    def _late(self, missing: int) -> list[tuple[selectors.SelectorKey, int]]:
        raise RuntimeError(f"{missing} members got nothing for 30 seconds")

    def close(self) -> None:
        """
        Drop all connections.
        """
        for peer in (*self.peers, *self.stuck):
            peer.close()


def main() -> None:
    """
    Print a table.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64, help="bytes of a message")
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--stuck", type=int, default=0, help="further members that never read")
    parser.add_argument("--deliveries", type=int, default=100_000, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("servers", nargs="*", default=SERVERS)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    servers = [Server(name, "broadcast") for name in options.servers]
    audiences = [Audience(server.port, options.members, options.stuck, options.size) for server in servers]
    count = max(1, options.deliveries // options.members)
    costs: dict[str, list[float]] = {server.name: [] for server in servers}
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(options.rounds + 1):
        for server, audience in zip(servers, audiences, strict=True):
            before = cpuSeconds(server.process.pid)
            seconds = sum(audience.broadcast() for _ in range(count))
            if number:  # the first warms up
                deliveries = count * options.members
                costs[server.name].append((cpuSeconds(server.process.pid) - before) / deliveries * 1e6)
                rates[server.name].append(deliveries / seconds)
    print(f"{options.size} bytes to {options.members} members, {options.stuck} more never read")
    least = min(statistics.median(each) for each in costs.values())
    for server in servers:
        cost, rate = statistics.median(costs[server.name]), statistics.median(rates[server.name])
        print(f"{server.name:12} {cost:8.2f} us a delivery   {cost / least:5.2f}   {rate:10.0f} deliveries/s")
    for server, audience in zip(servers, audiences, strict=True):
        server.process.terminate()
        server.process.wait()
        audience.close()


if __name__ == "__main__":
    main()
