"""
Tests of what L{balws} exports.
"""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

import balws
from balws import exports
from tests.commands import environment

#: Where the public names live.
HOMES = (
    "balws.auth.principal",
    "balws.closing",
    "balws.config",
    "balws.errors",
    "balws.interfaces",
    "balws.hub.broker",
    "balws.hub.hub",
    "balws.server.declare",
    "balws.server.embedding",
    "balws.server.health",
    "balws.server.listener",
    "balws.server.request",
    "balws.server.tally",
    "balws.session.caller",
    "balws.session.declare",
    "balws.client.asyncclient",
    "balws.client.client",
    "balws.client.response",
)

#: What DESIGN section 2 promises and this release has.
PROMISED = """
    Caller Header Hub Listener PingPongService Request Service UpgradeError UpgradeService
    dispatcherConfig get serviceConfig upgradeResource
    NormalClosure GoingAway ProtocolError UnsupportedData InvalidPayload PolicyViolation MessageTooBig
    InternalServerError CustomCloseFrame
    NORMAL_CLOSURE GOING_AWAY PROTOCOL_ERROR UNSUPPORTED_DATA INVALID_PAYLOAD POLICY_VIOLATION
    MESSAGE_TOO_BIG INTERNAL_SERVER_ERROR
    AuthnError AuthzError InvalidHandshakeError HandshakeTimedOut ConnectionError ConnectionClosureError
    ReadTimedOutError CorruptedFrameError PayloadTooLargeError PayloadBindingError PayloadValidationError
    SslError AuthError ConfigurationError ServiceDefinitionError NoSuchConnection NoSuchGroup Error
    ListenerConfiguration ListenerHttp1Settings RequestLimitConfigs WSServiceConfig
    KEEPALIVE_AUTO KEEPALIVE_ALWAYS KEEPALIVE_NEVER MAX_PIPELINED_REQUESTS
    Client AsyncClient ClientConfiguration WebSocketRetryConfig
"""


class ExportTests(SynchronousTestCase):
    """
    C{from balws import ...}
    """

    def test_homes(self) -> None:
        """
        Each public name is the object of its home, and has one home.
        """
        for name in balws.__all__:
            found = [
                home
                for home in map(importlib.import_module, HOMES)
                if name in getattr(home, "__all__", [name]) and hasattr(home, name)
            ]
            self.assertTrue(found, name)
            for home in found:
                self.assertIs(getattr(balws, name), getattr(home, name), name)

    def test_unique(self) -> None:
        """
        No name is listed twice, and the list is sorted as a reader looks for it: constants,
        classes, functions.
        """
        self.assertEqual(len(set(balws.__all__)), len(balws.__all__))

        def rank(name: str) -> tuple[int, str]:
            return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

        self.assertEqual(balws.__all__, sorted(balws.__all__, key=rank))

    def test_complete(self) -> None:
        """
        Whatever the package binds, but for its parts, is listed.
        """
        parts = {module.name for module in pkgutil.iter_modules(balws.__path__)}
        for package in (balws, exports):
            public = {name for name in dir(package) if not name.startswith("_")} - parts
            self.assertEqual(public, set(balws.__all__))

    def test_none(self) -> None:
        """
        What is not there is missed as in any other package.
        """
        for name in ("Nothing", "__nothing__"):
            error = self.assertRaises(AttributeError, getattr, balws, name)
            self.assertEqual(str(error), f"module 'balws' has no attribute '{name}'")

    def test_late(self) -> None:
        """
        Who imports a part waits for that alone, and gets the rest when he asks.
        """
        code = "import sys, balws.errors; print('balws.exports' in sys.modules); from balws import Error; print(Error)"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60, check=True
        )
        self.assertEqual(done.stdout, "False\n<class 'balws.errors.Error'>\n")

    def test_promised(self) -> None:
        """
        Everything that the design promises and that is there already can be imported.
        """
        self.assertEqual(set(PROMISED.split()) - set(balws.__all__), set())

    def test_wholeHomes(self) -> None:
        """
        All errors and all close frames are exported.
        """
        for home in ("balws.errors", "balws.closing"):
            module = importlib.import_module(home)
            public = {name for name in module.__all__ if not name[0].islower()}
            self.assertEqual(public - set(balws.__all__), set(), home)

    def test_builtin(self) -> None:
        """
        C{balws.ConnectionError} is one of Python's, too.
        """
        self.assertTrue(issubclass(balws.ConnectionError, ConnectionError))
        self.assertIsNot(balws.ConnectionError, ConnectionError)
