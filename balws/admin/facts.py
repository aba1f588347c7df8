# -*- test-case-name: tests.admin.test_process -*-
"""
What is known of a running service, as the admin endpoint tells it: the records of its JSON.

Counts are since the process began; bytes are those of messages, without frames.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

__all__ = [
    "MAX_ANSWER",
    "ConnectionFacts",
    "ConnectionPage",
    "Count",
    "GroupFacts",
    "GroupPage",
    "HubFacts",
    "PathFacts",
    "Reason",
    "Summary",
]

#: Bytes of the longest answer: 10,000 connections with all their names and groups.
MAX_ANSWER = 1 << 26


class ConnectionFacts(Struct, frozen=True, kw_only=True):
    """
    One open connection.

    @ivar id: as C{caller.getConnectionId()} tells it.
    @ivar path: where its service is mounted.
    @ivar service: the class of the service object that talks to it.
    @ivar user: who was authenticated; L{None} is nobody.
    @ivar address: from where it comes, as far as proxies are trusted.
    @ivar age: seconds since it opened.
    @ivar queue: bytes that the peer has not taken yet.
    @ivar pending: messages of the peer that wait for a method.
    @ivar received: messages of the peer.
    @ivar sent: messages to it.
    @ivar receivedBytes: of those messages.
    @ivar sentBytes: of those messages.
    @ivar subProtocol: the one agreed on, or L{None}.
    @ivar secure: whether TLS protects it.
    @ivar names: under which it is stored, the first 20.
    @ivar groups: in which it is, the first 20.
    @ivar worker: the number of the process that has it; L{None} where there is but one.
    """

    id: str
    path: str
    service: str
    user: str | None
    address: str
    age: float
    queue: int
    pending: int
    received: int
    sent: int
    receivedBytes: int
    sentBytes: int
    subProtocol: str | None
    secure: bool
    names: list[str]
    groups: list[str]
    worker: int | None = None


class ConnectionPage(Struct, frozen=True, kw_only=True):
    """
    @ivar total: how many connections the question fits.
    @ivar connections: the first of them.
    """

    total: int
    connections: list[ConnectionFacts]


class GroupFacts(Struct, frozen=True, kw_only=True):
    """
    @ivar name: of the group.
    @ivar members: how many connections of this service's processes on this machine are in it.
    """

    name: str
    members: int


class GroupPage(Struct, frozen=True, kw_only=True):
    """
    @ivar total: how many groups the question fits.
    @ivar groups: the largest of them.
    """

    total: int
    groups: list[GroupFacts]


class PathFacts(Struct, frozen=True, kw_only=True):
    """
    One mounted upgrade service, with all connections that it ever had.

    @ivar path: where it is mounted; the same path of several listeners is one.
    @ivar service: the upgrade service's class.
    @ivar connections: how many are open.
    @ivar opened: how many were opened.
    @ivar closed: how many have ended, by close code; codes of applications as C{"3xxx"} and C{"4xxx"}.
    @ivar slow: how many of those were cut because their peers did not read.
    @ivar received: messages of peers; likewise C{sent}, C{receivedBytes}, C{sentBytes}.
    @ivar queue: bytes that peers have not taken yet.
    """

    path: str
    service: str
    connections: int
    opened: int
    closed: dict[str, int]
    slow: int
    received: int
    sent: int
    receivedBytes: int
    sentBytes: int
    queue: int


class HubFacts(Struct, frozen=True, kw_only=True):
    """
    @ivar names: how many connections are stored under a name.
    @ivar groups: how many groups have members here.
    @ivar undelivered: how much did not leave this node, or missed another.
    @ivar lost: how much of what others sent did not get here.
    @ivar degraded: whether other nodes cannot be reached now.
    @ivar problem: why not, in words; empty while they can.
    """

    names: int
    groups: int
    undelivered: int
    lost: int
    degraded: bool
    problem: str


class Summary(Struct, frozen=True, kw_only=True):
    """
    @ivar version: of balws.
    @ivar pids: of the processes that serve, by their numbers; one where there are no workers.
    @ivar uptime: seconds since the process began to serve.
    @ivar state: C{"ready"}, C{"degraded"} or C{"draining"}.
    @ivar connections: how many are open in all.
    @ivar paths: the services, by path.
    @ivar refused: how often a limit turned somebody away, by the limit's name.
    @ivar authFailures: how often credentials for a service were not accepted.
    @ivar adminRefusals: how often a wrong token was shown to the admin endpoint.
    @ivar stalls: how often the reactor stood still for longer than C{stallWarn}.
    @ivar hub: how connections reach each other.
    """

    version: str
    pids: list[int]
    uptime: float
    state: str
    connections: int
    paths: list[PathFacts]
    refused: dict[str, int] = field(default_factory=dict)
    authFailures: int = 0
    adminRefusals: int = 0
    stalls: int = 0
    hub: HubFacts


class Count(Struct, frozen=True, kw_only=True):
    """
    An order was done.

    @ivar count: for how many connections; see L{balws.admin.operations.IOperations.send}.
    """

    count: Annotated[int, Meta(ge=0)]


class Reason(Struct, frozen=True, kw_only=True):
    """
    A question was not answered, or an order not done.

    @ivar error: why not, in words for the operator.
    """

    error: str
