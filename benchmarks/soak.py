"""
A day's work in minutes: millions of messages, tens of thousands of connections, and then the
server, or the client, must hold as much as before.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).resolve().parent
#: Shares of what was held before, above or below which something is wrong.
TOLERANCE = 0.01
#: As long may balws need to let go of a connection that has ended, in seconds.
SETTLED = 12.0


def freePort() -> int:
    """
    @return: a port that nobody uses now.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """
    C{twistd balws} with an echo service.
    """

    def __init__(self, folder: str) -> None:
        self.port = freePort()
        file = Path(folder, "soak.toml")
        file.write_text(
            f"[python]\npath = [{json.dumps(str(_HERE / 'servers'))}]\n"
            f'[[listeners]]\nport = {self.port}\nhost = "127.0.0.1"\n'
            '[[listeners.services]]\npath = "/"\nservice = "soaked:EchoUpgrade"\n'
            "pingInterval = 5\npingTimeout = 5\n"
            '[[listeners.resources]]\npath = "/figures"\nresource = "soaked:figures"\n'
        )
        twistd = "from twisted.scripts.twistd import run; run()"
        command = [sys.executable, "-c", twistd, "-n", "--pidfile=", "balws", "--config", str(file)]
        path = os.pathsep.join((str(_HERE.parent), os.environ.get("PYTHONPATH", "")))
        self.log = open(Path(folder, "log"), "w+")  # noqa: SIM115 - as long as the server
        environment = {**os.environ, "PYTHONPATH": path}
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=self.log, stderr=self.log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(self.output()) from None
                time.sleep(0.05)
        raise SystemExit("the server does not listen")

    def output(self) -> str:
        """
        @return: what the server has logged.
        """
        self.log.seek(0)
        return self.log.read()

    def figures(self) -> dict[str, int]:
        """
        @return: what the server says that it holds.
        """
        with socket.create_connection(("127.0.0.1", self.port), 30) as peer:
            peer.sendall(b"GET /figures HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := peer.recv(65536):
                answer += piece
        figures: dict[str, int] = json.loads(answer.partition(b"\r\n\r\n")[2])
        return figures

    def stop(self) -> None:
        """
        End it.
        """
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class Sample(NamedTuple):
    """
    What a process holds at a moment.
    """

    seconds: float
    rss: int
    fds: int
    threads: int
    objects: int
    delayed: int
    messages: int
    cycles: int

    @classmethod
    def of(cls, pid: int, figures: dict[str, int], start: float, messages: int, cycles: int) -> Sample:
        """
        @param figures: what only the process itself can tell.
        """
        process = Path(f"/proc/{pid}")
        return cls(
            time.monotonic() - start,
            int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024,
            len(os.listdir(process / "fd")),
            len(os.listdir(process / "task")),
            figures["objects"],
            figures["delayed calls"],
            messages,
            cycles,
        )

    def row(self) -> str:
        """
        @return: for the table.
        """
        return (
            f"{self.seconds:7.0f} {self.messages:10} {self.cycles:9} {self.rss:9} {self.fds:6} {self.threads:8} "
            f"{self.objects:9} {self.delayed:8}"
        )


TITLES = "seconds   messages    cycles   RSS KiB    fds  threads   objects  delayed"


def slope(samples: list[Sample]) -> float:
    """
    @return: by what share of itself the RSS grew over the last half, by the line that fits best.
    """
    half = [each for each in samples if each.seconds >= (samples[0].seconds + samples[-1].seconds) / 2]
    if len(half) < 3:
        return 0.0
    middle = sum(each.seconds for each in half) / len(half)
    mean = sum(each.rss for each in half) / len(half)
    square = sum((each.seconds - middle) ** 2 for each in half)
    rise = sum((each.seconds - middle) * (each.rss - mean) for each in half) / square
    return rise * (half[-1].seconds - half[0].seconds) / mean


def judge(base: Sample, end: Sample, samples: list[Sample]) -> int:
    """
    Print a table.

    @param samples: of the time between, under load.
    @return: the exit status.
    """
    growth = slope(samples)
    status = 0
    print(f"\n{'':14}{'base':>10}{'end':>10}{'change':>10}")
    for name, before, after, strict in (
        ("RSS KiB", base.rss, end.rss, False),
        ("fds", base.fds, end.fds, True),
        ("threads", base.threads, end.threads, True),
        ("objects", base.objects, end.objects, True),
        ("delayed calls", base.delayed, end.delayed, True),
    ):
        change = (after - before) / max(1, before)
        wrong = strict and abs(change) > TOLERANCE
        status |= wrong
        print(f"{name:14}{before:10}{after:10}{change:10.2%}{'   not back' if wrong else ''}")
    print(f"RSS over the last half: {growth:+.2%}{'   grows' if growth > TOLERANCE else ''}")
    return int(status or growth > TOLERANCE)


def soakServer(server: Server, options: argparse.Namespace) -> int:
    """
    Raw sockets against the server; the server is looked at.

    @return: the exit status.
    """
    from soakdriver import Driver

    driver = Driver(server.port, options.connections)
    start = time.monotonic()
    samples: list[Sample] = []
    due = start

    def sample() -> Sample:
        figures = server.figures()
        driver.rest(0.1)  # the connection that asked for them must be gone
        return Sample.of(server.process.pid, figures, start, driver.messages, driver.cycles)

    def tick() -> None:
        nonlocal due
        if time.monotonic() >= due:
            samples.append(sample())
            print(samples[-1].row(), flush=True)
            due = time.monotonic() + options.interval

    print(TITLES)
    driver.run(options.messages // 20, options.cycles // 20, options.window, tick)
    driver.rest(SETTLED)
    base = sample()
    samples.clear()
    driver.run(options.messages, options.cycles, options.window, tick)
    driver.rest(SETTLED)
    end = sample()
    print(base.row(), end.row(), sep="\n")
    driver.close()
    return judge(base, end, samples)


def soakClient(server: Server, options: argparse.Namespace) -> int:
    """
    L{balws.Client} against the server, all in this process, which is looked at.

    @return: the exit status.
    """
    sys.path.append(str(_HERE.parent))  # as the server, the client of this checkout
    from servers.soaked import figuresOf
    from soakclient import Clients

    clients = Clients(server.port, options.window)
    start = time.monotonic()
    samples: list[Sample] = []

    def sample() -> Sample:
        return Sample.of(os.getpid(), figuresOf(clients.reactor), start, clients.messages, clients.cycles)

    def tick() -> None:
        samples.append(sample())
        print(samples[-1].row(), flush=True)

    print(TITLES)
    clients.run(options.cycles // 20, options.interval, tick)
    clients.rest(SETTLED)
    base = sample()
    samples.clear()
    clients.run(options.cycles, options.interval, tick)
    clients.rest(SETTLED)
    end = sample()
    print(base.row(), end.row(), sep="\n")
    return judge(base, end, samples)


def main() -> int:
    """
    @return: 1 when something was not let go.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--role", choices=("server", "client"), default="server", help="who is looked at")
    parser.add_argument("--messages", type=int, default=1_000_000, help="of the connections that stay (server)")
    parser.add_argument("--cycles", type=int, default=50_000, help="connections that come and go")
    parser.add_argument("--connections", type=int, default=200, help="that stay (server)")
    parser.add_argument("--window", type=int, default=50, help="that come and go at the same time")
    parser.add_argument("--interval", type=float, default=3.0, help="seconds between samples")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            status = soakServer(server, options) if options.role == "server" else soakClient(server, options)
        finally:
            server.stop()
            log = Path(folder, "log").read_text()
    if "Traceback" in log or "Unhandled" in log:
        print(log[-5000:])
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
