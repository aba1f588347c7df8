# -*- test-case-name: tests.cli.test_send -*-
"""
For whom a command is: C{--to-connection}, C{--to-user} and the others, of which just one is given.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from twisted.python.usage import UsageError

from balws.admin.operations import Target
from balws.cli.reaching import ReachingOptions
from balws.cli.records import sayJson
from balws.cli.tables import plural
from balws.logs.escape import escaped

__all__ = ["TargetOptions", "described", "sayNobody"]

_KINDS = ("connection", "user", "name", "group", "path")


class TargetOptions(ReachingOptions):
    """
    @cvar needsTarget: whether there is nothing to do without one.
    """

    optParameters: ClassVar[Any] = [
        ["to-connection", None, None, "The connection with this id, as balws ps tells it."],
        ["to-user", "u", None, "Every connection of this user."],
        ["to-name", None, None, "The connection that is stored under this name."],
        ["to-group", "g", None, "The members of this group."],
        ["to-path", None, None, "Every connection to the service at this path."],
    ]
    optFlags: ClassVar[Any] = [
        ["json", "j", "Print for how many it was done as an object of JSON."],
        ["quiet", "q", "Print nothing."],
    ]

    needsTarget = True

    def postOptions(self) -> None:
        """
        @raise UsageError: unless just one target is given.
        """
        super().postOptions()
        if self["json"] and self["quiet"]:
            raise UsageError("either --json or --quiet")
        given = self._given()
        if len(given) > 1:
            raise UsageError(f"either --to-{given[0]} or --to-{given[1]}, not both")
        if self.needsTarget and not given:
            raise UsageError(f"for whom? Give one of {', '.join(f'--to-{kind}' for kind in _KINDS)}")

    def _given(self) -> list[str]:
        return [kind for kind in _KINDS if self[f"to-{kind}"] is not None]

    @property
    def target(self) -> Target | None:
        """
        For whom; L{None} where nobody was named.
        """
        given = self._given()
        return Target(**{given[0]: self[f"to-{given[0]}"]}) if given else None

    def told(self, verb: str, count: int) -> int:
        """
        Say for how many connections it was done; for nobody L{sayNobody} has said it.

        @param verb: what was done.
        @return: the status: 1 where there was nobody.
        """
        if self["json"]:
            sayJson({"count": count})
        elif count and not self["quiet"]:
            print(f"{verb} {plural(count, 'connection')}")
        return 0 if count else 1


def sayNobody(target: Target) -> None:
    """
    Tell the standard error that nobody was there.
    """
    print(f"balws: nobody is there: {described(target)}", file=sys.stderr)


def described(target: Target) -> str:
    """
    @return: such as C{user "ada"}, safe for a terminal.
    """
    kind = next(kind for kind in _KINDS if getattr(target, kind) is not None)
    return f'{kind} "{escaped(getattr(target, kind))}"'
