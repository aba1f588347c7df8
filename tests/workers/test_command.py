"""
Tests of L{balws.workers.command}.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

from twisted.internet.protocol import ProcessProtocol
from twisted.trial.unittest import SynchronousTestCase

from balws.workers.command import Command
from balws.workers.sockets import OpenSocket
from tests.workers.processes import Reactor

#: In place of twistd: tells how it was started.
TWISTD = """\
import os, sys
def run():
    print(os.getsid(0) == os.getpid(), sys.path, sys.argv[1:])
"""


class CommandTests(SynchronousTestCase):
    """
    How a worker is started.
    """

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.reading, self.writing = os.pipe()
        self.addCleanup(os.close, self.reading)
        self.addCleanup(os.close, self.writing)
        self.sockets = [
            OpenSocket(self.reading, socket.AF_INET6, "80"),
            OpenSocket(self.writing, socket.AF_UNIX, "unix:a,b"),
        ]

    def start(self, command: Command, number: int = 2) -> dict[str, Any]:
        command.start(self.reactor, ProcessProtocol(), number, self.reading, self.sockets)
        return self.reactor.arguments[-1]

    def test_command(self) -> None:
        """
        It is this Python, twistd, and the file as it was given.
        """
        found = self.start(Command("some.toml", 4, ["--reactor=poll"]))
        self.assertEqual((found["executable"], found["args"][:3]), (sys.executable, [sys.executable, "-Pu", "-c"]))
        words = ["--reactor=poll", "--nodaemon", "--pidfile=", "balws", "--config", "some.toml"]
        self.assertEqual(found["args"][4:], words)
        self.assertEqual(found["path"], os.getcwd())

    def test_otherFolder(self) -> None:
        """
        A twistd that has gone elsewhere lets them go there, too, once they have read the file.
        """
        found = self.start(Command("some.toml", 4, folder="/"))
        self.assertEqual(found["path"], "/")
        self.assertEqual(found["args"][4], f"--rundir={os.getcwd()}")

    def test_descriptors(self) -> None:
        """
        It has its pipes, the board and the sockets in their order, and nothing to read.
        """
        found = self.start(Command("some.toml", 4))
        nothing = found["childFDs"].pop(0)
        self.assertRaises(OSError, os.fstat, nothing)
        board, first, second = self.reading, self.reading, self.writing
        self.assertEqual(found["childFDs"], {1: "r", 2: "r", 3: "w", 4: "r", 5: board, 6: first, 7: second})
        self.assertEqual(found["env"]["BALWS_WORKER"], "2/4")
        sockets = f"6:{int(socket.AF_INET6)}:80,7:{int(socket.AF_UNIX)}:unix%3Aa%2Cb"
        self.assertEqual(found["env"]["BALWS_WORKER_SOCKETS"], sockets)

    def test_environment(self) -> None:
        """
        It has the rest of the environment, but not what a service manager gave to its supervisor.
        """
        theirs = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
        self.patch(os, "environ", {"OURS": "1", **dict.fromkeys(theirs, "x")})
        found = self.start(Command("some.toml", 4))["env"]
        self.assertEqual(sorted(found), ["BALWS_WORKER", "BALWS_WORKER_PATH", "BALWS_WORKER_SOCKETS", "OURS"])

    def test_admin(self) -> None:
        """
        It is told where its supervisor asks how it does, where there is such a place.
        """
        Command("some.toml", 4).start(
            self.reactor, ProcessProtocol(), 1, self.reading, self.sockets, "/tmp/balws-x/1"
        )
        self.assertEqual(self.reactor.arguments[-1]["env"]["BALWS_WORKER_ADMIN"], "/tmp/balws-x/1")
        self.assertNotIn("BALWS_WORKER_ADMIN", self.start(Command("some.toml", 4))["env"])

    def test_full(self) -> None:
        """
        Where the system gives no process, nothing is left open.
        """
        self.reactor.full = True
        before = len(os.listdir("/proc/self/fd"))
        self.assertRaises(OSError, self.start, Command("some.toml", 4))
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_begin(self) -> None:
        """
        What it runs first gives it a session of its own and its supervisor's path, and runs twistd.
        """
        found = self.start(Command("some.toml", 4))
        folder = self.mktemp()
        os.makedirs(os.path.join(folder, "twisted", "scripts"))
        for name, text in (
            ("__init__.py", ""),
            ("scripts/__init__.py", ""),
            ("scripts/twistd.py", TWISTD),
        ):
            with open(os.path.join(folder, "twisted", name), "w") as file:
                file.write(text)
        path = [os.path.abspath(folder), *(each for each in sys.path if each)]
        environment = {**found["env"], "BALWS_WORKER_PATH": os.pathsep.join(path)}
        output = subprocess.check_output(found["args"], env=environment, text=True, timeout=60)
        self.assertEqual(output.strip(), f"True {path} {found['args'][4:]}")
