"""
Tests of L{balws.config.connection}.
"""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from balws.config import ClientConfiguration, WSServiceConfig
from balws.config.connection import ConnectionConfiguration
from balws.config.records import fieldConverters
from balws.errors import ConfigurationError

LARGEST = 2**31 - 1


class ConnectionConfigurationTests(SynchronousTestCase):
    """
    What a service and a client have in common is the same on both sides.
    """

    def test_defaults(self) -> None:
        """
        A connection has the same defaults on either side.
        """
        defaults = attrs.asdict(ConnectionConfiguration())
        for record in (WSServiceConfig(), ClientConfiguration()):
            self.assertEqual({name: getattr(record, name) for name in defaults}, defaults)

    def test_refusals(self) -> None:
        """
        A value that does not fit is refused in the same words on either side.
        """
        for name, value, problem in (
            ("subProtocols", "xml", 'expected a list of sub-protocols, got a string'),
            ("subProtocols", ["xml", "a b"], "expected a token of HTTP"),
            ("subProtocols", ["xml", "xml"], '"xml" is given twice'),
            ("maxFrameSize", True, "expected an integer, got true"),
            ("idleTimeout", -1, "expected a number of seconds from 0 to 2147483647, got -1"),
            ("pingTimeout", LARGEST + 1, "expected a number of seconds from 0 to 2147483647, got 2147483648"),
            ("dispatcherKey", "", 'expected a string that is not empty, got ""'),
            ("connectionClosureTimeout", float("nan"), "expected a number of seconds, got nan"),
            ("maxMessageSize", 0, "expected an integer from 1 to 2147483647, got 0"),
            ("validation", 1, "expected true or false, got 1"),
        ):
            for record in (WSServiceConfig, ClientConfiguration):
                error = self.assertRaises(ConfigurationError, record, **{name: value})
                self.assertTrue(error.path.startswith(name), error.path)
                self.assertIn(problem, error.problem)

    def test_oneDefinition(self) -> None:
        """
        No side says a field of the other anew.
        """
        shared = fieldConverters(ConnectionConfiguration)
        for record in (WSServiceConfig, ClientConfiguration):
            found = fieldConverters(record)
            self.assertEqual({name: found[name] for name in shared}, shared)
