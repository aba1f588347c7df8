"""
What becomes of a Deferred.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.fuzz.watch import Found


class Outcome:
    """
    What became of a Deferred.

    @ivar deferred: the Deferred.
    @ivar fired: each result or error, of which there must come to be one.
    """

    def __init__(self, deferred: Deferred[Any]) -> None:
        self.fired: list[Any] = []
        self.deferred = deferred
        deferred.addCallbacks(self.fired.append, lambda failure: self.fired.append(failure.value))

    @property
    def value(self) -> Any:
        """
        @return: what it fired with, or L{None}.
        """
        return self.fired[0] if self.fired else None

    def among(self, *errors: type[BaseException]) -> None:
        """
        @raise Found: where it has not fired once, or with another error than one of these.
        """
        if len(self.fired) != 1:
            raise Found(f"a Deferred of the client has fired {len(self.fired)} times: {self.fired}")
        if isinstance(self.value, BaseException) and not isinstance(self.value, errors):
            raise Found(f"the client failed with {self.value!r}")
