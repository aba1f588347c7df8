# -*- test-case-name: tests.hub.redis.test_login -*-
"""
What is said before the first command: who we are, and whether this Redis will do.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable

from twisted.logger import Logger

from balws.config.hub import HubConfiguration
from balws.hub.redis.address import RedisAddress
from balws.hub.redis.protocol import Conversation, refused
from balws.hub.redis.refusal import RedisAway, RedisRefusal

__all__ = ["authenticate", "login", "warnOfLoss"]

_log = Logger()

#: The oldest Redis that has all commands that are used here.
OLDEST = 6, 2

_VERSION = re.compile(rb"^redis_version:([0-9]{1,4})\.([0-9]{1,4})", re.MULTILINE)

#: Refusals that have words of their own wherever they come.
_GENERAL = frozenset(("DENIED", "NOAUTH"))


async def _expect(asked: Awaitable[object], words: str) -> object:
    """
    @param words: what a refusal means; what Redis says itself may repeat what it was sent.
    """
    try:
        return await asked
    except RedisRefusal as refusal:
        raise RedisAway(refused(refusal) if refusal.code in _GENERAL else words) from None


async def authenticate(conversation: Conversation, config: HubConfiguration) -> None:
    """
    Show C{username} and C{password}.

    @raise HubUnavailableError: when they are not right, in fixed words.
    """
    if config.password is None:
        return
    who = [config.password.reveal()] if config.username is None else [config.username, config.password.reveal()]
    await _expect(
        conversation.call("AUTH", *who),
        "it does not know this username and password, or it wants none",
    )


async def login(conversation: Conversation, address: RedisAddress, config: HubConfiguration) -> None:
    """
    Make a connection ready.

    @raise HubUnavailableError: when it is of no use, with the reason in words for the operator.
    """
    await authenticate(conversation, config)
    if address.master:
        role = await _expect(conversation.call("ROLE"), "its user may not ask for its ROLE")
        if not isinstance(role, list) or role[:1] != [b"master"]:
            raise RedisAway("the sentinels name a master that is none")
    if address.database:
        await _expect(conversation.call("SELECT", address.database), f"it gives us no database {address.database}")
    try:
        await conversation.call("CLIENT", "SETNAME", "balws")
    except RedisRefusal as refusal:
        # A name is for the operator's eyes; where it is not allowed, it is not needed.
        if refusal.code in _GENERAL:
            raise
    info = await _expect(conversation.call("INFO", "server"), "its user may not ask for INFO, which tells its version")
    found = _VERSION.search(info) if isinstance(info, bytes) else None
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        raise RedisAway(f"it is older than Redis {OLDEST[0]}.{OLDEST[1]}")


async def warnOfLoss(conversation: Conversation, name: str) -> None:
    """
    Tell the operator when durable messages are lost with the process of Redis.

    @param name: of this Redis.
    @raise HubUnavailableError: when it is still loading them: until then it says that it keeps none.
    """
    try:
        info = await conversation.call("INFO", "persistence")
    except RedisRefusal:
        return
    if not isinstance(info, bytes):
        return
    if re.search(rb"^loading:1\b", info, re.MULTILINE):
        raise RedisAway("it is still loading its data")
    if b"aof_enabled:0" in info:
        _log.warn(
            "Redis at {name} keeps no log of what it stores: acknowledged messages are lost when it ends "
            "unexpectedly; set appendonly yes and appendfsync always.",
            name=name,
        )
