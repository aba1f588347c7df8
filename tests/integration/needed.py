"""
What a test needs beside Python.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SkipTest


def missing(what: str) -> None:
    """
    Skip the test, or fail where everything has to be there.
    """
    if os.environ.get("BALWS_REQUIRE_ALL"):
        raise AssertionError(f"{what} is not there")
    raise SkipTest(f"{what} is not there")
