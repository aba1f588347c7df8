# -*- test-case-name: tests.session.test_answers -*-
"""
What becomes of a method's result (tables B1 to B7).
"""

from __future__ import annotations

from inspect import isasyncgen, iscoroutine, isgenerator
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.binding.jsondata import closeReason
from balws.binding.payload import encode
from balws.closing import CloseFrame
from balws.errors import Error, PayloadBindingError, PayloadValidationError
from balws.session.dispatch import Unbound
from balws.session.streams import Stream
from balws.wire.written import WRITTEN

if TYPE_CHECKING:
    from balws.session.caller import Caller
    from balws.session.methods import MethodTable
    from balws.session.terms import Terms
    from balws.wire.protocol import Wire


class Answers:
    """
    The answering half of a conversation.
    """

    _log: Logger
    caller: Caller
    service: Any
    table: MethodTable
    terms: Terms
    wire: Wire
    isOpen: bool
    logFields: Any
    _streams: set[Stream] | None

    def send(self, value: Any) -> Deferred[None]:
        """
        Do what a result asks for.

        @return: fires when the next message may be dispatched.
        @raise Exception: when the value cannot be sent: the method's fault.
        """
        if value is None or value is WRITTEN:
            return WRITTEN
        if isinstance(value, str):
            return self.sendText(value)
        if isinstance(value, bytes):
            return self.sendBinary(value)
        if isinstance(value, Unbound):
            return self._unbound(value)
        if isinstance(value, CloseFrame):
            self.closeWith(value)
        elif isgenerator(value) or isasyncgen(value):
            self._stream(value)
        elif isinstance(value, Error):
            self._log.error(
                "A method of {service} returned an error: {error}",
                service=self.table.owner,
                error=value,
                **self.logFields,
            )
        else:
            return self.sendValue(value)
        return WRITTEN

    def sendValue(self, value: Any) -> Deferred[None]:
        """
        See L{balws.Caller.writeMessage}.
        """
        payload = encode(value)
        return self.sendText(payload) if isinstance(payload, str) else self.sendBinary(payload)

    def _stream(self, source: Any) -> None:
        stream = Stream(source, self)
        if not self.isOpen:
            stream.stop()
            return
        if self._streams is None:
            self._streams = set()
        self._streams.add(stream)
        stream.start()

    def streamOver(self, stream: Stream) -> None:
        """
        A stream has given its last element.
        """
        if self._streams is not None:
            self._streams.discard(stream)

    def _endStreams(self) -> None:
        streams, self._streams = self._streams, None
        for stream in streams or ():
            stream.stop()

    def _unbound(self, unbound: Unbound) -> Deferred[None]:
        """
        A message is not what its method declares (decision 5, ruling 6).
        """
        error, method = unbound.error, unbound.method
        if method.error is not None:
            return self._report(method.error, error)
        validation = isinstance(error, PayloadValidationError)
        if validation and "onError" in self.table.fixed:
            return self._report(self.table.fixed["onError"], error)
        self._log.error(
            "{service}.{method}: {error}",
            service=self.table.owner,
            method=method.name,
            error=describe(error),
            **self.logFields,
        )
        if not validation:
            self.wire.fail(1003, closeReason(error), error)
        return WRITTEN

    def _report(self, method: Any, error: PayloadBindingError) -> Deferred[None]:
        result = method.call(self.service, {"caller": self.caller, "error": error})
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            return result if result is WRITTEN else result.addCallback(self._answerClosing)
        self._answerClosing(result)
        return WRITTEN

    if TYPE_CHECKING:  # the other half

        def sendText(self, text: str) -> Deferred[None]: ...
        def sendBinary(self, data: bytes) -> Deferred[None]: ...
        def closeWith(self, frame: CloseFrame) -> None: ...
        def hasLeft(self, failure: Failure) -> bool: ...
        def _answerClosing(self, result: Any) -> None: ...


def describe(error: PayloadBindingError) -> str:
    """
    @return: the error in one line for the log.
    """
    return str(error).encode("unicode_escape").decode("ascii")[:1024]
