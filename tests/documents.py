"""
Pages that are executed: everything that a page of the documentation shows is done.

A code block whose first line is a comment with a file's name is that file.  A C{sh}
block names the command that runs from then on; a C{text} block is a conversation with
what it serves: C{>} is sent, C{<} is what must come back.  Several peers have names::

    Ada: ws://127.0.0.1:9090/chat?name=Ada
    Ada < Ada has joined.
    Ada > Good morning.
    Alan: ws://127.0.0.1:9090/cellar
    Alan < refused 404 There is no such room.

A C{text} block that begins with C{$} is a command beside what runs, and what it prints.
A C{sh} block of C{openssl} or C{balws} commands makes the files that a reader needs; who is
asked for a password says L{PASSWORD}.

Blocks without a file's name are executed where they stand, TOML by the loader.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import balws
from balws.config import loadText

#: The folder that holds README.rst, docs, and examples.
ROOT = Path(__file__).resolve().parent.parent

#: Seconds that a server may take to start, and a peer to answer.
PATIENCE = 20

#: What the reader of a page says when a command asks for a password.
PASSWORD = "analytical engine"

#: How a server ends that was told to: twistd stops gracefully and then ends by the signal
#: that told it to, so that its parent knows.
STOPPED = (0, -signal.SIGTERM)

_DIRECTIVE = re.compile(r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)$")
_FILE = re.compile(r"(?:#|//|<!--) (?P<name>[\w./-]+\.\w+)(?: -->)?")
_OPEN = re.compile(r"(?:(?P<who>\w+): )?(?P<url>ws://\S+)")
_LINE = re.compile(r"(?:(?P<who>\w+) )?(?P<way>[<>])(?: (?P<words>.*))?")
_ENDED = re.compile(r"(?P<how>refused|closed) (?P<code>\d+)(?: (?P<words>.*))?")
_FIELD = re.compile(r"(?P<name>[A-Za-z][\w-]+): (?P<value>.*)")


@attrs.frozen
class Block:
    """
    @ivar line: where it stands in its page, counted from 1.
    """

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """
        The name of the file that it is.
        """
        match = _FILE.fullmatch(self.text.partition("\n")[0])
        return match["name"] if match else None


def blocksOf(page: Path) -> Iterator[Block]:
    """
    The code blocks of a page of reStructuredText, in their order.
    """
    lines = page.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        match = _DIRECTIVE.match(line)
        if match is None:
            continue
        body: list[str] = []
        for following in lines[number + 1 :]:
            if following.strip() and not following.startswith(match["indent"] + " "):
                break
            body.append(following)
        text = textwrap.dedent("\n".join(body)).strip("\n")
        yield Block(match["language"], text + "\n", number + 1)


def freePort() -> int:
    """
    A port on 127.0.0.1 that nobody listens to.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def environment() -> dict[str, str]:
    """
    @return: that of a child which imports the balws under test.
    """
    paths = [str(Path(balws.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


class Server:
    """
    A command that serves a port, as a reader starts it.

    @ivar command: how it was started.
    @ivar folder: where.
    """

    def __init__(self, test: SynchronousTestCase, command: list[str], port: int, folder: Path) -> None:
        """
        Start it, and wait until the port answers.
        """
        self.command = command
        self.folder = folder
        self._output: list[bytes] = []
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        test.addCleanup(self.stop)
        deadline = time.monotonic() + PATIENCE
        while not self._answers(port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                test.fail(f"{' '.join(command)} does not serve port {port}:\n{self.output()}")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._output.append(line)

    def _answers(self, port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            self._reader.join(0.05)
            return False
        return True

    def output(self) -> str:
        """
        What it has written so far.
        """
        return b"".join(self._output).decode("utf-8", "replace")

    def stop(self) -> int:
        """
        End it as an operator does.

        @return: the exit status.
        """
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        self._reader.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


def asCommand(line: str) -> list[str]:
    """
    @return: a command of a page, with the programs of the Python that runs this test.
    """
    program, *arguments = shlex.split(line)
    if program == "twistd":
        run = "import sys; from twisted.scripts.twistd import run; sys.exit(run())"
        # No pid file: a test may run two of them.
        return [sys.executable, "-c", run, "--pidfile=", *arguments]
    if program == "python":
        return [sys.executable, *arguments]
    if program == "balws":
        return [sys.executable, "-m", "balws", *arguments]
    if program == "openssl":
        return [program, *arguments]
    raise ValueError(f"no page should make its reader run {line!r}")


class Walk:
    """
    Does what one page shows, from its top to its end.
    """

    def __init__(
        self, test: SynchronousTestCase, page: Path, others: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """
        @param test: whose temporary folder holds the page's files.
        @param others: what stands on the page, such as the address of a server of somebody
            else's, and what is meant here.
        """
        self._test = test
        self._others = others
        self._page = page
        self.folder = Path(test.mktemp()).absolute()
        (self.folder / "public").mkdir(parents=True)
        (self.folder / "name.txt").write_text("example\n")
        self._port = freePort()
        self._names: dict[str, Any] = {}
        self._command: list[str] | None = None
        self._server: Server | None = None

    def go(self, blocks: int | None = None) -> None:
        """
        @param blocks: so many of the page's first; L{None} is all.
        @raise AssertionError: at the first block that does not do what is shown.
        """
        for block in islice(blocksOf(self._page), blocks):
            try:
                getattr(self, f"_do_{block.language}")(block)
            except Exception as error:
                served = f"\n{self._server.output()}" if self._server is not None else ""
                raise AssertionError(f"{self._page.name}:{block.line}: {error!r}{served}") from error
        self._stopServer()

    def _here(self, text: str) -> str:
        for shown, meant in self._others.items():
            text = text.replace(shown, meant)
        return text.replace("9090", str(self._port))

    def _write(self, block: Block) -> bool:
        if block.file is None:
            return False
        self._stopServer()
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(block.text), "utf-8")
        return True

    def _do_python(self, block: Block) -> None:
        code = compile(block.text, f"{self._page.name}:{block.line}", "exec")
        if not self._write(block):
            exec(code, self._names)  # noqa: S102 - the page's own code, which it asks its reader to run

    def _do_toml(self, block: Block) -> None:
        loadText(self._here(block.text), self._page.name, self.folder)
        self._write(block)

    def _do_html(self, block: Block) -> None:
        self._write(block)

    _do_javascript = _do_html

    def _do_nginx(self, block: Block) -> None:
        """
        Another program's file; only shown.
        """

    _do_none = _do_nginx

    def _do_sh(self, block: Block) -> None:
        self._stopServer()
        for line in block.text.replace("\\\n", "").splitlines():
            if line:
                self._run(line)

    def _run(self, line: str) -> None:
        if "pip install" in line:
            return  # the whole of a fresh clone: .ci/run does that
        if line.startswith(("balws ", "openssl ")):
            self._make(line)
            return
        command = asCommand(self._here(line))
        if "twisted.trial" in line or line.endswith(" --check"):
            done = subprocess.run(
                command, cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE
            )
            assert done.returncode == 0, done.stdout + done.stderr
        else:
            self._command = command

    def _make(self, line: str) -> None:
        line, _, file = line.partition(" >> ")
        done = subprocess.run(
            asCommand(self._here(line)),
            cwd=self.folder,
            env=environment(),
            input=PASSWORD + "\n",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if file:
            with open(self.folder / file, "a", encoding="utf-8") as stream:
                stream.write(done.stdout)

    def serve(self) -> int:
        """
        Run the command that the page named last.

        @return: the port.
        """
        if self._server is None:
            assert self._command is not None, "nothing was started"
            self._server = Server(self._test, self._command, self._port, self.folder)
        return self._port

    def _do_text(self, block: Block) -> None:
        self.serve()
        if block.text.startswith("$ "):
            line, _, expected = block.text[2:].partition("\n")
            done = subprocess.run(
                asCommand(line),
                cwd=self.folder,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE,
            )
            assert done.stdout == expected, f"{line} prints {done.stdout!r} in place of {expected!r}"
            return
        Conversation().hold(self._here(block.text))

    def _stopServer(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None


class Conversation:
    """
    What some peers say and hear.
    """

    def __init__(self) -> None:
        self._peers: dict[str, ClientConnection] = {}
        self._refusals: dict[str, InvalidStatus] = {}
        self._next: tuple[str, str, dict[str, str]] | None = None

    def hold(self, text: str) -> None:
        """
        @raise AssertionError: when something else comes back.
        """
        try:
            for line in text.splitlines():
                self._follow(line)
            self._connect()
        finally:
            for peer in self._peers.values():
                peer.close()

    def _follow(self, line: str) -> None:
        if not line:
            return
        if (match := _LINE.fullmatch(line)) is not None:
            self._connect()
            who, words = match["who"] or "", match["words"] or ""
            if match["way"] == ">":
                self._peers[who].send(words)
            else:
                self._hear(who, words)
        elif (match := _OPEN.fullmatch(line)) is not None:
            self._connect()
            self._next = (match["who"] or "", match["url"], {})
        elif (match := _FIELD.fullmatch(line)) is not None and self._next is not None:
            self._next[2][match["name"]] = match["value"]
        else:
            raise AssertionError(f"what does {line!r} mean?")

    def _connect(self) -> None:
        if self._next is None:
            return
        (who, url, headers), self._next = self._next, None
        try:
            peer = connect(url, additional_headers=headers, open_timeout=PATIENCE, proxy=None)
        except InvalidStatus as refusal:
            self._refusals[who] = refusal
        else:
            self._peers[who] = peer

    def _hear(self, who: str, words: str) -> None:
        ended = _ENDED.fullmatch(words)
        if ended is not None and ended["how"] == "refused":
            response = self._refusals[who].response
            heard = f"refused {response.status_code} {(response.body or b'').decode()}".strip()
            if ended["words"] is None:
                heard = heard[: len("refused 000")]
        elif who in self._refusals:
            raise AssertionError(f"{who or 'the peer'} was refused: {self._refusals[who]}")
        else:
            try:
                heard = str(self._peers[who].recv(PATIENCE))
            except ConnectionClosed as closed:
                heard = f"closed {closed.rcvd.code} {closed.rcvd.reason}".strip() if closed.rcvd else "lost"
                if ended is not None and ended["words"] is None:
                    heard = heard[: len("closed 0000")]
        assert heard == words, f"heard {heard!r} in place of {words!r}"
