"""
A real OAuth2 server: npm's oidc-provider, as the shared parts start it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from twisted.trial.unittest import TestCase

from tests import ROOT
from tests.certificates import Issued
from tests.integration.needed import missing
from tests.servers import freePort
from tests.waiting import PATIENCE

#: What starts it, beside the checkout.
PART = ROOT.parent / "shared" / "parts" / "oauth" / "server.mjs"


def _modules() -> Path | None:
    for folder in os.environ.get("NODE_PATH", "").split(os.pathsep):
        if folder and (Path(folder) / "oidc-provider").is_dir():
            return Path(folder)
    return None


class Oidc:
    """
    The server, until it is stopped.

    @ivar issuer: its base URL.
    """

    def __init__(self, folder: Path, port: int, lifetime: int, issued: Issued | None) -> None:
        """
        @param folder: empty, for its files.
        @param port: 0 takes a free one, which nobody gets from the system while the server is away.
        @param lifetime: seconds that the tokens of users live.
        @param issued: its certificate; L{None} is without TLS.
        """
        modules = _modules()
        if shutil.which("node") is None or modules is None:
            missing("npm's oidc-provider")
        if not PART.is_file():
            missing(str(PART))
        shutil.copy(PART, folder)
        # Modules of this kind are looked for beside the file, and not along NODE_PATH.
        (folder / "node_modules").symlink_to(str(modules))
        command = ["node", str(folder / PART.name), str(port or freePort())]
        if issued is not None:
            certFile, keyFile = issued.write(folder, "oidc")
            command += [keyFile, certFile]
        self._process = subprocess.Popen(
            command,
            env={**os.environ, "AT_TTL": str(lifetime)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline().split()
        if said[:1] != ["READY"]:
            self.stop()
            raise AssertionError(f"oidc-provider does not start: {said}")
        self.issuer = said[1]

    @property
    def port(self) -> int:
        """
        Where it listens.
        """
        return int(self.issuer.rpartition(":")[2])

    def stop(self) -> None:
        """
        End it.
        """
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)


class OidcCase(TestCase):
    """
    Starts the server.
    """

    def begin(self, lifetime: int = 60, issued: Issued | None = None, port: int = 0) -> Oidc:
        """
        @return: a server that ends with the test.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        server = Oidc(folder, port, lifetime, issued)
        self.addCleanup(server.stop)
        return server

    def kept(self, made: Any) -> Any:
        """
        @return: what is closed at the end.
        """
        self.addCleanup(made.close)
        return made
