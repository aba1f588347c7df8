# -*- test-case-name: tests.benchmarks.test_loader -*-
"""
The load generator: C, so that it is not what is measured; compiled when it is needed.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import attrs
import frames

_NATIVE = Path(__file__).parent / "native"
_SOURCES = {
    "loader": ("loader.c", "peer.c", "frames.c", "histogram.c", "input.c", "tls.c"),
    "floor": ("floor.c",),
}

#: Seconds that a command of the load generator may take.
_PATIENCE = 180


@functools.cache
def folder() -> Path:
    """
    @return: a place for files, which is there until this process ends.
    """
    made = tempfile.mkdtemp(prefix="benchmarks-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


@functools.cache
def compiled(name: str) -> Path:
    """
    @param name: C{"loader"} or C{"floor"}.
    @return: the program, which is there until this process ends.
    @raise SystemExit: when there is no C compiler, or it fails.
    """
    program = folder() / name
    sources = [str(_NATIVE / source) for source in _SOURCES[name]]
    try:
        subprocess.run(
            [*shlex.split(os.environ.get("CC", "cc")), "-O2", "-o", str(program), *sources, "-ldl"], check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"the load generator needs a C compiler: {error}") from None
    return program


@attrs.frozen(kw_only=True)
class Load:
    """
    Who connects, and what they send.

    @ivar request: the upgrade request.
    @ivar volleys: what talkers send, in turn.
    @ivar talkers: connections that send the next volley when all answers to the last have come.
    @ivar idlers: connections that only answer pings.
    @ivar mutes: connections that read nothing, ever.
    @ivar flooders: connections that send without a pause.
    @ivar callers: how many connections are being made at a time.
    @ivar rate: so many connections a second are made and closed beside everything else; 0: none.
    @ivar secure: connect by TLS.
    """

    request: bytes
    volleys: Sequence[frames.Volley]
    talkers: int = 0
    idlers: int = 0
    mutes: int = 0
    flooders: int = 0
    callers: int = 0
    rate: float = 0
    secure: bool = False

    def arguments(self) -> list[str]:
        """
        @return: this, as the load generator reads it.
        """
        roles = ("talkers", "idlers", "mutes", "flooders", "callers", "rate")
        words = [f"--{role}={getattr(self, role)}" for role in roles]
        return [*words, "--secure"] if self.secure else words

    def prepared(self) -> bytes:
        """
        @return: all bytes to send, as the load generator reads them.
        """
        flood = frames.Volley(frames.message("f" * 64) * 256, 256)
        blobs = [frames.Volley(self.request), frames.Volley(frames.close()), flood, *self.volleys]
        lines = [b"%d %d\n" % (len(each.data), each.messages) + each.data for each in blobs]
        return b"%d\n" % len(blobs) + b"".join(lines)


class Loader:
    """
    A running load generator, connected: a context manager.
    """

    def __init__(self, load: Load, port: int, core: int) -> None:
        """
        @param core: the core that it has.
        @raise RuntimeError: when it cannot connect.
        """
        self._process = subprocess.Popen(
            [str(compiled("loader")), *load.arguments(), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        try:
            self._write(load.prepared())
            self._read()
        except RuntimeError:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> Loader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):  # of what was not sent yet
                pipe.close()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _read(self) -> bytes:
        output = self._process.stdout
        assert output is not None
        ready, _, _ = select.select([output], [], [], _PATIENCE)
        line = output.readline() if ready else b""
        if not ready:
            raise RuntimeError("the load generator hangs")
        if not line:
            raise self._ended()
        return line

    def _ended(self) -> RuntimeError:
        assert self._process.stderr is not None
        return RuntimeError(self._process.stderr.read().decode(errors="replace").strip() or "it was killed")

    def tell(self, command: str, number: int) -> dict[str, float]:
        """
        @param command: C{"echo"}, C{"broadcast"}, C{"call"} or C{"hold"}.
        @param number: of messages, of connections, or of milliseconds.
        @return: what came of it: C{messages} received, bytes of their C{payload}, C{pings} answered,
            connections C{lost}, C{calls} made, the C{seconds} that it took; and C{p50}, C{p99} and
            C{max} of what one volley or call took, in microseconds.
        @raise RuntimeError: when the server closed a connection, or nothing came any more.
        """
        self._write(b"%s %d\n" % (command.encode(), number))
        answer: dict[str, float] = json.loads(self._read())
        return answer
