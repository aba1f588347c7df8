"""
What the fast functions must give, in the plainest way: byte by byte, slow and obvious.
"""

from __future__ import annotations

from collections.abc import Iterator

PLAIN = (0x81, 0x82, 0x88, 0x89, 0x8A)

#: Lengths around which the form of a header changes.
LENGTHS = (0, 1, 2, 3, 4, 7, 8, 9, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537)

Frame = tuple[int, str | bytes | None, int]


def combined(data: bytes, key: bytes) -> bytes:
    """
    @return: each byte combined with that of the key at its place modulo four.
    """
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(data))


def head(first: int, length: int, key: bytes | None = None, form: int = 0) -> bytes:
    """
    @param form: of the length: 7, 16 or 64 bits, or 0 for the shortest.
    @return: a header, with the key if there is one.
    """
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    bit = 0x80 if key is not None else 0
    code = {7: length, 16: 126, 64: 127}[form]
    more = b"" if form == 7 else length.to_bytes(form // 8, "big")
    return bytes((first, bit | code)) + more + (key or b"")


def frame(first: int, payload: bytes, key: bytes | None = None, form: int = 0) -> bytes:
    """
    @return: a whole frame, masked if there is a key.
    """
    return head(first, len(payload), key, form) + (payload if key is None else combined(payload, key))


def text(payload: bytes) -> str | None:
    """
    @return: L{None} where it is not UTF-8.
    """
    try:
        return payload.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return None


def taken(data: bytes, limit: int, masked: bool) -> Iterator[Frame]:
    """
    The plain, whole frames at the front.
    """
    left = data
    while len(left) >= 2:
        first, code = left[0], left[1] & 0x7F
        more = {126: 2, 127: 8}.get(code, 0)
        key = left[2 + more : 6 + more] if masked else bytes(4)
        length = int.from_bytes(left[2 : 2 + more], "big") if more else code
        start = 2 + more + (4 if masked else 0)
        plain = (
            first in PLAIN
            and (left[1] >= 128) == masked
            and len(left) >= start + length
            and length <= limit
            and (length <= 125 or first < 0x88)
            and length >= {0: 0, 2: 126, 8: 65536}[more]
        )
        if not plain:
            return
        payload = combined(left[start : start + length], key)
        left = left[start + length :]
        yield first, text(payload) if first == 0x81 else payload, len(data) - len(left)
