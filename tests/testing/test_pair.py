"""
Tests of L{balws.testing.pair}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from balws import (
    Caller,
    ConfigurationError,
    InvalidHandshakeError,
    NormalClosure,
    Service,
    ServiceDefinitionError,
    UpgradeService,
    WSServiceConfig,
)
from balws.client.client import Client
from balws.testing import MemoryListener, RecordingService, connectedPair, serving


class Echo(Service):
    """
    Needs nothing of its upgrade.
    """

    def onTextMessage(self, text: str) -> str:
        return text


class Wrong(Service):
    """
    Cannot work.
    """

    def onTextMesage(self, text: str) -> str:
        return text


class PairTests(SynchronousTestCase):
    """
    A service and a client that talk.
    """

    def test_talk(self) -> None:
        """
        What the client says is heard, and what the service says is read.
        """
        client, caller = connectedPair(Echo())
        self.assertIsInstance(client, Client)
        self.assertIsInstance(caller, Caller)
        self.successResultOf(client.writeTextMessage("hi"))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")
        self.successResultOf(caller.writeTextMessage("and you?"))
        self.assertEqual(self.successResultOf(client.readTextMessage()), "and you?")

    def test_fields(self) -> None:
        """
        Client and service are configured as the test says.
        """
        config = WSServiceConfig(subProtocols=["chat"])
        client, caller = connectedPair(Echo(), serviceConfig=config, subProtocols=["chat"])
        self.assertEqual((client.getNegotiatedSubProtocol(), caller.getNegotiatedSubProtocol()), ("chat", "chat"))

    def test_failures(self) -> None:
        """
        Whatever prevents the connection is raised where the pair is made.
        """
        self.assertRaises(ServiceDefinitionError, connectedPair, Wrong())
        self.assertRaises(InvalidHandshakeError, connectedPair, Echo(), subProtocols=["chat"])
        self.assertRaises(ConfigurationError, connectedPair, Echo(), readTimeout="soon")

    def test_over(self) -> None:
        """
        A service that closes at once makes no pair, and the test is told so.
        """
        error = self.assertRaises(AssertionError, connectedPair, RecordingService(onOpen=NormalClosure()))
        self.assertIn("has ended", str(error))

    def test_waits(self) -> None:
        """
        A connection that waits for something makes no pair either.
        """
        self.patch(MemoryListener, "connect", lambda self, path, **fields: Deferred())
        error = self.assertRaises(AssertionError, connectedPair, Echo())
        self.assertIn("waits", str(error))


class ServingTests(SynchronousTestCase):
    """
    A service without an upgrade service of its own.
    """

    def test_everybody(self) -> None:
        """
        Everybody talks to the same service.
        """
        service = RecordingService()
        listener = MemoryListener()
        upgrade = serving(service)
        self.assertIsInstance(upgrade, UpgradeService)
        listener.attach(upgrade, "/a")
        for text in "ab":
            self.successResultOf(listener.connect("/a")).writeTextMessage(text)
        self.assertEqual([call[1] for call in service.calls if call[1:]], ["a", "b"])

    def test_wrong(self) -> None:
        """
        A service that cannot work is found when it is attached.
        """
        error = self.assertRaises(ServiceDefinitionError, MemoryListener().attach, serving(Wrong()), "/")
        self.assertIn("onTextMessage", str(error))
