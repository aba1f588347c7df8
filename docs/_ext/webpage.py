# -*- test-case-name: tests.test_site -*-
"""
What is in a page of the Web.
"""

from __future__ import annotations

import re

__all__ = ["describe", "foreign"]

#: Search engines show about so many characters.
LENGTH = 160

_LOADED = re.compile(
    r"<(?:script|img|iframe|source|link)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^\"'> ]+"
    r"|@import\s+(?:url\()?[\"']?(?:https?:)?//[^\"') ]+|url\([\"']?(?:https?:)?//[^\"') ]+",
    re.IGNORECASE,
)


def describe(text: str) -> str:
    """
    @return: a paragraph, or as much of it as is shown.
    """
    line = " ".join(text.split())
    return line if len(line) <= LENGTH else line[: LENGTH - 3].rpartition(" ")[0] + "..."


def foreign(text: str) -> list[str]:
    """
    @param text: of a page or a style sheet.
    @return: what it would load from elsewhere.
    """
    return [found for found in _LOADED.findall(text) if 'rel="canonical"' not in found]
