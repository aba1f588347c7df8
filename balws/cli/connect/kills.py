# -*- test-case-name: tests.cli.test_connect_kills -*-
"""
What was cut out of lines, and can be put in again.
"""

from __future__ import annotations

__all__ = ["Kills"]

#: So many are kept, the latest ones.
MAX_KILLS = 10


class Kills:
    """
    A ring: one can be put in place of the other, from the latest to the oldest.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []

    @property
    def latest(self) -> str:
        """
        Empty when nothing was cut.
        """
        return self._texts[-1] if self._texts else ""

    def add(self, text: str, isJoined: bool, isBehind: bool) -> None:
        """
        @param text: what was cut.
        @param isJoined: whether it belongs to what was cut before, at its front or at its end.
        @param isBehind: whether it stood in front of the cursor.
        """
        if isJoined and self._texts:
            self._texts[-1] = text + self._texts[-1] if isBehind else self._texts[-1] + text
            return
        self._texts.append(text)
        del self._texts[:-MAX_KILLS]

    def turn(self) -> str:
        """
        @return: the one before, which is the latest now.
        """
        self._texts = [*self._texts[-1:], *self._texts[:-1]]
        return self.latest
