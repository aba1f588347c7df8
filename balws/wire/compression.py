# -*- test-case-name: tests.wire.test_compression -*-
"""
permessage-deflate (RFC 7692), agreed so that a connection's windows stay small
(decision 20).
"""

from __future__ import annotations

import re
import zlib
from typing import Any

from autobahn.exception import PayloadCorruptError, PayloadExceededError
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
)
from autobahn.websocket.protocol import WebSocketProtocol

from balws.hub.message import Message

#: 4 KiB of window and a small state: 38 KiB for a connection that sends, in place of 260.
WINDOW_BITS = 12
MEM_LEVEL = 5

#: From 1 to 9: how long zlib looks for what came before.  6, its own choice, takes up to a quarter
#: longer for JSON, and saves one to three per cent of the bytes.
LEVEL = 5

#: The largest window, which is meant where nobody says another.
_MAX_WINDOW_BITS = zlib.MAX_WBITS

_NAME = "permessage-deflate"
#: A client that offers more forms than this is not served by reading on.
_MAX_OFFERS = 16

#: What every message ends with, and nobody sends (RFC 7692 section 7.2.1).
_TAIL = b"\0\0\xff\xff"

#: A block that is the last of its stream, and empty.
_LAST = b"\x03\0"

#: A number as RFC 7692 writes it: no sign, no zero before it.
_isNumber = re.compile(r"[1-9][0-9]?").fullmatch


class Deflate:
    """
    What both ends of a connection have agreed on, and what they remember of each other's
    messages.

    Between two messages nothing is kept of the half that inflates but its window: a stream
    can be taken up again with that alone, at a quarter of the memory.

    @ivar server_max_window_bits: how far back the server's messages may refer, as the power
        of two; these four names are RFC 7692's.
    @ivar client_max_window_bits: how far the client's may.
    @ivar server_no_context_takeover: whether each message of the server stands alone.
    @ivar client_no_context_takeover: whether each of the client does.
    """

    __slots__ = (
        "_bits",
        "_compressor",
        "_decompressor",
        "_reach",
        "_takesOver",
        "_theirBits",
        "_window",
        "client_max_window_bits",
        "client_no_context_takeover",
        "server_max_window_bits",
        "server_no_context_takeover",
    )

    #: What Autobahn calls it when it tells of an error.
    EXTENSION_NAME = _NAME

    def __init__(
        self, isServer: bool, serverBits: int, clientBits: int, serverForgets: bool, clientForgets: bool
    ) -> None:
        """
        @param isServer: which end this is.
        @param serverBits: C{server_max_window_bits}, 9 to 15.
        @param clientBits: C{client_max_window_bits}, likewise.
        @param serverForgets: C{server_no_context_takeover}.
        @param clientForgets: C{client_no_context_takeover}.
        """
        self.server_max_window_bits, self.client_max_window_bits = serverBits, clientBits
        self.server_no_context_takeover, self.client_no_context_takeover = serverForgets, clientForgets
        self._bits, self._theirBits = (serverBits, clientBits) if isServer else (clientBits, serverBits)
        self._takesOver = not (serverForgets if isServer else clientForgets)
        theyForget = clientForgets if isServer else serverForgets
        self._reach = 0 if theyForget else 1 << self._theirBits
        self._window = b""
        self._compressor: Any = None
        self._decompressor: Any = None

    # Sending

    def compressed(self, payload: bytes) -> bytes:
        """
        @return: a message for this connection alone, which may refer to those before it.
        """
        compressor = self._compressor
        if compressor is None:
            compressor = _compressor(self._bits)
            if self._takesOver:
                self._compressor = compressor
        return _message(compressor, payload)

    def compressedAlone(self, message: Message) -> bytes:
        """
        @return: the payload as every receiver with a window of this size can inflate
            it, compressed for the first of them only; the payload itself where
            compression would not make it smaller.
        """
        bits = self._bits
        data = message.compressed.get(bits)
        if data is None:
            data = _message(_compressor(bits), message.payload)
            if len(data) >= len(message.payload):
                data = message.payload
            message.compressed[bits] = data
        if data is not message.payload:
            # What ours remembers is no longer what the peer's window holds.
            self._compressor = None
        return data

    def rest(self) -> None:
        """
        Nobody has said anything for a while: forget what only makes the next message
        smaller, which is most of the memory of a connection that compresses.
        """
        self._compressor = None  # to refer back is a liberty of who compresses

    # Receiving

    def inflated(self, payload: bytes, limit: int) -> bytes:
        """
        Inflate a message that came in one piece.

        @param limit: what it may hold, in bytes; 0 or more.
        @raise PayloadExceededError: when it would hold more.
        @raise PayloadCorruptError: when it cannot be inflated.
        """
        self.start_decompress_message()
        content = self.decompress_message_data(payload, limit)
        self.end_decompress_message()
        return content

    def start_decompress_message(self) -> None:
        """
        Autobahn's name for the begin of a message that comes in parts.
        """
        self._decompressor = zlib.decompressobj(-self._theirBits, self._window)

    def decompress_message_data(self, data: bytes, max_output_len: int) -> bytes:
        """
        Inflate a part of it.

        @param max_output_len: what the message may still grow by, in bytes; 0 or more.
        @raise PayloadExceededError: when it would grow by more.
        @raise PayloadCorruptError: when it cannot be inflated.
        """
        decompressor = self._decompressor
        try:
            # What zlib has no room for can stay inside of it, unseen: room for one byte more
            # shows whether there is any.
            content: bytes = decompressor.decompress(data, max_output_len + 1)
        except zlib.error as problem:
            raise PayloadCorruptError(f"invalid permessage-deflate data: {problem}") from None
        if len(content) > max_output_len:
            raise PayloadExceededError("more than the message may hold")
        # Whoever ends a stream may add an empty block (RFC 7692 section 7.2.3.4); zlib
        # would keep anything else, for ever.
        if decompressor.unused_data not in (b"", b"\0"):
            raise PayloadCorruptError("data after the last block")
        reach = self._reach
        if reach:
            self._window = content[-reach:] if len(content) >= reach else (self._window + content)[-reach:]
        return content

    def end_decompress_message(self) -> None:
        """
        It is whole.

        @raise PayloadCorruptError: when it ended in the middle of a block.
        """
        decompressor, self._decompressor = self._decompressor, None
        if decompressor.eof:
            self._window = b""  # the next message begins a stream of its own
            return
        try:
            # Between two blocks a last, empty one ends the stream; within one it does not.
            content = decompressor.decompress(_TAIL + _LAST, 1)
        except zlib.error as problem:
            raise PayloadCorruptError(str(problem)) from None
        if content or not decompressor.eof or decompressor.unused_data:
            raise PayloadCorruptError("the message ends in the middle of a block")


def _compressor(bits: int) -> Any:
    """
    @param bits: of its window.
    """
    return zlib.compressobj(LEVEL, zlib.DEFLATED, -bits, MEM_LEVEL)


def _message(compressor: Any, payload: bytes) -> bytes:
    """
    @return: the payload, compressed, without the tail that nobody sends.
    """
    data: bytes = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return data[: -len(_TAIL)]


#: What a client asks for: windows that stay small on both ends, or, of a server that
#: does not know how to, any.
OFFER = (
    f"{_NAME}; client_max_window_bits={WINDOW_BITS}; server_max_window_bits={WINDOW_BITS}, "
    f"{_NAME}; client_max_window_bits"
)


def accepted(answered: str) -> Deflate:
    """
    Take what a server made of L{OFFER}.

    @param answered: the C{Sec-WebSocket-Extensions} of the answer, its lines joined by
        commas.
    @return: the compressor.
    @raise ValueError: when it is not an answer to what was offered (RFC 6455 section
        4.1, RFC 7692 section 7.1).
    """
    parsed = WebSocketProtocol._parseExtensionsHeader(None, answered)
    if len(parsed) != 1 or parsed[0][0] != _NAME:
        raise ValueError("an extension that was not offered")
    parameters = parsed[0][1]
    if not all(map(_isPlain, parameters.values())):
        raise ValueError("a parameter that cannot be")
    if parameters.get("server_max_window_bits") == ["8"]:
        # Zlib has no such window to compress with, so Autobahn refuses it; to inflate, any
        # that is not smaller does.
        parameters["server_max_window_bits"] = ["9"]
    try:
        response = PerMessageDeflateResponse.parse(parameters)
    except Exception:  # Autobahn raises Exception itself for every bad parameter
        raise ValueError("a parameter that cannot be") from None
    return Deflate(
        False,
        response.server_max_window_bits or _MAX_WINDOW_BITS,
        min(response.client_max_window_bits or WINDOW_BITS, WINDOW_BITS),
        response.server_no_context_takeover,
        response.client_no_context_takeover,
    )


def agree(offered: str) -> tuple[Deflate, bytes] | None:
    """
    Take the first offer that we can take.

    @param offered: the C{Sec-WebSocket-Extensions} of the request, its lines joined
        by commas.
    @return: the compressor and the field's value for the answer, or L{None} where
        there is nothing to agree on.  An offer with parameters that RFC 7692 does
        not know is declined, as its section 5 asks.
    """
    parsed = WebSocketProtocol._parseExtensionsHeader(None, offered)
    for name, parameters in parsed[:_MAX_OFFERS]:
        if name != _NAME or not all(map(_isPlain, parameters.values())):
            continue
        try:
            offer = PerMessageDeflateOffer.parse(parameters)
        except Exception:  # noqa: S112 - Autobahn raises Exception itself for every bad parameter
            continue
        clientBits = _clientBits(parameters)
        accept = PerMessageDeflateOfferAccept(offer, request_max_window_bits=clientBits)
        compressor = Deflate(
            True,
            min(offer.request_max_window_bits or WINDOW_BITS, WINDOW_BITS),
            clientBits or _MAX_WINDOW_BITS,
            offer.request_no_context_takeover,
            False,
        )
        return compressor, accept.get_extension_string().encode("ascii")
    return None


def _clientBits(parameters: dict[str, list[str | bool]]) -> int:
    """
    @return: the window that a client is asked to keep to: no larger than it offers, and
        0, which asks for nothing, where it does not say that it can.
    """
    (offered,) = parameters.get("client_max_window_bits", [False])
    if offered is False:
        return 0
    return WINDOW_BITS if offered is True else min(int(offered), WINDOW_BITS)


def _isPlain(values: list[str | bool]) -> bool:
    """
    @return: whether a parameter stands there once, alone or with a number.
    """
    return len(values) == 1 and (values[0] is True or _isNumber(str(values[0])) is not None)
