# -*- test-case-name: tests.binding.test_eventnames -*-
"""
From the type of a message to the name of the method that takes it (table A4b,
ruling 5).
"""

from __future__ import annotations

import re
from functools import lru_cache

#: The fixed remote methods (seed 4, section 3.2.1): no message reaches them by its type
#: (decision 7).
RESERVED = frozenset(
    {
        "onOpen",
        "onTextMessage",
        "onBinaryMessage",
        "onMessage",
        "onPing",
        "onPong",
        "onIdleTimeout",
        "onClose",
        "onError",
    }
)

#: The longest type of a message, in characters; a longer one names no method.
MAX_VALUE = 128

_words = re.compile(r"[^\W_]+").findall


def methodName(value: str) -> str | None:
    """
    C{"heartbeat"} names C{onHeartbeat}, C{"un subscribe"} C{onUnSubscribe},
    C{"subscribeNow"} C{onSubscribenow}: every run of characters that are no letters or
    digits separates words, C{_} too; of each word the first letter is raised and the
    rest lowered.  Letters and digits are those of Unicode, as C{\\w} of L{re} has them.

    The name may be a reserved one: see L{isTarget}.

    @param value: the type of a message, as its sender wrote it.
    @return: the name, or L{None} when there is no word in it or it is longer than
        L{MAX_VALUE}.
    """
    if len(value) > MAX_VALUE:
        return None
    return _derive(value)


# Senders choose the values: the cache holds at most this many, each at most MAX_VALUE long.
@lru_cache(maxsize=1024)
def _derive(value: str) -> str | None:
    words: list[str] = _words(value)
    if not words:
        return None
    return "on" + "".join(word[0].upper() + word[1:].lower() for word in words)


def isTarget(name: str) -> bool:
    """
    @return: whether a message may reach a method of this name by its type: not when it
        is one of the fixed remote methods.
    """
    return name not in RESERVED
