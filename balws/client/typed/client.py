# -*- test-case-name: tests.client.typed.test_client -*-
"""
What a client made from a document leans on: a typed conversation over a L{Client}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import count
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

import attrs
import msgspec
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from balws.client.client import Client
from balws.client.typed.address import urlOf, wordOf
from balws.client.typed.incoming import Arrived, Incoming, Unknown
from balws.errors import ConnectionClosureError, Error, PayloadBindingError

__all__ = ["MAX_WAITING", "TypedClient"]

T = TypeVar("T")

#: So many messages may wait to be read while somebody waits for an answer only.
MAX_WAITING = 1024

#: Codes after which C{async for} ends without an error.
_ENDS = frozenset((1000, 1001))


@attrs.define(eq=False)
class _Reader:
    """
    @ivar kind: the type that it waits for; L{None}: any.
    """

    kind: Any
    done: Deferred[Any]


class TypedClient(Generic[T]):
    """
    Subclassed by what C{balws client} writes: one class for each channel of a document.  It is
    read with C{async for}, C{await readNext()}, or with the methods for single kinds of messages;
    messages of other kinds wait meanwhile, and none is lost.

    @cvar address: the channel's, with parameters in braces.
    @cvar receives: the types of messages that the service sends.
    @cvar streamId: the field that ties an answer to its request; L{None}: there is none.
    @cvar countsIds: whether the values of C{streamId} are numbers; else they are texts.
    @ivar client: what the messages travel by.
    """

    address: ClassVar[str] = "/"
    receives: ClassVar[tuple[Any, ...]] = ()
    streamId: ClassVar[str | None] = None
    countsIds: ClassVar[bool] = False

    def __init__(self, client: Client) -> None:
        """
        @param client: connected to the channel; C{connect} makes one.
        """
        self.client = client
        self._incoming = Incoming(self.receives, self.streamId)
        self._asked: dict[str | int | None, Deferred[str]] = {}
        self._readers: list[_Reader] = []
        self._waiting: deque[Arrived] = deque()
        self._isReading = False
        self._isPumping = False
        self._ids = count(1)

    @classmethod
    async def openAt(
        cls,
        url: str,
        path: Mapping[str, Any],
        query: Mapping[str, Any],
        headers: Mapping[str, Any],
        fields: Mapping[str, Any],
    ) -> Self:
        """
        Connect.

        @param url: of the server: C{ws://host:port}, perhaps with a path in front of the
            channel's address.
        @param path: the parameters of the address.
        @param query: those of the query; L{None} leaves one out, a list is all of its values.
        @param headers: those of the upgrade request, likewise.
        @param fields: for L{Client.connect}: C{auth}, C{secureSocket} and the rest.
        @raise Error: for a parameter that no URL can have.
        """
        given = {name: _header(value) for name, value in headers.items() if value is not None}
        target = urlOf(url, cls.address, path, query)
        if given:
            fields = {**fields, "customHeaders": {**fields.get("customHeaders", {}), **given}}
        return cls(await Client.connect(target, **fields))

    # Writing

    async def sendJson(self, message: Any, isTied: bool = False) -> None:
        """
        Send a message as JSON.

        @param isTied: whether it has the C{streamId}; where that is not set it gets a new one.
        """
        value = msgspec.to_builtins(message)
        if isTied and self.streamId is not None and isinstance(value, dict) and not value.get(self.streamId):
            value[self.streamId] = self._newId()
        await self.client.writeTextMessage(msgspec.json.encode(value).decode())

    async def askFor(self, message: Any, answers: Any) -> Any:
        """
        Send a message as JSON, with a new C{streamId}, and wait for the one that has the same.  As many
        as one likes may be under way.

        @param answers: the type of the answer.
        @return: the answer.
        @raise PayloadBindingError: when it is of another type; then it is left to be read.
        @raise balws.Error: what ended the connection, or that too much waits to be read.
        """
        key = self._newId()
        answer: Deferred[str] = Deferred()
        self._asked[key] = answer
        try:
            value = msgspec.to_builtins(message)
            value[self.streamId] = key
            await self.client.writeTextMessage(msgspec.json.encode(value).decode())
            self._pump()
            text = await answer
        finally:
            self._asked.pop(key, None)
        try:
            return self._incoming.bound(answers, text)
        except PayloadBindingError:
            self._arrived(self._incoming.sort(text))
            raise

    def _newId(self) -> str | int:
        number = next(self._ids)
        return number if self.countsIds else str(number)

    async def close(self, statusCode: int = 1000, reason: str = "") -> None:
        """
        Close the connection; see L{Client.close}.
        """
        await self.client.close(statusCode, reason)

    # Reading

    async def readNext(self) -> T | Unknown:
        """
        @return: the next message; an L{Unknown} where it is of no type that the document names.
        @raise balws.Error: as L{Client.readMessage}.
        """
        message: T | Unknown = await self._next(None)
        return message

    async def readKind(self, kind: Any) -> Any:
        """
        @param kind: one of C{receives}.
        @return: the next message of this type.
        @raise balws.Error: as L{Client.readMessage}, or that too much waits to be read.
        """
        return await self._next(kind)

    async def _next(self, kind: Any) -> Any:
        for index, arrived in enumerate(self._waiting):
            if kind is None or arrived.kind == kind:
                del self._waiting[index]
                return arrived.message
        reader = _Reader(kind, Deferred())
        self._readers.append(reader)
        try:
            self._pump()
            return await reader.done
        finally:
            if reader in self._readers:
                self._readers.remove(reader)

    def _pump(self) -> None:
        """
        Read while somebody waits.
        """
        if self._isPumping:
            return
        self._isPumping = True
        try:
            while not self._isReading and (self._asked or self._readers):
                if len(self._waiting) >= MAX_WAITING:
                    self._failed(Failure(Error(f"{MAX_WAITING} messages wait to be read")))
                    return
                self._isReading = True
                self.client.readMessage().addCallback(self._incoming.sort).addCallbacks(self._read, self._failed)
        finally:
            self._isPumping = False

    def _read(self, arrived: Arrived) -> None:
        self._isReading = False
        self._arrived(arrived)
        self._pump()

    def _arrived(self, arrived: Arrived) -> None:
        answer = self._asked.pop(arrived.key, None)
        if answer is not None:
            answer.callback(arrived.payload)
            return
        for reader in self._readers:
            if reader.kind is None or reader.kind == arrived.kind:
                self._readers.remove(reader)
                reader.done.callback(arrived.message)
                return
        self._waiting.append(arrived)

    def _failed(self, failure: Failure) -> None:
        """
        Nothing could be read: all who wait are told.
        """
        self._isReading = False
        readers, self._readers = self._readers, []
        asked, self._asked = self._asked, {}
        for waiting in (*(reader.done for reader in readers), *asked.values()):
            waiting.errback(failure)

    # In coroutines

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T | Unknown:
        """
        @return: the next message.
        @raise StopAsyncIteration: when the connection was closed with 1000 or 1001.
        """
        try:
            return await self.readNext()
        except ConnectionClosureError as problem:
            if problem.statusCode in _ENDS:
                raise StopAsyncIteration from None
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        Close, where the service has not.
        """
        await self.client.__aexit__(kind, value, traceback)


def _header(value: Any) -> str:
    return ", ".join(map(wordOf, value)) if isinstance(value, list) else wordOf(value)
