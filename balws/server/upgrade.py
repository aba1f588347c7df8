# -*- test-case-name: tests.server.test_upgrade -*-
"""
An upgrade service in a resource tree.  Whatever says no says it before the take-over, as
ordinary HTTP (DESIGN section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws.auth import audit
from balws.server.asked import Asked, Rendered
from balws.server.attempt import STOPPING, Attempt
from balws.server.gate import Upgrade, check
from balws.server.mount import Mount
from balws.server.refusal import Refusal, answer


class UpgradeResource(Resource):
    """
    An upgrade service in a resource tree.
    """

    isLeaf = True

    def __init__(self, mount: Mount) -> None:
        super().__init__()
        self.mount = mount

    def render(self, request: Request) -> Any:
        """
        Take the connection over, or answer why not.
        """
        asked = Rendered(request)
        found = self.examine(asked, request.postpath or ())
        # Not our own site's: here another tree may lie around this resource.
        request.clientAddress = asked.address  # type: ignore[attr-defined]
        if isinstance(found, Refusal):
            if found.status == 403:  # the page sees nothing of it: somebody must be able to find out
                origin = asked.fields[b"origin"][0].decode("latin-1")
                audit.refused("forbidden", f"pages of {origin} may not connect", "", asked.address, self.mount.path)
            answer(request, found)
        else:
            upgrade, values = found
            Attempt(self.mount, asked, upgrade).begin(values)
        return NOT_DONE_YET

    def examine(self, asked: Asked, rest: Sequence[bytes]) -> tuple[Upgrade, dict[str, Any]] | Refusal:
        """
        Look at a request; nothing is said or counted.

        @param asked: is told the client's address.
        @param rest: its path below this resource, unquoted.
        @return: the upgrade and keyword arguments for C{get}, or the answer that says no.
        """
        # The order of these is ruling 2.
        mount = self.mount
        asked.address = mount.provenance.address(asked)
        path = mount.arguments.matches(rest)
        if path is None:
            return Refusal(404, "No resource found for this path\n")
        upgrade = check(asked, mount.config)
        if isinstance(upgrade, Refusal):
            return upgrade
        values = mount.arguments.bind(asked, path)
        if isinstance(values, Refusal):
            return values
        return Refusal(503, STOPPING) if mount.stopping else (upgrade, values)
