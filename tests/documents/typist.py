# -*- test-case-name: tests.test_documents -*-
"""
Peers who sit at a terminal.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import IO

from tests.commands import asCommand, environment
from tests.waiting import PATIENCE

#: What the reader of a page says when a command asks for a password.
PASSWORD = "analytical engine"

_TOLD = re.compile(r"balws: (?P<how>refused|the server closed): (?P<code>\d+)[^:]*(?:: (?P<words>.*))?")


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
        self._heard: Queue[str | None] = Queue()
        self._told: Queue[str | None] = Queue()
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self._process.stdout, self._heard), (self._process.stderr, self._told))
        ]
        for reader in self._readers:
            reader.start()
        try:
            self._begin = self._next(self._told, PATIENCE)
        except TimeoutError:
            self.close()
            raise

    def _read(self, stream: IO[str], lines: Queue[str | None]) -> None:
        with stream:
            for line in stream:
                lines.put(line.removesuffix("\n"))
        lines.put(None)

    def _next(self, lines: Queue[str | None], timeout: float) -> str | None:
        try:
            return lines.get(timeout=timeout)
        except Empty:
            raise TimeoutError(f"nothing came for {timeout} seconds") from None

    def send(self, words: str) -> None:
        """
        Type a line.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")

    def recv(self, timeout: float) -> str:
        """
        @return: the next line, or, when there are no more, how it ended.
        @raise TimeoutError: when nothing comes for so many seconds.
        """
        heard = self._next(self._heard, timeout)
        if heard is not None:
            return heard
        told, line = [], self._begin
        while line is not None:
            told.append(line)
            line = self._next(self._told, timeout)
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
        with contextlib.suppress(BrokenPipeError):  # it had gone before
            self._process.stdin.close()
        for reader in self._readers:
            reader.join(PATIENCE)
