# -*- test-case-name: tests.cli.test_connect_edits -*-
"""
What was done to a line, so that it can be undone.
"""

from __future__ import annotations

import attrs

__all__ = ["Edit", "Edits"]

#: So many steps can be undone, the latest ones.
MAX_EDITS = 500


@attrs.frozen
class Edit:
    """
    One step.

    @ivar place: where, in characters from 0.
    @ivar removed: what stood there before.
    @ivar added: what stands there since.
    @ivar cursor: where the cursor was before.
    """

    place: int
    removed: str
    added: str
    cursor: int


class Edits:
    """
    The steps from an empty line, or one of the history, to what stands there.
    """

    def __init__(self) -> None:
        self._done: list[Edit] = []

    def note(self, edit: Edit, isJoined: bool = False) -> None:
        """
        A step was done.

        @param isJoined: whether to undo it together with the step before, where it only adds to what that added.
        """
        last = self._done[-1] if self._done else None
        if isJoined and last is not None and not edit.removed and edit.place == last.place + len(last.added):
            self._done[-1] = attrs.evolve(last, added=last.added + edit.added)
            return
        self._done.append(edit)
        del self._done[:-MAX_EDITS]

    def take(self) -> Edit | None:
        """
        @return: the latest step, which is forgotten; L{None} when there is none.
        """
        return self._done.pop() if self._done else None

    def clear(self) -> None:
        """
        Another line begins.
        """
        self._done.clear()
