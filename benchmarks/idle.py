"""
What connections cost that only stay: memory, CPU time, and whether any is lost.  See README.rst.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import time
from pathlib import Path

from load import connect
from run import Server, cpuSeconds


def memory(pid: int) -> int:
    """
    @return: resident KiB of a process.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


class Crowd:
    """
    Peers that answer pings and say nothing else.

    @ivar lost: how many the server closed.
    @ivar pongs: how many pings were answered.
    """

    def __init__(self, port: int, count: int) -> None:
        self.selector = selectors.EpollSelector()
        self.lost = self.pongs = 0
        self.peers = []
        for _ in range(count):
            peer = connect(port)
            peer.setblocking(False)
            self.selector.register(peer, selectors.EVENT_READ)
            self.peers.append(peer)

    def live(self, seconds: float) -> None:
        """
        Answer whatever comes for so many seconds.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in self.selector.select(min(left, 1.0)):
                self._answer(key.fileobj)

    def _answer(self, peer: socket.socket) -> None:
        try:
            data = peer.recv(4096)
        except OSError:
            data = b""
        if not data or data[0] != 0x89:
            self.lost += 1
            self.selector.unregister(peer)
            return
        while data:  # pings of at most 125 bytes
            payload = data[2 : 2 + data[1]]
            data = data[2 + len(payload) :]
            peer.send(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)
            self.pongs += 1


def main() -> None:
    """
    Print a line for each minute.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    server = Server("balws", "idle")
    empty = memory(server.process.pid)
    begun, cpu = time.monotonic(), cpuSeconds(server.process.pid)
    crowd = Crowd(server.port, options.connections)
    seconds = time.monotonic() - begun
    print(
        f"{options.connections} connected in {seconds:.1f} s,"
        f" {(cpuSeconds(server.process.pid) - cpu) / options.connections * 1e6:.0f} us CPU each"
    )
    left = options.minutes * 60
    while left > 0:
        part = min(left, 60)
        before = cpuSeconds(server.process.pid)
        crowd.live(part)
        left -= part
        resident = memory(server.process.pid)
        print(
            f"RSS {resident / 1024:.0f} MiB ({(resident - empty) / options.connections:.1f} KiB a connection),"
            f" CPU {(cpuSeconds(server.process.pid) - before) / part * 100:.2f} %,"
            f" {crowd.pongs} pings answered, {crowd.lost} lost",
            flush=True,
        )
    server.process.terminate()
    server.process.wait()


if __name__ == "__main__":
    main()
