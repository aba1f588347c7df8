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
    PerMessageDeflate,
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from autobahn.websocket.protocol import WebSocketProtocol

from balws.hub.message import Message

#: 4 KiB of window and a small state: 12 KiB a connection in place of 100.
WINDOW_BITS = 12
MEM_LEVEL = 5

_NAME = "permessage-deflate"
#: A client that offers more forms than this is not served by reading on.
_MAX_OFFERS = 16

#: What every message ends with, and nobody sends (RFC 7692 section 7.2.1).
_TAIL = b"\0\0\xff\xff"

#: A block that is the last of its stream, and empty.
_LAST = b"\x03\0"

#: A number as RFC 7692 writes it: no sign, no zero before it.
_isNumber = re.compile(r"[1-9][0-9]?").fullmatch


class Deflate(PerMessageDeflate):  # type: ignore[misc]
    """
    Autobahn's compressor, with the gaps of its reading half closed.
    """

    _compressor: Any
    _decompressor: Any

    def compressed(self, payload: bytes) -> bytes:
        """
        @return: a message for this connection alone, which may refer to those before it.
        """
        self.start_compress_message()
        data: bytes = self.compress_message_data(payload) + self.end_compress_message()
        return data

    def compressedAlone(self, message: Message) -> bytes:
        """
        @return: the payload as every receiver with a window of this size can inflate
            it, compressed for the first of them only; the payload itself where
            compression would not make it smaller.
        """
        bits = self.server_max_window_bits if self._is_server else self.client_max_window_bits
        data = message.compressed.get(bits)
        if data is None:
            once = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -bits, self.mem_level)
            data = once.compress(message.payload) + once.flush(zlib.Z_SYNC_FLUSH)[:-4]
            if len(data) >= len(message.payload):
                data = message.payload
            message.compressed[bits] = data
        if data is not message.payload:
            # What ours remembers is no longer what the peer's window holds.
            self._compressor = None
        return data

    def decompress_message_data(self, data: bytes, max_output_len: int) -> bytes:
        """
        @param max_output_len: what the message may still grow by, in bytes.
        @raise PayloadExceededError: when it would grow by more.
        @raise PayloadCorruptError: when it cannot be inflated.
        """
        # What zlib has no room for can stay inside of it, unseen: room for one byte more
        # shows whether there is any.
        inflated: bytes = super().decompress_message_data(data, max_output_len + 1)
        if len(inflated) > max_output_len:
            raise PayloadExceededError("more than the message may hold")
        # Whoever ends a stream may add an empty block (RFC 7692 section 7.2.3.4); zlib
        # would keep anything else, for ever.
        if self._decompressor.unused_data not in (b"", b"\0"):
            raise PayloadCorruptError("data after the last block")
        return inflated

    def end_decompress_message(self) -> None:
        """
        @raise PayloadCorruptError: when the message ended in the middle of a block.
        """
        if self._decompressor.eof:
            self._decompressor = None  # the next message begins a stream of its own
            return
        try:
            content = self._decompressor.decompress(_TAIL, 1)
            # Between two blocks a last, empty one ends the stream; within one it does not.
            probe = self._decompressor.copy()
            content += probe.decompress(_LAST, 1)
        except zlib.error as problem:
            raise PayloadCorruptError(str(problem)) from None
        if content or not probe.eof or probe.unused_data:
            raise PayloadCorruptError("the message ends in the middle of a block")


#: What a client asks for: windows that stay small on both ends, or, of a server that
#: does not know how to, any.
OFFER = (
    f"{_NAME}; client_max_window_bits={WINDOW_BITS}; server_max_window_bits={WINDOW_BITS}, "
    f"{_NAME}; client_max_window_bits"
)


def accepted(answered: str) -> Any:
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
    accept = PerMessageDeflateResponseAccept(
        response, window_bits=min(response.client_max_window_bits or WINDOW_BITS, WINDOW_BITS), mem_level=MEM_LEVEL
    )
    return Deflate.create_from_response_accept(False, accept)


def agree(offered: str) -> tuple[Any, bytes] | None:
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
        requested = offer.request_max_window_bits
        accept = PerMessageDeflateOfferAccept(
            offer,
            request_no_context_takeover=False,
            request_max_window_bits=_clientBits(parameters),
            window_bits=min(requested, WINDOW_BITS) if requested else WINDOW_BITS,
            mem_level=MEM_LEVEL,
        )
        compressor = Deflate.create_from_offer_accept(True, accept)
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
