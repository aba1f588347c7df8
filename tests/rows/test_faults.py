# -*- test-case-name: tests.rows.test_faults -*-
"""
What befalls a process: rows RL06, RL08, RL09, RL12 and RL14 of the reliability catalogue.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import select
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.commands import asCommand, environment
from tests.integration.needed import missing
from tests.rows.raw import CLOSE, PING, PONG, TEXT, Peer, frame, plain, request
from tests.rows.serving import HERE, ServedTestCase
from tests.rows.waiting import Repeatable, patiently
from tests.servers import Server, freePort
from tests.waiting import PATIENCE, until

_FRAGILE = '[[listeners.resources]]\npath = "/limits"\nresource = "fragile:Limits"\n'


class LimitedTestCase(ServedTestCase):
    """
    A process of its own, which can be given less.
    """

    services = {"/ws": "echoing:EchoUpgrade", "/hungry": "fragile:HungryUpgrade"}
    listener = "timeout = 60"
    more = _FRAGILE
    alone = True

    def setUp(self) -> None:
        """
        Hold a way to the process that needs nothing new.
        """
        super().setUp()
        self.control = self.peer()
        self.limit("files=-1&memory=-1")

    def limit(self, query: str) -> None:
        """
        Give the process so much.
        """
        self.assertEqual(self.control.send(plain(f"/limits?{query}")).response()[0], 200)

    def gone(self, crowd: list[Peer]) -> list[Peer]:
        """
        @return: those whom the server has left.
        """
        return [peer for peer in crowd if select.select([peer.socket], [], [], 0)[0]]


class ShortTests(LimitedTestCase):
    """
    A process that runs out of what the system gives.
    """

    def test_files(self) -> None:
        """
        Where no file is left to open new peers are turned away without haste, and those that are
        there notice nothing; with files again new ones are served.  One warning a second says so
        (RL06)
        """
        old = self.open()
        self.limit("files=256")
        began, before = time.monotonic(), self.cpu()
        crowd = [self.peer() for _ in range(400)]
        until(lambda: len(self.gone(crowd)) > 150, "those who find no place are turned away")
        for _ in range(5):
            crowd.append(self.peer())
            self.assertEqual(old.send(frame(TEXT, b"here")).receive(), (TEXT, b"here"))
            time.sleep(0.1)
        self.assertLess(self.cpu() - before, (time.monotonic() - began) / 2)
        self.assertLessEqual(self.descriptors(), 256)
        self.assertLess(len(self.gone(crowd)), 250)
        for peer in crowd:
            peer.close()
        self.limit("files=-1")
        self.assertAlive()
        logged = self.logged()
        took = time.monotonic() - began
        warnings = re.findall(r"#warn\] (\d+) connections could not be accepted", logged)
        self.assertTrue(1 <= len(warnings) <= took + 1, logged)
        self.assertNotIn("EMFILE", logged)

    def test_raised(self) -> None:
        """
        A method that runs out of memory ends its own connection with 1011 and no other (RL08)
        """
        self.faults = True
        other, peer = self.open("/hungry"), self.open("/hungry")
        peer.send(frame(TEXT, b"raise"))
        self.assertEqual(peer.receive()[1][:2], struct.pack("!H", 1011))
        self.assertEqual(other.send(frame(TEXT, b"here")).receive(), (TEXT, b"here"))
        self.assertIn(["onError", "MemoryError"], self.called())
        self.assertAlive()

    def test_memory(self) -> None:
        """
        So it is where the system gives no more, again and again (RL08)
        """
        self.faults = True
        other = self.open("/hungry")
        (line,) = (line for line in self._proc("status").splitlines() if line.startswith("VmSize:"))
        peers = [self.open("/hungry") for _ in range(5)]
        self.limit(f"memory={int(line.split()[1]) * 1024 + (64 << 20)}")
        for peer in peers:
            peer.send(frame(TEXT, b"500000000"))
            self.assertEqual(peer.receive()[1][:2], struct.pack("!H", 1011))
            self.assertEqual(other.send(frame(TEXT, b"here")).receive(), (TEXT, b"here"))
        self.assertEqual(self.called(5).count(["onError", "MemoryError"]), 5)
        self.assertAlive()
        self.limit("memory=-1")
        self.assertEqual(len(other.send(frame(TEXT, b"100")).receive()[1]), 100)


class NothingTests(LimitedTestCase):
    """
    A process from which the system takes what it had.
    """

    def test_nothing(self) -> None:
        """
        Where not even a file is left with which to turn somebody away they wait, and the process
        has no work with them; they are served as soon as it can (RL06)
        """
        self.faults = True  # Twisted tells how its reserve went
        old = self.open()
        self.limit("files=3")
        before = self.cpu()
        crowd = [self.peer() for _ in range(10)]
        time.sleep(1.2)
        self.assertLess(self.cpu() - before, 0.6)
        self.assertEqual(old.send(frame(TEXT, b"here")).receive(), (TEXT, b"here"))
        self.limit("files=-1")
        for peer in crowd:
            peer.send(request(self.tagged("/ws")))
        self.assertEqual({peer.status() for peer in crowd}, {101})
        self.assertAlive()


class StormTests(ServedTestCase):
    """
    Everybody at once.
    """

    services = {"/ws": "echoing:EchoUpgrade"}
    listener = "timeout = 60"
    alone = True
    COUNT = 2000

    def setUp(self) -> None:
        """
        This process holds all peers.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 2 * self.COUNT:
            if hard < 2 * self.COUNT:
                missing("the right to so many files")
            resource.setrlimit(resource.RLIMIT_NOFILE, (2 * self.COUNT, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        super().setUp()

    def test_storm(self) -> None:
        """
        Two thousand clients that come at once are all let in, and those that were there before
        are served meanwhile (RL14)
        """
        old = self.open()
        upgrade = request(self.tagged("/ws"))
        waiting = selectors.DefaultSelector()
        self.addCleanup(waiting.close)
        for _ in range(self.COUNT):
            each = socket.socket()
            self.addCleanup(each.close)
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", self.port))
            waiting.register(each, selectors.EVENT_WRITE)
        began, answers, echoes = time.monotonic(), 0, []
        while waiting.get_map():
            self.assertLess(time.monotonic() - began, 60, f"{answers} of {self.COUNT}")
            for key, events in waiting.select(0.1):
                peer = key.fileobj
                assert isinstance(peer, socket.socket)
                if events & selectors.EVENT_WRITE:
                    self.assertEqual(peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)
                    self.assertEqual(peer.send(upgrade), len(upgrade))
                    waiting.modify(peer, selectors.EVENT_READ)
                else:
                    self.assertEqual(peer.recv(12), b"HTTP/1.1 101")
                    waiting.unregister(peer)
                    answers += 1
            asked = time.monotonic()
            self.assertEqual(old.send(frame(TEXT, b"here")).receive(), (TEXT, b"here"))
            echoes.append(time.monotonic() - asked)
        self.assertEqual(answers, self.COUNT)
        self.assertLess(sorted(echoes)[len(echoes) // 2], 1)
        self.assertLess(max(echoes), 15)
        self.assertEqual(self.records(f"tag={self.tag}")["living"], self.COUNT + 1)


_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

/* Adds the seconds that stand in a file to the time of day, and to nothing else. */
int clock_gettime(clockid_t which, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    static volatile long *ahead;
    if (!real) {
        int file = open(getenv("AHEAD"), O_RDONLY);
        ahead = mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = real(which, now);
    if (which == CLOCK_REALTIME)
        now->tv_sec += *ahead;
    return result;
}
"""

_DAY = 86400


class ClockTests(SynchronousTestCase, Repeatable):
    """
    A machine whose clock is set while the server runs.
    """

    def setUp(self) -> None:
        """
        Serve, with a clock that can be set.
        """
        compiler = shutil.which("cc")
        if compiler is None:
            missing("a C compiler, which makes a clock that can be set")
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / "shim.c").write_text(_SHIM, "ascii")
        self.ahead = self.folder / "ahead"
        self.turn(0)
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-o", "shim.so", "shim.c", "-ldl"], cwd=self.folder, check=True, timeout=60
        )
        self.port = freePort()
        (self.folder / "balws.toml").write_text(
            f"""
            [python]
            path = ["{HERE / "services"}"]
            [[listeners]]
            port = {self.port}
            host = "127.0.0.1"
            [[listeners.services]]
            path = "/ws"
            service = "ordered:IdleUpgrade"
            idleTimeout = 1
            pingInterval = 0.5
            pingTimeout = 1
            """,
            "utf-8",
        )
        command = ["env", f"LD_PRELOAD={self.folder / 'shim.so'}", f"AHEAD={self.ahead}"]
        command += asCommand("twistd -n balws --config balws.toml")
        self.server = Server(self, command, self.port, self.folder)

    def turn(self, seconds: int) -> None:
        """
        Set the clock so many seconds ahead of the true time.
        """
        with open(self.ahead, "r+b" if self.ahead.exists() else "wb") as file:
            file.write(struct.pack("l", seconds))

    def pinged(self, peer: Peer, count: int) -> None:
        """
        Answer so many pings.
        """
        for _ in range(count):
            opcode, payload = peer.receive()
            self.assertEqual(opcode, PING)
            peer.send(frame(PONG, payload))

    def processes(self) -> tuple[int, ...]:
        """
        Those of the test and of the server, where there is one.
        """
        return (os.getpid(), *(each.process.pid for each in [getattr(self, "server", None)] if each))

    def anew(self) -> None:
        """
        Have another process.
        """
        self.server.stop()
        self.assertNotIn("Traceback", self.server.output())
        self.setUp()

    @patiently
    def test_jumps(self) -> None:
        """
        Set forward or back by a day, pings, time-outs and a stop keep their pace; the log tells
        the time of day as it was set (RL09)
        """
        began = time.monotonic()
        kept, silent = Peer(self.port), Peer(self.port)
        self.addCleanup(kept.close)
        self.addCleanup(silent.close)
        for peer in (kept, silent):
            self.assertEqual(peer.send(request()).status(), 101)
        self.pinged(kept, 1)
        for count, ahead in ((2, _DAY), (3, -_DAY)):
            self.turn(ahead)
            self.pinged(kept, 1)
            self.assertGreater(time.monotonic() - began, count * 0.5 - 0.1)
        self.assertIn(b"\x89", silent.rest()[:1])
        self.turn(400 * _DAY)
        self.pinged(kept, 1)
        self.server.process.terminate()
        while (found := kept.receive())[0] == PING:
            pass  # it was on its way
        self.assertEqual(found, (CLOSE, struct.pack("!H", 1001)))
        kept.close()
        self.server.process.wait(PATIENCE)
        self.server.stop()
        first, *_, last = (int(line[:4]) for line in self.server.output().splitlines() if line[:4].isdigit())
        self.assertGreater(last, first)


def _withoutPrivilege() -> None:
    """
    A child from now on has no right to low ports, whoever it is.
    """
    dropBound, bindService = 24, 10
    ctypes.CDLL(None, use_errno=True).prctl(dropBound, bindService, 0, 0, 0)


class StartTests(SynchronousTestCase):
    """
    What keeps a process from starting; certificates are in L{tests.rows.test_tls_files}.
    """

    def setUp(self) -> None:
        """
        Have a folder.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def assertNot(self, listener: str, words: str, before: Callable[[], None] | None = None) -> None:
        """
        Check that it ends soon, with one line and a status other than 0.
        """
        (self.folder / "balws.toml").write_text(f"[[listeners]]\n{listener}\n", "utf-8")
        process = subprocess.Popen(
            asCommand("twistd -n balws --config balws.toml"),
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=before,
        )
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"it runs: {listener}")
        self.assertNotIn(process.returncode, (0, -signal.SIGTERM))
        # What twistd says of itself at its start is none of it.
        problem = [line for line in output.splitlines() if "#info]" not in line]
        self.assertEqual(len(problem), 1, output)
        self.assertRegex(problem[0], words)

    def test_unknownKey(self) -> None:
        """
        A key that there is not is named with its place (RL12)
        """
        self.assertNot("port = 0\nprot = 1", r"\Abalws\.toml:3:1: listeners\[0\]\.prot: unknown key")

    def test_portInUse(self) -> None:
        """
        A port that somebody has is named (RL12)
        """
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assertNot(f'port = {port}\nhost = "127.0.0.1"', rf"balws: .*127\.0\.0\.1:{port}.*in use")

    def test_privileged(self) -> None:
        """
        So is a low port in a process that has no right to it (RL12)
        """
        first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        if first.exists() and int(first.read_text("ascii")) <= 81:
            # Everybody may have low ports here; nobody may have an address of documentation (RFC 5737).
            self.assertNot('port = 81\nhost = "192.0.2.1"', r"balws: .*192\.0\.2\.1:81.*assign")
            return
        before = _withoutPrivilege if os.geteuid() == 0 else None
        self.assertNot('port = 81\nhost = "127.0.0.1"', r"balws: .*127\.0\.0\.1:81.*Permission denied", before)
