# -*- test-case-name: tests.binding.test_nesting -*-
"""
How deep JSON text is nested, found without recursion (decision 8, row DB02).
"""

from __future__ import annotations

from array import array
from itertools import accumulate

#: The deepest JSON that is decoded: 64 arrays and objects, one inside the other.
MAX_DEPTH = 64

_DROPPED = bytes(byte for byte in range(256) if byte not in b'[]{}"')


def _steps() -> bytes:
    # Read as signed bytes by array("b"): one down for an opening bracket, one up for a closing one.
    steps = bytearray(256)
    for opening in b"[{":
        steps[opening] = 1
    for closing in b"]}":
        steps[closing] = 255
    return bytes(steps)


_STEPS = _steps()


def depth(text: str) -> int:
    """
    Every pass over the text runs in C, so a megabyte takes a few milliseconds
    whatever is in it.

    @param text: JSON, or what claims to be.
    @return: the deepest nesting of brackets outside of strings; exact up to the first
        place where the text is not JSON, which a decoder does not pass either.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if b"\\" in raw:
        # Pairs first: what is left before a quote is then an escaped quote.
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    raw = raw.translate(None, _DROPPED).replace(b'""', b"")
    if b'"' in raw:
        # What stands at odd places stood inside a string.
        raw = b"".join(raw.split(b'"')[::2])
    return max(accumulate(array("b", raw.translate(_STEPS)), initial=0))


def isTooDeep(text: str) -> bool:
    """
    @return: whether the text is nested deeper than L{MAX_DEPTH}.  Text with no more
        opening brackets than that is not scanned.
    """
    if len(text) <= MAX_DEPTH or text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    return depth(text) > MAX_DEPTH
