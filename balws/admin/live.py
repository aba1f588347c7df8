# -*- test-case-name: tests.admin.test_live -*-
"""
The conversation with the live console: once a second it is told how the service does, and it
may send messages and close connections.

The page says C{{"event": "watch", ...}} (L{Watch}), C{"send"} (L{SendOrder}) and C{"kick"}
(L{KickOrder}); it hears C{"snapshot"} (L{Snapshot}), C{"done"} (L{Done}) and C{"error"}
(L{Problem}).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Struct
from msgspec.json import Encoder
from msgspec.structs import replace
from twisted.internet.defer import CancelledError, Deferred, DeferredLock, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from balws.admin.facts import ConnectionFacts, ConnectionPage, GroupPage, Summary
from balws.admin.operations import IOperations, Kick, Query, Send
from balws.admin.recent import Recent
from balws.closing import CustomCloseFrame
from balws.errors import AuthzError, ConnectionClosureError, Error, PayloadBindingError
from balws.interfaces import Header, Service, UpgradeService
from balws.server.declare import serviceConfig
from balws.server.host import isSame
from balws.session.caller import Caller

__all__ = ["Done", "KickOrder", "LiveService", "LiveUpgrade", "Problem", "SendOrder", "Snapshot", "Watch"]

#: Seconds from one snapshot to the next.
INTERVAL = 1.0

#: Whatever the page says, it is told nothing new sooner than after so many seconds.
SOONEST = 0.25

#: What took long is asked for less often: after so many times as long, but after so many seconds.
REST = 4
LONGEST_REST = 5.0

#: Seconds that the service may take to answer one question.
PATIENCE = 10.0

#: The most connections or groups in one snapshot: nobody reads more, and each is sent every second.
MOST = 500

#: The longest text to search for, in characters.
LONGEST_SEARCH = 200

#: Bytes that the page may say at a time: 60,000 characters, each written as C{\\u001b} in JSON.
LONGEST_MESSAGE = 400_000

#: So many consoles may be open at a time; a further one is closed with this code.
MAX_CONSOLES = 20
TOO_MANY = 4429

_log = Logger(namespace="balws.admin")
_encode = Encoder().encode


class Watch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="event", tag="watch"):
    """
    What the page wants to see from now on; the first one begins the snapshots.

    @ivar connections: which of them, at most 500.
    @ivar groups: which of them, at most 500.
    @ivar detail: the id of the one connection that is shown by itself.
    """

    connections: Query = Query()
    groups: Query = Query()
    detail: str | None = None


class SendOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="event", tag="send"):
    """
    @ivar order: what goes to whom.
    """

    order: Send


class KickOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="event", tag="kick"):
    """
    @ivar order: whose connections are closed.
    """

    order: Kick


class Snapshot(Struct, frozen=True, kw_only=True, tag_field="event", tag="snapshot"):
    """
    How the service does.

    @ivar at: when, in seconds of the reactor's clock: rates are differences of two snapshots.
    @ivar summary: of the whole.
    @ivar connections: those that are watched.
    @ivar groups: those that are watched.
    @ivar detail: the one connection; L{None} where none is asked for, or it has ended.
    """

    at: float
    summary: Summary
    connections: ConnectionPage
    groups: GroupPage
    detail: ConnectionFacts | None


class Done(Struct, frozen=True, kw_only=True, tag_field="event", tag="done"):
    """
    @ivar re: the event that was done.
    @ivar count: how many connections it reached.
    """

    re: str
    count: int


class Problem(Struct, frozen=True, kw_only=True, tag_field="event", tag="error"):
    """
    @ivar re: the event that was not done; empty for a message that is none.
    @ivar words: why not.
    """

    re: str
    words: str


class LiveService(Service):
    """
    One console.

    It is told nothing new while it has not taken what it was told before, and the operations are
    asked one question at a time.
    """

    def __init__(
        self, operations: IOperations, recent: Recent, reactor: IReactorTime, consoles: set[LiveService]
    ) -> None:
        """
        @param operations: of the service that is watched.
        @param recent: what consoles ask them.
        @param reactor: tells the time.
        @param consoles: those that are open.
        """
        self._operations = operations
        self._recent = recent
        self._reactor = reactor
        self._consoles = consoles
        self._took = 0.0
        self._began = -SOONEST
        self._turn = DeferredLock()
        self._watch = Watch()
        self._isWatching = False
        self._isFresh = False
        self._later: IDelayedCall | None = None
        self._telling: Deferred[None] | None = None

    def onOpen(self) -> CustomCloseFrame | None:
        """
        @return: what closes the connection where there are too many.
        """
        if len(self._consoles) >= MAX_CONSOLES:
            return CustomCloseFrame(TOO_MANY, f"{MAX_CONSOLES} consoles are open already")
        self._consoles.add(self)
        return None

    # What the page says

    def onWatch(self, caller: Caller, data: Watch) -> None:
        """
        Show this from now on, and at once.
        """
        detail = None if data.detail is None else data.detail[:LONGEST_SEARCH]
        self._watch = Watch(connections=_bounded(data.connections), groups=_bounded(data.groups), detail=detail)
        self._isWatching = self._isFresh = True
        if self._telling is None:
            self._tellIn(caller, self._began + SOONEST - self._reactor.seconds())

    async def onSend(self, caller: Caller, data: SendOrder) -> None:
        """
        Send a message to peers of the service.
        """
        await self._do(caller, "send", self._operations.send, data.order)

    async def onKick(self, caller: Caller, data: KickOrder) -> None:
        """
        Close connections of the service.
        """
        await self._do(caller, "kick", self._operations.kick, data.order)

    def onWatchError(self, caller: Caller, error: PayloadBindingError) -> Deferred[None]:
        """
        It was no L{Watch}.
        """
        return _misunderstood(caller, "watch", error)

    def onSendError(self, caller: Caller, error: PayloadBindingError) -> Deferred[None]:
        """
        It was no L{SendOrder}.
        """
        return _misunderstood(caller, "send", error)

    def onKickError(self, caller: Caller, error: PayloadBindingError) -> Deferred[None]:
        """
        It was no L{KickOrder}.
        """
        return _misunderstood(caller, "kick", error)

    def onTextMessage(self, caller: Caller, text: str) -> Deferred[None]:
        """
        Anything else.
        """
        return _write(caller, Problem(re="", words="there is no such event"))

    def onClose(self) -> None:
        """
        The page is gone: nobody wants to know any more.
        """
        self._consoles.discard(self)
        self._isWatching = False
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._telling is not None:
            self._telling.cancel()

    def onError(self, error: Exception) -> None:
        """
        As L{onClose}, by a fault of the page or ours.
        """
        self.onClose()

    # What it hears

    def _tellIn(self, caller: Caller, seconds: float) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if seconds > 0.0:
            self._later = self._reactor.callLater(seconds, self._tell, caller)
        else:
            self._tell(caller)

    def _tell(self, caller: Caller) -> None:
        self._later = None
        self._began = self._reactor.seconds()
        self._telling = telling = Deferred.fromCoroutine(self._snapshot(caller))
        telling.addErrback(lambda failure: _log.failure("A snapshot for the live console failed", failure))
        telling.addCallback(lambda _: self._told(caller))

    def _told(self, caller: Caller) -> None:
        self._telling = None
        if not self._isWatching:
            return
        elapsed = self._reactor.seconds() - self._began
        # What the page asked for meanwhile does not wait for the next second.
        wait = SOONEST - elapsed if self._isFresh else max(min(REST * self._took, LONGEST_REST), INTERVAL - elapsed)
        self._later = self._reactor.callLater(max(0.0, wait), self._tell, caller)

    async def _snapshot(self, caller: Caller) -> None:
        """
        Ask everything, and wait until the page has taken it.
        """
        watch, self._isFresh = self._watch, False
        recent, began = self._recent, self._reactor.seconds()
        try:
            summary = await self._ask(recent.summary)
            connections = await self._ask(recent.connections, watch.connections)
            groups = await self._ask(recent.groups, watch.groups)
            detail = None if watch.detail is None else await self._find(watch.detail)
            at = self._reactor.seconds()
            self._took = at - began
            answer: Struct = Snapshot(at=at, summary=summary, connections=connections, groups=groups, detail=detail)
        except CancelledError:
            return
        except Exception as error:
            answer = _problem("watch", error)
        try:
            await _write(caller, answer)
        except (CancelledError, ConnectionClosureError):
            pass  # the page is gone

    async def _find(self, connection: str) -> ConnectionFacts | None:
        page = await self._ask(self._recent.connections, Query(search=connection, limit=MOST))
        return next((each for each in page.connections if each.id == connection), None)

    async def _do(self, caller: Caller, event: str, method: Callable[..., Any], order: Send | Kick) -> None:
        answer: Struct
        try:
            answer = Done(re=event, count=await self._ask(method, order))
        except Exception as error:
            answer = _problem(event, error)
        try:
            await _write(caller, answer)
        except ConnectionClosureError:
            pass  # the page is gone; what it wanted is done

    def _ask(self, question: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        def ask() -> Any:
            return question(*arguments).addTimeout(PATIENCE, self._reactor)

        return self._turn.run(ask)


def _bounded(query: Query) -> Query:
    return replace(query, search=query.search[:LONGEST_SEARCH], limit=min(max(query.limit, 0), MOST))


def _write(caller: Caller, event: Struct) -> Deferred[None]:
    return caller.writeTextMessage(_encode(event).decode())


def _misunderstood(caller: Caller, event: str, error: PayloadBindingError) -> Deferred[None]:
    return _write(caller, Problem(re=event, words=str(error)))


def _problem(event: str, error: Exception) -> Problem:
    """
    @return: what the operator may read of it.
    """
    if isinstance(error, Error):
        return Problem(re=event, words=str(error))
    if isinstance(error, TimeoutError):
        return Problem(re=event, words=f"the service did not answer within {PATIENCE:g} seconds")
    _log.failure("{event} of the live console failed", event=event)
    return Problem(re=event, words="it failed: the log of the service says why")


@serviceConfig(
    dispatcherKey="event", maxMessageSize=LONGEST_MESSAGE, maxFrameSize=LONGEST_MESSAGE, maxMessagesPerSecond=20
)
class LiveUpgrade(UpgradeService):
    """
    Lets pages of the admin endpoint in, and what is no page; who it is, the endpoint has found out.
    """

    def __init__(self, operations: IOperations, reactor: IReactorTime) -> None:
        """
        @param operations: of the service that is watched.
        @param reactor: tells the time.
        """
        self._operations = operations
        self._recent = Recent(operations, reactor)
        self._reactor = reactor
        self._consoles: set[LiveService] = set()

    def get(
        self, origin: Annotated[str | None, Header("Origin")] = None, host: Annotated[str, Header("Host")] = ""
    ) -> LiveService:
        """
        @return: the conversation with one console.
        @raise AuthzError: for a page of another place: where no token is asked for, any page that
            the operator's browser has open could connect.
        """
        if origin is not None and not isSame(origin.encode("latin-1", "replace"), host.encode("latin-1", "replace")):
            raise AuthzError("pages of other places may not watch")
        return LiveService(self._operations, self._recent, self._reactor, self._consoles)
