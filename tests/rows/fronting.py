"""
Real proxies in front of the service.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.integration.needed import missing
from tests.rows.raw import Peer
from tests.servers import freePort
from tests.waiting import PATIENCE

HAPROXY = """
defaults
    timeout connect 10s
    timeout client 60s
    timeout server 60s
frontend all
    bind 127.0.0.1:{port}
    mode {mode}
    {lines}
    default_backend service
backend service
    mode {mode}
    server one 127.0.0.1:{behind} {how}
"""

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


class Front:
    """
    A proxy that runs.

    @ivar port: where it listens.
    """

    def __init__(self, folder: Path, program: str, text: str, *options: str) -> None:
        """
        Start it; skip the test where it is not installed.

        @param text: its file.
        @param options: what comes before the file's name.
        """
        found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found is None:
            missing(program)
        self.port = freePort()
        folder.mkdir(parents=True)
        file = folder / "proxy.conf"
        file.write_text(text.replace("{port}", str(self.port)), "utf-8")
        self._log = folder / "proxy.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(found), *options, str(file)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{program} does not serve:\n{self._log.read_text('utf-8', 'replace')}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            Peer(self.port).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """
        End it.
        """
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


def haproxy(folder: Path, behind: int, how: str = "", mode: str = "tcp", lines: str = "") -> Front:
    """
    @param behind: the port of the service.
    @param how: how the service is spoken to.
    @param lines: what else is done with requests.
    """
    text = HAPROXY.format(port="{port}", behind=behind, how=how, mode=mode, lines=lines)
    return Front(folder, "haproxy", text, "-db", "-f")


def nginx(folder: Path, behind: int) -> Front:
    """
    @param behind: the port of the service.
    """
    text = NGINX.format(port="{port}", behind=behind, folder=folder)
    return Front(folder, "nginx", text, "-p", str(folder), "-c")
