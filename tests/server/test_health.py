"""
Tests of L{balws.server.health}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource
from twisted.web.test.requesthelper import DummyRequest
from zope.interface.verify import verifyObject

from balws.server import health
from balws.server.health import HealthResource, Readiness, ReadyResource, readiness


class _Hub:
    """
    Says how it is.
    """

    isDegraded = False
    problem = "redis://secret@host"


class HealthTests(SynchronousTestCase):
    """
    What a load balancer is told.
    """

    def setUp(self) -> None:
        self.readiness = Readiness()
        self.hub: Any = _Hub()

    def ask(self, resource: Any, method: bytes = b"GET") -> tuple[int, bytes]:
        """
        @return: status and body of the answer.
        """
        verifyObject(IResource, resource)
        request: Any = DummyRequest([b""])
        request.method = method
        body = resource.render(request)
        self.assertEqual(request.responseHeaders.getRawHeaders("content-type"), ["text/plain; charset=utf-8"])
        self.assertEqual(request.responseHeaders.getRawHeaders("cache-control"), ["no-store"])
        return request.responseCode, body

    def test_alive(self) -> None:
        """
        Who lives says so, for GET and HEAD.
        """
        self.assertEqual(self.ask(HealthResource()), (200, b"ok\n"))
        self.assertEqual(self.ask(HealthResource(), b"HEAD")[0], 200)

    def test_ready(self) -> None:
        """
        Ready until it drains (RL18)
        """
        resource = ReadyResource(self.hub, self.readiness)
        self.assertEqual(self.ask(resource), (200, b"ready\n"))
        self.readiness.drain()
        self.assertEqual(self.ask(resource), (503, b"draining\n"))
        self.hub.isDegraded = True
        self.assertEqual(self.ask(resource), (503, b"draining\n"))

    def test_degraded(self) -> None:
        """
        A node that cannot reach the others serves on, and says nothing of why (RL18)
        """
        resource = ReadyResource(self.hub, self.readiness)
        self.hub.isDegraded = True
        self.assertEqual(self.ask(resource), (200, b"degraded\n"))
        self.hub.isDegraded = False
        self.assertEqual(self.ask(resource), (200, b"ready\n"))

    def test_application(self) -> None:
        """
        An application may say that it is not ready, and that it is.
        """
        resource = ReadyResource(ready=self.readiness)
        self.readiness.isReady = False
        self.assertEqual(self.ask(resource)[0], 503)
        self.readiness.isReady = True
        self.assertEqual(self.ask(resource)[0], 200)

    def test_shared(self) -> None:
        """
        All of a process have one readiness.
        """
        self.patch(health, "_shared", self.readiness)
        self.assertIs(readiness(), self.readiness)
        readiness().drain()
        self.assertEqual(self.ask(ReadyResource(self.hub)), (503, b"draining\n"))
