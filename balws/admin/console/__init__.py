# -*- test-case-name: tests.admin.test_console -*-
"""
The page of the live console.

Everything that it needs comes from this folder; its security policy lets a browser load
nothing from anywhere else, and connect to nobody but the admin endpoint itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

__all__ = ["consoleResource"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # No string ever becomes markup or code: what peers call themselves is text.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

_HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

_TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

#: The page itself; it stands at the resource's own path.
_PAGE = "page.html"


class _Asset(Resource):
    """
    One file of the page, read when the resource is made.
    """

    isLeaf = True

    def __init__(self, contentType: str, content: bytes) -> None:
        super().__init__()
        self._contentType = contentType
        self._content = content

    def render_GET(self, request: Request) -> bytes:
        """
        @return: the file, under the policy of the page.
        """
        request.setHeader("content-type", self._contentType)
        for name, value in _HEADERS.items():
            request.setHeader(name, value)
        return self._content


def consoleResource() -> IResource:
    """
    @return: the page with its style, scripts and icon, to be attached at a path that ends with a
        slash; it finds the WebSocket service as C{live} beside it.
    """
    root = Resource()
    for file in files(__package__).iterdir():
        contentType = _TYPES.get(file.name.rpartition(".")[2])
        if contentType is not None:
            name = "" if file.name == _PAGE else file.name
            root.putChild(name.encode(), _Asset(contentType, file.read_bytes()))
    resource: IResource = root
    return resource
