"""
Tests of L{balws.hub.limits}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config.hub import HubConfiguration
from balws.errors import HubLimitError
from balws.hub.broker import Presence
from balws.hub.hub import Hub
from balws.hub.limits import MAX_INFO, MAX_NAME, unfit
from tests.hub.members import Member


class NameTests(SynchronousTestCase):
    """
    What may be a name.
    """

    def test_length(self) -> None:
        """
        A name has 1 to 256 bytes of UTF-8.
        """
        for name in ("a", "*", "a" * MAX_NAME, "é" * (MAX_NAME // 2), "\x00", "\n", "[a-z]*"):
            self.assertIsNone(unfit(name), name)
        for name in ("", "a" * (MAX_NAME + 1), "é" * (MAX_NAME // 2) + "a"):
            self.assertIsInstance(unfit(name), HubLimitError, name)

    def test_kind(self) -> None:
        """
        It is a text that can be written.
        """
        for name in (b"a", 1, None, ["a"]):
            self.assertIsInstance(unfit(name), TypeError, name)
        self.assertIsInstance(unfit("\ud800"), ValueError)


class LimitTests(SynchronousTestCase):
    """
    How many there may be.
    """

    def hub(self, **fields: Any) -> Hub:
        """
        @return: a hub with these limits.
        """
        return Hub(HubConfiguration(**fields))

    def test_names(self) -> None:
        """
        One name more than allowed is refused; a name that is there may be stored again.
        """
        hub = self.hub(maxNames=2)
        for name in ("a", "b", "b"):
            self.successResultOf(hub.storeConnection(Member(), name))
        self.failureResultOf(hub.storeConnection(Member(), "c"), HubLimitError)
        self.successResultOf(hub.removeStoredConnection("a"))
        self.successResultOf(hub.storeConnection(Member(), "c"))

    def test_groups(self) -> None:
        """
        One group more than allowed is refused; one that is there takes further connections.
        """
        hub, member = self.hub(maxGroups=2), Member()
        for group in ("a", "b", "b"):
            self.successResultOf(hub.addConnectionToGroup(Member(), group))
        self.failureResultOf(hub.addConnectionToGroup(member, "c"), HubLimitError)
        self.successResultOf(hub.removeConnectionGroup("a"))
        self.successResultOf(hub.addConnectionToGroup(member, "c"))

    def test_groupsOfOne(self) -> None:
        """
        A connection is in so many groups at the most, and others are not hindered by that.
        """
        hub, member = self.hub(maxGroupsPerConnection=2), Member()
        for group in ("a", "b", "b"):
            self.successResultOf(hub.addConnectionToGroup(member, group))
        self.failureResultOf(hub.addConnectionToGroup(member, "c"), HubLimitError)
        self.successResultOf(hub.addConnectionToGroup(Member(), "c"))
        self.successResultOf(hub.removeConnectionFromGroup(member, "a"))
        self.successResultOf(hub.addConnectionToGroup(member, "c"))

    def test_presence(self) -> None:
        """
        What a presence says is JSON, of 1 KiB at the most.
        """
        hub, member = self.hub(), Member()
        self.successResultOf(hub.addConnectionToGroup(member, "a", Presence("1", "x" * (MAX_INFO - 2))))
        for info, problem in (("x" * (MAX_INFO - 1), HubLimitError), (b"x", TypeError), (float("nan"), TypeError)):
            self.failureResultOf(hub.addConnectionToGroup(member, "b", Presence("1", info)), problem)
        self.assertNotIn("b", hub.node.groups)
