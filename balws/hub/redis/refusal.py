# -*- test-case-name: tests.hub.redis.test_refusal -*-
"""
What Redis says no with, and that it says nothing.
"""

from __future__ import annotations

import re

from balws.errors import HubError, HubUnavailableError

__all__ = ["RedisAway", "RedisRefusal"]

_CODE = re.compile(r"[A-Z][A-Z0-9]{0,31}")

#: Redis 6 wraps what a command of a script was refused with.
_INNER = re.compile(r": -([A-Z][A-Z0-9]{0,31}) ")


#: What to do about it, where that is known.
_MEND = {
    "NOPERM": " (the ACL of its user has to allow scripts, and the keys and channels that begin with the prefix)",
}


class RedisRefusal(HubError):
    """
    Redis understood a command and refuses it.  Its text is not kept: it may repeat what the
    command held.

    @ivar code: the first word, such as C{NOSCRIPT}, C{WRONGPASS}, C{OOM}; C{ERR} where it is none.
    """

    def __init__(self, text: str) -> None:
        """
        @param text: as it came, without the C{-} in front.
        """
        inner = _INNER.search(text) if text.startswith("ERR Error running script") else None
        code = inner.group(1) if inner is not None else text.partition(" ")[0]
        self.code = code if _CODE.fullmatch(code) else "ERR"
        super().__init__(f"Redis refuses a command: {self.code}{_MEND.get(self.code, '')}")


class RedisAway(HubUnavailableError):
    """
    There is no Redis that can be used.

    @ivar words: why, for the operator: without secrets, and without saying of what.
    """

    def __init__(self, words: str) -> None:
        super().__init__(f"Redis is away: {words}")
        self.words = words
