"""
An echo, and a look at what an upgrade carried.
"""

from __future__ import annotations

from recording import Recorded, calls
from twisted.web.server import Request

from balws import Caller, UpgradeService


class Echo(Recorded):
    def onTextMessage(self, text: str) -> str:
        return text

    def onBinaryMessage(self, data: bytes) -> bytes:
        return data


class EchoUpgrade(UpgradeService):
    """
    Records the fields C{X-Injected} that it sees.
    """

    def get(self, request: Request, tag: str = "") -> Echo:
        for value in request.requestHeaders.getRawHeaders(b"X-Injected", []):
            calls[tag].append(["injected", value.decode("latin-1")])
        return Echo(tag)


class Seen(Echo):
    """
    Says first what C{get} saw.
    """

    keepRequest = True

    def __init__(self, tag: str, fields: list[str]) -> None:
        super().__init__(tag)
        self.fields = fields

    def onOpen(self, caller: Caller) -> dict[str, object]:
        self.began()
        kept = caller.getHttpRequest()
        return {"fields": self.fields, "kept": None if kept is None else [kept.method, kept.path, dict(kept.arguments)]}


class SeenUpgrade(UpgradeService):
    def get(self, request: Request, tag: str = "") -> Seen:
        fields = request.requestHeaders.getAllRawHeaders()
        return Seen(tag, [f"{name}: {value}" for name, values in _decoded(fields) for value in values])


def _decoded(fields):  # type: ignore[no-untyped-def]
    for name, values in fields:
        yield name.decode("latin-1").lower(), [value.decode("latin-1") for value in values]
