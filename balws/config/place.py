# -*- test-case-name: tests.config.test_place -*-
"""
Places in a configuration file, for errors that say where.
"""

from __future__ import annotations

import attrs

from balws.config.positions import Positions, extend
from balws.config.records import UnknownKey
from balws.errors import ConfigurationError

__all__ = ["Place"]


@attrs.frozen(kw_only=True)
class Place:
    """
    One value of one document.  A place without a file belongs to values given in code.

    @ivar file: the file's name as the user gave it, or L{None}.
    @ivar path: the value's key path; empty for the whole document.
    """

    file: str | None = None
    path: str = ""
    _positions: Positions = attrs.field(factory=Positions, repr=False, alias="positions")

    def child(self, key: str | int) -> Place:
        """
        @return: the place of a member of this table or list.
        """
        return attrs.evolve(self, path=extend(self.path, key))

    def error(self, problem: str, key: str = "") -> ConfigurationError:
        """
        @param key: the member at fault; where it is missing, the error points to the table.
        """
        path = extend(self.path, key) if key else self.path
        return ConfigurationError(problem, path, self.file, *self._nearest(path))

    def locate(self, error: ConfigurationError) -> ConfigurationError:
        """
        @param error: one whose path starts at this place, as records raise it.
        @return: the same with file, line, column and the whole path; one of another file as
            it is.
        """
        if error.file is not None:
            return error
        joint = "." if self.path and error.path and not error.path.startswith("[") else ""
        path = f"{self.path}{joint}{error.path}"
        keys = self._positions.keys if isinstance(error, UnknownKey) else {}
        return ConfigurationError(error.problem, path, self.file, *keys.get(path, self._nearest(path)))

    def _nearest(self, path: str) -> tuple[int | None, int | None]:
        """
        @return: line and column of a value or, where it is missing, of what it is missing in.
        """
        values = self._positions.values
        while path and path not in values:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return values.get(path, (None, None))
