"""
Tests of the servers that other tests start, of their ports, and of the waits for them.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests import servers, waiting
from tests.commands import environment
from tests.servers import Server, freePort, portAlone
from tests.waiting import until

#: Listens to one port, is asked there, says so, and listens to the other one.
_LATE = """\
import socket, sys
one, two = map(int, sys.argv[1:])
with socket.create_server(("127.0.0.1", one)) as first:
    first.accept()
    print("asked", flush=True)
    with socket.create_server(("127.0.0.1", two)) as second:
        while True:
            second.accept()
"""


class PortTests(SynchronousTestCase):
    """
    Ports that are free.
    """

    def test_taken(self) -> None:
        """
        A port that somebody listens to is not given, whatever others were.
        """
        taken = freePort()
        with socket.create_server(("127.0.0.1", taken)):
            self.assertNotIn(taken, [freePort() for _ in range(500)])

    def test_processes(self) -> None:
        """
        Tests in two processes have different ports.
        """
        mine = {freePort() for _ in range(500)}
        code = "from tests.servers import freePort; print(*(freePort() for _ in range(500)))"
        theirs = subprocess.check_output([sys.executable, "-c", code], env=environment(), text=True, timeout=60)
        self.assertEqual(mine.intersection(map(int, theirs.split())), set())


    def test_alone(self) -> None:
        """
        A port that must be this one is one test's at a time, and whoever else has it is told of.
        """
        port = freePort()
        portAlone(self, port)
        self.patch(servers, "PATIENCE", 0)
        error = self.assertRaises(AssertionError, portAlone, self, port)
        self.assertEqual(str(error), f"another test has port {port} all the time")
        other = freePort()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", other))
            taken.listen()
            error = self.assertRaises(AssertionError, portAlone, self, other)
        self.assertIn(f"Port {other}, which must be this one, is taken", str(error))


class ServerTests(SynchronousTestCase):
    """
    Servers.
    """

    def test_late(self) -> None:
        """
        What it says and serves later can be waited for, and it ends when it is told to.
        """
        one, two = freePort(), freePort()
        server = Server(self, [sys.executable, "-c", _LATE, str(one), str(two)], one, Path())
        server.awaitPort(two)
        server.awaitWords("asked")
        self.assertEqual(server.stop(), -signal.SIGTERM)

    def test_gone(self) -> None:
        """
        One that ends before it serves is no server, and its last words are told.
        """
        command = [sys.executable, "-c", "print('no ' + 'port')"]
        error = self.assertRaises(self.failureException, Server, self, command, freePort(), Path())
        self.assertIn("no port", str(error))

    def test_patience(self) -> None:
        """
        Who waits for what does not come is told what it was.
        """
        self.patch(waiting, "PATIENCE", 0)
        self.assertEqual(until(lambda: "words", "nothing"), "words")
        for what in ("no words", lambda: "no words"):
            error = self.assertRaises(AssertionError, until, lambda: False, what)
            self.assertEqual(str(error), "no words")
