"""
Sessions that failed once, and must never again.
"""

from __future__ import annotations

#: Target and seed.
SEEDS: tuple[tuple[str, int], ...] = (
    # A message whose last frame is empty, its header the last step of a turn, waited for more bytes.
    ("frames", 890351),
    ("frames", 4001732),
    ("deflate", 891015),
    ("client", 506602),
    # A Host that is none was accepted where the target is a URL (RFC 9112 section 3.2).
    ("head", 4969),
    ("head", 109563),
    # A text or an object of two was taken for a presence, and a fence without a name for a claim.
    ("between", 553),
    ("between", 767),
    ("between", 233),
    # What no version of ours has stored stopped the reading of a group.
    ("between", 7),
)
