# -*- test-case-name: tests.cli.test_records -*-
"""
What commands print for scripts: one record a line, all in one style of JSON, with times of one form.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

__all__ = ["jsonOf", "sayJson", "timeOf"]


def jsonOf(found: Any) -> str:
    """
    @param found: a record, or whatever JSON can hold.
    @return: one line of JSON without blanks, in ASCII: nothing of what peers chose steers a terminal.
    """
    return json.dumps(msgspec.to_builtins(found), separators=(",", ":"))


def sayJson(found: Any) -> None:
    """
    Print L{jsonOf} it.
    """
    print(jsonOf(found))


def timeOf(seconds: float) -> str:
    """
    @param seconds: since 1970.
    @return: in ISO 8601, UTC, to the millisecond.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
