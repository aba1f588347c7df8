"""
The services of L{tests.rows.serving} under a listener's own C{secureSocket}, an authority
that the peers trust, and what it says of revoked certificates.
"""

from __future__ import annotations

import atexit
import json
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from base64 import b64decode
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes
from urllib.request import urlopen

from cryptography.x509.ocsp import load_der_ocsp_request

from tests.certificates import Authority, Issued, pem
from tests.integration.needed import missing
from tests.rows.raw import Peer, request
from tests.rows.serving import ServedTestCase
from tests.tls.responder import REVOKED, Statement, revocationList
from tests.waiting import PATIENCE

SECURE = """
[listeners.secureSocket]
{fields}
[listeners.secureSocket.key]
{key}
{tables}
"""

#: Both in the folder of L{files}.
KEY = 'certFile = "{folder}/server.crt"\nkeyFile = "{folder}/server.key"'
TRUST = '[listeners.secureSocket.mutualSsl]\ncert = "{folder}/ca.pem"'


@cache
def files() -> Path:
    """
    @return: a folder with C{server.crt} and C{server.key}, for localhost and 127.0.0.1, and
        C{ca.pem} of who has issued them; it goes with the process.
    """
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    authority().issue("localhost", "127.0.0.1").write(folder, "server")
    authority().issue(common="ada").write(folder, "client")
    authority().write(folder)
    return folder


@cache
def authority() -> Authority:
    """
    @return: the one that everybody trusts.
    """
    return Authority("Known CA")


def context(own: Issued | None = None, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """
    @param own: who the client is.
    @param version: the only one that it speaks.
    @return: what a client needs who trusts L{authority}.
    """
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.load_verify_locations(cadata=pem(authority().certificate).decode())
    if own is not None:
        certFile, keyFile = own.write(files(), f"{own.certificate.serial_number:x}")
        found.load_cert_chain(certFile, keyFile)
    if version is not None:
        found.minimum_version = found.maximum_version = version
    return found


def hello() -> bytes:
    """
    @return: the first record of a client that has good intentions.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def openssl(port: int, *options: str, said: str = "Q\n") -> str:
    """
    Run C{openssl s_client}.

    @param said: what it reads from its standard input; a line with Q ends it.
    @return: all that it prints.
    """
    if shutil.which("openssl") is None:
        missing("openssl")
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(files() / "ca.pem"), *options],
        input=said,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=PATIENCE,
    )
    return done.stdout


class SecuredTestCase(ServedTestCase):
    """
    @cvar key: the lines of secureSocket.key.
    @cvar fields: further lines of secureSocket.
    @cvar tables: further tables below it.
    @cvar patience: seconds that the server may take to answer a peer.
    """

    key = KEY
    fields = ""
    tables = ""
    patience: float = PATIENCE

    def setUp(self) -> None:
        """
        Serve.
        """
        self.folder = files()
        parts = (each.format(folder=self.folder) for each in (self.key, self.fields, self.tables))
        key, fields, tables = parts
        self.more = type(self).more + SECURE.format(key=key, fields=fields, tables=tables)
        super().setUp()

    def records(self, query: str) -> Any:
        """
        @return: what L{recording.Records} says, to a client with a good certificate.
        """
        url = f"https://127.0.0.1:{self.port}/calls?{query}"
        with urlopen(url, timeout=PATIENCE, context=self.known()) as answer:
            return json.load(answer)

    def known(self) -> ssl.SSLContext:
        """
        @return: what a client has who is welcome.
        """
        found = context()
        found.load_cert_chain(self.folder / "client.crt", self.folder / "client.key")
        return found

    def plainPeer(self, room: int | None = None) -> Peer:
        """
        @return: a new TCP connection without TLS.
        """
        peer = Peer(self.port, self.patience, room)
        self._peers.append(peer)
        return peer

    def peer(self, room: int | None = None, under: ssl.SSLContext | None = None) -> Peer:
        """
        @param under: the client's TLS; L{None} that of L{known}.
        @return: a new connection after its TLS handshake.
        """
        peer = self.plainPeer(room)
        peer.socket = (under or self.known()).wrap_socket(peer.socket, server_hostname="localhost")
        return peer

    def assertNoTls(self, under: ssl.SSLContext, *alerts: str) -> None:
        """
        Check that a client is refused by TLS, and that nobody answers the request that it
        sends as soon as it can.

        @param alerts: the possible reasons that it is given, as OpenSSL calls them in its
            errors; none where the connection is just dropped.
        """
        try:
            peer = self.peer(under=under).send(request(self.tagged("/ws")))
            heard = peer.socket.recv(65536)
        except ssl.SSLError as error:
            words = str(error).upper().replace(" ", "_")
            self.assertTrue(any(alert in words for alert in alerts), words)
        except ConnectionResetError:
            self.assertEqual(alerts, ())
        else:
            self.assertEqual((heard, alerts), (b"", ()))


class Says:
    """
    What an authority's servers say on loopback: OCSP, and the list of the revoked.

    @ivar revoked: serial numbers of revoked certificates.
    @ivar asked: C{ocsp} or the name of a list, for each question.
    """

    _running: ClassVar[Says | None] = None

    def __init__(self) -> None:
        self.revoked: set[int] = set()
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, _, question = self.path[1:].partition("/")
                if kind == "ocsp":
                    self._state(b64decode(unquote_to_bytes(question), validate=True))
                else:
                    self._answer(revocationList(authority(), outer.revoked))

            def do_POST(self) -> None:
                self._state(self.rfile.read(int(self.headers["Content-Length"])))

            def _state(self, data: bytes) -> None:
                question = load_der_ocsp_request(data)
                isRevoked = question.serial_number in outer.revoked
                statement = Statement(status=REVOKED) if isRevoked else Statement()
                self._answer(statement.about(question, authority(), time.time()))

            def _answer(self, body: bytes) -> None:
                outer.asked.append(self.path.split("/")[1])
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """
                Nobody reads it.
                """

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        self.ocspUrl, self.listUrl = f"{base}/ocsp", f"{base}/list"

    @classmethod
    def all(cls) -> Says:
        """
        @return: the one of all tests.
        """
        if cls._running is None:
            cls._running = cls()
        return cls._running
