# -*- test-case-name: tests.client.test_client -*-
"""
The client whose messages are read (seed 4, section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter
from types import TracebackType
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IStreamClientEndpoint

from balws.binding.choose import chooseBinder
from balws.client.inbox import Inbox
from balws.client.link import Link
from balws.client.outgoing import Outgoing
from balws.client.reading import Reading
from balws.config.client import ClientConfiguration
from balws.errors import ConnectionClosureError, PayloadBindingError
from balws.interfaces import IDataBinder
from balws.session.methods import ControlTable

#: Codes after which C{async for} ends without an error.
_ENDS = frozenset((1000, 1001))


class Client(Outgoing):
    """
    A connection to a WebSocket service, whose messages are read one after the other::

        client = yield Client.connect("ws://localhost:9090/chat", subProtocols=["xml"])
        yield client.writeTextMessage("hi")
        text = yield client.readTextMessage()
        yield client.close()

    In coroutines C{async with} closes it and C{async for} reads until the server closes.

    Messages that nobody reads wait, C{maxPendingMessages} of them or 1 MiB; then no more
    are taken from the connection.  Up to there pings and close frames are answered
    whether or not somebody reads.
    """

    def __init__(
        self,
        url: str,
        config: ClientConfiguration | Mapping[str, Any] | None,
        endpoint: IStreamClientEndpoint | None,
        reactor: Any,
        fields: Mapping[str, Any],
    ) -> None:
        """
        Use L{connect}.
        """
        super().__init__(url, config, endpoint, reactor, fields)
        configuration = self.configuration
        self._controls = configuration.pingPongHandler
        self._table = ControlTable(type(self._controls), None, configuration.validation)
        self._inbox = Inbox(
            self._reactor, configuration.maxPendingMessages, configuration.readTimeout, self._roomMade
        )
        self._binders: dict[Any, IDataBinder] = {}

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        config: ClientConfiguration | Mapping[str, Any] | None = None,
        endpoint: IStreamClientEndpoint | None = None,
        reactor: Any = None,
        **fields: Any,
    ) -> Deferred[Client]:
        """
        Connect to a service.

        @param url: C{ws://} or C{wss://}, host, port (80 or 443 where there is none), path, query.
        @param config: a record, in place of or under the single fields.
        @param endpoint: what to connect by, such as a Unix socket; L{None} is TCP to the
            URL's host, and TLS for C{wss}.
        @param reactor: what to connect and to tell time with; L{None} is Twisted's.
        @param fields: fields of L{balws.config.ClientConfiguration}.
        @return: fires with the client.  Fails with L{balws.Error} for a URL that cannot
            be, L{balws.ConfigurationError} for a field that cannot be,
            L{balws.ConnectionError} when nobody is there, L{balws.SslError},
            L{balws.HandshakeTimedOut}, L{balws.InvalidHandshakeError} when the server
            does not accept.  Cancelled, nothing is left.
        """
        try:
            client = cls(url, config, endpoint, reactor, fields)
        except Exception:
            return fail()
        return client._link.open().addCallback(lambda _: client)

    def _converse(self, link: Link) -> Reading:
        return Reading(link, self._inbox, self._controls, self._table)

    def _ended(self, problem: Exception | None) -> None:
        self._inbox.end(problem)

    def _roomMade(self) -> None:
        conversation = self._link.conversation
        if conversation is not None and not self._inbox.full:
            conversation.wire.resumeReading()

    # Reading

    def readTextMessage(self) -> Deferred[str]:
        """
        Read the next message, which is to be text.

        @return: fires with it.  Fails with L{balws.PayloadBindingError} when it is
            binary (decision 10), with L{balws.ReadTimedOutError} after C{readTimeout}; in
            both cases the connection stays as it is.  Fails with
            L{balws.ConnectionClosureError}, at once, when no more messages come, or with
            what ended the connection.  Cancelled, the message goes to the next read.
        """
        return self._inbox.read(_text)

    def readBinaryMessage(self) -> Deferred[bytes]:
        """
        Read the next message, which is to be binary; as L{readTextMessage}.
        """
        return self._inbox.read(_binary)

    def readMessage(self, targetType: Any = Parameter.empty) -> Deferred[Any]:
        """
        Read the next message as a value.

        @param targetType: what a service could declare for C{data} in C{onMessage};
            without it a str for a text message, bytes for a binary one.
        @return: as L{readTextMessage}; fails with L{balws.PayloadBindingError} or
            L{balws.PayloadValidationError} when the message is not of this type, with
            L{TypeError} when no message could be.
        """
        if targetType is Parameter.empty:
            return self._inbox.read(_any)
        try:
            binder = self._binderFor(targetType)
        except TypeError:
            return fail()
        return self._inbox.read(
            lambda message: binder.fromText(message) if isinstance(message, str) else binder.fromBinary(message)
        )

    def _binderFor(self, targetType: Any) -> IDataBinder:
        try:
            binder = self._binders.get(targetType)
        except TypeError:  # what is annotated with something that has no hash
            return chooseBinder(targetType, self.configuration.validation)
        if binder is None:
            binder = self._binders[targetType] = chooseBinder(targetType, self.configuration.validation)
        return binder

    # In coroutines

    def __aiter__(self) -> Client:
        return self

    async def __anext__(self) -> str | bytes:
        """
        @return: the next message.
        @raise StopAsyncIteration: when the connection was closed with 1000 or 1001, or here.
        """
        try:
            message: str | bytes = await self.readMessage()
        except ConnectionClosureError as problem:
            if problem.statusCode in _ENDS or self._link.isLeft:
                raise StopAsyncIteration from None
            raise
        return message

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        Close, where the server has not.
        """
        if self._link.isOver:
            return
        try:
            await self.close(1000 if kind is None else 1011)
        except ConnectionClosureError:
            pass  # it closed at the same time, or does not answer


def _any(message: str | bytes) -> str | bytes:
    return message


def _text(message: str | bytes) -> str:
    if not isinstance(message, str):
        raise PayloadBindingError("a text message was expected and a binary one came")
    return message


def _binary(message: str | bytes) -> bytes:
    if not isinstance(message, bytes):
        raise PayloadBindingError("a binary message was expected and a text one came")
    return message
