# -*- test-case-name: tests.client.test_authorized -*-
"""
An attempt that shows credentials.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from balws.auth.presenting import Source
from balws.config.secret import Secret
from balws.errors import InvalidHandshakeError


async def authorized(source: Source | None, attempt: Callable[[Secret | None], Awaitable[None]]) -> None:
    """
    Make an attempt and, where the server knows our token no more, one with a new token.

    @param source: whose value the C{Authorization} field gets; L{None} leaves it as it is.
    @param attempt: makes one with the field's value.
    @raise balws.AuthError: when there are no credentials to be had.
    """
    if source is None:
        await attempt(None)
        return
    value = await _shown(source)
    try:
        await attempt(value)
    except InvalidHandshakeError as problem:
        if problem.response is None or problem.response.status != 401 or not source.rejected(value.reveal().encode()):
            raise
        await attempt(await _shown(source))


async def _shown(source: Source) -> Secret:
    """
    @return: the value, which no frame of a traceback shows.
    """
    return Secret((await source.authorization()).decode("ascii"))
