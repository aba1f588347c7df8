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

from tests.commands import environment
from tests.integration.test_connect import PATIENCE, Echo


class BenchTests(SynchronousTestCase):
    """
    The command as it is run.
    """

    def bench(self, *arguments: str) -> Any:
        server = Echo(self)
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
