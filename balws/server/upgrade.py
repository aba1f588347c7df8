# -*- test-case-name: tests.server.test_upgrade -*-
"""
An upgrade service in a resource tree.  Whatever says no says it before the take-over, as
ordinary HTTP (DESIGN section 3).
"""

from __future__ import annotations

from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws.auth import audit
from balws.server.attempt import STOPPING, Attempt
from balws.server.gate import Upgrade, check
from balws.server.mount import Mount
from balws.server.provenance import addressOf
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
        # Not our own site's: here another tree may lie around this resource.
        request.clientAddress = self.mount.provenance.address(request)  # type: ignore[attr-defined]
        asked = self._asked(request)
        if isinstance(asked, Refusal):
            answer(request, asked)
        else:
            upgrade, values = asked
            Attempt(self.mount, request, upgrade).begin(values)
        return NOT_DONE_YET

    def _asked(self, request: Request) -> tuple[Upgrade, dict[str, Any]] | Refusal:
        # The order of these is ruling 2.
        mount = self.mount
        path = mount.arguments.matches(request.postpath or ())
        if path is None:
            return Refusal(404, "No resource found for this path\n")
        upgrade = check(request, mount.config)
        if isinstance(upgrade, Refusal):
            if upgrade.status == 403:  # the page sees nothing of it: somebody must be able to find out
                origin = request.requestHeaders.getRawHeaders(b"Origin", [b""])[0].decode("latin-1")
                audit.refused("forbidden", f"pages of {origin} may not connect", "", addressOf(request), mount.path)
            return upgrade
        values = mount.arguments.bind(request, path)
        if isinstance(values, Refusal):
            return values
        return Refusal(503, STOPPING) if mount.stopping else (upgrade, values)
