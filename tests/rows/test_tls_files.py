"""
Keys that cannot be used, and new ones while the server runs: rows TL02 and TL10 of the
reliability catalogue.
"""

from __future__ import annotations

import re
import shutil
import signal
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

from cryptography.x509 import load_der_x509_certificate
from twisted.trial.unittest import SynchronousTestCase

from tests.certificates import Authority, rsaKey
from tests.commands import asCommand, environment
from tests.rows.raw import TEXT, Peer, frame, request
from tests.rows.tls_serving import SecuredTestCase, authority, context, files
from tests.servers import freePort
from tests.waiting import PATIENCE

CONFIGURATION = """
[[listeners]]
port = {port}
host = "127.0.0.1"
[listeners.secureSocket]
{fields}
[[listeners.resources]]
path = "/"
static = "."
"""

PASSWORD = "analytical engine"

CERTIFICATE = 'key = {{certFile = "server.crt", {}}}'


class StartTests(SynchronousTestCase):
    """
    What keeps a server from starting.
    """

    def setUp(self) -> None:
        """
        Write keys of all kinds.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        own = authority().issue("localhost", key=rsaKey())
        own.write(self.folder, "server")
        own.write(self.folder, "encrypted", PASSWORD)
        own.writeStore(self.folder, PASSWORD, "server")
        authority().issue("localhost").write(self.folder, "other")
        (self.folder / "broken.key").write_bytes((self.folder / "server.key").read_bytes()[:-200])
        (self.folder / "folder.key").mkdir()

    def begin(self, fields: str) -> subprocess.Popen[str]:
        """
        @return: a server with these lines of secureSocket.
        """
        file = self.folder / f"{abs(hash(fields))}.toml"
        file.write_text(CONFIGURATION.format(port=freePort(), fields=fields), "utf-8")
        return subprocess.Popen(
            asCommand(f"twistd -n balws --config {file.name}"),
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def assertNot(self, cases: dict[str, str]) -> None:
        """
        Check that no server starts, and each says why in one line that shows nothing of a
        key.

        @param cases: words of the line for the lines of each secureSocket.
        """
        secrets = [line for file in self.folder.glob("*.key") if file.is_file() for line in file.read_text().split()]
        begun = [(self.begin(fields), words, fields) for fields, words in cases.items()]
        for process, words, fields in begun:
            try:
                said, _ = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.fail(f"it runs: {fields}")
            self.assertNotIn(process.returncode, (0, -signal.SIGTERM), fields)
            self.assertEqual(said.count("\n"), 1, said)
            self.assertRegex(said, rf"\.toml:\d+:\d+: .*{words}")
            self.assertEqual([each for each in (PASSWORD, *secrets) if len(each) > 20 and each in said], [])
            self.assertNotIn(PASSWORD, said)

    def test_keys(self) -> None:
        """
        A key that is missing, unreadable, broken, of another certificate, encrypted without a
        password or with a wrong one ends the process with one line, which has no byte of it
        (TL10)
        """
        self.assertNot(
            {
                CERTIFICATE.format('keyFile = "missing.key"'): r"keyFile.*missing\.key.* cannot be read: No such file",
                CERTIFICATE.format('keyFile = "folder.key"'): r"keyFile.*folder\.key.* cannot be read",
                CERTIFICATE.format('keyFile = "broken.key"'): r"keyFile.*broken\.key.*no private key",
                CERTIFICATE.format('keyFile = "other.key"'): r"keyFile.*other\.key.*not the key of",
                CERTIFICATE.format('keyFile = "encrypted.key"'): r"keyPassword.*encrypted\.key.*there is no password",
                CERTIFICATE.format('keyFile = "encrypted.key", keyPassword = "wrong"'): r"keyFile.*password is wrong",
                'key = {path = "server.p12", password = "wrong"}': r"key\.path.*server\.p12.*password is wrong",
            }
        )

    def test_seeds(self) -> None:
        """
        What is left empty is named in the words of the reference library (A2.6, A2.7, A2.9)
        """
        suffix = "must be provided for secure connection"
        self.assertNot(
            {
                'key = {path = "", password = "x"}': f"KeyStore file location {suffix}",
                'key = {path = "server.p12", password = ""}': f"KeyStore password {suffix}",
                'key = {certFile = "", keyFile = "server.key"}': f"Certificate file location {suffix}",
                'key = {certFile = "server.crt", keyFile = ""}': f"Private key file location {suffix}",
            }
        )

    def test_suites(self) -> None:
        """
        A cipher suite that is unknown, or known to be broken, ends the process with one line
        that names it; so does a version that is (TL02)
        """
        key = CERTIFICATE.format('keyFile = "server.key"')
        names = ("TLS_ECDHE_RSA_WITH_AES_512", "TLS_RSA_WITH_RC4_128_SHA", "DES-CBC3-SHA", "TLS_RSA_WITH_NULL_SHA")
        cases = {
            f'ciphers = ["ECDHE-RSA-AES128-GCM-SHA256", "{name}"]\n{key}': rf"ciphers\[1\].*{name}" for name in names
        }
        for version in ("SSLv3", "TLSv1.1"):
            cases[f'protocol = {{versions = ["{version}"]}}\n{key}'] = rf"versions.*{re.escape(version)}"
        self.assertNot(cases)


class ReloadTests(SecuredTestCase):
    """
    SIGHUP.
    """

    key = 'certFile = "{folder}/renewed.crt"\nkeyFile = "{folder}/renewed.key"'
    alone = True

    def setUp(self) -> None:
        """
        Serve.
        """
        if not (files() / "renewed.crt").exists():
            self.renew()
        super().setUp()

    def renew(self) -> int:
        """
        Have a new certificate.

        @return: its serial number.
        """
        issued = authority().issue("localhost", "127.0.0.1")
        issued.write(files(), "renewed")
        return issued.certificate.serial_number

    def hangUp(self, *words: str) -> None:
        """
        Make the server read again, and wait until it says something about it.
        """
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while not all(each in self.logged() for each in words):
            self.assertLess(time.monotonic(), deadline, self.logged())

    def serial(self, peer: Peer | None = None) -> int:
        """
        @return: which certificate the server shows.
        """
        shown: Any = (peer or self.peer()).socket
        return load_der_x509_certificate(shown.getpeercert(True)).serial_number

    def shows(self, number: int) -> None:
        """
        Wait until it is this one.
        """
        deadline = time.monotonic() + PATIENCE
        while self.serial() != number:
            self.assertLess(time.monotonic(), deadline, "it shows another certificate")

    def test_new(self) -> None:
        """
        New connections get the new certificate; old ones go on, whichever they have seen
        """
        old = self.serial()
        peer = self.open()
        new = self.renew()
        self.assertEqual(self.serial(), old)
        self.hangUp()
        self.shows(new)
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))
        self.assertEqual(self.open().send(frame(TEXT, b"new")).receive(), (TEXT, b"new"))
        self.assertNotIn("#error]", self.logged())

    def test_broken(self) -> None:
        """
        Half a file, or the key of another, leaves the old certificate in place with one ERROR
        for each attempt, and the next good one is taken
        """
        old = self.serial()
        peer = self.open()
        for count, (name, data) in enumerate(
            (("renewed.crt", b"-----BEGIN CERTIFICATE-----\nMIIB"), ("renewed.key", rsaKeyText())), 1
        ):
            kept = (files() / name).read_bytes()
            (files() / name).write_bytes(data)
            self.hangUp(name)
            (files() / name).write_bytes(kept)
            self.assertEqual(self.logged().count("The configuration stays as it was"), count)
            self.assertEqual(self.logged().count("#error]"), count, self.logged())
            self.assertEqual(self.serial(), old)
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))
        new = self.renew()
        self.hangUp()
        self.shows(new)

    def test_sessions(self) -> None:
        """
        A session from before is good for a whole handshake only, which shows the new certificate
        """
        under = context(version=ssl.TLSVersion.TLSv1_2)
        first: Any = self.peer(under=under).send(request(self.tagged("/ws")))
        self.assertEqual(first.status(), 101)
        new = self.renew()
        self.hangUp()
        self.shows(new)
        again: Any = self.plainPeer()
        again.socket = under.wrap_socket(again.socket, server_hostname="localhost", session=first.socket.session)
        self.assertFalse(again.socket.session_reused)
        self.assertEqual(self.serial(again), new)


class TrustReloadTests(SecuredTestCase):
    """
    SIGHUP, and whom to trust.
    """

    tables = '[listeners.secureSocket.mutualSsl]\ncert = "{folder}/trusted.pem"\nverifyClient = "OPTIONAL"'
    alone = True

    def setUp(self) -> None:
        """
        Trust the usual ones, and serve.
        """
        shutil.copy(files() / "ca.pem", files() / "trusted.pem")
        super().setUp()

    def known(self) -> ssl.SSLContext:
        """
        @return: what a client has who shows no certificate.
        """
        return context()

    def test_trust(self) -> None:
        """
        An authority that is trusted no more is refused from then on; who is in stays
        """
        own = context(authority().issue(common="ada"))
        peer = self.peer(under=own).send(request(self.tagged("/ws")))
        self.assertEqual(peer.status(), 101)
        Authority("other").write(files(), "trusted")
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                late = self.peer(under=own).send(request(self.tagged("/ws")))
                self.assertEqual(late.socket.recv(9), b"HTTP/1.1 ")
            except ssl.SSLError as error:
                self.assertIn("unknown ca", str(error))
                break
            self.assertLess(time.monotonic(), deadline, "it trusts whom it did")
        self.assertEqual(peer.send(frame(TEXT, b"still")).receive(), (TEXT, b"still"))


def rsaKeyText() -> bytes:
    """
    @return: the key of another certificate.
    """
    return authority().issue("localhost", key=rsaKey()).keyPem()
