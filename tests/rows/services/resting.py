"""
A service with a method that keeps everybody waiting.
"""

from __future__ import annotations

import time

from balws import Service, UpgradeService


class Resting(Service):
    """
    Sleeps for as long as it is told to, and says so.
    """

    def onTextMessage(self, text: str) -> str:
        rest(float(text))
        return "awake"


class RestingUpgrade(UpgradeService):
    """
    Its door.
    """

    def get(self) -> Resting:
        return Resting()


def rest(seconds: float) -> None:
    """
    Nobody else does anything meanwhile.
    """
    time.sleep(seconds)
