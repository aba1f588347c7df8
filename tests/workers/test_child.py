"""
Tests of L{balws.workers.child}.
"""

from __future__ import annotations

import signal

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from balws.workers.child import Child
from balws.workers.worker import NEWS, ORDERS, READY, RELOAD
from tests.workers.processes import Reactor, Transport


class ChildTests(SynchronousTestCase):
    """
    One process.
    """

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.said: list[bytes] = []
        self.readies = 0
        self.causes: list[str] = []
        self.child, self.transport = self.make(False)

    def make(self, keepsWords: bool) -> tuple[Child, Transport]:
        child = Child(self.reactor, self.said.append, self.ready, self.over, keepsWords)
        self.assertIsNone(child.pid)
        return child, Transport(child, 7)

    def ready(self, child: Child) -> None:
        self.readies += 1

    def over(self, child: Child, cause: str) -> None:
        self.causes.append(cause)

    def test_ready(self) -> None:
        """
        It serves when it says so; other news mean nothing.
        """
        self.child.childDataReceived(NEWS, b"?")
        self.assertEqual((self.child.isReady, self.readies), (False, 0))
        self.child.childDataReceived(NEWS, b"?" + READY)
        self.child.childDataReceived(NEWS, READY)
        self.assertEqual((self.child.isReady, self.readies, self.child.pid), (True, 1, 7))

    def test_lines(self) -> None:
        """
        What it writes to either stream comes in lines, the last one when it is gone.
        """
        self.transport.say(b"a\nb")
        self.transport.say(b"other\n", 2)
        self.transport.say(b"c\nend")
        self.transport.exit()
        self.assertEqual(self.said, [b"a", b"other", b"bc", b"end"])

    def test_longLine(self) -> None:
        """
        Of a line that never ends four KiB are kept of stderr, and a MiB of the log.
        """
        for _ in range(40):
            self.transport.say(b"x" * 65536, 2)
            self.transport.say(b"y" * 65536)
        self.transport.exit()
        self.assertEqual([len(line) for line in self.said], [2**20, 4096])

    def test_words(self) -> None:
        """
        What is kept back is said when it serves; no more than the last lines are kept.
        """
        child, transport = self.make(True)
        transport.say(b"".join(b"%d\n\n" % number for number in range(40)), 2)
        self.assertEqual((len(child.words), child.words[-1], self.said), (32, b"39", []))
        transport.ready()
        transport.say(b"more\n", 2)
        self.assertEqual((self.said[0], self.said[-2:], len(child.words)), (b"8", [b"39", b"more"], 0))

    def test_orders(self) -> None:
        """
        Orders go through their pipe; where it is closed, and when it is gone, nothing is raised.
        """
        self.child.order(RELOAD)
        self.assertEqual(self.transport.orders, [RELOAD])
        self.transport.closed.append(ORDERS)
        self.child.order(RELOAD)
        self.child.end(signal.SIGKILL)
        self.assertEqual(self.transport.signals, [signal.SIGKILL])
        self.transport.pid = None
        self.child.end(signal.SIGKILL)
        self.assertEqual(self.transport.signals, [signal.SIGKILL])

    def test_causes(self) -> None:
        """
        How it ended is said in words.
        """
        for code, number in ((0, None), (3, None), (None, signal.SIGKILL), (None, 60)):
            _, transport = self.make(False)
            transport.exit(code, number)
        self.assertEqual(
            self.causes,
            ["ended with status 0", "ended with status 3", "was ended by SIGKILL", "was ended by signal 60"],
        )
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_heldPipes(self) -> None:
        """
        What it has started itself may hold its pipes: they are closed after a second.
        """
        self.child.processExited(Failure(ProcessTerminated(1, None)))
        self.reactor.advance(0.9)
        self.assertEqual(self.transport.closed, [])
        self.transport.closed.append(ORDERS)
        self.reactor.advance(0.2)
        self.assertEqual(sorted(self.transport.closed), [1, 2, 3, 4])
        self.child.processEnded(Failure(ProcessDone(0)))
        self.assertEqual(self.causes, ["ended with status 0"])
