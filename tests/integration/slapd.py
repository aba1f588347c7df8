"""
OpenLDAP on loopback, as C{../shared/parts/ldap} sets it up: alice and bob, their groups,
C{ldap} with StartTLS, and C{ldaps}.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests import ROOT
from tests.integration.needed import missing
from tests.servers import freePort
from tests.waiting import PATIENCE

SCRIPT = ROOT.parent / "shared" / "parts" / "ldap" / "setup-slapd.sh"


class Slapd:
    """
    A running server.

    @ivar ldap: its URL; C{localhost} is in its certificate, as 127.0.0.1 is.
    @ivar ldaps: the same for TLS from the beginning.
    @ivar authority: the file of the authority that signed its certificate.
    """

    def __init__(self, folder: Path) -> None:
        """
        Start it; skip the test where it is not installed.

        @param folder: for its data.
        """
        if not SCRIPT.exists():
            missing("the script that sets slapd up")
        if shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
            missing("slapd")
        self._folder = folder
        self._ports = freePort(), freePort()
        self.ldap, self.ldaps = f"ldap://localhost:{self._ports[0]}", f"ldaps://localhost:{self._ports[1]}"
        self.authority = str(folder / "ca.crt")
        self.start()

    def start(self) -> None:
        """
        Start it, with the data and certificates of the last time.
        """
        command = ["bash", str(SCRIPT), str(self._folder), *map(str, self._ports)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE * 2, check=False
        )
        if done.returncode:
            raise AssertionError(done.stderr)
        self._process = int(done.stdout.split()[0])

    def stop(self) -> None:
        """
        End it, and wait until it holds its port no more: it is no child of ours.
        """
        if not self._process:
            return
        os.kill(self._process, signal.SIGTERM)
        self._process = 0
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self._ports[0]), PATIENCE).close()
            except OSError:
                return
            time.sleep(0.02)
        raise AssertionError("slapd does not end")
