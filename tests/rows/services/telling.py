"""
Tells all: an observer of the log that formats whatever an event holds, tracebacks with the
variables of every frame, and what a debugger shows of the objects of balws.
"""

from __future__ import annotations

import gc
import json
import os
from typing import Any

from twisted.internet import defer
from twisted.logger import LogEvent, eventAsText, globalLogPublisher
from twisted.python.failure import Failure
from twisted.python.reflect import safe_repr
from twisted.web.resource import Resource
from twisted.web.server import Request

told: list[str] = []


def listen(variables: bool = True) -> None:
    """
    From now on, every event is told.

    @param variables: every Deferred and every failure keeps what a debugger would want.
    """
    if variables:
        defer.setDebugging(True)
        Failure.__init__.__defaults__ = (None, None, None, True)
    globalLogPublisher.addObserver(_tell)


def _tell(event: LogEvent) -> None:
    told.append(eventAsText(event, includeTraceback=True))
    told.extend(f"{name}: {value!r} {value!s}" for name, value in event.items())
    failure = event.get("log_failure")
    if failure is not None:
        told.extend(_shown(failure.value))
        told.extend(_frames(failure))


def _frames(failure: Failure) -> list[str]:
    """
    @return: the variables of the frames that are ours.
    """
    return [
        f"{function}: {name} = {safe_repr(value)}"
        for function, file, _, variables, _ in failure.frames
        if f"{os.sep}balws{os.sep}" in file
        for name, value in variables
    ]


def _shown(thing: Any) -> list[str]:
    """
    @return: what it shows of itself; of records and errors each field, too.
    """
    found = [repr(thing), str(thing)]
    isError = isinstance(thing, BaseException) and not isinstance(thing, Failure)
    if isError or type(thing).__module__.startswith("balws.config."):
        if hasattr(thing, "__dict__"):
            found.append(repr(vars(thing)))
        own = getattr(type(thing), "__attrs_attrs__", ())
        found += [repr(getattr(thing, each.name, None)) for each in own if each.repr is True]
    return found


def search(words: list[str], packages: tuple[str, ...] = ("balws.",)) -> dict[str, Any]:
    """
    @param packages: whose objects are looked at, beside all errors.
    @return: which of these words are told, and around what, and how much was looked at.
    """
    texts = list(told)
    for each in gc.get_objects():
        if isinstance(each, type):
            continue
        if str(type(each).__module__).startswith(packages) or isinstance(each, BaseException):
            texts += _shown(each)
    hits = []
    for text in texts:
        for word in words:
            place = text.find(word)
            if place >= 0:
                hits.append((word, text[max(0, place - 300) : place + 100]))
    return {"hits": hits[:20], "looked": len(texts), "logged": len(told)}


class Telling(Resource):
    """
    See L{search}, for the words in C{word}, in hexadecimal so that this request is no hit.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        listen()

    def render(self, request: Request) -> bytes:
        return json.dumps(search([bytes.fromhex(word.decode()).decode() for word in request.args[b"word"]])).encode()
