"""
A process that is short of something.
"""

from __future__ import annotations

import resource
from typing import Any

from recording import Recorded
from twisted.web.resource import Resource
from twisted.web.server import Request

from balws import UpgradeService

_LIMITS = {"files": resource.RLIMIT_NOFILE, "memory": resource.RLIMIT_AS}


class Limits(Resource):
    """
    Sets what the process may have: C{files}, or C{memory} in bytes; C{-1} takes the limit away.
    """

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        for name, values in request.args.items():
            limit = _LIMITS[name.decode()]
            soft, hard = int(values[0]), resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (hard if soft < 0 else soft, hard))
        return b"set"


class Hungry(Recorded):
    """
    Answers a text with itself, and a number with so many bytes; C{raise} is a lack of memory.
    """

    def onTextMessage(self, text: str) -> Any:
        if text == "raise":
            raise MemoryError
        return bytes(int(text)) if text.isdigit() else text


class HungryUpgrade(UpgradeService):
    def get(self, tag: str = "") -> Hungry:
        return Hungry(tag)
