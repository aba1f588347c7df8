# -*- test-case-name: tests.wire.test_receiving -*-
"""
From bytes to messages.

Nearly every frame is a whole message, and nearly every read ends with one: a loop takes
those straight from what was read to the session.  A frame that is cut, compressed, or a part
of a message has a short way of its own.  Everything else, and whatever is wrong, goes
through Autobahn's state machine, whose callbacks end in the same session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from autobahn.websocket.protocol import WebSocketProtocol
from twisted.internet.interfaces import IDelayedCall

from balws.wire.fragments import NOT_UTF8, Fragments
from balws.wire.frames import BINARY, CONTINUATION, FIN, PING, PONG, RSV1, TEXT, head
from balws.wire.partial import Partial
from balws.wire.prompt import READ, READ_LARGE, readBy
from balws.wire.settings import WireSettings
from balws.wire.speed import WAY, frames, mask

OPEN: int = WebSocketProtocol.STATE_OPEN
CLOSING: int = WebSocketProtocol.STATE_CLOSING
CLOSED: int = WebSocketProtocol.STATE_CLOSED

#: A connection takes no more frames than this before others have their turn.
FRAMES_A_TURN = 256

#: The first bytes of frames that are messages.
_PLAIN = (FIN | TEXT, FIN | BINARY)
_COMPRESSED = (FIN | RSV1 | TEXT, FIN | RSV1 | BINARY)

#: Those of frames that begin a message, and that go on with it.
_BEGUN = (TEXT, BINARY)
_CONTINUED = (CONTINUATION, FIN | CONTINUATION)


class Receiving(Fragments):
    """
    The reading half of a wire.

    @ivar isServer: whether frames must come masked; a client's must not.
    @ivar halted: nothing more is taken from C{data} for now, or ever.
    @ivar deaf: nothing more is taken ever.
    @ivar paused: whether it was halted since the keep-alive last looked.
    @ivar data: bytes read and not yet taken.
    @ivar readLimit: larger payloads, in bytes, are Autobahn's: it says why they are too large.
    @ivar isCorkable: whether the transport can gather what is written.
    @ivar _left: how many frames may be taken before others have their turn.
    """

    transport: Any
    settings: WireSettings
    isServer: bool
    readLimit: int

    state = CLOSED
    isCorkable = False
    halted = False
    deaf = False
    paused = False
    data = b""
    _receiving = False
    _full = False
    _readsMuch = False
    _left = 0
    _turn: IDelayedCall | None = None
    _partial: Partial | None = None

    # The loop

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes from the transport, in any portion.
        """
        if self.data:
            data = self.data + data
        if self.halted:
            self.data = b"" if self.deaf else data
            return
        self._receiving = True
        self._left = FRAMES_A_TURN
        taken = 0
        if self.current_frame is None and not self.inside_message and self._partial is None:
            taken = self._takeFrames(data)  # a frame begins, and no message is begun
        if taken == len(data):
            self.data = b""
        else:
            self.data = data[taken:] if taken else data
            self._takeRest()
        self._receiving = False

    def _takeFrames(self, data: bytes) -> int:
        """
        Hand over every whole, plain frame at the front of C{data}.  What is answered to
        several of them is sent together.

        C{taken} is where the next frame begins: at each step all before it was handed over,
        and nothing behind it.

        @return: how many bytes were taken: up to the first frame that is not plain or not
            whole, to a halt, or to the end of the turn; all of them where a text is not UTF-8.
        """
        session = self.session
        left = self._left
        end = len(data)
        taken = 0
        isCorked = False
        payload: Any
        try:
            for first, payload, taken in frames(data, self.readLimit, self.isServer):
                if not isCorked and taken != end and self.isCorkable:  # more may come: answer together
                    isCorked = True
                    self.transport.cork()
                if first == 0x81:  # FIN | TEXT; numbers here, for names are looked up at each frame
                    if payload is None:
                        self._invalid_payload(NOT_UTF8)
                        return end
                    session.textReceived(payload)
                elif first == 0x82:  # FIN | BINARY
                    session.binaryReceived(payload)
                else:
                    self._takeControl(first, payload)
                left -= 1
                if self.halted or not left:
                    break
        finally:
            self._left = left
            if isCorked:
                self.transport.uncork()
        return taken

    def _takeRest(self) -> None:
        """
        Go on with what the loop left.
        """
        # An empty frame is complete with its header: there is a step left with no data.
        while not self.halted:
            if self._left <= 0:
                self._endTurn()
                break
            if self._partial is not None:
                if not self._takePart(self._partial):
                    break
            elif self.data and self.current_frame is None:
                taken = 0 if self.inside_message else self._takeFrames(self.data)
                if taken:
                    self.data = self.data[taken:]
                elif not self._takeOne() and not self._step():
                    break
            elif not self._step():
                break
        if self.deaf:
            self.data = b""

    def _step(self) -> bool:
        """
        Let Autobahn go on.

        @return: whether there is more to do.
        """
        more = self.processData()
        if self.current_frame is None:  # of most frames the head is one step, and the payload another
            self._left -= 1
        return more

    def _takeOne(self) -> bool:
        """
        Take a frame that is not the loop's, but as sound: a message that is cut, or compressed;
        a part of a message.

        @return: whether there is one; else nothing was taken.
        """
        data = self.data
        found = head(data, self.isServer) if WAY != "autobahn" else None
        if found is None:
            return False
        first, start, length = found
        if length > self.readLimit:
            return False
        key = data[start - 4 : start] if self.isServer else b""
        stop = start + length
        if first in _PLAIN and not self.inside_message:
            self._partial = Partial(first & 0x0F, length, key)
            self.data = data[start:]
            self._readBy(length)
            return True
        if self.inside_message:
            isPart = first in _CONTINUED and not self._isMessageCompressed
        else:
            isPart = first in _BEGUN
        take = self.fragmentReceived
        if not isPart:
            if self.inside_message or first not in _COMPRESSED or self._perMessageCompress is None:
                return False
            take = self._takeCompressed
        if stop > len(data):
            return False
        self._left -= 1
        self.data = data[stop:]
        payload = data[start:stop]
        take(first, mask(payload, key) if key else payload)
        return True

    def _takePart(self, partial: Partial) -> bool:
        """
        Take what has come of a frame.

        @return: whether there is more to do.
        """
        part, self.data = self.data[: partial.missing], self.data[partial.missing :]
        try:
            partial.take(part)
        except UnicodeDecodeError:
            self._invalid_payload(NOT_UTF8)
            return False
        if partial.missing:
            return False
        self._partial = None
        self._readBy(0)
        self._left -= 1
        self._handOver(partial.message())
        return True

    def _readBy(self, length: int) -> None:
        """
        A large frame is read in larger portions.

        @param length: of the frame's payload; 0 where the next frame begins.
        """
        if length > READ:
            readBy(self.transport, READ_LARGE)
            self._readsMuch = True
        elif self._readsMuch:
            readBy(self.transport, READ)
            self._readsMuch = False

    def _takeCompressed(self, first: int, payload: bytes) -> None:
        """
        Take a message that was compressed into one frame.

        @param payload: unmasked.
        """
        try:
            content = self._perMessageCompress.inflated(payload, self.maxMessageSize)
            message = content.decode() if first & 0x0F == TEXT else content
        except PayloadExceededError:
            self._inflatesTooMuch()
        except PayloadCorruptError as problem:
            self._invalid_payload(str(problem))
        except UnicodeDecodeError:
            self._invalid_payload(NOT_UTF8)
        else:
            self._spend(content)
            self._handOver(message)

    def _handOver(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.session.textReceived(message)
        else:
            self.session.binaryReceived(message)

    def _takeControl(self, first: int, payload: bytes) -> None:
        """
        Take a ping, a pong or a close frame.
        """
        if first == FIN | PING:
            self._onPing(payload)
        elif first == FIN | PONG:
            self._onPong(payload)
        elif len(payload) == 1:
            self._protocol_violation("a close frame of one byte")
        else:
            code = payload[0] << 8 | payload[1] if payload else None
            self.onCloseFrame(code, payload[2:] or None)

    # Pauses

    def pauseReading(self) -> None:
        """
        Take no more for now: the session's queue is full.
        """
        self._full = self.paused = True
        if not self.halted:
            self.halted = True
            self.transport.pauseProducing()

    def resumeReading(self) -> None:
        """
        Go on where L{pauseReading} stopped, with what was already read first.
        """
        if self._full:
            self._full = False
            if self._turn is None:
                self._goOn()

    def takeLater(self, data: bytes) -> None:
        """
        Take what came with the handshake in a turn of its own: whoever waits for the
        connection shall have it before the first message comes.
        """
        if not self.deaf:
            self.data = data
            self._endTurn()

    def _endTurn(self) -> None:
        """
        Let others have their turn: one read may hold ten thousand frames.
        """
        self.halted = True
        self.transport.pauseProducing()
        self._turn = self.settings.clock.callLater(0, self._nextTurn)

    def _nextTurn(self) -> None:
        self._turn = None
        if not self._full:
            try:
                self._goOn()
            except BaseException:  # the reactor ends what fails while it reads; here it would only log it
                self.abort()
                raise

    def _forgetTurn(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _goOn(self) -> None:
        if self.halted and not self.deaf:
            self.halted = False
            # The header of an empty frame may have been the last that was taken.
            if (self.data or self.current_frame is not None) and not self._receiving:
                self._receiving = True
                self._left = FRAMES_A_TURN
                self._takeRest()
                self._receiving = False
            if not self.halted:
                self.transport.resumeProducing()

    if TYPE_CHECKING:  # what Autobahn and the rest of the wire provide

        def processData(self) -> bool: ...
        def _onPing(self, payload: bytes) -> None: ...
        def _onPong(self, payload: bytes) -> None: ...
        def abort(self) -> None: ...
        def onCloseFrame(self, code: int | None, reasonRaw: bytes | None) -> bool: ...
