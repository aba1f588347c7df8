"""
Servers in processes of their own.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import environment
from tests.waiting import PATIENCE, until

#: How a server ends that was told to: twistd stops gracefully and then ends by the signal
#: that told it to, so that its parent knows.
STOPPED = (0, -signal.SIGTERM)

#: So many ports are one process's.
_SHARE = 200


def _share() -> Iterator[int]:
    """
    @return: ports that tests in other processes do not take, over and over.  The system does not give them to whoever
        connects somewhere: that could have one by the time that it is wanted, or wanted again.
    """
    for first in range(20000, 32000, _SHARE):
        with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as claim:
            claim.bind(("127.0.0.1", first))  # as long as this process lives
            while True:
                yield from range(first + 1, first + _SHARE)
    raise AssertionError("too many processes run tests")


_ports = _share()


def freePort() -> int:
    """
    A port on 127.0.0.1 that nobody listens to; it is not given again before many others were.
    """
    while True:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def portAlone(test: SynchronousTestCase, port: int) -> None:
    """
    Have a port that must be this one, until the test has ended: tests in other processes that want it wait.
    """
    claim = socket.socket(type=socket.SOCK_DGRAM)
    test.addCleanup(claim.close)  # after the server's end, which is cleaned up first

    def isMine() -> bool:
        with contextlib.suppress(OSError):
            claim.bind(("127.0.0.1", port))
            return True
        return False

    until(isMine, f"another test has port {port} all the time", 10 * PATIENCE)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            test.fail(f"Port {port}, which must be this one, is taken: {error}")


class Server:
    """
    A command that serves a port, as a reader starts it.

    @ivar command: how it was started.
    @ivar folder: where.
    @ivar process: the process.
    """

    def __init__(self, test: SynchronousTestCase, command: list[str], port: int, folder: Path) -> None:
        """
        Start it, and wait until the port answers.
        """
        self.command = command
        self.folder = folder
        self._output: list[bytes] = []
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        test.addCleanup(self.stop)
        try:
            self.awaitPort(port)
        except AssertionError:
            self.stop()
            test.fail(f"{' '.join(command)} does not serve port {port}:\n{self.output()}")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._output.append(line)

    def awaitPort(self, port: int) -> None:
        """
        Wait until it answers at one more port.

        @raise AssertionError: where it ends, or takes too long.
        """
        until(lambda: self._answers(port) or self.process.poll() is not None, f"nobody answers at {port}")
        assert self.process.poll() is None, f"it ended and did not serve {port}"

    def _answers(self, port: int) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        return False

    def output(self) -> str:
        """
        What it has written so far.
        """
        return b"".join(self._output).decode("utf-8", "replace")

    def awaitWords(self, words: str) -> None:
        """
        Wait until it has written this.
        """
        until(lambda: words in self.output(), lambda: f"{words!r} is not in:\n{self.output()}")

    def interrupt(self) -> None:
        """
        Press Ctrl-C.
        """
        # What runs in the background of a shell ignores SIGINT, and so do its children.
        isIgnored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        self.process.send_signal(signal.SIGTERM if isIgnored else signal.SIGINT)

    def stop(self) -> int:
        """
        End it as an operator does.

        @return: the exit status.
        """
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        self._reader.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status
