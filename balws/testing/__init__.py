"""
Test services and clients with trial: no sockets, no reactor, no waiting.

Both ends are real, from the bytes on; only what is between them and the time are
doubles::

    from balws.testing import MemoryListener, RecordingService, connectedPair

    class EchoTests(SynchronousTestCase):
        def test_echo(self):
            client, caller = connectedPair(Echo())
            client.writeTextMessage("hi")
            self.assertEqual(self.successResultOf(client.readTextMessage()), "hi")

        def test_idle(self):
            listener = MemoryListener()
            listener.attach(EchoUpgrade(), "/echo")
            client = self.successResultOf(listener.connect("/echo"))
            listener.clock.advance(31)
            ...
"""

from balws.testing.clock import Clock
from balws.testing.connection import MemoryConnection
from balws.testing.endpoint import MemoryEndpoint, MemoryPort
from balws.testing.listener import MemoryListener
from balws.testing.network import MemoryNetwork
from balws.testing.pair import connectedPair, serving
from balws.testing.recording import RecordingService
from balws.testing.transport import MemoryTransport

__all__ = [
    "Clock",
    "MemoryConnection",
    "MemoryEndpoint",
    "MemoryListener",
    "MemoryNetwork",
    "MemoryPort",
    "MemoryTransport",
    "RecordingService",
    "connectedPair",
    "serving",
]
