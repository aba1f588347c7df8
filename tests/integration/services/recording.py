"""
What was called, told over HTTP: each test has a tag, which its upgrades carry.
"""

from __future__ import annotations

import gc
import json
from collections import Counter, defaultdict
from typing import Any

from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import Request

from balws import PayloadValidationError, Service

calls: dict[str, list[Any]] = defaultdict(list)
living: Counter[str] = Counter()

_log = Logger()


class Recorded(Service):
    """
    Records how its connection ends: C{TWICE} where it is told so more than once.
    """

    def __init__(self, tag: str = "") -> None:
        self.tag = tag
        self.over = False

    def note(self, *what: Any) -> None:
        calls[self.tag].append(list(what))

    def began(self) -> None:
        living[self.tag] += 1

    def ended(self, *what: Any) -> None:
        living[self.tag] -= 1
        self.note(*(["TWICE"] if self.over else []), *what)
        self.over = True

    def onOpen(self) -> None:
        self.began()

    def onClose(self, statusCode: int, reason: str) -> None:
        self.ended("onClose", statusCode, reason)

    def onError(self, error: Exception) -> None:
        if isinstance(error, PayloadValidationError):
            self.note("onError", "PayloadValidationError")  # the one after which it goes on
        else:
            self.ended("onError", type(error).__name__)


class Records(Resource):
    """
    What was recorded under a tag since the last look, and how many connections are open.
    The log gets a line with C{mark}; C{count} asks how many objects of balws there are.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        arguments = {name.decode(): values[0].decode() for name, values in request.args.items()}
        tag = arguments.get("tag", "")
        gc.collect()
        if "mark" in arguments:
            _log.info("mark {mark}.", mark=arguments["mark"])
        found = {"calls": calls.pop(tag, []), "living": living[tag]}
        if "count" in arguments:
            found["count"] = sum(type(each).__module__.startswith("balws.") for each in gc.get_objects())
        return json.dumps(found).encode()
