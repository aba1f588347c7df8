# -*- test-case-name: tests.binding.test_problems -*-
"""
From msgspec's errors to ours: what is wrong and where, in words that repeat nothing of
the message itself.
"""

from __future__ import annotations

import re

import msgspec

from balws.closing import MAX_REASON, fitReason
from balws.errors import PayloadBindingError

#: The most characters of a problem, and of a place.
MAX_WORDS = 200

#: What a place may take of the 123 bytes of a close reason; the problem gets the rest.
_PLACE_ROOM = 48

# msgspec ends its text with the place, unless that is the whole message.  Blanks and
# control characters are no part of one: nobody forges a line of the log.
_findPlace = re.compile(r" - at (?P<key>`key` in )?`(?P<place>\$[^\x00-\x20\x7f-\xa0`]*)`\Z").search

# These quote the message, which may hold anything.
_quotes = re.compile(r"(Invalid (?:enum )?value|Object contains unknown field)\b.*", re.DOTALL).fullmatch

# msgspec has one error for types and for constraints (ruling 13).  "Expected `array` of
# length 2" is a tuple's type; a constraint has a comparison.
_isConstraint = re.compile(
    r"Expected `[^`]+` (?:"
    r"(?:of length )?(?:<=|>=|<|>) "
    r"|that's a multiple of "
    r"|matching regex "
    r"|with (?:a|no) timezone component"
    r")"
).match


def explain(error: Exception) -> tuple[str, str]:
    """
    @param error: what decoding raised.
    @return: the problem and its place, such as C{$.items[2].price}, each of at most
        L{MAX_WORDS} characters; the place is empty when it is the whole message.
    """
    if isinstance(error, UnicodeError):
        return "the text is not valid Unicode", ""
    if isinstance(error, TypeError):
        return "a value in a set, or a key, cannot be one", ""
    problem, place = str(error), ""
    if found := _findPlace(problem):
        problem = problem[: found.start()]
        place = f"a key of {found['place']}" if found["key"] else found["place"]
    if isinstance(error.__cause__, Exception):
        # The text is that of an exception which a class of the application raised.
        problem = "the value was refused by its class"
    elif quoting := _quotes(problem):
        problem = quoting[1]
    return _head(problem, MAX_WORDS), _tail(place, MAX_WORDS)


def isConstraint(error: msgspec.ValidationError) -> bool:
    """
    @return: whether the value has the type and breaks only a constraint: a
        C{msgspec.Meta}, or a check in C{__post_init__} or an attrs validator.
    """
    return error.__cause__ is not None or _isConstraint(str(error)) is not None


def closeReason(error: PayloadBindingError) -> str:
    """
    @return: the words for the close frame 1003 (table A4.12): at most 123 bytes of
        UTF-8, cut on a character, the problem before the place.
    """
    start = f"{error.prefix}: "
    end = f" - at `{_tail(error.place, _PLACE_ROOM)}`" if error.place else ""
    problem = _head(error.problem, MAX_REASON - len(start) - len(end.encode("utf-8", "replace")))
    return fitReason(start + problem + end).decode("utf-8")


def _head(text: str, room: int) -> str:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= room:
        return text
    return raw[: room - 3].decode("utf-8", "ignore") + "..."


def _tail(text: str, room: int) -> str:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= room:
        return text
    return "..." + raw[3 - room :].decode("utf-8", "ignore")
