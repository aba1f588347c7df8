"""
HTTP resources that take their time, or answer with more than fits.
"""

from __future__ import annotations

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request


class Later(Resource):
    """
    Answers after C{?seconds}, with C{size} bytes, or with its query.
    """

    isLeaf = True

    def render(self, request: Request) -> int:
        seconds = float(request.args.get(b"seconds", [b"0"])[0])
        size = int(request.args.get(b"size", [b"0"])[0])
        body = b"a" * size or request.uri
        call = reactor.callLater(seconds, self._answer, request, body)
        request.notifyFinish().addErrback(lambda _: call.active() and call.cancel())
        return NOT_DONE_YET

    def _answer(self, request: Request, body: bytes) -> None:
        request.setHeader(b"Content-Length", str(len(body)).encode())
        request.write(body)
        request.finish()
