"""
The store, groups and broadcast as a service's methods use them (seeds 0 and 1).
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.errors import ConnectionClosureError, NoSuchConnection, NoSuchGroup
from balws.hub.broker import Presence
from balws.hub.exchange import Exchange
from balws.hub.hub import Hub
from balws.interfaces import Service
from tests.session.doubles import Mounted, Peer


class Chat(Service):
    """
    Notes how it ends, and pushes while it does.
    """

    def __init__(self) -> None:
        self.ends: list[Any] = []

    def onClose(self, caller: Any, statusCode: int) -> None:
        """
        Try to reach itself.
        """
        self.ended(caller, statusCode)

    def onError(self, caller: Any, error: Exception) -> None:
        """
        Try to reach itself.
        """
        self.ended(caller, type(error).__name__)

    def ended(self, caller: Any, how: Any) -> None:
        """
        Push to its own name and group, and to everybody.
        """
        failures: list[str] = []
        for deferred in (caller.hub.pushTextToConnection("me", "x"), caller.hub.pushTextToGroup("mine", "x")):
            deferred.addErrback(lambda failure: failures.append(failure.type.__name__))
        caller.broadcastText("ended")
        self.ends.append((how, failures))


class StoringTests(SynchronousTestCase):
    """
    Connections that other code reaches by name and by group.
    """

    def setUp(self) -> None:
        """
        A service with two connections.
        """
        self.hub = Hub(broker=Exchange(None).broker())
        self.hub.start()
        self.mounted = Mounted(hub=self.hub, path="/chat")
        self.first, self.second = (self.mounted.connect(Chat()) for _ in range(2))

    def tearDown(self) -> None:
        """
        Nothing is kept of connections that ended (ST03).
        """
        for peer in (self.first, self.second):
            peer.leave()
        node = self.hub.node
        self.assertEqual((len(node.store), len(node.groups), node._audiences), (0, 0, {}))

    def names(self, peer: Peer) -> Any:
        """
        Store a connection as C{me}, and add it to C{mine}.
        """
        self.successResultOf(peer.caller.storeConnection("me"))
        self.successResultOf(peer.caller.addConnectionToGroup("mine"))
        return peer.caller

    def test_push(self) -> None:
        """
        What is pushed to a name reaches its connection, as text, binary and JSON.
        """
        self.names(self.first)
        for deferred in (
            self.hub.pushTextToConnection("me", "hi"),
            self.hub.pushBinaryToConnection("me", b"\x00"),
            self.hub.pushMessageToConnection("me", {"a": 1}),
        ):
            self.successResultOf(deferred)
        self.assertEqual((self.first.heard(), self.second.heard()), (["hi", b"\x00", '{"a":1}'], []))

    def test_replaced(self) -> None:
        """
        The connection that is stored last has the name; the other stays open, and its end does
        not take the name away (ST01, decision 9).
        """
        for peer in (self.first, self.second):
            self.successResultOf(peer.caller.storeConnection("me"))
        self.assertTrue(self.first.caller.isOpen())
        self.first.leave()
        self.successResultOf(self.hub.pushTextToConnection("me", "hi"))
        self.assertEqual(self.second.heard(), ["x", "ended", "hi"])

    def test_group(self) -> None:
        """
        A push to a group reaches its members, the one that pushes included.
        """
        for peer in (self.first, self.second):
            self.successResultOf(peer.caller.addConnectionToGroup("room"))
        self.successResultOf(self.first.caller.hub.pushTextToGroup("room", "hi"))
        self.successResultOf(self.second.caller.removeConnectionFromGroup("room"))
        self.successResultOf(self.hub.pushTextToGroup("room", "ho"))
        self.assertEqual((self.first.heard(), self.second.heard()), (["hi", "ho"], ["hi"]))

    def test_onClose(self) -> None:
        """
        The connection is removed from everything before onClose runs, whoever closed (A1.5, ST03).
        """
        for end in (
            lambda peer: peer.leave(),
            lambda peer: peer.close(1000),
            lambda peer: peer.caller.close(timeout=0),
        ):
            peer = self.mounted.connect(Chat())
            self.names(peer)
            end(peer)
            peer.leave()
            service: Any = peer.service
            self.assertEqual([failures for _, failures in service.ends], [["NoSuchConnection", "NoSuchGroup"]])
            self.assertEqual(self.first.heard(), ["ended"])

    def test_onError(self) -> None:
        """
        And before onError, which comes while the connection is still closing.
        """
        self.names(self.first)
        self.first.send(b"\xff\x80")
        service: Any = self.first.service
        self.assertEqual(service.ends, [("CorruptedFrameError", ["NoSuchConnection", "NoSuchGroup"])])
        self.assertEqual(self.second.heard(), ["ended"])

    def test_closing(self) -> None:
        """
        A connection that is closing has no name and no group any more.
        """
        caller = self.names(self.first)
        caller.close().addErrback(lambda failure: failure.trap(ConnectionClosureError))
        self.failureResultOf(self.hub.pushTextToConnection("me", "x"), NoSuchConnection)
        self.failureResultOf(self.hub.removeConnectionGroup("mine"), NoSuchGroup)

    def test_closed(self) -> None:
        """
        A closed connection cannot be stored, nor come into a group.
        """
        self.first.leave()
        for deferred in (self.first.caller.storeConnection("me"), self.first.caller.addConnectionToGroup("mine")):
            self.failureResultOf(deferred, ConnectionClosureError)
        self.successResultOf(self.first.caller.removeConnectionFromGroup("mine"))

    def test_closeStored(self) -> None:
        """
        A stored connection and those of a group are closed with 1000 (A1.16).
        """
        self.names(self.first)
        self.successResultOf(self.hub.closeStoredConnection("me"))
        self.names(self.second)
        self.successResultOf(self.hub.closeConnectionGroup("mine"))
        closed = ("close", 1000, "Normal closure")
        self.assertEqual((self.first.heard()[-1], self.second.heard()[-1]), (closed, closed))

    def test_presence(self) -> None:
        """
        Who says who it is is in the group's presence, by its connection's id.
        """
        self.successResultOf(self.first.caller.addConnectionToGroup("room", presence={"name": "ann"}))
        self.successResultOf(self.second.caller.addConnectionToGroup("room"))
        expected = Presence(self.first.caller.getConnectionId(), {"name": "ann"})
        self.assertEqual(self.successResultOf(self.hub.presenceOf("room")), (expected,))

    def test_since(self) -> None:
        """
        A connection that wants positions gets each message with its own, others as it is.
        """
        position = self.successResultOf(self.first.caller.addConnectionToGroup("room", since=""))
        self.successResultOf(self.second.caller.addConnectionToGroup("room"))
        pushed = self.successResultOf(self.hub.pushTextToGroup("room", "é"))
        self.assertNotEqual(pushed, position)
        self.assertEqual(self.first.heard(), [f'{{"group":"room","position":"{pushed}","text":"é"}}'])
        self.assertEqual(self.second.heard(), ["é"])
        later = self.successResultOf(self.second.caller.addConnectionToGroup("room", since=position))
        self.assertEqual(later, pushed)
        self.assertEqual(len(self.second.heard()), 1)

    def test_binarySince(self) -> None:
        """
        What was missed may be binary.
        """
        position = self.successResultOf(self.first.caller.addConnectionToGroup("room", since=""))
        self.successResultOf(self.hub.pushBinaryToGroup("room", b"\x00"))
        self.successResultOf(self.second.caller.addConnectionToGroup("room", since=position))
        self.assertIn('"data":"AA=="', self.second.heard()[0])

    def test_names(self) -> None:
        """
        What is no name is an error.
        """
        for name, error in (("", None), (None, TypeError), ("\ud800", ValueError)):
            for function in (
                self.first.caller.storeConnection,
                self.first.caller.addConnectionToGroup,
                self.first.caller.removeConnectionFromGroup,
                self.hub.presenceOf,
            ):
                failure = self.failureResultOf(function(name))  # type: ignore[operator]
                self.assertTrue(error is None or failure.check(error), failure)
