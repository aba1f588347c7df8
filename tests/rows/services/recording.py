"""
What was called, told over HTTP: each test has a tag, which its upgrades carry.
"""

from __future__ import annotations

import gc
import json
from collections import Counter, defaultdict
from time import process_time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import Request

from balws import PayloadValidationError, Service

calls: dict[str, list[Any]] = defaultdict(list)
living: Counter[str] = Counter()
_gates: dict[str, list[Deferred[None]]] = defaultdict(list)

_log = Logger()


class Turns:
    """
    How long the reactor keeps whoever is next waiting, whatever else the machine does.
    """

    def __init__(self) -> None:
        self._call = LoopingCall(self._look)

    def begin(self) -> None:
        self._longest, self._last = 0.0, process_time()
        self._call.start(0.002)

    def _look(self) -> None:
        now = process_time()
        self._longest, self._last = max(self._longest, now - self._last), now

    def end(self) -> float:
        self._call.stop()
        return self._longest


turns = Turns()


def gate(tag: str) -> Deferred[None]:
    """
    @return: what comes when the test that has this tag says so.
    """
    _gates[tag].append(Deferred())
    return _gates[tag][-1]


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
    The log gets a line with C{mark}; C{collect} collects garbage, which is when forgotten
    failures are logged; C{count} asks how many objects of balws there are, and of anything; C{open}
    opens the gates of that tag; C{turns=begin} has the turns of the reactor measured, C{turns=end} asks for the
    longest, in seconds of CPU.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        arguments = {name.decode(): values[0].decode() for name, values in request.args.items()}
        tag = arguments.get("tag", "")
        if "collect" in arguments:
            gc.collect()
        if "mark" in arguments:
            _log.info("mark {mark}.", mark=arguments["mark"])
        found = {"calls": calls.pop(tag, []), "living": living[tag]}
        if "open" in arguments:
            for each in _gates.pop(arguments["open"], []):
                each.callback(None)
        if "count" in arguments:
            found["all"] = len(gc.get_objects())
            found["count"] = sum(str(type(each).__module__).startswith("balws.") for each in gc.get_objects())
        if arguments.get("turns") == "begin":
            turns.begin()
        elif "turns" in arguments:
            found["longest"] = turns.end()
        return json.dumps(found).encode()
