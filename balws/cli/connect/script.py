# -*- test-case-name: tests.cli.test_connect_script -*-
"""
A conversation that is known before: send this, print what comes, end then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from balws.cli.connect.outcome import DONE, FAILED, Outcome, outcomeOf, tooLate
from balws.cli.connect.printed import Printed
from balws.client.client import Client
from balws.errors import ConnectionClosureError, Error

__all__ = ["Plan", "Script", "given"]

#: Seconds that the server has for its close frame.
PATIENCE = 5


@attrs.frozen
class Plan:
    """
    When to end: without any of these when as many messages came as were sent.

    @ivar expect: after so many messages; L{None} does not count them.
    @ivar untilClose: when the server closes.
    @ivar wait: so many seconds after the last one was sent; L{None} does not wait.
    @ivar isBinary: whether binary messages are sent.
    @ivar timeout: seconds for all of it, connecting included; 0 sets no limit.
    """

    expect: int | None = None
    untilClose: bool = False
    wait: float | None = None
    isBinary: bool = False
    timeout: float = 0


async def given(texts: Sequence[str]) -> AsyncIterator[bytes]:
    """
    @return: messages that stand on the command line.
    """
    for each in texts:
        yield each.encode("utf-8", "surrogateescape")


class Script:
    """
    Holds it once.
    """

    def __init__(self, plan: Plan, source: AsyncIterator[bytes], printed: Printed, reactor: Any) -> None:
        """
        Its time begins now.
        """
        self._plan = plan
        self._source = source
        self._printed = printed
        self._reactor = reactor
        self._begun = reactor.seconds()
        self._sent = self._received = 0
        self._isSent = self._isWaited = False
        self._outcome: Outcome | None = None
        self._reading: Deferred[Any] | None = None
        self._timers: list[Any] = []

    async def hold(self, client: Client) -> Outcome:
        """
        @return: how it ended.
        """
        self._client = client
        if self._plan.timeout:
            left = self._begun + self._plan.timeout - self._reactor.seconds()
            self._timers.append(self._reactor.callLater(max(left, 0), self._tooLate))
        sending = Deferred.fromCoroutine(self._send())
        sending.addCallbacks(self._sentAll, self._failed)
        try:
            await self._receive()
        finally:
            sending.cancel()
            for each in self._timers:
                if each.active():
                    each.cancel()
        if client.isOpen() or client.isReconnecting():
            try:
                await client.close(timeout=0 if self._outcome else PATIENCE)
            except ConnectionClosureError:
                pass  # it closed at the same time, or does not answer
        return self._outcome or Outcome(DONE, ())

    async def _receive(self) -> None:
        while self._outcome is None and not self._isEnough():
            self._reading = self._client.readMessage()
            try:
                message = await self._reading
                self._received += 1
                self._printed.put(message)
            except CancelledError:
                pass  # there is something else to look at
            except BrokenPipeError:
                self._printed.abandon()
                self._outcome = Outcome(DONE, ())
            except Error as problem:
                self._outcome = self._closed(problem)
            finally:
                self._reading = None

    def _isEnough(self) -> bool:
        plan = self._plan
        if plan.untilClose:
            return False
        if plan.wait is not None:
            return self._isWaited
        wanted = self._sent if plan.expect is None else plan.expect
        return self._isSent and self._received >= wanted

    def _closed(self, problem: Error) -> Outcome:
        found, plan = outcomeOf(problem), self._plan
        if found.status != DONE or plan.untilClose or (plan.wait is not None and self._isSent):
            return found
        if not self._isSent:
            return Outcome(FAILED, (*found.lines, "not everything was sent"))
        wanted = self._sent if plan.expect is None else plan.expect
        return Outcome(FAILED, (*found.lines, f"{self._received} of {wanted} messages came"))

    def _look(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    def _tooLate(self) -> None:
        self._outcome = tooLate(self._plan.timeout)
        self._look()

    # Sending

    async def _send(self) -> None:
        async for data in self._source:
            await self._write(data)
            self._sent += 1

    def _write(self, data: bytes) -> Deferred[None]:
        if self._plan.isBinary:
            return self._client.writeBinaryMessage(data)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise Error(f"message {self._sent + 1} is not UTF-8; --binary sends any bytes") from None
        return self._client.writeTextMessage(text)

    def _sentAll(self, _: None) -> None:
        self._isSent = True
        if self._plan.wait is not None:
            self._timers.append(self._reactor.callLater(self._plan.wait, self._waited))
        self._look()

    def _waited(self) -> None:
        self._isWaited = True
        self._look()

    def _failed(self, failure: Failure) -> None:
        failure.trap(CancelledError, Error)
        problem = failure.value
        # That the connection is closed is what a read says better.
        if isinstance(problem, Error) and not isinstance(problem, ConnectionClosureError):
            self._outcome = outcomeOf(problem)
            self._look()
