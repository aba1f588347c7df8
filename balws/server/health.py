# -*- test-case-name: tests.server.test_health -*-
"""
Whether this process lives, and whether it should get new peers: what load balancers and
supervisors ask for (row RL18).

An operator mounts either where he likes::

    [[listeners.resources]]
    path = "/ready"
    resource = "balws.server.health:ReadyResource"
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from twisted.web.resource import Resource
from twisted.web.server import Request

from balws.hub.hub import Hub

__all__ = ["HealthResource", "Readiness", "ReadyResource", "readiness"]


class Readiness:
    """
    @ivar isReady: whether new peers are welcome: until the process drains, or an application says
        otherwise.
    """

    def __init__(self) -> None:
        self.isReady = True

    def drain(self) -> None:
        """
        The process begins to end: it gets no new peers from now on.
        """
        self.isReady = False


_shared = Readiness()


def readiness() -> Readiness:
    """
    @return: that of this process.
    """
    return _shared


class _Words(Resource, ABC):
    """
    One line of plain text, which nobody may keep.
    """

    def render_GET(self, request: Request) -> bytes:
        """
        @return: the line.
        """
        status, words = self.state()
        request.setResponseCode(status)
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        request.setHeader(b"cache-control", b"no-store")
        return words + b"\n"

    @abstractmethod
    def state(self) -> tuple[int, bytes]:
        """
        @return: status and words of the answer.
        """


class HealthResource(_Words):
    """
    Says 200 C{ok} as long as the process lives, also while it drains: who ends it then drops
    peers that are being told to go.
    """

    def state(self) -> tuple[int, bytes]:
        """
        @return: always the same.
        """
        return 200, b"ok"


class ReadyResource(_Words):
    """
    Says 200 C{ready}, or 503 C{draining}; and 200 C{degraded} while the hub does not reach
    other nodes: what is local works on, and all nodes would be taken out together otherwise.
    It says no more: strangers may ask.
    """

    def __init__(self, hub: Hub | None = None, ready: Readiness | None = None) -> None:
        """
        @param hub: whose state counts; L{None} is none's.
        @param ready: L{None} is that of this process.
        """
        super().__init__()
        self._hub = hub
        self._ready = readiness() if ready is None else ready

    def state(self) -> tuple[int, bytes]:
        """
        @return: see above.
        """
        if not self._ready.isReady:
            return 503, b"draining"
        if self._hub is not None and self._hub.isDegraded:
            return 200, b"degraded"
        return 200, b"ready"
