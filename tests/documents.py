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

Who connects by C{balws connect}, with its options, in place of the bare URL, does just that.

In such a block a line that begins with C{$} is a command beside what runs, and what follows is what it
prints, with C{...} for what is never the same, beside ids and seconds; C{^C} is the key, in the terminal of
what was started last.
A C{sh} block of such commands as C{openssl} and C{balws} makes the files that a reader needs; who is
asked for a password says L{PASSWORD}.  What serves other ports runs beside what there is.

Blocks without a file's name are executed where they stand, TOML by the loader.  A page that goes on where
another one ends says so by a comment, C{.. after: 1-echo}.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from queue import Queue
from types import MappingProxyType
from typing import IO, Any

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

#: The ports that pages name.  Here each is one that is free.
PORTS = ("9090", "9091", "9092", "9093")

_AFTER = re.compile(r"^\.\. after: (?P<page>[\w-]+)$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)$")
_FILE = re.compile(r"(?:#|//|<!--) (?P<name>[\w./-]+\.\w+)(?: -->)?")
_OPEN = re.compile(r"(?:(?P<who>\w+): )?(?:(?P<command>balws connect .*?) ?)?(?P<url>wss?://\S+)")
_LINE = re.compile(r"(?:(?P<who>\w+) )?(?P<way>[<>])(?: (?P<words>.*))?")
_ENDED = re.compile(r"(?P<how>refused|closed) (?P<code>\d+)(?: (?P<words>.*))?")
_TOLD = re.compile(r"balws: (?P<how>refused|the server closed): (?P<code>\d+)[^:]*(?:: (?P<words>.*))?")
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
    A port on 127.0.0.1 that nobody listens to.  It is none of those that the system gives to whoever connects
    somewhere: one of them could have it by the time that it is wanted, or wanted again.
    """
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def environment(**more: str) -> dict[str, str]:
    """
    @param more: variables.
    @return: that of a child which imports the balws under test.
    """
    paths = [str(Path(balws.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


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

    def interrupt(self) -> None:
        """
        Press Ctrl-C.
        """
        # What runs in the background of a shell ignores SIGINT, and so do its children.
        isIgnored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        self.process.send_signal(signal.SIGTERM if isIgnored else signal.SIGINT)

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
    if program in ("chmod", "openssl", "sed"):
        return [program, *arguments]
    raise ValueError(f"no page should make its reader run {line!r}")


class Typist:
    """
    Who types into C{balws connect}.
    """

    def __init__(self, command: str, url: str, folder: Path) -> None:
        """
        Start it, and wait until it is connected or refused.
        """
        self._process = subprocess.Popen(
            asCommand(f"{command} --verbose --until-close {url}"),
            cwd=folder,
            env=environment(BALWS_PASSWORD=PASSWORD),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._heard: Queue[str] = Queue()
        self._told: Queue[str] = Queue()
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self._process.stdout, self._heard), (self._process.stderr, self._told))
        ]
        for reader in self._readers:
            reader.start()
        self._end = self._told.get(timeout=PATIENCE)

    def _read(self, stream: IO[str], lines: Queue[str]) -> None:
        with stream:
            for line in stream:
                lines.put(line.removesuffix("\n"))
        lines.put("")

    def send(self, words: str) -> None:
        """
        Type a line.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")

    def recv(self, timeout: float) -> str:
        """
        @return: the next line, or, when there are no more, how it ended.
        """
        heard = self._heard.get(timeout=timeout)
        if heard:
            return heard
        told = [self._end]
        while line := self._told.get(timeout=timeout):
            told.append(line)
        for number, line in enumerate(told):
            if (match := _TOLD.fullmatch(line)) is not None:
                how = "refused" if match["how"] == "refused" else "closed"
                body = [line.removeprefix("balws: ") for line in told[number + 1 :]] if how == "refused" else []
                return " ".join([how, match["code"], *([match["words"]] if match["words"] else body)])
        return "\n".join(told)

    def close(self) -> None:
        """
        Leave.
        """
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it had gone before
        for reader in self._readers:
            reader.join(PATIENCE)


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
        self._ports = {port: str(freePort()) for port in PORTS}
        self._names: dict[str, Any] = {}
        self._commands: list[list[str]] = []
        self._servers: list[Server] = []

    @property
    def _server(self) -> Server | None:
        return self._servers[0] if self._servers else None

    def go(self, blocks: int | None = None) -> None:
        """
        @param blocks: so many of the page's first; L{None} is all.
        @raise AssertionError: at the first block that does not do what is shown.
        """
        self._prepare(self._page)
        for block in islice(blocksOf(self._page), blocks):
            try:
                getattr(self, f"_do_{block.language}")(block)
            except Exception as error:
                served = "".join(f"\n{server.output()}" for server in self._servers)
                raise AssertionError(f"{self._page.name}:{block.line}: {error!r}{served}") from error
        self._stopServer()

    def _prepare(self, page: Path) -> None:
        """
        Have the files that the pages before this one leave.
        """
        match = _AFTER.search(page.read_text("utf-8"))
        if match is None:
            return
        before = page.with_name(f"{match['page']}.rst")
        self._prepare(before)
        for block in blocksOf(before):
            if block.language == "sh":
                for line in _linesOf(block):
                    if _makes(line):
                        self._make(line)
            else:
                self._write(block)

    def _here(self, text: str) -> str:
        for shown, meant in self._others.items():
            text = text.replace(shown, meant)
        return re.sub(r"\b(" + "|".join(self._ports) + r")\b", lambda match: self._ports[match[0]], text)

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
        for line in _linesOf(block):
            self._run(line)

    def _run(self, line: str) -> None:
        if "pip install" in line:
            return  # the whole of a fresh clone: .ci/run does that
        if _makes(line):
            self._make(line)
            return
        command = asCommand(self._here(line))
        if "twisted.trial" in line or line.endswith(" --check"):
            done = subprocess.run(
                command, cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE
            )
            assert done.returncode == 0, done.stdout + done.stderr
        else:
            ports = self._portsOf(command)
            self._commands = [other for other in self._commands if not {*ports}.intersection(self._portsOf(other))]
            self._commands.append(command)

    def _portsOf(self, command: list[str]) -> list[int]:
        """
        @return: where a command will serve, first the one that is asked whether it does.
        """
        main = int(self._ports["9090"])
        files = [self.folder / word for word in command if word.endswith(".toml")]
        text = "".join(file.read_text("utf-8") for file in files)
        found = [int(port) for port in re.findall(r"^port = (\d+)", text, re.MULTILINE)]
        return [main] if main in found or not found else found

    def _make(self, line: str) -> None:
        line, append, file = line.partition(" >> ") if " >> " in line else line.partition(" > ")
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
            with open(self.folder / file, "a" if append == " >> " else "w", encoding="utf-8") as stream:
                stream.write(done.stdout)

    def serve(self) -> int:
        """
        Run the commands that serve, as the page named them last.

        @return: the port of the first.
        """
        assert self._commands, "nothing was started"
        for command in self._commands[len(self._servers) :]:
            self._servers.append(Server(self._test, command, self._portsOf(command)[0], self.folder))
        return self._portsOf(self._commands[0])[0]

    def _do_text(self, block: Block) -> None:
        self.serve()
        Conversation(self.folder, self._shown, self._interrupt).hold(self._here(block.text))

    def _shown(self, line: str, expected: str) -> None:
        """
        @raise AssertionError: where a command prints something else.
        """
        done = subprocess.run(
            asCommand(line),
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        pattern = ".*".join(re.escape(part) for part in _steady(expected).split("..."))
        assert re.fullmatch(pattern, _steady(done.stdout)), f"{line} prints {done.stdout!r} in place of {expected!r}"

    def _interrupt(self) -> None:
        self._servers[-1].interrupt()

    def _stopServer(self) -> None:
        while self._servers:
            self._servers.pop().stop()


def _steady(text: str) -> str:
    """
    @return: without the ids of connections, and how many seconds old they are.
    """
    return re.sub(r"\b[0-9a-f]{32}\b", "ID", re.sub(r" +\d+s\b", " AGE", text))


def _linesOf(block: Block) -> list[str]:
    return [line for line in block.text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]


def _makes(line: str) -> bool:
    """
    @return: whether a command makes something and ends.
    """
    return line.startswith(("balws ", "chmod ", "openssl ", "sed ")) and not line.startswith("balws serve")


def _nothingElse(*asked: str) -> None:
    """
    Where nothing but peers is to be seen.
    """
    raise AssertionError(f"here are only peers, and not {asked or 'a server'}")


class Conversation:
    """
    What some peers say and hear.
    """

    def __init__(
        self,
        folder: Path = ROOT,
        command: Callable[[str, str], None] = _nothingElse,
        interrupt: Callable[[], None] = _nothingElse,
    ) -> None:
        """
        @param folder: where the peers are that run a command.
        @param command: runs a command that ends, and compares what it prints.
        @param interrupt: presses Ctrl-C where the last server runs.
        """
        self._folder = folder
        self._command = command
        self._interrupt = interrupt
        self._asked: list[str] = []
        self._peers: dict[str, ClientConnection | Typist] = {}
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
            self._ask()
        finally:
            for peer in self._peers.values():
                peer.close()

    def _follow(self, line: str) -> None:
        if line.startswith("$ "):
            self._connect()
            self._ask()
            self._asked = [line]
        elif not line:
            return
        elif line == "^C":
            self._connect()
            self._ask()
            self._interrupt()
        elif (match := _LINE.fullmatch(line)) is not None:
            self._connect()
            self._ask()
            who, words = match["who"] or "", match["words"] or ""
            if match["way"] == ">":
                self._peers[who].send(words)
            else:
                self._hear(who, words)
        elif (match := _OPEN.fullmatch(line)) is not None:
            self._connect()
            self._ask()
            who, url = match["who"] or "", match["url"]
            if match["command"]:
                self._peers[who] = Typist(match["command"], url, self._folder)
            else:
                self._next = (who, url, {})
        elif (match := _FIELD.fullmatch(line)) is not None and self._next is not None:
            self._next[2][match["name"]] = match["value"]
        elif self._asked:
            self._asked.append(line)
        else:
            raise AssertionError(f"what does {line!r} mean?")

    def _ask(self) -> None:
        if not self._asked:
            return
        (line, *printed), self._asked = self._asked, []
        self._command(line.removeprefix("$ "), "".join(f"{words}\n" for words in printed))

    def _connect(self) -> None:
        if self._next is None:
            return
        (who, url, headers), self._next = self._next, None
        try:
            peer = connect(
                url, additional_headers=headers, open_timeout=PATIENCE, proxy=None, ssl=_trusting(url)
            )
        except InvalidStatus as refusal:
            self._refusals[who] = refusal
        else:
            self._peers[who] = peer

    def _hear(self, who: str, words: str) -> None:
        if who in self._refusals:
            response = self._refusals[who].response
            heard = f"refused {response.status_code} {(response.body or b'').decode()}".strip()
        else:
            try:
                heard = str(self._peers[who].recv(PATIENCE))
            except ConnectionClosed as closed:
                heard = f"closed {closed.rcvd.code} {closed.rcvd.reason}".strip() if closed.rcvd else "lost"
        ended = _ENDED.fullmatch(words)
        if ended is not None and ended["words"] is None and _ENDED.fullmatch(heard):
            heard = " ".join(heard.split()[:2])  # its words are no matter
        assert heard == words, f"heard {heard!r} in place of {words!r}"


def _trusting(url: str) -> ssl.SSLContext | None:
    # Whether a client trusts whom it should is what other tests are about.
    if not url.startswith("wss:"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
