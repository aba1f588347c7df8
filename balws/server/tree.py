# -*- test-case-name: tests.server.test_tree -*-
"""
Which resource answers a path: the one whose path is the longest front of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from balws.errors import ListenerError


def segments(path: str) -> tuple[bytes, ...]:
    """
    @param path: such as C{"/chat/rooms"}; C{"/"} is the root.
    @raise ListenerError: when it does not begin with a slash, or ends with one.
    """
    if not path.startswith("/") or (path != "/" and path.endswith("/")) or "//" in path:
        raise ListenerError(f'a path begins with "/" and does not end with one, unlike {path!r}')
    return tuple(path.encode().split(b"/")[1:]) if path != "/" else ()


class Paths:
    """
    What is attached where.
    """

    def __init__(self) -> None:
        self._attached: dict[tuple[bytes, ...], IResource] = {}
        self._longest = 0

    def attach(self, path: str, resource: IResource) -> None:
        """
        @raise ListenerError: when something is attached there.
        """
        key = segments(path)
        if key in self._attached:
            raise ListenerError(f"something is attached at {path!r} already")
        self._attached[key] = resource
        self._longest = max(self._longest, len(key))

    def detach(self, path: str) -> None:
        """
        Nothing answers there from now on.
        """
        del self._attached[segments(path)]

    def find(self, path: Sequence[bytes]) -> tuple[IResource, int] | None:
        """
        @return: what stands at the longest front of a path, and how many segments that has.
        """
        # A peer's path may have thousands of segments.
        for length in range(min(len(path), self._longest), -1, -1):
            resource = self._attached.get(tuple(path[:length]))
            if resource is not None:
                return resource, length
        return None


class Tree(Resource):
    """
    Services and resources side by side.

    @ivar otherwise: what answers where nothing is attached: the root of an existing
        site, or L{None}.
    @ivar active: whether what is attached answers; otherwise it is as if it were not.
    @ivar paths: what is attached; another one takes its place in one step.
    """

    def __init__(self, otherwise: IResource | None = None) -> None:
        super().__init__()
        self.otherwise = otherwise
        self.active = False
        self.paths = Paths()

    def find(self, path: Sequence[bytes]) -> tuple[IResource, int] | None:
        """
        As L{Paths.find}.
        """
        return self.paths.find(path) if self.active else None

    def getChildWithDefault(self, name: bytes, request: Request) -> Any:
        """
        The whole look-up is made here, at the first segment.
        """
        path = [name, *(request.postpath or ())]
        # Twisted's look-up goes on from what it finds here: what is behind, what is ahead.
        behind = (request.prepath or [])[:-1]
        found = self.find(path)
        if found is not None:
            resource, length = found
            ahead = path[length:]
            if not resource.isLeaf and not all(map(_isName, ahead)):
                return notFound()
            request.prepath = behind + path[:length]
            request.postpath = [] if ahead == [b""] and _isPage(resource) else ahead
            return resource
        if self.otherwise is None:
            return notFound(message="No service found to handle the service request")
        request.prepath, request.postpath = behind, path
        return self.otherwise


def _isName(segment: bytes) -> bool:
    """
    @return: whether a child may be called so.  Folders of files fail on a NUL, and log
        what is not UTF-8 as an error.
    """
    try:
        return "\0" not in segment.decode()
    except UnicodeDecodeError:
        return False


def _isPage(resource: IResource) -> bool:
    """
    @return: whether a resource would not know a child C{""}: then a path that ends
        with a slash means itself.
    """
    return (
        isinstance(resource, Resource)
        and type(resource).getChild is Resource.getChild
        and type(resource).getChildWithDefault is Resource.getChildWithDefault
        and b"" not in resource.children
    )
