"""
A service that tells which of several processes it runs in.
"""

from __future__ import annotations

import os

from balws import Caller, Service, UpgradeService

print("a service is imported")


class Telling(Service):
    """
    Answers each message with the number of its process.
    """

    def onTextMessage(self, caller: Caller, text: str) -> str:
        if text == "fail":
            raise ValueError("on purpose")
        if text == "print":
            print("printed by a service")
            os.write(2, b"written beside the log\n")
        return str(os.getpid())


class TellingUpgrade(UpgradeService):
    def get(self) -> Service:
        return Telling()
