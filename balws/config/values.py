# -*- test-case-name: tests.config.test_values -*-
"""
Checks of single values.

A I{check} is a function that takes a value of any type and returns it as the
record keeps it, or raises L{Unfit} with what was expected.  L{convert} runs one
and turns a refusal into a L{ConfigurationError} that shows what was given.
"""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from functools import partial
from typing import Any, TypeVar

import attrs

from balws.config.secret import Secret
from balws.errors import ConfigurationError

__all__ = [
    "MAX_NUMBER",
    "Check",
    "Unfit",
    "Unlike",
    "atLeast",
    "checked",
    "confidential",
    "convert",
    "finite",
    "flag",
    "headerText",
    "hidden",
    "integer",
    "items",
    "matching",
    "member",
    "number",
    "optional",
    "seconds",
    "show",
    "showKind",
    "text",
    "token",
    "urlPath",
    "word",
]

T = TypeVar("T")
E = TypeVar("E", bound=enum.Enum)

#: What tells whether a value fits.
Check = Callable[[Any], T]

#: The largest count, size and number of seconds: what the seeds call the largest frame.
MAX_NUMBER = 2**31 - 1

#: Longer values are cut in an error's text.
MAX_SHOWN = 60

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_TEXT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_WORD = re.compile(r"[^\s\x00-\x1f\x7f]+")
_URL_PATH = re.compile(r"/|(?:/[^\s\x00-\x1f\x7f/?#]+)+")


class Unfit(ValueError):
    """
    A value does not fit.  The text says what was expected, such as C{an integer}.
    """


class Unlike(Unfit):
    """
    A value is of another kind altogether.  Where a table or a list is expected, what stands
    there as a string may be a secret: it is not shown.
    """


def show(value: object) -> str:
    """
    @return: a value as an error's text shows it: in the spelling of TOML, on one
        line, cut where long, and nothing of a L{Secret}.
    """
    match value:
        case Secret():
            shown = "a secret"
        case bool():
            shown = "true" if value else "false"
        case str():
            shown = json.dumps(value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "...")
        case int() if abs(value) >= 10**MAX_SHOWN:
            shown = "an enormous number"
        case int() | float():
            shown = repr(value)
        case date() | time():
            shown = value.isoformat()
        case Mapping():
            shown = "a table"
        case list() | tuple():
            shown = "a list"
        case None:
            shown = "nothing"
        case _:
            shown = f"an object of type {type(value).__name__}"
    return shown


def showKind(value: object) -> str:
    """
    @return: the same, and nothing of a string.
    """
    return "a string" if isinstance(value, (str, bytes)) else show(value)


def convert(check: Check[T], name: str, value: object) -> T:
    """
    Run a check.

    @param name: the field's name, for the error's key path.
    @raise ConfigurationError: when the value does not fit.
    """
    try:
        return check(value.reveal() if isinstance(value, Secret) else value)
    except Unlike as unfit:
        raise ConfigurationError(f"expected {unfit}, got {showKind(value)}", name) from None
    except Unfit as unfit:
        raise ConfigurationError(f"expected {unfit}, got {show(value)}", name) from None
    except ConfigurationError as error:
        if error.file is not None:
            raise  # of a file that the value names
        joint = "." if error.path and not error.path.startswith("[") else ""
        raise type(error)(error.problem, f"{name}{joint}{error.path}") from None


def checked(name: str, check: Check[Any], default: object = attrs.NOTHING) -> Any:
    """
    A field of a record that runs a check on whatever it is given.

    @param name: the field's own name.
    @param default: without one the field is required.
    """
    return attrs.field(default=default, converter=partial(convert, check, name))


def hidden(name: str, default: object = attrs.NOTHING) -> Any:
    """
    A field of a record that holds a L{Secret}, made of a string that is not empty; no
    error says what was given.

    @param name: the field's own name.
    @param default: L{None} lets L{None} pass, too; without one the field is required.
    """

    def check(value: object) -> Secret | None:
        return None if value is None and default is None else Secret(_hiddenText(value))

    return attrs.field(default=default, converter=partial(convert, check, name))


def integer(low: int, high: int = MAX_NUMBER) -> Check[int]:
    """
    A check for integers from C{low} to C{high}.  A boolean is none.
    """

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unfit("an integer")
        if not low <= value <= high:
            raise Unfit(f"an integer from {low} to {high}")
        return value

    return check


def finite(noun: str) -> Check[float]:
    """
    A check for finite numbers, C{int} or C{float}.

    @param noun: what they are, such as C{a number of seconds}.
    """

    def check(value: object) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not _isFinite(value):
            raise Unfit(noun)
        return value

    return check


#: A check for finite numbers, C{int} or C{float}, of seconds.
number = finite("a number of seconds")


def _isFinite(value: float) -> bool:
    # An integer too large for a float is finite, but of no use as a time.
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def seconds(value: object) -> float:
    """
    A check for durations, C{int} or C{float}, from 0 to L{MAX_NUMBER}.
    """
    found = number(value)
    if not 0 <= found <= MAX_NUMBER:
        raise Unfit(f"a number of seconds from 0 to {MAX_NUMBER}")
    return found


def atLeast(low: float, otherwise: float, noun: str = "a number of seconds") -> Check[float]:
    """
    A check for finite numbers up to L{MAX_NUMBER} that turns what is below C{low} into C{otherwise}.

    @param noun: what they are.
    """
    isNumber = finite(noun)

    def check(value: object) -> float:
        found = isNumber(value)
        if found > MAX_NUMBER:
            raise Unfit(f"{noun} up to {MAX_NUMBER}")
        return found if found >= low else otherwise

    return check


def flag(value: object) -> bool:
    """
    A check for booleans; 0, 1 and words are none.
    """
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def text(value: object) -> str:
    """
    A check for strings that are not empty.
    """
    if not isinstance(value, str):
        raise Unfit("a string")
    if not value:
        raise Unfit("a string that is not empty")
    return value


def matching(pattern: re.Pattern[str], expected: str) -> Check[str]:
    """
    A check for strings that are not empty and all of which fits a pattern.

    @param expected: what the pattern means, in words.
    """

    def check(value: object) -> str:
        if not pattern.fullmatch(text(value)):
            raise Unfit(expected)
        return str(value)

    return check


#: A check for tokens, as names of headers and sub-protocols are (RFC 9110 section 5.6.2).
token = matching(_TOKEN, "a token of HTTP (letters, digits and !#$%&'*+-.^_`|~)")

#: A check for what may stand in a header's value: visible ASCII, with spaces inside.
headerText = matching(_HEADER_TEXT, "the value of a header, in visible ASCII")

#: A check for strings without spaces and control characters.
word = matching(_WORD, "a string without spaces")

#: A check for paths of URLs: a slash before each part and none behind; no query, fragment or space.
urlPath = matching(_URL_PATH, 'a path such as "/chat": a "/" in front, none behind, no "?", "#" or space')


def member(kind: type[E], prefix: str = "") -> Check[E]:
    """
    A check for members of an enumeration, or their names.

    @param prefix: what may stand in front of a name.
    """
    *others, last = kind.__members__
    expected = f"{', '.join(others)} or {last}"

    def check(value: object) -> E:
        if isinstance(value, kind):
            return value
        if isinstance(value, str) and value.removeprefix(prefix) in kind.__members__:
            return kind[value.removeprefix(prefix)]
        raise Unfit(expected)

    return check


def optional(check: Check[T]) -> Check[T | None]:
    """
    A check that lets L{None} pass, too.
    """
    return lambda value: None if value is None else check(value)


def confidential(check: Check[T]) -> Check[T]:
    """
    A check whose refusal says what was expected and nothing of what was given.
    """

    def quietly(value: object) -> T:
        try:
            return check(value)
        except Unfit as unfit:
            raise ConfigurationError(f"expected {unfit}") from None

    return quietly


_hiddenText = confidential(text)


def items(noun: str, check: Check[T]) -> Check[tuple[T, ...]]:
    """
    A check for lists, of which each item passes C{check} and none comes twice.
    Any iterable is a list here, but for strings, bytes and mappings.

    @param noun: what the items are, in the plural.
    """

    def checkAll(value: object) -> tuple[T, ...]:
        if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
            raise Unlike(f"a list of {noun}")
        found: list[T] = []
        for index, item in enumerate(value):
            one = convert(check, f"[{index}]", item)
            if one in found:
                raise ConfigurationError(f"{show(item)} is given twice", f"[{index}]")
            found.append(one)
        return tuple(found)

    return checkAll
