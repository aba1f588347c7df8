# -*- test-case-name: tests.benchmarks.test_picture -*-
"""
The figures as a picture: SVG, with bars for each case and all of it in words, too::

    python benchmarks/picture.py RESULTS.json PICTURE.svg
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import attrs
from table import medians

#: Pixels.
_COLUMN, _GAP, _MARGIN, _TOP = 470, 30, 20, 54
_NAMES, _VALUES = 120, 64
_LINE, _HEAD, _FOOT = 17, 42, 22

#: How people know the servers, in the order of the bars; the variants in Python alone are for ourselves.
_TITLES = {
    "balws": "balws",
    "balws-reactor": "balws, its reactor",
    "picows": "picows",
    "aiohttp": "aiohttp",
    "websockets": "websockets",
    "autobahn": "Autobahn",
    "twisted-web": "Twisted Web",
    "twisted": "raw Twisted TCP",
    "floor": "C, epoll",
}

#: Colours of light pages and of dark ones; each stands out from its ground by 4.5 to 1 and more where it is text.
_STYLE = """\
  .ground { fill: #ffffff } text { fill: #1f2328; font: 12px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 13px } .unit { fill: #59636e; font-size: 11px }
  .ours { fill: #0b6bcb } .peer { fill: #818b98 } .bare { fill: none; stroke: #818b98 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .unit { fill: #9198a1 }
    .ours { fill: #4ea1ff } .peer { fill: #7d8590 } .bare { stroke: #7d8590 }
  }"""


@attrs.frozen
class Panel:
    """
    One thing that was measured.

    @ivar unit: of the bars.
    @ivar bars: names of servers, as they are in the results, with their figures.
    """

    title: str
    unit: str
    bars: Sequence[tuple[str, float]]

    @property
    def height(self) -> int:
        """
        @return: in pixels.
        """
        return _HEAD + len(self.bars) * _LINE + _FOOT

    def words(self) -> str:
        """
        @return: all of it as a sentence.
        """
        figures = ", ".join(f"{_TITLES[name]} {_shown(value)}" for name, value in self.bars)
        return f"{self.title}, {self.unit}: {figures}."


def _shown(value: float) -> str:
    """
    @return: a figure with as many digits as mean something.
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ordered(figures: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(name, figures[name]) for name in _TITLES if name in figures]


def panels(result: Mapping[str, Any]) -> Iterator[Panel]:
    """
    @param result: what C{all.py} measured.
    @return: what there is to draw.
    """
    for case in result["cases"].values():
        if bars := _ordered(medians(case["servers"])):
            yield Panel(case["title"], case["unit"], bars)
    for situation in result["latency"].values():
        slowest = {name: each["p99"] / 1e3 for name, each in situation["servers"].items()}
        if bars := _ordered(slowest):
            yield Panel(f"99 % of answers, {situation['title']}", "ms within which they come", bars)


def _kind(name: str) -> str:
    if name.startswith("balws"):
        return "ours"
    return "bare" if name in ("twisted", "floor") else "peer"


def _drawnPanel(panel: Panel, left: int, top: int) -> Iterator[str]:
    yield f'<text class="title" x="{left}" y="{top + 14}">{escape(panel.title)}</text>'
    yield f'<text class="unit" x="{left}" y="{top + 30}">{escape(panel.unit)}</text>'
    room = _COLUMN - _NAMES - _VALUES
    largest = max(value for _, value in panel.bars) or 1
    for number, (name, value) in enumerate(panel.bars):
        base = top + _HEAD + number * _LINE
        width = max(1.0, room * max(value, 0) / largest)
        yield f'<text x="{left + _NAMES - 6}" y="{base + 10}" text-anchor="end">{escape(_TITLES[name])}</text>'
        yield f'<rect class="{_kind(name)}" x="{left + _NAMES}" y="{base}" width="{width:.1f}" height="12" rx="2"/>'
        yield f'<text x="{left + _NAMES + width + 5:.1f}" y="{base + 10}">{_shown(value)}</text>'


def drawn(result: Mapping[str, Any]) -> str:
    """
    @param result: what C{all.py} measured.
    @return: an SVG that follows a page's light or dark colours; shorter bars are better.
    """
    machine = result["machine"]
    shown = list(panels(result))
    total = sum(panel.height for panel in shown)
    parts: list[str] = []
    heights = [0, 0]
    for panel in shown:
        column = 0 if heights[1] == 0 and heights[0] + panel.height / 2 <= total / 2 else 1
        parts += _drawnPanel(panel, _MARGIN + column * (_COLUMN + _GAP), _TOP + heights[column])
        heights[column] += panel.height
    width, height = 2 * _MARGIN + 2 * _COLUMN + _GAP, _TOP + max(heights)
    where = f"{machine['processor']}, {machine['kernel']}, Python {machine['python']}, {machine['when']}"
    title = "What a message costs the server, side by side; shorter is better"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' role="img" aria-labelledby="title words">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="words">{escape(" ".join(panel.words() for panel in shown))}</desc>',
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="ground" width="{width}" height="{height}"/>',
            f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 8}">{escape(title)}</text>',
            f'<text class="unit" x="{width - _MARGIN}" y="{_MARGIN + 8}" text-anchor="end">{escape(where)}</text>',
            *parts,
            "</svg>",
            "",
        )
    )


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(drawn(json.loads(Path(sys.argv[1]).read_text())))
