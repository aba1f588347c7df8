"""
Real redis-servers and sentinels on loopback, each a process that a test may kill, freeze and
start again.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.utils import getProcessOutput
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.certificates import Authority, Issued
from tests.integration.needed import missing
from tests.servers import freePort
from tests.waiting import PATIENCE

#: The name by which a sentinel knows its master.
MASTER = "mymaster"


class _Output(ProcessProtocol):
    """
    What a process says, until it ends.

    @ivar ended: fires when it has.
    """

    def __init__(self) -> None:
        self._said = b""
        self._awaited: list[tuple[bytes, Deferred[None]]] = []
        self.ended: Deferred[None] = Deferred()

    def until(self, words: bytes) -> Deferred[None]:
        """
        @return: fires when it has said them; fails when it ends before.
        """
        if words in self._said:
            return succeed(None)
        said: Deferred[None] = Deferred()
        self._awaited.append((words, said))
        return said

    def outReceived(self, data: bytes) -> None:
        """
        It says something.
        """
        self._said += data
        awaited, self._awaited = self._awaited, []
        for words, said in awaited:
            if words in self._said:
                said.callback(None)
            else:
                self._awaited.append((words, said))

    def processEnded(self, reason: Failure) -> None:
        """
        It is gone.
        """
        while self._awaited:
            self._awaited.pop()[1].errback(AssertionError(f"it ended: {self._said.decode(errors='replace')}"))
        self.ended.callback(None)


class _Server:
    """
    One process.

    @ivar port: where it listens on 127.0.0.1.
    """

    program = ""
    ready = b""

    def __init__(self, reactor: Any, folder: Path) -> None:
        """
        @param folder: for its files; made where it is missing.
        """
        self._program = shutil.which(self.program) or missing(self.program)
        self._reactor = reactor
        self.folder = folder
        self._output: _Output | None = None
        self._process: Any = None
        folder.mkdir(parents=True, exist_ok=True)
        self.port = freePort()

    def options(self) -> Sequence[str]:
        """
        @return: what its program is called with.
        """
        raise NotImplementedError

    def start(self) -> Deferred[None]:
        """
        Start it, with what it has kept.

        @return: fires when it answers.
        """
        self._output = _Output()
        command = [str(self._program), *self.options()]
        spawn: IReactorProcess = self._reactor
        self._process = spawn.spawnProcess(self._output, command[0], command, env=os.environ, path=str(self.folder))
        return self.said(self.ready)

    def said(self, words: bytes) -> Deferred[None]:
        """
        @return: fires when its log has these words since the last start.
        """
        assert self._output is not None
        return self._output.until(words).addTimeout(PATIENCE, self._reactor)

    def freeze(self) -> None:
        """
        Let it do nothing, with all of its connections open: SIGSTOP.
        """
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """
        Let it go on.
        """
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> Deferred[None]:
        """
        Tell it to end.

        @return: fires when it has ended.
        """
        return self._end("TERM")

    def kill(self) -> Deferred[None]:
        """
        End it with C{kill -9}.

        @return: as L{stop}.
        """
        return self._end("KILL")

    def _end(self, how: str) -> Deferred[None]:
        if self._output is None or self._output.ended.called:
            return succeed(None)
        self._process.signalProcess(how)
        mine: Deferred[None] = Deferred()

        def ended(result: None) -> None:
            mine.callback(None)

        self._output.ended.addCallback(ended)
        return mine.addTimeout(PATIENCE, self._reactor)


class RedisServer(_Server):
    """
    Redis.

    @ivar host: what its URL names.
    @ivar folder: where its socket is, C{redis.sock}.
    """

    program = "redis-server"
    ready = b"eady to accept connections"

    def __init__(
        self,
        reactor: Any,
        folder: Path,
        *,
        password: str | None = None,
        issued: Issued | None = None,
        durable: bool = False,
        replicaOf: int | None = None,
        others: Sequence[str] = (),
    ) -> None:
        """
        @param password: which it wants; L{None} wants none.
        @param issued: its certificate: the port then speaks TLS alone.
        @param durable: keep what it was given, whatever happens to it.
        @param replicaOf: the port of its master.
        @param others: further options, as on its command line.
        """
        super().__init__(reactor, folder)
        self.password = password
        self.host = "127.0.0.1" if issued is None else "localhost"
        options = ["--bind", "127.0.0.1", "--save", "", "--unixsocket", "redis.sock"]
        if issued is None:
            options += ["--port", str(self.port)]
        else:
            certFile, keyFile = issued.write(folder.absolute(), "redis")
            options += ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
            options += ["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", certFile]
        if password is not None:
            options += ["--requirepass", password]
        if durable:
            options += ["--appendonly", "yes", "--appendfsync", "always"]
        if replicaOf is not None:
            options += ["--replicaof", "127.0.0.1", str(replicaOf)]
        self._options = [*options, *others]
        self._isSecure = issued is not None

    @property
    def url(self) -> str:
        """
        What C{[hub] url} may be.
        """
        return f"{'rediss' if self._isSecure else 'redis'}://{self.host}:{self.port}/0"

    def options(self) -> Sequence[str]:
        """
        @return: those of the constructor.
        """
        return self._options

    def ask(self, *command: str) -> Deferred[str]:
        """
        Ask by redis-cli, on its socket.

        @return: fires with what that prints.
        """
        client = shutil.which("redis-cli") or missing("redis-cli")
        environment = dict(os.environ)
        if self.password is not None:
            environment["REDISCLI_AUTH"] = self.password
        asked = getProcessOutput(
            str(client), ["-s", "redis.sock", *command], environment, str(self.folder), self._reactor, errortoo=True
        )
        asked.addCallback(lambda output: output.decode().strip())
        return asked.addTimeout(PATIENCE, self._reactor)


class Sentinel(_Server):
    """
    A sentinel that decides alone, half a second after its master was heard last.
    """

    program = "redis-sentinel"
    ready = b"+monitor master"

    def __init__(self, reactor: Any, folder: Path, master: RedisServer) -> None:
        """
        @param master: running, as its replicas are.
        """
        super().__init__(reactor, folder)
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"sentinel monitor {MASTER} 127.0.0.1 {master.port} 1",
            f"sentinel down-after-milliseconds {MASTER} 500",
            f"sentinel failover-timeout {MASTER} 2000",
        ]
        if master.password is not None:
            lines.append(f"sentinel auth-pass {MASTER} {master.password}")
        (folder / "sentinel.conf").write_text("\n".join(lines) + "\n", "utf-8")
        self.url = f"redis+sentinel://127.0.0.1:{self.port}/{MASTER}/0"

    def options(self) -> Sequence[str]:
        """
        @return: its file, in which it keeps what it knows.
        """
        return ["sentinel.conf"]


class RedisCase(TestCase):
    """
    Starts them, and ends them with the test.
    """

    def folder(self) -> Path:
        """
        @return: an empty one.
        """
        made = Path(self.mktemp()).absolute()
        made.mkdir()
        return made

    @inlineCallbacks
    def begin(self, **options: Any) -> Any:
        """
        @param options: of L{RedisServer}.
        @return: fires with a server that answers.
        """
        from twisted.internet import reactor

        server = RedisServer(reactor, self.folder(), **options)
        self.addCleanup(server.kill)
        yield server.start()
        return server

    @inlineCallbacks
    def watch(self, master: RedisServer) -> Any:
        """
        @return: fires with a sentinel of a master and its replica, 1 or more, which it has found.
        """
        from twisted.internet import reactor

        sentinel = Sentinel(reactor, self.folder(), master)
        self.addCleanup(sentinel.kill)
        yield sentinel.start()
        yield sentinel.said(b"+slave ")
        return sentinel


def issuedFor(*hosts: str) -> tuple[Authority, Issued]:
    """
    @return: an authority, and a certificate of it.
    """
    authority = Authority()
    return authority, authority.issue(*hosts)
