"""
What C{soak.py} serves: an echo, and a page that tells how much the process holds.
"""

from __future__ import annotations

import gc
import json
from typing import Any

from twisted.web.resource import Resource

from balws import Service, UpgradeService


class Echo(Service):
    """
    Sends everything back.
    """

    def onTextMessage(self, caller, text: str):
        return text

    def onBinaryMessage(self, caller, data: bytes):
        return data


class EchoUpgrade(UpgradeService):
    """
    The door.
    """

    def get(self) -> Echo:
        return Echo()


class Figures(Resource):
    """
    Counts what is left when the garbage is gone.
    """

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        from twisted.internet import reactor

        return json.dumps(figuresOf(reactor)).encode()


def figuresOf(reactor: Any) -> dict[str, int]:
    """
    @return: what this process holds.
    """
    gc.collect()
    return {"objects": len(gc.get_objects()), "delayed calls": len(reactor.getDelayedCalls())}


figures = Figures()
