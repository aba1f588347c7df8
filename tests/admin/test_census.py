"""
Tests of L{balws.admin.census}; see L{tests.admin.test_process}, too.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from balws.admin.census import Census, codeLabel
from balws.admin.facts import PathFacts
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


class CensusTests(ObservedTestCase):
    """
    What is known of a path.
    """

    def facts(self, *more: MemoryListener) -> list[PathFacts]:
        listeners = [self.listener, *more]
        census = Census(listeners, self.tally)
        for each in listeners:
            census.ask(each.conversations())
        return census.facts()

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
        echo, _ = self.facts(second)
        self.assertEqual((echo.connections, echo.opened, echo.closed), (1, 2, {"1000": 1}))
        self.assertEqual((echo.received, echo.sent, echo.receivedBytes, echo.sentBytes), (2, 2, 6, 6))

    def test_codes(self) -> None:
        """
        Codes of applications are added up.
        """
        self.tally.closed.update({("/echo", 4000): 1, ("/echo", 4001): 2, ("/echo", 1000): 3})
        self.tally.slowConsumers["/echo"] = 1
        echo, _ = self.facts()
        self.assertEqual((echo.closed, echo.slow), ({"1000": 3, "4xxx": 3}, 1))

    def test_detached(self) -> None:
        """
        A service that is offered no longer is still counted, without its name.
        """
        service = EchoUpgrade()
        self.listener.attach(service, "/gone")
        self.client("/gone", "x")
        self.listener.detach(service)
        found = {each.path: each for each in self.facts()}
        self.assertEqual(sorted(found), ["/echo", "/gone", "/other"])
        self.assertEqual((found["/gone"].service, found["/gone"].connections, found["/gone"].received), ("", 1, 1))

    def test_queue(self) -> None:
        """
        What peers have not taken is added up.
        """
        client = self.client()
        self.listener.network.hold()
        self.listener.callers[0].writeBinaryMessage(Random(1).randbytes(1000))  # which cannot be compressed
        queue = self.facts()[0].queue
        self.assertGreaterEqual(queue, 1000)
        self.listener.network.release()
        self.read(client)
        self.assertEqual(self.facts()[0].queue, 0)

    def test_meanwhile(self) -> None:
        """
        Who ends while others are asked is counted once, whether he was asked before or not: what Prometheus
        reads as counters never falls.
        """
        asked, asking = self.client("/echo", "one"), self.client("/echo", "two")
        self.client("/echo", "three")
        before = self.facts()[0]
        everybody = sorted(self.listener.conversations(), key=lambda each: each.receivedBytes)
        census = Census([self.listener], self.tally)
        census.ask(everybody[:1])
        for client in (asked, asking):
            client.writeTextMessage("four")
            self.read(client)
            self.successResultOf(client.close())
        self.client("/echo", "later")
        census.ask(everybody[1:])
        echo = census.facts()[0]
        self.assertEqual((before.connections, before.received, before.receivedBytes), (3, 3, 11))
        self.assertEqual((echo.connections, echo.received, echo.receivedBytes), (1, 5, 19))
        self.assertEqual((echo.sent, echo.sentBytes), (5, 19))
        self.assertEqual(self.facts()[0].received, 6)

    def test_closing(self) -> None:
        """
        Who is asked and then takes leave of his peer has carried what he has: it is not lost until he ends.
        """
        self.client("/echo", "one")
        census = Census([self.listener], self.tally)
        census.ask(self.listener.conversations())
        self.listener.network.hold()
        self.listener.conversations()[0].dismiss()
        echo = census.facts()[0]
        self.assertEqual((echo.connections, echo.received, echo.queue), (0, 1, 0))
