# -*- test-case-name: tests.wire.test_compression -*-
"""
permessage-deflate (RFC 7692), agreed so that a connection's windows stay small
(decision 20).
"""

from __future__ import annotations

from typing import Any

from autobahn.websocket.compress import PerMessageDeflate, PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.protocol import WebSocketProtocol

#: 4 KiB of window and a small state: 12 KiB a connection in place of 100.
WINDOW_BITS = 12
MEM_LEVEL = 5

_NAME = "permessage-deflate"
#: A client that offers more forms than this is not served by reading on.
_MAX_OFFERS = 16


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
        if name != _NAME:
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
        compressor = PerMessageDeflate.create_from_offer_accept(True, accept)
        return compressor, accept.get_extension_string().encode("ascii")
    return None
