"""
Tests of L{balws.auth.ldap.socket}.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from time import monotonic
from typing import Any
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from balws.auth.ldap import socket as ldapsocket
from balws.auth.ldap.socket import BoundedSocket, secureContext
from balws.config.ldap import LdapSecureSocket
from balws.errors import ConfigurationError
from tests.auth.threaded import PATIENCE
from tests.certificates import Authority


class BoundedSocketTests(SynchronousTestCase):
    """
    A socket with an end.
    """

    def setUp(self) -> None:
        here, self.there = socket.socketpair()
        self.addCleanup(self.there.close)
        self.addCleanup(here.close)
        self.bounded = BoundedSocket(here)

    def test_through(self) -> None:
        """
        What is sent and received goes through.
        """
        self.bounded.begin(monotonic() + PATIENCE)
        self.bounded.sendall(b"ping")
        self.assertEqual(self.there.recv(9), b"ping")
        self.there.sendall(b"pong")
        self.assertEqual(self.bounded.recv(9), b"pong")
        self.bounded.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.there.recv(9), b"")
        self.bounded.close()
        self.assertEqual(self.bounded.plain.fileno(), -1)

    def test_silence(self) -> None:
        """
        An answer that does not come is not waited for.
        """
        self.bounded.begin(monotonic() + 0.01)
        error = self.assertRaises(TimeoutError, self.bounded.recv, 9)
        self.assertEqual(str(error), "no answer in time")

    def test_over(self) -> None:
        """
        Once the time is over, nothing is sent or received: one that answers a few bytes at a
        time gets no more of it.
        """
        self.there.sendall(b"pong")
        self.bounded.begin(monotonic())
        self.assertRaises(TimeoutError, self.bounded.recv, 9)
        self.assertRaises(TimeoutError, self.bounded.sendall, b"ping")

    def test_size(self) -> None:
        """
        The answers to one request have a limit, and those to the next one anew.
        """
        self.patch(ldapsocket, "MAX_ANSWER", 4)
        for _ in range(2):
            self.bounded.begin(monotonic() + PATIENCE)
            self.there.sendall(b"12345")
            self.assertEqual((self.bounded.recv(3), self.bounded.recv(1)), (b"123", b"4"))
            error = self.assertRaises(OSError, self.bounded.recv, 1)
            self.assertEqual(str(error), "an answer of over 4 bytes")


class SecureContextTests(SynchronousTestCase):
    """
    Whom it trusts.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def trusted(self, config: Any) -> list[Any]:
        context = secureContext(config)
        self.assertEqual(
            (context.verify_mode, context.check_hostname, context.hostname_checks_common_name),
            (ssl.CERT_REQUIRED, True, False),
        )
        self.assertEqual(context.minimum_version, ssl.TLSVersion.TLSv1_2)
        return context.get_ca_certs()

    def test_given(self) -> None:
        """
        A given certificate is trusted, and no other; everybody is verified (LD06).
        """
        path = Authority("Ours").write(self.folder)
        (only,) = self.trusted(LdapSecureSocket(cert=path))
        self.assertEqual(only["subject"], ((("commonName", "Ours"),),))

    def test_system(self) -> None:
        """
        Without one those are trusted that the system trusts.
        """
        path = Authority("Theirs").write(self.folder)
        with patch.dict("os.environ", {"SSL_CERT_FILE": path, "SSL_CERT_DIR": str(self.folder)}):
            for config in (None, LdapSecureSocket(startTls=True)):
                (only,) = self.trusted(config)
                self.assertEqual(only["subject"], ((("commonName", "Theirs"),),))

    def test_missing(self) -> None:
        """
        A file that is not there is an error at the start, which says where it was named.
        """
        config = LdapSecureSocket(cert=str(self.folder / "none.pem"))
        error = self.assertRaises(ConfigurationError, secureContext, config)
        self.assertEqual(error.path, "secureSocket.cert")
