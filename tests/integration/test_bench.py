"""
Tests of C{balws bench} with a real server.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.commands import environment
from tests.integration.test_connect import PATIENCE, Echo


class Greeter(Echo):
    """
    Says something first.
    """

    def _hold(self, connection: ServerConnection) -> None:
        connection.send("welcome")
        super()._hold(connection)


class Talker(Echo):
    """
    Says everything twice.
    """

    def _hold(self, connection: ServerConnection) -> None:
        self.connections.put(connection)
        try:
            for message in connection:
                connection.send(message)
                connection.send(message)
        except ConnectionClosed:
            pass


class BenchTests(SynchronousTestCase):
    """
    The command as it is run.
    """

    def bench(self, *arguments: str, kind: type[Echo] = Echo) -> Any:
        server = kind(self)
        command = [sys.executable, "-m", "balws", "bench", server.url, "--duration", "0.5", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE)

    def test_fast(self) -> None:
        """
        Without a rate it sends as fast as it is answered, and each message has its answer.
        """
        for _ in range(5):  # where the machine stands still nothing may be answered for half a second
            done = self.bench("--connections", "3", "--pipeline", "4", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)
            if found["received"] > 12:
                break
        self.assertEqual((found["connected"], found["errors"]), (3, {}))
        self.assertGreater(found["received"], 12)
        self.assertEqual(found["sent"], found["received"])
        self.assertEqual(sum(row["count"] for row in found["histogram"]), found["received"])
        self.assertIn("the service is on this machine", done.stderr)

    def test_rate(self) -> None:
        """
        With a rate it sends no more than that; people get a picture.
        """
        done = self.bench("--rate", "100", "--size", "100000", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Connections  10 of 10", done.stdout)
        (sent,) = re.findall(r"(?m)^Sent +(\d+) in ", done.stdout)
        self.assertLessEqual(int(sent), 50)
        self.assertIn("█", done.stdout)

    def test_greeted(self) -> None:
        """
        What a service says first is no answer: each message has its own.
        """
        for _ in range(5):  # where the machine stands still the greeting may come later than it is waited for
            done = self.bench("--connections", "2", "--rate", "50", "--json", kind=Greeter)
            found = json.loads(done.stdout)
            if found["greetings"] == 2:
                break
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((found["greetings"], found["unasked"], found["errors"]), (2, 0, {}))
        self.assertEqual(found["sent"], found["received"])
        self.assertIn("p50", found["latency"])

    def test_talkative(self) -> None:
        """
        Of a service that says more than it is asked no times are told, and it is said why.
        """
        done = self.bench("--connections", "1", kind=Talker)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"Sent +[\d,]+ in .*\nReceived +[\d,]+, ")
        self.assertIn("Latency      cannot be told: more came than was asked for", done.stdout)
        self.assertNotIn("99.9 %", done.stdout)

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends it sooner, and it tells what was found until then.
        """
        server = Echo(self)
        command = [sys.executable, "-m", "balws", "bench", server.url, "--duration", "60", "--rate", "100"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )
        self.addCleanup(process.kill)
        for _ in range(20):
            server.heard.get(timeout=PATIENCE)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("Errors       none", out)
        self.assertNotIn("Traceback", err)
