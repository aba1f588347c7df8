# -*- test-case-name: tests.admin.test_api -*-
"""
The admin endpoint's answers: health for everybody, figures and orders for who has the token.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from balws.admin.facts import Count, Reason
from balws.admin.guard import MISDIRECTED, Denied, Guard, isHere
from balws.admin.metrics import CONTENT_TYPE, NoMetrics
from balws.admin.operations import IOperations, Kick, Query, Send
from balws.admin.orders import AWAY, NOBODY
from balws.errors import Error

__all__ = ["MAX_BODY", "ApiResource", "HereResource", "MetricsResource", "StateResource"]

#: The most bytes of a request's body: a message of 1 MiB in base64, and what is around it.
MAX_BODY = 3 << 19

#: The most characters of what is said about a request that is no good: it may quote it.
MAX_WORDS = 300

_log = Logger(namespace="balws.admin")

_PLAIN = "text/plain; charset=utf-8"


class HereResource(Resource):
    """
    Lets through to other resources who calls this machine by its own name.
    """

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self._inner = inner
        self.isLeaf = inner.isLeaf

    def render(self, request: Request) -> Any:
        """
        @return: what C{inner} answers, or 421.
        """
        return (_Misdirected() if _isMisdirected(request) else self._inner).render(request)

    def getChildWithDefault(self, name: bytes, request: Request) -> Any:
        """
        @return: what C{inner} has there, or 421.
        """
        return _Misdirected() if _isMisdirected(request) else self._inner.getChildWithDefault(name, request)


def _isMisdirected(request: Request) -> bool:
    # A client of HTTP/1.0 that sends none is no browser.
    fields = request.requestHeaders.getRawHeaders(b"Host", [])
    return not all(isHere(each.decode("latin-1")) for each in fields)


@attrs.frozen
class _Answer:
    """
    @ivar body: of it.
    @ivar contentType: of the body.
    @ivar status: of HTTP.
    """

    body: bytes
    contentType: str = _PLAIN
    status: int = 200


class _Asked(Resource, ABC):
    """
    Answers when it is known what.
    """

    isLeaf = True

    def render(self, request: Request) -> int:
        """
        Begin to find out.
        """
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        work = Deferred.fromCoroutine(self._answered(request))
        # What was begun is done even if nobody waits for the answer any more.
        work.addCallback(lambda answer: None if gone else _write(request, answer))
        work.addErrback(lambda failure: _log.failure("The admin endpoint could not answer", failure))
        return NOT_DONE_YET

    async def _answered(self, request: Request) -> _Answer:
        try:
            return await self.answer(request)
        except Denied as denied:
            for name, value in denied.headers.items():
                request.setHeader(name, value)
            return self.refusal(denied.status, denied.words)
        except NoMetrics as problem:
            return self.refusal(501, str(problem))
        except NOBODY as problem:
            return self.refusal(404, str(problem))
        except AWAY as problem:
            return self.refusal(503, str(problem))
        except Error as problem:
            return self.refusal(400, str(problem))
        except Exception:
            _log.failure("The admin endpoint could not answer")
            return self.refusal(500, "it failed: the log of the service says why")

    @abstractmethod
    async def answer(self, request: Request) -> _Answer:
        """
        @return: the answer.
        @raise Denied: for another one.
        """

    def refusal(self, status: int, words: str) -> _Answer:
        """
        @return: an answer that says no.
        """
        return _Answer(msgspec.json.encode(Reason(error=words[:MAX_WORDS])) + b"\n", "application/json", status)


class _Misdirected(_Asked):
    """
    For who calls this machine by another name.
    """

    async def answer(self, request: Request) -> _Answer:
        raise Denied(421, MISDIRECTED)


class _Words(_Asked):
    """
    Plain text for GET and HEAD.
    """

    async def answer(self, request: Request) -> _Answer:
        _expect(request, b"GET", b"HEAD")
        return await self.words(request)

    @abstractmethod
    async def words(self, request: Request) -> _Answer:
        """
        @return: the text.
        """

    def refusal(self, status: int, words: str) -> _Answer:
        return _Answer(words[:MAX_WORDS].encode() + b"\n", status=status)


class StateResource(_Words):
    """
    Says 200 C{ready} or C{degraded}, 503 C{draining}, as L{balws.server.health.ReadyResource} does: also for
    several processes.  Strangers may ask.
    """

    def __init__(self, operations: IOperations) -> None:
        super().__init__()
        self._operations = operations

    async def words(self, request: Request) -> _Answer:
        state = await self._operations.state()
        return _Answer(state.encode() + b"\n", status=503 if state == "draining" else 200)


class MetricsResource(_Words):
    """
    What is counted, for Prometheus.
    """

    def __init__(self, operations: IOperations, guard: Guard) -> None:
        super().__init__()
        self._operations = operations
        self._guard = guard

    async def words(self, request: Request) -> _Answer:
        await self._guard.admit(request)
        return _Answer(await self._operations.metrics(), CONTENT_TYPE)


class ApiResource(_Asked):
    """
    Questions and orders in JSON, below C{/api}.
    """

    def __init__(self, operations: IOperations, guard: Guard) -> None:
        super().__init__()
        self._guard = guard
        self._questions: Mapping[bytes, Callable[[Request], Awaitable[Any]]] = {
            b"summary": lambda request: operations.summary(),
            b"connections": lambda request: operations.connections(_query(request, _ALL)),
            b"groups": lambda request: operations.groups(_query(request, _GROUPS)),
        }
        self._orders: Mapping[bytes, tuple[Any, Callable[[Any], Awaitable[int]]]] = {
            b"send": (msgspec.json.Decoder(Send), operations.send),
            b"kick": (msgspec.json.Decoder(Kick), operations.kick),
        }

    async def answer(self, request: Request) -> _Answer:
        """
        See L{_Asked}.
        """
        await self._guard.admit(request)
        name = b"/".join(request.postpath or ())
        if name in self._questions:
            _expect(request, b"GET", b"HEAD")
            found = await self._questions[name](request)
        elif name in self._orders:
            _expect(request, b"POST")
            decoder, act = self._orders[name]
            found = Count(count=await act(_order(request, decoder)))
        else:
            raise Denied(404, "there is no such thing")
        return _Answer(msgspec.json.encode(found) + b"\n", "application/json")


def _expect(request: Request, *methods: bytes) -> None:
    if request.method not in methods:
        allowed = b", ".join(methods).decode()
        raise Denied(405, f"expected {allowed}", {"Allow": allowed})


_ALL = frozenset(Query.__struct_fields__)
_GROUPS = frozenset(("search", "limit"))


def _query(request: Request, allowed: frozenset[str]) -> Query:
    values: dict[str, str] = {}
    for name, given in request.args.items():
        key = name.decode("utf-8", "replace")
        if key not in allowed:
            raise Denied(400, f"expected only {', '.join(sorted(allowed))} in the query")
        try:
            values[key] = b"".join(given).decode()
        except UnicodeDecodeError:
            raise Denied(400, f"{key}: expected UTF-8") from None
        if len(given) != 1:
            raise Denied(400, f"{key}: expected one value")
    try:
        return msgspec.convert(values, Query, strict=False)
    except msgspec.ValidationError as problem:
        raise Denied(400, _said(problem)) from None


def _order(request: Request, decoder: Any) -> Any:
    kind = request.getHeader("content-type") or ""
    # A form of another place's page cannot say this.
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Denied(415, "expected application/json")
    content: Any = request.content
    body = content.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Denied(413, f"expected at most {MAX_BODY} bytes")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as problem:
        raise Denied(400, _said(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Denied(400, "the body is no JSON") from None


def _said(problem: msgspec.ValidationError) -> str:
    words, at, place = str(problem).partition(" - at `$")
    return f"{place.rstrip('`').lstrip('.')}: {words}" if at else words


def _write(request: Request, answer: _Answer) -> None:
    request.setResponseCode(answer.status)
    for name, value in (
        ("content-type", answer.contentType),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-length", str(len(answer.body))),
    ):
        request.setHeader(name, value)
    if request.method != b"HEAD":
        request.write(answer.body)
    request.finish()
