# -*- test-case-name: tests.client.test_link -*-
"""
What a client holds on to: one connection, and after its loss the next.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import iscoroutine
from itertools import count
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.auth.presenting import sourceOf
from balws.client.address import Address
from balws.client.authorized import authorized
from balws.client.connecting import attempt
from balws.client.response import HttpResponse, check
from balws.client.retry import RETRIED_CODES, Backoff, isTemporary
from balws.client.unsent import Unsent
from balws.closing import ABNORMAL
from balws.config.client import ClientConfiguration
from balws.config.loopback import isLoopback
from balws.errors import AuthError, ConfigurationError, ConnectionClosureError, Error, InvalidHandshakeError
from balws.hub.broker import Audience
from balws.hub.hub import sharedHub
from balws.session.closinghandshake import refusal
from balws.session.conversation import Conversation
from balws.session.terms import Terms
from balws.wire.factory import ClientWireFactory
from balws.wire.roster import Roster
from balws.wire.sending import closed, encoded, fixed
from balws.wire.settings import WireSettings
from balws.wire.sharedwheel import SharedWheel
from balws.wire.transport import give
from balws.wire.written import WRITTEN, quiet, refused

#: Seconds that a close without waiting has to be flushed, and TLS to say good-bye.
_HURRY = 0.2

#: Clients of one URL are strangers to each other: no broadcast of one reaches another.
_numbers = count()


def closure(code: int, reason: str) -> ConnectionClosureError:
    """
    @return: that the connection was closed with this code (table A5.21).
    """
    words = f"{reason}: Status code: {code}" if reason else f"Connection closed Status code: {code}"
    return ConnectionClosureError(words, code, reason)


class Link:
    """
    @ivar terms: what holds for all its conversations.
    @ivar conversation: the present one; L{None} while there is no connection.
    @ivar response: the server's latest answer to an upgrade request.
    @ivar isReconnecting: whether it was lost and is being made again.
    @ivar isLeft: whether the user has closed it.
    @ivar isOver: whether there will be none again.
    """

    _log = Logger(namespace="balws.client")

    def __init__(
        self,
        url: str,
        config: ClientConfiguration,
        endpoint: IStreamClientEndpoint | None,
        reactor: Any,
        client: Any,
    ) -> None:
        """
        @param client: makes the conversations (C{_converse}) and is told of the end
            (C{_ended}); the callbacks of the configuration get it.
        @raise Error: for a URL that cannot be.
        """
        self._addresses = [Address.parse(each) for each in (url, *config.targetUrls)]
        self._config = config
        self._endpoint = endpoint
        self._reactor = reactor
        self._client = client
        self._wheel = SharedWheel.of(reactor)
        self._roster = Roster()
        self._factory = ClientWireFactory(WireSettings.fromConfig(config, reactor, self._wheel), reactor, self._roster)
        if config.secureSocket is not None and not any(each.secure for each in self._addresses):
            raise ConfigurationError("is for wss URLs, and there is none", "secureSocket")
        self._source = None if config.auth is None else sourceOf(config.auth, reactor)
        if self._source is not None:
            self._warnOfPlainCredentials()
        self._unsent = Unsent(config.maxSendBuffer, self._willReturn)
        self._backoff = None if config.retryConfig is None else Backoff(config.retryConfig)
        self._connecting: Deferred[None] | None = None
        self._since = 0.0
        self.isLeft = False
        audience = Audience(0, f"{next(_numbers)} {url}")
        self.terms = Terms(config=config, hub=sharedHub(), audience=audience, clock=reactor, wheel=self._wheel)
        self.conversation: Conversation | None = None
        self.response: HttpResponse | None = None
        self.isReconnecting = False
        self.isOver = False
        self._waiting: list[Deferred[Exception | None]] = []
        self._reason: Exception | None = None

    def __repr__(self) -> str:
        # Without path and query: those may hold a token.
        state = "over" if self.isOver else "open" if self.conversation is not None else "connecting"
        return f"{state}, {self._addresses[0].authority.decode()}"

    def _warnOfPlainCredentials(self) -> None:
        """
        Say what decision 17 wants said of listeners.

        @raise ConfigurationError: when some URLs have TLS and some have not.
        """
        plain = [each for each in self._addresses if not each.secure and not isLoopback(each.host)]
        if plain and any(each.secure for each in self._addresses):
            # Whoever keeps us from the one would get them from the other.
            raise ConfigurationError("with auth all URLs are wss, or none is", "targetUrls")
        if plain and self._endpoint is None:
            self._log.warn(
                "Credentials for {host} can be read by whoever is on the way: the URL is ws, not wss.",
                host=plain[0].authority.decode(),
            )

    # Connecting

    def open(self) -> Deferred[None]:
        """
        Make the first connection.

        @return: fails as L{attempt} does, when retries do not help either.
        """
        self._wheel.join()
        return self._begin(self._connect(isFirst=True)).addErrback(self._never)

    def _never(self, failure: Failure) -> Failure:
        self._end(failure.value if isinstance(failure.value, Exception) else None)
        if self.conversation is not None:  # accepted, and then cancelled
            self.conversation.wire.abort()
        return failure

    def _begin(self, connecting: Any) -> Deferred[None]:
        deferred: Deferred[None] = Deferred.fromCoroutine(connecting)
        self._connecting = deferred

        def done(result: Any) -> Any:
            if self._connecting is deferred:
                self._connecting = None
            return result

        return deferred.addBoth(done)

    async def _connect(self, isFirst: bool) -> None:
        backoff = self._backoff
        problem: Error | None = None
        while True:
            if problem is not None or not isFirst:
                wait = None if backoff is None else backoff.next()
                if wait is None:
                    assert problem is not None
                    raise problem
                await deferLater(self._reactor, wait)
            try:
                await self._tryAddresses()
            except Error as error:
                if backoff is None or not isTemporary(error, isFirst):
                    raise
                problem = error
            else:
                return

    async def _tryAddresses(self) -> None:
        *others, last = self._addresses
        for address in others:
            try:
                return await self._try(address)
            except Error as problem:
                # Without credentials there are none for the next address either.
                if isinstance(problem, AuthError) or not isTemporary(problem, isFirst=False):
                    raise
        await self._try(last)

    async def _try(self, address: Address) -> None:
        try:
            await authorized(
                self._source,
                partial(attempt, address, self._config, self._reactor, self._endpoint, self._accept),
            )
        except InvalidHandshakeError as problem:
            self.response = problem.response
            raise

    def _accept(self, transport: Any, response: HttpResponse, key: bytes, rest: bytes) -> None:
        config = self._config
        protocol, compressor = check(response, key, config.subProtocols, config.webSocketCompressionEnabled)
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)
        conversation = self._client._converse(self)
        conversation.subProtocol = protocol
        self.response = response
        self.conversation = conversation
        self._since = self._reactor.seconds()
        wire = self._factory.buildProtocol(None)
        self._roster.add(wire)
        give(transport, wire)
        wire.open(conversation, compressor=compressor)
        if rest:
            wire.takeLater(rest)

    # Its end

    def mayReturn(self, code: int) -> bool:
        """
        @return: whether another connection will be tried after one that ended with this.
        """
        return self._config.retryConfig is not None and not self.isLeft and code in RETRIED_CODES

    def ended(self, conversation: Conversation, code: int, reason: str, error: Exception | None) -> None:
        """
        The conversation is over.

        @param error: what ended it, where something did.
        """
        self.conversation = None
        if self._backoff is not None:
            self._backoff.succeeded(self._reactor.seconds() - self._since)
        problem = closure(code, reason) if error is None else error
        # A close frame of our own service is an end, too, whatever its code.
        if error is None and not self.isOver and not conversation.dropping and self.mayReturn(code):
            self._reconnect(problem)
        else:
            self._end(None if self.isLeft and conversation.dropping else problem)

    def _reconnect(self, problem: Exception) -> None:
        self.isReconnecting = True
        self._tell(self._config.onReconnecting, problem)
        if not self.isLeft:  # it may have been closed just now
            self._begin(self._connect(isFirst=False)).addCallbacks(self._reconnected, self._lost)

    def _reconnected(self, _: None) -> None:
        if self.conversation is None:  # and lost again
            return
        self.isReconnecting = False
        if self.isLeft:
            return
        self._tell(self._config.onReconnected)
        self._unsent.flush(lambda: self.isOpen)

    def _lost(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            problem = failure.value
            self._log.warn("{client!r} gives up: {problem}", client=self._client, problem=problem)
            self._end(problem if isinstance(problem, Exception) else Error("the connection was not made again"))
            if not failure.check(Error):
                self._log.failure("Connecting again failed", failure)

    def _tell(self, callback: Callable[..., Any] | None, *what: Any) -> None:
        if callback is None:
            return
        try:
            result = callback(self._client, *what)
            if iscoroutine(result):
                result = Deferred.fromCoroutine(result)
        except Exception:
            self._log.failure("A callback of the client's configuration failed")
        else:
            if isinstance(result, Deferred) and result is not WRITTEN:
                result.addErrback(lambda failure: self._log.failure("A callback failed", failure))

    def _end(self, problem: Exception | None) -> None:
        if self.isOver:
            return
        self.isOver = True
        self.isReconnecting = False
        self._reason = problem
        self._wheel.leave()
        self._unsent.fail(closed("what waited") if problem is None else problem)
        if self._source is not None:
            self._source.close()
        self._client._ended(problem)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(problem)

    def whenOver(self) -> Deferred[Exception | None]:
        """
        See L{balws.Client.whenClosed}.
        """
        if self.isOver:
            return succeed(self._reason)
        waiter: Deferred[Exception | None] = Deferred(self._waiting.remove)
        self._waiting.append(waiter)
        return waiter

    # What a client does with it

    def write(self, isBinary: bool, payload: Any) -> Deferred[None]:
        """
        Send a message; after the loss of a connection that may return, when it has.
        """
        conversation = self.conversation
        if conversation is None or self._unsent.isFlushing:
            if conversation is None and not self.isReconnecting:
                return refused(closed(_kind(isBinary)))
            try:
                kept = fixed(payload) if isBinary else encoded(payload).decode()
            except (TypeError, ValueError):
                return fail()
            return self._unsent.put(self._unsent.number(), partial(self._send, isBinary), kept)
        sent = self._send(isBinary, payload)
        if sent is WRITTEN or self._config.retryConfig is None:
            return sent
        kept = bytes(payload) if isinstance(payload, bytearray | memoryview) else payload
        return sent.addErrback(self._sendLater, self._unsent.number(), isBinary, kept)

    def _send(self, isBinary: bool, payload: Any) -> Deferred[None]:
        conversation = self.conversation
        if conversation is None:
            return refused(closed(_kind(isBinary)))
        return conversation.sendBinary(payload) if isBinary else conversation.sendText(payload)

    def _sendLater(self, failure: Failure, number: int, isBinary: bool, payload: str | bytes) -> Any:
        failure.trap(ConnectionClosureError)
        return self._unsent.put(number, partial(self._send, isBinary), payload) if self._willReturn() else failure

    def _willReturn(self) -> bool:
        """
        @return: whether another connection will be tried, as far as is known.
        """
        conversation = self.conversation
        if conversation is None:
            return self.isReconnecting
        code = conversation.wire.closeCode
        if code is None:  # TCP was dropped, and has not said so yet
            code = ABNORMAL if conversation.wire.deaf else 0
        return not conversation.dropping and self.mayReturn(code)

    @property
    def isOpen(self) -> bool:
        """
        Whether there is a connection that can be written to.
        """
        conversation = self.conversation
        return conversation is not None and conversation.isOpen and not conversation.wire.deaf

    def close(self, statusCode: int | None, reason: str | None, timeout: float | None) -> Deferred[None]:
        """
        See L{balws.Client.close}.
        """
        conversation = self.conversation
        if conversation is None:
            if not self.isReconnecting:
                return refused(ConnectionClosureError("Connection already closed"))
            seconds = self._config.connectionClosureTimeout if timeout is None else timeout
            problem = refusal(1000 if statusCode is None else statusCode, reason or "", seconds)
            if problem is not None:
                return fail(problem)
            self.isLeft = True
            if self._connecting is not None:  # before the end fails what it waits for, which would be giving up
                self._connecting.cancel()
            self._end(None)
            return succeed(None)
        wasOpen, self.isLeft = conversation.isOpen, True
        closing = conversation.close(statusCode, reason, timeout)
        if not wasOpen:
            return closing  # with what says so; but whoever wants to leave stays away
        if conversation.isOpen:  # for an argument that cannot be
            self.isLeft = False
            return closing
        done: Deferred[None] = Deferred(lambda _: conversation.wire.abort())
        ended = self._roster.whenEmpty()
        if closing.called:  # and waits for nobody; nor for what a slow server has not taken
            hurry = self._reactor.callLater(_HURRY, conversation.wire.abort)
            ended.addCallback(lambda _: hurry.cancel() if hurry.active() else None)

        def fire(_: None, result: Any) -> None:
            if not done.called:
                done.callback(result)
                quiet(done)

        def answered(result: Any) -> None:
            ended.addCallback(fire, result)

        closing.addBoth(answered)
        return done


def _kind(isBinary: bool) -> str:
    return "binary data" if isBinary else "text data"
