# -*- test-case-name: tests.wire.test_protocol -*-
"""
One end of a WebSocket connection: Autobahn's protocol, taken over after a handshake
that was made and checked elsewhere, with our own reading, writing and closing.
"""

from __future__ import annotations

from os import urandom
from typing import Any

from autobahn.websocket.protocol import TrafficStats
from twisted.internet.interfaces import IDelayedCall, ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from balws.closing import ABNORMAL, NO_STATUS, isReceivable
from balws.interfaces import ISession
from balws.wire.compression import Deflate
from balws.wire.frames import CLOSE, PING
from balws.wire.prompt import prompt
from balws.wire.receiving import CLOSED, CLOSING, OPEN, Receiving
from balws.wire.sending import Sending
from balws.wire.settings import LINGER, MIN_COMPRESSED, WireSettings
from balws.wire.transport import close, shutdownWriting


class Wire(Receiving, Sending):
    """
    What both ends have in common.  L{balws.wire.server.ServerWire} and
    L{balws.wire.client.ClientWire} join it with Autobahn's protocol of their role.

    What Autobahn keeps on each instance and this wire does not need has a harmless
    value on the class.
    """

    _log = Logger(namespace="balws.wire")

    factory: Any
    settings: WireSettings
    trafficStats = TrafficStats()
    trackedTimings = None
    autoPingPending = None
    autoPingTimeoutCall = None
    websocket_version = 13

    closeCode: int | None = None
    closeReason = ""
    _pingToken: bytes | None = None
    _deadline: IDelayedCall | None = None

    def __init__(self) -> None:
        # Autobahn's constructors make Deferreds, event tables and transport details
        # for each connection that nothing here looks at: a third of its memory.
        pass

    def connectionMade(self) -> None:
        """
        The transport is ours; what the peer said in the handshake was validated.
        """
        self.transport.registerProducer(self, True)
        if prompt(self.transport):
            self.isCorkable = True

    def open(self, session: ISession, response: bytes = b"", compressor: Deflate | None = None) -> None:
        """
        Begin the conversation.

        @param session: who takes the messages.
        @param response: a server's complete answer 101.
        @param compressor: permessage-deflate where it was agreed, else L{None}.
        """
        self.session = session
        if compressor is not None:
            self._perMessageCompress = compressor
            self.plainLimit = min(self.plainLimit, MIN_COMPRESSED - 1)
        self.state = OPEN
        if response:
            self.transport.write(response)
        self.factory.watch.opened()
        settings = self.settings
        if settings.pingInterval:
            settings.wheel.add(settings.pingInterval, self._keepAlive)
        session.opened(self)

    @property
    def isSecure(self) -> bool:
        """
        Whether TLS protects the transport.
        """
        return ISSLTransport.providedBy(self.transport)

    # Control frames

    def _onPing(self, payload: bytes) -> None:
        if self.session.wantsPing:
            self.session.pingReceived(payload)
        else:
            self.answerPing(payload)

    def _onPong(self, payload: bytes) -> None:
        if payload == self._pingToken:
            self._pingToken = None
        elif self.session.wantsPong:
            self.session.pongReceived(payload)

    def _keepAlive(self) -> None:
        settings = self.settings
        if self.state != OPEN:
            return
        if self.halted:
            # We do not read, so a pong could not reach us: its time does not run.
            settings.wheel.add(settings.pingInterval, self._keepAlive)
            return
        if self._perMessageCompress is not None:
            # Most of the memory of a connection that compresses only makes its next message smaller.
            self._perMessageCompress.rest()
        self._pingToken = urandom(4)
        self.paused = False
        self._writeControl(PING, self._pingToken)
        if settings.pingTimeout:
            settings.wheel.add(settings.pingTimeout, self._pongDue)
        else:
            settings.wheel.add(settings.pingInterval, self._keepAlive)

    def _pongDue(self) -> None:
        settings = self.settings
        if self.state != OPEN:
            return
        if self._pingToken is None:
            settings.wheel.add(max(settings.pingInterval - settings.pingTimeout, 0.0), self._keepAlive)
        elif self.halted or self.paused:
            # What the peer had sent before its pong filled our queue, and may have filled
            # every buffer on the way: its time begins anew.
            self.paused = False
            settings.wheel.add(settings.pingTimeout, self._pongDue)
        else:
            self._log.info("No pong within {seconds} s: the peer is gone", seconds=settings.pingTimeout)
            self.abort()

    # Closing

    def sendClose(self, code: int | None, reason: bytes = b"") -> None:
        """
        Begin the closing handshake.  What is read from now on is dropped.

        @param code: checked by the caller; L{None} sends an empty close frame.
        @param reason: UTF-8 of at most 123 bytes.
        """
        if self.state != OPEN:
            return
        self.closeCode = NO_STATUS if code is None else code
        self.closeReason = reason.decode()
        self.state = CLOSING
        self.session.closing(byPeer=False)  # first, as in fail()
        self._writeClose(code, reason)
        # Whatever the session's queue waits for, the peer's close frame must be seen.
        self.resumeReading()

    def _writeClose(self, code: int | None, reason: bytes) -> None:
        self.state = CLOSING
        self._writeControl(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)

    def fail(self, code: int, reason: str, error: Exception) -> None:
        """
        The peer did what ends a connection, or our own service did: say so in a close
        frame, read no more, and drop TCP when the peer does or soon after.

        @param reason: a fixed text of ours, at most 123 bytes.
        @param error: what happened; for the session.
        """
        if self.deaf:
            return
        said = self.state == OPEN
        self.failedByMe = True
        if said:
            self.closeCode, self.closeReason = code, reason
            self.state = CLOSING
        self._hangUp()
        # The session first: on a network in memory the peer's answer, and the end, may come
        # within the write.
        session = self.session
        if said:
            session.closing(byPeer=False)
        session.failed(error)
        if said:
            self._writeClose(code, reason.encode())
        shutdownWriting(self.transport)

    def onCloseFrame(self, code: int | None, reasonRaw: bytes | None) -> bool:
        """
        The peer closes, or answers our close.

        @return: C{True}: there is nothing more to read.
        """
        if code is not None and not isReceivable(code):
            return self._protocol_violation(f"close code {code}")
        try:
            reason = (reasonRaw or b"").decode()
        except UnicodeDecodeError:
            return self._invalid_payload("a close reason is not UTF-8")
        received = NO_STATUS if code is None else code
        answering = self.state == CLOSING
        if not answering:
            self.closeCode, self.closeReason = received, reason
            # The same code and no words: they are the peer's, not ours (table A4.8).
            self._writeClose(code, b"")
            self.session.closing(byPeer=True)
        else:
            self.session.closeAnswered(received)
        if answering or self.isServer:
            self.drop()
        else:
            self._awaitEnd()
        return True

    def drop(self) -> None:
        """
        Close TCP as soon as what was written is flushed; wait for nobody.
        """
        if not self.deaf:
            self._hangUp()
            close(self.transport)

    def _awaitEnd(self) -> None:
        """
        Let the server close TCP, as RFC 6455 section 7.1.1 asks: the side that closes
        first keeps the port occupied for a while, and the server has but one.
        """
        if not self.deaf:
            self._hangUp()
            self.transport.unregisterProducer()
            self.transport.resumeProducing()

    def _hangUp(self) -> None:
        """
        Read no more, and give what is unsent a bounded time.
        """
        self.halted = self.deaf = True
        self._deadline = self.settings.clock.callLater(LINGER, self._lingeredTooLong)

    def _lingeredTooLong(self) -> None:
        self._deadline = None
        self.abort()

    def abort(self) -> None:
        """
        Drop the connection now, whatever is unsent.
        """
        self.state = CLOSED
        self.halted = self.deaf = True
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        TCP is gone, by whoever's doing.
        """
        self.state = CLOSED
        self.halted = self.deaf = True
        self.data = b""
        self._forgetTurn()
        # Somebody may still hold on to this wire; what it had half read must go.
        for name in ("message_data", "_partial", "_perMessageCompress", "_validator"):
            self.__dict__.pop(name, None)
        self.transport.unregisterProducer()  # TLS keeps it for ever, and so itself
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        session = self.__dict__.pop("session", None)
        if session is not None:
            code = ABNORMAL if self.closeCode is None else self.closeCode
            session.ended(code, self.closeReason)
            self._sessionEnded(session)
            self.factory.watch.closed(code)
        # Who sends again what was not sent learns first whether there is a way.
        self._failWaiting()
        # Who waits for the last connection to end sees that its service knows of it.
        self.factory.roster.discard(self)

    def _sessionEnded(self, session: Any) -> None:
        """
        The conversation is over; the roster does not know yet.
        """
