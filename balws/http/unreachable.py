# -*- test-case-name: tests.http.test_question -*-
"""
That there is no answer.
"""

from __future__ import annotations

from balws.errors import Error

__all__ = ["Unreachable"]


class Unreachable(Error):
    """
    Nobody answers, or not as who was meant.  It says who was asked, and nothing of what was sent or came.
    """
