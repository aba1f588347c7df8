# -*- test-case-name: tests.testing.test_recording -*-
"""
A service that writes down what happens to it.
"""

from __future__ import annotations

from typing import Any

from balws.interfaces import Service
from balws.session.caller import Caller


class RecordingService(Service):
    """
    Records each remote call, on either side of a connection, and returns what it was told
    to::

        service = RecordingService(onTextMessage=str.upper)
        client, caller = connectedPair(service)
        client.writeTextMessage("hi")
        self.assertEqual(service.calls, [("onOpen",), ("onTextMessage", "hi")])

    Methods of a subclass, such as those of custom dispatch, join in with
    C{return self.record("onHeartbeat", data)}.

    @ivar calls: for each call a tuple of the method's name and what it was given, without
        the caller; of an error it is the class.
    @ivar errors: what C{onError} was given.
    @ivar caller: the caller of the connection that was opened last; L{None} before.
    @ivar answers: by method name, what it returns: a value, or a function of what the
        method was given, which may also raise.  A ping is answered with its data, all
        else with nothing, unless this says otherwise.
    """

    def __init__(self, **answers: Any) -> None:
        """
        @param answers: see the class.
        @raise TypeError: for a name that is no method of this class.
        """
        self.calls: list[tuple[Any, ...]] = []
        self.errors: list[Exception] = []
        self.caller: Caller | None = None
        for name in answers:
            if not hasattr(self, name):
                raise TypeError(f"{type(self).__name__} has no method {name} that could answer")
        self.answers: dict[str, Any] = {"onPing": lambda data: data, **answers}

    def record(self, name: str, *given: Any) -> Any:
        """
        Write a call down.

        @return: the answer to it.
        """
        self.calls.append((name, *(type(each) if isinstance(each, Exception) else each for each in given)))
        answer = self.answers.get(name)
        return answer(*given) if callable(answer) else answer

    def onOpen(self, caller: Caller) -> Any:
        """
        The connection is open.
        """
        self.caller = caller
        return self.record("onOpen")

    def onTextMessage(self, text: str) -> Any:
        """
        A text came.
        """
        return self.record("onTextMessage", text)

    def onBinaryMessage(self, data: bytes) -> Any:
        """
        Bytes came.
        """
        return self.record("onBinaryMessage", data)

    def onPing(self, data: bytes) -> Any:
        """
        A ping came.
        """
        return self.record("onPing", data)

    def onPong(self, data: bytes) -> Any:
        """
        A pong came that answers no ping of the keep-alive.
        """
        return self.record("onPong", data)

    def onIdleTimeout(self) -> Any:
        """
        Nothing has moved for C{idleTimeout}.
        """
        return self.record("onIdleTimeout")

    def onClose(self, statusCode: int, reason: str) -> Any:
        """
        The connection has ended.
        """
        return self.record("onClose", statusCode, reason)

    def onError(self, error: Exception) -> Any:
        """
        The connection has failed.
        """
        self.errors.append(error)
        return self.record("onError", error)
