"""
Names, groups and broadcasts of one node, as peers see them: rows ST of the reliability catalogue, SZ10.
"""

from __future__ import annotations

import time
from urllib.request import Request, urlopen

from tests.rows.nodes import Commander
from tests.rows.raw import CLOSE
from tests.rows.serving import ServedTestCase
from tests.waiting import PATIENCE, until

SERVICES = {
    "/hub": "hubbed:CommandedUpgrade, pingInterval = 0",
    "/other": "hubbed:CommandedUpgrade, pingInterval = 0",
    "/impatient": "hubbed:CommandedUpgrade, pingInterval = 0, slowConsumerTimeout = 1",
}

RESOURCE = """
[[listeners.resources]]
path = "/push"
resource = "hubbed:Push"
"""


class StoreTestCase(ServedTestCase):
    """
    One node, and peers that command it.
    """

    services = SERVICES
    more = RESOURCE

    def join(self, path: str = "/hub", room: int | None = None) -> Commander:
        """
        @return: a new connection.
        """
        peer = Commander(self.port, self.tagged(path), room)
        self._peers.append(peer)
        return peer

    def assertSilent(self, *peers: Commander) -> None:
        """
        Nothing was pushed to these.
        """
        for peer in peers:
            peer.ask("id")
            self.assertEqual(peer.heard, [])


class NameTests(StoreTestCase):
    """
    Connections by name.
    """

    def test_replaced(self) -> None:
        """
        A name means the connection that was stored under it last; the one before stays open, and its
        end takes nothing from its successor (ST01)
        """
        first, second = self.join(), self.join()
        first.ask("storeConnection", "a")
        second.ask("storeConnection", "a")
        first.ask("pushTextToConnection", "a", "one")
        self.assertEqual(second.hear(), "one")
        self.assertSilent(first)
        first.close()
        self.called()
        second.ask("pushTextToConnection", "a", "two")
        self.assertEqual(second.heard, ["two"])

    def test_gone(self) -> None:
        """
        A connection that closes without a word is gone from the store, its groups and the broadcasts, and
        nothing is kept of them (ST03)
        """
        asking = self.join()

        def comeAndGo() -> None:
            peers = [self.join() for _ in range(20)]
            for number, peer in enumerate(peers):
                peer.ask("storeConnection", f"name {number}")
                peer.ask("addConnectionToGroup", f"group {number}")
                peer.ask("addConnectionToGroup", "all")
            for peer in peers:
                peer.abort()
            self.called(20)

        comeAndGo()
        before, _ = self.objects()
        for _ in range(3):
            comeAndGo()
        for number in range(20):
            self.assertEqual(asking.problem("pushTextToConnection", f"name {number}", "a"), "NoSuchConnection")
            self.assertEqual(asking.problem("pushTextToGroup", f"group {number}", "a"), "NoSuchGroup")
        self.assertEqual(asking.problem("pushTextToGroup", "all", "a"), "NoSuchGroup")
        asking.ask("broadcastText", "to all")
        self.assertEqual(asking.heard, ["to all"])
        until(lambda: self.objects()[0] <= before, "nothing is kept")

    def test_unknown(self) -> None:
        """
        What is done to an unknown name or to a removed group fails, and makes no entry (ST05)
        """
        peer = self.join()
        for _ in range(2):
            for verb, arguments in (
                ("pushTextToConnection", ["a", "text"]),
                ("removeStoredConnection", ["a"]),
                ("closeStoredConnection", ["a"]),
            ):
                self.assertEqual(peer.problem(verb, *arguments), "NoSuchConnection")
            for verb, arguments in (
                ("pushTextToGroup", ["a", "text"]),
                ("removeConnectionGroup", ["a"]),
                ("closeConnectionGroup", ["a"]),
            ):
                self.assertEqual(peer.problem(verb, *arguments), "NoSuchGroup")
            # The second time: it was there, and was removed.
            peer.ask("storeConnection", "a")
            peer.ask("removeStoredConnection", "a")
            peer.ask("addConnectionToGroup", "a")
            peer.ask("removeConnectionGroup", "a")
        self.assertEqual(peer.problem("removeConnectionFromGroup", "a"), "")
        self.assertSilent(peer)

    def test_closed(self) -> None:
        """
        A stored connection that is closed by its name gets 1000, and a group's members, too
        """
        peer, *members = (self.join() for _ in range(3))
        members[0].ask("storeConnection", "a")
        members[1].ask("addConnectionToGroup", "b")
        peer.ask("closeStoredConnection", "a")
        peer.ask("closeConnectionGroup", "b")
        for member in members:
            opcode, payload = member.receive()
            self.assertEqual((opcode, payload[:2]), (CLOSE, (1000).to_bytes(2, "big")))


class GroupTests(StoreTestCase):
    """
    Groups and broadcasts.
    """

    def test_order(self) -> None:
        """
        Of 10,000 pushes to a group each member gets each once, in their order (ST07)
        """
        sender, *members = (self.join() for _ in range(5))
        for member in members:
            member.ask("addConnectionToGroup", "all")
        for number in range(10_000):
            sender.command("pushTextToGroup", "all", str(number))
        self.assertEqual(sender.problem("pushTextToGroup", "all", "end"), "")
        expected = [str(number) for number in range(10_000)]
        for member in members:
            self.assertEqual([member.hear() for _ in range(10_000)], expected)
            self.assertEqual(member.hear(), "end")
        self.assertSilent(*members)

    def test_otherService(self) -> None:
        """
        A broadcast reaches everybody of the service that it is made in, and nobody of another (ST08)
        """
        here, alsoHere, elsewhere = self.join(), self.join(), self.join("/other")
        here.ask("broadcastText", "to all")
        self.assertEqual((here.hear(), alsoHere.hear()), ("to all", "to all"))
        self.assertSilent(here, alsoHere, elsewhere)

    def test_resource(self) -> None:
        """
        An HTTP resource pushes to a group, and is told that nobody is in it
        """
        peer = self.join()

        def push() -> bytes:
            request = Request(f"http://127.0.0.1:{self.port}/push?group=news", b"hello", method="POST")
            with urlopen(request, timeout=PATIENCE) as answer:
                body: bytes = answer.read()
            return body

        self.assertEqual(push(), b"NoSuchGroup\n")
        peer.ask("addConnectionToGroup", "news")
        self.assertEqual(push(), b"pushed\n")
        self.assertEqual(peer.hear(), "hello")


class StuckTests(StoreTestCase):
    """
    One member that does not read.
    """

    alone = True

    def stuck(self, verb: str, *to: str) -> None:
        """
        Send 6 MiB to all, one of whom reads nothing.
        """
        sender, *members = (self.join("/impatient") for _ in range(4))

        def send(count: int) -> None:
            for number in range(count):
                text = f"{number} " + "x" * 60_000
                self.assertEqual(sender.problem(verb, *to, text), "")
                for member in members:
                    self.assertEqual(member.hear(), text)
                sender.heard.clear()

        for member in members:
            member.ask("addConnectionToGroup", "all")
        send(10)
        deaf = self.join("/impatient", room=65536)
        deaf.ask("addConnectionToGroup", "all")
        self.markMemory()
        send(100)
        self.assertLess(self.grown(), 4)
        self.assertEqual(until(self.calls, "the end of who does not read"), [["onClose", 1006, ""]])
        self.assertIn("peer does not read", self.logged())
        self.assertTrue(deaf.rest())
        self.assertTrue(deaf.reset)
        began = time.monotonic()
        self.assertEqual(sender.problem(verb, *to, "end"), "")
        for member in members:
            self.assertEqual(member.hear(), "end")
        self.assertLess(time.monotonic() - began, 20)

    def test_group(self) -> None:
        """
        Others in its group get every message meanwhile, and it is cut and costs little (SZ10)
        """
        self.stuck("pushTextToGroup", "all")

    def test_broadcast(self) -> None:
        """
        Others of its service get every broadcast meanwhile, and it is cut and costs little (SZ10)
        """
        self.stuck("broadcastText")
