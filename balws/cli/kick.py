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
from balws.cli.tables import plural, say, sayJson
from balws.cli.targets import TargetOptions, described
from balws.closing import MAX_REASON, isSendable

__all__ = ["Kick"]

class Kick(TargetOptions):
    """
    By ids, or by one of the targets that L{balws.cli.send.Send} has, too.
    """

    synopsis = "Usage: balws kick [--code CODE] [--reason WORDS] ID...\n       balws kick --to-user NAME [--yes]"
    longdesc = (
        "Closes connections of a running service. At a terminal it asks before it closes more than one. "
        "Ends with status 1 when nobody was there. "
        "Example: balws kick --to-user mallory --code 4001 --reason 'not like that'"
    )
    optParameters: ClassVar[Any] = [
        ["code", None, 1008, "The code of the close frame: 1000-1003, 1007-1011 or 3000-4999."],
        ["reason", None, "closed by the operator", f"Words for the peer, up to {MAX_REASON} bytes."],
    ]
    optFlags: ClassVar[Any] = [
        ["yes", "y", "Do not ask."],
        ["json", None, "Print how many were closed as JSON."],
        ["quiet", "q", "Print nothing."],
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
        @raise UsageError: for nobody, for a code that cannot be sent, and for a reason that is too long.
        """
        super().postOptions()
        if self.ids and self.target is not None:
            raise UsageError("either ids or one --to-..., not both")
        try:
            self["code"] = int(self["code"])
        except ValueError:
            self["code"] = 0
        if not isSendable(self["code"]):
            raise UsageError("--code is one of 1000-1003, 1007-1011 and 3000-4999")
        if len(self["reason"].encode(errors="surrogatepass")) > MAX_REASON:
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
                print(f"balws: nobody is there: {described(target)}", file=sys.stderr)
            count += closed
        if self["json"]:
            sayJson({"count": count})
        elif not self["quiet"]:
            say(f"closed {plural(count, 'connection')}")
        return 0 if count else 1

    async def _closed(self, admin: Admin, target: Target) -> int:
        try:
            return await admin.post("/api/kick", Order(target=target, code=self["code"], reason=self["reason"]))
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
