"""
Tests of interoperation under TLS, with certificates on both sides.
"""

from __future__ import annotations

from tests.certificates import Authority
from tests.commands import asCommand
from tests.integration.test_interop import (
    COMPRESSION,
    HERE,
    SCRIPT,
    CallingTestCase,
    ConversationTestCase,
    peer,
)
from tests.servers import Server, freePort

_CONFIGURATION = """
[python]
path = ["{folder}"]
[[listeners]]
port = {port}
host = "127.0.0.1"
[listeners.secureSocket.key]
certFile = "own.crt"
keyFile = "own.key"
[listeners.secureSocket.mutualSsl]
cert = "ca.pem"
[[listeners.services]]
path = "/"
service = "answering:AnsweringUpgrade"
"""


class SecureTestCase(ConversationTestCase):
    """
    Each side has a certificate of one authority, and wants to see one.
    """

    def setUp(self) -> None:
        """
        Write the script down, and what it is said under.
        """
        super().setUp()
        authority = Authority()
        trust = authority.write(self.folder)
        certificate, key = authority.issue("localhost", "127.0.0.1").write(self.folder)
        self.write({**SCRIPT, "tls": {"trust": trust, "certificate": certificate, "key": key}})


class SecureInteropTests(SecureTestCase):
    """
    Others' clients at a server of ours.
    """

    def test_websockets(self) -> None:
        """
        A client of PyPI's websockets and our server understand each other over mutual TLS.
        """
        port = freePort()
        text = _CONFIGURATION.format(folder=HERE, port=port)
        (self.folder / "balws.toml").write_text(text, "utf-8")
        server = Server(self, asCommand("twistd -n balws --config balws.toml"), port, self.folder)
        for compression in COMPRESSION:
            found = self.hold(peer("websocketspeer.py"), compression, f"wss://127.0.0.1:{port}/")
            self.assertHeard(found, compression == "deflate")
        for fault in ("Traceback", "Unhandled"):
            self.assertNotIn(fault, server.output())


class SecureClientInteropTests(SecureTestCase, CallingTestCase):
    """
    A client of ours at others' servers.
    """

    def test_websockets(self) -> None:
        """
        Our client and a server of PyPI's websockets understand each other over mutual TLS.
        """
        self.check("websocketspeer.py")
