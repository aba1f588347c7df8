"""
Server CPU time of an echo, side by side: see README.rst.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from load import Load

SERVERS = ("balws", "autobahn", "websockets", "picows")
_HERE = Path(__file__).parent


def cpuSeconds(pid: int) -> float:
    """
    @return: time on a core of all threads of a process, in seconds.
    """
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def freePort() -> int:
    """
    @return: a port that nobody uses now.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """
    One server process on the first core.
    """

    def __init__(self, name: str, kind: str = "echo") -> None:
        self.name = name
        self.port = freePort()
        command = [sys.executable, str(_HERE / "servers" / f"{name}_{kind}.py"), str(self.port)]
        self.process = subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, {0}))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"{name} did not start") from None
                time.sleep(0.05)
        raise SystemExit(f"{name} does not listen")

    def measure(self, load: Load, messages: int) -> float:
        """
        @return: microseconds for each message.
        """
        before = cpuSeconds(self.process.pid)
        count = load.run(messages)
        return (cpuSeconds(self.process.pid) - before) / count * 1e6


def main() -> None:
    """
    Print a table.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64, help="bytes of a message")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--depth", type=int, default=1, help="messages in flight on each connection")
    parser.add_argument("--messages", type=int, default=40000, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("servers", nargs="*", default=SERVERS)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    servers = [Server(name) for name in options.servers or SERVERS]
    try:
        loads = {server: Load(server.port, options.connections, options.depth, options.size) for server in servers}
        figures: dict[str, list[float]] = {server.name: [] for server in servers}
        for server in servers:
            server.measure(loads[server], options.messages // 4)  # warm up
        for _ in range(options.rounds):
            for server in servers:
                figures[server.name].append(server.measure(loads[server], options.messages))
    finally:
        for server in servers:
            server.process.kill()
    ours = statistics.median(figures[servers[0].name])
    print(f"echo {options.size} B, {options.connections} connections, depth {options.depth}: CPU us per message")
    for name, values in figures.items():
        median = statistics.median(values)
        spread = f"(best {min(values):.2f}, worst {max(values):.2f})"
        print(f"{name:12} {median:8.2f}  {spread}  / {servers[0].name}: {median / ours:.2f}")


if __name__ == "__main__":
    main()
