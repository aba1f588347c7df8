# -*- test-case-name: tests.demo.test_site -*-
"""
The page of the demonstration, and the listener that serves it.

Everything that the page needs comes from this folder; its security policy lets a
browser load nothing from anywhere else.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import Request

from balws import Listener
from balws.demo.services import ChatUpgrade, EchoUpgrade

__all__ = ["makeDemo"]

#: The demonstration is for the person at this machine, nobody else.
HOST = "127.0.0.1"
PORT = 9090

#: Where the page shows the code of its services.
_PLACE = "{{ services.py }}"

_HEADERS = {
    b"content-security-policy": b"default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}


class _Asset(Resource):
    """
    One file of the page, read when the listener is made.
    """

    isLeaf = True

    def __init__(self, contentType: bytes, content: str) -> None:
        super().__init__()
        self._contentType = contentType
        self._content = content.encode()

    def render_GET(self, request: Request) -> bytes:
        """
        @return: the file, under the policy of the page.
        """
        request.setHeader(b"content-type", self._contentType)
        for name, value in _HEADERS.items():
            request.setHeader(name, value)
        return self._content


def _page() -> Resource:
    folder = files(__package__)

    def read(name: str) -> str:
        return folder.joinpath(name).read_text("utf-8")

    page = read("page.html").replace(_PLACE, escape(read("services.py").strip()))
    root = Resource()
    root.putChild(b"", _Asset(b"text/html; charset=utf-8", page))
    root.putChild(b"page.css", _Asset(b"text/css; charset=utf-8", read("page.css")))
    root.putChild(b"page.js", _Asset(b"text/javascript; charset=utf-8", read("page.js")))
    root.putChild(b"icon.svg", _Asset(b"image/svg+xml", read("icon.svg")))
    return root


def makeDemo(reactor: Any = None, port: int = PORT) -> Listener:
    """
    Make the listener that C{twistd balws} serves when it is given no configuration:
    the specification's sample at C{/basic/ws} (seed 4, section 6), a chat at
    C{/chat}, and a page at C{/} to try both.

    @param reactor: as L{Listener}'s.
    @param port: the port on 127.0.0.1; 0 takes a free one.
    @return: the listener, not started.
    """
    listener = Listener(port, reactor=reactor, host=HOST)
    listener.attach(EchoUpgrade(), "/basic/ws")
    listener.attach(ChatUpgrade(), "/chat")
    listener.attachResource(_page(), "/")
    return listener
