"""
Tests of L{balws.wire.plain}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from balws.wire import plain
from tests.native.contract import FramedContract, FramesContract, MaskContract


class MaskTests(MaskContract, SynchronousTestCase):
    """
    Masking in Python.
    """

    speed = plain


class FramesTests(FramesContract, SynchronousTestCase):
    """
    Reading frames in Python.
    """

    speed = plain


class FramedTests(FramedContract, SynchronousTestCase):
    """
    Making frames in Python.
    """

    speed = plain
