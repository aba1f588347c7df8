# -*- test-case-name: tests.hub.contract -*-
"""
What lies between the hubs of several nodes.

A B{node} is a process with a hub.  The hub knows the connections of its own node and delivers
to them; a broker knows which nodes there are and carries to the others.

Who does what
=============

The hub encodes a message once, to L{Message}; the broker serialises it for its journey and
brings it to the other hubs as a L{Message} again.  Names of connections, groups and audiences
are data: any text, never a pattern.

Guarantees
==========

B{Plain} groups, names and audiences: at most once.  What one node publishes to one group, name
or audience arrives in its order at every other node.  A publication never comes back to
the node that made it: that has delivered already.  What is lost on the way is counted where
it was missed, and the hub is told (L{INode.lost}).

B{Durable} groups (L{IBroker.isDurable}): a publication is acknowledged when it is stored; what is
acknowledged reaches every node that has members exactly once, in one order for all
nodes, the publisher's included, also where a node was away in between, as long as history reaches
back.  Publications of one node to one group keep their order.  While nothing can be stored they
wait, up to C{maxQueue} bytes and for C{patience} seconds, and then fail with
L{HubUnavailableError}; whether such a one was stored is not known then.

B{Names}: one owner at a time.  Who claims a name last is its owner; a fence, a number which
grows with each claim, tells an owner of the past from the present one.

B{A node that dies} is forgotten within two heartbeats: its names, its groups, its presence, and
each disappearance is told to those that watch.

Away
====

While the broker cannot be reached, nothing that needs it succeeds: it fails at once with
L{HubUnavailableError} (durable publications: see above).  The hub goes on with its own connections.
When it is back, the broker asks the hub what it has (L{INode.holdings}) and restores it.
"""

from __future__ import annotations

from enum import Enum

import attrs
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from balws.hub.message import Message

__all__ = ["Audience", "Entry", "Holdings", "IBroker", "INode", "Presence", "PresenceEvent", "Verb", "numberOf"]


@attrs.frozen
class Audience:
    """
    Everybody connected to one service: its mount path on its listener (ruling 9).

    @ivar listener: tells the listeners of a process apart: the first is 1, on every node.
    @ivar path: where the service is mounted.
    """

    listener: int
    path: str


class Verb(Enum):
    """
    What is to be done with connections.

    @cvar DELIVER: send them a message.
    @cvar REMOVE: take them out of the group, or take the name from them.
    @cvar CLOSE: as L{REMOVE}, and close them.
    """

    DELIVER = "deliver"
    REMOVE = "remove"
    CLOSE = "close"


@attrs.frozen
class Entry:
    """
    A message of a durable group.

    @ivar position: its place in the group's history, for clients to keep: a short text, of
        which what is behind the last dot is a number that each message of a group raises by 1.
        Empty in a plain group.
    """

    message: Message
    position: str

    @property
    def number(self) -> int:
        """
        Its place as a number; 0 in a plain group.
        """
        return numberOf(self.position)


def numberOf(position: str) -> int:
    """
    @return: the number in a position of ours; 0 where there is none.
    """
    number = position.rpartition(".")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 20 else 0


@attrs.frozen
class Presence:
    """
    Somebody who is in a group and said so.

    @ivar connectionId: whose: what C{Caller.getConnectionId} gives.
    @ivar info: what the application says about it: a value of JSON.
    """

    connectionId: str
    info: object


@attrs.frozen
class PresenceEvent:
    """
    Somebody came into a group, or left it.

    @ivar group: which.
    @ivar presence: who.
    @ivar isJoin: whether it came.
    @ivar isHere: True on exactly one node: where it happened or, for a node that died, on one
        that noticed.  Who tells others about it does so there.
    """

    group: str
    presence: Presence
    isJoin: bool
    isHere: bool


@attrs.frozen
class Holdings:
    """
    What a node has, for a broker that was away.

    @ivar names: stored names, each with its fence; 0 for what was stored while the broker
        was away.
    @ivar groups: groups with members.
    @ivar presences: by group.
    @ivar watched: groups whose coming and going is watched.
    @ivar audiences: services that are mounted.
    """

    names: dict[str, int]
    groups: set[str]
    presences: dict[str, tuple[Presence, ...]]
    watched: set[str]
    audiences: set[Audience]


class INode(Interface):
    """
    The hub, as a broker sees it.  Nothing here waits or raises.
    """

    def groupReceived(group: str, verb: Verb, entry: Entry | None) -> None:
        """
        A publication to a group: of another node, or, in a durable group, of any.

        @param entry: L{None} but for L{Verb.DELIVER}; in a plain group its position is empty.
        """

    def connectionReceived(name: str, fence: int, verb: Verb, message: Message | None) -> None:
        """
        For the connection that this node stores under a name, unless its fence is another
        by now.
        """

    def audienceReceived(audience: Audience, message: Message) -> None:
        """
        A broadcast of another node.
        """

    def replaced(name: str, fence: int) -> None:
        """
        Another node has claimed a name with this fence: an older claim of ours is void.
        """

    def claimed(name: str, fence: int) -> None:
        """
        A name of L{Holdings} that had no fence is claimed now, with this one.
        """

    def presenceChanged(event: PresenceEvent) -> None:
        """
        For groups with members here, and for watched ones.
        """

    def lost(group: str, count: int | None) -> None:
        """
        Publications did not get here.

        @param group: of which group; empty for names and audiences.
        @param count: how many, L{None} where nobody can know.
        """

    def holdings() -> Holdings:
        """
        @return: what this node has now.
        """


class IBroker(Interface):
    """
    Carries between nodes; see the module.  Every method that returns a Deferred never raises,
    and fails with L{HubUnavailableError} while the broker is away.
    """

    isAvailable = Attribute("whether other nodes can be reached now")
    problem = Attribute("why not: words for the operator, without secrets; empty while it is available")
    undelivered = Attribute(
        "how many publications to groups and audiences failed or missed a node since the beginning, an int"
    )

    def start(node: INode) -> None:
        """
        Begin, and go on trying where it cannot be reached.
        """

    def whenTried() -> Deferred[None]:
        """
        @return: fires when the first attempt to reach the other nodes has succeeded or failed.
        """

    def stop() -> Deferred[None]:
        """
        Take this node's entries back, as far as that can be done in time, and end.
        """

    def isDurable(group: str) -> bool:
        """
        @return: whether pushes to this group are stored, and come to the publishing node, too.
        """

    def claim(name: str) -> Deferred[int]:
        """
        This node stores a connection under a name.

        @return: fires with the fence of the claim, above 0.
        """

    def release(name: str, fence: int) -> None:
        """
        It no longer does.  Another's claim, or a later one of ours, is not touched.
        """

    def toConnection(name: str, verb: Verb, message: Message | None) -> Deferred[int | None]:
        """
        Do something with the connection of this name; L{Verb.REMOVE} and L{Verb.CLOSE} end the
        claim, too.

        @return: fires with the fence where this node itself is the owner, which then does it;
            with L{None} where it was sent to another.  Fails with L{NoSuchConnection}, or
            with L{HubUnavailableError} when the owner does not listen.
        """

    def enter(group: str) -> Deferred[None]:
        """
        This node has members of a group.

        @return: fires when publications reach it.
        """

    def exit(group: str) -> None:
        """
        It has none any more.
        """

    def publish(group: str, message: Message) -> Deferred[str]:
        """
        Carry a message to the nodes with members of a group.

        @return: fires with the position in a durable group when it is stored, else with an
            empty text when it is on its way.  Fails with L{NoSuchGroup} where no node
            has members and, in a durable group, nothing is kept either; with
            L{HubUnavailableError}.
        """

    def dissolve(group: str, verb: Verb) -> Deferred[None]:
        """
        Remove a group on all nodes but, in a plain group, this one; a durable one loses its history.

        Each hub then calls L{exit} as for any group that has no members any more.

        @param verb: L{Verb.REMOVE} or L{Verb.CLOSE}.
        @return: as L{publish}, with L{None}.
        """

    def history(group: str, position: str) -> Deferred[tuple[tuple[Entry, ...], str]]:
        """
        What was pushed to a durable group after a position.

        @param position: of an L{Entry}; empty: now.
        @return: fires with the next entries, at most some hundreds, and the position of the
            last one, or C{position} where there are none: ask until there are none.  Fails
            with L{HistoryLostError} when not all that came after it is kept, or the
            group is not durable.
        """

    def serve(audience: Audience) -> None:
        """
        A service is mounted: broadcasts for it are wanted.
        """

    def unserve(audience: Audience) -> None:
        """
        It is no longer.
        """

    def broadcast(audience: Audience, message: Message) -> Deferred[None]:
        """
        Carry a broadcast to the other nodes.

        @return: fires with L{None} when it is on its way, also when nobody else is there.
        """

    def appear(group: str, presence: Presence) -> Deferred[None]:
        """
        Somebody of this node is in a group and says so; once more: with other C{info}.
        """

    def disappear(group: str, connectionId: str) -> None:
        """
        And is no longer.
        """

    def presence(group: str) -> Deferred[tuple[Presence, ...]]:
        """
        @return: fires with who is in a group, on all nodes, oldest first; empty where nobody is.
        """

    def watch(group: str) -> Deferred[None]:
        """
        Tell L{INode.presenceChanged} of this group although nobody of this node is in it.

        @return: fires when it will be told.
        """

    def unwatch(group: str) -> None:
        """
        No longer.
        """
