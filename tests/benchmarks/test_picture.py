"""
Tests of L{benchmarks.picture}.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import picture
from twisted.trial.unittest import SynchronousTestCase

_SVG = "{http://www.w3.org/2000/svg}"


def measured(**figures: float) -> dict[str, Any]:
    """
    @return: results with one case.
    """
    servers = {name: {"median": figure, "rounds": [figure]} for name, figure in figures.items()}
    return {
        "machine": {"processor": "A & B", "kernel": "Linux", "python": "3.11", "when": "2026-11-21"},
        "cases": {"some": {"title": "Fast <cases>", "way": "echo", "unit": "µs", "servers": servers}},
        "latency": {"flood": {"title": "others shout", "servers": {"balws": {"p50": 1000, "p99": 2500, "max": 9000}}}},
    }


class PictureTests(SynchronousTestCase):
    """
    Figures become bars.
    """

    def drawn(self, **figures: float) -> ElementTree.Element:
        return ElementTree.fromstring(picture.drawn(measured(**figures)))

    def test_bars(self) -> None:
        """
        A bar is as long as its figure compared to the longest of its case; ours and others look different.
        """
        bars = self.drawn(balws=10, aiohttp=40, floor=4).findall(f"{_SVG}rect")[1:4]
        longest = float(bars[1].get("width", ""))
        widths = [float(bar.get("width", "")) / longest for bar in bars]
        self.assertEqual([round(width, 2) for width in widths], [0.25, 1, 0.1])
        self.assertEqual([bar.get("class") for bar in bars], ["ours", "peer", "bare"])

    def test_words(self) -> None:
        """
        Who cannot see it is told the same in words.
        """
        drawing = self.drawn(balws=10, aiohttp=1234, picows=3.456)
        self.assertEqual(drawing.get("role"), "img")
        self.assertEqual(drawing.get("aria-labelledby"), "title words")
        words = drawing.findtext(f"{_SVG}desc")
        self.assertEqual(
            words,
            "Fast <cases>, µs: balws 10.0, picows 3.46, aiohttp 1,234."
            " 99 % of answers, others shout, ms within which they come: balws 2.50.",
        )

    def test_inside(self) -> None:
        """
        Nothing is outside of the picture.
        """
        drawing = self.drawn(balws=1, aiohttp=100000)
        width, height = (float(drawing.get(name, "")) for name in ("width", "height"))
        for bar in drawing.findall(f"{_SVG}rect"):
            self.assertTrue(float(bar.get("x", "0")) + float(bar.get("width", "")) <= width)
            self.assertTrue(float(bar.get("y", "0")) + float(bar.get("height", "")) <= height)

    def test_colours(self) -> None:
        """
        It follows dark pages.
        """
        self.assertIn("prefers-color-scheme: dark", self.drawn(balws=1).findtext(f"{_SVG}style") or "")

    def test_failed(self) -> None:
        """
        A server that failed has no bar, and what only we compare has none either.
        """
        result = measured(**{"balws": 10, "balws-python": 20})
        result["cases"]["some"]["servers"]["picows"] = {"error": "it fell over"}
        first, _ = picture.panels(result)
        self.assertEqual(list(first.bars), [("balws", 10)])
