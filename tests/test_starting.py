"""
Tests of L{balws.starting}.
"""

from __future__ import annotations

import subprocess
import sys

from twisted.internet.error import ReactorNotRunning
from twisted.trial.unittest import SynchronousTestCase

from balws import starting
from balws.starting import CannotStart, failStart
from tests.commands import environment

PROGRAM = """\
import atexit
from twisted.internet import reactor
from twisted.logger import globalLogBeginner, textFileLogObserver
import sys
from balws.starting import failStart
globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stdout)])
atexit.register(lambda: print("left in order", file=sys.__stdout__))
reactor.callWhenRunning(failStart, reactor, "no {way}")
reactor.run()
"""


class FailStartTests(SynchronousTestCase):
    """
    A process that finds out late that it cannot start.
    """

    def test_status(self) -> None:
        """
        It says why, ends in order, and its status is 1.
        """
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment(), capture_output=True, text=True, timeout=60
        )
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertEqual(done.stdout.count("[balws#critical] no {way}\n"), 1, done.stdout)
        self.assertTrue(done.stdout.endswith("left in order\n"), done.stdout)

    def test_stopping(self) -> None:
        """
        Where it stops already, that is all.
        """
        registered: list[object] = []
        self.patch(starting.atexit, "register", registered.append)
        self.patch(starting._log, "observer", lambda event: None)

        class Reactor:
            def callWhenRunning(self, what: object, *arguments: object) -> None:
                what(*arguments)  # type: ignore[operator]

            def stop(self) -> None:
                raise ReactorNotRunning

        failStart(Reactor(), "no")
        self.assertEqual(len(registered), 1)

    def test_cannotStart(self) -> None:
        """
        A start that fails at once ends twistd in the foreground and tells a waiting one.
        """
        error = CannotStart("no")
        self.assertIsInstance(error, SystemExit)
        self.assertIsInstance(error, Exception)
        self.assertEqual(error.code, "no")
