# -*- test-case-name: tests.test_documents -*-
"""
The walk through a page, on which everything that it shows is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from balws.config import loadText
from tests.commands import asCommand, ran
from tests.documents.blocks import Block, blocksOf
from tests.documents.conversation import Conversation
from tests.documents.typist import PASSWORD
from tests.servers import Server, freePort

#: The ports that pages name.  Here each is one that is free.
PORTS = ("9090", "9091", "9092", "9093")

_AFTER = re.compile(r"^\.\. after: (?P<page>[\w-]+)$", re.MULTILINE)


class Walk:
    """
    Does what one page shows, from its top to its end.

    @ivar folder: where its reader works.
    @ivar servers: what runs, in the order in which it was started.
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
        self.servers: list[Server] = []

    def go(self, blocks: int | None = None) -> None:
        """
        @param blocks: so many of the page's first; L{None} is all.
        @raise AssertionError: at the first block that does not do what is shown.
        """
        self._comeTo(self._page)
        for block in islice(blocksOf(self._page), blocks):
            try:
                getattr(self, f"_do_{block.language}")(block)
            except Exception as error:
                served = "".join(f"\n{server.output()}" for server in self.servers)
                raise AssertionError(f"{self._page.name}:{block.line}: {error!r}{served}") from error
        self._stop()

    def skip(self, blocks: int | None = None) -> None:
        """
        Have what the page makes and runs, and do not try whether it does what is shown.

        @param blocks: so many of the page's first; L{None} is all.
        """
        self._comeTo(self._page)
        self._leave(islice(blocksOf(self._page), blocks))

    def _comeTo(self, page: Path) -> None:
        """
        Have what the pages before this one leave.
        """
        match = _AFTER.search(page.read_text("utf-8"))
        if match is not None:
            before = page.with_name(f"{match['page']}.rst")
            self._comeTo(before)
            self._leave(blocksOf(before))

    def _leave(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if block.language != "sh":
                self._write(block)
                continue
            for line in block.commands:
                if not _tries(line):
                    self._run(line)

    def _here(self, text: str) -> str:
        for shown, meant in self._others.items():
            text = text.replace(shown, meant)
        return re.sub(r"\b(" + "|".join(self._ports) + r")\b", lambda match: self._ports[match[0]], text)

    def _write(self, block: Block) -> bool:
        if block.file is None:
            return False
        path = self.folder / block.file
        if path.exists():
            self._stop()  # what has not been there is nothing that a server could have read
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
        self._stop()
        for line in block.commands:
            self._run(line)

    def _run(self, line: str) -> None:
        if "pip install" in line:
            return  # the whole of a fresh clone: .ci/run does that
        if _makes(line):
            self._make(line)
        elif _tries(line):
            self._ran(line)
        else:
            command = asCommand(self._here(line))
            ports = self._portsOf(command)
            self._commands = [other for other in self._commands if not {*ports}.intersection(self._portsOf(other))]
            self._commands.append(command)

    def _ran(self, line: str) -> str:
        """
        @return: what a command prints that must succeed.
        """
        done = ran(self._here(line), self.folder, PASSWORD + "\n")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _portsOf(self, command: list[str]) -> list[int]:
        """
        @return: where a command will serve: where its files say so, and otherwise at the first port of pages.
        """
        files = [self.folder / word for word in command if word.endswith(".toml")]
        if command[-1] == "serve":
            files.append(self.folder / "balws.toml")
        text = "".join(file.read_text("utf-8") for file in files)
        named = re.findall(r'^(?:port = |endpoint = "tcp:)(\d+)', text, re.MULTILINE)
        return [int(port) for port in self._ports.values() if port in named] or [int(self._ports["9090"])]

    def _make(self, line: str) -> None:
        line, append, file = line.partition(" >> ") if " >> " in line else line.partition(" > ")
        made = self._ran(line)
        if file:
            with open(self.folder / file, "a" if append == " >> " else "w", encoding="utf-8") as stream:
                stream.write(made)

    def serve(self) -> int:
        """
        Run the commands that serve, as the page named them last.

        @return: the port of the first.
        """
        assert self._commands, "nothing was started"
        for command in self._commands[len(self.servers) :]:
            first, *others = self._portsOf(command)
            self.servers.append(Server(self._test, command, first, self.folder))
            for port in others:
                self.servers[-1].awaitPort(port)
        return self._portsOf(self._commands[0])[0]

    def _do_text(self, block: Block) -> None:
        self.serve()
        Conversation(self.folder, self._shown, self._interrupt).hold(self._here(block.text))

    def _shown(self, line: str, expected: str) -> None:
        """
        @raise AssertionError: where a command prints something else.
        """
        pattern = ".*".join(re.escape(part) for part in _steady(expected).split("..."))
        # What limits its own time may find a machine that stands still for as long.
        for _ in range(3 if "--timeout" in line else 1):
            printed = ran(line, self.folder, isOneStream=True).stdout
            if re.fullmatch(pattern, _steady(printed)):
                return
        raise AssertionError(f"{line} prints {printed!r} in place of {expected!r}")

    def _interrupt(self) -> None:
        self.servers[-1].interrupt()

    def _stop(self) -> None:
        while self.servers:
            self.servers.pop().stop()


def _steady(text: str) -> str:
    """
    @return: without the ids of connections, and how many seconds old they are.
    """
    return re.sub(r"\b[0-9a-f]{32}\b", "ID", re.sub(r" +\d+s\b", " AGE", text))


def _tries(line: str) -> bool:
    """
    @return: whether a command says whether something is right, and ends.
    """
    return "twisted.trial" in line or line.endswith(" --check")


def _makes(line: str) -> bool:
    """
    @return: whether a command makes something and ends.
    """
    return line.startswith(("balws ", "chmod ", "openssl ", "sed ")) and not line.startswith("balws serve")
