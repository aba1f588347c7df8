"""
Tests of L{balws.admin.portrait}; see L{tests.admin.test_process}, too.
"""

from __future__ import annotations

from random import Random
from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from balws import Tally
from balws.admin.orders import SORTS
from balws.admin.portrait import SORT_KEYS, codeLabel, pathFacts, userOf
from balws.testing import MemoryListener
from tests.admin.observed import EchoUpgrade, ObservedTestCase


class CodeLabelTests(SynchronousTestCase):
    """
    Peers choose close codes, but not how many texts there are for them.
    """

    def test_labels(self) -> None:
        """
        Known codes are told, others by their kind.
        """
        found = {code: codeLabel(code) for code in (1000, 1006, 1015, 3000, 3999, 4000, 4999)}
        self.assertEqual(
            found,
            {1000: "1000", 1006: "1006", 1015: "1015", 3000: "3xxx", 3999: "3xxx", 4000: "4xxx", 4999: "4xxx"},
        )
        self.assertEqual({codeLabel(code) for code in (0, 999, 1016, 2999, 5000, 65535)}, {"other"})

    def test_bounded(self) -> None:
        """
        Of all codes that there can be come 19 labels.
        """
        self.assertEqual(len({codeLabel(code) for code in range(65536)}), 19)


class UserTests(SynchronousTestCase):
    """
    Who it is.
    """

    def test_user(self) -> None:
        """
        The name of a principal, as text that can be written; nobody, where there is none.
        """
        for principal, name in (
            (None, None),
            (SimpleNamespace(), None),
            (SimpleNamespace(username="ada"), "ada"),
            (SimpleNamespace(username=7), "7"),
            (SimpleNamespace(username="a\udc00"), "a?"),
        ):
            self.assertEqual(userOf(SimpleNamespace(principal=principal)), name)


class PathFactsTests(ObservedTestCase):
    """
    What is known of a path.
    """

    def test_sorts(self) -> None:
        """
        There is a way to sort by whatever may be asked.
        """
        self.assertEqual(tuple(SORT_KEYS), SORTS)

    def test_together(self) -> None:
        """
        The same path of two listeners is one; what has ended counts on.
        """
        second = MemoryListener(observer=self.tally, countsTraffic=True, network=self.listener.network)
        second.attach(EchoUpgrade(), "/echo")
        self.client("/echo", "one")
        other = self.successResultOf(second.connect("/echo"))
        other.writeTextMessage("two")
        self.successResultOf(other.close())
        echo, _ = pathFacts([self.listener, second], self.tally)
        self.assertEqual((echo.connections, echo.opened, echo.closed), (1, 2, {"1000": 1}))
        self.assertEqual((echo.received, echo.sent, echo.receivedBytes, echo.sentBytes), (2, 2, 6, 6))

    def test_codes(self) -> None:
        """
        Codes of applications are added up.
        """
        self.tally.closed.update({("/echo", 4000): 1, ("/echo", 4001): 2, ("/echo", 1000): 3})
        self.tally.slowConsumers["/echo"] = 1
        echo, _ = pathFacts([self.listener], self.tally)
        self.assertEqual((echo.closed, echo.slow), ({"1000": 3, "4xxx": 3}, 1))

    def test_detached(self) -> None:
        """
        A service that is offered no longer is still counted, without its name.
        """
        service = EchoUpgrade()
        self.listener.attach(service, "/gone")
        self.client("/gone", "x")
        self.listener.detach(service)
        found = {each.path: each for each in pathFacts([self.listener], self.tally)}
        self.assertEqual(sorted(found), ["/echo", "/gone", "/other"])
        self.assertEqual((found["/gone"].service, found["/gone"].connections, found["/gone"].received), ("", 1, 1))

    def test_queue(self) -> None:
        """
        What peers have not taken is added up.
        """
        client = self.client()
        self.listener.network.hold()
        self.listener.callers[0].writeBinaryMessage(Random(1).randbytes(1000))  # which cannot be compressed
        queue = pathFacts([self.listener], self.tally)[0].queue
        self.assertGreaterEqual(queue, 1000)
        self.listener.network.release()
        self.read(client)
        self.assertEqual(pathFacts([self.listener], Tally())[0].queue, 0)
