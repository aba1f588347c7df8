"""
Services and a resource that are at work when the process is told to end.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws import Caller, Service, UpgradeService


class Working(Service):
    """
    Says that it begins, works for as many seconds as a text says, or until there is the file
    C{go}, then answers; any other text is its own answer.  Takes a moment to end, and writes
    down that it has.
    """

    def __init__(self, file: str) -> None:
        self.file = file

    async def onTextMessage(self, caller: Caller, text: str) -> str:
        if not text.startswith("~"):
            return text
        await caller.writeTextMessage("begun")
        if text == "~go":
            while not Path("go").exists():
                await deferLater(reactor, 0.02, lambda: None)
        else:
            await deferLater(reactor, float(text[1:]), lambda: None)
        return "worked"

    async def onClose(self, statusCode: int) -> None:
        if self.file:
            await deferLater(reactor, 0.5, lambda: None)
            Path(self.file).write_text(f"closed {statusCode}", "ascii")


class WorkingUpgrade(UpgradeService):
    def get(self, file: str = "") -> Working:
        return Working(file)


class Work(Resource):
    """
    Works for as many seconds as C{seconds} says; the file C{asked} tells that it has begun.
    """

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        def done() -> None:
            request.write(b"done")
            request.finish()

        reactor.callLater(float(request.args[b"seconds"][0]), done)
        Path("asked").touch()
        return NOT_DONE_YET
