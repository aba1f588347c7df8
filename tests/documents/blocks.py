# -*- test-case-name: tests.test_documents -*-
"""
What a page shows: its blocks of code.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import attrs

_DIRECTIVE = re.compile(r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)$")
_FILE = re.compile(r"(?:#|//|<!--) (?P<name>[\w./-]+\.\w+)(?: -->)?")


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

    @property
    def commands(self) -> list[str]:
        """
        Its lines as commands: those that go on are joined, and comments are none.
        """
        return [line for line in self.text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]


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
