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
from autobahn.websocket.compress import PerMessageDeflate, PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.protocol import WebSocketProtocol

#: 4 KiB of window and a small state: 12 KiB a connection in place of 100.
WINDOW_BITS = 12
MEM_LEVEL = 5

_NAME = "permessage-deflate"
#: A client that offers more forms than this is not served by reading on.
_MAX_OFFERS = 16

#: What every message ends with, and nobody sends (RFC 7692 section 7.2.1).
_TAIL = b"\0\0\xff\xff"

#: A number as RFC 7692 writes it: no sign, no zero before it.
_isNumber = re.compile(r"[1-9][0-9]?").fullmatch


class Deflate(PerMessageDeflate):  # type: ignore[misc]
    """
    Autobahn's compressor, with the gaps of its reading half closed.
    """

    _decompressor: Any

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
        except zlib.error as problem:
            raise PayloadCorruptError(str(problem)) from None
        if content:
            raise PayloadCorruptError("the message ends in the middle of a block")


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
            # Only a client that says that it can may be asked for a smaller window.
            request_max_window_bits=WINDOW_BITS if offer.accept_max_window_bits else 0,
            window_bits=min(requested, WINDOW_BITS) if requested else WINDOW_BITS,
            mem_level=MEM_LEVEL,
        )
        compressor = Deflate.create_from_offer_accept(True, accept)
        return compressor, accept.get_extension_string().encode("ascii")
    return None


def _isPlain(values: list[str | bool]) -> bool:
    """
    @return: whether a parameter stands there once, alone or with a number.
    """
    return len(values) == 1 and (values[0] is True or _isNumber(str(values[0])) is not None)
