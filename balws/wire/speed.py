# -*- test-case-name: tests.wire.test_speed -*-
"""
How frames are taken, made and masked: by the extension in C where it was built, by
L{balws.wire.plain} where it was not.

The environment variable C{BALWS_FRAMES}, looked at once, asks for one way: C{c},
C{python}, or C{autobahn}, where no frame is plain and each goes through Autobahn's
state machine.

@var WAY: which it is: C{c}, C{python} or C{autobahn}.
@var mask: see L{balws.wire.plain.mask}.
@var frames: see L{balws.wire.plain.frames}; it takes none where all are Autobahn's.
@var framed: see L{balws.wire.plain.framed}.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from balws.wire import plain

__all__ = ["WAY", "framed", "frames", "mask"]

_wanted = os.environ.get("BALWS_FRAMES")
if _wanted not in (None, "c", "python", "autobahn"):
    raise ImportError(f"BALWS_FRAMES is c, python or autobahn, or is not set; it is {_wanted!r}")

mask = plain.mask
frames = plain.frames
framed = plain.framed
WAY: str = _wanted or "python"


def _none(data: bytes, limit: int, masked: bool, /) -> Iterator[tuple[int, str | bytes | None, int]]:
    return iter(())


if _wanted == "autobahn":
    frames = _none
elif _wanted != "python":
    try:
        from balws.wire import _speed
    except ImportError as problem:
        if _wanted == "c":
            raise ImportError("BALWS_FRAMES is c, and the extension was not built") from problem
    else:
        WAY = "c"
        mask = _speed.mask
        frames = _speed.frames
        framed = _speed.framed
