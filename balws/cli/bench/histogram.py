# -*- test-case-name: tests.cli.test_bench_histogram -*-
"""
How long things took, in a table that does not grow.
"""

from __future__ import annotations

import math

__all__ = ["Histogram", "duration"]

#: From a microsecond on, each octave has so many buckets: a value is known to about 2 %.
_PARTS = 32
_SMALLEST = 1e-6
_OCTAVES = 40

_BLOCKS = " ▏▎▍▌▋▊▉█"


class Histogram:
    """
    Counts in buckets whose limits grow with their values, up to twelve days.

    @ivar count: how many there are.
    @ivar least: the smallest, in seconds; infinity without any.
    @ivar most: the largest, in seconds; 0 without any.
    """

    def __init__(self) -> None:
        self._counts = [0] * (_PARTS * _OCTAVES)
        self._sum = 0.0
        self.count = 0
        self.least = math.inf
        self.most = 0.0

    def add(self, seconds: float) -> None:
        """
        Count one.

        @param seconds: what is below 1 microsecond counts as that.
        """
        place = int(math.log2(seconds / _SMALLEST) * _PARTS) if seconds > _SMALLEST else 0
        self._counts[min(place, len(self._counts) - 1)] += 1
        self._sum += seconds
        self.count += 1
        if seconds < self.least:
            self.least = seconds
        if seconds > self.most:
            self.most = seconds

    @property
    def mean(self) -> float:
        """
        Seconds; 0 without any.
        """
        return self._sum / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """
        @param percent: from 0 to 100.
        @return: seconds that so many of them did not exceed, to about 2 %; 0 without any.
        """
        wanted, seen = max(math.ceil(self.count * percent / 100), 1), 0
        for place, number in enumerate(self._counts):
            seen += number
            if number and seen >= wanted:
                if place == len(self._counts) - 1:
                    return self.most
                return min(max(_edge((place + 1) / _PARTS), self.least), self.most)
        return 0.0

    def rows(self, most: int = 16) -> list[tuple[float, float, int]]:
        """
        @param most: no more rows than these.
        @return: from, to (seconds), and how many, in neighbouring ranges of one and the same
            ratio, from the first that has any to the last.
        """
        filled = [place for place, number in enumerate(self._counts) if number]
        if not filled:
            return []
        width = 1
        while filled[-1] // width - filled[0] // width >= most:
            width *= 2
        found = []
        for row in range(filled[0] // width, filled[-1] // width + 1):
            number = sum(self._counts[row * width : (row + 1) * width])
            found.append((_edge(row * width / _PARTS), _edge((row + 1) * width / _PARTS), number))
        return found

    def picture(self, columns: int = 40, isUnicode: bool = True) -> list[str]:
        """
        @param columns: how long the longest bar is.
        @param isUnicode: whether bars may be of blocks; else they are of C{#}.
        @return: lines, one a row.
        """
        rows = self.rows()
        largest = max((number for _, _, number in rows), default=0)
        width = len(f"{largest:,}")
        lines = []
        for start, end, number in rows:
            bar = _bar(number / largest * columns, isUnicode)
            lines.append(f"{duration(start):>8} to {duration(end):>8}  {number:>{width},}  {bar}".rstrip())
        return lines


def _edge(octaves: float) -> float:
    return float(_SMALLEST * 2**octaves)


def _bar(length: float, isUnicode: bool) -> str:
    if not isUnicode:
        return "#" * math.ceil(length)
    eighths = math.ceil(length * 8)
    return ("█" * (eighths // 8) + _BLOCKS[eighths % 8]).rstrip()


def duration(seconds: float) -> str:
    """
    @return: with the unit that suits it, such as C{1.25 ms}.
    """
    for factor, unit in ((1, "s"), (1e3, "ms")):
        # 999.6 us are shown as 1 ms.
        shown = f"{seconds * factor:.3g}"
        if float(shown) >= 1:
            return f"{shown} {unit}" if float(shown) < 1000 else f"{seconds * factor:,.0f} {unit}"
    return f"{seconds * 1e6:.3g} us"
