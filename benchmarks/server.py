# -*- test-case-name: tests.benchmarks.test_server -*-
"""
The servers: what there is, and one of them as a process.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import attrs
import frames
from loader import compiled

_SCRIPTS = Path(__file__).parent / "servers"

ECHOING = frozenset(("echo",))
EVERYTHING = ECHOING | {"broadcast", "dict", "struct", "dispatch", "async", "returned", "groups"}


@attrs.frozen(kw_only=True)
class Contender:
    """
    A server that can be measured.

    @ivar script: in C{servers/}; L{None} is the C program.
    @ivar modules: what it needs; where one is missing it is skipped.
    @ivar package: of the registry, with a version to tell.
    @ivar services: what it serves, each at a path of that name.
    @ivar environment: variables that make it this variant.
    @ivar isServer: it understands what it echoes.
    @ivar canDeflate: it knows permessage-deflate.
    @ivar canSecure: it speaks TLS.
    @ivar arguments: more words for the script.
    """

    script: str | None
    modules: tuple[str, ...] = ()
    package: str | None = None
    services: frozenset[str] = ECHOING
    environment: dict[str, str] = attrs.Factory(dict)
    isServer: bool = True
    canDeflate: bool = True
    canSecure: bool = True
    arguments: tuple[str, ...] = ()

    @property
    def missing(self) -> str | None:
        """
        @return: a module that is not installed, or L{None}.
        """
        return next((module for module in self.modules if not _isThere(module)), None)

    @property
    def version(self) -> str:
        """
        @return: of the package; what runs from a checkout has none.
        """
        try:
            return "" if self.package is None else importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return "a checkout"


@functools.cache
def _isThere(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False


def _balws(*arguments: str, needs: tuple[str, ...] = (), **environment: str) -> Contender:
    return Contender(
        script="balws_server.py",
        modules=("balws", *needs),
        package="balws",
        services=EVERYTHING,
        environment=environment,
        arguments=arguments,
    )


_WRITTEN = ECHOING | {"broadcast", "dict", "struct", "dispatch", "groups"}

#: The first are ours.
CONTENDERS: dict[str, Contender] = {
    "balws": _balws(),
    "balws-reactor": _balws("--reactor", needs=("balws.reactor",)),
    "balws-python": _balws(BALWS_FRAMES="python"),
    "autobahn": Contender(
        script="autobahn_server.py",
        modules=("autobahn", "twisted"),
        package="autobahn",
        services=ECHOING | {"broadcast"},
    ),
    "twisted-web": Contender(
        script="twistedweb_server.py",
        modules=("wsproto", "twisted.web.websocket"),
        package="Twisted",
        services=ECHOING | {"broadcast"},
        canDeflate=False,
    ),
    "websockets": Contender(
        script="websockets_server.py", modules=("websockets",), package="websockets", services=_WRITTEN
    ),
    "aiohttp": Contender(script="aiohttp_server.py", modules=("aiohttp",), package="aiohttp", services=_WRITTEN),
    "picows": Contender(
        script="picows_server.py",
        modules=("picows",),
        package="picows",
        services=ECHOING | {"broadcast"},
        canDeflate=False,
    ),
    "twisted": Contender(
        script="twisted_server.py", modules=("twisted",), package="Twisted", isServer=False, canDeflate=False
    ),
    "floor": Contender(script=None, isServer=False, canDeflate=False, canSecure=False),
}


def freePort() -> int:
    """
    @return: a port that nobody uses now.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """
    @return: what a child is given, to find the modules that this process finds.
    """
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _tree(pid: int) -> list[int]:
    """
    @return: a process and all that descend from it.
    """
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _tree(int(child))
    return found


class Server:
    """
    One server as a process of its own: a context manager.

    @ivar name: the key of its L{Contender}.
    @ivar port: where it listens.
    """

    def __init__(
        self,
        name: str,
        core: int,
        *,
        maxSize: int = 65536,
        ping: float | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        """
        @param core: the core that it has.
        @param maxSize: the largest frame that it must take.
        @param ping: after how many seconds it pings; L{None}: as it does by default.
        @param certificate: the files of a certificate and its key, to serve by TLS.
        @raise RuntimeError: when it does not start.
        """
        contender = CONTENDERS[name]
        self.name = name
        self.port = freePort()
        self._isSecure = certificate is not None
        if contender.script is None:
            command = [str(compiled("floor")), str(self.port)]
        else:
            command = [sys.executable, str(_SCRIPTS / contender.script), str(self.port), *contender.arguments]
            command.append(f"--max-size={maxSize}")
            if ping is not None:
                command.append(f"--ping={ping}")
            if certificate is not None:
                command += ["--certificate", *map(str, certificate)]
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            command,
            env={**environment(), **contender.environment},
            stderr=self._complaints,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        self._await()

    def _await(self) -> None:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if self._process.poll() is not None:
                    self._complaints.seek(0)
                    words = self._complaints.read().decode(errors="replace")
                    self._complaints.close()
                    raise RuntimeError(f"{self.name} does not start: {words[-500:]}") from None
                time.sleep(0.05)
        self.__exit__(None, None, None)
        raise RuntimeError(f"{self.name} does not listen")

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._complaints.close()

    def cpuSeconds(self) -> float:
        """
        @return: the time that all its threads and children have been on a core.
        """
        spent = 0
        for pid in _tree(self._process.pid):
            for task in Path(f"/proc/{pid}/task").iterdir():
                spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e9

    def residentBytes(self) -> int:
        """
        @return: the memory that it and its children have in RAM.
        """
        total = 0
        for pid in _tree(self._process.pid):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(rollup.partition("Rss:")[2].split()[0]) * 1024
        return total

    def ask(self, data: bytes, request: bytes) -> tuple[int, bytes]:
        """
        Send frames on a connection of their own.

        @return: the first byte of the frame that comes back, and its payload, unmasked.
        @raise RuntimeError: when nothing came.
        """
        with self._connected() as peer, peer.makefile("rb") as lines:
            peer.sendall(request)
            answer = lines.readline()
            while answer and not answer.endswith(b"\r\n\r\n"):
                answer += lines.readline()
            if not answer.startswith(b"HTTP/1.1 101 ") or frames.ACCEPT not in answer:
                raise RuntimeError(f"{self.name} does not upgrade: {answer[:500]!r}")
            peer.sendall(data)
            head = lines.read(2)
            if len(head) < 2:
                raise RuntimeError(f"{self.name} says nothing")
            size = head[1] & 0x7F
            if size > 125:
                size = int.from_bytes(lines.read(2 if size == 126 else 8), "big")
            isMasked = lines.read(4) if head[1] & 0x80 else b""
            payload = lines.read(size)
            return head[0], frames.masked(payload) if isMasked else payload

    def _connected(self) -> socket.socket:
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return _trusting().wrap_socket(peer) if self._isSecure else peer


def _trusting() -> ssl.SSLContext:
    """
    @return: a client's context that trusts everybody: the server is our own child.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
