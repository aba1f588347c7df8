# -*- test-case-name: tests.hub.redis.test_keys -*-
"""
What the keys and channels in Redis are called.

Names of connections and groups stand at the end, behind a fixed beginning, as they are: they are
data, never patterns.  The scripts of L{balws.hub.redis.scripts}, L{balws.hub.redis.claims} and
L{balws.hub.redis.streams} make the same keys from the base::

    BASE:node:ID         there while a node lives; its value is the number of its last beat
    BASE:nodes           set of the ids of nodes, until they are tidied away
    BASE:inbox:ID        how many messages were sent to a node's own channel
    BASE:fence           the last fence that was given, BASE:order the last place in presence
    BASE:name:NAME       id of the owner and the fence; BASE:names:ID set of a node's names
    BASE:group:GROUP     set of the ids of nodes with members; BASE:groups:ID the other way round
    BASE:presence:GROUP  hash: connection's id to node's id, order and what is said
    BASE:presences:ID    set of the groups in which a node has presences
    BASE:meta:GROUP      hash of a durable group: epoch, n; BASE:history:GROUP its stream
    BASE:sent:ID:GROUP   sorted set: epoch and n of a node's last pushes to a durable group, by their number

Channels: BASE:to:ID, BASE:in:GROUP, BASE:at:LISTENER:PATH.
"""

from __future__ import annotations

from balws.hub.broker import Audience

__all__ = ["Keys", "decoded", "encoded"]


def encoded(name: str) -> bytes:
    """
    @return: a name of anything in UTF-8.  A lone surrogate is data as all the rest.
    """
    return name.encode("utf-8", "surrogatepass")


def decoded(data: bytes) -> str:
    """
    @return: the name that L{encoded} was given.
    @raise ValueError: when there was none.
    """
    return data.decode("utf-8", "surrogatepass")


class Keys:
    """
    @ivar base: what all begin with.
    @ivar id: the id of this node, 16 bytes.
    @ivar hexId: it as it stands in keys.
    @ivar own: the channel of this node.
    """

    def __init__(self, prefix: str, nodeId: bytes) -> None:
        self.base = prefix.encode("ascii")
        self.id = nodeId
        self.hexId = nodeId.hex().encode("ascii")
        self.own = b"%b:to:%b" % (self.base, self.hexId)

    def group(self, group: str) -> bytes:
        """
        @return: the channel of a group.
        """
        return b"%b:in:%b" % (self.base, encoded(group))

    def audience(self, audience: Audience) -> bytes:
        """
        @return: the channel of a service.
        """
        return b"%b:at:%d:%b" % (self.base, audience.listener, encoded(audience.path))
