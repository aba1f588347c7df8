"""
Services and a resource that are at work when the process is told to end.
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws import Service, UpgradeService


class Working(Service):
    """
    Works for as many seconds as a text says, then answers; a text without a number is its
    own answer.  Takes a moment to end, and writes down that it has.
    """

    def __init__(self, file: str) -> None:
        self.file = file

    async def onTextMessage(self, text: str) -> str:
        if text.startswith("~"):
            await deferLater(reactor, float(text[1:]), lambda: None)
            return f"worked for {text[1:]} s"
        return text

    async def onClose(self, statusCode: int) -> None:
        if self.file:
            await deferLater(reactor, 0.5, lambda: None)
            Path(self.file).write_text(f"closed {statusCode}", "ascii")


class WorkingUpgrade(UpgradeService):
    def get(self, file: str = "") -> Working:
        return Working(file)


class Work(Resource):
    """
    Works for as many seconds as C{seconds} says.
    """

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        def done() -> None:
            request.write(b"done")
            request.finish()

        reactor.callLater(float(request.args[b"seconds"][0]), done)
        return NOT_DONE_YET
