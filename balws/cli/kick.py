# -*- test-case-name: tests.cli.test_kick -*-
"""
C{balws kick}: close connections of a running service.
"""

from __future__ import annotations

import signal
import sys
from typing import Any, ClassVar

from twisted.python.usage import UsageError

from balws.admin.facts import ConnectionPage
from balws.admin.operations import Kick as Order
from balws.admin.operations import Target
from balws.cli.admin import Admin, Denied
from balws.cli.tables import plural
from balws.cli.targets import TargetOptions, described, sayNobody
from balws.closing import MAX_REASON, isSendable

__all__ = ["Kick"]


class Kick(TargetOptions):
    """
    By ids, or by one of the targets that L{balws.cli.send.Send} has, too.

    @ivar closure: C{code} and C{reason}, as far as they are given.
    """

    synopsis = "Usage: balws kick [--code CODE] [--reason WORDS] ID...\n       balws kick --to-user NAME [--yes]"
    longdesc = (
        "Closes connections of a running service. At a terminal it asks before it closes more than one. "
        "Those of a name or a group, which may be on other nodes, are closed with 1000. "
        "Ends with status 1 when nobody was there. "
        "Example: balws kick --to-user mallory --code 4001 --reason 'not like that'"
    )
    optParameters: ClassVar[Any] = [
        ["code", None, None, "The code of the close frame: 1000-1003, 1007-1011 or 3000-4999. [default: 1008]"],
        ["reason", None, None, f"Words for the peer, up to {MAX_REASON} bytes. [default: closed by the operator]"],
    ]
    optFlags: ClassVar[Any] = [
        ["yes", "y", "Do not ask."],
    ]

    ids: tuple[str, ...] = ()

    def parseArgs(self, *ids: str) -> None:
        """
        Take the ids.
        """
        self.ids = ids
        self.needsTarget = not ids

    def postOptions(self) -> None:
        """
        @raise UsageError: for nobody, for a code that cannot be sent, for a reason that is too long, and for
            either where nobody would get it.
        """
        super().postOptions()
        if self.ids and self.target is not None:
            raise UsageError("either ids or one --to-..., not both")
        self.closure: dict[str, Any] = {}
        for name, words in (("code", _codeOf(self["code"])), ("reason", self["reason"])):
            if words is None:
                continue
            if self["to-name"] is not None or self["to-group"] is not None:
                raise UsageError(f"--{name} does not go with --to-name and --to-group: those are closed with 1000")
            self.closure[name] = words
        if len(self.closure.get("reason", "").encode(errors="surrogatepass")) > MAX_REASON:
            raise UsageError(f"--reason has at most {MAX_REASON} bytes of UTF-8")

    async def main(self, reactor: Any) -> int | None:
        """
        Ask where that is wanted, close, and say how many.
        """
        admin = self.reach(reactor)
        given = self.target
        targets = [Target(connection=each) for each in self.ids] if given is None else [given]
        if not self["yes"] and sys.stdin.isatty() and not await self._isMeant(admin, targets):
            print("balws: nothing was closed", file=sys.stderr)
            return 1
        count = 0
        for target in targets:
            closed = await self._closed(admin, target)
            if not closed:
                sayNobody(target)
            count += closed
        return self.told("closed", count)

    async def _closed(self, admin: Admin, target: Target) -> int:
        try:
            return await admin.post("/api/kick", Order(target=target, **self.closure))
        except Denied as error:
            # Of many ids some are gone by the time that it is their turn.
            if error.status == 404 and self.ids:
                return 0
            raise

    async def _isMeant(self, admin: Admin, targets: list[Target]) -> bool:
        """
        @return: whether it is for one at the most, or the operator says yes.
        """
        target = targets[0]
        if len(targets) > 1:
            whom = plural(len(targets), "connection")
        elif target.connection is not None or target.name is not None:
            return True
        else:
            query = {"user": target.user, "group": target.group, "path": target.path, "limit": 0}
            count = (await admin.get("/api/connections", ConnectionPage, query)).total
            if count <= 1 and target.group is None:
                return True
            elsewhere = ", and its members on other nodes" if target.group is not None else ""
            whom = f"{plural(count, 'connection')} of {described(target)}{elsewhere}"
        return _agreed(f"Close {whom}? [y/N] ")


def _codeOf(given: str | None) -> int | None:
    if given is None:
        return None
    code = int(given) if given.isascii() and given.isdigit() and len(given) == 4 else 0
    if not isSendable(code):
        raise UsageError("--code is one of 1000-1003, 1007-1011 and 3000-4999")
    return code


def _agreed(question: str) -> bool:
    """
    @return: whether the operator says yes; Ctrl-C says no.
    """
    # The reactor's own would only be heard after the answer.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print(question, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return False
    finally:
        signal.signal(signal.SIGINT, before)
