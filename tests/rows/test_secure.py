"""
The same over TLS, where it is another transport that waits and pauses: rows FR02 to FR05,
FR07, FR12, FR15, SZ07 and SZ08 of the reliability catalogue.
"""

from __future__ import annotations

from tests.rows import test_frames, test_pressure


class SecureFrameTests(test_frames.FrameTests):
    """
    Frames.
    """

    secure = True


class SecureDeafTests(test_pressure.DeafTests):
    """
    Peers that do not read.
    """

    secure = True
    alone = False
