"""
Tests of the examples of TLS and authentication: each with the keys, the directory or the
issuer that its reader has.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from twisted.trial.unittest import SynchronousTestCase

from tests.certificates import Authority, selfSigned
from tests.commands import asCommand, environment
from tests.documents.blocks import blocksOf
from tests.documents.conversation import Conversation
from tests.integration.oidc import OidcCase
from tests.integration.slapd import Slapd
from tests.integration.test_examples import EXAMPLES
from tests.integration.test_trust_pages import HOWTO, NO_OPENSSL
from tests.servers import Server, freePort
from tests.waiting import PATIENCE


class Copy:
    """
    An example in a folder of its own.

    @ivar port: where it serves.
    """

    def __init__(
        self, test: SynchronousTestCase, name: str, others: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """
        @param others: what stands in its files, and what is meant here.
        """
        self._test = test
        self.folder = Path(test.mktemp()).absolute()
        self.port = freePort()
        shutil.copytree(EXAMPLES / name, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in self.folder.iterdir():
            text = file.read_text("utf-8")
            for shown, meant in {**others, "9090": str(self.port)}.items():
                text = text.replace(shown, meant)
            file.write_text(text, "utf-8")

    def serve(self) -> Server:
        """
        Start it as its reader does.
        """
        return Server(self._test, asCommand("twistd -n balws --config balws.toml"), self.port, self.folder)

    def ask(self) -> list[str]:
        """
        @return: what its client prints.
        """
        done = subprocess.run(
            asCommand("python client.py"),
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout.splitlines()


class ExampleTests(SynchronousTestCase):
    """
    Those that need files alone.
    """

    def test_members(self) -> None:
        """
        Members with the right scope come in, over TLS, and are called by their names; the log
        has a line of each attempt, as the guide says, and no password.
        """
        copy = Copy(self, "members")
        selfSigned("localhost").write(copy.folder, "public")
        (copy.folder / "public.key").rename(copy.folder / "private.key")
        server = copy.serve()
        self.assertEqual(
            copy.ask(),
            ["Welcome, ada!", "ada: Good evening.", "grace stays outside: 403", "mallory stays outside: 401"],
        )
        server.stop()
        (log,) = (block.text for block in blocksOf(HOWTO / "users.rst") if block.language == "none")
        for line in log.splitlines():
            self.assertIn(line.replace("/chat", "/members"), server.output())
        self.assertNotIn("engine", server.output())

    def test_meters(self) -> None:
        """
        A meter is known by its certificate, and nobody is without one.
        """
        copy = Copy(self, "meters")
        authority = Authority()
        authority.write(copy.folder, "ca")
        (copy.folder / "ca.pem").rename(copy.folder / "ca.crt")
        authority.issue("localhost").write(copy.folder, "server")
        authority.issue(common="meter-7").write(copy.folder, "meter")
        copy.serve()
        self.assertEqual(
            copy.ask(),
            [
                "{'meter': 'meter-7', 'tooHot': False}",
                "{'meter': 'meter-7', 'tooHot': True}",
                "Nobody comes in without a certificate.",
            ],
        )


class KeyTests(SynchronousTestCase):
    """
    The one whose keys openssl makes.
    """

    skip = NO_OPENSSL

    def test_tokens(self) -> None:
        """
        A client that signs its tokens orders, until the token expires.
        """
        copy = Copy(self, "tokens")
        first = next(block for block in blocksOf(HOWTO / "jwt.rst") if block.language == "sh")
        for line in first.text.splitlines():
            subprocess.run(asCommand(line), cwd=copy.folder, check=True, capture_output=True, timeout=PATIENCE)
        copy.serve()
        self.assertEqual(copy.ask(), ["a nail for ada of Lovelace & Co", "1008 token expired"])


class DirectoryTests(SynchronousTestCase):
    """
    The one that asks a directory.
    """

    def test_directory(self) -> None:
        """
        Administrators of the directory come in, and others do not.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        slapd = Slapd(folder)
        self.addCleanup(slapd.stop)
        copy = Copy(
            self,
            "directory",
            {"ldaps://directory.example.org": slapd.ldaps, "dc=example,dc=org": "dc=balws,dc=test"},
        )
        shutil.copy(slapd.authority, copy.folder / "ca.crt")
        (copy.folder / "password.txt").write_text("admin-secret\n")
        copy.serve()
        Conversation().hold(
            f"alice: ws://127.0.0.1:{copy.port}/board\n"
            "Authorization: Basic YWxpY2U6eHh4\n"
            "alice > The heating is on.\n"
            "alice < alice (admins, developers): The heating is on.\n"
            f"bob: ws://127.0.0.1:{copy.port}/board\n"
            "Authorization: Basic Ym9iOnl5eQ==\n"
            "bob < refused 403\n"
        )


class IssuerTests(OidcCase):
    """
    The one that asks an OAuth2 server.
    """

    def test_taxi(self) -> None:
        """
        The specification's sample: a token of the password grant is introspected, and its
        user gets a taxi of his own only.
        """
        authority = Authority()
        server = self.begin(issued=authority.issue("localhost"))
        copy = Copy(self, "taxi", {"https://localhost:9445": server.issuer})
        authority.write(copy.folder, "ca")
        (copy.folder / "ca.pem").rename(copy.folder / "ca.crt")
        selfSigned("localhost").write(copy.folder, "public")
        (copy.folder / "public.key").rename(copy.folder / "private.key")
        copy.serve()
        self.assertEqual(copy.ask(), ["A taxi for johndoe to the station.", "No taxi as alice: 403"])
