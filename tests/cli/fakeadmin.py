"""
An admin endpoint that says what a test wants said, and a case for commands that ask it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.protocols.policies import WrappingFactory
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from balws.admin.facts import ConnectionFacts, ConnectionPage, HubFacts, PathFacts, Summary
from balws.cli.admin import TOKEN
from balws.cli.options import ReactingOptions
from balws.cli.reaching import ADDRESS

#: The token that L{Fake} wants when it wants one.
GOOD = "0123456789-a-good-token"


def facts(identity: str = "c1", **fields: Any) -> ConnectionFacts:
    """
    @return: a connection.
    """
    usual: dict[str, Any] = {
        "path": "/chat",
        "service": "Chat",
        "user": None,
        "address": "192.0.2.1",
        "age": 10.0,
        "queue": 0,
        "pending": 0,
        "received": 0,
        "sent": 0,
        "receivedBytes": 0,
        "sentBytes": 0,
        "subProtocol": None,
        "secure": False,
        "names": [],
        "groups": [],
    }
    return ConnectionFacts(id=identity, **{**usual, **fields})


def pathFacts(path: str = "/chat", **fields: Any) -> PathFacts:
    """
    @return: a service.
    """
    usual: dict[str, Any] = {
        "service": "ChatUpgrade",
        "connections": 2,
        "opened": 5,
        "closed": {"1000": 2, "1006": 1},
        "slow": 0,
        "received": 100,
        "sent": 200,
        "receivedBytes": 1000,
        "sentBytes": 2000,
        "queue": 0,
    }
    return PathFacts(path=path, **{**usual, **fields})


def summary(*paths: PathFacts, **fields: Any) -> Summary:
    """
    @return: a service of one process.
    """
    usual: dict[str, Any] = {
        "version": "1.2",
        "pids": [7],
        "uptime": 7380.0,
        "state": "ready",
        "connections": sum(each.connections for each in paths),
        "paths": list(paths),
        "hub": HubFacts(names=1, groups=2, undelivered=0, lost=0, degraded=False, problem=""),
    }
    return Summary(**{**usual, **fields})


def page(*connections: ConnectionFacts, total: int | None = None) -> ConnectionPage:
    """
    @return: these connections.
    """
    return ConnectionPage(total=len(connections) if total is None else total, connections=list(connections))


class Fake(Resource):
    """
    @ivar answers: by path: what is encoded as JSON; bytes as they are; a pair of a status and one of these;
        what can be called gives one of these; L{None} is no answer ever.
    @ivar asked: method, path, the query, and the body of each request.
    @ivar token: what has to be shown; L{None} is nothing.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.token: str | None = None

    def render(self, request: Request) -> Any:
        """
        Answer.
        """
        path = request.path.decode()
        body = request.content.read()
        query = {name.decode(): values[0].decode() for name, values in request.args.items()}
        self.asked.append((request.method.decode(), path, query, msgspec.json.decode(body) if body else None))
        if self.token is not None and request.getHeader("Authorization") != f"Bearer {self.token}":
            request.setResponseCode(401)
            return b'{"error":"who asks?"}'
        answer = self.answers.get(path, (404, {"error": "there is no such thing"}))
        if callable(answer):
            answer = answer()
        if answer is None:
            return NOT_DONE_YET
        if isinstance(answer, tuple):
            status, answer = answer
            request.setResponseCode(status)
        return answer if isinstance(answer, bytes) else msgspec.json.encode(answer)


class Kept(WrappingFactory):
    """
    Knows who is connected.
    """

    async def gone(self) -> None:
        """
        Drop whoever is left, and wait until nobody is.
        """
        for each in list(self.protocols):
            each.transport.abortConnection()
        while self.protocols:
            await deferLater(reactor, 0.001)  # type: ignore[arg-type]


class AskingCase(TestCase):
    """
    Commands against a L{Fake} on a TCP port, with nothing of the outer environment.

    @ivar fake: what answers.
    @ivar port: where.
    """

    timeout = 30

    def setUp(self) -> None:
        """
        Serve.
        """
        for name in (ADDRESS, TOKEN):
            if name in os.environ:
                self.addCleanup(os.environ.__setitem__, name, os.environ.pop(name))
        self.out, self.err = StringIO(), StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        self.given(b"")
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.folder)
        self.fake = Fake()
        self.port = self.serve(Site(self.fake)).getHost().port

    def serve(self, factory: Any, path: str = "") -> Any:
        """
        @param path: of a socket in the file system; empty: on a port of TCP.
        @return: the port, until the end of the test.
        """
        kept = Kept(factory)
        everything: Any = reactor
        port = everything.listenUNIX(path, kept) if path else everything.listenTCP(0, kept, interface="127.0.0.1")
        self.addCleanup(lambda: Deferred.fromCoroutine(kept.gone()))
        self.addCleanup(port.stopListening)
        return port

    def environment(self, **variables: str) -> None:
        """
        Have these for the rest of the test.
        """
        for name, value in variables.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)

    def given(self, data: bytes, isTerminal: bool = False) -> None:
        """
        Put this on the standard input.
        """
        stdin = TextIOWrapper(BytesIO(data))
        stdin.isatty = lambda: isTerminal  # type: ignore[method-assign]
        self.patch(sys, "stdin", stdin)

    def printed(self) -> str:
        """
        @return: what the standard output has, which is empty then.
        """
        shown = self.out.getvalue()
        self.out.truncate(0)
        self.out.seek(0)
        return shown

    def said(self) -> str:
        """
        @return: what the standard error has, which is empty then.
        """
        shown = self.err.getvalue()
        self.err.truncate(0)
        self.err.seek(0)
        return shown

    def parsed(self, command: Callable[[], ReactingOptions], *arguments: str) -> ReactingOptions:
        """
        @return: the command, which has read its line.
        """
        options = command()
        options.parseOptions(list(arguments))
        return options

    def run_(self, command: Callable[[], ReactingOptions], *arguments: str, admin: bool = True) -> Deferred[int]:
        """
        @param admin: name the L{fake}.
        @return: fires with the status.
        """
        where = [f"--admin=tcp:{self.port}"] if admin else []
        return Deferred.fromCoroutine(self.parsed(command, *where, *arguments).main(reactor))
