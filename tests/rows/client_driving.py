"""
The test's side of L{tests.rows.client_driver}: one client process for many tests, its
memory, its descriptors and its processor time as the system counts them.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from tests import ROOT
from tests.commands import environment
from tests.rows.client_authority import Authority
from tests.rows.client_hostile import Accepted, Hostile
from tests.rows.waiting import Repeatable
from tests.waiting import PATIENCE

MIB = 1024 * 1024

Line = dict[str, Any]


def spawn(module: str, more: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """
    @param more: additions to the environment.
    @return: a module of the tests, run with the balws under test, wherever that is.
    """
    known = environment()
    paths = os.pathsep.join((known["PYTHONPATH"], str(ROOT)))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        env={**known, "PYTHONPATH": paths, **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


class Driver:
    """
    A client process.
    """

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        """
        @param more: additions to its environment.
        """
        self._lines: list[Line] = []
        self._news = threading.Condition()
        self._names = count()
        self._clock = os.sysconf("SC_CLK_TCK")
        self.process = spawn("tests.rows.client_driver", more or {})
        atexit.register(self.stop)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait(lambda line: "ready" in line)
        self.base = (self.figures(), self.descriptors())

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            with self._news:
                self._lines.append(json.loads(text))
                self._news.notify_all()
        with self._news:
            self._lines.append({"log": "the client's process ended"})
            self._news.notify_all()

    def tell(self, do: str, **order: Any) -> str:
        """
        Give a command.

        @return: the name of its answer.
        """
        name: str = order.setdefault("as", f"{do}-{next(self._names)}")
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        self.process.stdin.flush()
        return name

    def wait(self, wanted: Callable[[Line], object], seconds: float = PATIENCE) -> Line:
        """
        @return: the first line of this kind, which is gone then.
        @raise AssertionError: when there is none in time.
        """
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                for line in self._lines:
                    if wanted(line):
                        self._lines.remove(line)
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or not self._news.wait(left):
                    raise AssertionError(f"the client did not answer; it said: {self._lines}")

    def answer(self, name: str, seconds: float = PATIENCE) -> Line:
        """
        @return: what came of a command.
        """
        return self.wait(lambda line: line.get("as") == name and "seconds" in line, seconds)

    def told(self, name: str, what: str, seconds: float = PATIENCE) -> Line:
        """
        @return: the line of a callback.
        """
        return self.wait(lambda line: line.get("as") == name and line.get("told") == what, seconds)

    def isPending(self, name: str) -> bool:
        """
        @return: whether the answer has not come.
        """
        with self._news:
            return not any(line.get("as") == name and "seconds" in line for line in self._lines)

    def ask(self, do: str, **order: Any) -> Line:
        """
        @return: the answer to a command.
        """
        return self.answer(self.tell(do, **order))

    def faults(self) -> list[str]:
        """
        @return: what the log had of faults since the last look.
        """
        with self._news:
            found = [line["log"] for line in self._lines if "log" in line]
            self._lines.clear()
        return found

    # What it costs

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(field)

    def figures(self) -> Line:
        """
        @return: delayed calls and watched descriptors, after a collection.
        """
        found: Line = self.ask("figures")["value"]
        return found

    def markMemory(self) -> None:
        """
        From here L{grown} counts.
        """
        self.figures()
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")
        self._mark = self._status("VmRSS")

    def grown(self) -> float:
        """
        @return: MiB by which the resident memory has exceeded the mark at its highest.
        """
        return (self._status("VmHWM") - self._mark) / MIB

    def descriptors(self) -> int:
        """
        @return: how many files it has open.
        """
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def processorTime(self) -> float:
        """
        @return: seconds of user and system time.
        """
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / self._clock

    def stop(self) -> None:
        """
        End it.
        """
        atexit.unregister(self.stop)
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(PATIENCE)
        self.process.stdout.close()


class ClientTestCase(SynchronousTestCase, Repeatable):
    """
    After each test the client's process has no socket, no delayed call, and no fault in
    its log that was not there before.

    @cvar fresh: whether each test has a process of its own.
    """

    fresh = False
    driver: Driver
    _shared: ClassVar[list[Driver]] = []

    def __init_subclass__(cls) -> None:
        cls._shared = []

    def setUp(self) -> None:
        """
        Take the process, or start one.
        """
        if self.fresh or not self._shared:
            self.driver = self.start()
            if self.fresh:
                self.addCleanup(lambda: self.driver.stop())
            else:
                self._shared.append(self.driver)
        else:
            self.driver = self._shared[0]
        self.addCleanup(self._leavesNothing)

    def processes(self) -> tuple[int, ...]:
        """
        Those of the test and of the client.
        """
        return os.getpid(), self.driver.process.pid

    def anew(self) -> None:
        """
        Have another process, where each test has its own.
        """
        if self.fresh:
            faults = self.driver.faults()
            self.driver.stop()
            self.driver = self.start()
            self.assertEqual(faults, [])

    def start(self) -> Driver:
        """
        @return: a new process.
        """
        return Driver()

    def _leavesNothing(self) -> None:
        if not self.fresh:
            self._shared.clear()
        base, descriptors = self.driver.base
        deadline = time.monotonic() + 8
        for rounds in count(1):  # each is an answer of the driver, and a machine that stands still makes none
            self.driver.ask("forget")
            seen = (self.driver.figures(), self.driver.descriptors())
            if seen == (base, descriptors) or (rounds >= 100 and time.monotonic() > deadline):
                break
            time.sleep(0.05)
        faults = self.driver.faults()
        try:
            self.assertEqual(seen, (base, descriptors))
            self.assertEqual(faults, [])
        except Exception:
            self.driver.stop()
            raise
        if not self.fresh:
            self._shared.append(self.driver)

    def server(self, host: str = "127.0.0.1", port: int = 0, backlog: int = 256) -> Hostile:
        """
        @return: a server that is gone after the test.
        """
        server = Hostile(host, port, backlog)
        self.addCleanup(server.stop)
        return server

    def connecting(self, url: str, name: str | None = None, **fields: Any) -> str:
        """
        Have a client connect.

        @return: the name of the answer and of the client.
        """
        name = self.driver.tell("connect", url=url, fields=fields, **({} if name is None else {"as": name}))
        return name

    def open(self, server: Hostile, more: bytes = b"", rest: bytes = b"", **fields: Any) -> tuple[str, Accepted]:
        """
        @return: the name of a connected client and the server's end.
        """
        name = self.connecting(server.url, **fields)
        accepted = server.accept().upgrade(more, rest)
        self.succeeds(name)
        return name, accepted

    def calling(self, of: str, method: str, *args: Any, size: int | None = None) -> str:
        """
        Have a client's method called.

        @return: the name of the answer.
        """
        return self.driver.tell("call", of=of, method=method, args=args, size=size)

    def succeeds(self, name: str, seconds: float = PATIENCE) -> Any:
        """
        @return: what this came to.
        """
        answer = self.driver.answer(name, seconds)
        self.assertNotIn("error", answer)
        return answer["value"]

    def fails(self, name: str, error: str, words: str = "", seconds: float = PATIENCE) -> Line:
        """
        Check that this fails, with these words in the text.

        @return: all about it.
        """
        answer = self.driver.answer(name, seconds)
        self.assertEqual(answer.get("error"), error, answer)
        self.assertIn(words, answer["text"])
        return answer

    def assertAlive(self) -> None:
        """
        The client's process connects and echoes as ever.
        """
        server = self.server()
        name, accepted = self.open(server)
        self.succeeds(self.calling(name, "writeTextMessage", "still there"))
        self.assertEqual(accepted.receive(), (1, b"still there"))
        reading = self.calling(name, "readTextMessage")
        accepted.send(b"\x81\x03yes")
        self.assertEqual(self.succeeds(reading), "yes")
        closing = self.calling(name, "close")
        self.assertEqual(accepted.closed(), 1000)
        accepted.send(b"\x88\x02\x03\xe8").close()
        self.succeeds(closing)


class Trusting:
    """
    For test cases whose client's process trusts one authority, through its environment.
    """

    authority: Authority
    folder: Path

    def start(self) -> Driver:
        """
        Make the authority known.
        """
        kind = type(self)
        kind.folder = Path(self.mktemp()).absolute()
        kind.folder.mkdir()
        kind.authority = Authority(kind.folder, "known")
        return Driver({"SSL_CERT_FILE": str(kind.authority.file), "SSL_CERT_DIR": str(kind.folder / "none")})
