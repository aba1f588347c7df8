# -*- test-case-name: tests.client.test_outgoing -*-
"""
What both clients do: write, close, and tell about the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure

from balws.binding.payload import encode
from balws.client.link import Link
from balws.client.response import HttpResponse
from balws.config.client import ClientConfiguration
from balws.config.records import build, override
from balws.errors import Error
from balws.wire.frames import PING, PONG
from balws.wire.sending import closed
from balws.wire.written import WRITTEN, refused


class Outgoing:
    """
    Every write returns a Deferred that fires with L{None} when the message is on its
    way: at once while the server reads, after a wait when it does not keep up (decision
    23).  After closure writes fail with L{balws.ConnectionClosureError}; what takes
    longer than C{writeTimeout} with L{balws.Error}.  While a client with a
    C{retryConfig} connects again messages wait, up to C{maxSendBuffer}, and so do those
    that were waiting when the connection was lost; pings and pongs do not.

    @ivar configuration: the client's record.
    """

    def __init__(
        self,
        url: str,
        config: ClientConfiguration | Mapping[str, Any] | None,
        endpoint: IStreamClientEndpoint | None,
        reactor: Any,
        fields: Mapping[str, Any],
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor
        base = config if isinstance(config, ClientConfiguration) else build(ClientConfiguration, config or {})
        self.configuration = override(base, fields) if fields else base
        self._reactor = reactor
        self._link = Link(url, self.configuration, endpoint, reactor, self)
        self._attributes: dict[str, Any] = {}
        self._id = token_hex(16)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._link!r}>"

    def _converse(self, link: Link) -> Any:
        """
        @return: the conversation for a connection that was just made.
        """
        raise NotImplementedError

    def _ended(self, problem: Exception | None) -> None:
        """
        There will be no connection again.
        """

    # Messages

    def writeTextMessage(self, text: str) -> Deferred[None]:
        """
        Send a text message.

        @return: see the class; fails with L{TypeError} for what is no str.
        """
        return self._timed(self._link.write(False, text))

    def writeBinaryMessage(self, data: bytes) -> Deferred[None]:
        """
        Send a binary message.

        @return: see the class; fails with L{TypeError} for what is not bytes.
        """
        return self._timed(self._link.write(True, data))

    def writeMessage(self, value: Any) -> Deferred[None]:
        """
        Send any value: str and XML elements as text, bytes as binary, everything else
        as JSON text (table A5.14).

        @return: see the class; fails with L{TypeError} or L{ValueError} where there is
            no JSON for the value.
        """
        try:
            payload = encode(value)
        except Exception:
            return fail()
        return self.writeTextMessage(payload) if isinstance(payload, str) else self.writeBinaryMessage(payload)

    def ping(self, data: bytes = b"") -> Deferred[None]:
        """
        Send a ping.

        @param data: at most 125 bytes; more fails with L{balws.CorruptedFrameError},
            what is no bytes with L{TypeError}.
        """
        return self._control(PING, data)

    def pong(self, data: bytes = b"") -> Deferred[None]:
        """
        Send a pong; as L{ping}.
        """
        return self._control(PONG, data)

    def _control(self, opcode: int, data: bytes) -> Deferred[None]:
        conversation = self._link.conversation
        if conversation is None:
            return refused(closed("control frame"))
        return self._timed(conversation.sendControl(opcode, data))

    def _timed(self, written: Deferred[None]) -> Deferred[None]:
        timeout = self.configuration.writeTimeout
        if timeout > 0 and written is not WRITTEN and not written.called:
            written.addTimeout(timeout, self._reactor, onTimeoutCancel=_writeTimedOut)
        return written

    def close(
        self, statusCode: int | None = 1000, reason: str | None = None, timeout: float | None = None
    ) -> Deferred[None]:
        """
        Close the connection: send a close frame, wait for the server's, drop TCP.  Reads
        that wait fail at once, and what was not read is dropped.

        @param statusCode: 1000-1003, 1007-1011 or 3000-4999; L{None} is 1000.
        @param reason: words for the server, cut to 123 bytes of UTF-8.
        @param timeout: seconds to wait for the server's close frame; L{None} takes
            C{connectionClosureTimeout}; 0 waits for nobody and succeeds; any negative
            value waits without limit (decision 1).
        @return: fires with L{None} when the server has answered and TCP is closed; fails
            with L{balws.ConnectionClosureError} when it did not, or answered another
            code, or the connection was closed before; with L{balws.Error} or
            L{TypeError} for a code, reason or timeout that cannot be, and then nothing
            is sent.  Cancelled, TCP is dropped.
        """
        return self._link.close(statusCode, reason, timeout)

    def whenClosed(self) -> Deferred[Exception | None]:
        """
        Wait for the end: of the connection, or, where it is made again, of all attempts.

        @return: fires with L{None} when it was closed here, else with the error that ended
            it, such as a L{balws.ConnectionClosureError} with the server's code; never
            fails.
        """
        return self._link.whenOver()

    # The connection

    def getConnectionId(self) -> str:
        """
        @return: a name that no other client has; the same after a reconnection.
        """
        return self._id

    def isOpen(self) -> bool:
        """
        @return: whether there is a connection that can be written to.
        """
        return self._link.isOpen

    def isReconnecting(self) -> bool:
        """
        @return: whether the connection was lost and is being made again.
        """
        return self._link.isReconnecting

    def isSecure(self) -> bool:
        """
        @return: whether there is a connection and TLS protects it.
        """
        conversation = self._link.conversation
        return conversation is not None and conversation.isSecure

    def getNegotiatedSubProtocol(self) -> str | None:
        """
        @return: the sub-protocol agreed on in the latest upgrade, or L{None}.
        """
        response = self._link.response
        return None if response is None else response.header("sec-websocket-protocol")

    def getHttpResponse(self) -> HttpResponse | None:
        """
        @return: the server's latest answer to an upgrade request, an acceptance or a
            refusal.  Where the first connection was refused there is no client: its
            L{balws.InvalidHandshakeError} has the answer.
        """
        return self._link.response

    # The application's own notes

    def setAttribute(self, key: str, value: Any) -> None:
        """
        Keep something with this client, over all its connections.
        """
        self._attributes[key] = value

    def getAttribute(self, key: str) -> Any:
        """
        @return: what was kept under this key, or L{None}.
        """
        return self._attributes.get(key)

    def removeAttribute(self, key: str) -> Any:
        """
        @return: what was kept under this key, now forgotten, or L{None}.
        """
        return self._attributes.pop(key, None)


def _writeTimedOut(result: Any, timeout: float) -> Any:
    if isinstance(result, Failure) and result.check(CancelledError):
        raise Error("Write timed out")
    return result
