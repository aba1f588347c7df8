"""
Functions whose annotations are objects and not text: without the C{__future__} import.
"""

from typing import Any, Optional

from balws.session.caller import Caller


def written(self: Any, text: str, peer: Caller) -> Optional[str]:
    """
    The parameters of C{onTextMessage}, turned around.
    """


def quoted(self: Any, peer: "Caller", said: "str") -> "Missing":  # noqa: F821
    """
    An annotation in quotes that means nothing.
    """


def unquoted(self: Any, peer: "Caller", said: "str") -> "str | None":
    """
    Annotations in quotes that mean something.
    """


def numbered(self: Any, peer: Caller, said: 5) -> None:  # type: ignore[valid-type]
    """
    An annotation that is no type.
    """
