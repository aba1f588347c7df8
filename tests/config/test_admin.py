"""
Tests of L{balws.config.admin}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from balws.config.admin import AdminConfiguration
from balws.config.load import loadText
from balws.errors import ConfigurationError

TOKEN = "sixteen-letters!"
LISTENER = '[[listeners]]\nport = 0\n'


class AdminTests(SynchronousTestCase):
    """
    C{[admin]}.
    """

    def problem(self, **fields: object) -> str:
        """
        Why a record cannot be made.
        """
        return str(self.assertRaises(ConfigurationError, AdminConfiguration, **fields))

    def test_tcp(self) -> None:
        """
        A TCP endpoint is of this machine alone, by name, by IPv4 and by IPv6.
        """
        for host in ("127.0.0.1", "127.8.9.10", "localhost", r"\:\:1"):
            admin = AdminConfiguration(endpoint=f"tcp:9091:interface={host}", token=TOKEN)
            self.assertFalse(admin.isUnix)

    def test_strangers(self) -> None:
        """
        An endpoint that other machines reach is refused, also where it is only not said.
        """
        for endpoint in ("tcp:9091", "tcp:9091:interface=0.0.0.0", r"tcp:9091:interface=\:\:", "tcp:9091:interface=h"):
            self.assertIn("only this machine reaches", self.problem(endpoint=endpoint, token=TOKEN))

    def test_form(self) -> None:
        """
        What is no endpoint of the two kinds is refused.
        """
        for endpoint in ("unix:", "ssl:9091", "9091", "tcp:65536:interface=127.0.0.1", "tcp:1:interface=127.0.0.1:x"):
            self.assertIn("unix:PATH", self.problem(endpoint=endpoint, token=TOKEN))
        self.assertIn("expected", self.problem(endpoint=9091, token=TOKEN))

    def test_token(self) -> None:
        """
        A token has 16 characters or more, of those that a header can carry.
        """
        endpoint = "tcp:9091:interface=127.0.0.1"
        self.assertIn("16 characters", self.problem(endpoint=endpoint, token=TOKEN[:-1]))
        for bad in ("\u00e9", " ", "/", "=", '"'):
            self.assertIn("letters, digits", self.problem(endpoint=endpoint, token=bad * 16))
        self.assertIn("is missing", self.problem(endpoint=endpoint))
        self.assertNotIn(TOKEN, repr(AdminConfiguration(endpoint=endpoint, token=TOKEN)))

    def test_unix(self) -> None:
        """
        A socket in the file system needs no token.
        """
        admin = AdminConfiguration(endpoint="unix:/run/balws.sock")
        self.assertTrue(admin.isUnix)
        self.assertEqual(admin.path, "/run/balws.sock")

    def test_file(self) -> None:
        """
        In a file a relative path starts at the file's folder, and absent it is none.
        """
        folder = self.mktemp()
        configuration = loadText(LISTENER + '[admin]\nendpoint = "unix:admin.sock"\n', "f.toml", folder)
        assert configuration.admin is not None
        self.assertEqual(configuration.admin.path, os.path.join(os.path.abspath(folder), "admin.sock"))
        self.assertIsNone(loadText(LISTENER, "f.toml", folder).admin)

    def test_place(self) -> None:
        """
        What is wrong or missing is told with its place.
        """
        for text, words in (
            ('[admin]\nendpoint = "tcp:1"\ntoken = "x"\n', "f.toml:2:12: admin.endpoint: "),
            ('[admin]\nendpoint = "tcp:1:interface=127.0.0.1"\n', "f.toml:1:2: admin.token: is missing"),
            ("[admin]\n", "f.toml:1:2: admin.endpoint: is missing"),
            ('[admin]\nport = 9091\n', "f.toml:2:1: admin.port: "),
            ("admin = 5\n", "f.toml:1:9: admin: expected a table"),
        ):
            problem = str(self.assertRaises(ConfigurationError, loadText, text + LISTENER, "f.toml", self.mktemp()))
            self.assertIn(words, problem)
