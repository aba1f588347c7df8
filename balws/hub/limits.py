# -*- test-case-name: tests.hub.test_limits -*-
"""
How many names and groups there may be, and how long they are.
"""

from __future__ import annotations

import json

from balws.config.hub import HubConfiguration
from balws.errors import HubLimitError
from balws.hub.broker import Presence
from balws.hub.node import Node
from balws.interfaces import IMember

__all__ = ["MAX_INFO", "MAX_NAME", "Limits", "unfit"]

#: Bytes of a name of a connection or a group, and of what a presence says.
MAX_NAME = 256
MAX_INFO = 1024


def unfit(name: object) -> Exception | None:
    """
    @return: why something cannot be the name of a connection or a group; L{None} if it can.
    """
    if not isinstance(name, str):
        return TypeError(f"a name is a str, not {type(name).__name__}")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return ValueError("a name is text that UTF-8 can write")
    if not 0 < size <= MAX_NAME:
        return HubLimitError(f"a name has 1 to {MAX_NAME} bytes of UTF-8, not {size}")
    return None


class Limits:
    """
    The limits of one node.
    """

    def __init__(self, configuration: HubConfiguration, node: Node) -> None:
        self._configuration = configuration
        self._node = node

    def storing(self, name: str) -> Exception | None:
        """
        @return: why a connection cannot be stored under a name; L{None} if it can.
        """
        most, store = self._configuration.maxNames, self._node.store
        problem = unfit(name)
        if problem is None and name not in store and len(store) >= most:
            return HubLimitError(f"this node stores {most} connections already (maxNames)")
        return problem

    def joining(self, member: IMember, group: str, presence: Presence | None) -> Exception | None:
        """
        @return: why a connection cannot come into a group; L{None} if it can.
        """
        problem = unfit(group)
        if problem is not None:
            return problem
        groups = self._node.groups
        found = groups.get(group)
        most = self._configuration.maxGroups
        if found is None and len(groups) >= most:
            return HubLimitError(f"this node has members of {most} groups already (maxGroups)")
        most = self._configuration.maxGroupsPerConnection
        if (found is None or member not in found) and groups.count(member) >= most:
            return HubLimitError(f"the connection is in {most} groups already (maxGroupsPerConnection)")
        return None if presence is None else _unfitInfo(presence.info)


def _unfitInfo(info: object) -> Exception | None:
    try:
        size = len(json.dumps(info, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return TypeError("what a presence says is a value of JSON")
    return HubLimitError(f"what a presence says has {MAX_INFO} bytes at the most") if size > MAX_INFO else None
