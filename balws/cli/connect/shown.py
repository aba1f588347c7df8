# -*- test-case-name: tests.cli.test_connect_shown -*-
"""
Messages as a terminal shows them: nothing in them does anything to it.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate

import attrs

from balws.logs.escape import escaped

__all__ = ["Shown", "withColours"]

#: What is shown of a message unless all is wanted: bytes of a line, lines, bytes of binary data.
MAX_LINE = 4096
MAX_LINES = 200
MAX_BINARY = 256

#: JSON is spread up to so many characters, and when it is no deeper than this: each depth indents all that is in it.
MAX_JSON = 256 * 1024
MAX_DEPTH = 32

_ALL = 1 << 40

#: Strings, of which those with a colon are keys; numbers; the three words.
_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=:))|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>\b(?:true|false|null)\b)"
)
_brackets = re.compile(r"[\[\]{}]").findall

_COLOURS = {"key": "36", "string": "32", "number": "33", "word": "35"}
_DIM = "2"


def withColours(shown: str) -> str:
    """
    @param shown: a line of JSON that any terminal may show.
    @return: the same in colours.
    """
    return _TOKEN.sub(lambda match: _coloured(match[0], _COLOURS[match.lastgroup or ""]), shown)


def _coloured(shown: str, colour: str) -> str:
    return f"\x1b[{colour}m{shown}\x1b[0m"


@attrs.define
class Shown:
    """
    How messages are shown.

    @ivar colours: whether the terminal has colours, and its user likes them.
    @ivar json: whether JSON is spread over lines.
    @ivar times: whether to say when a message came, and how long after the last one was sent.
    @ivar full: whether long messages are shown to their end.
    """

    colours: bool = False
    json: bool = True
    times: bool = False
    full: bool = False

    def message(self, message: str | bytes, stamp: str = "") -> list[str]:
        """
        @param stamp: when it came; shown where there are C{times}.
        @return: the lines to show.
        """
        lines = self._binary(message) if isinstance(message, bytes) else self._text(message)
        mark = f"{stamp} < " if self.times and stamp else "< "
        shown = self._dim(mark)
        # Whatever a peer sends, the lines behind the first stand behind blanks: none can pass for ours.
        return [shown + lines[0], *("  " + each for each in lines[1:])]

    def note(self, text: str) -> str:
        """
        @param text: words of ours, or what a peer said.
        @return: a line about the connection.
        """
        return self._dim(escaped(text, self._longest))

    @property
    def _longest(self) -> int:
        return _ALL if self.full else MAX_LINE

    def _dim(self, shown: str) -> str:
        return _coloured(shown, _DIM) if self.colours else shown

    def _text(self, text: str) -> list[str]:
        spread = self._spread(text) if self.json else None
        lines = (text if spread is None else spread).split("\n")
        shown = [escaped(each, self._longest) for each in self._cut(lines)]
        if spread is not None and self.colours:
            shown = [withColours(each) for each in shown]
        if len(lines) > len(shown):
            shown.append(f"... {len(lines)} lines in all")
        return shown

    def _cut(self, lines: list[str]) -> list[str]:
        return lines if self.full else lines[:MAX_LINES]

    def _spread(self, text: str) -> str | None:
        if text[:1] not in ("{", "[") or len(text) > MAX_JSON or _depth(text) > MAX_DEPTH:
            return None
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            return None

    def _binary(self, data: bytes) -> list[str]:
        few = data if self.full else data[:MAX_BINARY]
        more = f" ... {len(data)} in all" if len(few) < len(data) else ""
        return [f"binary, {len(data)} bytes: {few.hex(' ')}{more}"]


def _depth(text: str) -> int:
    # Brackets within strings count, too: who writes many of them has his JSON as it came.
    return max(accumulate(1 if each in "[{" else -1 for each in _brackets(text)), default=0)
