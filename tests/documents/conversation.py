# -*- test-case-name: tests.test_documents -*-
"""
What peers of a page say and hear.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests import ROOT
from tests.documents.typist import Typist
from tests.waiting import PATIENCE

#: So often somebody tries to come in who hears 503: on a machine that stood still, what a server asks answers too late.
ATTEMPTS = 3

_OPEN = re.compile(r"(?:(?P<who>\w+): )?(?:(?P<command>balws connect .*?) ?)?(?P<url>wss?://\S+)")
_LINE = re.compile(r"(?:(?P<who>\w+) )?(?P<way>[<>])(?: (?P<words>.*))?")
_ENDED = re.compile(r"(?P<how>refused|closed) (?P<code>\d+)(?: (?P<words>.*))?", re.DOTALL)
_FIELD = re.compile(r"(?P<name>[A-Za-z][\w-]+): (?P<value>.*)")


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
        self._present = ExitStack()
        self._refusals: dict[str, InvalidStatus] = {}
        self._next: tuple[str, str, dict[str, str]] | None = None

    def hold(self, text: str) -> None:
        """
        @raise AssertionError: when something else comes back.
        """
        with self._present:
            for line in text.splitlines():
                self._follow(line)
            self._settle()

    def _follow(self, line: str) -> None:
        if line.startswith("$ "):
            self._settle()
            self._asked = [line]
        elif not line:
            return
        elif line == "^C":
            self._settle()
            self._interrupt()
        elif (match := _LINE.fullmatch(line)) is not None:
            self._settle()
            who, words = match["who"] or "", match["words"] or ""
            if match["way"] == ">":
                self._peers[who].send(words)
            else:
                self._hear(who, words)
        elif (match := _OPEN.fullmatch(line)) is not None:
            self._settle()
            who, url = match["who"] or "", match["url"]
            if match["command"]:
                self._enter(who, Typist(match["command"], url, self._folder))
            else:
                self._next = (who, url, {})
        elif (match := _FIELD.fullmatch(line)) is not None and self._next is not None:
            self._next[2][match["name"]] = match["value"]
        elif self._asked:
            self._asked.append(line)
        else:
            raise AssertionError(f"what does {line!r} mean?")

    def _settle(self) -> None:
        """
        Do what the lines so far have told of: one may go on in the next.
        """
        if self._next is not None:
            opened, self._next = self._next, None
            self._connect(*opened)
        if self._asked:
            (line, *printed), self._asked = self._asked, []
            self._command(line.removeprefix("$ "), "".join(f"{words}\n" for words in printed))

    def _connect(self, who: str, url: str, headers: dict[str, str]) -> None:
        for _ in range(ATTEMPTS):
            try:
                peer = connect(
                    url, additional_headers=headers, open_timeout=PATIENCE, proxy=None, ssl=_trusting(url)
                )
            except InvalidStatus as refusal:
                self._refusals[who] = refusal
                if refusal.response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                    break
            else:
                self._enter(who, peer)
                break

    def _enter(self, who: str, peer: ClientConnection | Typist) -> None:
        self._peers[who] = peer
        self._present.callback(peer.close)
        self._refusals.pop(who, None)

    def _hear(self, who: str, words: str) -> None:
        if who in self._refusals:
            response = self._refusals[who].response
            heard = f"refused {response.status_code} {(response.body or b'').decode()}".strip()
        else:
            try:
                heard = str(self._peers[who].recv(PATIENCE))
            except ConnectionClosed as closed:
                heard = f"closed {closed.rcvd.code} {closed.rcvd.reason}".strip() if closed.rcvd else "lost"
            except TimeoutError:
                heard = f"nothing for {PATIENCE} seconds"
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
